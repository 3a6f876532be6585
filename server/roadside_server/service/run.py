"""One scenario on its way: computed by a worker into the store, streamed from there.

The worker's threads call `results`, `take`, `finish` and `fail`; the event loop reads `finished`
and `ended` whenever it is told of a change.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple

from roadside_server.computation.job import TileResult
from roadside_server.computation.tiles import Tile, View
from roadside_server.results.chunks import ROOT, encode_chunk
from roadside_server.results.store import ResultWriter
from roadside_server.results.summary import Summary
from roadside_server.results.zarr_format import chunk_key
from roadside_server.service.computer import Prepared
from roadside_server.service.stages import StageTimes


class FinishedTile(NamedTuple):
    """A tile in the store."""

    tile: Tile
    keys: tuple[str, ...]  # of its chunks, absent ones included
    unchanged: bool  # no changed road reaches it


class Ended(NamedTuple):
    """How a run ended: with a summary, with an error, or cancelled (neither)."""

    summary: Summary | None = None
    error: BaseException | None = None


class ScenarioRun:
    """A prepared scenario, what is done of it, and who is told."""

    def __init__(
        self,
        prepared: Prepared,
        writer: ResultWriter,
        encoders: Executor,
        view: View | None = None,
        stages: StageTimes | None = None,
    ) -> None:
        self.outline, self._parts, _ = prepared.facts
        self.stages = stages or StageTimes()
        self.writer = writer
        self.finished: list[FinishedTile] = []
        self.ended: Ended | None = None
        self.pairs = 0
        self._prepared = prepared
        self._encoders = encoders
        self._view = view
        self._cancelled = threading.Event()
        self._submitted = time.monotonic()
        self._begun = self._last = 0.0  # s, monotonic
        self._tell: Callable[[], None] = _nobody

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants it any more."""
        return self._cancelled.is_set()

    @property
    def seconds(self) -> float:
        """Time since computing began (s), until now or until its end."""
        if not self._begun:
            return 0.0
        return (self._last if self.ended else time.monotonic()) - self._begun

    def cancel(self) -> None:
        """Stop computing at the next tile; without effect on a run that has ended."""
        self._cancelled.set()

    def tell(self, listener: Callable[[], None]) -> None:
        """Call a listener, on any thread, after every change."""
        self._tell = listener
        listener()

    def results(self) -> Iterator[TileResult]:
        """Tiles as they finish; ends soon after the run is cancelled."""
        self._begun = time.monotonic()
        self.stages.add("queue", self._begun - self._submitted)
        for key, document in self._parts.documents.items():
            if key != ROOT:
                self.writer.write(key, document)
        return self._prepared.results(self._view, self._cancelled.is_set, self.stages)

    def take(self, result: TileResult) -> None:
        """Encode and store a tile, while the next one is computed."""
        if self.cancelled:
            return
        with self.stages.during("encode"):
            chunks = self._chunks(result)
            for key, content in chunks.items():
                if content:
                    self.writer.write(key, content)
        self.stages.mark("first_tile")
        self.pairs += result.pairs
        self.finished.append(FinishedTile(result.tile, tuple(chunks), result.unchanged))
        self._tell()

    def finish(self) -> None:
        """Make the result visible and sum it up."""
        summary = self._prepared.summary()
        self.writer.finish(self._parts.documents[ROOT])
        self._end(Ended(summary=summary))

    def fail(self, error: BaseException | None) -> None:
        """Remove what was stored: cancelled (None), or an error."""
        self.writer.discard()
        self._end(Ended(error=error))

    def queue_moved(self) -> None:
        """Its place in the queue has changed."""
        self._tell()

    def chunk(self, key: str) -> bytes:
        """The bytes of a finished tile's chunk; empty if it holds only fill values."""
        return self.writer.read(key) if self.writer.has(key) else b""

    def _end(self, ended: Ended) -> None:
        self._last = time.monotonic()
        self.ended = ended
        self._tell()

    def _chunks(self, result: TileResult) -> dict[str, bytes]:
        """Keys and bytes of a tile: one chunk of every array, and the places of free points."""
        encode = partial(encode_chunk, codec=self.outline.codec)
        # Arrays that are one object are encoded once.
        arrays = {id(values): values for values in result.values.values()}
        contents = dict(zip(arrays, self._encoders.map(encode, arrays.values()), strict=True))
        place = result.tile.chunk
        chunks = {
            chunk_key(name, place): contents[id(values)] for name, values in result.values.items()
        }
        return chunks | self._parts.coordinates.get(place, {})


def _nobody() -> None:
    """Nobody listens yet."""
