"""What a road is taken for where the source says nothing; docs/regions.md lists the same values."""

import geopandas as gpd
import numpy as np

from roadside_server.region.schema import ROAD_COLUMNS

#: Value of a column that a source leaves out.  Volumes, method and street are worked out instead.
ROAD_DEFAULTS: dict[str, str | int | float | bool] = {
    "name": "",
    "road_class": "unclassified",
    "street_type": 0,
    "tree_factor": 1.0,
    "speed": 50.0,  # km/h
    "speed_class": "",
    "lanes": 2,
    "direction": "both",
    "surface": "DEF",
    "gradient": 0.0,
    "bridge": False,
    "tunnel": False,
    "tunnel_factor": 1.0,
    "elevation": 0.0,
    "elevation_profile": "level",
    "barrier_left": "none",
    "barrier_left_height": 0.0,
    "barrier_left_distance": 0.0,
    "barrier_right": "none",
    "barrier_right_height": 0.0,
    "barrier_right_distance": 0.0,
    "stagnation_light": 0.0,
    "stagnation_medium": 0.0,
    "stagnation_heavy": 0.0,
    "stagnation_bus": 0.0,
    "volume_source": "counted",
}

#: Height of a building where the source gives none (m): three storeys of 3 m.
BUILDING_HEIGHT = 9.0
#: Share of the sound that a wall takes up where the source gives none: stone, bricks or concrete.
SCREEN_ABSORPTION = 0.2
#: Height of a screen where the source gives none (m).
SCREEN_HEIGHT = 3.0


def fill_buildings(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The buildings with storeys (NaN: not known) and use, which a source may leave out."""
    absent = {"levels": np.nan, "use": "unknown"}
    return buildings.assign(**{c: value for c, value in absent.items() if c not in buildings})


def fill_roads(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The roads with every default in place, absent columns and missing values alike."""
    filled = roads.copy()
    for column, value in ROAD_DEFAULTS.items():
        if column not in filled:
            filled[column] = value
        elif filled[column].isna().any():
            filled[column] = filled[column].where(filled[column].notna(), value)
    return filled


def order_columns(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Exactly ROAD_COLUMNS and the geometry, in that order and of those types."""
    ordered = roads[[*ROAD_COLUMNS, roads.geometry.name]].reset_index(drop=True)
    if ordered.geometry.name != "geometry":
        ordered = ordered.rename_geometry("geometry")
    return ordered.astype(ROAD_COLUMNS)
