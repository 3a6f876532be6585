"""Which streets a receptor sees: the nearest point of each street's axis, with no wall between.

Two uniform grids spare the search: one of the axis segments within range of each cell, one of the
walls that pass through each cell.  A cell's members are ``member[start[cell]:start[cell + 1]]``.
Coordinates are metres from a corner near by, in double precision: whether a wall lies between is
a yes or no that single precision may get wrong.  CPU only; done once when a region is built.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.launch import on_all_cores

Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Function = TypeVar("Function", bound=Callable[..., Any])

#: Room (m) for rounding: a segment is a member of a cell that it passes at this distance.
ROUNDING = 1e-6


class CellGrid(NamedTuple):
    """Square cells from a corner (m), row by row, and the segments that belong to each."""

    west: float
    south: float
    size: float
    columns: int
    rows: int
    start: Int64  # cells + 1
    member: Int32  # row of the segment, rising within a cell


class Lines(NamedTuple):
    """Straight segments by both ends (m)."""

    x0: Float64
    y0: Float64
    x1: Float64
    y1: Float64


class Axes(NamedTuple):
    """Straight segments of street axes, all of one street in a row."""

    x0: Float64
    y0: Float64
    x1: Float64
    y1: Float64
    street: Int64  # rising: segments of a street are neighbours
    road: Int32
    reach: Float64  # m, greatest distance at which the segment's road acts
    free_start: Bool  # the street ends where the segment starts
    free_end: Bool


class Nearest(NamedTuple):
    """The point of a street's axis that is nearest to a receptor."""

    square: float  # m2, squared distance
    x: float  # m
    y: float
    member: int  # number among the segments that were given
    abreast: bool  # not beyond a free end of the street


def compiled(function: Function) -> Function:
    """Compile for the CPU in double precision, on the first call."""
    return cast("Function", njit(nogil=True, error_model="numpy")(function))


@compiled
def _foot(
    x: float, y: float, x0: float, y0: float, x1: float, y1: float
) -> tuple[float, float, float]:
    """The point of a segment nearest to (x, y), and its place: 0 at the start, 1 at the end.

    The place is that of the perpendicular, below 0 or above 1 beyond an end.
    """
    dx, dy = x1 - x0, y1 - y0
    place = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)
    if place < 0.0:
        return x0, y0, place
    if place > 1.0:
        return x1, y1, place
    return x0 + place * dx, y0 + place * dy, place


@compiled
def _cell(place: float, origin: float, size: float, count: int) -> int:
    """Column or row of a place, the nearest one for places outside."""
    return min(max(math.floor((place - origin) / size), 0), count - 1)


@compiled
def _visit(lines: Lines, grid: CellGrid, reach: float, filled: Int64, member: Int32) -> None:
    """Count, or write where members are given, the segments within reach (m) of each cell."""
    half = grid.size / 2.0
    limit = (reach + half * math.sqrt(2.0) + ROUNDING) ** 2
    for i in range(lines.x0.size):
        x0, y0, x1, y1 = lines.x0[i], lines.y0[i], lines.x1[i], lines.y1[i]
        first = _cell(min(x0, x1) - reach - ROUNDING, grid.west, grid.size, grid.columns)
        last = _cell(max(x0, x1) + reach + ROUNDING, grid.west, grid.size, grid.columns)
        bottom = _cell(min(y0, y1) - reach - ROUNDING, grid.south, grid.size, grid.rows)
        top = _cell(max(y0, y1) + reach + ROUNDING, grid.south, grid.size, grid.rows)
        for row in range(bottom, top + 1):
            y = grid.south + row * grid.size + half
            for column in range(first, last + 1):
                x = grid.west + column * grid.size + half
                foot_x, foot_y, _ = _foot(x, y, x0, y0, x1, y1)
                if (x - foot_x) ** 2 + (y - foot_y) ** 2 <= limit:
                    cell = row * grid.columns + column
                    if member.size:
                        member[filled[cell]] = i
                    filled[cell] += 1


def index_lines(
    lines: Lines, reach: float, box: tuple[float, float, float, float], size: float
) -> CellGrid:
    """Grid of cells (m) over a box (west, south, east, north) with the segments within reach."""
    west, south, east, north = box
    columns = max(math.ceil((east - west) / size), 1)
    rows = max(math.ceil((north - south) / size), 1)
    count = np.zeros(columns * rows, np.int64)
    nothing = np.empty(0, np.int32)
    empty = CellGrid(west, south, size, columns, rows, count, nothing)
    _visit(lines, empty, reach, count, nothing)
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(count)])
    member = np.empty(int(start[-1]), np.int32)
    if member.size:
        _visit(lines, empty, reach, start[:-1].copy(), member)
    return empty._replace(start=start, member=member)


@compiled
def _side(px: float, py: float, qx: float, qy: float, x: float, y: float) -> float:
    """Above 0 where (x, y) lies to the left of the way from p to q, below 0 to its right."""
    return (qx - px) * (y - py) - (qy - py) * (x - px)


