"""Runs: what arrives, what is refused, and what stops the server."""

import asyncio

import grpc
import numpy as np
import pytest
from roadside.v1.scenario_pb2 import Scenario
from roadside_client import DamagedChunkError, RoadsideClientError, connect, connect_async

SCENARIO = Scenario(region="regions/toytown")


def test_tiles_arrive_once_each_with_their_values(client):
    whole = np.full((10, 14), -999, "f4")
    for tile in client.run(SCENARIO):
        values = tile.array("no2_baseline")
        rows, columns = values.shape
        whole[8 * tile.row :, 8 * tile.column :][:rows, :columns] = values
    assert np.isnan(whole[0, 0])
    assert np.nanmin(whole) >= 15
    assert whole[3, 6] == pytest.approx(35)


def test_tiles_at_the_edge_reach_as_far_as_the_grid(client):
    shapes = {(t.row, t.column): t.array("lden_difference").shape for t in client.run(SCENARIO)}
    assert shapes == {(0, 0): (8, 8), (0, 1): (8, 6), (1, 0): (2, 8), (1, 1): (2, 6)}


def test_a_run_tells_its_name_stamp_progress_and_summary(client):
    run = client.run(SCENARIO)
    assert run.result == "results/1f0c"
    assert run.stamp["year"] == 2025
    assert len(list(run)) == 4
    assert run.progress.tiles_done == 4
    assert run.summary.caveats[0].startswith("no re-routing")


def test_an_unknown_array_is_answered_with_those_there_are(client):
    tile = next(iter(client.run(SCENARIO)))
    with pytest.raises(KeyError, match="no2_baseline, no2_difference, lden_difference"):
        tile.array("ozone")


@pytest.mark.parametrize("leave", ["break", "with", "cancel", "forget"])
def test_a_run_that_nobody_reads_any_more_is_cancelled_on_the_server(client, behaviour, leave):
    behaviour.stall = True
    run = client.run(SCENARIO)
    assert run.result  # the server has started
    if leave == "with":
        with run:
            next(iter(run))
    elif leave == "break":
        for _ in run:
            break
    elif leave == "cancel":
        run.cancel()
    else:
        run = None
    assert behaviour.cancelled.wait(5)


def test_a_damaged_chunk_is_not_passed_on(client, behaviour):
    behaviour.damaged = "no2_baseline/c/0/1"
    with pytest.raises(DamagedChunkError, match="no2_baseline/c/0/1"):
        list(client.run(SCENARIO))


def test_a_refused_scenario_names_field_and_reason(client):
    with pytest.raises(RoadsideClientError, match="must be regions/ and a name") as refused:
        list(client.run(Scenario(region="toytown")))
    error = refused.value
    assert error.status is grpc.StatusCode.INVALID_ARGUMENT
    assert error.reason == "INVALID_FIELD"
    assert [violation.field for violation in error.violations] == ["region"]


def test_a_server_that_is_not_there_is_named():
    with (
        connect("127.0.0.1:1", timeout=5) as nobody,
        pytest.raises(RoadsideClientError, match=r"server at 127\.0\.0\.1:1") as error,
    ):
        nobody.limits()
    assert error.value.status is grpc.StatusCode.UNAVAILABLE


def test_a_run_that_takes_too_long_ends_at_its_deadline(address, behaviour):
    behaviour.stall = True
    with (
        connect(address, run_timeout=0.3) as client,
        pytest.raises(RoadsideClientError, match="within the timeout"),
    ):
        list(client.run(SCENARIO))


def test_lists_are_read_page_by_page(client):
    assert len(client.roads("regions/toytown")) == 3
    assert len(client.roads("regions/toytown", street="Main street")) == 2
    assert client.regions()[0].name == "regions/toytown"
    assert client.results()[0].name == "results/1f0c"
    assert client.limits().device == "cpu"
    assert client.estimate(SCENARIO).pairs == 28


async def test_the_same_tiles_arrive_on_an_event_loop(address, client):
    async with connect_async(address) as server:
        run = server.run(SCENARIO)
        assert (await run.stamp())["year"] == 2025
        tiles = [tile async for tile in run]
    assert [t.chunks for t in tiles] == [t.chunks for t in client.run(SCENARIO)]
    assert run.summary.receptors == 140


async def test_leaving_an_async_run_cancels_it_on_the_server(address, behaviour):
    behaviour.stall = True
    async with connect_async(address) as server:
        async for _ in server.run(SCENARIO):
            break
        assert await asyncio.to_thread(behaviour.cancelled.wait, 5)


async def test_a_cancelled_async_run_raises_for_its_reader(address, behaviour):
    behaviour.stall = True
    async with connect_async(address) as server:
        run = server.run(SCENARIO)
        assert await anext(aiter(run)) is not None
        run.cancel()
        with pytest.raises(RoadsideClientError, match="cancelled"):
            await run.finish()


async def test_an_async_refusal_names_the_field(address):
    async with connect_async(address) as server:
        with pytest.raises(RoadsideClientError, match="must be regions/"):
            await server.run(Scenario(region="x")).finish()
        assert len(await server.roads("regions/toytown")) == 3
        assert (await server.limits()).device == "cpu"
        assert (await server.estimate(SCENARIO)).pairs == 28
