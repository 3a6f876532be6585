"""The queue of a device: runs wait in it, bounded, and are computed one at a time.

The event loop never computes, and a client that reads slowly never holds the device: what a run
computes goes to the store, and its stream reads it there.
"""

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, Self

from roadside_server.computation.job import TileResult
from roadside_server.errors import ServerBusyError
from roadside_server.service.computer import TILES_AHEAD, Computer
from roadside_server.service.overlap import Following


class Run(Protocol):
    """What a worker computes; its methods are called on the worker's threads, one at a time."""

    @property
    def cancelled(self) -> bool:
        """Whether nobody wants it any more."""

    def results(self) -> Iterator[TileResult]:
        """Tiles as they finish; ends soon after the run is cancelled."""

    def take(self, result: TileResult) -> None:
        """Encode and store a tile, while the next one is computed."""

    def finish(self) -> None:
        """Everything was computed and taken."""

    def fail(self, error: BaseException | None) -> None:
        """It came to nothing: cancelled (None), or by an error."""

    def queue_moved(self) -> None:
        """Its place in the queue has changed."""


class Worker:
    """Has runs computed on one device, in the order of their arrival."""

    def __init__(self, computer: Computer, queue: int) -> None:
        self.computer = computer
        self.queue = queue  # runs that may wait
        self._expected = 0  # runs that are being prepared
        self._waiting = deque[Run]()
        self._running: Run | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._encoder = ThreadPoolExecutor(1, f"roadside-encode-{computer.device}")
        name = f"roadside-{computer.device}"
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def load(self) -> int:
        """Runs that are expected, wait or are computed."""
        with self._changed:
            return self._expected + len(self._waiting) + (self._running is not None)

    @contextmanager
    def expecting(self) -> Iterator[Self]:
        """Count a run that is being prepared for this device."""
        with self._changed:
            self._expected += 1
        try:
            yield self
        finally:
            with self._changed:
                self._expected -= 1

    def submit(self, run: Run) -> None:
        """Queue a run; raises ServerBusyError if too many wait."""
        with self._changed:
            self._require_room()
            self._waiting.append(run)
            self._changed.notify_all()

    def require_room(self) -> None:
        """Raise ServerBusyError if no run would be taken now."""
        with self._changed:
            self._require_room()

    def _require_room(self) -> None:
        if self._closed:
            raise ServerBusyError("the server is shutting down")
        # One of them is, or is about to be, computed.
        if len(self._waiting) + (self._running is not None) > self.queue:
            raise ServerBusyError(f"{self.queue} requests wait already, which is the limit")

    def before(self, run: Run) -> int:
        """Runs that come first: 0 for the one that is computed, or is done."""
        with self._changed:
            if run not in self._waiting:
                return 0
            return self._waiting.index(run) + (self._running is not None)

    def drop(self, run: Run) -> None:
        """Take a cancelled run out of the queue at once."""
        with self._changed:
            waited = run in self._waiting
            if waited:
                self._waiting.remove(run)
            moved = tuple(self._waiting)
        if waited:
            run.fail(None)
        _tell(moved)

    def close(self) -> None:
        """Take no more runs, and wait for the one being computed (cancel it for a quick end)."""
        with self._changed:
            self._closed = True
            dropped, self._waiting = self._waiting, deque()
            self._changed.notify_all()
        for run in dropped:
            run.fail(ServerBusyError("the server is shutting down"))
        self._thread.join()
        self._encoder.shutdown()
        self.computer.close()

    def _work(self) -> None:
        while (run := self._next()) is not None:
            try:
                self._compute(run)
            except BaseException as error:
                run.fail(None if run.cancelled else error)
            with self._changed:
                self._running = None

    def _next(self) -> Run | None:
        """The run whose turn it is, once there is one; None when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            run = self._running = self._waiting.popleft()
            moved = (run, *self._waiting)
        _tell(moved)
        return run

    def _compute(self, run: Run) -> None:
        """Compute all tiles, each encoded and stored while the next one is computed."""
        # A run ends only when nothing is written any more.
        with Following(self._encoder, TILES_AHEAD) as taking:
            for result in run.results():
                if run.cancelled:
                    break
                taking.add(run.take, result)
        if run.cancelled:
            run.fail(None)
        else:
            run.finish()


def _tell(runs: tuple[Run, ...]) -> None:
    for run in runs:
        run.queue_moved()
