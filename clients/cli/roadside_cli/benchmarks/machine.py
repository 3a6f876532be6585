"""What figures depend on: processor, driver, versions, load; and what the hardware could do."""

import importlib.metadata
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite.binding import get_host_cpu_features, get_host_cpu_name
from numba import config, cuda, njit, prange
from roadside_kernels.launch import Device, gpu_available

LIBRARIES = ("roadside", "numba", "llvmlite", "numpy", "grpcio", "zarr", "numcodecs")
#: Arithmetic operations of one pair of receptor and piece, a fused multiply-add as two, counted in
#: the source: offset and squared distance 5, range 2, log2 20, polynomial 24, exp2 14, sums of five
#: pollutants 12.
OPERATIONS_PER_PAIR = 77
#: Bytes of cache that a pair moves: a group of four pieces reads two coordinates and reads and
#: writes five sums of each receptor.
BYTES_PER_PAIR = 12
#: Instructions of a pair on a GPU, that a block sees in one sector (docs/decisions/0011), and those
#: that a multiprocessor starts in a cycle, thread by thread.
INSTRUCTIONS_PER_PAIR = 38
INSTRUCTIONS_PER_CYCLE = 128
#: Turns of the loop that measures the processor.
STEPS = 2000
#: Multiply-adds of a number in one turn of the loop.
CHAIN = 8
#: Numbers that a core keeps at hand, enough to hide the latency of its units.
NUMBERS = 128
#: Bytes that are copied to measure memory.
COPIED = 2**27
REPEATS = 5
#: Features of a processor and the bits of their vectors, widest first.
VECTORS = {"avx512f": 512, "avx2": 256, "avx": 256}
KIBIBYTE = 1024


def machine(device: Device) -> dict[str, Any]:
    """Date, commit, processors, driver and versions."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _answer("git", "describe", "--always", "--dirty", "--abbrev=12"),
        "cpu": _cpu_name(),
        "threads": numba.get_num_threads(),
        "memory_gib": round(_memory_gib(), 1),
        "load_average": round(os.getloadavg()[0], 2),
        "gpu": _gpu(device),
        "driver": _driver(device),
        "python": platform.python_version(),
        **{name: _version(name) for name in LIBRARIES},
    }


def hardware_limits() -> dict[str, float]:
    """Operations and bytes a second that all cores reach in loops that do nothing else."""
    return {
        "measured_operations_per_second": _operations(),
        "measured_bytes_per_second": _bandwidth(),
        "operations_per_pair": OPERATIONS_PER_PAIR,
        "cache_bytes_per_pair": BYTES_PER_PAIR,
    }


def gpu_share(rate: float) -> dict[str, float]:
    """Instructions a second of a rate of pairs, and their share of what the GPU can start."""
    if config.ENABLE_CUDASIM:
        return {}
    device = cuda.get_current_device()
    cycles = 1000.0 * device.CLOCK_RATE  # told in kHz
    limit = device.MULTIPROCESSOR_COUNT * INSTRUCTIONS_PER_CYCLE * cycles
    instructions = rate * INSTRUCTIONS_PER_PAIR
    return {
        "instructions_per_pair": INSTRUCTIONS_PER_PAIR,
        "instructions_per_second": instructions,
        "startable_instructions_per_second": limit,
        "share_of_operations": instructions / limit,
    }


def reset_peak_memory() -> None:
    """Begin to measure the peak of this process anew, where the system allows it."""
    path = Path("/proc/self/clear_refs")
    if path.exists():
        path.write_text("5", encoding="ascii")


def peak_memory() -> float:
    """Largest resident size of this process (bytes) since the last reset."""
    path = Path("/proc/self/status")
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
    peaks = [int(line.split()[1]) for line in lines if line.startswith("VmHWM")]
    return peaks[0] * KIBIBYTE if peaks else float("nan")


def device_memory(device: Device) -> float | None:
    """Bytes that are taken on the GPU; None without one."""
    if device != "gpu":
        return None
    free, total = cuda.current_context().get_memory_info()
    return float(total) - float(free)


def _operations() -> float:
    """Operations a second of multiply-adds on numbers in registers and the nearest cache."""
    count = 64 * numba.get_num_threads()
    _multiply_adds(count)
    seconds = min(_seconds(lambda: _multiply_adds(count)) for _ in range(REPEATS))
    return float(2.0 * CHAIN * STEPS * NUMBERS * count / seconds)


def _multiply_add_loop(count: int) -> float:
    total = np.zeros(count, np.float32)
    a, b = np.float32(0.999), np.float32(0.001)
    for part in prange(count):
        numbers = np.full(NUMBERS, np.float32(part), np.float32)
        for _ in range(STEPS):
            for i in range(numbers.size):
                # Unsigned: without the test for negative indices the loop goes into SIMD lanes.
                k = np.uint32(i)
                x = numbers[k] * a + b
                x = (x * a + b) * a + b
                x = (x * a + b) * a + b
                x = (x * a + b) * a + b
                numbers[k] = x * a + b
        total[part] = numbers.sum()
    return float(total.sum())


_multiply_adds = njit(parallel=True, fastmath={"contract"})(_multiply_add_loop)


def _bandwidth() -> float:
    """Bytes a second, read and written, of copying memory with all cores."""
    source, target = np.ones(COPIED // 4, np.float32), np.ones(COPIED // 4, np.float32)
    _copy(source, target)
    seconds = min(_seconds(lambda: _copy(source, target)) for _ in range(REPEATS))
    return 2.0 * COPIED / seconds


def _copy_loop(source: Any, target: Any) -> None:
    for i in prange(source.size):
        target[i] = source[i]


_copy = njit(parallel=True)(_copy_loop)


def _seconds(action: Any) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def _cpu_name() -> str:
    """Model, number of cores, and what they compute at once: models of one name differ in that."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    name = f"{models[0]}, {len(models)} cores" if models else platform.processor()
    return f"{name} ({get_host_cpu_name()}, vectors of {_vector_bits()} bits)"


def _vector_bits() -> int:
    """Widest vectors that compiled loops may use."""
    there = get_host_cpu_features()
    return next((bits for name, bits in VECTORS.items() if there.get(name)), 128)


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _gpu(device: Device) -> str | None:
    if device != "gpu" or not gpu_available():
        return None
    name = getattr(cuda.get_current_device(), "name", "simulated")
    return name.decode() if isinstance(name, bytes) else str(name)


def _driver(device: Device) -> str | None:
    if device != "gpu":
        return None
    return _answer("nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader")


def _answer(*command: str) -> str | None:
    """What a program says in the folder of this file; None if it is not there."""
    try:
        found = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return found.stdout.strip() or None


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
