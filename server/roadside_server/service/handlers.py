"""From bytes to calls of our methods and back: where requests are parsed and errors reported.

gRPC's generated code parses requests before any of our code runs: bytes that are no message then
surface as UNKNOWN, with the name of an internal class.  Here methods are registered for plain
bytes.  Responses may be messages, or messages that were serialised off the event loop.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeAlias

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from roadside_server.errors import InvalidInputError, ReaderStalledError
from roadside_server.service.statuses import grpc_status

Context = grpc.aio.ServicerContext[Any, Any]
Handling = Callable[[bytes, Context], Awaitable[Any]]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

#: Larger requests (bytes) are parsed off the event loop.
PARSED_AT_ONCE = 65_536

logger = logging.getLogger(__name__)


def service_handler(
    descriptor: ServiceDescriptor, servicer: object, stall: float
) -> grpc.GenericRpcHandler:
    """Handlers of all methods of a service; streams are cut when not read for some seconds."""
    handlers: dict[str, Handler] = {
        method.name: _handler(method, getattr(servicer, method.name), stall)
        for method in descriptor.methods
    }
    return grpc.method_handlers_generic_handler(descriptor.full_name, handlers)


def _handler(method: MethodDescriptor, call: Callable[..., Any], stall: float) -> Handler:
    if method.server_streaming:
        stream = _streaming(method, call, stall)
        return grpc.unary_stream_rpc_method_handler(stream, None, _serialized)
    return grpc.unary_unary_rpc_method_handler(_unary(method, call), None, _serialized)


def _unary(method: MethodDescriptor, call: Callable[..., Any]) -> Handling:
    async def answer(content: bytes, context: Context) -> Message | bytes:
        started = time.monotonic()
        try:
            response: Message | bytes = await call(await _parsed(method, content), context)
        except Exception as error:
            await _abort(context, method, error, started)
            raise
        _log(method, grpc.StatusCode.OK, started)
        return response

    return answer


def _streaming(method: MethodDescriptor, call: Callable[..., Any], stall: float) -> Handling:
    # Not a generator: one that gRPC has parked between messages learns of nothing.
    async def answer(content: bytes, context: Context) -> None:
        started = time.monotonic()
        try:
            async with aclosing(call(await _parsed(method, content), context)) as responses:
                async for response in responses:
                    await _write(context, response, stall)
        except Exception as error:
            await _abort(context, method, error, started)
        _log(method, grpc.StatusCode.OK, started)

    return answer


async def _write(context: Context, response: Message | bytes, stall: float) -> None:
    """Send a message; ReaderStalledError if the client reads nothing for some seconds."""
    try:
        async with asyncio.timeout(stall):
            await context.write(response)
    except TimeoutError as error:
        raise ReaderStalledError(f"nothing was read for {stall:g} s") from error


async def _parsed(method: MethodDescriptor, content: bytes) -> Message:
    """The request; InvalidInputError if the bytes are not one."""
    parse = GetMessageClass(method.input_type).FromString
    try:
        if len(content) > PARSED_AT_ONCE:
            return await asyncio.to_thread(parse, content)
        return parse(content)
    except DecodeError as error:
        description = f"these {len(content)} bytes are not a {method.input_type.full_name}"
        raise InvalidInputError("request", description) from error


def _serialized(response: Message | bytes) -> bytes:
    return response if isinstance(response, bytes) else response.SerializeToString()


async def _abort(
    context: Context, method: MethodDescriptor, error: Exception, started: float
) -> None:
    status = grpc_status(error)
    _log(method, status.code, started)
    await context.abort_with_status(status)


def _log(method: MethodDescriptor, code: grpc.StatusCode, started: float) -> None:
    logger.info("%s %s %.3f s", method.full_name, code.name, time.monotonic() - started)
