"""Elementary functions that the CPU evaluates for many receptors at once.

A call of the mathematical library for each pair of source and receptor costs ten to thirty
times as much as these polynomials, which have no branches, so that compilers put receptors in
SIMD lanes.  Their coefficients are fitted at import; ``in_double`` gives the exact function, and
``on_gpu`` the one instruction that GPUs have for log2 and exp2.
Errors (measured in tests/kernels/test_elementary.py): log2 3e-7 of the result or absolute,
exp2 3e-7 of the result, arctan2 1e-6 rad.
"""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba import njit
from numpy.polynomial import Polynomial, chebyshev

from roadside_kernels.physics import FAST_MATH, f32, physics

PI = math.pi
HALF_PI = math.pi / 2
#: A whole number in the width of float32.
i32 = cast("Callable[[Any], int]", np.int32)
#: The same without a sign: an index that needs no test for negative ones.
u32 = cast("Callable[[Any], int]", np.uint32)
ONE = np.uint32(1)
#: The bits of a float32, as a whole number.
Bits: Any = np.int32
#: 1.5 * 2**23: adding it rounds a float32 to a whole number, which its lowest bits then hold.
ROUNDER = 12582912.0
#: Bits of sqrt(1/2) and of 1.5 * 2**23 as float32.
SQRT_HALF_BITS = np.int32(0x3F3504F3)
ROUNDER_BITS = np.int32(0x4B400000)
MANTISSA_BITS = np.int32(23)
#: Keeps 0/0 out of arctan2(0, 0).
TINY = 1e-30


def polynomial(
    function: Callable[[Any], Any], low: float, high: float, degree: int
) -> tuple[float, ...]:
    """Coefficients, lowest power first, of the near-minimax polynomial on an interval."""
    fitted = chebyshev.Chebyshev.interpolate(function, degree, domain=[low, high])
    return tuple(float(c) for c in fitted.convert(kind=Polynomial).coef)


#: log2(1 + f) / f, for a mantissa 1 + f between sqrt(1/2) and sqrt(2).
LOG2 = polynomial(lambda f: np.log2(1 + f) / f, math.sqrt(0.5) - 1, math.sqrt(2.0) - 1, 7)
#: 2**f, for a fraction f of at most a half.
EXP2 = polynomial(np.exp2, -0.5, 0.5, 5)
#: arctan(sqrt(s)) / sqrt(s), for a squared slope s of at most 1.
ARCTAN = polynomial(lambda s: np.arctan(np.sqrt(s)) / np.sqrt(s), 1e-12, 1.0, 8)


@physics
def log2(x: float) -> float:
    """Logarithm to base 2 of a positive normal number."""
    bits = np.float32(x).view(np.int32)
    exponent = i32(i32(bits - SQRT_HALF_BITS) >> MANTISSA_BITS)
    f = f32(Bits(bits - i32(exponent << MANTISSA_BITS)).view(np.float32)) - 1.0
    a0, a1, a2, a3, a4, a5, a6, a7 = LOG2
    f2 = f * f
    low = (a0 + a1 * f) + (a2 + a3 * f) * f2
    high = (a4 + a5 * f) + (a6 + a7 * f) * f2
    return f32(exponent) + f * (low + high * (f2 * f2))


@physics
def exp2(x: float) -> float:
    """Two to the power x, for x between -126 and 127."""
    bits = np.float32(x + ROUNDER).view(np.int32)
    f = x - f32(i32(bits - ROUNDER_BITS))
    a0, a1, a2, a3, a4, a5 = EXP2
    f2 = f * f
    fitted = (a0 + a1 * f) + ((a2 + a3 * f) + (a4 + a5 * f) * f2) * f2
    scaled = np.float32(fitted).view(np.int32) + i32(bits << MANTISSA_BITS)
    return f32(Bits(scaled).view(np.float32))


@physics
def arctan2(y: float, x: float) -> float:
    """Angle (rad) of the direction (x, y) from the x axis, counter-clockwise, -pi to pi."""
    across, along = abs(y), abs(x)
    q = min(across, along) / max(across, along, TINY)
    s = q * q
    a0, a1, a2, a3, a4, a5, a6, a7, a8 = ARCTAN
    fitted = a3 + s * (a4 + s * (a5 + s * (a6 + s * (a7 + s * a8))))
    angle = q * (a0 + s * (a1 + s * (a2 + s * fitted)))
    angle = HALF_PI - angle if across > along else angle
    angle = PI - angle if x < 0.0 else angle
    return -angle if y < 0.0 else angle


def _exact_log2(x: float) -> float:
    return math.log2(x)


def _exact_exp2(x: float) -> float:
    return math.exp2(x)


def _exact_arctan2(y: float, x: float) -> float:
    return math.atan2(y, x)


cast("Any", log2).double = njit(error_model="numpy")(_exact_log2)
cast("Any", exp2).double = njit(error_model="numpy")(_exact_exp2)
cast("Any", arctan2).double = njit(error_model="numpy")(_exact_arctan2)
cast("Any", log2).hardware = njit(error_model="numpy", fastmath=FAST_MATH)(_exact_log2)
cast("Any", exp2).hardware = njit(error_model="numpy", fastmath=FAST_MATH)(_exact_exp2)
