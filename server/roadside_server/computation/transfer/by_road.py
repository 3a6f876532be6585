"""What each road sends to chosen receptors, by the rows that make the map."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32
from roadside_kernels.noise.transfer_sum import widened

from roadside_server.computation.tiles import Tile, placed, receptors_of, tiles_of
from roadside_server.computation.transfer.model import TransferModel
from roadside_server.computation.transfer.storage import TileTransfer, rows_of_points
from roadside_server.region.schema import Grid, Points

Rows = NDArray[np.intp]


class RoadEnergies(NamedTuple):
    """Energies re (20 uPa)^2 that roads send to one receptor; silent ones are left out."""

    road: NDArray[np.int32]  # rows of the road table, ascending
    energy: Float32  # (day, evening, night; roads)


def by_road(
    model: TransferModel, receptors: Grid | Points, which: NDArray[np.int64]
) -> list[RoadEnergies]:
    """Energies of each road with a scenario, at receptors by their number in the region."""
    found: dict[int, RoadEnergies] = {}
    chunk, cell = placed(receptors, which)
    for tile in tiles_of(receptors):
        here = np.flatnonzero((chunk == tile.chunk).all(axis=1))
        if here.size == 0:
            continue
        cells = receptors_of(tile, receptors).cell
        place = np.array([np.flatnonzero(cells == one)[0] for one in cell[here]])
        points, row = np.unique(model.transfer.points(tile).point[place], return_inverse=True)
        rows = _rows_after(model, tile, points)
        found |= {int(i): _of_point(model, rows, point) for i, point in zip(here, row, strict=True)}
    return [found[i] for i in range(which.size)]


def _rows_after(model: TransferModel, tile: Tile, points: Rows) -> TileTransfer:
    """Rows of some of a tile's points among what stands in the scenario."""
    if model.rebuilt is not None and model.rebuilt.reaches(tile):
        return model.rebuilt.some(tile, points)
    return rows_of_points(model.transfer.tile(tile), points)


def _of_point(model: TransferModel, rows: TileTransfer, point: int) -> RoadEnergies:
    """Energies of the roads that are heard at one of the points of these rows."""
    mine = slice(rows.start[point], rows.start[point + 1])
    line = rows.line[mine]
    power = model.power["unchanged"].rows[line] + model.power["after"].rows[line]
    energy = np.einsum("rb,rpb->pr", widened(rows.energy[mine]), power, dtype=np.float64)
    heard = energy.any(axis=0)
    road, place = np.unique(model.lines.road[line[heard]], return_inverse=True)
    sums = [np.bincount(place, period, road.size) for period in energy[:, heard]]
    return RoadEnergies(road, np.array(sums, np.float32))
