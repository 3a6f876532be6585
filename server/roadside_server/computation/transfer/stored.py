"""A region's transfer at hand: tiles as they are asked for, in memory only while they are read."""

import threading
from pathlib import Path

from roadside_kernels.device_memory import on_device
from roadside_kernels.launch import Device
from roadside_kernels.noise.transfer_sum import TransferRows

from roadside_server.computation.tiles import Tile
from roadside_server.computation.transfer.noise_points import NoisePoints, noise_points
from roadside_server.computation.transfer.storage import Manifest, TileTransfer, read_tile
from roadside_server.region.schema import Grid, Points


def rows_of(transfer: TileTransfer, device: Device = "cpu") -> TransferRows:
    """Rows as the kernels take them; on the GPU, if that is to sum them up."""
    start, line, energy = transfer
    if device == "gpu":
        line, energy = on_device(line), on_device(energy)
    return TransferRows(start[:-1], start[1:], line, energy)


class StoredTransfer:
    """A complete transfer in the folder of its region."""

    def __init__(self, folder: Path, manifest: Manifest, receptors: Grid | Points) -> None:
        self.manifest = manifest
        self._folder = folder
        self._receptors = receptors
        self._lock = threading.Lock()
        self._tiles: dict[Tile, TileTransfer] = {}
        self._rows: dict[tuple[Tile, Device], TransferRows] = {}
        self._points: dict[Tile, NoisePoints] = {}

    def points(self, tile: Tile) -> NoisePoints:
        """Where the noise of a tile is computed."""
        with self._lock:
            if tile not in self._points:
                spacing = self.manifest.settings.spacing
                self._points[tile] = noise_points(tile, self._receptors, spacing)
            return self._points[tile]

    def tile(self, tile: Tile) -> TileTransfer:
        """Rows of a tile's points.

        Raises
        ------
        RegionDamagedError
            The tile's files are not those that were written.
        """
        with self._lock:
            if tile not in self._tiles:
                self._tiles[tile] = read_tile(self._folder, tile)
            return self._tiles[tile]

    def rows(self, tile: Tile, device: Device) -> TransferRows:
        """The same as the kernels take them; they stay on a GPU."""
        transfer = self.tile(tile)
        with self._lock:
            if (tile, device) not in self._rows:
                self._rows[tile, device] = rows_of(transfer, device)
            return self._rows[tile, device]
