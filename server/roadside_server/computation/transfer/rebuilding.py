"""A scenario that builds: the rows of the tiles that its change of obstacles reaches."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.launch import Device

from roadside_server.computation.evaluation import Cancelled
from roadside_server.computation.rates import timed
from roadside_server.computation.resident import Key, Resident, digest
from roadside_server.computation.tiles import Tile, some_of
from roadside_server.computation.transfer.ground import Ground
from roadside_server.computation.transfer.noise_points import NoisePoints
from roadside_server.computation.transfer.retracing import (
    Change,
    affected,
    change_of,
    reaches,
    retraced,
)
from roadside_server.computation.transfer.storage import TileTransfer, rows_of_points
from roadside_server.computation.transfer.stored import StoredTransfer
from roadside_server.errors import ComputationCancelledError
from roadside_server.region.schema import Region
from roadside_server.scenario.construction import Construction, canonical

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """A transfer as it is after a construction."""

    ground: Ground
    transfer: StoredTransfer
    change: Change
    kept: Resident[TileTransfer]
    key: Key
    device: Device = "cpu"  # that traces

    def reaches(self, tile: Tile) -> bool:
        """Whether the change may touch sound on its way to a tile."""
        return reaches(self.change, self.ground, tile.box)

    def tile(self, tile: Tile, cancelled: Cancelled) -> TileTransfer:
        """Rows of a tile's points.

        Raises
        ------
        ComputationCancelledError
            If cancelled on the way.
        """

        def traced() -> TileTransfer:
            points, before = self.transfer.points(tile), self.transfer.tile(tile)
            with timed("traced", self.device) as work:
                known = affected(self.ground, self.change, points, before)
                work.pairs = known.rows.size
                return retraced(
                    self.ground,
                    self.change,
                    points,
                    before,
                    lambda _: _go_on(cancelled),
                    self.device,
                    known,
                )

        found, _ = self.kept.sums(digest(self.key, tile.chunk), traced)
        return found

    def rows_traced(self, tile: Tile) -> int:
        """Rows of a tile that are traced again, if none of them are kept."""
        points, before = self.transfer.points(tile), self.transfer.tile(tile)
        return affected(self.ground, self.change, points, before).rows.size

    def some(self, tile: Tile, which: Rows) -> TileTransfer:
        """Rows of some of a tile's points, traced for them alone."""
        strip = some_of(self.transfer.points(tile).strip, which)
        points = NoisePoints(strip, np.arange(which.size))
        before = rows_of_points(self.transfer.tile(tile), which)
        return retraced(self.ground, self.change, points, before, device=self.device)


def rebuilt(
    region: Region,
    ground: Ground,
    transfer: StoredTransfer,
    construction: Construction,
    kept: Resident[TileTransfer],
    device: Device,
) -> Rebuilt:
    """The transfer of a region after a construction, traced on a device."""
    parts = tuple(transfer.manifest.parts.values())
    key = digest(parts, canonical(construction))
    return Rebuilt(ground, transfer, change_of(region, construction), kept, key, device)


def _go_on(cancelled: Cancelled) -> None:
    if cancelled():
        raise ComputationCancelledError("cancelled by the caller")
