"""Lines of road that sound alike along their length in any scenario: what a transfer is from.

Stretches (``noise.py``) that follow one another on a road are one line, up to a length that keeps
pruning and deltas local; where vehicles accelerate and brake, each stretch is a line of its own.
"""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.indicators import (
    DAY,
    EVENING,
    EVENING_PENALTY,
    NIGHT,
    NIGHT_PENALTY,
)

from roadside_server.computation.methods import Methods
from roadside_server.computation.noise import noise_stretches, stretch_power
from roadside_server.computation.sources import ROUNDING, Stretches, chosen, cut, together
from roadside_server.computation.tiles import View
from roadside_server.computation.transfer.source_places import (
    Sources,
    parallel,
    place_across,
    sources_across,
)
from roadside_server.emissions.sound_power import JUNCTION_REACH, nearest_junction
from roadside_server.region.schema import Float64, Region

#: Longest line (m), or about.
LONGEST = 200.0
#: Length (m) that a line has at least, where a bend leaves its inner side none.
SHORTEST = 0.1


class EmittingLines(NamedTuple):
    """L polylines: vertices start[k] to start[k + 1] (m, the region's CRS)."""

    start: Int32  # L + 1
    x: Float64
    y: Float64
    raised: Float64  # m, of the road above the terrain, at each vertex
    road: Int32  # L, row of the road table
    sample: Stretches  # of each line, one stretch of the road's axis that has its power
    share: Float64  # L, of the power of a metre of axis that a metre of the line has

    @property
    def size(self) -> int:
        """Number of lines."""
        return int(self.road.size)

    @property
    def boxes(self) -> Float64:
        """Bounds (L, 4: west, south, east, north; m)."""
        low = [np.minimum.reduceat(places, self.start[:-1]) for places in (self.x, self.y)]
        high = [np.maximum.reduceat(places, self.start[:-1]) for places in (self.x, self.y)]
        return np.stack([*low, *high], axis=1)


def segments_of(lines: EmittingLines, which: NDArray[np.intp]) -> Stretches:
    """Straight stretches of some lines; ``road`` is the line's."""
    line = np.repeat(np.arange(lines.size), np.diff(lines.start))
    first = np.flatnonzero((line[1:] == line[:-1]) & np.isin(line[1:], which))
    x, y = lines.x, lines.y
    return Stretches(x[first], y[first], x[first + 1], y[first + 1], line[first].astype(np.int32))


def lines_within(lines: EmittingLines, box: View, reach: float) -> NDArray[np.intp]:
    """Lines that may come within a distance (m) of a box."""
    west, south, east, north = lines.boxes.T
    dx = np.maximum(np.maximum(box.west - east, west - box.east), 0.0)
    dy = np.maximum(np.maximum(box.south - north, south - box.north), 0.0)
    return np.flatnonzero(np.hypot(dx, dy) <= reach + ROUNDING)


def emitting_lines(region: Region, sources: Sources = "road") -> EmittingLines:
    """All lines of a region's roads; of roads with several side by side the leftmost come first.

    Each has an equal share of its road's power, whatever its own length in a bend.
    """
    axis = noise_stretches(region)
    axis = cut(axis, np.full(axis.road.size, LONGEST))
    begins = ~_continues(region, axis)
    count = sources_across(region.roads, sources)
    rounds = []
    for number in range(count[axis.road].max(initial=1)):
        some = count[axis.road] > number
        across = place_across(region.roads, count, number)
        rounds.append(_lines(region, chosen(axis, some), begins[some], across, count))
    return _together(rounds)


def _lines(
    region: Region,
    axis: Stretches,
    begins: NDArray[np.bool_],
    across: Float64,
    count: NDArray[np.int64],
) -> EmittingLines:
    """A line for each run of stretches, at a distance (m) to the right of it by road."""
    placed = parallel(axis, across[axis.road])
    first = np.flatnonzero(begins)
    stretches = np.diff(np.append(first, axis.road.size))
    # A line has a vertex more than stretches: the start of its first one.
    start = np.concatenate([[0], np.cumsum(stretches + 1)]).astype(np.int32)
    starts = np.zeros(start[-1], np.bool_)
    starts[start[:-1]] = True
    x, y = np.empty(start[-1]), np.empty(start[-1])
    x[starts], y[starts] = placed.x0[first], placed.y0[first]
    x[~starts], y[~starts] = placed.x1, placed.y1
    road = axis.road[first]
    elevation = region.roads["elevation"].to_numpy(np.float64)[road]
    # The walls of a trench are not in the scene: its road is taken to lie at its edge.
    raised = np.repeat(np.maximum(elevation, 0.0), stretches + 1)
    lengths = [np.add.reduceat(s.length, first) if first.size else s.length for s in (axis, placed)]
    share = lengths[0] / np.maximum(lengths[1], SHORTEST) / count[road]
    return EmittingLines(start, x, y, raised, road, chosen(axis, first), share)


def _together(several: list[EmittingLines]) -> EmittingLines:
    """The lines of all, one list after the other."""
    counts = np.concatenate([np.diff(lines.start) for lines in several])
    start = np.append(0, np.cumsum(counts)).astype(np.int32)
    x, y, raised, road, share = (
        np.concatenate([getattr(lines, name) for lines in several])
        for name in ("x", "y", "raised", "road", "share")
    )
    sample = together(*(lines.sample for lines in several))
    return EmittingLines(start, x, y, raised, road, sample, share)


def line_power(
    region: Region, roads: gpd.GeoDataFrame, lines: EmittingLines, methods: Methods
) -> Float64:
    """A-weighted power per metre (3, 8, L) of the lines with the traffic of these roads."""
    return lines.share * stretch_power(region, roads, lines.sample, methods)


def pruning_power(power: Float64) -> Float32:
    """Power (L, 8) behind Lden of lines (3, 8, L), by which pruning weighs what it leaves out.

    Roads without traffic may get some: no line counts for less than the median of those that
    sound.
    """
    day, evening, night = power
    den = (DAY * day + EVENING * EVENING_PENALTY * evening + NIGHT * NIGHT_PENALTY * night).T / 24.0
    total = den.sum(axis=1)
    if not total.any():
        return np.ascontiguousarray(den, np.float32)
    usual = np.median(den[total > 0.0], axis=0)
    quiet = total < usual.sum()
    return np.ascontiguousarray(np.where(quiet[:, None], usual, den), np.float32)


def _continues(region: Region, stretches: Stretches) -> NDArray[np.bool_]:
    """Whether each stretch belongs to the line of the one before it."""
    x0, y0, x1, y1, road = stretches
    distance, _ = nearest_junction(stretches.middle, region.junctions)
    steady = distance >= JUNCTION_REACH
    joins = np.zeros(road.size, np.bool_)
    joins[1:] = (road[1:] == road[:-1]) & (x0[1:] == x1[:-1]) & (y0[1:] == y1[:-1])
    joins[1:] &= steady[1:] & steady[:-1]
    # Runs are divided into equal parts no longer than a line may be, a stretch where its middle is.
    first = np.flatnonzero(~joins)
    run = np.cumsum(~joins) - 1
    whole = np.add.reduceat(stretches.length, first) if road.size else stretches.length
    behind = np.cumsum(stretches.length) - stretches.length / 2
    along = behind - np.append(0.0, np.cumsum(whole))[run]
    part = np.floor(along / whole[run] * np.ceil(whole / LONGEST)[run])
    joins[1:] &= part[1:] == part[:-1]
    return joins
