"""Whether any method says something about the air at a receptor."""

import numpy as np
import shapely
from numpy.typing import NDArray
from roadside_kernels.air.coverage import within_reach
from roadside_kernels.arrays import StreetLinks

from roadside_server.computation.sources import Stretches, chosen, localised, near
from roadside_server.computation.tiles import Strip


def beyond_reach(
    strip: Strip, links: StreetLinks, open_roads: Stretches, reach: float
) -> NDArray[np.bool_]:
    """Receptors without an SRM1 road linked and without an SRM2 road within reach (m)."""
    unlinked: NDArray[np.bool_] = np.diff(links.start) == 0
    if not unlinked.any():
        return unlinked
    candidates = chosen(open_roads, near(open_roads, strip.box, reach))
    roads = localised(candidates, strip.tile.box)
    return unlinked & ~within_reach(strip.receptors.local, roads, reach)


def lines_of(stretches: Stretches) -> NDArray[np.object_]:
    """Stretches as lines."""
    start = np.column_stack([stretches.x0, stretches.y0])
    end = np.column_stack([stretches.x1, stretches.y1])
    lines: NDArray[np.object_] = shapely.linestrings(np.stack([start, end], axis=1))
    return lines
