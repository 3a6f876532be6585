"""Work that follows a loop on another thread, so that the next item is made meanwhile."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from types import TracebackType
from typing import Self


class Following:
    """Work on items, at most so many of them behind the loop that makes them.

    On leaving, all of it is done; the first error of the work is raised, unless the loop failed.
    """

    def __init__(self, threads: Executor, behind: int) -> None:
        self._threads = threads
        self._behind = behind
        self._begun = deque[Future[None]]()

    def add(self, work: Callable[..., None], *given: object) -> None:
        """Begin work on an item; waits for that on an earlier one if too many are left."""
        self._begun.append(self._threads.submit(work, *given))
        if len(self._begun) > self._behind:
            self._begun.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        errors = [future.exception() for future in self._begun]
        for found in errors:
            if found is not None and error is None:
                raise found
