"""Results on disk: absent or whole, within a budget, never a path out of their folder."""

import errno
import json
from pathlib import Path

import numpy as np
import pytest
import zarr
from roadside_server.errors import (
    InvalidInputError,
    NotFoundError,
    ResultDamagedError,
    TooLargeError,
)
from roadside_server.results.store import ByteRange, ResultStore, check_key, result_identifier

ROOT = b'{"zarr_format": 3, "node_type": "group", "attributes": {}}'
CHUNK = bytes(range(100))


@pytest.fixture
def store(tmp_path):
    store = ResultStore(tmp_path, budget=1000)
    yield store
    store.close()


def written(store, size=100, title=""):
    """A finished result with one chunk."""
    writer = store.begin("small", title, expected=size)
    writer.write("no2/c/0/0", bytes(size))
    writer.finish(ROOT)
    writer.close()
    return result_identifier(writer.name)


def test_a_result_appears_when_it_is_finished(store):
    writer = store.begin("small", "Close the bridge", expected=100)
    writer.write("no2/c/0/0", CHUNK)
    assert store.results() == ()
    writer.finish(ROOT)
    (result,) = store.results()
    assert (result.region, result.title, result.size) == ("small", "Close the bridge", 158)
    assert store.keys(result.identifier) == ["no2/c/0/0", "zarr.json"]


def test_an_unfinished_result_cannot_be_read(store):
    writer = store.begin("small", "", expected=100)
    writer.write("no2/c/0/0", CHUNK)
    with pytest.raises(NotFoundError):
        store.read(result_identifier(writer.name), "no2/c/0/0")


def test_its_own_stream_reads_an_unfinished_result(store):
    writer = store.begin("small", "", expected=100)
    writer.write("no2/c/0/0", CHUNK)
    assert writer.read("no2/c/0/0") == CHUNK


def test_a_discarded_result_leaves_nothing(store):
    writer = store.begin("small", "", expected=100)
    writer.write("no2/c/0/0", CHUNK)
    writer.discard()
    assert [path.name for path in store.folder.iterdir()] == [".lock"]


def test_discarding_does_not_remove_a_finished_result(store):
    identifier = written(store)
    assert store.keys(identifier)


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        (ByteRange(), CHUNK),
        (ByteRange(offset=10, length=5), CHUNK[10:15]),
        (ByteRange(offset=90), CHUNK[90:]),
        (ByteRange(offset=90, length=50), CHUNK[90:]),
        (ByteRange(suffix=4), CHUNK[-4:]),
        (ByteRange(suffix=400), CHUNK),
    ],
)
def test_a_range_gives_the_bytes_of_that_range(store, span, expected):
    writer = store.begin("small", "", expected=100)
    writer.write("no2/c/0/0", CHUNK)
    writer.finish(ROOT)
    assert store.read(result_identifier(writer.name), "no2/c/0/0", span) == expected


@pytest.mark.parametrize("span", [ByteRange(offset=101), ByteRange(offset=1, suffix=1)])
def test_a_range_outside_a_value_is_refused(store, span):
    identifier = written(store)
    with pytest.raises(InvalidInputError, match="range"):
        store.read(identifier, "no2/c/0/0", span)


def test_the_oldest_result_makes_room(store):
    first, second, third = (written(store, 300) for _ in range(3))
    assert [result.identifier for result in store.results()] == [third, second]
    with pytest.raises(NotFoundError):
        store.read(first, "zarr.json")
    assert not (store.folder / first).exists()


def test_a_result_that_is_read_does_not_make_room(store):
    first, second = written(store, 300), written(store, 300)
    with store.held(first):
        third = written(store, 300)
    assert [result.identifier for result in store.results()] == [third, first]
    assert second


def test_more_than_the_budget_is_refused(store):
    with pytest.raises(TooLargeError):
        store.begin("small", "", expected=1001)


def test_the_budget_holds_when_every_result_is_in_use(store):
    writer = store.begin("small", "", expected=900)
    writer.write("no2/c/0/0", bytes(900))
    with pytest.raises(TooLargeError):
        store.begin("small", "", expected=200).write("no2/c/0/0", bytes(200))


def test_a_full_disk_is_a_limit_not_an_accident(store, monkeypatch):
    writer = store.begin("small", "", expected=100)

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TooLargeError, match="space"):
        writer.write("no2/c/0/0", CHUNK)
    monkeypatch.undo()
    writer.discard()
    assert written(store)


def test_discarding_gives_the_room_back(store):
    writer = store.begin("small", "", expected=900)
    writer.write("no2/c/0/0", bytes(900))
    writer.discard()
    assert written(store, 900)


def test_finished_results_survive_a_restart_and_others_do_not(tmp_path):
    before = ResultStore(tmp_path, budget=1000)
    finished = written(before, title="kept")
    before.begin("small", "", expected=100).write("no2/c/0/0", CHUNK)
    (tmp_path / "notes").mkdir()
    before.close()
    after = ResultStore(tmp_path, budget=1000)
    assert [(r.identifier, r.title) for r in after.results()] == [(finished, "kept")]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([finished, ".lock", "notes"])
    after.close()


def test_a_folder_belongs_to_one_server(store):
    with pytest.raises(InvalidInputError, match="in use"):
        ResultStore(store.folder, budget=1000)


def test_a_flipped_bit_is_noticed(store):
    identifier = written(store)
    (store.folder / identifier / "no2/c/0/0").write_bytes(bytes(99) + b"\x01")
    with pytest.raises(ResultDamagedError):
        store.read(identifier, "no2/c/0/0")


@pytest.mark.parametrize("damage", [b"", None], ids=["truncated", "removed"])
def test_a_lost_chunk_is_not_taken_for_fill_values(store, damage):
    identifier = written(store)
    path = store.folder / identifier / "no2/c/0/0"
    path.unlink() if damage is None else path.write_bytes(damage)
    with pytest.raises(ResultDamagedError):
        store.read(identifier, "no2/c/0/0")


@pytest.mark.parametrize(
    "key",
    ["", "/", "../secret", "no2/../../secret", "/etc/passwd", "a//b", "a\x00b", "é", "a" * 300],
)
def test_what_cannot_be_a_key_is_refused(key):
    with pytest.raises(InvalidInputError, match="key"):
        check_key(key)


@pytest.mark.parametrize("name", ["", "results/", "results/..", "regions/" + "0" * 32, "0" * 32])
def test_what_cannot_be_a_result_is_refused(name):
    with pytest.raises(InvalidInputError, match="result"):
        result_identifier(name)


def test_any_zarr_reader_opens_the_folder(tmp_path):
    store = ResultStore(tmp_path, budget=10_000)
    values, buffers = np.arange(6, dtype="float32"), {}
    array = zarr.create_array(zarr.storage.MemoryStore(buffers), data=values, name="no2")
    writer = store.begin("small", "", expected=100)
    for key in (key for key in buffers if key.startswith("no2")):
        writer.write(key, buffers[key].to_bytes())
    writer.finish(json.dumps(json.loads(ROOT)).encode())
    group = zarr.open_group(tmp_path / result_identifier(writer.name), mode="r")
    np.testing.assert_array_equal(group["no2"][:], array[:])
    store.close()
