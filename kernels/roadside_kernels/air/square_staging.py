"""From squares of a hierarchy to sources in the shared memory of a GPU, ordered by wind sector.

A block of threads looks at as many squares at a time as it has threads, in depth-first order.
Whether a square counts depends on those around it, which come before it: the nearest ones are in
the same window, and those of earlier windows have been passed over with all their parts.
"""

import math
from typing import NamedTuple

from roadside_kernels.air.divided_sums import APART, AT_RIM, BEYOND, row_after_borders
from roadside_kernels.air.hierarchy import Hierarchy, Opening
from roadside_kernels.air.hierarchy_cells import EMISSION, X, Y, gap, spread_correction
from roadside_kernels.air.hierarchy_lanes import NARROW, half_width
from roadside_kernels.air.merging import adds_nothing, farthest, seen_as_one
from roadside_kernels.air.open_road_cpu import Bool
from roadside_kernels.air.staging import MARKS, Site, Staged, key_of, segment_of
from roadside_kernels.air.thread_sums import Given, Mine, curve_at, flag_near_segment
from roadside_kernels.air.wind_sectors import sectors_seen
from roadside_kernels.arrays import Float32, StreetLinks
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import NEAREST, distance_to_box, pieces_of_segment
from roadside_kernels.physics import f32, physics

#: Places for the marks of squares that hold a linked road; squares share a place by remainder,
#: so that now and then one is opened that need not be.
SQUARE_MARKS = 4096


class Squares(NamedTuple):
    """A hierarchy, what its squares emit, and when one may act as one source."""

    hierarchy: Hierarchy
    cells: Float32  # (squares, COLUMNS)
    opening: Opening


class Window(NamedTuple):
    """The squares at hand, one a thread; in shared memory."""

    covers: Bool  # (threads): whether its parts are not looked at
    linked: Bool  # (SQUARE_MARKS): whether a square of this place holds a linked road


@physics
def mark_linked_squares(
    thread: int, threads: int, first: int, last: int, links: StreetLinks, hierarchy: Hierarchy,
    linked: Bool,
) -> None:  # fmt: skip
    """Mark the squares that hold a road linked to a receptor from ``first`` to ``last``."""
    if links.start.size <= last:
        return
    for link in range(links.start[first] + thread, links.start[last], threads):
        road = links.road[link]
        if road + 1 < hierarchy.road_start.size:
            for at in range(hierarchy.road_start[road], hierarchy.road_start[road + 1]):
                square = hierarchy.on_road[at]
                while square >= 0:
                    linked[square % SQUARE_MARKS] = True
                    square = hierarchy.parent[square]


@physics
def is_lone(square: int, hierarchy: Hierarchy) -> bool:
    """Whether a square holds one segment."""
    return bool(hierarchy.after[square] == square + 1)


@physics
def look_at_square(
    square: int, box: Float32, limit: float, given: Given, squares: Squares, linked: Bool
) -> tuple[bool, int]:
    """Whether a square's parts need no look, and its sources unless a larger one stands for it."""
    cell, hierarchy = squares.cells[square], squares.hierarchy
    if adds_nothing(cell, box, limit):
        return True, i32(0)
    if is_lone(square, hierarchy):
        k, segments = hierarchy.segment[hierarchy.first[square]], given.roads.segments
        x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
        return False, i32(pieces_of_segment(x0, y0, x1, y1, box[0], box[1], box[2], box[3]))
    _, count = seen_as_one(cell, box, given.site.borders, squares.opening, limit)
    if count == 0 or linked[square % SQUARE_MARKS]:
        return False, i32(0)
    return True, i32(1)


@physics
def is_covered(square: int, start: int, hierarchy: Hierarchy, covers: Bool) -> bool:
    """Whether a larger square at hand, those from ``start`` on, stands for a square."""
    covered = False
    larger = hierarchy.parent[square]
    while larger >= start:
        covered = covered or covers[larger - start]
        larger = hierarchy.parent[larger]
    return covered


@physics
def next_square(start: int, end: int, hierarchy: Hierarchy, covers: Bool) -> int:
    """The first square from ``end`` on that none of those at hand stands for."""
    found = i32(end)
    if end < hierarchy.first.size:
        larger = hierarchy.parent[end]
        while larger >= start:
            if covers[larger - start]:
                found = i32(hierarchy.after[larger])
            larger = hierarchy.parent[larger]
    return found


@physics
def touches(square: int, box: Float32, squares: Squares) -> bool:
    """Whether the segment of a lone square may be nearer than ``NEAREST`` to a receptor."""
    return is_lone(square, squares.hierarchy) and gap(squares.cells[square], box) < NEAREST


@physics
def flag_near_squares(start: int, touching: Bool, hierarchy: Hierarchy, given: Given, mine: Mine,
                      near: Bool) -> None:  # fmt: skip
    """Flag receptors nearer than ``NEAREST`` to the segments of lone squares that touch."""
    for at in range(touching.size):
        if touching[at]:
            k = hierarchy.segment[hierarchy.first[start + at]]
            flag_near_segment(k, given.roads.segments, mine, near)


