"""A result on a server as a Zarr store: every key is read when Zarr asks for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
from roadside.v1 import result_service_pb2 as messages
from roadside.v1.result_service_pb2_grpc import ResultServiceStub
from zarr.abc.store import (
    ByteRequest,
    OffsetByteRequest,
    RangeByteRequest,
    Store,
    SuffixByteRequest,
)

from roadside_client.errors import client_error

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from zarr.core.buffer import Buffer, BufferPrototype

    from roadside_client.connection import Connection

READ_ONLY = "a result on a server is read-only"


class ResultStoreOverGrpc(Store):
    """Read-only; can be pickled; serves any number of event loops and threads.

    The keys of a finished result never change, so they are listed once: a chunk that is not among
    them holds only fill values, while one that has vanished from the server is an error.
    """

    supports_writes = False
    supports_deletes = False
    supports_partial_writes = False
    supports_listing = True

    def __init__(self, connection: Connection, result: str) -> None:
        super().__init__(read_only=True)
        self.connection = connection
        self.result = result
        self._channel: grpc.Channel | None = None
        self._listed: frozenset[str] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResultStoreOverGrpc) and (self.connection, self.result) == (
            other.connection,
            other.result,
        )

    def __hash__(self) -> int:
        return hash((self.connection, self.result))

    def __repr__(self) -> str:
        return f"ResultStoreOverGrpc({self.connection.address!r}, {self.result!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.connection, self.result)

    def with_read_only(self, read_only: bool = False) -> Store:
        """The same store again: it can only be read."""
        if not read_only:
            raise ValueError(READ_ONLY)
        return type(self)(self.connection, self.result)

    def close(self) -> None:
        """Close the connection; another read opens it again."""
        super().close()
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    async def get(
        self,
        key: str,
        prototype: BufferPrototype,
        byte_range: ByteRequest | None = None,
    ) -> Buffer | None:
        """Value of a key, or a range of its bytes; None where the store has no such key."""
        if key not in await self._keys():
            return None
        if isinstance(byte_range, RangeByteRequest) and byte_range.start == byte_range.end:
            return prototype.buffer.from_bytes(b"")
        request = messages.GetRequest(result=self.result, key=key, range=_range(byte_range))
        response = await self._call("Get", request)
        return prototype.buffer.from_bytes(response.value)

    async def get_partial_values(
        self,
        prototype: BufferPrototype,
        key_ranges: Iterable[tuple[str, ByteRequest | None]],
    ) -> list[Buffer | None]:
        """Values of several keys or ranges, read at once."""
        return await asyncio.gather(*(self.get(key, prototype, part) for key, part in key_ranges))

    async def exists(self, key: str) -> bool:
        """Whether the store has a key."""
        return key in await self._keys()

    async def set(self, key: str, value: Buffer) -> None:  # noqa: ARG002 - Zarr's signature
        """Refuse: a result on a server is read-only."""
        message = f"{key}: {READ_ONLY}"
        raise ValueError(message)

    async def delete(self, key: str) -> None:
        """Refuse: a result on a server is read-only."""
        message = f"{key}: {READ_ONLY}"
        raise ValueError(message)

    async def list(self) -> AsyncIterator[str]:
        """Yield every key."""
        for key in sorted(await self._keys()):
            yield key

    async def list_prefix(self, prefix: str) -> AsyncIterator[str]:
        """Yield the keys that start with a prefix."""
        for key in sorted(await self._keys()):
            if key.startswith(prefix):
                yield key

    async def list_dir(self, prefix: str) -> AsyncIterator[str]:
        """Yield the names directly below a prefix."""
        folder = prefix.rstrip("/") + "/" if prefix.rstrip("/") else ""
        below = (key.removeprefix(folder) for key in await self._keys() if key.startswith(folder))
        for name in sorted({key.split("/", 1)[0] for key in below}):
            yield name

    async def _keys(self) -> frozenset[str]:
        """Every key of the result, asked for once."""
        if self._listed is None:
            found: list[str] = []
            request = messages.ListRequest(result=self.result)
            while True:
                response = await self._call("List", request)
                found += response.keys
                if not response.next_page_token:
                    break
                request = messages.ListRequest(
                    result=self.result, page_token=response.next_page_token
                )
            self._listed = frozenset(found)
        return self._listed

    async def _call(self, method: str, request: Any) -> Any:
        """Answer to a request: gRPC's own threads wait for it, and wake the loop that asked."""
        if self._channel is None:
            self._channel = self.connection.channel()
        stub = ResultServiceStub(self._channel)
        loop = asyncio.get_running_loop()
        answered = asyncio.Event()
        call = getattr(stub, method).future(request, timeout=self.connection.timeout)
        call.add_done_callback(lambda _: loop.call_soon_threadsafe(answered.set))
        try:
            await answered.wait()
        except asyncio.CancelledError:
            call.cancel()
            raise
        try:
            return call.result()
        except grpc.RpcError as error:
            raise client_error(error, self.connection.address) from error


def _range(asked: ByteRequest | None) -> messages.ByteRange | None:
    match asked:
        case RangeByteRequest(start, end):
            return messages.ByteRange(offset=start, length=end - start)
        case OffsetByteRequest(offset):
            return messages.ByteRange(offset=offset)
        case SuffixByteRequest(suffix):
            return messages.ByteRange(suffix=suffix)
        case _:
            return None
