"""A summary counts what the tiles hold, in whatever order they come."""

import numpy as np
import pytest
from roadside_server.computation.job import TileResult, prepare
from roadside_server.region.schema import Grid
from roadside_server.results.reference_values import reference_values
from roadside_server.results.summary import Summarizer
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import WEST, no_street_links, small_region
from tests.scenario_factory import scenario_message

GRID = Grid(WEST, 193_000.0, 10.0, 300, 260, np.zeros((260, 300), bool))
REGION = small_region(receptors=GRID, street_links=no_street_links(GRID))
FREE = np.zeros((260, 300), np.uint8)


def job_of(*measures, **fields):
    return prepare(REGION, read_scenario(scenario_message(*measures, **fields), REGION))


@pytest.fixture(scope="module")
def job():
    return job_of({"close": {}}, quantities=["QUANTITY_LDEN"])


def results(job, flags=FREE, **whole):
    """Tiles with these values."""
    for tile in job.tiles():
        place = tuple(slice(a, a + n) for a, n in zip(tile.start, tile.shape, strict=True))
        values = {name: values[place].astype(np.float32) for name, values in whole.items()}
        yield TileResult(tile, values | {"flags": flags[place]}, pairs=7)


def summary_of(job, tiles):
    summarizer = Summarizer(job)
    for tile in tiles:
        summarizer.add(tile)
    return summarizer.summary()


@pytest.fixture
def lden():
    rng = np.random.default_rng(5)
    before = rng.uniform(40, 70, FREE.shape).astype(np.float32)
    before[3, :50] = np.nan
    after = before + rng.choice(np.float32([-2.0, -0.05, 0.0, 0.05, 3.0]), FREE.shape)
    return {
        "lden_baseline": before,
        "lden_scenario": after,
        "lden_difference": after - before,
    }


def test_statistics_are_those_of_all_values_together(job, lden):
    (found,) = summary_of(job, results(job, **lden)).quantities
    before = lden["lden_baseline"].astype(np.float64)
    assert found.baseline.receptors == before.size - 50
    assert found.baseline.minimum == np.nanmin(before)
    assert found.baseline.maximum == np.nanmax(before)
    assert found.baseline.mean == pytest.approx(np.nanmean(before), rel=1e-12)


def test_receptors_above_reference_values_are_counted(job, lden):
    (found,) = summary_of(job, results(job, **lden)).quantities
    for exceedance in found.scenario.exceedances:
        above = (lden["lden_scenario"] > exceedance.value).sum()
        assert exceedance.receptors == above
    assert {exceedance.value for exceedance in found.scenario.exceedances} == {53.0, 55.0}
    assert found.difference.exceedances == ()


def test_changes_below_the_threshold_are_neither_better_nor_worse(job, lden):
    (found,) = summary_of(job, results(job, **lden)).quantities
    assert found.threshold == 0.1
    assert found.better == (lden["lden_difference"] < -0.1).sum()
    assert found.worse == (lden["lden_difference"] > 0.1).sum()


def test_the_order_of_tiles_is_of_no_account(job, lden):
    tiles = list(results(job, **lden))
    assert summary_of(job, tiles) == summary_of(job, tiles[::-1])


def test_masked_receptors_are_not_counted(job, lden):
    flags = FREE.copy()
    flags[:, :10] = 1
    summary = summary_of(job, results(job, flags, **lden))
    assert summary.receptors == FREE.size - 10 * 260
    assert summary.pairs == 7 * 4


def test_what_has_no_value_has_no_statistics(job):
    nothing = np.full(FREE.shape, np.nan)
    names = ("lden_baseline", "lden_scenario", "lden_difference")
    (found,) = summary_of(job, results(job, **dict.fromkeys(names, nothing))).quantities
    assert found.scenario.receptors == 0
    assert np.isnan(found.scenario.mean)


def test_outputs_that_were_not_asked_for_are_absent():
    job = job_of(quantities=["QUANTITY_LNIGHT"])
    values = {"lnight_baseline": np.ones(FREE.shape)}
    (found,) = summary_of(job, results(job, **values)).quantities
    assert found.scenario is None
    assert found.difference is None
    assert found.better == found.worse == 0


def test_a_closure_without_new_volumes_says_so_first(job):
    assert job.caveats[0].startswith("no re-routing")
    assert job.stamp["caveats"][0].startswith("no re-routing")
    assert summary_of(job, []).caveats == job.caveats


def test_new_volumes_elsewhere_take_the_caveat_away():
    close = {"roads": {"ids": {"ids": ["cross"]}}, "close": {}}
    detour = {"roads": {"ids": {"ids": ["rural"]}}, "scale_volumes": {"factors": [{"factor": 2}]}}
    job = job_of(close, detour, quantities=["QUANTITY_LDEN"])
    assert not any("no re-routing" in caveat for caveat in job.caveats)


def test_assumed_volumes_are_a_caveat():
    roads = REGION.roads.copy()
    roads.loc[:2, "volume_source"] = "assumed"
    region = small_region(roads=roads)
    scenario = read_scenario(scenario_message(quantities=["QUANTITY_LDEN"]), region)
    assert "traffic volumes are assumed on 3 of 5 roads" in prepare(region, scenario).caveats


def test_maps_from_openstreetmap_name_its_contributors():
    region = small_region(assumptions=("OpenStreetMap: speeds of 3 roads are assumed.",))
    scenario = read_scenario(scenario_message(quantities=["QUANTITY_LDEN"]), region)
    (credit,) = prepare(region, scenario).stamp["attribution"]
    assert credit.startswith("\u00a9 OpenStreetMap contributors")


def test_limits_of_air_quality_are_european_and_of_the_who():
    assert [value for _, value in reference_values("no2")] == [40.0, 20.0, 10.0]
    assert [value for _, value in reference_values("pm25")] == [25.0, 10.0, 5.0]
    assert reference_values("ec") == ()
