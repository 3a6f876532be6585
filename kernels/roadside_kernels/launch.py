"""Which processor computes, and what it may be given."""

from typing import Any, Literal

import numpy as np
from numba import cuda

Device = Literal["cpu", "gpu"]

#: Threads of a GPU's block: two of them share a block of receptors.
THREADS = 128


def gpu_available() -> bool:
    """Whether kernels can run on a CUDA device here, or in Numba's simulator of one."""
    return bool(cuda.is_available())


def require_single(**arrays: Any) -> None:
    """Refuse arrays that are not float32: a second type compiles every kernel again.

    Raises
    ------
    TypeError
        Names the first array that is not in single precision.
    """
    for name, array in arrays.items():
        if array.dtype != np.float32:
            raise TypeError(f"{name}: {array.dtype}, must be float32")


def on_device(array: Any) -> Any:
    """A contiguous copy of a host array on the GPU; of a NamedTuple of arrays, each of them."""
    if isinstance(array, tuple) and hasattr(array, "_make"):
        return type(array)._make(on_device(part) for part in array)
    return cuda.to_device(np.ascontiguousarray(array))
