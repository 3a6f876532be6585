"""Roads heard among buildings: by the rows that make the map, in every scenario."""

import numpy as np
import pytest
from roadside_server.computation.contributions import heard, nearest_receptor
from roadside_server.computation.job import prepare
from roadside_server.computation.methods import Methods
from roadside_server.computation.site import Site
from roadside_server.computation.tiles import receptors_of
from roadside_server.computation.transfer.building import build_transfer
from roadside_server.computation.transfer.opening import open_transfer
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.computation.transfer.tracing import tracer
from roadside_server.region.schema import Grid, Points
from roadside_server.scenario.reading import read_scenario

from tests.flat_transfer import trace_flat
from tests.region_factory import SOUTH, WEST, no_street_links, small_region
from tests.scenario_factory import scenario_message

#: Receptors 2 m apart, so that four of them share a level.
SPACING, ROWS, COLUMNS = 2.0, 8, 6
REACH = 300.0
CLOSED = {"roads": {"ids": {"ids": ["long-1"]}}, "close": {}}
SLOWER = {"set_speed": {"speed": 30.0}}
LINE = [{"x": WEST + x, "y": SOUTH + 160.0} for x in (150.0, 250.0)]
BARRIER = {"add_barrier": {"line": {"points": LINE}, "height": 5.0}}
CORNERS = [(215, 183), (230, 183), (230, 185), (215, 185)]
OUTLINE = [{"x": WEST + x, "y": SOUTH + y} for x, y in CORNERS]
BUILDING = {"add_building": {"footprint": {"ring": OUTLINE}, "height": 20.0}}
INSIDE = {"points": [{"x": WEST + 195.0, "y": SOUTH + 171.0}]}
REMOVED = {"remove_building": {"points": INSIDE}}
SCENARIOS = {
    "present": [],
    "closed": [CLOSED],
    "slower": [SLOWER],
    "barrier": [BARRIER],
    "building": [BUILDING, CLOSED],
    "removal": [REMOVED, SLOWER],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    masked = np.zeros((ROWS, COLUMNS), np.bool_)
    masked[0, 0] = True
    grid = Grid(WEST + 220.0, SOUTH + 180.0, SPACING, COLUMNS, ROWS, masked)
    region = small_region(receptors=grid, street_links=no_street_links(grid))
    folder = tmp_path_factory.mktemp("small")
    build_transfer(region, folder, TransferSettings(reach=REACH), tracer(region))
    return Site(region, transfer=open_transfer(region, folder).transfer)


def scenario_of(site, measures):
    asked = {"quantities": ["QUANTITY_LDEN", "QUANTITY_LNIGHT"], "outputs": ["OUTPUT_SCENARIO"]}
    return read_scenario(scenario_message(*measures, **asked), site.region)


def heard_at(site, measures, receptors, most=1000):
    scenario = scenario_of(site, measures)
    return heard(site, scenario, receptors, methods=Methods(), most=most)


def energy(level):
    return 10.0 ** (np.asarray(level, float) / 10.0)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_roads_add_up_to_the_level_of_the_map(site, name):
    (tile,) = (job := prepare(site.region, scenario_of(site, SCENARIOS[name]), site=site)).tiles()
    values = job.compute(tile).values
    receptors = np.flatnonzero(~site.region.receptors.masked)
    found = heard_at(site, SCENARIOS[name], receptors.tolist())
    for quantity in ("lden", "lnight"):
        on_map = values[f"{quantity}_scenario"].ravel()[receptors]
        sums = np.array([energy(getattr(one.levels, quantity)).sum() for one in found.at])
        silent = np.isnan(on_map)
        # Single precision.
        assert sums[~silent] == pytest.approx(energy(on_map[~silent]), rel=1e-5)
        assert silent.any() == (name == "building")
        assert not sums[silent].any()


def many_points():
    rng = np.random.default_rng(6)
    x, y = WEST + rng.uniform(0, 600, 30), SOUTH + rng.uniform(0, 500, 30)
    return Points(x, y, np.arange(30).astype(str))


def several_tiles():
    masked = np.ones((300, 300), np.bool_)
    masked[20::60, 30::60] = False
    return Grid(WEST - 300.0, SOUTH - 300.0, 5.0, 300, 300, masked)


@pytest.mark.parametrize("receptors", [many_points(), several_tiles()], ids=["points", "tiles"])
def test_receptors_are_found_in_whatever_tile_they_are(receptors, tmp_path):
    region = small_region(receptors=receptors, street_links=no_street_links(receptors))
    build_transfer(region, tmp_path, TransferSettings(reach=REACH), trace_flat)
    site = Site(region, transfer=open_transfer(region, tmp_path).transfer)
    job = prepare(region, scenario_of(site, [CLOSED]), site=site)
    on_map = np.full(receptors.size, np.nan)
    for tile in job.tiles():
        known = receptors_of(tile, receptors)
        values = job.compute(tile).values["lden_scenario"].ravel()
        on_map[known.receptor] = values[known.cell]
    heard_there = np.flatnonzero(np.isfinite(on_map))
    found = heard_at(site, [CLOSED], heard_there[::-1].tolist())
    sums = np.array([energy(one.levels.lden).sum() for one in found.at])
    assert heard_there.size > 10
    assert sums == pytest.approx(energy(on_map[heard_there[::-1]]), rel=1e-5)


def test_a_stale_transfer_is_told_and_not_heard(site):
    stale = Site(site.region, note="the region's noise transfer is stale")
    found = heard(stale, scenario_of(site, []), [1], methods=Methods(), most=5)
    assert found.caveats[0] == stale.note
    assert "flat ground" in found.caveats[1]


def test_a_closed_road_is_heard_no_more(site):
    receptor = nearest_receptor(site.region.receptors, WEST + 220.0, SOUTH + 190.0)
    before, after = (heard_at(site, done, [receptor]).at[0] for done in ([], [CLOSED]))
    closed = np.flatnonzero(site.region.roads["road_id"] == "long-1")[0]
    assert closed in before.road
    assert set(before.road) - set(after.road) == {closed}


def test_a_barrier_before_one_road_screens_that_road(site):
    receptor = nearest_receptor(site.region.receptors, WEST + 220.0, SOUTH + 190.0)
    before, after = (heard_at(site, done, [receptor]).at[0] for done in ([], [BARRIER]))
    level = {
        state: dict(zip(found.road, found.levels.lden, strict=True))
        for state, found in (("before", before), ("after", after))
    }
    ids = site.region.roads["road_id"].tolist()
    change = {ids[road]: level["after"][road] - level["before"][road] for road in level["before"]}
    assert change["long-1"] < -1.0
    assert abs(change["motorway"]) < 0.1


def test_receptors_that_share_a_level_hear_the_same_roads(site):
    one, other = heard_at(site, [], [2 * COLUMNS + 2, 3 * COLUMNS + 3], most=3).at
    np.testing.assert_array_equal(one.levels.lden, other.levels.lden)
    assert one.road.size == 3
    assert (np.diff(one.levels.lden) <= 0.0).all()
    assert one.share.sum() < 1.0


def test_the_answer_tells_what_sound_met(site):
    (first, *_) = heard_at(site, [], [1]).caveats
    assert "buildings, screens, terrain and ground" in first
