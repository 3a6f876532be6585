"""A small synthetic region: a crossing of two canyon streets, a rural road and a motorway."""

from dataclasses import replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from roadside_server.region.build import CORRECTION_COLUMNS, EMISSION_SCALE_COLUMNS
from roadside_server.region.defaults import fill_roads, order_columns
from roadside_server.region.schema import (
    PERIODS,
    VEHICLE_CLASSES,
    Background,
    Grid,
    Points,
    Region,
    StreetLinkTable,
    Terrain,
    Weather,
)
from shapely import LineString, Point, Polygon, box

CRS = "EPSG:31370"
WEST, SOUTH, SPACING, COLUMNS, ROWS = 104_000.0, 193_000.0, 10.0, 60, 50

#: Vehicles an hour of a canyon street: class -> day, evening, night.
CANYON_VOLUMES = {"light": (600, 300, 80), "medium": (30, 10, 4), "heavy": (15, 4, 3)}
MOTORWAY_VOLUMES = {"light": (4000, 2000, 600), "medium": (250, 90, 60), "heavy": (600, 250, 200)}
RURAL_VOLUMES = {"light": (400, 200, 50), "medium": (20, 6, 2), "bus": (6, 4, 0)}
#: Reach of a canyon street of each SRM1 type (m).
REACH = {1: 60.0, 2: 30.0, 3: 30.0, 4: 60.0}


def small_region(**changes: Any) -> Region:
    """The region, 600 by 500 m, with any field replaced: ``small_region(year=2020)``.

    Changing roads or receptors does not update the street links; see ``street_links``.
    """
    roads, buildings, grid = small_roads(), small_buildings(), small_grid()
    region = Region(
        name="small",
        crs=CRS,
        year=2020,
        roads=roads,
        buildings=buildings,
        trees=features("kind", ["tree"], [Point(WEST + 300, SOUTH + 155)]),
        junctions=features("kind", ["signals"], [Point(WEST + 255, SOUTH + 155)]),
        receptors=grid,
        receptor_height_air=1.5,
        receptor_height_noise=4.0,
        street_links=street_links(roads, grid),
        weather=uniform_weather(),
        background=Background({"no2": 15.0, "o3": 45.0, "pm10": 17.0, "pm25": 10.0, "ec": 0.5}),
        emission_scale=pd.DataFrame({name: [] for name in EMISSION_SCALE_COLUMNS}),
        corrections=gpd.GeoDataFrame({n: [] for n in CORRECTION_COLUMNS}, geometry=[], crs=CRS),
        assumptions=("Everything is made up.",),
        content_hash="0" * 64,
    )
    return replace(region, **changes)


def small_roads() -> gpd.GeoDataFrame:
    """Three pieces of canyon street, a rural road and a motorway; every column in place."""
    canyon = {"method": "srm1", "road_class": "residential", "speed": 50.0, "speed_class": "c"}
    rows = [
        road("long-1", [(50, 155), (255, 155)], CANYON_VOLUMES, **canyon, street_type=2, street=0),
        road("long-2", [(255, 155), (550, 155)], CANYON_VOLUMES, **canyon, street_type=2, street=0),
        road("cross", [(255, 20), (255, 155), (255, 300)], CANYON_VOLUMES, **canyon, street_type=4,
             tree_factor=1.25, street=1),
        road("rural", [(30, 20), (30, 480)], RURAL_VOLUMES, method="srm2", road_class="secondary",
             speed=70.0, street=2),
        road("motorway", [(-500, 420), (300, 425), (1100, 420)], MOTORWAY_VOLUMES, method="srm2",
             road_class="motorway", speed=100.0, lanes=6, surface="NL01", street=3),
    ]  # fmt: skip
    return order_columns(fill_roads(gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)))


def road(
    road_id: str,
    line: list[tuple[float, float]],
    volumes: dict[str, tuple[float, float, float]],
    **columns: Any,
) -> dict[str, Any]:
    """One row of the road table; the line in m from the region's corner."""
    per_hour = {
        f"volume_{vehicle}_{period}": float(volumes.get(vehicle, (0, 0, 0))[p])
        for vehicle in VEHICLE_CLASSES
        for p, period in enumerate(PERIODS)
    }
    geometry = LineString([(WEST + x, SOUTH + y) for x, y in line])
    named = {"road_id": road_id, "name": road_id.split("-", maxsplit=1)[0].title() + " street"}
    return named | per_hour | columns | {"geometry": geometry}


