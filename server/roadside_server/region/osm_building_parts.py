"""Buildings whose parts have heights of their own, as polygons that do not overlap."""

import geopandas as gpd
import pandas as pd
import shapely

from roadside_server.region.overlaps import less, less_earlier

#: Smaller pieces (square degrees, about a square metre) are what rounding left.
SLIVER = 1e-10


def divided(tagged: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Parts in place of what they cover of their building, and the number of parts.

    Where parts lie above each other the tallest counts, down to the ground.  A part is of the
    kind of the building it lies in.
    """
    is_part = tagged["is_part"].to_numpy(bool)
    if not is_part.any():
        return tagged, 0
    outlines = tagged[~is_part]
    parts = tagged[is_part].sort_values("height", ascending=False, kind="stable")
    shapes = less_earlier(parts.geometry.to_numpy())
    kinds = _kinds(parts, outlines)
    rest = less(outlines.geometry.to_numpy(), shapes)
    pieces = pd.concat(
        [outlines.set_geometry(rest, crs=tagged.crs),
         parts.assign(kind=kinds).set_geometry(shapes, crs=tagged.crs)],
        ignore_index=True,
    ).explode(ignore_index=True)  # fmt: skip
    solid = (pieces.geom_type == "Polygon") & (shapely.area(pieces.geometry.to_numpy()) > SLIVER)
    return pieces[solid].reset_index(drop=True), len(parts)


def _kinds(parts: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame) -> list[str]:
    """Kind of the building that each part lies in, its own where it lies in none."""
    inside = shapely.point_on_surface(parts.geometry.to_numpy())
    part, outline = shapely.STRtree(outlines.geometry.to_numpy()).query(inside, "within")
    found = dict(zip(part.tolist(), outlines["kind"].to_numpy()[outline], strict=True))
    return [found.get(row, kind) for row, kind in enumerate(parts["kind"])]
