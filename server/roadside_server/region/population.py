"""People of a region: those of areas shared out over the buildings they live in.

Within an area people are shared by floor area, the footprint times the storeys, over its dwellings;
where none is known as such, over its buildings of unknown use; where there are none either, evenly
over the area.  A building belongs to the area that holds its middle.
"""

from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.receptors import Extent, coordinates
from roadside_server.region.schema import Float64, Grid, Points, no_features
from roadside_server.region.storeys import storeys_of
from roadside_server.region.vector_files import check_geometry, check_polygons, read_features

#: Column of the people where nothing else is said.
COLUMN = "people"
#: People of an area without buildings live at places so far (m) apart.
PLACES = 50.0
#: A point with people is at home in a building no further (m) than this.
NEAR = 25.0
POLYGONS = ("Polygon", "MultiPolygon")
#: Uses of buildings in the order in which they are thought to be lived in.
LIVED_IN = ("dwelling", "unknown")


class _Shares(NamedTuple):
    """Which share of an area's people lives where: a row a pair."""

    area: NDArray[np.int64]
    building: NDArray[np.int64]
    share: Float64


def inhabited_extent(buildings: gpd.GeoDataFrame, receptors: Grid | Points) -> Extent:
    """Area (m) whose people a region may hold: that of its buildings, else of its receptors."""
    if len(buildings):
        west, south, east, north = map(float, buildings.total_bounds)
        return west, south, east, north
    x, y = coordinates(receptors)
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def read_population(
    path: Path | None, column: str | None, buildings: gpd.GeoDataFrame, extent: Extent
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """People at the buildings of a region, and how they came there.

    Parameters
    ----------
    path
        Areas, or points, with a number of people.  None: nobody is known.
    column
        Of the people; None: "people".
    extent
        Area (m) that the buildings are of: of areas that reach beyond it only the share inside
        counts.

    Raises
    ------
    InvalidInputError
        The file or its column is missing, or a number of people is negative.
    """
    if path is None:
        require(column is None, "population_column", f"{column!r} without a file of population")
        return no_features("people", "building").set_crs(buildings.crs), ()
    features = read_features(path).to_crs(buildings.crs)
    people = _people(features, column or COLUMN, path.name)
    if set(features.geom_type) <= {"Point"}:
        return _at_points(features, people, buildings, extent, path.name)
    check_geometry(features, path.name, POLYGONS)
    check_polygons(features, path.name)
    return share_out(features.geometry.to_numpy(), people, buildings, extent, path.name)


def share_out(
    areas: NDArray[np.object_],
    people: Float64,
    buildings: gpd.GeoDataFrame,
    extent: Extent,
    name: str,
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """People of areas at their buildings; see the module."""
    inside = shapely.intersection(areas, shapely.box(*extent))
    share_inside = shapely.area(inside) / shapely.area(areas)
    people = people * share_inside
    inhabited = np.flatnonzero(people > 0)
    require(inhabited.size > 0, f"population {name}", "nobody lives in the region")
    shares = _shares(areas, buildings)
    at_homes = np.zeros(len(buildings))
    np.add.at(at_homes, shares.building, people[shares.area] * shares.share)
    homeless = np.setdiff1d(inhabited, shares.area)
    homes = _at_buildings(at_homes, buildings)
    elsewhere = _spread(inside[homeless], people[homeless], buildings.crs)
    table = pd.concat([homes, elsewhere], ignore_index=True)
    cut = int((share_inside[inhabited] < 1 - 1e-9).sum())
    return table, _told(name, people[inhabited], people[homeless], cut)


def _people(features: gpd.GeoDataFrame, column: str, name: str) -> Float64:
    known = [str(c) for c in features.select_dtypes("number").columns]
    rule = f"is missing from {name}, must be one of {', '.join(known) or '(no numbers)'}"
    require(column in known, f"population_column {column!r}", rule)
    people = features[column].to_numpy(np.float64, na_value=np.nan)
    bad = np.flatnonzero((people < 0) | np.isinf(people))
    if bad.size:
        raise InvalidInputError(
            f"{name} row {bad[0]}: {column}", f"{people[bad[0]]:g}, must be 0 or more people"
        )
    known_people: Float64 = np.nan_to_num(people)
    return known_people


def _shares(areas: NDArray[np.object_], buildings: gpd.GeoDataFrame) -> _Shares:
    """Buildings that the people of each area live in, by floor area; none where there are none."""
    rank = buildings["use"].map({use: rank for rank, use in enumerate(LIVED_IN)})
    lived_in = np.flatnonzero(rank.notna())
    middles = shapely.point_on_surface(buildings.geometry.to_numpy()[lived_in])
    place, area = shapely.STRtree(areas).query(middles, "within")
    building = lived_in[place]
    own = rank.to_numpy(np.float64)[building]
    first = np.full(len(areas), np.inf)
    np.minimum.at(first, area, own)
    kept = own == first[area]
    area, building = area[kept], building[kept]
    floor = _floor_area(buildings.iloc[building])
    total = np.zeros(len(areas))
    np.add.at(total, area, floor)
    return _Shares(area, building, floor / total[area])


def _floor_area(buildings: gpd.GeoDataFrame) -> Float64:
    """Footprint times storeys (m2)."""
    height, levels = (buildings[column].to_numpy(np.float64) for column in ("height", "levels"))
    floor: Float64 = buildings.area.to_numpy(np.float64) * storeys_of(height, levels)
    return floor


def _at_buildings(people: Float64, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    lived_in = np.flatnonzero(people > 0)
    places = shapely.point_on_surface(buildings.geometry.to_numpy()[lived_in])
    columns = {"people": people[lived_in], "building": lived_in}
    return gpd.GeoDataFrame(columns, geometry=places, crs=buildings.crs)


def _spread(areas: NDArray[np.object_], people: Float64, crs: object) -> gpd.GeoDataFrame:
    """People evenly over areas, at places that are whole multiples of PLACES apart."""
    places = [_places_in(area) for area in areas]
    count = np.array([len(found) for found in places], dtype=np.int64)
    geometry = np.concatenate([np.empty(0, object), *places])
    columns = {"people": np.repeat(people / count, count), "building": -1}
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)


def _places_in(area: shapely.Geometry) -> NDArray[np.object_]:
    west, south, east, north = area.bounds
    x, y = (
        np.arange(np.ceil(low / PLACES), np.floor(high / PLACES) + 1) * PLACES
        for low, high in ((west, east), (south, north))
    )
    x, y = np.tile(x, y.size), np.repeat(y, x.size)
    within = shapely.contains_xy(area, x, y)
    if not within.any():
        return np.array([shapely.point_on_surface(area)], dtype=object)
    return np.asarray(shapely.points(x[within], y[within]))


def _at_points(
    features: gpd.GeoDataFrame,
    people: Float64,
    buildings: gpd.GeoDataFrame,
    extent: Extent,
    name: str,
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """People where they are told to live, in the nearest building within NEAR."""
    x, y = features.geometry.x, features.geometry.y
    west, south, east, north = extent
    kept = (people > 0) & x.between(west, east).to_numpy() & y.between(south, north).to_numpy()
    require(bool(kept.any()), f"population {name}", "nobody lives in the region")
    places = features.geometry.to_numpy()[kept]
    tree = shapely.STRtree(buildings.geometry.to_numpy())
    place, nearest = tree.query_nearest(places, max_distance=NEAR, all_matches=False)
    building = np.full(len(places), -1)
    building[place] = nearest
    columns = {"people": people[kept], "building": building}
    found = float((people[kept] * (building >= 0)).sum() / people[kept].sum())
    told = (
        f"{people[kept].sum():,.0f} people of {name}, {found:.0%} of them in a building no further "
        f"than {NEAR:g} m."
    )
    return gpd.GeoDataFrame(columns, geometry=places, crs=buildings.crs), (told,)


def _told(name: str, people: Float64, homeless: Float64, cut: int) -> tuple[str, ...]:
    total, spread = float(people.sum()), float(homeless.sum())
    housed = (
        f"{total - spread:,.0f} of them are shared over the dwellings of their area by floor area, "
        "over buildings of unknown use where it has none."
    )
    elsewhere = f"{spread:,.0f} of them, of areas without such buildings, are spread evenly."
    beyond = f"{cut} of {people.size} areas reach beyond the region: their share inside counts."
    return (
        f"{total:,.0f} people of {name}.",
        *((housed,) if homeless.size < people.size else ()),
        *((elsewhere,) if homeless.size else ()),
        *((beyond,) if cut else ()),
    )
