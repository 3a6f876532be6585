"""What went wrong, as a `google.rpc.Status` with the details that AIP-193 asks for."""

import logging
import uuid

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from roadside_server.errors import DeviceLostError, RoadsideError, ServerBusyError

DOMAIN = "roadside"
#: Room for details in the trailers of a call, 8 KiB in all.
MAX_TEXT, MAX_VIOLATIONS = 512, 8
#: When to try again (s) after the queue was full, or a device was lost.
RETRY_AFTER = 5

logger = logging.getLogger(__name__)


def grpc_status(error: Exception) -> grpc.Status:
    """The status that a client sees."""
    return rpc_status.to_status(as_status(error))  # type: ignore[no-any-return]


def as_status(error: Exception) -> status_pb2.Status:
    """Status and details of an error."""
    if not isinstance(error, RoadsideError):
        return _unforeseen(error)
    details: list[Message] = [_error_info(error.reason, _where(error))]
    if error.violations:
        details.append(_bad_request(error))
    if isinstance(error, ServerBusyError | DeviceLostError):
        delay = duration_pb2.Duration(seconds=RETRY_AFTER)
        details.append(error_details_pb2.RetryInfo(retry_delay=delay))
    return _status(error.status, str(error), details)


def _unforeseen(error: Exception) -> status_pb2.Status:
    """INTERNAL and a number to look for in the log.

    The error's own text stays here: it may hold paths, or what another client sent.
    """
    number = uuid.uuid4().hex[:8]
    logger.error("error %s", number, exc_info=error)
    info = _error_info("INTERNAL", {"error": number})
    return _status(grpc.StatusCode.INTERNAL, f"internal error {number}", [info])


def _where(error: RoadsideError) -> dict[str, str]:
    return {"field": error.violations[0].field} if error.violations else {}


def _error_info(reason: str, metadata: dict[str, str]) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)


def _bad_request(error: RoadsideError) -> error_details_pb2.BadRequest:
    violation = error_details_pb2.BadRequest.FieldViolation
    return error_details_pb2.BadRequest(
        field_violations=[
            violation(field=v.field[:MAX_TEXT], description=v.description[:MAX_TEXT])
            for v in error.violations[:MAX_VIOLATIONS]
        ]
    )


def _status(code: grpc.StatusCode, message: str, details: list[Message]) -> status_pb2.Status:
    packed = []
    for detail in details:
        packed.append(any_pb2.Any())
        packed[-1].Pack(detail)
    return status_pb2.Status(code=code.value[0], message=message[:MAX_TEXT], details=packed)
