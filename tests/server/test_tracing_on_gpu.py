"""A transfer that a GPU traces, sums up and traces again beside a barrier is that of the CPU."""

import numpy as np
import pytest
from roadside_kernels.launch import gpu_available
from roadside_server.computation.job import prepare
from roadside_server.computation.site import Site
from roadside_server.computation.transfer.building import build_transfer
from roadside_server.computation.transfer.opening import open_transfer
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.computation.transfer.tracing import tracer
from roadside_server.region.schema import Points
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import SOUTH, WEST, no_street_links, small_region
from tests.scenario_factory import scenario_message

pytestmark = pytest.mark.skipif(
    not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one"
)
LINE = [{"x": WEST + x, "y": SOUTH + 165.0} for x in (150.0, 250.0)]
BARRIER = {"add_barrier": {"line": {"points": LINE}, "height": 5.0}}
SETTINGS = TransferSettings(reach=60.0, search=20.0)
ASKED = {"quantities": ["QUANTITY_LDEN"], "outputs": ["OUTPUT_BASELINE", "OUTPUT_SCENARIO"]}
#: Half of a last place of bfloat16 and float32 sums (dB).
ALIKE = 0.02


def maps(device, folder):
    """Levels with and without a barrier, all of it on one device."""
    receptors = Points(
        np.array([WEST + 205.0, WEST + 214.0]), np.array([SOUTH + 172.0, SOUTH + 192.0]),
        np.array(["near", "far"]),
    )  # fmt: skip
    folder.mkdir()
    region = small_region(receptors=receptors, street_links=no_street_links(receptors))
    build_transfer(region, folder, SETTINGS, tracer(region, device))
    site = Site(region, transfer=open_transfer(region, folder).transfer)
    scenario = read_scenario(scenario_message(BARRIER, **ASKED), region)
    (result,) = prepare(region, scenario, device, site=site).results()
    return result


def test_levels_beside_a_barrier_are_the_same(tmp_path):
    gpu, cpu = (maps(device, tmp_path / device) for device in ("gpu", "cpu"))
    assert gpu.pairs == cpu.pairs
    for name, values in cpu.values.items():
        assert np.isfinite(values).all()
        np.testing.assert_allclose(gpu.values[name], values, atol=ALIKE, err_msg=name)
    change = cpu.values["lden_scenario"] - cpu.values["lden_baseline"]
    assert np.abs(change).max() > 1.0
