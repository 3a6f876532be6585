"""Polygons less what others cover of them."""

import numpy as np
import shapely
from numpy.typing import NDArray

Shapes = NDArray[np.object_]


def less_earlier(shapes: Shapes) -> Shapes:
    """Each shape less what those before it cover."""
    later, earlier = shapely.STRtree(shapes).query(shapes, "intersects")
    above = earlier < later
    return _less(shapes, shapes, later[above], earlier[above])


def less(shapes: Shapes, others: Shapes) -> Shapes:
    """Each shape less what any of the others covers."""
    shape, other = shapely.STRtree(others).query(shapes, "intersects")
    return _less(shapes, others, shape, other)


def _less(
    shapes: Shapes, others: Shapes, shape: NDArray[np.int64], other: NDArray[np.int64]
) -> Shapes:
    """Shapes less the others that they are paired with; pairs in the order of the shapes."""
    rest = shapes.copy()
    rows, first, count = np.unique(shape, return_index=True, return_counts=True)
    for row, start, end in zip(rows, first, first + count, strict=True):
        rest[row] = shapely.difference(rest[row], shapely.union_all(others[other[start:end]]))
    return rest
