"""Barriers and buildings between roads and people, over gRPC, in a region with a transfer."""

import numpy as np
import pytest
from region_factory import SOUTH, WEST, no_street_links, small_region
from roadside_client import connect, measures
from roadside_server.computation.transfer.building import build_transfer
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.computation.transfer.tracing import tracer
from roadside_server.region.schema import Points
from roadside_server.region.storage import load_region, write_region
from roadside_server.serve import EmbeddedServer

#: East and west of the rural road (x = 30), at its end, far from it, and where a tower will stand.
PLACES = [(60, 250), (10, 250), (60, 30), (400, 250), (205, 255)]
BEHIND, BEFORE, BESIDE, FAR, INSIDE = range(len(PLACES))
#: A barrier between the road and what lies east of it.
LINE = [(40, 150), (40, 350)]
TOWER = [(200, 235), (210, 235), (210, 265), (200, 265)]


def points():
    x, y = np.array(PLACES, float).T
    return Points(WEST + x, SOUTH + y, np.array(["behind", "before", "beside", "far", "inside"]))


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regions") / "small"
    rural = small_region().roads.iloc[[3]].reset_index(drop=True)
    receptors = points()
    region = small_region(roads=rural, receptors=receptors, street_links=no_street_links(receptors))
    write_region(region, folder)
    written = load_region(folder)
    build_transfer(written, folder, TransferSettings(reach=500.0), tracer(written))
    with EmbeddedServer([folder]) as server:
        yield connect(server.address)


def here(places):
    return [(WEST + x, SOUTH + y) for x, y in places]


def lden(client, *changes, output="difference"):
    scenario = measures.scenario("regions/small", *changes)
    scenario.quantities.append(measures.messages.QUANTITY_LDEN)
    scenario.outputs.extend(measures.messages.Output.values()[1:])
    (tile,) = client.run(scenario)
    return tile.array(f"lden_{output}").ravel()[: len(PLACES)]


def test_a_barrier_makes_it_quieter_behind_and_no_quieter_before_it(client):
    change = lden(client, measures.add_barrier(here(LINE), 4, crs=""))
    assert change[BEHIND] < -5.0
    assert change[BEFORE] >= 0.0  # it reflects
    assert abs(change[BESIDE]) < 1.0


def test_a_higher_barrier_makes_it_quieter_still_and_an_absorbing_one_reflects_less(client):
    low, high = (
        lden(client, measures.add_barrier(here(LINE), height, crs="")) for height in (2, 6)
    )
    assert high[BEHIND] < low[BEHIND] < 0.0
    soft = lden(client, measures.add_barrier(here(LINE), 6, absorption=0.9, crs=""))
    assert soft[BEFORE] < high[BEFORE]


def test_a_building_screens_what_lies_behind_it_and_silences_its_inside(client):
    change = lden(client, measures.add_building(here(TOWER), 30, crs=""))
    assert np.isnan(change[INSIDE])
    assert change[FAR] < 0.0
    assert change[BEFORE] == 0.0


def test_an_undone_building_leaves_every_bit(client):
    barrier = measures.add_barrier(here(LINE), 4, crs="")
    undone = (
        measures.add_building(here(TOWER), 30, crs=""),
        measures.remove_buildings(*here([(205, 255)]), crs=""),
    )
    for output in ("baseline", "scenario", "difference"):
        np.testing.assert_array_equal(
            lden(client, *undone, barrier, output=output), lden(client, barrier, output=output)
        )
    assert not np.nan_to_num(lden(client, *undone)).any()


def test_removing_a_building_is_heard_behind_it(client):
    farm = (85, 355)
    change = lden(client, measures.remove_buildings(*here([farm]), crs=""))
    assert np.nanmin(change) >= 0.0


def test_traffic_and_barriers_act_together(client):
    barrier = measures.add_barrier(here(LINE), 4, crs="")
    slower = measures.set_speed(None, 30)
    both, *apart = (lden(client, *done) for done in ((slower, barrier), (slower,), (barrier,)))
    # Bands are screened unlike, and change unlike with speed.
    assert both[:INSIDE] == pytest.approx(sum(apart)[:INSIDE], abs=1.0)
