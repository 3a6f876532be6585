"""The service that opens finished results as Zarr stores."""

import asyncio
from collections.abc import AsyncIterator

from roadside.v1 import result_service_pb2 as messages

from roadside_server.errors import NotFoundError
from roadside_server.results.store import ByteRange, ResultStore, check_key, result_identifier
from roadside_server.service.handlers import Context
from roadside_server.service.messages import result_message
from roadside_server.service.pages import page_of

KEYS_OF_A_PAGE = 10_000


class ResultService:
    """Results, their keys and values."""

    def __init__(self, store: ResultStore) -> None:
        self._store = store

    async def Get(  # noqa: N802 - the name in the proto
        self, request: messages.GetRequest, _: Context
    ) -> messages.GetResponse:
        """One value, or a range of its bytes."""
        identifier = result_identifier(request.result)
        asked = request.range
        span = ByteRange(asked.offset, asked.length, asked.suffix)
        value = await asyncio.to_thread(self._store.read, identifier, request.key, span)
        return messages.GetResponse(value=value)

    async def GetMany(  # noqa: N802
        self, request: messages.GetManyRequest, _: Context
    ) -> AsyncIterator[messages.GetManyResponse]:
        """Values in the order of the keys, absent ones left out."""
        identifier = result_identifier(request.result)
        for i, key in enumerate(request.keys):
            check_key(key, f"keys[{i}]")
        with self._store.held(identifier):
            for key in request.keys:
                value = await asyncio.to_thread(self._value, identifier, key)
                if value is not None:
                    yield messages.GetManyResponse(key=key, value=value)

    async def List(  # noqa: N802
        self, request: messages.ListRequest, _: Context
    ) -> messages.ListResponse:
        """Keys below a prefix, in order."""
        identifier = result_identifier(request.result)
        keys = await asyncio.to_thread(self._store.keys, identifier, request.prefix)
        asked = f"{identifier} {request.prefix}"
        page, token = page_of(keys, request, asked, KEYS_OF_A_PAGE)
        return messages.ListResponse(keys=page, next_page_token=token)

    async def ListResults(  # noqa: N802
        self, request: messages.ListResultsRequest, _: Context
    ) -> messages.ListResultsResponse:
        """Finished results, newest first."""
        page, token = page_of(self._store.results(), request)
        results = [result_message(result) for result in page]
        return messages.ListResultsResponse(results=results, next_page_token=token)

    def _value(self, identifier: str, key: str) -> bytes | None:
        try:
            return self._store.read(identifier, key)
        except NotFoundError:
            return None
