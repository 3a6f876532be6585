"""The ground at a point: altitude of the terrain and ground factor, from the elements around it.

The terrain is a surface of triangles: on the chord of the triangle through a point, from the
nearest edge west of it to the nearest one east, altitudes are linear.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32
from roadside_kernels.noise.crossings import (
    CLEAR,
    NEVER,
    Ray,
    beside,
    cell_of,
    crossed_at,
    onward,
)
from roadside_kernels.noise.scene import GROUND_BOUNDARY, TERRAIN_EDGE, Grid, Scene
from roadside_kernels.physics import FAST_MATH, f32, physics


class Beside(NamedTuple):
    """The nearest element of a kind on a ray."""

    at: float  # m
    listed: int  # where the grid lists it; -1: there is none
    share: float  # of the element's length
    enters: bool  # the ray passes to its left


@physics
def nearest_in_cell(grid: Grid, cell: int, ray: Ray, kind: int, nearest: Beside) -> Beside:
    """The nearer of what was found and what a cell holds."""
    line = grid.line
    for k in range(grid.start[cell], grid.start[cell + 1]):
        side0 = beside(line[k, 0], line[k, 1], ray)
        side1 = beside(line[k, 2], line[k, 3], ray)
        if grid.mark[k, 1] != kind or (side0 >= 0.0) == (side1 >= 0.0):
            continue
        at0, at1 = onward(line[k, 0], line[k, 1], ray), onward(line[k, 2], line[k, 3], ray)
        at = crossed_at(side0, side1, at0, at1)
        if 0.0 <= at < nearest.at:
            nearest = Beside(at, k, side0 / (side0 - side1), side0 >= 0.0)
    return nearest


@physics
def nearest_along(grid: Grid, x: float, y: float, along: float, kind: int) -> Beside:
    """The nearest element of a kind east (along 1) or west (-1) of a point."""
    ray = Ray(x, y, along, 0.0, NEVER, 0.0)
    nearest = Beside(NEVER, -1, 0.0, False)
    row, column = cell_of(y, grid.south, grid.cell), cell_of(x, grid.west, grid.cell)
    if row < 0 or row >= grid.rows:
        return nearest
    step = 1 if along > 0.0 else -1
    column = max(column, 0) if step > 0 else min(column, grid.columns - 1)
    while 0 <= column < grid.columns:
        beyond = along * (grid.west + (f32(column) + 0.5) * grid.cell - x) - grid.cell
        if beyond > nearest.at:
            break
        nearest = nearest_in_cell(grid, row * grid.columns + column, ray, kind, nearest)
        column += step
    return nearest


@physics
def altitude_of(grid: Grid, edge: Beside) -> float:
    """Altitude (m) of the terrain on one of its edges."""
    low, high = grid.line[edge.listed, 4], grid.line[edge.listed, 5]
    altitude: float = low + edge.share * (high - low)
    return altitude


@physics
def terrain_altitude(grid: Grid, x: float, y: float) -> float:
    """Altitude (m) of the terrain at a point; level beyond its last edge."""
    west = nearest_along(grid, x, y, -1.0, TERRAIN_EDGE)
    east = nearest_along(grid, x, y, 1.0, TERRAIN_EDGE)
    if west.listed < 0 and east.listed < 0:
        return grid.altitude
    if west.listed < 0:
        return altitude_of(grid, east)
    if east.listed < 0:
        return altitude_of(grid, west)
    low, high = altitude_of(grid, west), altitude_of(grid, east)
    return low + (high - low) * (west.at / max(west.at + east.at, CLEAR))


@physics
def factor_at(grid: Grid, x: float, y: float) -> float:
    """Ground factor at a point."""
    east = nearest_along(grid, x, y, 1.0, GROUND_BOUNDARY)
    if east.listed < 0:
        return grid.ground_factor
    factor: float = grid.line[east.listed, 5 if east.enters else 4]
    return factor


def _feet(grid: Grid, x: Float32, y: Float32, altitude: Float32, factor: Float32) -> None:
    for i in range(x.size):
        altitude[i] = terrain_altitude(grid, x[i], y[i])
        factor[i] = factor_at(grid, x[i], y[i])


_find_feet: Any = njit(nogil=True, error_model="numpy", fastmath=FAST_MATH)(_feet)


def feet(scene: Scene, x: Float32, y: Float32) -> tuple[Float32, Float32]:
    """Altitude (m) and ground factor of the ground at many points."""
    altitude, factor = np.empty_like(x), np.empty_like(x)
    _find_feet(scene.grid, x, y, altitude, factor)
    return altitude, factor
