"""Which lines are traced to a receptor first, on the GPU: a block of threads for each receptor.

The threads look at the lines and sort them together, in the memory where they lie.
"""

from functools import cache
from typing import Any, NamedTuple

from numba import cuda, float32, int32

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.launch import Launch, device_function, kernel
from roadside_kernels.noise.trace_line import Given, look
from roadside_kernels.noise.trace_order import Ranking
from roadside_kernels.physics import on_gpu, physics

#: Threads of a block: a few dozen lines each, and six barriers for every doubling of the lines.
THREADS = 128
LAUNCH = Launch(THREADS, 8)


class Lists(NamedTuple):
    """Lines of N receptors: near[first[i]:last[i]], ranked from start[i] on."""

    near: Int32
    first: Int64
    last: Int64
    start: Int64


@physics
def comes_later(ranking: Ranking, a: int, b: int, prunes: bool) -> bool:
    """Whether place a of the ranking belongs behind place b: less of it may arrive, or farther."""
    most: float = ranking.most[a]
    more: float = ranking.most[b]
    if prunes and most != more:
        return most < more
    here: float = ranking.distance[a]
    there: float = ranking.distance[b]
    return here > there or (here == there and bool(ranking.line[a] > ranking.line[b]))


@physics
def exchange(ranking: Ranking, a: int, b: int) -> None:
    """Exchange two places of the ranking."""
    line, distance, most = ranking.line, ranking.distance, ranking.most
    line[a], line[b] = line[b], line[a]
    distance[a], distance[b] = distance[b], distance[a]
    most[a], most[b] = most[b], most[a]


look_gpu = on_gpu(look)


@device_function
def sort_ranking(thread: int, ranking: Ranking, first: int, size: int, prunes: bool) -> None:
    """Sort some places of the ranking, bitonic: runs of twice the length, until one is all.

    Two runs are merged by comparing mirrored places, then places ever less apart; those beyond
    the end stand for lines that come last, and would never be exchanged.
    """
    run = int32(1)
    while run < size:
        mask, step = 2 * run - 1, run
        while step > 0:
            for a in range(thread, size, THREADS):
                b = a ^ mask
                if a < b < size and comes_later(ranking, first + a, first + b, prunes):
                    exchange(ranking, first + a, first + b)
            cuda.syncthreads()
            step //= 2
            mask = step
        run *= 2


@device_function
def total(thread: int, mine: float, sums: Float32) -> float:
    """The sum over threads, in the same order in every run."""
    sums[thread] = mine
    cuda.syncthreads()
    found: float = float32(0.0)
    for k in range(THREADS):
        found += sums[k]
    return found


def loop(given: Given, lists: Lists, ranking: Ranking) -> None:
    """Rank the lines of a receptor."""
    sums = cuda.shared.array(THREADS, float32)
    thread, i = int32(cuda.threadIdx.x), cuda.blockIdx.x
    first, start = lists.first[i], lists.start[i]
    size, mine = int32(lists.last[i] - first), float32(0.0)
    for k in range(thread, size, THREADS):
        ranking.line[start + k] = lists.near[first + k]
        at, some = start + k, lists.near[first + k : first + k + 1]
        mine += look_gpu(i, given, some, ranking.distance[at : at + 1], ranking.most[at : at + 1])
    left = total(thread, mine, sums)
    sort_ranking(thread, ranking, start, size, given.options.share > 0.0)
    if thread == 0:
        ranking.left[i] = left


@cache
def rank_kernel() -> Any:
    """Compile the loop."""
    return kernel(loop, LAUNCH)
