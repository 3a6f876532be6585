"""Results: opened over gRPC, read in parts, saved byte for byte."""

import pickle

import numpy as np
import pytest
import xarray as xr
from roadside.v1.scenario_pb2 import Scenario
from roadside_client import ResultStoreOverGrpc, RoadsideClientError, open_result, save_result
from roadside_client.results import ResultFolder
from zarr.abc.store import OffsetByteRequest, RangeByteRequest, SuffixByteRequest
from zarr.core.buffer import default_buffer_prototype

RESULT = "results/1f0c"
SCENARIO = Scenario(region="regions/toytown")


def files(folder):
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def chunks_read(behaviour):
    return [r.key for r in behaviour.requests if "/c/" in getattr(r, "key", "")]


def test_a_result_opens_as_a_dataset_with_units_and_grid_mapping(client, address):
    for source in (client, address):
        dataset = open_result(source, RESULT)
        assert dataset["no2_baseline"].attrs["units"] == "ug m-3"
        assert dataset.coords["spatial_ref"].attrs["grid_mapping_name"] == "transverse_mercator"
        assert dataset.attrs["stamp"]["year"] == 2025
        assert float(dataset["no2_baseline"].max()) == pytest.approx(35)


def test_only_the_chunks_that_are_used_are_read(client, behaviour):
    dataset = open_result(client, RESULT)
    behaviour.requests.clear()
    dataset["no2_baseline"][:4, :4].load()
    assert chunks_read(behaviour) == ["no2_baseline/c/0/0"]


def test_chunks_that_the_store_does_not_have_cost_no_call(client, behaviour):
    del behaviour.values["no2_difference/c/1/1"]
    corner = open_result(client, RESULT)["no2_difference"][8:, 8:].load()
    assert np.isnan(corner).all()
    assert "no2_difference/c/1/1" not in chunks_read(behaviour)


def test_a_chunk_that_vanished_from_the_server_is_an_error_not_a_gap(client, behaviour):
    dataset = open_result(client, RESULT)
    behaviour.missing = {"no2_baseline/c/0/0"}
    with pytest.raises(RoadsideClientError, match="is not there"):
        dataset["no2_baseline"].load()


def test_an_unknown_result_is_named(client):
    with pytest.raises(RoadsideClientError, match="results/none"):
        open_result(client, "results/none")


async def test_a_result_opens_inside_a_running_event_loop(client):
    assert open_result(client, RESULT)["lden_difference"].load().shape == (10, 14)


async def test_parts_of_a_value_are_read(client, written_values):
    store, prototype = ResultStoreOverGrpc(client.connection, RESULT), default_buffer_prototype()
    key = "no2_baseline/c/0/0"
    value = written_values[key]
    parts = {
        RangeByteRequest(2, 9): value[2:9],
        OffsetByteRequest(5): value[5:],
        SuffixByteRequest(4): value[-4:],
        RangeByteRequest(3, 3): b"",
        None: value,
    }
    found = await store.get_partial_values(prototype, [(key, part) for part in parts])
    assert [part.to_bytes() for part in found] == list(parts.values())
    assert await store.get("no2_baseline/c/9/9", prototype) is None


async def test_the_store_lists_what_lies_in_it(client, written_values):
    store = ResultStoreOverGrpc(client.connection, RESULT)
    assert [key async for key in store.list()] == sorted(written_values)
    assert "no2_baseline" in [name async for name in store.list_dir("")]
    assert [name async for name in store.list_dir("no2_baseline")] == ["c", "zarr.json"]
    assert [key async for key in store.list_prefix("x/c")] == ["x/c/0"]
    assert await store.exists("zarr.json")


async def test_nothing_can_be_written(client):
    store = ResultStoreOverGrpc(client.connection, RESULT)
    value = default_buffer_prototype().buffer.from_bytes(b"x")
    with pytest.raises(ValueError, match="read-only"):
        await store.set("zarr.json", value)
    with pytest.raises(ValueError, match="read-only"):
        await store.delete("zarr.json")


def test_the_store_and_its_dataset_can_be_pickled(client):
    store = ResultStoreOverGrpc(client.connection, RESULT)
    assert pickle.loads(pickle.dumps(store)) == store
    dataset = open_result(client, RESULT)
    xr.testing.assert_identical(pickle.loads(pickle.dumps(dataset)).load(), dataset.load())


def test_a_closed_dataset_can_still_be_read(client):
    with open_result(client, RESULT) as dataset:
        dataset["no2_baseline"].load()
    assert dataset["no2_difference"].load().shape == (10, 14)


def test_saving_a_run_writes_the_very_bytes_of_the_store(client, written_values, tmp_path):
    run = client.run(SCENARIO)
    folder = save_result(run, tmp_path / "result.zarr")
    assert files(folder) == written_values
    assert run.summary.receptors == 140


def test_saving_a_result_of_the_server_writes_the_same_bytes(client, written_values, tmp_path):
    assert files(save_result(client, tmp_path / "a.zarr", RESULT)) == written_values
    xr.testing.assert_identical(
        open_result(tmp_path / "a.zarr").load(), open_result(client, RESULT).load()
    )


def test_a_folder_that_is_there_is_only_overwritten_on_request(client, tmp_path):
    path = tmp_path / "result.zarr"
    save_result(client, path, RESULT)
    (path / "old").write_text("of an earlier result")
    with pytest.raises(FileExistsError, match="exists"):
        save_result(client, path, RESULT)
    save_result(client, path, RESULT, overwrite=True)
    assert not (path / "old").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["result.zarr"]


def test_a_run_that_ends_early_leaves_nothing_behind(client, behaviour, tmp_path):
    behaviour.tiles_sent = 2
    with pytest.raises(RoadsideClientError, match="2 tiles too early"):
        save_result(client.run(SCENARIO), tmp_path / "result.zarr")
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_lost_values_is_not_saved(client, behaviour, tmp_path):
    behaviour.missing = {"lden_difference/c/0/0"}
    with pytest.raises(RoadsideClientError, match="no longer on the server"):
        save_result(client, tmp_path / "result.zarr", RESULT)
    assert list(tmp_path.iterdir()) == []


def test_a_key_cannot_leave_the_folder(tmp_path):
    with (
        pytest.raises(RoadsideClientError, match="not a key"),
        ResultFolder(tmp_path / "result.zarr") as folder,
    ):
        folder.write_value("../elsewhere", b"x")
    assert list(tmp_path.iterdir()) == []
