"""Arrays in the memory of a GPU, and their way there and back.

Any array that tells CUDA where it lies is taken as it is: of Numba, of CuPy or of others.  Where
CuPy is installed, memory comes from its pool, which spares a call of the driver for each array,
and results come back through a page-locked buffer, which the GPU writes at full speed.
"""

import os
import threading
import time
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numba import config, cuda

#: Bytes that a simulated GPU, whose memory has no end, is said to have free.
SIMULATED = 1 << 40
#: Bytes that come back at a time.
BUFFER = 1 << 24

# Numba warns of grids that do not fill a GPU.  A small job is small.
config.CUDA_LOW_OCCUPANCY_WARNINGS = 0
# A stream for each thread, so that results of one are copied while those of another are computed;
# read when the libraries first ask for a device.
for _name in ("CUDA_PYTHON_CUDA_PER_THREAD_DEFAULT_STREAM", "CUPY_CUDA_PER_THREAD_DEFAULT_STREAM"):
    os.environ.setdefault(_name, "1")


class Copying(threading.local):
    """What a thread has spent copying from the GPU."""

    seconds = 0.0


COPYING = Copying()


def lies_on_gpu(array: Any) -> bool:
    """Whether an array is in the memory of a GPU."""
    return is_of_numba(array) or hasattr(array, "__cuda_array_interface__")


def is_of_numba(array: Any) -> bool:
    """Whether an array is on the GPU by way of Numba; simulated ones have no interface."""
    return hasattr(array, "copy_to_host")


def of_numba(array: Any) -> Any:
    """An array on the GPU as Numba's, in the same memory."""
    # Work on it is queued on this thread's stream, where it was made: nothing is to wait for.
    return array if is_of_numba(array) else cuda.as_cuda_array(array, sync=False)


def contiguous(array: Any) -> Any:
    """An array row by row; one on the GPU must be so already."""
    return array if lies_on_gpu(array) else np.ascontiguousarray(array)


def room_beside(array: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Where results go: zeros on the host; on the GPU, if another array lies there, anything."""
    return empty_on_gpu(shape, kind) if lies_on_gpu(array) else np.zeros(shape, kind)


def on_host(array: Any) -> Any:
    """An array on the host, copied unless it is there."""
    if not lies_on_gpu(array):
        return array
    wait()
    begun = time.perf_counter()
    there = of_numba(array)
    found = there.copy_to_host() if cupy_if_any() is None else _copied_to_pages(there)
    COPYING.seconds += time.perf_counter() - begun
    return found


def wait() -> None:
    """Wait until the GPU has done all that this thread asked for."""
    cupy = cupy_if_any()
    if cupy is None:
        cuda.synchronize()
    else:
        cupy.cuda.get_current_stream().synchronize()


def _copied_to_pages(there: Any) -> Any:
    """An array of Numba in page-locked memory, which returns to its pool after use."""
    if there.size == 0:
        return np.empty(there.shape, there.dtype)
    found = page_locked(there.size, there.dtype).reshape(there.shape)
    cupy_if_any().asarray(there).get(out=found)
    return found


def empty_on_gpu(shape: tuple[int, ...], kind: Any) -> Any:
    """A new array on the GPU; its values are whatever was there."""
    cupy = cupy_if_any()
    return cuda.device_array(shape, kind) if cupy is None else of_numba(cupy.empty(shape, kind))


def zeros_on_gpu(shape: tuple[int, ...], kind: Any) -> Any:
    """Zeros on the GPU."""
    cupy = cupy_if_any()
    if cupy is None:
        return cuda.to_device(np.zeros(shape, kind))
    return of_numba(cupy.zeros(shape, kind))


def free_on_gpu() -> int:
    """Bytes of the GPU that nobody has taken."""
    return int(min(cuda.current_context().get_memory_info().free, SIMULATED))


def shared_on_device(value: Any) -> Any:
    """The same as ``on_device``, for any thread from then on: their streams do not wait for it."""
    there = on_device(value)
    wait()
    return there


def on_device(value: Any) -> Any:
    """An array on the GPU, copied unless it is there, or each array in NamedTuples.

    Other values stay as they are.
    """
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return type(value)._make(on_device(part) for part in value)
    if lies_on_gpu(value):
        return of_numba(value)
    if not isinstance(value, np.ndarray):
        return value
    cupy = cupy_if_any()
    rows = np.ascontiguousarray(value)
    return cuda.to_device(rows) if cupy is None else of_numba(cupy.asarray(rows))


def room_on_device(like: Any) -> Any:
    """Arrays on the GPU for results like those of a NamedTuple; itself if it lies there."""
    if all(lies_on_gpu(array) for array in like):
        return on_device(like)
    return on_device(type(like)._make(empty_on_gpu(a.shape, a.dtype) for a in like))


def copy_back(computed: Any, host: Any) -> None:
    """Copy arrays of a NamedTuple on the GPU into those on the host."""
    for source, target in zip(computed, host, strict=True):
        if cupy_if_any() is None:
            source.copy_to_host(target)
        else:
            copy_through_buffer(source, target)


def copy_through_buffer(source: Any, target: Any) -> None:
    """Copy an array into one on the host, a buffer at a time."""
    cupy = cupy_if_any()
    numbers = min(max(BUFFER // target.itemsize, 1), max(target.size, 1))
    buffer = page_locked(numbers, target.dtype)
    values, filled = cupy.asarray(source).reshape(-1), target.reshape(-1)
    for start in range(0, target.size, numbers):
        part = values[start : start + numbers]
        part.get(out=buffer[: part.size])
        filled[start : start + numbers] = buffer[: part.size]


def page_locked(numbers: int, kind: Any) -> Any:
    """A buffer on the host that the GPU writes without another copy."""
    memory = cupy_if_any().cuda.alloc_pinned_memory(numbers * kind.itemsize)
    return np.frombuffer(memory, kind, numbers)


@cache
def cupy_if_any() -> Any:
    """CuPy, where it is installed and a GPU is not just simulated."""
    if config.ENABLE_CUDASIM or find_spec("cupy") is None:
        return None
    import cupy  # noqa: PLC0415 -- optional

    return cupy
