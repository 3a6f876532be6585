"""Whether any method says something about the air at a receptor."""

import numpy as np
import shapely
from numpy.typing import NDArray
from roadside_kernels.arrays import StreetLinks

from roadside_server.computation.sources import Stretches, chosen, near
from roadside_server.computation.tiles import Strip, View
from roadside_server.region.schema import Float64


def beyond_reach(
    strip: Strip, links: StreetLinks, open_roads: Stretches, reach: float
) -> NDArray[np.bool_]:
    """Receptors without an SRM1 road linked and without an SRM2 road within reach (m)."""
    unlinked: NDArray[np.bool_] = np.diff(links.start) == 0
    candidates = chosen(open_roads, near(open_roads, strip.box, reach))
    if candidates.road.size == 0 or not unlinked.any():
        return unlinked
    if _farthest_corner(candidates, strip.box).min() <= reach:
        return np.zeros_like(unlinked)
    lines = lines_of(candidates)
    rows = np.flatnonzero(unlinked)
    x, y = (coordinate[rows] for coordinate in strip.places)
    reached, _ = shapely.STRtree(lines).query_nearest(
        shapely.points(x, y), max_distance=reach, all_matches=False
    )
    unlinked[rows[reached]] = False
    return unlinked


def _farthest_corner(stretches: Stretches, box: View) -> Float64:
    """Distance (m) from one end of each stretch to the farthest place in a box."""
    dx = np.maximum(np.abs(stretches.x0 - box.west), np.abs(stretches.x0 - box.east))
    dy = np.maximum(np.abs(stretches.y0 - box.south), np.abs(stretches.y0 - box.north))
    return np.hypot(dx, dy)


def lines_of(stretches: Stretches) -> NDArray[np.object_]:
    """Stretches as lines."""
    start = np.column_stack([stretches.x0, stretches.y0])
    end = np.column_stack([stretches.x1, stretches.y1])
    lines: NDArray[np.object_] = shapely.linestrings(np.stack([start, end], axis=1))
    return lines
