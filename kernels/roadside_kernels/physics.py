"""Write a formula once; run it on either processor, in either precision.

A function marked ``@physics`` is compiled in single precision for the CPU by ``numba.njit``
and, when a CUDA kernel calls it, for the GPU as a device function.  ``in_double`` gives the
same source in double precision: the reference that every fast path is tested against.
``on_gpu`` gives it with the elementary functions that a GPU has circuits for.

A formula may use ``math``, floats, arrays that it is given, module constants (plain Python
floats and tuples of them) and formulas defined above it: no NumPy functions, no allocation,
no exceptions.
"""

from collections.abc import Callable
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit

Formula = TypeVar("Formula", bound=Callable[..., Any])

#: Relaxed arithmetic that still respects NaN and infinity (``fastmath=True`` does not).
FAST_MATH = {"afn", "arcp", "contract", "nsz", "reassoc"}

#: How formulas that count no references are compiled.
BORROWED: dict[str, Any] = {"error_model": "numpy", "_nrt": False}

#: A number in the precision that kernels compute in.
f32 = cast("Callable[[float], float]", np.float32)


def physics(formula: Formula) -> Formula:
    """Compile a formula for whichever processor calls it.

    Division by zero gives infinity on both.  Literals and constants are single precision:
    Numba would otherwise take ``0.5 * x`` for double, whatever ``x`` is.
    """
    single = njit(error_model="numpy", fastmath=FAST_MATH)(_with_numbers(formula, f32, None))
    single.double = njit(error_model="numpy")(_with_numbers(formula, float, "double"))
    hardware = _with_numbers(formula, f32, "hardware")
    single.hardware = njit(error_model="numpy", fastmath=FAST_MATH)(hardware)
    return cast("Formula", single)


def strict(formula: Formula) -> Formula:
    """As ``@physics``, without relaxed arithmetic: equal numbers give equal results everywhere.

    For what must not depend on the code around it, as the side of a line on which a point lies.
    """
    # Left unsaid, how relaxed arithmetic may be is inherited from the caller compiled first.
    exact = njit(error_model="numpy", fastmath=False)
    single = exact(_with_numbers(formula, f32, None))
    single.double = exact(_with_numbers(formula, float, "double"))
    single.hardware = single
    return cast("Formula", single)


def borrowing(formula: Formula) -> Formula:
    """As ``@physics``, for formulas that many arrays pass through; they return numbers only.

    Their caller holds the arrays.  To count references to all of them at every call would cost
    more than the formulas themselves; without that, nothing can be allocated: fill arrays element
    by element, and return none.  To hand them over costs as much: on the CPU the machine code of
    such formulas is copied into that of their callers.
    """
    copied = njit(fastmath=FAST_MATH, forceinline=True, **BORROWED)
    single = copied(_with_numbers(formula, f32, None))
    single.double = njit(**BORROWED)(_with_numbers(formula, float, "double"))
    hardware = _with_numbers(formula, f32, "hardware")
    single.hardware = njit(fastmath=FAST_MATH, **BORROWED)(hardware)
    return cast("Formula", single)


def inlined(formula: Formula) -> Formula:
    """As ``@physics``, on the CPU copied into whatever calls it.

    For what runs once for every piece of road, where the call itself would cost.
    """
    compiled: Any = njit(error_model="numpy", fastmath=FAST_MATH, inline="always")
    single = compiled(_with_numbers(formula, f32, None))
    hardware = _with_numbers(formula, f32, "hardware")
    single.hardware = njit(error_model="numpy", fastmath=FAST_MATH)(hardware)
    return cast("Formula", single)


def in_double(formula: Formula) -> Formula:
    """A formula's own source in double precision, without relaxed arithmetic."""
    return cast("Formula", cast("Any", formula).double)


def on_gpu(formula: Formula) -> Formula:
    """A formula's own source, calling what a GPU computes by itself: log2 and exp2."""
    return cast("Formula", cast("Any", formula).hardware)


def _with_numbers(
    formula: Callable[..., Any], number: Callable[[float], float], variant: str | None
) -> FunctionType:
    """Copy a function, with its literals, constants and formulas in one precision."""

    def convert(value: Any) -> Any:
        if isinstance(value, float):
            return number(value)
        if type(value) is tuple:
            return tuple(convert(v) for v in value)
        return getattr(value, variant, value) if variant else value

    code = formula.__code__
    known = formula.__globals__
    constants = {name: convert(known[name]) for name in code.co_names if name in known}
    code = code.replace(co_consts=tuple(convert(c) for c in code.co_consts))
    copy = FunctionType(code, constants, formula.__name__, formula.__defaults__)
    copy.__module__, copy.__doc__ = formula.__module__, formula.__doc__
    return copy
