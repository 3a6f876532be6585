"""What each square of a hierarchy emits, and where: summed from its segments upwards.

A square acts as one source at the centroid of its emission, where the first-order error of
merging vanishes; its second moments correct most of the second order (``spread_correction``).
"""

import math

import numpy as np
from numba import njit, prange

from roadside_kernels.air.hierarchy import DISTRICT, MOST_CORRECTION, TINY, Hierarchy
from roadside_kernels.air.plume import CENTRE, Curve
from roadside_kernels.arrays import Float32, Int64, Receptors, Segments
from roadside_kernels.elementary import log2
from roadside_kernels.geometry import NEAREST
from roadside_kernels.launch import dealt, on_all_cores
from roadside_kernels.physics import FAST_MATH, f32, physics

#: Columns of a square: the weight of its emission, the centroid (m), the box of its segments.
WEIGHT, X, Y, WEST, SOUTH, EAST, NORTH = 0, 1, 2, 3, 4, 5, 6
#: Second moments (m2, times weight) about the centroid; of a lone segment its extent (m).
XX, XY, YY = 7, 8, 9
ALONG_X, ALONG_Y = XX, XY
#: Emission (ug/s) of the five pollutants, and farthest distance (m) of a segment from the centroid.
EMISSION, RADIUS = 10, 15
#: As many numbers as fill a line of the processor's cache.
COLUMNS = 16
PER_LOG2 = 4.0 / math.log(2.0)
INFINITY = math.inf


@physics
def place_segment(k: int, segments: Segments, cell: Float32) -> None:
    """Set the place of the square of a lone segment."""
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    cell[X], cell[Y] = 0.5 * (x0 + x1), 0.5 * (y0 + y1)
    cell[ALONG_X], cell[ALONG_Y] = x1 - x0, y1 - y0
    cell[WEST], cell[EAST] = min(x0, x1), max(x0, x1)
    cell[SOUTH], cell[NORTH] = min(y0, y1), max(y0, y1)


@physics
def set_emission(k: int, emission: Float32, share: Float32, cell: Float32) -> None:
    """Set the emission of a lone segment that has its place, and its weight."""
    along_x, along_y = cell[ALONG_X], cell[ALONG_Y]
    length = math.sqrt(along_x * along_x + along_y * along_y)
    weight = f32(0.0)
    for pollutant in range(5):
        cell[EMISSION + pollutant] = emission[pollutant, k] * length
        weight += share[pollutant] * cell[EMISSION + pollutant]
    cell[WEIGHT], cell[RADIUS] = weight, 0.5 * length


@physics
def clear(cell: Float32) -> None:
    """Make a square that holds nothing."""
    cell[:] = 0.0
    cell[WEST] = cell[SOUTH] = INFINITY
    cell[EAST] = cell[NORTH] = -INFINITY


@physics
def widen(part: Float32, whole: Float32) -> None:
    """Make the box of a square hold that of a part."""
    whole[WEST], whole[SOUTH] = min(whole[WEST], part[WEST]), min(whole[SOUTH], part[SOUTH])
    whole[EAST], whole[NORTH] = max(whole[EAST], part[EAST]), max(whole[NORTH], part[NORTH])


@physics
def add_cell(part: Float32, lone: bool, whole: Float32) -> None:
    """Add a part of a square to it: emission, centroid, moments and box."""
    weight = whole[WEIGHT] + part[WEIGHT]
    dx, dy = part[X] - whole[X], part[Y] - whole[Y]
    share = part[WEIGHT] / max(weight, TINY)
    apart = whole[WEIGHT] * share
    if lone:
        own = part[WEIGHT] / 12.0
        along_x, along_y = part[ALONG_X], part[ALONG_Y]
        whole[XX] += own * along_x * along_x
        whole[XY] += own * along_x * along_y
        whole[YY] += own * along_y * along_y
    else:
        whole[XX] += part[XX]
        whole[XY] += part[XY]
        whole[YY] += part[YY]
    whole[XX] += apart * dx * dx
    whole[XY] += apart * dx * dy
    whole[YY] += apart * dy * dy
    whole[X] += share * dx
    whole[Y] += share * dy
    whole[WEIGHT] = weight
    for pollutant in range(5):
        whole[EMISSION + pollutant] += part[EMISSION + pollutant]
    widen(part, whole)


@physics
def set_radius(cell: Float32) -> None:
    """Set how far from the centroid a square's segments can be."""
    dx = max(cell[X] - cell[WEST], cell[EAST] - cell[X])
    dy = max(cell[Y] - cell[SOUTH], cell[NORTH] - cell[Y])
    cell[RADIUS] = math.sqrt(dx * dx + dy * dy)


