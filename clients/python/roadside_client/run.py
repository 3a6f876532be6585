"""One run of a scenario, as it streams in: its events and what is known so far."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, Self

import grpc
from roadside.v1 import scenario_service_pb2 as messages

from roadside_client.errors import RoadsideClientError, client_error
from roadside_client.tiles import TileData, read_tile

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterator
    from types import TracebackType

#: What a run consists of, in the order of arrival: metadata, tiles and progress, a summary last.
Event = messages.ResultMetadata | TileData | messages.Progress | messages.Summary


class RunSoFar:
    """A running call and what is known of its run.

    Attributes
    ----------
    progress : Progress or None
        The latest report: tiles done, pairs, seconds, requests queued before this one.
    summary : Summary or None
        Statistics, exceedances and caveats; there once the run has ended.
    """

    def __init__(self, call: Any, address: str) -> None:
        self.progress: messages.Progress | None = None
        self.summary: messages.Summary | None = None
        self._call = call
        self._address = address
        # Read on the way to the metadata, not yet given out.
        self._early: deque[Event] = deque()
        self._metadata: messages.ResultMetadata | None = None
        self._documents: dict[str, bytes] = {}

    def cancel(self) -> None:
        """Stop the computation; without effect once the run has ended."""
        self._call.cancel()

    def __del__(self) -> None:
        # Nobody can read any more what the server would go on computing.
        with suppress(Exception):
            self.cancel()

    def _take(self, response: messages.RunScenarioResponse) -> Event | None:
        """The event of a message, remembered; None for a kind that this client does not know."""
        match response.WhichOneof("event"):
            case "metadata":
                self._metadata = response.metadata
                self._documents = {item.key: item.value for item in response.metadata.documents}
                return response.metadata
            case "tile":
                return read_tile(response.tile, self._documents)
            case "progress":
                self.progress = response.progress
                return response.progress
            case "summary":
                self.summary = response.summary
                return response.summary
            case _:
                return None

    def _ended_without(self, part: str) -> RoadsideClientError:
        return RoadsideClientError(f"the server at {self._address} ended the run without {part}")


class Run(RunSoFar):
    """An iterator of the tiles of a run; leaving the loop, or the ``with`` block, cancels the run.

    ::

        with client.run(scenario) as run:
            for tile in run:
                paint(tile.row, tile.column, tile.array("no2_difference"))
        print(run.summary)
    """

    @property
    def metadata(self) -> messages.ResultMetadata:
        """Name, Zarr documents, tiles to come and stamp; waits for them at first."""
        while self._metadata is None:
            event = self._next()
            if event is None:
                raise self._ended_without("metadata")
            self._early.append(event)
        return self._metadata

    @property
    def result(self) -> str:
        """Resource name of the result, "results/1f0c..."; waits for the metadata at first."""
        return self.metadata.result

    @property
    def stamp(self) -> dict[str, Any]:
        """Methods, factors, year, region, scenario, code, device and assumptions of the result."""
        return dict(json.loads(self.metadata.stamp))

    def __iter__(self) -> Iterator[TileData]:
        """Yield the tiles in the order in which the server finishes them."""
        return (event for event in self.events() if isinstance(event, TileData))

    def events(self) -> Iterator[Event]:
        """Yield everything that arrives: metadata, tiles, progress and the summary.

        Raises
        ------
        RoadsideClientError
            The server refused the scenario or failed; DamagedChunkError if a chunk arrived damaged.
        """
        try:
            while (event := self._early.popleft() if self._early else self._next()) is not None:
                yield event
        finally:
            self.cancel()

    def finish(self) -> messages.Summary:
        """The summary, after reading and dropping the tiles that are still to come."""
        if self.summary is None:
            deque(self.events(), maxlen=0)
        if self.summary is None:
            raise self._ended_without("a summary")
        return self.summary

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    def _next(self) -> Event | None:
        """The next event that this client knows; None at the end."""
        try:
            return next((e for e in map(self._take, self._call) if e is not None), None)
        except grpc.RpcError as error:
            raise client_error(error, self._address) from error


class AsyncRun(RunSoFar):
    """As Run, for ``async for`` and ``async with``."""

    async def metadata(self) -> messages.ResultMetadata:
        """Name, Zarr documents, number of tiles and stamp of the result."""
        while self._metadata is None:
            event = await self._next()
            if event is None:
                raise self._ended_without("metadata")
            self._early.append(event)
        return self._metadata

    async def result(self) -> str:
        """Resource name of the result, "results/1f0c..."."""
        return (await self.metadata()).result

    async def stamp(self) -> dict[str, Any]:
        """Methods, factors, year, region, scenario, code, device and assumptions of the result."""
        return dict(json.loads((await self.metadata()).stamp))

    async def __aiter__(self) -> AsyncIterator[TileData]:
        """Yield the tiles in the order in which the server finishes them."""
        async with aclosing(self.events()) as events:
            async for event in events:
                if isinstance(event, TileData):
                    yield event

    async def events(self) -> AsyncGenerator[Event]:
        """Yield everything that arrives: metadata, tiles, progress and the summary."""
        try:
            while True:
                event = self._early.popleft() if self._early else await self._next()
                if event is None:
                    return
                yield event
        finally:
            self.cancel()

    async def finish(self) -> messages.Summary:
        """The summary, after reading and dropping the tiles that are still to come."""
        if self.summary is None:
            async for _ in self.events():
                pass
        if self.summary is None:
            raise self._ended_without("a summary")
        return self.summary

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cancel()

    async def _next(self) -> Event | None:
        try:
            while (response := await self._call.read()) is not grpc.aio.EOF:
                if (event := self._take(response)) is not None:
                    return event
        except grpc.RpcError as error:
            raise client_error(error, self._address) from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            message = "the run was cancelled"
            raise RoadsideClientError(message, grpc.StatusCode.CANCELLED) from error
        return None
