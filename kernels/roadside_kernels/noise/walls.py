"""Walls that reflect: which lie near a line, and where sound from a source to a receptor meets one.

A wall acts where the point of reflection is on it, no farther from the source than a search
distance, with source and receptor before it: sides of buildings from outside, screens from both
sides.  Whether it is tall enough depends on the ray (``reflection.py``).
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import enters_box
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.crossings import cell_of
from roadside_kernels.noise.cut import Point
from roadside_kernels.noise.lines import Lines
from roadside_kernels.noise.scene import Grid, Scene
from roadside_kernels.physics import f32, physics

#: Walls of a receptor's own building whose plane passes this near (m) are its own facade.
OWN_FACADE = 2.5


class Walls(NamedTuple):
    """W walls that reflect, from (x0, y0) to (x1, y1); m."""

    x0: Float32
    y0: Float32
    x1: Float32
    y1: Float32
    low: Float32  # altitude of the top at the start
    high: Float32  # and at the end
    owner: Int32  # building, on the left; -1: a screen
    element: Int32  # row of the scene's elements
    reflected: Float32  # (W, 8) share of the energy
    start: Int64  # (lines + 1) walls near line k are near[start[k]:start[k + 1]]
    near: Int32


class Echo(NamedTuple):
    """Where a wall reflects sound of a source."""

    wall: int  # -1: none does
    x: float  # m
    y: float
    before: float  # m, from the source
    top: float  # m, altitude of the wall there
    near: int  # place in the list of walls near the line


@physics
def is_own_facade(walls: Walls, w: int, x: float, y: float, building: int) -> bool:
    """Whether a wall is the facade of its building before which a receptor stands."""
    if building < 0 or walls.owner[w] != building:
        return False
    along_x, along_y = walls.x1[w] - walls.x0[w], walls.y1[w] - walls.y0[w]
    left = along_x * (y - walls.y0[w]) - along_y * (x - walls.x0[w])
    near: bool = left * left < OWN_FACADE * OWN_FACADE * (along_x * along_x + along_y * along_y)
    return near


@physics
def next_echo(
    walls: Walls, near: int, last: int, source: Point, receptor: Point, building: int,
    search: float, reach: float,
) -> Echo:  # fmt: skip
    """The first wall of the list from ``near`` on that reflects sound to a receptor before it."""
    x0s, y0s, x1s, y1s, owners, listed = (
        walls.x0, walls.y0, walls.x1, walls.y1, walls.owner, walls.near,
    )  # fmt: skip
    x_s, y_s, x_r, y_r = source.x, source.y, receptor.x, receptor.y
    for n in range(near, last):
        w = listed[n]
        x0, y0 = x0s[w], y0s[w]
        along_x, along_y = x1s[w] - x0, y1s[w] - y0
        from_r = along_x * (y_r - y0) - along_y * (x_r - x0)
        from_s = along_x * (y_s - y0) - along_y * (x_s - x0)
        # Both on one side, and outside the building, which is on the left.
        if from_s * from_r <= 0.0 or (owners[w] >= 0 and from_r > 0.0):
            continue
        # The image of the receptor is as far behind the wall: similar triangles.
        at_s = (x_s - x0) * along_x + (y_s - y0) * along_y
        at_r = (x_r - x0) * along_x + (y_r - y0) * along_y
        length2 = along_x * along_x + along_y * along_y
        place = at_s + from_s / (from_s + from_r) * (at_r - at_s)
        if place < 0.0 or place > length2:
            continue
        place /= length2
        x, y = x0 + place * along_x, y0 + place * along_y
        before = math.hypot(x - x_s, y - y_s)
        if before > search or before + math.hypot(x - x_r, y - y_r) >= reach:
            continue
        if not is_own_facade(walls, w, x_r, y_r, building):
            top = walls.low[w] + place * (walls.high[w] - walls.low[w])
            return Echo(w, x, y, before, top, n)
    return Echo(i32(-1), x_r, y_r, 0.0, 0.0, last)


def walls_of(scene: Scene, lines: Lines, search: float) -> Walls:
    """The walls of a scene that may reflect sound of these lines within a search distance (m)."""
    elements = scene.elements
    element = np.flatnonzero(elements.reflects).astype(np.int32)
    wall = np.full(elements.x0.size, -1, np.int32)
    wall[element] = np.arange(element.size, dtype=np.int32)
    ends = np.stack(elements[:4], axis=1)
    none, start = np.empty(0, np.int32), np.zeros(lines.start.size, np.int64)
    list_near(scene.grid, lines, ends, wall, f32(search), start, none)
    near = np.empty(start[-1], np.int32)
    list_near(scene.grid, lines, ends, wall, f32(search), start, near)
    return Walls(
        elements.x0[element],
        elements.y0[element],
        elements.x1[element],
        elements.y1[element],
        elements.low[element],
        elements.high[element],
        elements.owner[element],
        element,
        (1.0 - elements.absorption[element]).astype(np.float32),
        start,
        near,
    )


def no_walls(lines: Lines) -> Walls:
    """No reflection at all."""
    none, ints = np.empty(0, np.float32), np.empty(0, np.int32)
    start = np.zeros(lines.start.size, np.int64)
    absorbed = np.empty((0, len(BANDS)), np.float32)
    return Walls(none, none, none, none, none, none, ints, ints, absorbed, start, ints)


@physics
def window(low: float, high: float, corner: float, cell: float, count: int) -> tuple[int, int]:
    """First cell along an axis within an interval (m), and one past the last."""
    first, last = cell_of(low, corner, cell), cell_of(high, corner, cell)
    return min(max(first, 0), count), min(max(last, -1), count - 1) + 1


def _near_segment(
    grid: Grid, lines: Lines, v: int, ends: Float32, wall: Int32, search: float,
    k: int, seen: Int32, near: Int32, place: int,
) -> int:  # fmt: skip
    """Note the walls near a segment that line k has not met before; the place after them."""
    x0, y0, x1, y1 = lines.x[v], lines.y[v], lines.x[v + 1], lines.y[v + 1]
    west, east = min(x0, x1) - search, max(x0, x1) + search
    south, north = min(y0, y1) - search, max(y0, y1) + search
    left, right = window(west, east, grid.west, grid.cell, grid.columns)
    bottom, top = window(south, north, grid.south, grid.cell, grid.rows)
    for row in range(bottom, top):
        for cell in range(row * grid.columns + left, row * grid.columns + right):
            for listed in range(grid.start[cell], grid.start[cell + 1]):
                e = grid.mark[listed, 0]
                if wall[e] < 0 or seen[e] == k:
                    continue
                if enters_box(
                    ends[e, 0], ends[e, 1], ends[e, 2], ends[e, 3], west, south, east, north
                ):
                    seen[e] = k
                    if near.size > 0:
                        near[place] = wall[e]
                    place += 1
    return place


def _list_near(
    grid: Grid, lines: Lines, ends: Float32, wall: Int32, search: float, start: Int64, near: Int32
) -> None:
    """Count the walls near every line, or note them where there is room, in their order."""
    seen = np.full(ends.shape[0], -1, np.int32)
    for k in range(start.size - 1):
        place = start[k]
        for v in range(lines.start[k], lines.start[k + 1] - 1):
            place = _find_near(grid, lines, v, ends, wall, search, k, seen, near, place)
        start[k + 1] = place
        near[start[k] : place].sort()


_find_near: Any = njit(nogil=True, error_model="numpy")(_near_segment)
list_near: Any = njit(nogil=True, error_model="numpy")(_list_near)
