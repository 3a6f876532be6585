"""The client and the commands against a whole server in this process."""

import numpy as np
import pytest
import xarray as xr
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

from region_factory import small_points, small_region, street_links
from roadside_server.region.storage import write_region
from roadside_server.serve import EmbeddedServer

# The first run compiles the kernels.
pytestmark = pytest.mark.slow

CLOSURE = measures.scenario(
    "regions/small", measures.close(measures.streets("Long street")), title="Long street closed"
)


@pytest.fixture(scope="module")
def server():
    region = small_region()
    points = small_points()
    links = street_links(region.roads, points)
    at_points = small_region(name="points", receptors=points, street_links=links)
    with EmbeddedServer([region, at_points]) as server:
        yield server


@pytest.fixture(scope="module")
def client(server):
    with connect(server.address) as client:
        yield client


@pytest.fixture(scope="module")
def saved(client, tmp_path_factory):
    """The name of the closure's result and the folder it was streamed into."""
    run = client.run(CLOSURE)
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


def test_a_closure_says_no_rerouting_in_its_stamp_and_lowers_no2_and_lden(saved):
    dataset = open_result(saved[1])
    assert dataset.attrs["stamp"]["caveats"][0].startswith("no re-routing")
    for quantity in ("no2", "lden"):
        difference = dataset[f"{quantity}_difference"].values
        assert np.nanmin(difference) < -0.1
        assert np.nanmax(difference) <= 0.01


def test_free_points_bring_their_places_and_names(client):
    closure = measures.scenario("regions/points", *CLOSURE.measures)
    run = client.run(closure)
    tile = next(iter(run))
    assert sorted(tile.array("label")) == ["canyon", "field", "motorway"]
    dataset = open_result(client, client.run(closure).finish().result)
    lowest = int(np.argmin(dataset["no2_difference"].values))
    assert str(dataset["label"][lowest].item()) == "canyon"


async def test_tiles_arrive_on_an_event_loop_too(server):
    async with connect_async(server.address) as client:
        names = [tile.names async for tile in client.run(CLOSURE)]
    assert "no2_difference" in names[0]
    assert "lden_difference" in names[0]


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
    assert open_result(out).attrs["title"] == "Long street closed"
    assert plot.read_bytes().startswith(b"\x89PNG")


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
