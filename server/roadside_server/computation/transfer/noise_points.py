"""Where noise is computed: a point for every square of receptors that are closer than it asks.

A grid for street canyons is finer than noise needs.  Squares of receptors, a power of two on a
side so that tiles hold whole ones, share the level of one of them: the free one nearest to the
middle.  Inside buildings there is no level.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32, Receptors

from roadside_server.computation.tiles import TILE, Strip, Tile, TileReceptors, receptors_of
from roadside_server.region.schema import Grid, Points, Region

#: Distance (m) between points, about.
SPACING = 4.0


class NoisePoints(NamedTuple):
    """Points of a tile, and which of them speaks for each of its receptors."""

    strip: Strip  # the receptors that are points; ``cell`` is the number of the point
    point: NDArray[np.int64]  # of each receptor of the tile that is computed

    @property
    def size(self) -> int:
        """Number of points."""
        return int(self.strip.receptors.cell.size)


def side_of_squares(receptors: Grid | Points, spacing: float) -> int:
    """Receptors along the side of a square that has one point: a power of two."""
    if isinstance(receptors, Points):
        return 1
    side = 1
    while 2 * side * receptors.spacing <= spacing and side < TILE:
        side *= 2
    return side


def noise_points(tile: Tile, receptors: Grid | Points, spacing: float) -> NoisePoints:
    """The points of a tile, in the order of its receptors."""
    found = receptors_of(tile, receptors)
    side = side_of_squares(receptors, spacing)
    chosen, point = _nearest_to_middle(tile, found, side)
    points = TileReceptors(
        Receptors(found.local.x[chosen], found.local.y[chosen]),
        np.arange(chosen.size, dtype=np.int64),
        found.receptor[chosen],
    )
    return NoisePoints(Strip(tile, points, tile.box), point)


def heights(region: Region, points: NoisePoints) -> Float32:
    """Heights of the points above the ground (m)."""
    receptor = points.strip.receptors.receptor
    usual = np.full(receptor.size, region.receptor_height_noise, np.float32)
    own = getattr(region.receptors, "height", None)
    if own is None:
        return usual
    known = own[receptor].astype(np.float32)
    return np.where(np.isnan(known), usual, known)


def _nearest_to_middle(
    tile: Tile, receptors: TileReceptors, side: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Receptors that are the points of their squares, and the point of each receptor."""
    if side == 1:
        count = receptors.cell.size
        return np.arange(count), np.arange(count, dtype=np.int64)
    row, column = np.divmod(receptors.cell, tile.shape[1])
    square = row // side * TILE + column // side
    middle = (side - 1) / 2
    away = (row % side - middle) ** 2 + (column % side - middle) ** 2
    order = np.lexsort((receptors.cell, away, square))
    _, first = np.unique(square[order], return_index=True)
    chosen = np.sort(order[first])
    place = np.full(TILE * TILE, -1, np.int64)
    place[square[chosen]] = np.arange(chosen.size)
    return chosen, place[square]
