"""Work for a device that no client gets tiles of: it waits its turn like any run."""

import asyncio
import threading
from collections.abc import Callable, Iterator

from roadside_server.computation.evaluation import Cancelled
from roadside_server.computation.job import TileResult
from roadside_server.service.worker import Worker


class Errand:
    """A run without tiles."""

    def __init__(self, work: Callable[[Cancelled], None]) -> None:
        self._work = work
        self._error: BaseException | None = None
        self._done = threading.Event()
        self._cancelled = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._cancelled.is_set()

    def results(self) -> Iterator[TileResult]:
        """Do the work."""
        self._work(self._cancelled.is_set)
        return iter(())

    def take(self, result: TileResult) -> None:
        """There are no tiles."""

    def finish(self) -> None:
        """The work is done."""
        self._done.set()

    def fail(self, error: BaseException | None) -> None:
        """It failed."""
        self._error = error
        self._done.set()

    def queue_moved(self) -> None:
        """Nobody asks for its place in the queue."""

    def wait(self) -> None:
        """Wait until the work is done; its error if it failed."""
        self._done.wait()
        if self._error is not None:
            raise self._error

    def cancel(self) -> None:
        """Stop soon."""
        self._cancelled.set()


async def run_errand(worker: Worker, work: Callable[[Cancelled], None]) -> None:
    """Do some work when it is its turn; cancelled with the caller."""
    errand = Errand(work)
    worker.submit(errand)
    try:
        await asyncio.to_thread(errand.wait)
    except asyncio.CancelledError:
        errand.cancel()
        worker.drop(errand)
        raise
