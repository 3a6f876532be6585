"""The client and the commands against a whole server: apart, its kernels not compiled, or here."""

from contextlib import ExitStack

import numpy as np
import pytest
import xarray as xr
from roadside.v1.scenario_pb2 import Scenario
from roadside_cli.__main__ import app
from roadside_client import (
    RoadsideClientError,
    connect,
    connect_async,
    measures,
    open_result,
    save_result,
    scenario_text,
)
from typer.testing import CliRunner

pytest.importorskip("numba", reason="the server needs numba")

from region_factory import SOUTH, WEST, small_points, small_region, small_roads, street_links
from roadside_server.region.schema import Grid
from roadside_server.region.storage import write_region
from roadside_server.serve import EmbeddedServer

# The first run compiles the kernels.
pytestmark = pytest.mark.slow

CLOSED = measures.close(measures.streets("Long street"))
CLOSURE = measures.scenario("regions/small", CLOSED, title="Long street closed")


def no2_closure(region="regions/small"):
    """The same of the quantity that takes no time without a compiler."""
    return Scenario(
        region=region, measures=[CLOSED], quantities=["QUANTITY_NO2"], title="Long street closed"
    )


@pytest.fixture(scope="module")
def server():
    """A server that computes in a process of its own, as interpreted Python."""
    points = small_points()
    grid = Grid(WEST + 190, SOUTH + 130, 10.0, 8, 6, np.zeros((6, 8), bool))
    regions = [
        small_region(name=name, receptors=found, street_links=street_links(small_roads(), found))
        for name, found in (("small", grid), ("points", points))
    ]
    with ExitStack() as ending:
        # This process goes on to compile.
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("NUMBA_DISABLE_JIT", "1")
            server = ending.enter_context(EmbeddedServer(regions, apart=True))
        yield server


@pytest.fixture(scope="module")
def client(server):
    with connect(server.address) as client:
        yield client


@pytest.fixture(scope="module")
def saved(client, tmp_path_factory):
    """The name of the closure's result and the folder it was streamed into."""
    run = client.run(no2_closure())
    folder = save_result(run, tmp_path_factory.mktemp("run") / "result.zarr")
    return run.result, folder


def test_streamed_tiles_and_the_store_of_the_server_are_the_same_bytes(client, saved, tmp_path):
    result, streamed = saved
    copied = save_result(client, tmp_path / "copy.zarr", result)
    files = {
        folder: {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }
        for folder in (streamed, copied)
    }
    assert files[streamed] == files[copied]


def test_a_remote_result_and_a_saved_one_are_the_same_dataset(client, saved):
    result, folder = saved
    remote = open_result(client, result)
    xr.testing.assert_identical(remote.load(), open_result(folder).load())
    assert remote["no2_difference"].attrs["units"] == "ug m-3"
    assert "crs_wkt" in remote.coords["spatial_ref"].attrs


def test_a_closure_says_no_rerouting_in_its_stamp_and_lowers_no2(saved):
    dataset = open_result(saved[1])
    assert dataset.attrs["stamp"]["caveats"][0].startswith("no re-routing")
    assert_lower(dataset["no2_difference"].values)


def assert_lower(difference):
    assert np.nanmin(difference) < -0.1
    assert np.nanmax(difference) <= 0.01


def test_free_points_bring_their_places_and_names(client):
    closure = no2_closure("regions/points")
    run = client.run(closure)
    tile = next(iter(run))
    assert sorted(tile.array("label")) == ["canyon", "field", "motorway"]
    dataset = open_result(client, client.run(closure).finish().result)
    lowest = int(np.argmin(dataset["no2_difference"].values))
    assert str(dataset["label"][lowest].item()) == "canyon"


async def test_tiles_arrive_on_an_event_loop_too(server):
    async with connect_async(server.address) as client:
        names = [tile.names async for tile in client.run(no2_closure())]
    assert "no2_difference" in names[0]


def test_an_unknown_street_is_a_violation_of_its_field(client):
    nowhere = measures.scenario("regions/small", measures.close(measures.streets("Nowhere")))
    with pytest.raises(RoadsideClientError, match="Nowhere") as refused:
        client.run(nowhere).finish()
    assert refused.value.reason == "INVALID_FIELD"
    assert refused.value.violations[0].field.startswith("scenario.measures[0]")


def test_a_removed_result_is_not_found(client):
    with pytest.raises(RoadsideClientError) as missing:
        open_result(client, "results/" + "0" * 32)
    assert missing.value.reason == "NOT_FOUND"


def test_a_scenario_is_run_saved_and_drawn_without_a_server(tmp_path):
    pytest.importorskip("matplotlib")
    write_region(small_region(), tmp_path / "small")
    scenario = tmp_path / "closure.yaml"
    scenario.write_text(scenario_text(CLOSURE))
    out, plot = tmp_path / "closure.zarr", tmp_path / "closure.png"
    arguments = ["run", scenario, "--region", tmp_path / "small", "--out", out, "--plot", plot]
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    assert "no re-routing" in done.stdout
    dataset = open_result(out)
    assert dataset.attrs["title"] == "Long street closed"
    for quantity in ("no2", "lden"):
        assert_lower(dataset[f"{quantity}_difference"].values)
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_roads_heard_at_a_place_are_listed_with_their_caveats(server, tmp_path):
    scenario = tmp_path / "closure.yaml"
    scenario.write_text(scenario_text(CLOSURE))
    arguments = ["heard", scenario, "--at", WEST + 200, SOUTH + 160, "--server", server.address]
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    assert "motorway" in done.stdout
    assert "Long street" not in done.stdout
    assert "flat ground without obstacles" in done.stdout


def test_health_tells_a_server_from_none(server):
    found = CliRunner().invoke(app, ["health", "--server", server.address])
    assert (found.exit_code, "SERVING" in found.output) == (0, True)
    assert CliRunner().invoke(app, ["health", "--server", "127.0.0.1:1"]).exit_code == 1


def test_the_factor_set_and_the_noise_edition_are_in_the_stamp(tmp_path):
    with (
        EmbeddedServer([small_region()], factors="flanders-carvl3", cnossos_edition="2015") as own,
        connect(own.address) as client,
    ):
        stamp = open_result(save_result(client.run(CLOSURE), tmp_path / "r.zarr")).attrs["stamp"]
    assert "flanders-carvl3" in str(stamp)
    assert "edition 2015" in str(stamp)
