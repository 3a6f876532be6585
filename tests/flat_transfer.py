"""A transfer over flat ground, in plain NumPy: what tracing gives where nothing stands."""

import numpy as np
from roadside_kernels.noise.transfer_sum import ALIKE, BY_CONDITION, rounded
from roadside_server.computation.noise import ground_transfer
from roadside_server.computation.transfer.emitting_lines import lines_within, segments_of
from roadside_server.computation.transfer.ground import bands_of_rows
from roadside_server.computation.transfer.noise_points import noise_points
from roadside_server.computation.transfer.storage import TileTransfer


def trace_flat(ground, tile, done):
    """The transfer of a tile's points; settings but reach and spacing are not read."""
    points = noise_points(tile, ground.region.receptors, ground.settings.spacing)
    bands = bands_of_rows(ground.region.weather)
    near = lines_within(ground.lines, points.strip.box, ground.settings.reach)
    table = ground_transfer(ground.region, ground.settings.reach)
    energy = np.zeros((points.size, near.size, bands))
    for place, line in enumerate(near):
        energy[:, place] = line_transfer(ground, tile, points, line, table, bands)
    done(points.size)
    point, place = np.nonzero(energy.any(axis=2))
    start = np.searchsorted(point, np.arange(points.size + 1))
    rows = rounded(energy[point, place].astype(np.float32))
    return TileTransfer(start.astype(np.int64), near[place].astype(np.int32), rows)


def line_transfer(ground, tile, points, line, table, bands):
    """What arrives (points, bands) of a line, by midpoint pieces."""
    local, total = points.strip.receptors.local, 0.0
    segments = segments_of(ground.lines, np.array([line]))
    for x0, y0, x1, y1, length in zip(*segments[:4], segments.length, strict=True):
        ends = np.array([x0, x1]) - tile.box.west, np.array([y0, y1]) - tile.box.south
        pieces = max(int(np.ceil(length / 2.0)), 1)
        for along in (np.arange(pieces) + 0.5) / pieces:
            x, y = (side[0] + along * (side[1] - side[0]) for side in ends)
            total = total + length / pieces * heard(x - local.x, y - local.y, ground, table, bands)
    return total


def heard(dx, dy, ground, table, bands):
    """What arrives (points, bands) of a metre of source, dx east and dy north of the points."""
    distance2 = dx**2 + dy**2
    place = (np.log2(distance2 + table.rise**2) - table.origin) * table.density
    nodes = np.arange(table.homogeneous.shape[1])
    h, f = (
        np.stack([np.interp(place, nodes, band) for band in tables], axis=-1)
        for tables in (table.homogeneous, table.favourable)
    )
    within = (distance2 < ground.settings.reach**2)[:, None]
    if bands == BY_CONDITION:
        return within * np.concatenate([h, f], axis=1)
    favourable = ground.region.weather.favourable
    turn = np.mod(np.arctan2(dx, dy) / (2 * np.pi), 1.0)
    sector = np.rint(turn * favourable.shape[1]).astype(int) % favourable.shape[1]
    mixed = [h + p[sector][:, None] * (f - h) for p in favourable]
    return within * (mixed[0] if bands == ALIKE else np.concatenate(mixed, axis=1))
