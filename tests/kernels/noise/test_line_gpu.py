"""The sum over roads on a GPU, a real one or a simulated one."""

import numpy as np
import pytest
from roadside_kernels.arrays import Receptors, Segments
from roadside_kernels.launch import gpu_available
from roadside_kernels.noise.flat_ground import flat_ground
from roadside_kernels.noise.line import line_noise

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


@pytest.mark.skipif(not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one")
def test_no_roads_are_silent():
    receptors, segments, power = scene(receptors=3, segments=0)
    weather = {"temperature": 10.0, "humidity": 70.0, "favourable": ALIKE}
    transfer = flat_ground(receptor_height=4.0, ground_factor=0.5, reach=100.0, **weather)
    heard = line_noise(receptors, segments, power, transfer, max_range=100.0, device="gpu")
    assert not heard.energy.any()
    assert heard.pairs == 0
