"""Sums at receptors put together and taken apart where they lie: on a GPU, without leaving it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32
from roadside_kernels.device_memory import empty_on_gpu, on_device
from roadside_kernels.launch import at_every_receptor
from roadside_kernels.physics import physics

#: Least share of a sum that may be left without evaluating it anew: one bit of the mantissa.
LEAST_LEFT = 0.5


class Terms(NamedTuple):
    """Sums (rows, N) over two parts, or over a whole and a part of it."""

    one: Float32
    other: Float32


class Sum(NamedTuple):
    """What they make together."""

    both: Float32  # (rows, N)


class Rest(NamedTuple):
    """What is left without the part, and where too much of it cancels."""

    left: Float32  # (rows, N)
    cancels: NDArray[np.bool_]  # (N), raised, never lowered


class Patch(NamedTuple):
    """Sums evaluated anew at some receptors."""

    receptor: NDArray[np.int64]  # (n)
    exact: Float32  # (rows, n)


@physics
def cancels_at(left: float, whole: float) -> bool:
    """Whether less than ``LEAST_LEFT`` of a sum is left."""
    return left < LEAST_LEFT * whole


@physics
def add_at(i: int, terms: Terms, found: Sum) -> None:
    """The sums of two parts at receptor ``i``."""
    for row in range(terms.one.shape[0]):
        found.both[row, i] = terms.one[row, i] + terms.other[row, i]


@physics
def subtract_at(i: int, terms: Terms, found: Rest) -> None:
    """A whole less a part at receptor ``i``."""
    for row in range(terms.one.shape[0]):
        left = terms.one[row, i] - terms.other[row, i]
        found.left[row, i] = left
        if cancels_at(left, terms.one[row, i]):
            found.cancels[i] = True


@physics
def patch_at(n: int, patch: Patch, found: Sum) -> None:
    """Write the ``n``-th of some receptors."""
    for row in range(patch.exact.shape[0]):
        found.both[row, patch.receptor[n]] = patch.exact[row, n]


def added_on_gpu(one: Float32, other: Float32) -> Float32:
    """The sums (rows, N) of two parts together, on the GPU."""
    found = Sum(empty_on_gpu(one.shape, np.float32))
    at_every_receptor(add_at, one.shape[1], Terms(one, other), found)
    return found.both


def subtracted_on_gpu(whole: Float32, part: Float32, cancels: NDArray[np.bool_]) -> Float32:
    """Sums (rows, N) without a part of them, on the GPU; raises flags there."""
    found = Rest(empty_on_gpu(whole.shape, np.float32), cancels)
    at_every_receptor(subtract_at, whole.shape[1], Terms(whole, part), found)
    return found.left


def patch_on_gpu(sums: Float32, receptor: NDArray[np.int64], exact: Float32) -> None:
    """Put sums (rows, n) in place at some receptors, on the GPU."""
    at_every_receptor(patch_at, receptor.size, on_device(Patch(receptor, exact)), Sum(sums))
