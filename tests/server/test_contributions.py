"""Which roads are heard at a place: what each of them sends there on its own."""

import grpc
import numpy as np
import pytest
from roadside.v1 import scenario_pb2
from roadside.v1 import scenario_service_pb2 as messages
from roadside_server.computation.contributions import heard, nearest_receptor, place_of
from roadside_server.computation.job import prepare
from roadside_server.computation.methods import Methods
from roadside_server.computation.site import Site
from roadside_server.scenario.reading import read_scenario
from roadside_server.serve import EmbeddedServer
from service_calls import PATIENCE, Calls

from tests.region_factory import SOUTH, SPACING, WEST, small_region
from tests.scenario_factory import scenario_message

REGION = small_region()
PLACE = (WEST + 200.0, SOUTH + 100.0)


def found_at(most=10):
    scenario = read_scenario(scenario_message(), REGION)
    receptor = nearest_receptor(REGION.receptors, *PLACE)
    found = heard(Site(REGION), scenario, [receptor], methods=Methods(), most=most)
    assert any("flat ground" in caveat for caveat in found.caveats)
    return found.at[0]


def energy(level):
    return 10.0 ** (np.asarray(level, float) / 10.0)


def test_contributions_add_up_to_the_level_of_all_roads():
    found = found_at()
    assert energy(found.levels.lden).sum() == pytest.approx(energy(found.together.lden[0]), 1e-5)
    assert found.share.sum() == pytest.approx(1.0, abs=1e-5)
    assert (np.diff(found.levels.lden) <= 0).all()


def test_the_level_of_all_roads_is_that_of_the_map():
    job = prepare(REGION, read_scenario(scenario_message(quantities=["QUANTITY_LDEN"]), REGION))
    (tile,) = job.results()
    row, column = (round((PLACE[i] - corner) / SPACING) for i, corner in ((1, SOUTH), (0, WEST)))
    on_map = tile.values["lden_baseline"][row, column]
    # On a map, roads are cut by the nearest receptor of a block: into shorter pieces.
    assert found_at().together.lden[0] == pytest.approx(on_map, abs=0.05)


def test_those_left_out_still_count_for_the_level_of_all():
    few, many = found_at(most=2), found_at()
    assert few.road.size == 2
    assert few.together.lden[0] == many.together.lden[0]


def test_the_nearest_receptor_is_outside_buildings():
    masked = np.zeros((50, 60), bool)
    masked[:, :30] = True
    grid = REGION.receptors
    beside = type(grid)(grid.west, grid.south, grid.spacing, grid.columns, grid.rows, masked)
    x, y = place_of(beside, nearest_receptor(beside, grid.west, grid.south))
    assert (x, y) == (grid.west + 30 * grid.spacing, grid.south)


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    with EmbeddedServer([REGION], tmp_path_factory.mktemp("results")) as server:
        calls = Calls(server.address)
        with calls.channel:
            yield calls


def asked(*measures, points=(PLACE,), **fields):
    scenario = scenario_message(*measures)
    places = [scenario_pb2.Point(x=x, y=y) for x, y in points]
    return messages.ListContributionsRequest(scenario=scenario, points=places, **fields)


def test_a_closed_road_is_heard_no_more(calls):
    before = calls.scenarios.ListContributions(asked(), timeout=PATIENCE).receptors[0]
    close = {"roads": {"ids": {"ids": ["long-1"]}}, "close": {}}
    after = calls.scenarios.ListContributions(asked(close), timeout=PATIENCE).receptors[0]
    assert "long-1" in {road.road_id for road in before.roads}
    assert "long-1" not in {road.road_id for road in after.roads}
    assert after.lden < before.lden


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("points", asked(points=())),
        ("points[0].x", asked(points=((np.nan, 0.0),))),
        ("max_roads", asked(max_roads=2000)),
    ],
)
def test_a_wrong_request_names_its_field(calls, field, wrong):
    with pytest.raises(grpc.RpcError) as refused:
        calls.scenarios.ListContributions(wrong, timeout=PATIENCE)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in refused.value.details()
