"""Stretches of road gathered in squares within squares, so that far ones can act as one source.

A hierarchy depends on where roads lie relative to each other, not on where that is: it is built
once for a region, and serves every tile in that tile's own metres.  Roads with different dilution
curves never share a square.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32, Int64, Segments

#: Longest stretch of road (m) that is never divided between squares.
LONGEST = 25.0
#: Side (m) of the smallest squares; each next is twice as wide.
FINEST = 12.5
#: Doublings of the smallest square: the largest is wider than a continent.
LEVELS = 20
#: Squares of this many stretches, or somewhat fewer, are summed in parallel.
DISTRICT = 4096
#: Shifts, and the bits to keep after each, that leave a gap behind every bit of a number.
SPREADING = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)


class Hierarchy(NamedTuple):
    """A tree of squares in depth-first order; its leaves are stretches of road."""

    segment: Int32  # (stretches), row of the segment that each is part of
    start: Float32  # (stretches), where it starts along the segment, from 0 to 1
    stop: Float32
    first: Int32  # (squares), first stretch in each
    last: Int32  # (squares), one after the last stretch
    after: Int32  # (squares), next square that lies in none of its parts
    parent: Int32  # (squares), -1: none
    districts: Int32  # squares, apart from each other, that hold all stretches
    leaf: Int32  # (stretches), the square of each alone
    road_start: Int64  # (roads + 1); stretches of road r are on_road[start[r]:start[r + 1]]
    on_road: Int32


def build_hierarchy(segments: Segments, curve: Int32) -> Hierarchy:
    """Gather segments by place, apart for each dilution curve."""
    segment, start, stop, code = _stretches(segments, curve)
    first, last = _squares(code)
    after = np.searchsorted(first, last).astype(np.int32)
    alone = np.flatnonzero(last - first == 1).astype(np.int32)
    on_road = np.argsort(segments.road[segment], kind="stable").astype(np.int32)
    roads = int(segments.road.max(initial=-1)) + 1
    road_start = np.searchsorted(segments.road[segment[on_road]], np.arange(roads + 1))
    parent = _parents(last)
    return Hierarchy(
        segment,
        start,
        stop,
        first,
        last,
        after,
        parent,
        _districts(first, last, parent),
        alone,
        road_start.astype(np.int64),
        on_road,
    )


def require_hierarchy_of(hierarchy: Hierarchy, segments: Segments) -> None:
    """Refuse a hierarchy of other segments than these.

    Raises
    ------
    ValueError
        If the number of segments differs.
    """
    gathered = int(hierarchy.segment.max(initial=-1)) + 1
    if gathered != segments.x0.size:
        raise ValueError(f"hierarchy of {gathered} segments, must be of all {segments.x0.size}")


def _stretches(segments: Segments, curve: Int32) -> tuple[Int32, Float32, Float32, Int64]:
    """Segment, start, stop and place of each stretch, sorted by place."""
    x0, y0, x1, y1 = (end.astype(np.float64) for end in segments[:4])
    parts = np.maximum(np.ceil(np.hypot(x1 - x0, y1 - y0) / LONGEST), 1).astype(np.int64)
    segment = np.repeat(np.arange(parts.size), parts)
    number = np.arange(segment.size) - np.repeat(np.cumsum(parts) - parts, parts)
    start, stop = number / parts[segment], (number + 1) / parts[segment]
    middle = 0.5 * (start + stop)
    x = x0[segment] + middle * (x1 - x0)[segment]
    y = y0[segment] + middle * (y1 - y0)[segment]
    code = _place(x, y) + (curve[segment].astype(np.int64) << 2 * LEVELS)
    order = np.argsort(code, kind="stable")
    return (
        segment[order].astype(np.int32),
        start[order].astype(np.float32),
        stop[order].astype(np.float32),
        code[order],
    )


def _place(x: np.ndarray, y: np.ndarray) -> Int64:
    """Numbers of the smallest squares that points lie in, along a space-filling curve."""
    west, south = x.min(initial=np.inf), y.min(initial=np.inf)
    column = ((x - west) / FINEST).astype(np.int64)
    row = ((y - south) / FINEST).astype(np.int64)
    return _spread(column) | _spread(row) << 1


def _spread(number: Int64) -> Int64:
    """The bits of a number, apart, with room for those of another between them."""
    for shift, kept in SPREADING:
        number = (number | number << shift) & kept
    return number


def _squares(code: Int64) -> tuple[Int32, Int32]:
    """First stretch, and one after the last, of every square that holds more than its parts do."""
    found = [np.arange(code.size) << 32 | 1]
    for level in range(LEVELS + 1):
        square = code >> 2 * level
        first = np.flatnonzero(np.diff(square, prepend=-1))
        count = np.diff(first, append=code.size)
        found.append(first[count > 1] << 32 | count[count > 1])
    key = np.unique(np.concatenate(found))
    first, count = key >> 32, key & 0xFFFFFFFF
    order = np.lexsort((-count, first))
    return first[order].astype(np.int32), (first + count)[order].astype(np.int32)


def _smallest_around(last: Int32) -> Int32:
    """The smallest square that each square is a part of."""
    parent = np.full(last.size, -1, np.int32)
    for square in range(1, last.size):
        larger = np.int32(square - 1)
        while larger >= 0 and last[larger] < last[square]:
            larger = parent[larger]
        parent[square] = larger
    return parent


_parents = njit(nogil=True)(_smallest_around)


def _districts(first: Int32, last: Int32, parent: Int32) -> Int32:
    """The largest squares that hold at most ``DISTRICT`` stretches."""
    small = last - first <= DISTRICT
    return np.flatnonzero(small & ((parent < 0) | ~small[parent])).astype(np.int32)