@physics
def row_of_piece(
    px: float, py: float, road: int, whole: bool, box: Float32, site: Site, limit: float,
    staged: Staged,
) -> int:  # fmt: skip
    """Row of a piece; ``whole``: all of its segment is in range of all receptors."""
    sectors = i32(site.annual.size)
    away = distance_to_box(px, py, box[0], box[1], box[2], box[3])
    if away * away > limit:
        return row_after_borders(BEYOND, sectors)
    if staged.marks[road % MARKS]:
        return row_after_borders(APART, sectors)
    first, count = sectors_seen(px, py, box, site.borders)
    if count == 1:
        return i32(first)
    if whole and count == 2 and sectors >= 4:
        return i32(sectors + (first + 1) % sectors)
    return row_after_borders(APART, sectors)


@physics
def stage_near(
    piece: int, count: int, at: int, square: int, box: Float32, limit: float, given: Given,
    squares: Squares, staged: Staged,
) -> None:  # fmt: skip
    """Let one of the pieces of a lone square wait at a place."""
    roads, site, numbers = given.roads, given.site, staged.numbers
    k = squares.hierarchy.segment[squares.hierarchy.first[square]]
    segments, sectors = roads.segments, i32(site.annual.size)
    x0, y0 = segments.x0[k], segments.y0[k]
    step_x, step_y = (segments.x1[k] - x0) / f32(count), (segments.y1[k] - y0) / f32(count)
    along = f32(piece) + 0.5
    px, py = x0 + along * step_x, y0 + along * step_y
    length = math.sqrt(step_x * step_x + step_y * step_y)
    whole = farthest(squares.cells[square], box) <= limit
    row = row_of_piece(px, py, segments.road[k], whole, box, site, limit, staged)
    weight = site.annual[row] if row < sectors else f32(1.0)
    numbers[at, 0], numbers[at, 1], numbers[at, 7] = px, py, 0.5 / NARROW
    numbers[at, 2], numbers[at, 3] = roads.emission[0, k] * length, roads.emission[1, k] * length
    for pollutant in range(2, 5):
        numbers[at, 2 + pollutant] = roads.emission[pollutant, k] * length * weight
    staged.segment[at] = k
    staged.key[at] = key_of(row, roads.curve[k], i32(site.coefficients.shape[0]), at)


@physics
def stage_merged(
    at: int, square: int, box: Float32, limit: float, given: Given, squares: Squares,
    staged: Staged,
) -> None:  # fmt: skip
    """Let a square that acts as one source wait at a place."""
    cell, site, numbers = squares.cells[square], given.site, staged.numbers
    k = squares.hierarchy.segment[squares.hierarchy.first[square]]
    curve, sectors = given.roads.curve[k], i32(site.annual.size)
    first, count = seen_as_one(cell, box, site.borders, squares.opening, limit)
    dx, dy = cell[X] - 0.5 * (box[0] + box[2]), cell[Y] - 0.5 * (box[1] + box[3])
    strength = spread_correction(cell, dx, dy, curve_at(site.coefficients, curve))
    row, weight, numbers[at, 7] = i32(first), f32(1.0), 0.0
    if farthest(cell, box) > limit:
        away = math.sqrt(dx * dx + dy * dy)
        row, numbers[at, 7] = (
            row_after_borders(AT_RIM, sectors),
            half_width(cell, dx / away, dy / away),
        )
    elif count == 1:
        weight = site.annual[first]
    else:
        right = i32((first + 1) % sectors)
        width = half_width(cell, site.borders[right, 1], -site.borders[right, 0])
        row, numbers[at, 7] = i32(sectors + right), 0.5 / width
    numbers[at, 0], numbers[at, 1] = cell[X], cell[Y]
    numbers[at, 2], numbers[at, 3] = cell[EMISSION] * strength, cell[EMISSION + 1] * strength
    for pollutant in range(2, 5):
        numbers[at, 2 + pollutant] = cell[EMISSION + pollutant] * strength * weight
    staged.segment[at] = k
    staged.key[at] = key_of(row, curve, i32(site.coefficients.shape[0]), at)


@physics
def stage_source(
    source: int, at: int, start: int, box: Float32, limit: float, given: Given, squares: Squares,
    staged: Staged,
) -> None:  # fmt: skip
    """Let a source, counted from the first of the squares at hand on, wait at a place."""
    among = segment_of(source, staged.ends)
    before = staged.ends[among - 1] if among > 0 else i32(0)
    square = i32(start + among)
    if is_lone(square, squares.hierarchy):
        count = staged.ends[among] - before
        stage_near(source - before, count, at, square, box, limit, given, squares, staged)
    else:
        stage_merged(at, square, box, limit, given, squares, staged)
