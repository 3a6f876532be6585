"""Barriers and buildings as a client meets them, over gRPC."""

import numpy as np
import pytest
from region_factory import SOUTH, WEST, small_region
from roadside_client import RoadsideClientError, connect, measures
from roadside_server.serve import EmbeddedServer

#: Beside the rural road, whose line is x = 30; out of reach of its edge.
BESIDE, AWAY = [(20, 50), (20, 350)], [(120, 200), (120, 350)]


@pytest.fixture(scope="module")
def client():
    with EmbeddedServer([small_region()]) as server:
        yield connect(server.address)


def barrier(points, height=4.0):
    """In metres from the region's corner."""
    return measures.add_barrier([(WEST + x, SOUTH + y) for x, y in points], height, crs="")


def asked(*changes, quantities=("QUANTITY_NOX",), outputs=()):
    scenario = measures.scenario("regions/small", *changes)
    scenario.quantities.extend(measures.messages.Quantity.Value(name) for name in quantities)
    scenario.outputs.extend(measures.messages.Output.Value(name) for name in outputs)
    return scenario


def arrays(client, *changes, **fields):
    (tile,) = client.run(asked(*changes, **fields))
    return {name: tile.array(name) for name in tile.names}


def test_a_barrier_beside_an_open_road_lowers_what_its_exhaust_adds(client):
    difference = arrays(client, barrier(BESIDE))["nox_difference"]
    assert np.nanmax(difference) <= 1e-4  # cutting the road anew: rounding
    nearest = difference[20, 4]  # at (40, 200)
    assert nearest < -0.1
    assert abs(difference[20, 50]) < -nearest / 10


def test_a_barrier_beside_no_road_leaves_all_tiles_unchanged(client):
    run = client.run(asked(barrier(AWAY)))
    (tile,) = run
    assert tile.unchanged
    assert list(run.metadata.unchanged) == [0]
    assert not np.nan_to_num(tile.array("nox_difference")).any()


def test_a_building_that_is_removed_again_is_the_scenario_without_it(client):
    ring = [(WEST + x, SOUTH + y) for x, y in ((300, 300), (320, 300), (320, 320))]
    undone = (
        measures.add_building(ring, 12, crs=""),
        measures.remove_buildings((WEST + 315, SOUTH + 310), crs=""),
    )
    every = ("OUTPUT_BASELINE", "OUTPUT_SCENARIO", "OUTPUT_DIFFERENCE")
    with_it, without = (
        client.run(asked(*changes, barrier(BESIDE), outputs=every)) for changes in (undone, ())
    )
    for one, other in zip(with_it, without, strict=True):
        assert one.chunks == other.chunks
    hashes = {run.stamp["scenario"]["content_hash"] for run in (with_it, without)}
    assert len(hashes) == 1


def test_what_no_sound_meets_is_refused_if_only_sound_is_asked(client):
    with pytest.raises(RoadsideClientError) as refused:
        client.run(asked(barrier(BESIDE), quantities=["QUANTITY_LDEN"])).finish()
    assert (refused.value.status.name, refused.value.reason) == (
        "FAILED_PRECONDITION",
        "REGION_INCOMPLETE",
    )


def test_the_caveats_say_what_barriers_and_buildings_do_not_do(client):
    gone = measures.remove_buildings((WEST + 65, SOUTH + 170), crs="")
    both = ["QUANTITY_NOX", "QUANTITY_LDEN"]
    caveats = client.run(asked(barrier(BESIDE), gone, quantities=both)).finish().caveats
    for words in ("change no level", "widen its plume", "change nothing", "no receptors"):
        assert any(words in caveat for caveat in caveats), words
