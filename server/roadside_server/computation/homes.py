"""Which receptors stand before whose home, so that people can be counted by the noise they bear.

People bear the level of their home's most exposed facade (Directive 2002/49/EC, Annex VI): the
loudest of the receptors before it.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from roadside_server.computation.tiles import placed
from roadside_server.region.schema import Float64, Grid, Points, Region

#: Receptors of a grid stand before a building when they are no further from it than this many
#: spacings, so that there is one before every stretch of its outline.
SPACINGS = 1.5

Place = tuple[int, ...]  # of a tile among the chunks


class Beside(NamedTuple):
    """Receptors of one tile that stand before homes."""

    cell: NDArray[np.int64]  # place in the flattened tile
    home: NDArray[np.int64]


class Homes(NamedTuple):
    """People of the homes that have a receptor before them, and the receptors by tile."""

    people: Float64
    beside: dict[Place, Beside]


#: Where nobody lives, or nobody asks.
NO_HOMES = Homes(np.zeros(0), {})


def homes_of(region: Region) -> Homes:
    """Homes of the region's population; none where it holds no population."""
    population = region.population
    people = population["people"].to_numpy(float)
    receptor, home = _before(region, np.flatnonzero(people > 0.0))
    known, home = np.unique(home, return_inverse=True)
    tile, cell = placed(region.receptors, receptor)
    order = np.lexsort(tile.T[::-1])
    tile, cell, home = tile[order], cell[order], home[order]
    places, first = np.unique(tile, axis=0, return_index=True)
    runs = zip(np.split(cell, first[1:]), np.split(home, first[1:]), strict=True)
    beside = {
        tuple(int(number) for number in place): Beside(*run)
        for place, run in zip(places, runs, strict=False)  # one empty run where nobody lives
    }
    return Homes(people[known], beside)


Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


def _before(region: Region, homes: NDArray[np.intp]) -> Pairs:
    """Pairs of receptor and home."""
    if isinstance(region.receptors, Points):
        return _before_points(region, region.receptors, homes)
    found = [_near(region.receptors, _outline(region, int(home))) for home in homes]
    nothing = np.zeros(0, np.int64)
    home = np.repeat(homes, [receptors.size for receptors in found])
    return np.concatenate([nothing, *found]), home.astype(np.int64)


def _before_points(region: Region, points: Points, homes: NDArray[np.intp]) -> Pairs:
    """Points before the facades of each home's building."""
    if points.building is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    lived_in = region.population["building"].to_numpy(np.int64)[homes]
    homes_by_building = pd.DataFrame({"building": lived_in, "home": homes})
    facades = pd.DataFrame({"building": points.building, "receptor": np.arange(points.size)})
    pairs = facades[facades["building"] >= 0].merge(homes_by_building, on="building")
    return pairs["receptor"].to_numpy(np.int64), pairs["home"].to_numpy(np.int64)


def _outline(region: Region, home: int) -> shapely.Geometry:
    """The footprint of a home; its place where the building is not known."""
    building = int(region.population["building"].iloc[home])
    if building < 0:
        return region.population.geometry.iloc[home]
    return region.buildings.geometry.iloc[building]


def _near(receptors: Grid, outline: shapely.Geometry) -> NDArray[np.int64]:
    """Receptors outside buildings that stand before an outline."""
    reach = SPACINGS * receptors.spacing
    west, south, east, north = shapely.bounds(outline)
    spacing = receptors.spacing
    columns = _between(west - receptors.west, east - receptors.west, spacing, receptors.columns)
    rows = _between(south - receptors.south, north - receptors.south, spacing, receptors.rows)
    column, row = np.meshgrid(columns, rows)
    free = ~receptors.masked[row, column]
    column, row = column[free], row[free]
    x = receptors.west + column * receptors.spacing
    y = receptors.south + row * receptors.spacing
    beside = shapely.distance(outline, shapely.points(x, y)) <= reach
    return np.asarray((row * receptors.columns + column)[beside], np.int64)


def _between(low: float, high: float, spacing: float, count: int) -> NDArray[np.int64]:
    """Numbers of those columns, or rows, of a grid that stand before a stretch of it (m)."""
    first, last = np.floor(low / spacing - SPACINGS), np.ceil(high / spacing + SPACINGS)
    return np.arange(max(int(first), 0), min(int(last) + 1, count), dtype=np.int64)
