"""What can go wrong, in the words of the caller; each error carries the gRPC status to send."""

from dataclasses import dataclass
from typing import Any

from grpc import StatusCode


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a field breaks."""

    field: str
    description: str


class RoadsideError(Exception):
    """Anything reported on purpose."""

    status = StatusCode.INTERNAL
    reason = "INTERNAL"

    def __init__(self, message: str, violations: tuple[Violation, ...] = ()) -> None:
        super().__init__(message)
        self.violations = violations

    def __reduce__(self) -> tuple[Any, ...]:
        """How it is sent to another process: with its class, its text and its violations."""
        return _rebuilt, (type(self), str(self), self.violations)


def _rebuilt(
    kind: type[RoadsideError], message: str, violations: tuple[Violation, ...]
) -> RoadsideError:
    """The error that another process raised."""
    error = kind.__new__(kind)
    RoadsideError.__init__(error, message, violations)
    return error


class InvalidInputError(RoadsideError):
    """A field of a request or a file breaks a rule; the message names field, value and rule."""

    status = StatusCode.INVALID_ARGUMENT
    reason = "INVALID_FIELD"

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}", (Violation(field, description),))


class NotFoundError(RoadsideError):
    """A region, result or key that is not there."""

    status = StatusCode.NOT_FOUND
    reason = "NOT_FOUND"


class RegionIncompleteError(RoadsideError):
    """The region lacks what the request needs; it must be built with more."""

    status = StatusCode.FAILED_PRECONDITION
    reason = "REGION_INCOMPLETE"


class RegionDamagedError(RoadsideError):
    """A region folder whose files are missing, unreadable or not those its hash was made of."""

    status = StatusCode.DATA_LOSS
    reason = "REGION_DAMAGED"


class ResultDamagedError(RoadsideError):
    """A stored result whose files are missing or not those that were written."""

    status = StatusCode.DATA_LOSS
    reason = "RESULT_DAMAGED"


class TooLargeError(RoadsideError):
    """The request exceeds a limit of this server."""

    status = StatusCode.RESOURCE_EXHAUSTED
    reason = "LIMIT_EXCEEDED"


class ServerBusyError(RoadsideError):
    """The queue is full; the caller may try again later."""

    status = StatusCode.RESOURCE_EXHAUSTED
    reason = "QUEUE_FULL"


class DeviceLostError(RoadsideError):
    """What computed has ended unexpectedly, and starts again; the caller may try again later."""

    status = StatusCode.UNAVAILABLE
    reason = "DEVICE_LOST"


class ComputationCancelledError(RoadsideError):
    """Whoever asked is no longer interested."""

    status = StatusCode.CANCELLED
    reason = "CANCELLED"


class ReaderStalledError(RoadsideError):
    """The client left a stream unread for too long; a finished result can still be fetched."""

    status = StatusCode.DEADLINE_EXCEEDED
    reason = "READER_STALLED"


def require(condition: bool, field: str, description: str) -> None:
    """Refuse an input unless the condition holds; the description gives the value and the rule."""
    if not condition:
        raise InvalidInputError(field, description)
