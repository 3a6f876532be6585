"""Tiles cover every receptor exactly once, nearest to the view first, neighbours together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_kernels.arrays import BLOCK
from roadside_server.computation.tiles import (
    POINTS_TILE,
    TILE,
    View,
    order_by_view,
    receptors_of,
    strips_of,
    tiles_of,
)
from roadside_server.region.schema import Grid, Points


def grid(columns, rows, masked=None):
    if masked is None:
        masked = np.zeros((rows, columns), bool)
    return Grid(1000.0, 2000.0, 10.0, columns, rows, masked)


def points(number, seed=1):
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(0, 1e4, (2, number))
    return Points(x, y, np.full(number, ""))


@given(st.integers(1, 600), st.integers(1, 300), st.integers(0, 2**31))
def test_tiles_cover_every_unmasked_receptor_exactly_once(columns, rows, seed):
    masked = np.random.default_rng(seed).random((rows, columns)) < 0.3
    area = grid(columns, rows, masked)
    found = [receptors_of(tile, area).receptor for tile in tiles_of(area)]
    assert np.array_equal(np.sort(np.concatenate(found)), np.flatnonzero(~masked))


def test_points_are_covered_exactly_once():
    free = points(2 * POINTS_TILE + 5)
    tiles = tiles_of(free)
    found = np.concatenate([receptors_of(tile, free).receptor for tile in tiles])
    assert np.array_equal(found, np.arange(free.size))
    assert [tile.chunk for tile in tiles] == [(0,), (1,), (2,)]


def test_a_cell_lies_where_its_receptor_is():
    area = grid(300, 280)
    tile = tiles_of(area)[3]
    receptors = receptors_of(tile, area)
    row, column = np.divmod(receptors.cell, tile.shape[1])
    assert tile.shape == (280 - TILE, 300 - TILE)
    assert np.array_equal(receptors.local.x, (column * 10).astype(np.float32))
    assert np.array_equal(receptors.receptor, (row + TILE) * 300 + column + TILE)
    assert tile.box == View(1000 + 2560, 2000 + 2560, 1000 + 2990, 2000 + 2790)


def test_receptors_computed_together_are_neighbours():
    receptors = receptors_of(tiles_of(grid(TILE, TILE))[0], grid(TILE, TILE))
    blocks = np.array(receptors.local).reshape(2, -1, BLOCK)
    assert np.ptp(blocks, axis=2).max() == 150.0  # 16 receptors, 10 m apart


def test_strips_are_the_receptors_in_order():
    area = grid(100, 90)
    tile = tiles_of(area)[0]
    receptors = receptors_of(tile, area)
    strips = list(strips_of(tile, receptors, 4 * BLOCK))
    together = np.concatenate([strip.receptors.cell for strip in strips])
    assert np.array_equal(together, receptors.cell)
    for strip in strips:
        x, y = strip.places
        assert (x.min(), y.min(), x.max(), y.max()) == strip.box


def test_receptors_are_single_precision_metres_from_their_tile():
    far = Grid(6e6, 7e6, 10.0, 300, 10, np.zeros((10, 300), bool))
    local = receptors_of(tiles_of(far)[1], far).local
    assert local.x.dtype == np.float32
    assert local.x.flags.c_contiguous
    assert local.x.min() == 0.0


def test_tiles_in_view_come_first_and_the_nearest_of_them_at_once():
    area = grid(TILE * 5, TILE * 5)
    tiles = tiles_of(area)
    east = View(1000 + 4.6 * 2560, 2000 + 2.4 * 2560, 1000 + 4.9 * 2560, 2000 + 3.2 * 2560)
    ordered = order_by_view(tiles, east)
    assert {tile.chunk for tile in ordered[:2]} == {(2, 4), (3, 4)}
    assert sorted(tile.chunk for tile in ordered) == [tile.chunk for tile in tiles]


def test_without_a_view_tiles_come_from_the_centre_outwards():
    tiles = order_by_view(tiles_of(grid(TILE * 3, TILE * 3)), None)
    assert tiles[0].chunk == (1, 1)
    assert {tile.chunk for tile in tiles[-4:]} == {(0, 0), (0, 2), (2, 0), (2, 2)}


@pytest.mark.parametrize("receptors", [grid(1, 1), points(1)])
def test_one_receptor_makes_one_tile(receptors):
    (tile,) = tiles_of(receptors)
    assert receptors_of(tile, receptors).receptor.size == 1
