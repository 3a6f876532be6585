"""An estimate comes close to the cost, without the computation."""

import numpy as np
import pytest
from roadside_server.computation.estimate import estimate
from roadside_server.computation.job import prepare
from roadside_server.computation.rates import FEWEST_PAIRS, Rates
from roadside_server.region.schema import Grid
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import SOUTH, WEST, no_street_links, small_region
from tests.scenario_factory import scenario_message


@pytest.mark.parametrize("quantity", ["QUANTITY_NO2", "QUANTITY_LDEN"])
def test_estimated_pairs_are_near_those_evaluated(quantity):
    masked = np.random.default_rng(2).random((300, 280)) < 0.2
    grid = Grid(WEST, SOUTH, 5.0, 280, 300, masked)
    region = small_region(receptors=grid, street_links=no_street_links(grid))
    scenario = read_scenario(scenario_message(quantities=[quantity]), region)
    job = prepare(region, scenario)
    evaluated = sum(result.pairs for result in job.results())
    # A sample of blocks stands for all.
    assert estimate(job).pairs == pytest.approx(evaluated, rel=0.25)


def test_bytes_are_those_of_all_arrays():
    region = small_region()
    scenario = read_scenario(scenario_message({"close": {}}, quantities=["QUANTITY_LDEN"]), region)
    found = estimate(prepare(region, scenario))
    assert found.receptors == region.receptors.size
    assert found.bytes == region.receptors.size * (3 * 4 + 1)
    assert found.tiles == 1


def test_seconds_come_from_the_rate_of_earlier_work():
    rates = Rates()
    rates.record("air", "cpu", 10 * FEWEST_PAIRS, seconds=2.0)
    assert rates.rate("air", "cpu") == 5 * FEWEST_PAIRS
    rates.record("air", "cpu", FEWEST_PAIRS - 1, seconds=100.0)
    assert rates.rate("air", "cpu") == 5 * FEWEST_PAIRS
