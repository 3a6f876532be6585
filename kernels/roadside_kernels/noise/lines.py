"""Lines of road that sound: distance from a receptor, and the pieces they are cut into."""

import math
from typing import NamedTuple

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import distance_to_segment
from roadside_kernels.physics import borrowing, f32, physics

#: Shortest piece (m), and length of a piece over the distance of its line.
SHORTEST_PIECE = 1.0
LENGTH_OVER_DISTANCE = 0.5


class Lines(NamedTuple):
    """M polylines of road, each of uniform power per metre: vertices start[k]:start[k + 1] (m)."""

    start: Int32  # M + 1
    x: Float32
    y: Float32
    z: Float32  # altitude of the sources, 0.05 m above the road
    ground: Float32  # altitude of the terrain below


class Spot(NamedTuple):
    """A place on a line: its segment, and the share of it that lies behind."""

    segment: int  # its first vertex
    share: float


@borrowing
def line_length(lines: Lines, k: int) -> float:
    """Length (m) of a line, as seen from above."""
    length = 0.0
    for v in range(lines.start[k], lines.start[k + 1] - 1):
        step_x, step_y = lines.x[v + 1] - lines.x[v], lines.y[v + 1] - lines.y[v]
        length += math.sqrt(step_x * step_x + step_y * step_y)
    return length


@borrowing
def distance_to_line(lines: Lines, k: int, x: float, y: float) -> float:
    """Distance (m) from a point to a line, as seen from above."""
    v = lines.start[k]
    nearest: float = distance_to_segment(x, y, lines.x[v], lines.y[v], lines.x[v], lines.y[v])
    for v in range(lines.start[k], lines.start[k + 1] - 1):
        to = distance_to_segment(x, y, lines.x[v], lines.y[v], lines.x[v + 1], lines.y[v + 1])
        nearest = min(nearest, to)
    return nearest


@physics
def pieces_of(length: float, distance: float) -> int:
    """Equal pieces to cut a line (m) into, seen from a distance (m)."""
    longest = max(SHORTEST_PIECE, LENGTH_OVER_DISTANCE * distance)
    return max(i32(math.ceil(length / longest)), i32(1))


@borrowing
def spot_at(lines: Lines, k: int, along: float) -> Spot:
    """The place so far (m) along a line."""
    last = lines.start[k + 1] - 2
    passed: float = 0.0
    for v in range(lines.start[k], last + 1):
        step_x, step_y = lines.x[v + 1] - lines.x[v], lines.y[v + 1] - lines.y[v]
        length = math.sqrt(step_x * step_x + step_y * step_y)
        if along < passed + length:
            return Spot(v, max(along - passed, 0.0) / length)
        passed += length
    return Spot(last, f32(1.0))


@borrowing
def at_spot(values: Float32, spot: Spot) -> float:
    """A value of the vertices at a place between two of them."""
    here, there = values[spot.segment], values[spot.segment + 1]
    value: float = here + spot.share * (there - here)
    return value
