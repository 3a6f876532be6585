"""Squares of the grid (or runs of free points): the unit of computing, storing and sending.

Here float64 and national coordinates end: a tile's receptors are float32 metres from its own
south-west corner, in an order in which neighbours in place are neighbours in the arrays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32, Int64, Receptors

from roadside_server.region.schema import Float64, Grid, Points

#: Receptors along the side of a tile; a power of two, so that a space-filling curve fits.
TILE = 256
#: Free points in a tile.
POINTS_TILE = TILE * TILE


class View(NamedTuple):
    """What a client shows (m, the region's CRS)."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Tile:
    """One chunk of every result array."""

    row: int  # 0 is the south; the number of the run for free points
    column: int
    shape: tuple[int, ...]  # receptors: (rows, columns), or (points,)
    box: View  # of its receptors

    @property
    def chunk(self) -> tuple[int, ...]:
        """Place among the chunks of an array."""
        return (self.row, self.column)[: len(self.shape)]

    @property
    def start(self) -> tuple[int, ...]:
        """Index of its first receptor in the arrays."""
        size = TILE if len(self.shape) > 1 else POINTS_TILE
        return tuple(size * number for number in self.chunk)


class TileReceptors(NamedTuple):
    """The receptors of a tile that are computed: masked ones are left out."""

    local: Receptors  # m from the south-west corner of the tile's box
    cell: Int64  # place in the flattened tile
    receptor: Int64  # number in the region


class Strip(NamedTuple):
    """Some receptors of a tile that are computed together."""

    tile: Tile
    receptors: TileReceptors
    box: View  # of these receptors

    @property
    def places(self) -> tuple[Float64, Float64]:
        """Coordinates (m, the region's CRS)."""
        local, corner = self.receptors.local, self.tile.box
        x, y = corner.west + local.x.astype(np.float64), corner.south + local.y.astype(np.float64)
        return x, y


def strips_of(tile: Tile, receptors: TileReceptors, size: int) -> Iterator[Strip]:
    """The receptors of a tile, so many at a time."""
    for first in range(0, receptors.cell.size, size):
        yield _strip(tile, receptors, slice(first, first + size))


def some_of(strip: Strip, rows: NDArray[np.intp]) -> Strip:
    """Some receptors of a strip."""
    return _strip(strip.tile, strip.receptors, rows)


def tiles_of(receptors: Grid | Points) -> tuple[Tile, ...]:
    """All tiles, row by row from the south-west."""
    if isinstance(receptors, Points):
        starts = range(0, receptors.size, POINTS_TILE)
        return tuple(_points_tile(receptors, start) for start in starts)
    rows = range(0, receptors.rows, TILE)
    columns = range(0, receptors.columns, TILE)
    return tuple(_grid_tile(receptors, row, column) for row in rows for column in columns)


def order_by_view(
    tiles: tuple[Tile, ...], view: View | None, unchanged: frozenset[Tile] = frozenset()
) -> tuple[Tile, ...]:
    """Tiles that the view shows first, of those the changed ones, from its centre outwards."""
    if not tiles:
        return ()
    centre = _centre(view if view is not None else _around([tile.box for tile in tiles]))

    def urgency(tile: Tile) -> tuple[bool, bool, float]:
        x, y = _centre(tile.box)
        shown = view is None or _overlap(tile.box, view)
        return not shown, tile in unchanged, (x - centre[0]) ** 2 + (y - centre[1]) ** 2

    return tuple(sorted(tiles, key=urgency))


def receptors_of(tile: Tile, receptors: Grid | Points) -> TileReceptors:
    """The tile's receptors that are computed, localised."""
    if isinstance(receptors, Points):
        return _points_receptors(tile, receptors)
    return _grid_receptors(tile, receptors)


def placed(
    receptors: Grid | Points, receptor: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Chunk of the tile (N, dimensions) and cell of receptors by their number in the region."""
    if isinstance(receptors, Points):
        return (receptor // POINTS_TILE)[:, np.newaxis], receptor % POINTS_TILE
    row, column = np.divmod(receptor, receptors.columns)
    width = np.minimum(TILE, receptors.columns - column // TILE * TILE)
    return np.column_stack([row // TILE, column // TILE]), row % TILE * width + column % TILE


def _grid_tile(grid: Grid, row: int, column: int) -> Tile:
    """The tile whose south-west receptor has this row and column."""
    rows, columns = min(TILE, grid.rows - row), min(TILE, grid.columns - column)
    west, south = grid.west + column * grid.spacing, grid.south + row * grid.spacing
    box = View(west, south, west + (columns - 1) * grid.spacing, south + (rows - 1) * grid.spacing)
    return Tile(row // TILE, column // TILE, (rows, columns), box)


def _points_tile(points: Points, start: int) -> Tile:
    x, y = points.x[start : start + POINTS_TILE], points.y[start : start + POINTS_TILE]
    box = View(float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    return Tile(start // POINTS_TILE, 0, (x.size,), box)


def _grid_receptors(tile: Tile, grid: Grid) -> TileReceptors:
    order = curve_order()
    row, column = np.divmod(order, TILE)
    inside = (row < tile.shape[0]) & (column < tile.shape[1])
    row, column = row[inside], column[inside]
    free = ~grid.masked[row + tile.start[0], column + tile.start[1]]
    row, column = row[free], column[free]
    local = Receptors(_metres(column * grid.spacing), _metres(row * grid.spacing))
    receptor = (row + tile.start[0]) * grid.columns + column + tile.start[1]
    return TileReceptors(local, row * tile.shape[1] + column, receptor)


def _points_receptors(tile: Tile, points: Points) -> TileReceptors:
    cell = np.arange(tile.shape[0], dtype=np.int64)
    receptor = cell + tile.start[0]
    x, y = points.x[receptor], points.y[receptor]
    local = Receptors(_metres(x - tile.box.west), _metres(y - tile.box.south))
    return TileReceptors(local, cell, receptor)


@cache
def curve_order() -> Int64:
    """Cells of a full tile along a Hilbert curve: every run of 256 is a compact patch.

    The rotation of the quadrants follows Hilbert (1891); each pass adds one level.
    """
    order = np.zeros((1, 1), dtype=np.int64)
    while order.shape[0] < TILE:
        quarter = order.size
        order = np.block(
            [
                [order.T, order.T[::-1, ::-1] + 3 * quarter],
                [order + quarter, order + 2 * quarter],
            ]
        )
    return np.argsort(order, axis=None, kind="stable").astype(np.int64)


def _strip(tile: Tile, receptors: TileReceptors, which: slice | NDArray[np.intp]) -> Strip:
    local = Receptors(receptors.local.x[which], receptors.local.y[which])
    some = TileReceptors(local, receptors.cell[which], receptors.receptor[which])
    return Strip(tile, some, _bounds(local, tile.box))


def _bounds(local: Receptors, corner: View) -> View:
    """Bounding box of receptors given in metres from a corner."""
    return View(
        corner.west + float(local.x.min()),
        corner.south + float(local.y.min()),
        corner.west + float(local.x.max()),
        corner.south + float(local.y.max()),
    )


def _metres(distance: NDArray[np.float64]) -> Float32:
    return np.ascontiguousarray(distance, dtype=np.float32)


def _centre(box: View) -> tuple[float, float]:
    return (box.west + box.east) / 2, (box.south + box.north) / 2


def _around(boxes: list[View]) -> View:
    west, south, east, north = np.array(boxes).T
    return View(float(west.min()), float(south.min()), float(east.max()), float(north.max()))


def _overlap(box: View, view: View) -> bool:
    apart_x = box.east < view.west or box.west > view.east
    apart_y = box.north < view.south or box.south > view.north
    return not (apart_x or apart_y)
