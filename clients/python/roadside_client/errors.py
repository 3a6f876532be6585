"""What a server refused and why, in one error that callers can print or take apart."""

from dataclasses import dataclass

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule that a field of the request breaks."""

    field: str
    description: str


class RoadsideClientError(Exception):
    """A call that failed, with what the server said about it.

    Attributes
    ----------
    status : grpc.StatusCode
        How gRPC classes the failure: INVALID_ARGUMENT, UNAVAILABLE, ...
    reason : str
        The server's word for it ("INVALID_FIELD", "QUEUE_FULL", ...); else the status.
    violations : tuple[Violation, ...]
        The fields that break a rule.
    retry_after : float or None
        Seconds after which another try may succeed, where the server said so.
    """

    def __init__(
        self,
        message: str,
        status: grpc.StatusCode = grpc.StatusCode.UNKNOWN,
        reason: str = "",
        violations: tuple[Violation, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason or status.name
        self.violations = violations
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle whole: errors cross processes when a dataset is read by workers."""
        details = (self.status, self.reason, self.violations, self.retry_after)
        return type(self), (str(self), *details)


class DamagedChunkError(RoadsideClientError):
    """A chunk whose bytes do not match their checksum."""

    def __init__(self, message: str) -> None:
        super().__init__(message, grpc.StatusCode.DATA_LOSS, "DAMAGED_CHUNK")

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (str(self),)


def client_error(error: grpc.RpcError, address: str) -> RoadsideClientError:
    """The error that a failed call to the server at an address means to the caller."""
    status = error.code()
    reason, violations, retry_after = _details(error)
    # With a reason, it is the server that speaks.
    spoken = error.details() or ""
    message = (spoken if reason else "") or _message(status, spoken, address)
    return RoadsideClientError(message, status, reason, violations, retry_after)


def _message(status: grpc.StatusCode, details: str, address: str) -> str:
    if status is grpc.StatusCode.UNAVAILABLE:
        # gRPC lists every attempt; the last words say what is wrong.
        return f"no answer from a Roadside server at {address}: {details.rpartition(': ')[2]}"
    if status is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"the server at {address} did not finish within the timeout"
    return details or status.name


def _details(error: grpc.RpcError) -> tuple[str, tuple[Violation, ...], float | None]:
    """Reason, violations and delay before a retry (s), as far as the error holds them."""
    info, request, retry = ErrorInfo(), BadRequest(), RetryInfo()
    delay = None
    for detail in _status(error).details:
        # Unpack does nothing and is false where the detail is of another type.
        detail.Unpack(info)
        detail.Unpack(request)
        if detail.Unpack(retry):
            delay = retry.retry_delay.ToNanoseconds() / 1e9
    violations = tuple(Violation(v.field, v.description) for v in request.field_violations)
    return info.reason, violations, delay


def _status(error: grpc.RpcError) -> Status:
    """The rich status of an error; empty where the server sent none or it contradicts the code."""
    try:
        return rpc_status.from_call(error) or Status()
    except ValueError:
        return Status()
