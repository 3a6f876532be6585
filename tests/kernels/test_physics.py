"""Formulas whose arithmetic must not depend on what calls them."""

import numpy as np
from numba import njit
from roadside_kernels.physics import FAST_MATH, f32, strict


@strict
def beside(x: float, y: float, along: float) -> float:
    return along * x - along * y


@njit(fastmath=FAST_MATH)
def relaxed(x: float, y: float, along: float) -> float:
    return beside(x, y, along)


def test_a_strict_formula_rounds_every_step_whoever_calls_it_first():
    x, y, along = np.random.default_rng(0).uniform(1.0, 1.001, (3, 100)).astype(np.float32)
    found = [relaxed(f32(a), f32(b), f32(c)) for a, b, c in zip(x, y, along, strict=True)]
    np.testing.assert_array_equal(found, along * x - along * y)
