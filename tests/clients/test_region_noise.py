"""`roadside region noise` on a small region: traced, resumed, and named when it is stale."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from roadside_cli.__main__ import app
from roadside_server.computation.tiles import tiles_of
from roadside_server.computation.transfer import tracing
from roadside_server.computation.transfer.storage import read_manifest, read_tile
from roadside_server.region.schema import Grid
from roadside_server.region.storage import load_region, write_region
from typer.testing import CliRunner

from tests.region_factory import SOUTH, WEST, no_street_links, small_region


def two_tiles():
    """The rural road alone, with receptors beside it in two tiles."""
    rural = small_region().roads.iloc[[3]].reset_index(drop=True)
    masked = np.ones((300, 20), np.bool_)
    masked[20::60, 5:9] = False
    grid = Grid(WEST, SOUTH, 1.5, 20, 300, masked)
    return small_region(roads=rural, receptors=grid, street_links=no_street_links(grid))


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regions") / "small"
    write_region(two_tiles(), folder)
    return folder


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path / "small")


def roadside(*arguments):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(a) for a in arguments])


def noise(folder, *options):
    return roadside("region", "noise", folder, "--reach", 100, "--order", 0, *options)


def words(done):
    """What was printed, however it was wrapped."""
    return " ".join(done.stdout.split())


def rows_of(folder):
    return [read_tile(folder, tile) for tile in tiles_of(two_tiles().receptors)]


def test_a_region_gets_a_transfer_that_is_told(folder):
    done = noise(folder, "--sources", "direction")
    assert done.exit_code == 0, done.output
    assert "roads within 100 m with a source for each direction" in words(done)
    manifest = read_manifest(folder)
    assert manifest.complete
    assert f"{manifest.points:,} points, {manifest.lines:,} lines of road" in words(done)
    told = roadside("region", "info", folder)
    assert f"{manifest.lines:,} lines of road" in words(told)


def test_progress_goes_from_nothing_to_all(folder, monkeypatch):
    shares = []
    monkeypatch.setattr(
        "rich.progress.Progress.update", lambda _self, _task, completed: shares.append(completed)
    )
    assert noise(folder).exit_code == 0
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert len(shares) > 3
    assert shares == sorted(shares)


def test_it_goes_on_where_it_was_interrupted(folder, monkeypatch):
    traced, trace = [], tracing.traced

    def once(*arguments, **options):
        if traced:
            raise KeyboardInterrupt
        traced.append(1)
        return trace(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(tracing, "traced", once)
        assert noise(folder).exit_code == 130
    assert "not finished" in words(roadside("region", "info", folder))
    (first,) = (folder / "noise").glob("[0-9]*/line.npy")
    when = first.stat().st_mtime_ns
    assert noise(folder).exit_code == 0
    assert first.stat().st_mtime_ns == when
    assert all(tile.line.size for tile in rows_of(folder))


def test_what_is_stale_is_named_and_made_anew(folder):
    assert noise(folder).exit_code == 0
    before = read_manifest(folder)
    region = load_region(folder)
    raised = replace(region, roads=region.roads.assign(elevation=4.0))
    write_region(raised, folder)
    assert "is stale, made of other roads" in words(roadside("region", "info", folder))
    assert noise(folder).exit_code == 0
    after = read_manifest(folder)
    assert after.parts["roads"] != before.parts["roads"]
    assert "stale" not in words(roadside("region", "info", folder))


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("--sources", "track", "noise.sources: 'track', must be one of road, direction, lane"),
        ("--spacing", "0", "noise.spacing: 0, must be 1 to 100"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_code_two(folder, option, value, rule):
    refused = noise(folder, option, value)
    assert refused.exit_code == 2
    assert rule in " ".join(refused.stderr.split())
    assert not (folder / "noise").exists()
