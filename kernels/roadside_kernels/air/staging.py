"""From segments of road to pieces in the shared memory of a GPU, ordered by wind sector.

The threads of a block share this work; barriers between its steps are up to the caller.
"""

import math
from typing import NamedTuple

import numpy as np

from roadside_kernels.air.open_road_cpu import Bool, at_least_from
from roadside_kernels.air.wind_sectors import sectors_seen
from roadside_kernels.arrays import Float32, Int32, Segments, StreetLinks
from roadside_kernels.elementary import i32, u32
from roadside_kernels.geometry import NEAREST, distance_to_box, pieces_of_segment
from roadside_kernels.physics import f32, physics

#: Pieces that wait until they are ordered and summed.
WAITING = 256
#: Places in order: one more, for the end.
PLACES = WAITING + 1
LAST_PLACE, PLACE_BITS = np.uint32(WAITING - 1), WAITING.bit_length() - 1
#: A key after all others.
LAST_KEY = np.int32(2**31 - 1)
#: Numbers of each: its middle, the emission of five pollutants, and one that tells how wide it is;
#: 32 bytes lie aligned.
NUMBERS = 8
#: Places for the marks of roads that street links exclude; roads share a place by remainder.
MARKS = 1024
#: Segments whose pieces are counted together, so that no thread adds up all counts.
TEAM = 16


class Site(NamedTuple):
    """What holds for all receptors."""

    coefficients: Float32  # of the dilution curves
    annual: Float32  # (sectors), from a dilution to an annual mean
    borders: Float32  # (sectors, 2), unit vectors from border to border, clockwise


class Roads(NamedTuple):
    """Segments and what they emit."""

    segments: Segments
    emission: Float32  # (5, M), ug/(m s)
    curve: Int32  # (M)


class Staged(NamedTuple):
    """Shared memory of a block of threads."""

    numbers: Float32  # (WAITING, NUMBERS): x, y (m), emission (ug/s)
    segment: Int32  # (WAITING)
    key: Int32  # (WAITING): wind sector, then curve, then place in this array
    ordered: Int32  # (PLACES): keys from low to high, and an end
    ends: Int32  # (threads): pieces of the segments at hand up to each
    teams: Int32  # (threads / TEAM): pieces of each team of segments
    marks: Bool  # (MARKS): whether a receptor is linked to a road of this place
    touching: Bool  # (threads): whether a segment may be nearer than NEAREST


@physics
def mark_linked_roads(
    thread: int, threads: int, first: int, last: int, links: StreetLinks, marks: Bool
) -> None:
    """Mark the roads that receptors from ``first`` to ``last`` are linked to, if any are."""
    if links.start.size <= last:
        return
    for link in range(links.start[first] + thread, links.start[last], threads):
        marks[links.road[link] % MARKS] = True


@physics
def pieces_in_reach(k: int, segments: Segments, box: Float32, limit: float) -> int:
    """Pieces of a segment as a block sees it; 0 if all of it is beyond a squared range (m2)."""
    nearest = at_least_from(k, segments, box)
    if nearest > 0.0 and nearest * nearest > limit:
        return i32(0)
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    return pieces_of_segment(x0, y0, x1, y1, box[0], box[1], box[2], box[3])


@physics
def may_touch(k: int, segments: Segments, box: Float32) -> bool:
    """Whether a segment may come nearer than ``NEAREST`` to a receptor of a block."""
    return at_least_from(k, segments, box) < NEAREST


@physics
def add_up_team(thread: int, ends: Int32, teams: Int32) -> int:
    """Pieces of the segments of a thread's team as far as its own; the last one notes the sum."""
    total = i32(0)
    for at in range(thread - thread % TEAM, thread + 1):
        total += ends[at]
    if thread % TEAM == TEAM - 1:
        teams[thread // TEAM] = total
    return total


@physics
def before_team(thread: int, teams: Int32) -> int:
    """Pieces of the segments of all teams before a thread's own."""
    total = i32(0)
    for team in range(thread // TEAM):
        total += teams[team]
    return total


@physics
def segment_of(piece: int, ends: Int32) -> int:
    """Which of the segments at hand a piece is of: the first that ends after it."""
    low, high = i32(0), i32(ends.size - 1)
    while low < high:
        middle = i32((low + high) // 2)
        if ends[middle] > piece:
            high = middle
        else:
            low = i32(middle + 1)
    return low


@physics
def key_of(sector: int, curve: int, curves: int, at: int) -> int:
    """Where a waiting piece comes in order."""
    return i32((sector * curves + curve) * WAITING + at)


@physics
def place_of_key(key: int) -> int:
    """Where a piece waits.

    Unsigned and of 32 bits, as places in order are: a GPU has no wider whole numbers, and
    nothing is to be done for negative ones.
    """
    return u32(u32(key) & LAST_PLACE)


@physics
def curve_of_key(key: int, curves: int) -> int:
    """Curve of a piece."""
    return i32(i32(key >> PLACE_BITS) % curves)


@physics
def sector_of_key(key: int, curves: int) -> int:
    """Sector of a piece."""
    return i32(i32(key >> PLACE_BITS) // curves)


@physics
def stage_piece(
    piece: int,
    at: int,
    start: int,
    roads: Roads,
    site: Site,
    box: Float32,
    limit: float,
    staged: Staged,
) -> None:
    """Let a piece, counted from the first of the segments from ``start`` on, wait at a place.

    A piece that the whole block sees in one sector is of that sector, and has its emission of
    annual means weighed.  After all sectors come pieces at a border or of a linked road, and
    last, pieces out of range.
    """
    segment = segment_of(piece, staged.ends)
    k = start + segment
    before = staged.ends[segment - 1] if segment > 0 else i32(0)
    count = staged.ends[segment] - before
    segments = roads.segments
    x0, y0 = segments.x0[k], segments.y0[k]
    step_x, step_y = (segments.x1[k] - x0) / f32(count), (segments.y1[k] - y0) / f32(count)
    along = f32(piece - before) + 0.5
    px, py = x0 + along * step_x, y0 + along * step_y
    length = math.sqrt(step_x * step_x + step_y * step_y)
    sectors, weight = i32(site.annual.size), f32(1.0)
    away = distance_to_box(px, py, box[0], box[1], box[2], box[3])
    sector, seen = sectors_seen(px, py, box, site.borders)
    if away * away > limit:
        sector = i32(sectors + 1)
    elif seen > 1 or staged.marks[segments.road[k] % MARKS]:
        sector = sectors
    else:
        weight = site.annual[sector]
    numbers = staged.numbers
    numbers[at, 0], numbers[at, 1] = px, py
    numbers[at, 2], numbers[at, 3] = roads.emission[0, k] * length, roads.emission[1, k] * length
    for pollutant in range(2, 5):
        numbers[at, 2 + pollutant] = roads.emission[pollutant, k] * length * weight
    staged.segment[at] = k
    staged.key[at] = key_of(sector, roads.curve[k], i32(site.coefficients.shape[0]), at)


@physics
def order_waiting(thread: int, threads: int, waiting: int, staged: Staged) -> None:
    """Put keys in order: a thread counts how many are lower than each of its own.

    Unlike queues filled by atomic operations this gives the same order in every run.
    """
    for at in range(thread, waiting, threads):
        key = staged.key[at]
        place = i32(0)
        for other in range(waiting):
            if staged.key[other] < key:
                place += i32(1)
        staged.ordered[place] = key
    if thread == 0:
        staged.ordered[waiting] = LAST_KEY
