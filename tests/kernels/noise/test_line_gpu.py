"""The sum over roads on a GPU: a real one, a simulated one, or at least its machine code."""

from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
from numba import config, cuda, typeof
from roadside_kernels.arrays import Receptors, Segments
from roadside_kernels.launch import gpu_available
from roadside_kernels.noise.flat_ground import FlatGround, flat_ground
from roadside_kernels.noise.line import line_noise
from roadside_kernels.noise.line_gpu import loop
from roadside_kernels.physics import f32

ALIKE = np.array([[0.5], [0.75], [1.0]])
ROSE = np.linspace(0.1, 0.9, 24).reshape(3, 8)


def scene(receptors, segments):
    """Receptors on 200 by 200 m, roads within half a kilometre, spectra that all differ."""
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, 200, (2, receptors)).astype(np.float32)
    x0, y0 = rng.uniform(-500, 700, (2, segments)).astype(np.float32)
    along = rng.uniform(-25, 25, (2, segments)).astype(np.float32)
    road = np.arange(segments, dtype=np.int32)
    power = rng.uniform(1e7, 1e9, (3, 8, segments)).astype(np.float32)
    return Receptors(x, y), Segments(x0, y0, x0 + along[0], y0 + along[1], road), power


@pytest.mark.skipif(not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one")
@pytest.mark.parametrize("favourable", [ALIKE, ROSE], ids=["alike", "by sector"])
def test_gpu_and_cpu_hear_the_same(favourable):
    receptors, segments, power = scene(receptors=140, segments=40)
    transfer = flat_ground(
        receptor_height=4.0,
        ground_factor=0.5,
        temperature=10.0,
        humidity=70.0,
        favourable=favourable,
        reach=400.0,
    )
    on_gpu, on_cpu = (
        line_noise(receptors, segments, power, transfer, max_range=400.0, device=device)
        for device in ("gpu", "cpu")
    )
    assert on_gpu.energy == pytest.approx(on_cpu.energy, rel=1e-5)
    assert on_gpu.pairs == on_cpu.pairs


@pytest.fixture
def hopper(monkeypatch):
    """Pretend a device: Numba asks for its kind as soon as a kernel calls a function."""
    device = SimpleNamespace(compute_capability=(9, 0))
    monkeypatch.setattr("numba.cuda.dispatcher.get_current_device", lambda: device)


@pytest.mark.skipif(find_spec("numba_cuda") is None, reason="numba-cuda is not installed")
@pytest.mark.skipif(bool(config.ENABLE_CUDASIM), reason="the simulator makes no machine code")
@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="nothing is compiled")
@pytest.mark.usefixtures("hopper")
def test_machine_code_is_free_of_double_precision():
    receptors, segments, power = scene(receptors=2, segments=2)
    tables = (np.ones((8, 16), np.float32),) * 2 + (np.ones((3, 1), np.float32),)
    arguments = (
        receptors,
        np.zeros((1, 4), np.float32),
        segments,
        power.reshape(24, 2),
        FlatGround(*tables, *[f32(1.0)] * 5),
        f32(800.0),
        np.zeros((3, 2), np.float32),
        np.zeros(1, np.int64),
    )
    signature = tuple(typeof(argument) for argument in arguments)
    ptx, _ = cuda.compile_ptx(loop, signature, cc=(9, 0), fastmath=True)
    assert [line for line in ptx.splitlines() if ".f64" in line and ".reg" not in line] == []