@compiled
def _wall_between(i: int, walls: Lines, x0: float, y0: float, x1: float, y1: float) -> bool:
    """Whether a wall crosses a line of sight; a line that starts or ends on it does not cross."""
    ax, ay, bx, by = walls.x0[i], walls.y0[i], walls.x1[i], walls.y1[i]
    # A corner on the line belongs to its left, so that of two walls that pass there one counts.
    if (_side(x0, y0, x1, y1, ax, ay) >= 0.0) == (_side(x0, y0, x1, y1, bx, by) >= 0.0):
        return False
    before, after = _side(ax, ay, bx, by, x0, y0), _side(ax, ay, bx, by, x1, y1)
    return before * after < 0.0


@compiled
def sees(x0: float, y0: float, x1: float, y1: float, walls: Lines, grid: CellGrid) -> bool:
    """Whether no wall stands between two places (m): a walk through the cells between them."""
    column = _cell(x0, grid.west, grid.size, grid.columns)
    row = _cell(y0, grid.south, grid.size, grid.rows)
    last_column = _cell(x1, grid.west, grid.size, grid.columns)
    last_row = _cell(y1, grid.south, grid.size, grid.rows)
    step_x, step_y = (1 if x1 > x0 else -1), (1 if y1 > y0 else -1)
    per_column = grid.size / abs(x1 - x0) if x1 != x0 else math.inf
    per_row = grid.size / abs(y1 - y0) if y1 != y0 else math.inf
    edge_x = grid.west + (column + (1 if step_x > 0 else 0)) * grid.size
    edge_y = grid.south + (row + (1 if step_y > 0 else 0)) * grid.size
    next_column = (edge_x - x0) / (x1 - x0) if x1 != x0 else math.inf
    next_row = (edge_y - y0) / (y1 - y0) if y1 != y0 else math.inf
    for _ in range(abs(last_column - column) + abs(last_row - row) + 1):
        cell = row * grid.columns + column
        for k in range(grid.start[cell], grid.start[cell + 1]):
            if _wall_between(grid.member[k], walls, x0, y0, x1, y1):
                return False
        if column != last_column and (next_column <= next_row or row == last_row):
            column += step_x
            next_column += per_column
        elif row != last_row:
            row += step_y
            next_row += per_row
    return True


@compiled
def _nearest_point(x: float, y: float, axes: Axes, members: Int32) -> Nearest:
    """The nearest point among segments of one street; of equally near ones the first."""
    nearest = Nearest(math.inf, 0.0, 0.0, -1, False)
    for k in range(members.size):
        i = members[k]
        foot_x, foot_y, place = _foot(x, y, axes.x0[i], axes.y0[i], axes.x1[i], axes.y1[i])
        square = (x - foot_x) ** 2 + (y - foot_y) ** 2
        if square < nearest.square:
            past = (place < 0.0 and axes.free_start[i]) or (place > 1.0 and axes.free_end[i])
            nearest = Nearest(square, foot_x, foot_y, k, not past)
    return nearest


@compiled
def _members_at(x: float, y: float, grid: CellGrid) -> Int32:
    """Segments within reach of the cell of a place; none outside the grid."""
    column = math.floor((x - grid.west) / grid.size)
    row = math.floor((y - grid.south) / grid.size)
    if not (0 <= column < grid.columns and 0 <= row < grid.rows):
        return grid.member[:0]
    cell = row * grid.columns + column
    return grid.member[grid.start[cell] : grid.start[cell + 1]]


@compiled
def _links_of(
    x: float, y: float, axes: Axes, axis_grid: CellGrid, walls: Lines, wall_grid: CellGrid,
    road: Int32, distance: Float32, at: int,
) -> int:  # fmt: skip
    """Number of streets that act on a receptor; written from ``at`` on unless that is below 0."""
    members = _members_at(x, y, axis_grid)
    found, first = 0, 0
    for k in range(1, members.size + 1):
        if k < members.size and axes.street[members[k]] == axes.street[members[first]]:
            continue
        nearest = _nearest_point(x, y, axes, members[first:k])
        segment = members[first + nearest.member]
        first = k
        if not nearest.abreast or nearest.square > axes.reach[segment] ** 2:
            continue
        if sees(x, y, nearest.x, nearest.y, walls, wall_grid):
            if at >= 0:
                road[at + found] = axes.road[segment]
                distance[at + found] = math.sqrt(nearest.square)
            found += 1
    return found


def _trace_links(
    x: Float64, y: Float64, masked: Bool,
    axes: Axes, axis_grid: CellGrid, walls: Lines, wall_grid: CellGrid,
    count: Int64, start: Int64, road: Int32, distance: Float32,
) -> None:  # fmt: skip
    """Count the streets that act on each receptor (m), none on a masked one.

    Where ``start`` is given (one value a receptor), write road and distance (m) from there on.
    """
    for i in prange(x.size):
        if not masked[i]:
            at = start[i] if start.size else -1
            count[i] = _links_of(x[i], y[i], axes, axis_grid, walls, wall_grid, road, distance, at)


trace_links = on_all_cores(_trace_links, relaxed=False)
