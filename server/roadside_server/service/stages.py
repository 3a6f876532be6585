"""Where the time of a run goes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypeVar

Stage = Literal["prepare", "queue", "compute", "copy", "encode", "send", "first_tile"]
Item = TypeVar("Item")


@dataclass(slots=True)
class StageTimes:
    """Seconds by stage; threads of every stage add to them."""

    clock: Callable[[], float] = time.monotonic
    begun: float = field(init=False)  # when the request came (s)
    seconds: dict[Stage, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.begun = self.clock()

    def add(self, stage: Stage, seconds: float) -> None:
        """Add to a stage."""
        with self._lock:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def mark(self, stage: Stage) -> None:
        """The time since the request came, if the stage has none yet."""
        with self._lock:
            self.seconds.setdefault(stage, self.clock() - self.begun)

    def taken(self) -> dict[Stage, float]:
        """Seconds by stage since this was last asked."""
        with self._lock:
            taken, self.seconds = self.seconds, {}
        return taken

    @contextmanager
    def during(self, stage: Stage) -> Iterator[None]:
        """Add the time that something takes."""
        start = self.clock()
        try:
            yield
        finally:
            self.add(stage, self.clock() - start)

    def timed(self, stage: Stage, items: Iterator[Item]) -> Iterator[Item]:
        """Items, the time of making each added to a stage."""
        while True:
            with self.during(stage):
                item = next(items, None)
            if item is None:
                return
            yield item
