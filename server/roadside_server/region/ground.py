"""Areas of ground made a plane partition: the first row wins where they overlap."""

import geopandas as gpd
import shapely

from roadside_server.region.overlaps import less_earlier

#: Smaller pieces (m2) are what rounding left.
SLIVER = 0.01


def without_overlap(areas: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The areas less what earlier rows cover of them, a row a polygon; in metres.

    Neighbours of the same ground factor stay apart: an edge between equal ground changes nothing.
    """
    shapes = shapely.make_valid(areas.geometry.to_numpy())
    rest = areas.set_geometry(less_earlier(shapes), crs=areas.crs).explode(ignore_index=True)
    solid = (rest.geom_type == "Polygon") & (rest.area > SLIVER)
    return rest[solid].reset_index(drop=True)
