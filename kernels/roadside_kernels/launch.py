"""Which processor computes, what it may be given, and loops that serve every pointwise formula."""

import threading
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any, Literal, NamedTuple, TypeVar, cast

import numpy as np
from numba import config, cuda, get_num_threads, njit, prange

from roadside_kernels.arrays import Int64
from roadside_kernels.device_memory import copy_back, lies_on_gpu, on_device, room_on_device
from roadside_kernels.physics import FAST_MATH

Device = Literal["cpu", "gpu"]
Procedure = TypeVar("Procedure", bound=Callable[..., Any])

#: Threads of a block on the GPU: two of them share a block of receptors.
THREADS = 128


#: Held while a loop is shared among all cores.
CORES = threading.Lock()


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


class Launch(NamedTuple):
    """How a kernel runs on some kinds of GPU."""

    threads: int  # of a block
    resident: int  # blocks on a multiprocessor at a time, which bounds the registers of a thread


def launch_for(capability: tuple[int, int], launches: Mapping[tuple[int, int], Launch]) -> Launch:
    """What is chosen for the newest chips that are not newer than a compute capability."""
    known = [kind for kind in launches if kind <= capability]
    return launches[max(known, default=min(launches))]


def launch_here(launches: Mapping[tuple[int, int], Launch]) -> Launch:
    """What is chosen for the GPU of this machine."""
    return launch_for(tuple(cuda.get_current_device().compute_capability), launches)


def device_function(procedure: Procedure) -> Procedure:
    """Compile what the threads of a block do together, with barriers, as a part of kernels."""
    return cast("Procedure", cuda.jit(device=True)(procedure))


def kernel(procedure: Callable[..., None], launch: Launch | None = None) -> Any:
    """Compile what the threads of a GPU are started with."""
    # Numba's simulator knows no bounds.
    if launch is None or config.ENABLE_CUDASIM:
        return cuda.jit(fastmath=True)(procedure)
    return cuda.jit(fastmath=True, launch_bounds=tuple(launch))(procedure)


def at_every_receptor(
    formula: Callable[..., None], receptors: int, given: Any, found: Any, device: Device = "cpu"
) -> None:
    """Call ``formula(i, given, found)`` for every receptor ``i``; fills the arrays of ``found``.

    If those lie on the GPU, they are filled there, whatever the device.
    """
    if receptors == 0:
        return
    resident = lies_on_gpu(found[0])
    if device == "cpu" and not resident:
        cpu_loop(formula)(receptors, given, found)
        return
    computed = room_on_device(found)
    gpu_loop(formula)[-(-receptors // THREADS), THREADS](receptors, on_device(given), computed)
    if not resident:
        copy_back(computed, found)


def on_all_cores(loop: Procedure, *, relaxed: bool = True) -> Procedure:
    """Compile a loop over ``prange``, shared among all cores, beside no other such loop.

    The way to share them that Numba falls back to, where no OpenMP is installed, ends the process
    if two threads do so at once.
    """
    fast = FAST_MATH if relaxed else False
    compiled = njit(parallel=True, nogil=True, error_model="numpy", fastmath=fast)(loop)

    @wraps(loop)
    def alone(*arguments: Any) -> None:
        with CORES:
            compiled(*arguments)

    return cast("Procedure", alone)


def dealt(count: int) -> Int64:
    """Numbers from 0 on, dealt out to the cores one by one; a loop gives each a run of them.

    Neighbours take about as long as each other, so that no core waits long for another.
    """
    return np.argsort(np.arange(count) % get_num_threads(), kind="stable")


@cache
def cpu_loop(formula: Callable[..., None]) -> Any:
    """Compile a loop over all receptors, shared among the cores."""

    def loop(receptors: int, given: Any, found: Any) -> None:
        for i in prange(receptors):
            formula(i, given, found)

    return on_all_cores(loop)


@cache
def gpu_loop(formula: Callable[..., None]) -> Any:
    """Compile a kernel that gives every receptor its own thread."""

    def loop(receptors: int, given: Any, found: Any) -> None:
        i = cuda.grid(1)
        if i < receptors:
            formula(i, given, found)

    return kernel(loop)
