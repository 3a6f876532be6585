"""Polygons less what others cover of them."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

Shapes = NDArray[np.object_]

#: Smaller pieces (m2) are what rounding and careless drawing left.
SLIVER = 0.5


def without_overlap(table: gpd.GeoDataFrame, order: ArrayLike | None = None) -> gpd.GeoDataFrame:
    """The polygons of a table (m), less what rows before them cover, a row a polygon.

    Parameters
    ----------
    order
        Rows in the order in which they win where they overlap; None: as they stand.
    """
    rank = np.arange(len(table)) if order is None else np.asarray(order)
    shapes = shapely.make_valid(table.geometry.to_numpy())
    rest = shapes.copy()
    rest[rank] = less_earlier(shapes[rank])
    parts = table.set_geometry(rest, crs=table.crs).explode(ignore_index=True)
    solid = (parts.geom_type == "Polygon") & (parts.area > SLIVER)
    return parts[solid].reset_index(drop=True)


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
    # Those that only touch stay as they are, to the last bit.
    over = shapely.area(shapely.intersection(shapes[shape], others[other])) > 0
    shape, other = shape[over], other[over]
    rest = shapes.copy()
    rows, first, count = np.unique(shape, return_index=True, return_counts=True)
    for row, start, end in zip(rows, first, first + count, strict=True):
        rest[row] = shapely.difference(rest[row], shapely.union_all(others[other[start:end]]))
    return rest
