"""Which roads a measure changes: by id, polygon, class or name, to rows of the road table.

Every function names the field that is wrong.
"""

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Region
from roadside_server.scenario.measures import Rows
from roadside_server.scenario.places import bounds_text, polygon_of


def all_roads(region: Region) -> Rows:
    """Every row."""
    return np.arange(len(region.roads), dtype=np.int64)


def roads_by_id(region: Region, ids: Sequence[str], field: str) -> Rows:
    """Rows of the roads with these ids."""
    require(bool(ids), field, "no road id given; at least one is needed")
    rows = region.roads["road_id"].reset_index(drop=True)
    row_of = dict(zip(rows, range(len(rows)), strict=True))
    return _unique([_known(row_of, road, f"{field}[{i}]") for i, road in enumerate(ids)])


def roads_by_value(region: Region, column: str, values: Sequence[str], field: str) -> Rows:
    """Rows of the roads whose class or name is one of these."""
    require(bool(values), field, f"no {_words(column)} given; at least one is needed")
    present = region.roads[column].astype(object).to_numpy()
    known = set(present)
    for i, value in enumerate(values):
        found = value in known and value != ""
        require(found, f"{field}[{i}]", f"no road of this region has {_words(column)} {value!r}")
    return np.flatnonzero(np.isin(present, list(values))).astype(np.int64)


def roads_in_polygon(region: Region, corners: NDArray[np.float64], crs: str, field: str) -> Rows:
    """Rows of the roads whose middle lies in a polygon of corners (n, 2) in a CRS."""
    polygon = polygon_of(corners, crs, region, field)
    extent = shapely.box(*region.roads.total_bounds)
    outside = f"lies outside the region, whose roads span {bounds_text(extent)} in {region.crs}"
    require(polygon.intersects(extent), field, outside)
    middle = shapely.line_interpolate_point(region.roads.geometry.array, 0.5, normalized=True)
    shapely.prepare(polygon)
    rows = np.flatnonzero(shapely.intersects(polygon, middle)).astype(np.int64)
    require(rows.size > 0, field, "no road has its middle inside")
    return rows


def _known(row_of: dict[str, int], road: str, field: str) -> int:
    if road not in row_of:
        raise InvalidInputError(field, f"no road of this region has the id {road!r}")
    return row_of[road]


def _unique(rows: list[int]) -> Rows:
    return np.unique(np.array(rows, dtype=np.int64))


def _words(column: str) -> str:
    return {"road_class": "the class", "name": "the name"}[column]
