"""Traces again what a change of obstacles may have touched, and nothing else.

Rows of a transfer that no path of theirs can touch stay as they are, to the last bit.  The others
are traced anew among what stands now.  Lines that were pruned stay so, since the bound that
pruned them knows no obstacles, unless a point lost so much of its sound that they may count: then
all of it is traced, and pruned, again.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32
from roadside_kernels.launch import Device
from roadside_kernels.noise.touched import touched_rows
from roadside_kernels.noise.trace import Only
from roadside_kernels.noise.transfer_sum import power_of_rows, transfer_sum

from roadside_server.computation.tiles import View, some_of
from roadside_server.computation.transfer.ground import Ground
from roadside_server.computation.transfer.noise_points import NoisePoints
from roadside_server.computation.transfer.scene_of_tile import Surroundings
from roadside_server.computation.transfer.storage import TileTransfer
from roadside_server.computation.transfer.stored import rows_of
from roadside_server.computation.transfer.tracing import around_tile, traced
from roadside_server.region.schema import Float64, Region
from roadside_server.scenario.construction import Construction, Shapes
from roadside_server.scenario.obstacles import Obstacles, changed_shapes, obstacles_after

#: Length (m) of the parts of long shapes that are looked at one by one.
PART = 100.0
#: Probabilities of favourable conditions that tell the conditions apart.
CONDITIONS = np.array([0.0, 1.0, 1.0], np.float32)
#: Share of its sound that a point may lose before pruned lines may count: what pruning leaves out
#: is then at most twice what it may be.
LEAST_LEFT = 0.5

Rows = NDArray[np.intp]
Bool = NDArray[np.bool_]


class Change(NamedTuple):
    """What stands after a construction, and where that is new."""

    obstacles: Obstacles
    boxes: Float64  # (n, 4) of what changed: west, south, east, north (m, the region's CRS)
    filled: Shapes  # footprints of new buildings, in which nobody hears anything


class Affected(NamedTuple):
    """What a change does to the rows of a tile."""

    rows: Rows  # to trace again
    filled: Bool  # of every row, whether it ends inside a new building


def change_of(region: Region, construction: Construction) -> Change:
    """The change of a region's obstacles that a construction makes."""
    shapes = changed_shapes(region, construction)
    outlines = np.where(shapely.get_dimensions(shapes) > 1, shapely.boundary(shapes), shapes)
    parts = _straight_parts(shapely.segmentize(outlines, PART))
    new = np.array([building.footprint for building in construction.buildings], dtype=object)
    return Change(obstacles_after(region, construction), parts, new)


def reaches(change: Change, ground: Ground, box: View) -> bool:
    """Whether a change may touch any path to a box."""
    within = ground.settings.reach + ground.settings.search
    west, south, east, north = change.boxes.T
    dx = np.maximum(np.maximum(box.west - east, west - box.east), 0.0)
    dy = np.maximum(np.maximum(box.south - north, south - box.north), 0.0)
    return bool((np.hypot(dx, dy) <= within).any())


def retraced(
    ground: Ground,
    change: Change,
    points: NoisePoints,
    before: TileTransfer,
    done: Callable[[int], None] = lambda _: None,
    device: Device = "cpu",
    known: Affected | None = None,
) -> TileTransfer:
    """The transfer of a tile's points after a change; the same object where it touches none.

    ``done`` is told, again and again, how many points are traced; ``known`` is what ``affected``
    says, where it was asked before.
    """
    rows, filled = known or affected(ground, change, points, before)
    if rows.size == 0 and not filled.any():
        return before
    around = around_tile(ground, change.obstacles, points.strip.tile.box)
    energy = before.energy.copy()
    energy[filled] = 0
    energy[rows] = _traced_rows(ground, around, points, before, rows, done, device)
    after = before._replace(energy=energy)
    quieter = _quieter(ground, before, after, np.unique(_owner(before)[rows]))
    if quieter.size == 0:
        return after
    some = NoisePoints(some_of(points.strip, quieter), np.arange(quieter.size))
    new = traced(ground, around, some, device=device, done=done)
    return _with_points(after, quieter, new)


def affected(ground: Ground, change: Change, points: NoisePoints, before: TileTransfer) -> Affected:
    """What is traced again after a change; more, if points lose much sound."""
    filled = _inside(change.filled, points)[_owner(before)]
    touched = _touched(ground, change, points, before)
    return Affected(np.flatnonzero(touched & ~filled), filled)


