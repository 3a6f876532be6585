"""Builds the noise transfer of a region tile by tile, and goes on where it was stopped."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from roadside_server.computation.evaluation import Cancelled, never
from roadside_server.computation.tiles import Tile, tiles_of
from roadside_server.computation.transfer.ground import Ground, bands_of_rows, ground_of
from roadside_server.computation.transfer.identity import parts_of
from roadside_server.computation.transfer.settings import TransferSettings, check_settings
from roadside_server.computation.transfer.storage import (
    Manifest,
    TileTransfer,
    completed,
    has_tile,
    read_manifest,
    remove_transfer,
    write_manifest,
    write_tile,
)
from roadside_server.errors import ComputationCancelledError
from roadside_server.region.receptors import active
from roadside_server.region.schema import Region

#: Makes the transfer of a tile; tells how many of its points are done.
Trace = Callable[[Ground, Tile, Callable[[int], None]], TileTransfer]


def build_transfer(
    region: Region,
    folder: Path,
    settings: TransferSettings,
    trace: Trace,
    *,
    progress: Callable[[float], None] = lambda _: None,
    cancelled: Cancelled = never,
) -> Manifest:
    """Trace a region's transfer into its folder; tiles that are there already are kept.

    A transfer of anything else is removed first.

    Parameters
    ----------
    trace
        Makes each tile, see ``tracing.py``.
    progress
        Called with the share of the work that is done (0 to 1).

    Raises
    ------
    InvalidInputError
        A setting breaks a rule.
    ComputationCancelledError
        Cancelled on the way; what is finished stays, and the next call goes on from there.
    """
    check_settings(settings)
    ground = ground_of(region, settings)
    manifest = _begun(folder, ground)
    if manifest.complete:
        return manifest
    tiles = tiles_of(region.receptors)
    before, whole = 0.0, float(sum(np.prod(tile.shape) for tile in tiles))
    for tile in tiles:
        size = float(np.prod(tile.shape))

        def done(points: int, before: float = before, size: float = size) -> None:
            if cancelled():
                raise ComputationCancelledError("cancelled by the caller")
            progress((before + min(points, size)) / whole)

        done(0)
        if not has_tile(folder, tile):
            write_tile(folder, tile, trace(ground, tile, done))
        before += size
    progress(1.0)
    return completed(folder, manifest, tiles)


def _begun(folder: Path, ground: Ground) -> Manifest:
    """The manifest of what is being built, and nothing else in its place."""
    region = ground.region
    parts = parts_of(region, ground.lines, ground.settings)
    found = read_manifest(folder)
    if found is not None and found.parts == parts:
        return found
    remove_transfer(folder)
    bands, receptors = bands_of_rows(region.weather), int(active(region.receptors).sum())
    manifest = Manifest(parts, ground.settings, ground.lines.size, bands, receptors)
    write_manifest(folder, manifest)
    return manifest