def small_buildings() -> gpd.GeoDataFrame:
    """Rows of buildings on both sides of the long canyon street, 12 m high, and a lone farm."""
    sides = [
        box(WEST + x, SOUTH + y, WEST + x + 30, SOUTH + y + 12)
        for x in (60, 100, 140, 180, 275, 315, 355, 395, 435, 475)
        for y in (133, 165)
    ]
    farm = Polygon([(WEST + 70, SOUTH + 350), (WEST + 95, SOUTH + 345), (WEST + 90, SOUTH + 370)])
    heights = [12.0] * len(sides) + [6.0]
    return features("height", heights, [*sides, farm]).assign(height_source="height")


def small_grid() -> Grid:
    """Receptors every 10 m, those inside buildings masked."""
    y, x = np.mgrid[:ROWS, :COLUMNS] * SPACING
    built = shapely.union_all(small_buildings().geometry.to_numpy())
    masked = shapely.contains_xy(built, WEST + x, SOUTH + y)
    return Grid(WEST, SOUTH, SPACING, COLUMNS, ROWS, masked)


def small_points() -> Points:
    """Three receptors: beside the canyon street, beside the motorway and in the field."""
    x, y = np.array([200.0, 300.0, 150.0]), np.array([160.0, 395.0, 300.0])
    return Points(WEST + x, SOUTH + y, np.array(["canyon", "motorway", "field"]))


def small_terrain() -> Terrain:
    """A slope that rises 6 m from west to east."""
    altitude = np.tile(np.linspace(0, 6, 7, dtype=np.float32), (6, 1))
    return Terrain(WEST, SOUTH, 100.0, altitude)


def street_links(roads: gpd.GeoDataFrame, receptors: Grid | Points) -> StreetLinkTable:
    """The nearest SRM1 road of every street within reach of every receptor, by brute force."""
    places = shapely.points(*coordinates(receptors))
    outside = (
        receptors.masked.ravel() if isinstance(receptors, Grid) else np.zeros(len(places), bool)
    )
    found = [
        pd.DataFrame({"receptor": np.arange(len(places)), "road": row, "street": r.street,
                      "distance": shapely.distance(places, r.geometry),
                      "street_type": r.street_type, "tree_factor": r.tree_factor})
        for row, r in enumerate(roads.itertuples())
        if r.method == "srm1"
    ]  # fmt: skip
    if not found:
        return no_street_links(receptors)
    links = pd.concat(found)
    links = links[(links.distance <= links.street_type.map(REACH)) & ~outside[links.receptor]]
    links = links.sort_values("distance").drop_duplicates(["receptor", "street"])
    links = links.sort_values(["receptor", "road"])
    counts = np.bincount(links.receptor.to_numpy(), minlength=len(places))
    return StreetLinkTable(
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        road=links.road.to_numpy(np.int32),
        distance=links.distance.to_numpy(np.float32),
        street_type=links.street_type.to_numpy(np.int8),
        tree_factor=links.tree_factor.to_numpy(np.float32),
    )


def no_street_links(receptors: Grid | Points) -> StreetLinkTable:
    """No street canyon acts anywhere."""
    return StreetLinkTable(
        start=np.zeros(receptors.size + 1, np.int64),
        road=np.zeros(0, np.int32),
        distance=np.zeros(0, np.float32),
        street_type=np.zeros(0, np.int8),
        tree_factor=np.zeros(0, np.float32),
    )


def coordinates(receptors: Grid | Points) -> tuple[np.ndarray, np.ndarray]:
    """Places of the receptors (m), in the order of the links."""
    if isinstance(receptors, Points):
        return receptors.x, receptors.y
    y, x = np.mgrid[: receptors.rows, : receptors.columns] * receptors.spacing
    return receptors.west + x.ravel(), receptors.south + y.ravel()


def uniform_weather(sectors: int = 12, speed: float = 4.0) -> Weather:
    """The same wind from everywhere."""
    return Weather(
        frequency=np.full(sectors, 1.0 / sectors),
        speed=np.full(sectors, speed),
        ozone=np.full(sectors, np.nan),
        annual_speed=speed,
        roughness=0.3,
        local=True,
        favourable=np.repeat([[0.5], [0.75], [1.0]], sectors, axis=1),
        temperature=10.0,
        humidity=70.0,
        ground_factor=0.5,
    )


def features(column: str, values: list[Any], geometry: list[Any]) -> gpd.GeoDataFrame:
    """A table of one column and a geometry."""
    return gpd.GeoDataFrame({column: values}, geometry=geometry, crs=CRS)
