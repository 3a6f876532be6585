"""How many pairs of road piece and receptor this process evaluates a second."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numba
from roadside_kernels.launch import Device

#: What pairs are of: pieces of road by air or by sound, rows of a noise transfer that are read, or
#: traced again.
Kind = Literal["air", "noise", "rows", "traced"]
#: Pairs a second before any work was measured: for each core of a CPU, for a whole GPU.
DEFAULT_RATES: dict[tuple[Kind, Device], float] = {
    ("air", "cpu"): 3e8,
    ("noise", "cpu"): 1.4e8,
    ("air", "gpu"): 1e11,
    ("noise", "gpu"): 1e11,
    ("rows", "cpu"): 8e7,
    ("rows", "gpu"): 2e10,
    ("traced", "cpu"): 2.5e4,
    # Not measured: a GPU's first change of obstacles tells its own.
    ("traced", "gpu"): 2.5e4,
}
#: Weight of a new measurement in the running mean.
NEWEST = 0.3
#: Fewer pairs than this measure overheads rather than a rate; rows take longer to trace.
FEWEST_PAIRS, FEWEST_TRACED = 1_000_000, 5_000


class Rates:
    """Pairs a second by kind of sum and device, from the work of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._measured: dict[tuple[Kind, Device], float] = {}

    def record(self, kind: Kind, device: Device, pairs: int, seconds: float) -> None:
        """Take in a measurement."""
        fewest = FEWEST_TRACED if kind == "traced" else FEWEST_PAIRS
        if pairs < fewest or seconds <= 0.0:
            return
        with self._lock:
            rate = pairs / seconds
            before = self._measured.get((kind, device), rate)
            self._measured[kind, device] = (1.0 - NEWEST) * before + NEWEST * rate

    def rate(self, kind: Kind, device: Device) -> float:
        """Pairs a second."""
        cores = numba.get_num_threads() if device == "cpu" else 1
        with self._lock:
            return self._measured.get((kind, device), DEFAULT_RATES[kind, device] * cores)


RATES = Rates()


@dataclass(slots=True)
class Work:
    """Work under way."""

    pairs: int = 0


@contextmanager
def timed(kind: Kind, device: Device) -> Iterator[Work]:
    """Measure the rate of some work, whose pairs are known at its end."""
    work, start = Work(), time.perf_counter()
    yield work
    RATES.record(kind, device, work.pairs, time.perf_counter() - start)
