"""A scenario costs what it changes: sums over roads that stay are kept, nothing cancels.

Baseline and scenario are sums of the same numbers, those of the unchanged roads and those of the
changed roads before and after; where no road changes they are equal to the last bit.

The unchanged roads are not evaluated for every scenario: their sums are those of all roads, which
stay in memory, less those of the changed roads before.  Where that would cancel more than half of
a sum, near the changed roads, they are evaluated after all.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from roadside_kernels.arrays import BLOCK, Float32
from roadside_kernels.device_memory import lies_on_gpu, on_host, zeros_on_gpu
from roadside_kernels.launch import on_all_cores
from roadside_kernels.sums import LEAST_LEFT, added_on_gpu, patch_on_gpu, subtracted_on_gpu

from roadside_server.region.schema import Float64

Rows = NDArray[np.intp]
Bool = NDArray[np.bool_]

#: Parts that add up to each state of the traffic.
PARTS_OF = {"baseline": ("unchanged", "before"), "scenario": ("unchanged", "after")}
#: All roads before, from which the unchanged part follows.
WHOLE = "whole"
#: Share of the sources that may change for the sums over all of them to be of use.
MOST_CHANGED = 0.5


def states_for(outputs: Iterable[str]) -> tuple[str, ...]:
    """States of the traffic that the outputs need."""
    asked = set(outputs)
    return tuple(state for state in PARTS_OF if state in asked or "difference" in asked)


def divided(before: Float64, after: Float64, otherwise: Bool | bool = False) -> dict[str, Float32]:
    """Strengths (..., M) of M sources by part: 0 for sources that belong to another part.

    Parameters
    ----------
    otherwise
        Sources that change otherwise than in strength.
    """
    changed = (before != after).any(axis=tuple(range(before.ndim - 1))) | otherwise
    parts = {
        WHOLE: before,
        "unchanged": np.where(changed, 0.0, before),
        "before": np.where(changed, before, 0.0),
        "after": np.where(changed, after, 0.0),
    }
    return {part: np.ascontiguousarray(values, dtype=np.float32) for part, values in parts.items()}


def active(strength: Float32) -> Rows:
    """Sources of which any strength is above 0."""
    return np.flatnonzero(strength.reshape(-1, strength.shape[-1]).any(axis=0))


def few_change(whole: int, changed: int) -> bool:
    """Whether so few of the sources change that the sums over all of them are worth keeping."""
    return changed <= MOST_CHANGED * whole


def remainder(
    whole: Sequence[Float32], part: Sequence[Float32]
) -> tuple[list[Float32], NDArray[np.bool_]]:
    """Sums (..., N) without a part of them, and the receptors at which too much cancels."""
    if lies_on_gpu(whole[0]):
        raised = zeros_on_gpu(whole[0].shape[-1:], np.bool_)
        pairs = zip(whole, part, strict=True)
        return [subtracted_on_gpu(*pair, raised) for pair in pairs], on_host(raised)
    cancels = np.zeros(whole[0].shape[-1], np.bool_)
    left = [np.empty_like(total) for total in whole]
    for total, less, rest in zip(whole, part, left, strict=True):
        _subtract(*(a.reshape(-1, cancels.size) for a in (total, less, rest)), cancels)
    return left, cancels


def added(one: Float32, other: Float32) -> Float32:
    """The sums (..., N) of two parts together."""
    if lies_on_gpu(one):
        return added_on_gpu(one, other)
    both = np.empty_like(one)
    _add(*(a.reshape(-1, a.shape[-1]) for a in (one, other, both)))
    return both


def put(sums: Float32, rows: Rows, exact: Float32) -> None:
    """Put other sums (..., n) in place at some receptors."""
    if lies_on_gpu(sums):
        patch_on_gpu(sums, rows, exact)
    else:
        sums[..., rows] = exact


def _subtract_rows(whole: Float32, part: Float32, left: Float32, cancels: Bool) -> None:
    for block in prange(-(-cancels.size // BLOCK)):
        last = min((block + 1) * BLOCK, cancels.size)
        for row in range(whole.shape[0]):
            for i in range(block * BLOCK, last):
                # Unsigned: without the test for negative indices the loop goes into SIMD lanes.
                j = np.uint32(i)
                rest = whole[row, j] - part[row, j]
                left[row, j] = rest
                cancels[j] |= rest < np.float32(LEAST_LEFT) * whole[row, j]


def _add_rows(one: Float32, other: Float32, both: Float32) -> None:
    for block in range(-(-one.shape[1] // BLOCK)):
        last = min((block + 1) * BLOCK, one.shape[1])
        for row in range(one.shape[0]):
            for i in range(block * BLOCK, last):
                both[row, i] = one[row, i] + other[row, i]


_subtract: Any = on_all_cores(_subtract_rows, relaxed=False)
# Few rows, bound by memory: more cores gain little.
_add: Any = njit(nogil=True, error_model="numpy")(_add_rows)


def whole_blocks(which: NDArray[np.bool_]) -> Rows:
    """Receptors of the blocks in which any is meant.

    Roads are cut into pieces as a block sees them: whole blocks get the pieces that they had.
    """
    if which.size == 0:
        return np.flatnonzero(which)
    starts = np.arange(0, which.size, BLOCK)
    blocks = np.logical_or.reduceat(which, starts)
    return np.flatnonzero(np.repeat(blocks, BLOCK)[: which.size])