def _straight_parts(lines: Shapes) -> Float64:
    """Boxes of the straight parts of lines."""
    places, line = shapely.get_coordinates(lines, return_index=True)
    same = np.flatnonzero(line[1:] == line[:-1])
    a, b = places[same], places[same + 1]
    return np.concatenate([np.minimum(a, b), np.maximum(a, b)], axis=1)


def _touched(ground: Ground, change: Change, points: NoisePoints, before: TileTransfer) -> Bool:
    """Rows that the change may touch."""
    local, box, by = points.strip.receptors.local, points.strip.tile.box, ground.settings.search
    corner = np.array([box.west, box.south] * 2)
    # Paths stray from the line to the receptor as far as walls reflect, at either end.
    wider = by * np.array([-1.0, -1.0, 1.0, 1.0])
    boxes = ground.lines.boxes - corner + wider
    return touched_rows(
        local.x,
        local.y,
        before.start,
        before.line,
        np.ascontiguousarray(boxes, np.float32),
        np.ascontiguousarray(change.boxes - corner + wider, np.float32),
    )


def _traced_rows(
    ground: Ground,
    around: Surroundings,
    points: NoisePoints,
    before: TileTransfer,
    rows: Rows,
    done: Callable[[int], None],
    device: Device,
) -> NDArray[np.uint16]:
    """Energies of some rows among what stands now; 0 where no path is left."""
    owner, line = _owner(before)[rows], before.line[rows]
    point, count = np.unique(owner, return_counts=True)
    only = Only(np.append(0, np.cumsum(count)), line)
    some = NoisePoints(some_of(points.strip, point), np.arange(point.size))
    found = traced(ground, around, some, only, prune=False, device=device, done=done)
    lines = ground.lines.road.size
    asked, there = owner * lines + line, point[_owner(found)] * lines + found.line
    _, at, place = np.intersect1d(asked, there, assume_unique=True, return_indices=True)
    energy = np.zeros((rows.size, before.energy.shape[1]), np.uint16)
    energy[at] = found.energy[place]
    return energy


def _inside(shapes: Shapes, points: NoisePoints) -> Bool:
    """Points that lie in any of the shapes."""
    found: Bool = shapely.intersects_xy(shapely.union_all(shapes), *points.strip.places)
    return found


def _quieter(ground: Ground, before: TileTransfer, after: TileTransfer, points: Rows) -> Rows:
    """Points, among some, that lost so much that lines may count which pruning left out."""
    if ground.settings.tolerance == 0.0:
        return np.zeros(0, np.intp)
    was, now = (received(ground, transfer, points) for transfer in (before, after))
    return points[(now < LEAST_LEFT * was).any(axis=0)]


def received(ground: Ground, transfer: TileTransfer, points: Rows) -> Float32:
    """Energies (3, n) that arrive at some points of the power that pruning goes by.

    In homogeneous and in favourable conditions where rows tell them apart, else by period.
    """
    power = np.broadcast_to(ground.power.T, (3, *ground.power.T.shape))
    rows = rows_of(transfer)
    some = rows._replace(first=rows.first[points], last=rows.last[points])
    by_row = power_of_rows(power, transfer.energy.shape[1], CONDITIONS)
    return transfer_sum(some, by_row, np.ones(by_row.shape[0], np.bool_)).energy


def _with_points(transfer: TileTransfer, points: Rows, new: TileTransfer) -> TileTransfer:
    """The transfer with all rows of some points, in order, replaced."""
    count = np.diff(transfer.start)
    replaced = np.zeros(count.size, np.bool_)
    replaced[points] = True
    kept = ~np.repeat(replaced, count)
    count[points] = np.diff(new.start)
    there = np.repeat(replaced, count)
    line = np.empty(there.size, transfer.line.dtype)
    energy = np.empty((there.size, transfer.energy.shape[1]), transfer.energy.dtype)
    line[~there], line[there] = transfer.line[kept], new.line
    energy[~there], energy[there] = transfer.energy[kept], new.energy
    return TileTransfer(np.append(0, np.cumsum(count)), line, energy)


def _owner(transfer: TileTransfer) -> Rows:
    """Point of every row."""
    return np.repeat(np.arange(transfer.start.size - 1), np.diff(transfer.start))
