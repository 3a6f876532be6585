"""Segments of road gathered in squares within squares, so that far ones can act as one source.

A hierarchy depends on where roads lie relative to each other, not on where that is: it is built
once for a region, and serves every tile in that tile's own metres.  Roads with different dilution
curves never share a square.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32, Int64, Segments
from roadside_kernels.physics import f32

#: Side (m) of the smallest squares; each next is twice as wide.
FINEST = 12.5
#: Doublings of the smallest square: the largest is wider than a continent.
LEVELS = 20
#: Squares of this many segments, or somewhat fewer, are summed in parallel.
DISTRICT = 4096
#: Shifts, and the bits to keep after each, that leave a gap behind every bit of a number.
SPREADING = (
    (16, 0x0000FFFF0000FFFF),
    (8, 0x00FF00FF00FF00FF),
    (4, 0x0F0F0F0F0F0F0F0F),
    (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)
#: Radius of a square over its distance, for each unit of relative error at the 99.9th percentile
#: of receptors; measured on Ghent, with a third to spare (docs/decisions/0009).
RADIUS_PER_ERROR = 34.0
#: The same where a square straddles the rim of the range: there it counts in part.
RIM_PER_ERROR = 10.0
#: The same where it straddles a border between sectors of equal weight, and how much less for a
#: difference between them as large as the mean weight.
BORDER_PER_ERROR = 50.0
CONTRAST = 3.0
#: Squares are never larger than this, whatever the error, over their distance.
MOST_RADIUS, MOST_RIM = 0.5, 0.1
#: A dilution falls with distance by no more than this power.
STEEPEST = 2.0
#: Most that the spread of a square's emission changes its dilution, as it is corrected for.
MOST_CORRECTION = 0.25
#: Keeps 0/0 out of quotients.
TINY = 1e-30


class Opening(NamedTuple):
    """When a square may act as one source: its radius over its distance, at most."""

    radius: float
    rim: float  # the same, where it straddles the rim of the range
    border: Float32  # (sectors), the same, where it straddles the border before a wind sector


class Hierarchy(NamedTuple):
    """A tree of squares in depth-first order; the smallest hold one segment each."""

    segment: Int32  # (M), rows of the segments, neighbours side by side
    first: Int32  # (squares), where the segments of each start
    last: Int32  # (squares), and end
    after: Int32  # (squares), next square that lies in none of its parts
    parent: Int32  # (squares), -1: none
    districts: Int32  # squares, apart from each other, that hold all segments
    crown: Int32  # the districts, and the larger squares that they are parts of
    road_start: Int64  # (roads + 1); road r is in the squares on_road[start[r]:start[r + 1]]
    on_road: Int32  # (M), squares of one segment


def build_hierarchy(segments: Segments, curve: Int32) -> Hierarchy:
    """Gather segments by place, apart for each dilution curve."""
    code = _place(segments) + (curve.astype(np.int64) << 2 * LEVELS)
    segment = np.argsort(code, kind="stable").astype(np.int32)
    first, last = _squares(code[segment])
    parent = _parents(last)
    districts = _districts(first, last, parent)
    crown = np.union1d(districts, np.flatnonzero(last - first > DISTRICT)).astype(np.int32)
    lone = np.flatnonzero(last - first == 1).astype(np.int32)
    order = np.argsort(segments.road[segment], kind="stable")
    roads = np.arange(int(segments.road.max(initial=-1)) + 2)
    road_start = np.searchsorted(segments.road[segment[order]], roads).astype(np.int64)
    after = np.searchsorted(first, last).astype(np.int32)
    return Hierarchy(segment, first, last, after, parent, districts, crown, road_start, lone[order])


def opening_for(tolerance: float, weight: Float32) -> Opening:
    """How near squares may act as one source, for a relative error at the 99.9th percentile.

    ``weight`` is what a dilution in each wind sector adds to the annual mean.
    """
    contrast = np.abs(weight - np.roll(weight, 1)) / max(float(weight.mean()), TINY)
    border = BORDER_PER_ERROR * tolerance / (1.0 + CONTRAST * contrast)
    rim = min(RIM_PER_ERROR * tolerance, MOST_RIM)
    return Opening(f32(largest_ratio(tolerance)), f32(rim), border.astype(np.float32))


def largest_ratio(tolerance: float) -> float:
    """Largest radius of a square that acts as one source, over its distance."""
    return min(RADIUS_PER_ERROR * tolerance, MOST_RADIUS)


def error_bound(tolerance: float) -> float:
    """Relative error that no receptor exceeds, summed over sectors of equal wind, within the range.

    The second-order remainder of a square of radius rho at a distance R about its centroid,
    max(G'') rho^2 / 2 G with G ~ R^-2 at its nearest point, and the correction for its spread.
    It holds for each square; errors of many squares mostly cancel, which the tolerance counts on.
    """
    ratio = largest_ratio(tolerance)
    curvature: float = 0.5 * STEEPEST * (STEEPEST + 1.0) * ratio * ratio
    nearer = 1.0 / (1.0 - ratio)
    return curvature * math.pow(nearer, STEEPEST + 2.0) + min(curvature, MOST_CORRECTION)


def require_hierarchy_of(hierarchy: Hierarchy, segments: Segments) -> None:
    """Refuse a hierarchy of other segments than these.

    Raises
    ------
    ValueError
        If the number of segments differs.
    """
    gathered = hierarchy.segment.size
    if gathered != segments.x0.size:
        raise ValueError(f"hierarchy of {gathered} segments, must be of all {segments.x0.size}")


def _place(segments: Segments) -> Int64:
    """Numbers of the smallest squares that midpoints lie in, along a space-filling curve."""
    x, y = 0.5 * (segments.x0 + segments.x1), 0.5 * (segments.y0 + segments.y1)
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
    """Where the segments of every square start and end; squares that hold the same are one."""
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
    """The largest squares that hold at most ``DISTRICT`` segments."""
    small = last - first <= DISTRICT
    return np.flatnonzero(small & ((parent < 0) | ~small[parent])).astype(np.int32)
