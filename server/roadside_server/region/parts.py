"""A region taken apart into tables, arrays and a header, and put together again."""

from dataclasses import asdict
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from roadside_server.region.schema import (
    ROAD_COLUMNS,
    Background,
    Grid,
    Points,
    Region,
    StreetLinkTable,
    Terrain,
    Weather,
)

#: Folder of the arrays: a Zarr group.
ARRAYS = "arrays.zarr"
#: Tables of every region and the types of their columns; all but emission_scale have a geometry.
TABLES: dict[str, dict[str, str]] = {
    "roads": ROAD_COLUMNS,
    "buildings": {"height": "float64", "height_source": "str"},
    "screens": {"height": "float64", "absorption": "float64"},
    "ground_areas": {"ground_factor": "float64"},
    "population": {"people": "float64", "building": "int64"},
    "trees": {"kind": "str"},
    "junctions": {"kind": "str"},
    "corrections": {"pollutant": "str", "correction": "float64"},
    "emission_scale": {
        "road": "int64",
        "vehicle_class": "str",
        "pollutant": "str",
        "factor": "float64",
    },
}
POINT_COLUMNS = {
    "x": "float64",
    "y": "float64",
    "label": "str",
    "height": "float64",
    "building": "int32",
    "floor": "int32",
}
LINK_ARRAYS: dict[str, type[np.generic]] = {
    "start": np.int64,
    "road": np.int32,
    "distance": np.float32,
    "street_type": np.int8,
    "tree_factor": np.float32,
}
#: Fields of Weather that hold one value a sector.
WEATHER_ARRAYS = ("frequency", "speed", "ozone", "favourable")
#: Fields of Region that are plain values.
PLAIN = ("name", "crs", "year", "receptor_height_air", "receptor_height_noise")


def typed(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """A table with exactly the columns of the schema, in their order and of their types."""
    types = POINT_COLUMNS if name == "points" else TABLES[name]
    columns = [*types, *(["geometry"] if isinstance(table, gpd.GeoDataFrame) else [])]
    return table[columns].reset_index(drop=True).astype(types)


def tables_of(region: Region) -> dict[str, pd.DataFrame]:
    """The tables of a region, as they are stored."""
    tables = {name: typed(name, getattr(region, name)) for name in TABLES}
    if isinstance(region.receptors, Points):
        tables["points"] = _point_table(region.receptors, region.crs)
    return tables


def arrays_of(region: Region) -> dict[str, NDArray[Any]]:
    """The arrays of a region, as they are stored."""
    links = region.street_links
    arrays: dict[str, NDArray[Any]] = {
        f"links_{name}": np.asarray(getattr(links, name), dtype=dtype)
        for name, dtype in LINK_ARRAYS.items()
    }
    if isinstance(region.receptors, Grid):
        arrays["masked"] = np.asarray(region.receptors.masked, dtype=bool)
    if region.terrain is not None:
        arrays["terrain"] = np.asarray(region.terrain.altitude, dtype=np.float32)
    for pollutant, values in region.background.values.items():
        if isinstance(values, np.ndarray):
            arrays[f"background_{pollutant}"] = np.asarray(values, dtype=np.float32)
    return arrays


def header_of(region: Region) -> dict[str, Any]:
    """Everything of a region that is neither table nor array."""
    background = region.background.values
    return {
        **{name: getattr(region, name) for name in PLAIN},
        "receptors": receptor_header(region.receptors),
        "terrain": _terrain_header(region.terrain),
        "weather": _weather_header(region.weather),
        "background": {p: v for p, v in background.items() if not isinstance(v, np.ndarray)},
        "counts": {name: len(getattr(region, name)) for name in TABLES}
        | {"receptors": region.receptors.size, "street_links": int(region.street_links.road.size)},
        "people": float(region.population["people"].sum()),
        "assumptions": list(region.assumptions),
    }


def assemble(
    header: dict[str, Any], tables: dict[str, Any], arrays: dict[str, NDArray[Any]]
) -> Region:
    """The region that was taken apart."""
    backgrounds: dict[str, float | NDArray[np.float32]] = {
        name.removeprefix("background_"): values
        for name, values in arrays.items()
        if name.startswith("background_")
    }
    return Region(
        **{name: header[name] for name in PLAIN},
        **{name: _placed(tables[name], header["crs"]) for name in TABLES},
        receptors=_receptors(header["receptors"], tables, arrays),
        street_links=StreetLinkTable(**{name: arrays[f"links_{name}"] for name in LINK_ARRAYS}),
        terrain=_terrain(header["terrain"], arrays),
        weather=_weather(header["weather"]),
        background=Background(header["background"] | backgrounds),
        assumptions=tuple(header["assumptions"]),
        content_hash=header["content_hash"],
    )


def _placed(table: Any, crs: str) -> Any:
    if isinstance(table, gpd.GeoDataFrame):
        return table.set_crs(crs, allow_override=True)
    return table


def _point_table(points: Points, crs: str) -> gpd.GeoDataFrame:
    columns = {
        "x": points.x,
        "y": points.y,
        "label": points.label,
        "height": np.nan if points.height is None else points.height,
        "building": -1 if points.building is None else points.building,
        "floor": -1 if points.floor is None else points.floor,
    }
    geometry = gpd.points_from_xy(points.x, points.y)
    return typed("points", gpd.GeoDataFrame(columns, geometry=geometry, crs=crs))


def receptor_header(receptors: Grid | Points) -> dict[str, Any]:
    """What kind of receptors there are, and where those of a grid lie."""
    if isinstance(receptors, Points):
        return {"kind": "points"}
    names = ("west", "south", "spacing", "columns", "rows")
    return {"kind": "grid"} | {name: getattr(receptors, name) for name in names}


def _receptors(
    header: dict[str, Any], tables: dict[str, pd.DataFrame], arrays: dict[str, NDArray[Any]]
) -> Grid | Points:
    if header["kind"] == "grid":
        spec = {name: value for name, value in header.items() if name != "kind"}
        return Grid(**spec, masked=arrays["masked"])
    points = tables["points"]
    columns = {name: points[name].to_numpy() for name in POINT_COLUMNS}
    return Points(**columns | {"label": columns["label"].astype(np.str_)})


def _terrain_header(terrain: Terrain | None) -> dict[str, float] | None:
    if terrain is None:
        return None
    return {name: getattr(terrain, name) for name in ("west", "south", "spacing")}


def _terrain(header: dict[str, float] | None, arrays: dict[str, NDArray[Any]]) -> Terrain | None:
    return None if header is None else Terrain(**header, altitude=arrays["terrain"])


def _weather_header(weather: Weather) -> dict[str, Any]:
    # JSON has no NaN: null means that the annual mean holds.
    header = asdict(weather)
    for name in WEATHER_ARRAYS:
        values: NDArray[np.float64] = header[name]
        header[name] = values.astype(object)
        header[name][np.isnan(values)] = None
        header[name] = header[name].tolist()
    return header


def _weather(header: dict[str, Any]) -> Weather:
    arrays = {name: np.array(header[name], dtype=np.float64) for name in WEATHER_ARRAYS}
    return Weather(**(header | arrays))
