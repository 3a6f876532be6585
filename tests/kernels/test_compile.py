"""Machine code of every CUDA kernel for every kind of GPU, made where there is none."""

import csv
from importlib.util import find_spec

import pytest
from numba import config

if find_spec("numba_cuda") is None:
    pytest.skip("numba-cuda, which compiles kernels, is not installed", allow_module_level=True)
if config.ENABLE_CUDASIM or config.DISABLE_JIT:
    pytest.skip("nothing is compiled in this mode", allow_module_level=True)

from roadside_kernels.gpu_kernels import gpu_kernels

from tests.kernels.machine_code import MULTIPROCESSORS, RECORD, machine_code, occupancy

with RECORD.open(encoding="utf-8") as _lines:
    _rows = list(csv.reader(line for line in _lines if not line.startswith("#")))[1:]
RECORDED = {(name, kind): tuple(map(float, rest)) for name, kind, *rest in _rows}
KINDS = {".".join(map(str, capability)): capability for capability in MULTIPROCESSORS}
CASES = [(name, kind) for kind in KINDS for name in gpu_kernels(KINDS[kind])]


def test_every_kernel_is_recorded():
    assert sorted(CASES) == sorted(RECORDED)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_kernels_stay_in_registers_and_single_precision(name, kind, tmp_path):
    kernel = gpu_kernels(KINDS[kind])[name]
    code = machine_code(kernel, KINDS[kind], tmp_path)
    threads, registers, shared, share = RECORDED[name, kind]
    assert code.double == []
    assert code.spilled == 0
    assert code.registers <= registers
    assert code.shared <= shared
    assert kernel.launch.threads == threads
    held = occupancy(code, kernel.launch.threads, MULTIPROCESSORS[KINDS[kind]])
    assert held >= share - 1e-3
