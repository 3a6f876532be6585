"""Where across a road its sound comes from: the axis, the middle of a direction or of each lane."""

from typing import Literal

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from roadside_server.computation.sources import LANE_WIDTH, Stretches
from roadside_server.region.schema import Float64

#: What has a line source of its own.
Sources = Literal["road", "direction", "lane"]
SOURCES: tuple[Sources, ...] = ("road", "direction", "lane")
#: Longest mitre, in distances from the axis: at hairpins a parallel stays near its corner.
LONGEST_MITRE = 2.0


def sources_across(roads: gpd.GeoDataFrame, sources: Sources) -> NDArray[np.int64]:
    """Number of line sources side by side on each road; one direction has one."""
    if sources == "road":
        return np.ones(len(roads), np.int64)
    if sources == "lane":
        return np.asarray(roads["lanes"], np.int64)
    return np.where(roads["direction"] == "both", 2, 1).astype(np.int64)


def place_across(roads: gpd.GeoDataFrame, count: NDArray[np.int64], number: int) -> Float64:
    """Distance (m) of a source to the right of each road's axis, the leftmost having number 0.

    The sources share the road's width, lanes times ``LANE_WIDTH``, and each lies in the middle of
    its part.
    """
    width = roads["lanes"].to_numpy(np.float64) * LANE_WIDTH
    return np.asarray(width * ((number + 0.5) / count - 0.5))


def parallel(axis: Stretches, across: Float64) -> Stretches:
    """Stretches at a distance (m) to the right of others, joined where those are joined."""
    x0, y0, x1, y1, road = axis
    right = np.array([y1 - y0, x0 - x1]) / axis.length
    joins = (road[1:] == road[:-1]) & (x0[1:] == x1[:-1]) & (y0[1:] == y1[:-1])
    start, end = right.copy(), right.copy()
    mitre = _mitre(right[:, :-1], right[:, 1:])
    start[:, 1:][:, joins] = end[:, :-1][:, joins] = mitre[:, joins]
    ends = (
        x0 + across * start[0],
        y0 + across * start[1],
        x1 + across * end[0],
        y1 + across * end[1],
    )
    return Stretches(*ends, road)


def _mitre(before: Float64, after: Float64) -> Float64:
    """Way (2, n) from a corner to where the parallels 1 to the right of both sides meet."""
    middle = before + after
    # Its length is 1/cos of half the turn, the sum of two units 2 cos of it.
    squared = np.maximum((middle**2).sum(axis=0), (2.0 / LONGEST_MITRE) ** 2)
    return np.asarray(2.0 * middle / squared)
