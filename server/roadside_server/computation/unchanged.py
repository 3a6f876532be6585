"""Which tiles a scenario leaves as they are: no changed road reaches them, or none that counts."""

import numpy as np
import shapely
from numpy.typing import NDArray
from roadside_kernels.air.change_bound import most_in_boxes

from roadside_server.computation.air import AirModel
from roadside_server.computation.noise import NoiseModel
from roadside_server.computation.reach import lines_of
from roadside_server.computation.sources import ROUNDING, Stretches, localised
from roadside_server.computation.tiles import POINTS_TILE, TILE, Tile, View
from roadside_server.computation.transfer.model import TransferModel
from roadside_server.region.schema import Grid, Region

Bool = NDArray[np.bool_]


def unchanged_tiles(
    region: Region,
    tiles: tuple[Tile, ...],
    air: AirModel | None,
    noise: NoiseModel | TransferModel | None,
) -> frozenset[Tile]:
    """Tiles that no changed road reaches, by air or by sound.

    With a tolerance, also those where all changed open roads add no more to the air than what may
    be left out (``accuracy.left_out`` of the stamp), before and after.
    """
    changes = np.zeros(len(tiles), np.bool_)
    if air is not None:
        changes |= _linked(region, tiles, air)
        changes |= _within(tiles, air.changed, air.reach) & _count(tiles, air)
    if noise is not None:
        changes |= _within(tiles, noise.changed, noise.reach)
    if isinstance(noise, TransferModel) and noise.rebuilt is not None:
        changes |= np.array([noise.rebuilt.reaches(tile) for tile in tiles], np.bool_)
    return frozenset(tile for tile, change in zip(tiles, changes, strict=True) if not change)


def _within(tiles: tuple[Tile, ...], stretches: Stretches, reach: float) -> Bool:
    """Whether any of the stretches comes within a distance (m) of each tile's receptors."""
    found = np.zeros(len(tiles), np.bool_)
    if stretches.road.size:
        boxes = shapely.box(*np.array([tile.box for tile in tiles]).T)
        tree = shapely.STRtree(lines_of(stretches))
        reached, _ = tree.query_nearest(boxes, max_distance=reach + ROUNDING, all_matches=False)
        found[reached] = True
    return found


def _count(tiles: tuple[Tile, ...], air: AirModel) -> Bool:
    """Whether changed open roads may add more than what may be left out, at each tile."""
    if air.tolerance == 0.0:
        return np.ones(len(tiles), np.bool_)
    count = np.zeros(len(tiles), np.bool_)
    boxes = np.array([tile.box for tile in tiles])
    corner = np.tile(boxes.min(axis=0)[:2], 2)
    around = (boxes - corner + ROUNDING * np.array([-1, -1, 1, 1])).astype(np.float32)
    for part in ("before", "after"):
        roads = air.open_roads[part]
        count |= air.left_out < most_in_boxes(
            localised(roads.stretches, View(*corner)),
            roads.emission,
            roads.curve,
            air.curves,
            air.wind,
            around,
            max_range=air.reach + ROUNDING,
            enough=air.left_out,
        )
    return count


def _linked(region: Region, tiles: tuple[Tile, ...], air: AirModel) -> Bool:
    """Whether a street canyon whose exhaust changes acts on any receptor of each tile."""
    links, emission = region.street_links, air.street_emission
    changed = (emission["before"] != emission["after"]).any(axis=0)
    rows = np.flatnonzero(changed[links.road])
    receptor = np.searchsorted(links.start, rows, side="right") - 1
    row, column = receptor // POINTS_TILE, np.zeros_like(receptor)
    if isinstance(region.receptors, Grid):
        row, column = (place // TILE for place in np.divmod(receptor, region.receptors.columns))
    reached = set(zip(row.tolist(), column.tolist(), strict=True))
    return np.array([(tile.row, tile.column) in reached for tile in tiles], np.bool_)
