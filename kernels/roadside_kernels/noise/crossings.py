"""Where a ray crosses the elements of a scene, found by a walk from cell to cell of its grid.

On which side of the ray the end of an element lies is worked out from that point alone.  Elements
that share an end therefore agree on its side: no ray slips between two sides of a building, and
none crosses a building an odd number of times.  A point on the ray itself counts as left of it; a
ray along a wall so passes just beside it.
"""

import math
from typing import NamedTuple

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.scene import GROUND_BOUNDARY, Grid
from roadside_kernels.physics import borrowing, f32, physics, strict

#: What lies this near (m) to the ray's ends is not crossed: a receptor may touch its facade.
CLEAR = 1e-3
#: Shortest ray (m): a receptor straight above a source.
SHORTEST = 0.01
#: Stands for a distance (m) never walked.
NEVER = 1e30


class Ray(NamedTuple):
    """A horizontal ray from (x, y) in the direction (along_x, along_y), of length 1; m."""

    x: float
    y: float
    along_x: float
    along_y: float
    length: float
    behind: float  # m, that sound has come before the start


class Crossings(NamedTuple):
    """Room for crossings in order of their distance from the ray's start."""

    at: Float32  # m that sound has come
    value: Float32  # altitude of the roof, top or terrain there; ground factor beyond
    listed: Int32  # where the grid lists the element; -1: the wall that reflects
    turn: Int32  # twice its kind; 1 more if the ray passes to its left, into a building


@physics
def ray_between(x: float, y: float, to_x: float, to_y: float, behind: float) -> Ray:
    """The ray from one point to another, which lies east of it if it is at the same place."""
    step_x, step_y = to_x - x, to_y - y
    length = math.sqrt(step_x * step_x + step_y * step_y)
    if length < SHORTEST:
        return Ray(x, y, 1.0, 0.0, SHORTEST, behind)
    return Ray(x, y, step_x / length, step_y / length, length, behind)


@strict
def beside(x: float, y: float, ray: Ray) -> float:
    """Distance (m) of a point to the left of a ray's line."""
    return ray.along_x * (y - ray.y) - ray.along_y * (x - ray.x)


@strict
def onward(x: float, y: float, ray: Ray) -> float:
    """Distance (m) of a point along a ray's line."""
    return ray.along_x * (x - ray.x) + ray.along_y * (y - ray.y)


@strict
def crossed_at(side0: float, side1: float, at0: float, at1: float) -> float:
    """Place (m) along the ray where an element between two points on either side crosses it.

    Counted from the left point: buildings that share a wall are crossed at one place.
    """
    if side0 >= 0.0:
        return at0 + (at1 - at0) * (side0 / (side0 - side1))
    return at1 + (at0 - at1) * (side1 / (side1 - side0))


@strict
def cell_of(place: float, corner: float, size: float) -> int:
    """Column or row of a place (m), maybe outside the grid."""
    cell = int((place - corner) / size)
    return cell - 1 if place < corner + f32(cell) * size else cell


@strict
def next_line(
    cell: int, step: int, corner: float, size: float, start: float, along: float
) -> float:
    """Place (m) along the ray where it leaves a column or row of cells."""
    if along == 0.0:
        return NEVER
    line = corner + (f32(cell) + (1.0 if step > 0 else 0.0)) * size
    return (line - start) / along


@borrowing
def note_crossing(
    found: Crossings, count: int, at: float, value: float, listed: int, turn: int
) -> None:
    """Put a crossing in its place among those found."""
    place = count
    while place > 0 and found.at[place - 1] > at:
        found.at[place] = found.at[place - 1]
        found.value[place] = found.value[place - 1]
        found.listed[place] = found.listed[place - 1]
        found.turn[place] = found.turn[place - 1]
        place -= 1
    found.at[place], found.value[place] = at, value
    found.listed[place], found.turn[place] = listed, turn


@physics
def value_at(kind: int, low: float, high: float, share: float, enters: bool) -> float:
    """What an element means to a ray that crosses it at a share of its length."""
    if kind == GROUND_BOUNDARY:
        return low if enters else high
    return low + share * (high - low)


@borrowing
def cross_cell(
    grid: Grid,
    cell: int,
    ray: Ray,
    from_at: float,
    to_at: float,
    skipped: int,
    found: Crossings,
    count: int,
) -> int:
    """Note the crossings between two places (m) on a ray; their number, -1 if they do not fit."""
    line, mark = grid.line, grid.mark
    for k in range(grid.start[cell], grid.start[cell + 1]):
        side0 = beside(line[k, 0], line[k, 1], ray)
        side1 = beside(line[k, 2], line[k, 3], ray)
        enters = side0 >= 0.0
        if (side1 >= 0.0) == enters:
            continue
        at0, at1 = onward(line[k, 0], line[k, 1], ray), onward(line[k, 2], line[k, 3], ray)
        at = crossed_at(side0, side1, at0, at1)
        if at < from_at or at >= to_at or mark[k, 0] == skipped:
            continue
        if count >= found.at.size:
            return -1
        kind, share = mark[k, 1], side0 / (side0 - side1)
        value = value_at(kind, line[k, 4], line[k, 5], share, enters)
        note_crossing(found, count, ray.behind + at, value, k, 2 * kind + (1 if enters else 0))
        count += 1
    return count


@borrowing
def find_crossings(grid: Grid, ray: Ray, skipped: int, found: Crossings, count: int) -> int:
    """Add a ray's crossings to ``count`` found before; their number, -1 if they do not fit.

    ``skipped`` is an element not to cross, as the wall that the ray comes from; -1: none.
    """
    last = ray.length - CLEAR
    step_x, step_y = 1 if ray.along_x > 0.0 else -1, 1 if ray.along_y > 0.0 else -1
    column = cell_of(ray.x, grid.west, grid.cell)
    row = cell_of(ray.y, grid.south, grid.cell)
    at = CLEAR
    while at < last and count >= 0:
        to_column = next_line(column, step_x, grid.west, grid.cell, ray.x, ray.along_x)
        to_row = next_line(row, step_y, grid.south, grid.cell, ray.y, ray.along_y)
        to_at = min(to_column, to_row, last)
        if 0 <= column < grid.columns and 0 <= row < grid.rows and to_at > at:
            cell = row * grid.columns + column
            count = cross_cell(grid, cell, ray, at, to_at, skipped, found, count)
        at = max(at, to_at)
        if to_column < to_row:
            column += step_x
        else:
            row += step_y
    return count
