"""Which lines are traced to a receptor first: those of which most may arrive, or the nearest."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.noise.trace_line import Given, look
from roadside_kernels.physics import FAST_MATH


class Ranking(NamedTuple):
    """Lines of N receptors in the order of their tracing, receptor after receptor."""

    line: Int32
    distance: Float32  # m
    most: Float32  # energy that may arrive; 0: not worked out, nothing is pruned
    left: Float32  # (N) the sum of that


def _rank_lines(given: Given, near: Int32, lists: Int64) -> Ranking:
    """Rank the lines near[lists[i, 0]:lists[i, 1]] of every receptor i."""
    size = (lists[:, 1] - lists[:, 0]).sum()
    line = np.empty(size, np.int32)
    distance, most = np.empty(size, np.float32), np.empty(size, np.float32)
    left = np.empty(lists.shape[0], np.float32)
    end = 0
    for i in range(lists.shape[0]):
        some = near[lists[i, 0] : lists[i, 1]]
        start, end = end, end + some.size
        far, loud = distance[start:end], most[start:end]
        left[i] = look(i, given, some, far, loud)
        order = np.argsort(-loud if given.options.share > 0.0 else far)
        line[start:end], far[:], loud[:] = some[order], far[order], loud[order]
    return Ranking(line, distance, most, left)


rank_lines: Any = njit(nogil=True, error_model="numpy", fastmath=FAST_MATH)(_rank_lines)
