"""Barriers beside open roads: which part of a road has one, on which side, at what distance.

Rbl 2007, annex 2 knows a barrier by its side, its height and its distance from the road's edge.
A line that somebody drew is brought into the coordinates of each straight stretch of road, along
and across; what lies beside the stretch and near enough to its edge counts for just that part.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from roadside_server.computation.reach import lines_of
from roadside_server.computation.sources import (
    BARRIER_FARTHEST,
    LANE_WIDTH,
    Stretches,
    chosen,
    initial_dispersion,
    near,
)
from roadside_server.computation.tiles import View
from roadside_server.region.schema import Float64, Region
from roadside_server.scenario.construction import Barrier

Rows = NDArray[np.intp]
Bool = NDArray[np.bool_]

#: Shorter parts of a road (m) are not cut off.
SHORTEST = 0.01
#: Sides by the sign of the distance across, which is positive to the left.
SIDES = {"left": 1.0, "right": -1.0}


class Screened(NamedTuple):
    """Roads whose plume a barrier widens, on any part of their length."""

    road: Bool  # (roads), which ones
    stretches: Stretches  # all of theirs, cut where barriers begin and end
    sigma: Float64  # (stretches), initial dispersion (m)


class Cover(NamedTuple):
    """Barriers beside stretches: which stretch, from where to where along it (m), how high (m)."""

    stretch: Rows
    side: Float64  # 1 left, -1 right
    start: Float64
    end: Float64
    height: Float64


def screened_roads(region: Region, stretches: Stretches, barriers: Sequence[Barrier]) -> Screened:
    """Roads of these stretches with a barrier that counts more than those they had."""
    road = np.zeros(len(region.roads), np.bool_)
    half_width = region.roads["lanes"].to_numpy(np.float64)[stretches.road] * LANE_WIDTH / 2
    cover = barrier_cover(stretches, half_width, barriers)
    rows = np.flatnonzero(np.isin(stretches.road, stretches.road[cover.stretch]))
    if rows.size == 0:
        return Screened(road, chosen(stretches, rows), np.zeros(0))
    parts, heights = _cut_by(stretches, cover, rows)
    present = region.roads.iloc[parts.road]
    sigma = initial_dispersion(_with_barriers(present, heights))
    road[parts.road[sigma > initial_dispersion(present)]] = True
    kept = road[parts.road]
    return Screened(road, chosen(parts, kept), sigma[kept])


def barrier_cover(stretches: Stretches, half_width: Float64, barriers: Sequence[Barrier]) -> Cover:
    """Where barriers stand beside stretches whose edge lies half a width (m) from their axis."""
    start, end, height = _segments(barriers)
    if not (height.size and stretches.road.size):
        nothing = np.zeros(0)
        return Cover(np.zeros(0, np.intp), nothing, nothing, nothing, nothing)
    wall, stretch = _close(start, end, stretches, BARRIER_FARTHEST + half_width.max())
    along, across = _beside(stretches, stretch, start[wall], end[wall])
    farthest = BARRIER_FARTHEST + half_width[stretch]
    length = stretches.length[stretch]
    found = [
        Cover(stretch[rows], np.full(rows.size, side), first, last, height[wall[rows]])
        for side in SIDES.values()
        for rows, first, last in [_clipped(along, side * across, length, farthest)]
    ]
    return Cover(*map(np.concatenate, zip(*found, strict=True)))


def _close(start: Float64, end: Float64, stretches: Stretches, reach: float) -> tuple[Rows, Rows]:
    """Pairs of segment and stretch that come within reach (m) of each other."""
    walls = shapely.linestrings(np.stack([start, end], axis=1))
    candidates = near(stretches, View(*shapely.total_bounds(walls)), reach)
    tree = shapely.STRtree(lines_of(chosen(stretches, candidates)))
    wall, row = tree.query(walls, predicate="dwithin", distance=reach)
    return wall, candidates[row]


def _segments(barriers: Sequence[Barrier]) -> tuple[Float64, Float64, Float64]:
    """Straight parts of all barriers: both ends (n, 2) and height (m)."""
    places, owner = shapely.get_coordinates([b.line for b in barriers], return_index=True)
    rows = np.flatnonzero(owner[1:] == owner[:-1])
    heights = np.array([barrier.height for barrier in barriers], np.float64)
    return places[rows], places[rows + 1], heights[owner[rows]]


def _beside(
    stretches: Stretches, stretch: Rows, start: Float64, end: Float64
) -> tuple[Float64, Float64]:
    """Both ends (2, n) of segments along and across their stretch (m), left positive."""
    origin = np.column_stack([stretches.x0, stretches.y0])[stretch]
    tip = np.column_stack([stretches.x1, stretches.y1])[stretch]
    ahead = (tip - origin) / stretches.length[stretch][:, None]
    dx, dy = np.moveaxis(np.stack([start - origin, end - origin]), 2, 0)
    return ahead[:, 0] * dx + ahead[:, 1] * dy, ahead[:, 0] * dy - ahead[:, 1] * dx


def _clipped(
    along: Float64, across: Float64, length: Float64, farthest: Float64
) -> tuple[Rows, Float64, Float64]:
    """Segments that lie beside their stretch on this side, and from where to where along it."""
    first, last = _within(along, length)
    near, far = _within(across, farthest)
    first, last = np.maximum(first, near), np.minimum(last, far)
    middle = across[0] + (first + last) / 2 * (across[1] - across[0])
    # A barrier on the axis itself stands on neither side.
    rows = np.flatnonzero((first < last) & (middle > 0.0))
    ends = along[0] + np.stack([first, last]) * (along[1] - along[0])
    low, high = np.sort(ends, axis=0)[:, rows]
    longer = high - low > SHORTEST
    return rows[longer], low[longer], high[longer]


def _within(values: Float64, highest: Float64) -> tuple[Float64, Float64]:
    """Shares of segments between which a coordinate, given at both ends, is 0 to a highest."""
    start, step = values[0], values[1] - values[0]
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ends = np.sort(np.stack([-start / step, (highest - start) / step]), axis=0)
    inside = (start >= 0.0) & (start <= highest)
    flat = np.where(inside, 0.0, 2.0), np.where(inside, 1.0, -1.0)
    still = step == 0.0
    first = np.where(still, flat[0], np.clip(ends[0], 0.0, 1.0))
    last = np.where(still, flat[1], np.clip(ends[1], 0.0, 1.0))
    return first, last


def _cut_by(stretches: Stretches, cover: Cover, rows: Rows) -> tuple[Stretches, dict[str, Float64]]:
    """Some stretches cut where barriers begin and end, and the highest on each side (m)."""
    cover = _some(cover, np.argsort(cover.stretch, kind="stable"))
    first, last = (np.searchsorted(cover.stretch, rows, side) for side in ("left", "right"))
    length = stretches.length[rows]
    places, heights = [], []
    for begin, end, whole in zip(first, last, length, strict=True):
        beside = _some(cover, slice(begin, end))
        places.append(_borders(beside, whole))
        middle = (places[-1][:-1] + places[-1][1:]) / 2
        heights.append([_highest(beside, side, middle) for side in SIDES.values()])
    owner = np.repeat(np.arange(rows.size), [borders.size - 1 for borders in places])
    start = np.concatenate([borders[:-1] for borders in places]) / length[owner]
    end = np.concatenate([borders[1:] for borders in places]) / length[owner]
    highest = dict(zip(SIDES, np.concatenate(heights, axis=1), strict=True))
    return _parts(chosen(stretches, rows[owner]), start, end), highest


def _borders(cover: Cover, length: float) -> Float64:
    """Places (m) along a stretch at which barriers begin and end, and its own ends."""
    inner = np.unique(np.concatenate([cover.start, cover.end]))
    inner = inner[(inner > SHORTEST) & (inner < length - SHORTEST)]
    apart = np.diff(inner, prepend=-np.inf) > SHORTEST
    return np.concatenate([[0.0], inner[apart], [length]])


def _highest(cover: Cover, side: float, places: Float64) -> Float64:
    """Height (m) of the highest barrier on one side at places along a stretch; 0 without."""
    there = (cover.start[:, None] < places) & (places < cover.end[:, None])
    there &= (cover.side == side)[:, None]
    heights = np.where(there, cover.height[:, None], 0.0)
    return np.asarray(heights.max(axis=0, initial=0.0), dtype=np.float64)


def _parts(whole: Stretches, start: Float64, end: Float64) -> Stretches:
    """Parts of stretches between shares of their length."""
    dx, dy = whole.x1 - whole.x0, whole.y1 - whole.y0
    last = end == 1.0
    return Stretches(
        whole.x0 + start * dx,
        whole.y0 + start * dy,
        np.where(last, whole.x1, whole.x0 + end * dx),
        np.where(last, whole.y1, whole.y0 + end * dy),
        whole.road,
    )


def _some(cover: Cover, which: Rows | slice) -> Cover:
    return Cover(
        cover.stretch[which],
        cover.side[which],
        cover.start[which],
        cover.end[which],
        cover.height[which],
    )


def _with_barriers(roads: pd.DataFrame, heights: dict[str, Float64]) -> pd.DataFrame:
    """Roads with screens beside them, where those widen the plume more than what was there."""
    best = roads
    for side, height in heights.items():
        columns = (f"barrier_{side}", f"barrier_{side}_height", f"barrier_{side}_distance")
        values = (np.full(height.size, "screen", object), height, np.zeros(height.size))
        new = best.assign(**dict(zip(columns, values, strict=True)))
        wider = initial_dispersion(new) > initial_dispersion(best)
        best = best.assign(**{name: np.where(wider, new[name], best[name]) for name in columns})
    return best
