"""A noise transfer in its region's folder: whole, resumable, and never stale unnoticed."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from roadside_server.computation.tiles import tiles_of
from roadside_server.computation.transfer.building import build_transfer
from roadside_server.computation.transfer.opening import flaw, open_transfer
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.computation.transfer.storage import read_manifest, read_tile
from roadside_server.errors import (
    ComputationCancelledError,
    InvalidInputError,
    RegionDamagedError,
)
from roadside_server.region.schema import Grid
from roadside_server.region.storage import load_region, write_region

from tests.flat_transfer import trace_flat
from tests.region_factory import SOUTH, WEST, no_street_links, small_region

SETTINGS = TransferSettings(reach=100.0)


def wide_region(**changes):
    """Four tiles with a few receptors each."""
    masked = np.ones((300, 300), np.bool_)
    masked[100::60, 100::60] = False
    grid = Grid(WEST - 200.0, SOUTH - 200.0, 3.0, 300, 300, masked)
    return small_region(receptors=grid, street_links=no_street_links(grid), **changes)


REGION = wide_region()
TILES = tiles_of(REGION.receptors)


def built(folder, region=REGION, settings=SETTINGS, **options):
    return build_transfer(region, folder, settings, trace_flat, **options)


def test_what_is_read_is_what_was_traced(tmp_path):
    manifest = built(tmp_path)
    assert manifest.complete
    assert read_manifest(tmp_path) == manifest
    found = [read_tile(tmp_path, tile) for tile in TILES]
    assert sum(tile.line.size for tile in found) == manifest.rows > 0
    assert sum(tile.bytes for tile in found) == manifest.bytes
    assert manifest.points == (~REGION.receptors.masked).sum() == manifest.receptors
    assert json.loads((tmp_path / "noise/transfer.json").read_text())["bytes"] == manifest.bytes


def test_building_goes_on_where_it_was_cancelled(tmp_path):
    asked = []

    def twice():
        asked.append(1)
        return len(asked) > 4

    with pytest.raises(ComputationCancelledError):
        built(tmp_path, cancelled=twice)
    assert "not finished" in open_transfer(REGION, tmp_path).note
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "noise").glob("*/line.npy")}
    assert 0 < len(kept) < len(TILES)
    shares = []
    assert built(tmp_path, progress=shares.append).complete
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    assert open_transfer(REGION, tmp_path).transfer is not None


BUILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.flat_transfer import trace_flat
from tests.server.test_transfer_storage import REGION, SETTINGS, build_transfer

def slowly(ground, tile, done):
    time.sleep(0.3)
    return trace_flat(ground, tile, done)

build_transfer(REGION, Path({folder!r}), SETTINGS, slowly)
"""


@pytest.mark.slow
def test_building_goes_on_after_a_kill(tmp_path):
    root = str(Path(__file__).parents[2])
    script = BUILD.format(root=root, folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", script], env=os.environ)
    while not list((tmp_path / "noise").glob("[0-9]*/tile.json")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "noise").glob("[0-9]*/line.npy")}
    assert 0 < len(kept) < len(TILES)
    built(tmp_path)
    assert all(path.stat().st_mtime_ns == when for path, when in kept.items())
    whole = tmp_path / "whole"
    whole.mkdir()
    built(whole)
    for tile in TILES:
        pairs = zip(read_tile(tmp_path, tile), read_tile(whole, tile), strict=True)
        assert all((a == b).all() for a, b in pairs)


def test_other_settings_replace_it(tmp_path):
    built(tmp_path)
    shorter = built(tmp_path, settings=replace(SETTINGS, reach=60.0))
    assert read_manifest(tmp_path).settings.reach == 60.0
    assert shorter.rows < built(tmp_path).rows


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("buildings", lambda r: {"buildings": r.buildings.assign(height=30.0)}),
        ("receptors", lambda _: {"receptor_height_noise": 2.0}),
        ("weather", lambda r: {"weather": replace(r.weather, ground_factor=0.2)}),
        ("roads", lambda r: {"roads": r.roads.assign(elevation=4.0)}),
    ],
)
def test_a_stale_transfer_is_named_and_not_used(tmp_path, part, change):
    built(tmp_path)
    opened = open_transfer(replace(REGION, **change(REGION)), tmp_path)
    assert opened.transfer is None
    assert f"made of other {part}:" in opened.note


def test_traffic_does_not_make_it_stale(tmp_path):
    manifest = built(tmp_path)
    busier = REGION.roads.assign(volume_light_day=900.0)
    assert flaw(replace(REGION, roads=busier), manifest) == ""


def test_a_region_written_anew_keeps_its_transfer(tmp_path):
    folder = tmp_path / "small"
    write_region(REGION, folder)
    built(folder)
    write_region(replace(REGION, year=2021), folder)
    assert open_transfer(load_region(folder), folder).transfer is not None


def test_damage_is_named(tmp_path):
    built(tmp_path)
    path = tmp_path / "noise/0-0/energy.npy"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(RegionDamagedError, match=r"noise/0-0/energy\.npy"):
        read_tile(tmp_path, TILES[0])
    path.unlink()
    with pytest.raises(RegionDamagedError, match="missing"):
        read_tile(tmp_path, TILES[0])
    (tmp_path / "noise/transfer.json").write_text("{}")
    with pytest.raises(RegionDamagedError, match=r"noise/transfer\.json"):
        open_transfer(REGION, tmp_path)


def test_settings_that_break_a_rule_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"noise.reach.*5, must be 10 to 3000"):
        built(tmp_path, settings=replace(SETTINGS, reach=5.0))
    assert not list(tmp_path.iterdir())
