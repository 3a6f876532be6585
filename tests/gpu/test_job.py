"""A whole job on a real GPU, and the benchmark there."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from roadside_server.computation.job import prepare
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import small_region
from tests.scenario_factory import scenario_message

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
#: Parity asked of concentrations (ug/m3) and levels (dB).
DIFFERENCE = 0.01


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


def test_the_benchmark_of_pairs_runs_on_the_device():
    asked = ["--device", "gpu", "--receptors", "65536", "--segments", "1000", "--json"]
    ran = subprocess.run(
        [sys.executable, BENCHMARKS / "pairs.py", *asked],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(ran.stdout.splitlines()[-1])["pairs_per_second"] > 0
