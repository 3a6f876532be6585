"""What the machine code of each CUDA kernel takes, by CUDA's own assembler; no GPU is needed.

``python tests/kernels/machine_code.py > tests/kernels/registers.csv`` records it.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numba.cuda.dispatcher
from numba import cuda
from roadside_kernels.gpu_kernels import GpuKernel, gpu_kernels

RECORD = Path(__file__).with_name("registers.csv")
HEADER = (
    "kernel,capability,threads of a block,registers of a thread at most,shared memory (bytes),"
    "occupancy (share of a multiprocessor's threads)"
)
#: Registers are given to a thread by this many.
REGISTERS_AT_A_TIME = 8
WARP = 32


class Multiprocessor(NamedTuple):
    """Room on a multiprocessor; CUDA C++ Programming Guide 12.9, table 30."""

    threads: int
    blocks: int
    registers: int
    shared: int  # bytes
    reserved: int  # bytes of shared memory for each block


MULTIPROCESSORS = {
    (7, 5): Multiprocessor(1024, 16, 65536, 64 * 1024, 0),
    (8, 0): Multiprocessor(2048, 32, 65536, 164 * 1024, 1024),
    (9, 0): Multiprocessor(2048, 32, 65536, 228 * 1024, 1024),
    (10, 0): Multiprocessor(2048, 32, 65536, 228 * 1024, 1024),
}


class MachineCode(NamedTuple):
    """What a kernel takes, and what it should not."""

    registers: int  # of a thread
    shared: int  # bytes of a block
    spilled: int  # bytes stored to or loaded from local memory, and of its stack
    double: list[str]  # instructions in double precision


def assembler() -> Path:
    """``ptxas`` of the package nvidia-cuda-nvcc-cu12."""
    package = find_spec("nvidia.cuda_nvcc")
    places = [] if package is None else package.submodule_search_locations or []
    return next(Path(place) / "bin" / "ptxas" for place in places)


def machine_code(kernel: GpuKernel, capability: tuple[int, int], folder: Path) -> MachineCode:
    """Compile a kernel for a compute capability."""
    ptx = parallel_thread_code(kernel, capability)
    source = folder / "kernel.ptx"
    source.write_text(ptx)
    architecture = f"-arch=sm_{capability[0]}{capability[1]}"
    command = [assembler(), "-v", architecture, source, "-o", folder / "kernel.cubin"]
    report = subprocess.run(command, capture_output=True, text=True, check=True).stderr

    def count(what: str) -> int:
        return sum(int(number) for number in re.findall(rf"(\d+) {what}", report))

    spilled = count("bytes stack frame") + count("bytes spill stores") + count("bytes spill loads")
    double = [line for line in ptx.splitlines() if ".f64" in line and ".reg" not in line]
    return MachineCode(count("registers"), count("bytes smem"), spilled, double)


def parallel_thread_code(kernel: GpuKernel, capability: tuple[int, int]) -> str:
    """PTX of a kernel, with the bounds that it is compiled with where there is a GPU."""
    there = SimpleNamespace(compute_capability=capability)
    here = numba.cuda.dispatcher.get_current_device
    # Numba asks for the kind of GPU as soon as a kernel calls a function.
    numba.cuda.dispatcher.get_current_device = lambda: there
    try:
        bounds = kernel.procedure.targetoptions.get("launch_bounds")
        options = {"cc": capability, "fastmath": True, "launch_bounds": bounds}
        ptx, _ = cuda.compile_ptx(kernel.procedure.py_func, kernel.signature, **options)
    finally:
        numba.cuda.dispatcher.get_current_device = here
    return ptx


def given(registers: int) -> int:
    """Registers that a thread is given when it needs a number of them."""
    return -(-registers // REGISTERS_AT_A_TIME) * REGISTERS_AT_A_TIME


def occupancy(code: MachineCode, threads: int, room: Multiprocessor) -> float:
    """Threads that a multiprocessor holds, as a share of what it could hold."""
    registers = given(code.registers) * threads
    blocks = min(
        room.threads // threads,
        room.blocks,
        room.registers // registers,
        room.shared // max(code.shared + room.reserved, 1),
    )
    return blocks * threads / room.threads


def records(folder: Path) -> Iterator[str]:
    """Lines of the record."""
    yield f"# source: {Path(__file__).name}, with ptxas of CUDA {cuda_version()}"
    yield HEADER
    for capability, room in MULTIPROCESSORS.items():
        for name, kernel in gpu_kernels(capability).items():
            code, threads = machine_code(kernel, capability, folder), kernel.launch.threads
            share = occupancy(code, threads, room)
            kind = ".".join(map(str, capability))
            yield f"{name},{kind},{threads},{given(code.registers)},{code.shared},{share:.3f}"


def cuda_version() -> str:
    """Version of the assembler."""
    command = [assembler(), "--version"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.search(r"release ([\d.]+)", told)[1]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.writelines(f"{line}\n" for line in records(Path(folder)))
