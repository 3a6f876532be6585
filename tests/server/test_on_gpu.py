"""A server's computation on a GPU, a real one or a simulated one: sums stay there, values agree."""

from functools import cache

import numpy as np
import pytest
from roadside_kernels.device_memory import lies_on_gpu
from roadside_kernels.launch import gpu_available
from roadside_server.computation import open_roads
from roadside_server.computation.job import prepare
from roadside_server.computation.resident import Resident
from roadside_server.computation.site import Site
from roadside_server.region.schema import Grid
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import SOUTH, WEST, small_region, small_roads, street_links
from tests.scenario_factory import scenario_message

pytestmark = pytest.mark.skipif(
    not gpu_available(), reason="no CUDA device; NUMBA_ENABLE_CUDASIM=1 has one"
)
RURAL, CANYON = ({"roads": {"ids": {"ids": [name]}}, "close": {}} for name in ("rural", "long-1"))
AIR = {"quantities": ["QUANTITY_NO2", "QUANTITY_PM10"], "outputs": ["OUTPUT_SCENARIO"]}
CHANGE = AIR | {"outputs": ["OUTPUT_BASELINE", "OUTPUT_DIFFERENCE"]}
SOUND = {
    "quantities": ["QUANTITY_LDEN"],
    "outputs": ["OUTPUT_BASELINE"],
    "options": {"noise_range": 50.0},
}


@cache
def region():
    """Two receptors in a canyon street and one by a rural road; without the motorway."""
    grid = Grid(WEST + 40.0, SOUTH + 160.0, 100.0, 3, 1, np.zeros((1, 3), bool))
    roads = small_roads().iloc[:4].reset_index(drop=True)
    return small_region(roads=roads, receptors=grid, street_links=street_links(roads, grid))


class Analyst:
    """Asks for one scenario after another on a device."""

    def __init__(self, device):
        self.device, self.site = device, Site(region(), Resident())

    def maps(self, *measures, **fields):
        scenario = read_scenario(scenario_message(*measures, **fields), region())
        (result,) = prepare(region(), scenario, self.device, site=self.site).results()
        return result


def assert_same(gpu, cpu):
    """Concentrations (ug/m3) and levels (dB) in float32, added in another order."""
    assert gpu.pairs == cpu.pairs
    for name, values in cpu.values.items():
        np.testing.assert_allclose(gpu.values[name], values, rtol=2e-5, atol=2e-5, err_msg=name)


def held(site):
    """All arrays of the sums that stay in memory."""
    return [array for part in site.resident._sums.values() for array in part.sums]


def test_air_is_the_same_and_its_sums_stay_on_the_gpu():
    gpu, cpu = Analyst("gpu"), Analyst("cpu")
    assert_same(gpu.maps(**AIR), cpu.maps(**AIR))
    assert held(gpu.site)
    assert all(lies_on_gpu(array) for array in held(gpu.site))
    assert gpu.site.resident.used == cpu.site.resident.used
    # Of what is known, a change costs what it changes, subtracted where the sums lie.
    for measure in (RURAL, CANYON):
        assert_same(gpu.maps(measure, **CHANGE), cpu.maps(measure, **CHANGE))


def test_sound_is_the_same():
    gpu, cpu = Analyst("gpu"), Analyst("cpu")
    assert_same(gpu.maps(**SOUND), cpu.maps(**SOUND))
    assert all(lies_on_gpu(array) for array in held(gpu.site))


def test_streets_that_act_beyond_their_own_are_the_same():
    options = {"options": {"canyon_roads_beyond_street": True}}
    gpu, cpu = (Analyst(device).maps(**AIR, **options) for device in ("gpu", "cpu"))
    assert_same(gpu, cpu)


def test_far_roads_merge_within_the_tolerance_and_the_stamp_says_so(monkeypatch):
    monkeypatch.setattr(open_roads, "SEEN", 0)
    options = {"options": {"tolerance": 0.01}}
    gpu, cpu = (Analyst(device).maps(**AIR, **options) for device in ("gpu", "cpu"))
    assert_same(gpu, cpu)
    scenario = read_scenario(scenario_message(**AIR, **options), region())
    accuracy = prepare(region(), scenario, "gpu").stamp["accuracy"]
    assert (accuracy["mode"], accuracy["bound"]) == ("interactive", 0.01)
