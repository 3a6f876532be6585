"""A scenario costs what it changes, and equals what a run of all its roads gives."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from roadside_server.computation.arrays import MASKED, NOT_EVALUATED
from roadside_server.computation.job import prepare
from roadside_server.computation.site import Site
from roadside_server.region.schema import Grid
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import SOUTH, WEST, small_region, street_links
from tests.scenario_factory import scenario_message

#: Single precision, over the sums of some thousand pieces: as between two orders of summing up.
SUMS = 1e-5
#: Levels near 70 dB, and concentrations near 40 ug/m3: a few units in the last place.
LAST_BITS = 4e-5

REGION = small_region()
#: Kept over all scenarios of this file: what one leaves behind, the next one finds.
SITE = Site(REGION)
ROADS = tuple(REGION.roads["road_id"])
CLOSED = {"roads": {"ids": {"ids": ["rural"]}}, "close": {}}

selections = st.lists(st.sampled_from(ROADS), min_size=1, max_size=3, unique=True)
changes = st.one_of(
    st.just({"close": {}}),
    st.floats(0.0, 3.0).map(lambda f: {"scale_volumes": {"factors": [{"factor": f}]}}),
    st.sampled_from([30, 50, 80]).map(lambda v: {"set_speed": {"speed": v}}),
    st.floats(0.1, 1.0).map(lambda f: {"low_emission_zone": {"factors": [{"factor": f}]}}),
)
measures = st.builds(
    lambda ids, change: {"roads": {"ids": {"ids": ids}}} | change, selections, changes
)


def job_of(*asked, region=REGION, site=None, **fields):
    scenario = read_scenario(scenario_message(*asked, **fields), region)
    return prepare(region, scenario, site=site)


def values_of(job):
    """All arrays of the one tile of the small region."""
    (tile,) = job.tiles()
    return job.compute(tile).values


def full_run(*asked):
    """The same without anything from memory: every road evaluated for this run."""
    job = job_of(*asked)
    return values_of(
        replace(job, air=replace(job.air, key=None), noise=replace(job.noise, key=None))
    )


@settings(
    max_examples=12, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
@given(st.lists(measures, min_size=1, max_size=3))
def test_a_delta_equals_a_full_run_chained_and_undone(chain):
    before = values_of(job_of(site=SITE))
    for length in range(1, len(chain) + 1):
        found = values_of(job_of(*chain[:length], site=SITE))
        expected = full_run(*chain[:length])
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=SUMS, atol=LAST_BITS, err_msg=name)
    undone = values_of(job_of(site=SITE))
    for name, values in before.items():
        np.testing.assert_array_equal(undone[name], values, err_msg=name)


def wide(**changes_):
    """Nine tiles of receptors; the small region's roads lie in the middle one."""
    size = 3 * 256
    row, column = np.mgrid[:size, :size] % 256
    masked = (row % 32 > 0) | (column % 32 > 0) | ((row == 64) & (column == 64))
    grid = Grid(WEST - 2900.0, SOUTH - 2900.0, 8.0, size, size, masked)
    return replace(REGION, receptors=grid, street_links=street_links_of(grid), **changes_)


def street_links_of(grid):
    """Links of the few receptors that are not masked."""
    return street_links(REGION.roads, grid)


@pytest.fixture(scope="module")
def region():
    return wide()


def test_a_street_canyon_changes_the_tiles_that_it_is_linked_to(region):
    closed = {"roads": {"names": {"names": ["Long street"]}}, "close": {}}
    job = job_of(closed, region=region, quantities=["QUANTITY_NO2"])
    linked = np.diff(region.street_links.start).reshape(768, 768) > 0
    changed = {(tile.row, tile.column) for tile in job.all_tiles} - {
        (tile.row, tile.column) for tile in job.unchanged
    }
    rows, columns = np.nonzero(linked)
    assert changed == set(zip((rows // 256).tolist(), (columns // 256).tolist(), strict=True))
    assert len(changed) < len(job.all_tiles)


def test_sound_changes_the_tiles_within_its_range(region):
    near = job_of(CLOSED, region=region, quantities=["QUANTITY_LDEN"])
    far = job_of(CLOSED, region=region, quantities=["QUANTITY_LDEN"], options={"noise_range": 3000})
    assert 0 < len(near.all_tiles) - len(near.unchanged) < 9
    assert len(far.unchanged) < len(near.unchanged)


def test_an_open_road_changes_every_tile_within_five_kilometres(region):
    assert not job_of(CLOSED, region=region, quantities=["QUANTITY_EC"]).unchanged


def test_unchanged_tiles_differ_nowhere_and_cost_nothing(region):
    job = job_of(
        CLOSED, region=region, quantities=["QUANTITY_LDEN", "QUANTITY_LNIGHT"],
        outputs=["OUTPUT_DIFFERENCE"],
    )  # fmt: skip
    tile = next(iter(job.unchanged))
    result = job.compute(tile)
    masked = region.receptors.masked[: tile.shape[0], : tile.shape[1]]
    assert result.unchanged
    assert result.pairs == 0
    assert (result.values["flags"] == np.where(masked, MASKED, NOT_EVALUATED)).all()
    for name in ("lden_difference", "lnight_difference"):
        assert np.isnan(result.values[name][masked]).all()
        assert (result.values[name][~masked] == 0.0).all()
    assert result.values["lden_difference"] is result.values["lnight_difference"]


def test_a_scenario_that_leaves_a_tile_has_the_baselines_values_there(region):
    job = job_of(CLOSED, region=region, quantities=["QUANTITY_LDEN"])
    result = job.compute(next(iter(job.unchanged)))
    assert result.values["lden_scenario"] is result.values["lden_baseline"]
    heard = np.isfinite(result.values["lden_baseline"])
    assert (result.values["lden_difference"][heard] == 0.0).all()
    assert (result.values["flags"] & NOT_EVALUATED == 0).all()


def test_a_tile_said_to_be_unchanged_would_not_have_changed(region):
    job = job_of(CLOSED, region=region, quantities=["QUANTITY_LDEN"])
    every = replace(job, unchanged=frozenset())
    for tile in job.unchanged:
        difference = every.compute(tile).values["lden_difference"]
        assert not np.nan_to_num(difference).any()


def test_tiles_that_change_come_first(region):
    job = job_of(CLOSED, region=region, quantities=["QUANTITY_LDEN"])
    order = [tile in job.unchanged for tile in job.tiles()]
    assert order == sorted(order)


def test_without_a_comparison_no_tile_is_said_to_be_unchanged(region):
    assert not job_of(region=region).unchanged
    assert not job_of(CLOSED, region=region, outputs=["OUTPUT_SCENARIO"]).unchanged