@physics
def gap(cell: Float32, box: Float32) -> float:
    """Distance (m) between the box of a square and another; 0 where they meet."""
    dx = max(cell[WEST] - box[2], box[0] - cell[EAST], 0.0)
    dy = max(cell[SOUTH] - box[3], box[1] - cell[NORTH], 0.0)
    return math.sqrt(dx * dx + dy * dy)


@physics
def spread_correction(cell: Float32, dx: float, dy: float, curve: Curve) -> float:
    """Dilution of a square's segments at an offset (m) over that of its centroid; second order.

    1 + tr(M H) / 2 G, with M the second moments, G the dilution and H its second derivatives.
    """
    squared = max(dx * dx + dy * dy, NEAREST * NEAREST)
    t = log2(squared) - CENTRE
    value = first = second = f32(0.0)
    for power in range(10, -1, -1):
        second = second * t + 2.0 * first
        first = first * t + value
        value = value * t + curve[power]
    slope: float = -2.0 * first
    bend = slope * slope + slope + PER_LOG2 * second
    along = (cell[XX] * dx * dx + 2.0 * cell[XY] * dx * dy + cell[YY] * dy * dy) / squared
    across = cell[XX] + cell[YY] - along
    change: float = 0.5 * (along * bend - across * slope) / (squared * cell[WEIGHT])
    return 1.0 + min(max(change, -MOST_CORRECTION), MOST_CORRECTION)


@physics
def place_district(root: int, hierarchy: Hierarchy, segments: Segments, cells: Float32) -> None:
    """Set the places of the segments of a square, and its box; clear the squares between."""
    whole = cells[root]
    clear(whole)
    for square in range(root, hierarchy.after[root]):
        if hierarchy.after[square] == square + 1:
            place_segment(hierarchy.segment[hierarchy.first[square]], segments, cells[square])
            widen(cells[square], whole)
        elif square > root:
            clear(cells[square])


@physics
def sum_district(
    root: int,
    hierarchy: Hierarchy,
    segments: Segments,
    emission: Float32,
    share: Float32,
    around: Float32,
    reach: float,
    cells: Float32,
) -> None:
    """Sum a square and all its parts; one out of reach of a box (m) gets its own box only."""
    place_district(root, hierarchy, segments, cells)
    if gap(cells[root], around) > reach:
        return
    for square in range(hierarchy.after[root] - 1, root - 1, -1):
        lone = hierarchy.after[square] == square + 1
        if lone:
            k = hierarchy.segment[hierarchy.first[square]]
            set_emission(k, emission, share, cells[square])
        else:
            set_radius(cells[square])
        if square > root:
            add_cell(cells[square], lone, cells[hierarchy.parent[square]])


def _sum_districts(
    order: Int64,
    hierarchy: Hierarchy,
    segments: Segments,
    emission: Float32,
    share: Float32,
    around: Float32,
    reach: float,
    cells: Float32,
) -> None:
    for turn in prange(order.size):
        root = hierarchy.districts[order[turn]]
        sum_district(root, hierarchy, segments, emission, share, around, reach, cells)


def _sum_crown(hierarchy: Hierarchy, cells: Float32) -> None:
    """Sum the squares above the districts."""
    for square in hierarchy.crown:
        if hierarchy.last[square] - hierarchy.first[square] > DISTRICT:
            clear(cells[square])
    for square in hierarchy.crown[::-1]:
        lone = hierarchy.after[square] == square + 1
        if not lone:
            set_radius(cells[square])
        if hierarchy.parent[square] >= 0:
            add_cell(cells[square], lone, cells[hierarchy.parent[square]])


_districts_in_parallel = on_all_cores(_sum_districts)
_crown = njit(nogil=True, error_model="numpy", fastmath=FAST_MATH)(_sum_crown)


def summed_cells(
    hierarchy: Hierarchy,
    segments: Segments,
    emission: Float32,
    receptors: Receptors,
    reach: float,
) -> Float32:
    """Squares (squares, ``COLUMNS``) that emit what their segments do.

    Squares out of reach (m) of all receptors are left undone inside.
    """
    cells = np.empty((hierarchy.first.size, COLUMNS), np.float32)
    total = emission.sum(axis=1, dtype=np.float64)
    share = np.divide(1.0, total, out=np.zeros(5), where=total > 0).astype(np.float32)
    around = np.array(
        [receptors.x.min(), receptors.y.min(), receptors.x.max(), receptors.y.max()], np.float32
    )
    order = dealt(hierarchy.districts.size)
    _districts_in_parallel(order, hierarchy, segments, emission, share, around, f32(reach), cells)
    _crown(hierarchy, cells)
    return cells
