"""Tiles worked on side by side: while one is computed, another is copied, a third is put in place.

Each lane is a thread of its own, and so has a stream of its own on the GPU.  Lanes outlive jobs:
what the GPU's memory pool has for a lane is used again.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

from numba import config
from roadside_kernels.launch import Device

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Lanes on a GPU: one computes, one copies, one waits for neither.
ON_GPU = 3


def lanes_on(device: Device) -> int:
    """Lanes of a device; a CPU's cores, and a simulated GPU, are busy with one."""
    return ON_GPU if device == "gpu" and not config.ENABLE_CUDASIM else 1


def in_lanes(work: Callable[[Item], Result], items: Iterable[Item], lanes: int) -> Iterator[Result]:
    """Results in order, so many items at a time; the first error ends it all."""
    if lanes == 1:
        yield from map(work, items)
        return
    begun = deque[Future[Result]]()
    try:
        for item in items:
            begun.append(_threads(lanes).submit(work, item))
            if len(begun) == lanes:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
        wait(begun)


@cache
def _threads(lanes: int) -> ThreadPoolExecutor:
    """As many threads as there are lanes, for all jobs."""
    return ThreadPoolExecutor(lanes, "roadside-lane")
