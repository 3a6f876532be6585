"""Which projected CRS a region is computed in: the country's own, or UTM."""

from functools import cache
from importlib.resources import files

import geopandas as gpd
import pandas as pd
import pyproj
import shapely
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info
from pyproj.exceptions import CRSError

from roadside_server.errors import InvalidInputError, require

WGS84 = "EPSG:4326"


def choose_crs(features: gpd.GeoDataFrame, asked: str | None = None) -> str:
    """The CRS asked for, or that of the middle of the features: "EPSG:31370".

    Belgian Lambert 72 (EPSG:31370) in Flanders and Brussels, RD New (EPSG:28992) in the
    Netherlands, else the UTM zone (WGS 84).

    Raises
    ------
    InvalidInputError
        The CRS asked for is unknown or not in metres, or the features have none.
    """
    if asked is not None:
        return check_crs(asked, "crs")
    require(features.crs is not None, "crs", "the roads have none; name the CRS of the region")
    west, south, east, north = features.to_crs(WGS84).total_bounds
    return _crs_at((west + east) / 2, (south + north) / 2)


def known_crs(name: str, field: str) -> pyproj.CRS:
    """Any CRS that PROJ knows, degrees too."""
    try:
        return pyproj.CRS.from_user_input(name)
    except CRSError as error:
        raise InvalidInputError(field, f"{name!r} is no CRS that PROJ knows") from error


def check_crs(name: str, field: str) -> str:
    """A CRS as given, if it is projected and in metres."""
    crs = known_crs(name, field)
    metres = all(axis.unit_name == "metre" for axis in crs.axis_info[:2])
    require(crs.is_projected and metres, field, f"{name}, must be a projected CRS in metres")
    return name


def _crs_at(longitude: float, latitude: float) -> str:
    for crs, area in _areas():
        if shapely.contains_xy(area, longitude, latitude):
            return crs
    place = AreaOfInterest(longitude, latitude, longitude, latitude)
    found = query_utm_crs_info("WGS 84", place)
    require(bool(found), "crs", f"no UTM zone at {longitude:.2f}, {latitude:.2f} degrees")
    return f"EPSG:{found[0].code}"


@cache
def _areas() -> list[tuple[str, shapely.Polygon]]:
    file = files("roadside_server.region") / "crs_areas.csv"
    with file.open(encoding="utf-8") as lines:
        corners = pd.read_csv(lines, comment="#")
    return [
        (str(crs), shapely.Polygon(ring[["longitude", "latitude"]].to_numpy()))
        for (crs, _part), ring in corners.groupby(["crs", "part"], sort=False)
    ]
