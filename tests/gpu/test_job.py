"""A whole job on a real GPU, and the benchmark there."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from roadside_cli.benchmarks.running import loopback
from roadside_kernels.device_memory import free_on_gpu, lies_on_gpu
from roadside_server.computation import open_roads
from roadside_server.computation.job import prepare
from roadside_server.computation.resident import Resident
from roadside_server.computation.site import Site
from roadside_server.region.schema import Grid
from roadside_server.scenario.reading import read_scenario
from roadside_server.settings import gpu_memory_budget

from tests.region_factory import SOUTH, WEST, small_region, small_roads, street_links
from tests.scenario_factory import scenario_message

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
#: Parity asked of concentrations (ug/m3) and levels (dB).
DIFFERENCE = 0.01


def closing(road):
    return {"roads": {"ids": {"ids": [road]}}, "close": {}}


def arrays_of(device):
    region = small_region()
    scenario = read_scenario(scenario_message({"close": {}}), region)
    results = prepare(region, scenario, device).results()
    return {(r.tile.start, name): values for r in results for name, values in r.values.items()}


def test_a_small_job_is_the_same_on_both_processors():
    gpu, cpu = arrays_of("gpu"), arrays_of("cpu")
    assert gpu.keys() == cpu.keys()
    for key, values in cpu.items():
        if key[1] != "flags" and "hours" not in key[1] and "days" not in key[1]:
            np.testing.assert_allclose(gpu[key], values, rtol=0, atol=DIFFERENCE, equal_nan=True)


class Analyst:
    """Asks for one scenario after another on a device."""

    def __init__(self, region, device):
        self.region, self.device, self.site = region, device, Site(region, Resident())

    def tiles(self, *measures, **fields):
        scenario = read_scenario(scenario_message(*measures, **fields), self.region)
        return list(prepare(self.region, scenario, self.device, site=self.site).results())


@pytest.fixture(scope="module")
def tiles_in_lanes():
    """A region of six tiles, so that several are under way at a time."""
    grid = Grid(WEST, SOUTH, 1.0, 600, 500, np.zeros((500, 600), bool))
    return small_region(receptors=grid, street_links=street_links(small_roads(), grid))


@pytest.mark.parametrize("tolerance", [0.0, 0.01])
def test_closures_one_after_another_are_the_same_and_sums_stay(
    tiles_in_lanes, tolerance, monkeypatch
):
    monkeypatch.setattr(open_roads, "SEEN", 0)
    gpu, cpu = (Analyst(tiles_in_lanes, device) for device in ("gpu", "cpu"))
    asked = {"options": {"tolerance": tolerance, "noise_range": 100.0}}
    for measures in ((), (closing("rural"),), (closing("long-1"), closing("rural")), ()):
        pairs = list(zip(gpu.tiles(*measures, **asked), cpu.tiles(*measures, **asked), strict=True))
        assert len(pairs) == 6
        for there, here in pairs:
            assert there.tile == here.tile
            assert there.copied > 0
            for name, values in here.values.items():
                if name != "flags" and "days" not in name:
                    np.testing.assert_allclose(
                        there.values[name], values, rtol=tolerance, atol=DIFFERENCE, equal_nan=True
                    )
    kept = [array for part in gpu.site.resident._sums.values() for array in part.sums]
    assert kept
    assert all(lies_on_gpu(array) for array in kept)
    assert gpu.site.resident.used == cpu.site.resident.used


def test_a_server_streams_from_the_gpu(tiles_in_lanes):
    scenario = scenario_message(closing("rural"), region=f"regions/{tiles_in_lanes.name}")
    with loopback(tiles_in_lanes, "gpu") as server:
        cold, warm = server.run(scenario), server.run(scenario)
    assert cold.tiles == warm.tiles == 6
    assert warm.pairs < cold.pairs
    assert warm.stages["copy"] > 0


def test_memory_of_the_gpu_is_told():
    assert 0 < gpu_memory_budget() < free_on_gpu() + 1


def test_the_benchmark_of_pairs_runs_on_the_device():
    asked = ["--device", "gpu", "--receptors", "65536", "--segments", "1000", "--json"]
    ran = subprocess.run(
        [sys.executable, BENCHMARKS / "pairs.py", *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout.splitlines()[-1])["pairs_per_second"] > 0
