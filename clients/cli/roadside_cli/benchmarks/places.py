"""Roads that workloads compute: real networks where there are any, else twins of their size."""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from roadside_server.region.build import BuildSettings, RegionInput, build_region
from roadside_server.region.osm import read_osm
from roadside_server.region.receptors import SPACING
from roadside_server.region.schema import Region

SEED = 1
#: Class by the functional road class of Ghent's register (0 to 9, paths 10).
GHENT_CLASSES = (
    "motorway", "trunk", "primary", "secondary", "tertiary", "tertiary",
    "unclassified", "residential", "service", "service", "service",
)  # fmt: skip
GHENT_DIRECTIONS = {"FT": "forward", "TF": "backward"}
DECIMETRE = 0.1  # m
#: CRS in which the superimposed urban areas are computed: each was projected in its own UTM zone.
PLANE = "EPSG:32631"


class Extent(NamedTuple):
    """Where receptors are (m, the place's CRS)."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Place:
    """A network and the area in which its receptors are."""

    name: str
    crs: str
    centre: tuple[float, float]  # m, of the area
    size: tuple[float, float]  # m, width and height of the area
    file: str  # below the folder of reference data
    pieces: int  # straight pieces of the generated twin
    corners: int  # pieces of one road of the twin
    length: float  # m, of one piece of the twin
    spread: float  # m: roads of the twin thin out so fast from the centre; 0: they do not


GHENT = Place(
    "ghent", "EPSG:31370", (104_700.0, 193_800.0), (5477.0, 5477.0),
    "ghent/wegsegmenten-gent.geojson.zip", 107_485, 7, 18.0, 4000.0,
)  # fmt: skip
SAXONY = Place(
    "saxony", "EPSG:32632", (578_000.0, 5_802_500.0), (126_000.0, 103_000.0),
    "osm/niedersachsen_mainroads_de.osm.pbf", 100_021, 40, 95.0, 0.0,
)  # fmt: skip
URBAN = Place(
    "urban", PLANE, (500_000.0, 5_000_000.0), (5477.0, 5477.0),
    "networks/fua7_stress_segments.parquet", 500_000, 1, 60.0, 9000.0,
)  # fmt: skip
PLACES = {place.name: place for place in (GHENT, SAXONY, URBAN)}


def place_region(
    place: Place, receptors: int, data: Path | None, pieces: int | None = None
) -> Region:
    """A place with so many receptors; ``data`` None, or without the file: its generated twin."""
    file = None if data is None else data / place.file
    if file is not None and file.is_file():
        source = _READERS[place.name](place, file)
    else:
        source = generated(place)
    if pieces is not None:
        source = thinned(source, pieces)
    spacing = max((place.size[0] * place.size[1] / receptors) ** 0.5, SPACING[0])
    settings = BuildSettings(
        name=place.name, crs=place.crs, spacing=spacing, extent=extent_of(place), year=2020
    )
    return build_region(source, settings)


def extent_of(place: Place) -> Extent:
    """The area of the receptors."""
    (x, y), (width, height) = place.centre, place.size
    return Extent(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def square(place: Place, area: float) -> NDArray[np.float64]:
    """Corners (4, 2) of a square of some area (m2) around the centre."""
    half = area**0.5 / 2
    return np.array([(-half, -half), (half, -half), (half, half), (-half, half)]) + place.centre


def generated(place: Place) -> RegionInput:
    """Winding roads of the place's number and density, from a fixed seed."""
    random = np.random.default_rng(SEED)
    roads = -(-place.pieces // place.corners)
    start = _starts(place, roads, random)
    heading = random.integers(0, 8, roads) * np.pi / 4 + random.normal(0, 0.1, roads)
    turns = np.cumsum(random.normal(0, 0.15, (roads, place.corners)), axis=1) + heading[:, None]
    length = random.uniform(0.4, 1.6, turns.shape) * place.length
    steps = np.stack([length * np.cos(turns), length * np.sin(turns)], axis=2)
    corners = np.concatenate([start[:, None], start[:, None] + np.cumsum(steps, axis=1)], axis=1)
    classes = ("primary", "secondary", "tertiary", "residential", "unclassified")
    table = {
        "road_id": [str(row) for row in range(roads)],
        "road_class": random.choice(classes, roads, p=(0.05, 0.1, 0.15, 0.5, 0.2)),
        "name": [f"Street {row}" for row in range(roads)],
        "direction": "both",
    }
    lines = shapely.linestrings(corners)
    return _input(gpd.GeoDataFrame(table, geometry=lines, crs=place.crs), "a generated network")


def thinned(source: RegionInput, pieces: int) -> RegionInput:
    """So many roads of a source, drawn with a fixed seed."""
    rows = np.random.default_rng(SEED).permutation(len(source.roads))[:pieces]
    return _input(source.roads.iloc[np.sort(rows)].reset_index(drop=True), source.source)


def _starts(place: Place, roads: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Where the roads of a twin begin: all over its area, or dense in the middle."""
    if place.spread:
        return random.normal(place.centre, place.spread, (roads, 2))
    west, south, east, north = extent_of(place)
    return random.uniform((west, south), (east, north), (roads, 2))


def _ghent(_: Place, file: Path) -> RegionInput:
    with zipfile.ZipFile(file) as archive, archive.open(archive.namelist()[0]) as content:
        table = gpd.read_file(content)
    table = table.explode(ignore_index=True)
    register = pd.to_numeric(table["functional_roadclass"]).fillna(len(GHENT_CLASSES) - 1)
    columns = {
        "road_id": [str(row) for row in range(len(table))],
        "road_class": np.array(GHENT_CLASSES)[register.to_numpy(np.intp)],
        "name": table["straatnaam"].fillna(""),
        "direction": table["rijrichting"].map(GHENT_DIRECTIONS).fillna("both"),
    }
    roads = gpd.GeoDataFrame(columns, geometry=table.geometry.force_2d(), crs=table.crs)
    return _input(roads, "the road register of Ghent")


def _saxony(_: Place, file: Path) -> RegionInput:
    source = read_osm(file)
    return _input(source.roads, source.source)


def _urban(place: Place, file: Path) -> RegionInput:
    """Seven urban areas laid over one another around one centre, a road for each piece."""
    table = pd.read_parquet(file)
    ends = table[["x0", "y0", "x1", "y1"]].to_numpy(np.float64) * DECIMETRE
    middle = table.assign(x=ends[:, 0], y=ends[:, 1]).groupby("fua", observed=True)[["x", "y"]]
    shift = np.tile(middle.transform("median").to_numpy(), 2) - np.tile(place.centre, 2)
    columns = {
        "road_id": [str(row) for row in range(len(table))],
        "road_class": table["highway"].astype(str),
        "name": "",
        "direction": "both",
    }
    lines = shapely.linestrings((ends - shift).reshape(-1, 2, 2))
    roads = gpd.GeoDataFrame(columns, geometry=lines, crs=place.crs)
    return _input(roads[roads.geometry.length > 0], "seven urban areas, superimposed")


def _input(roads: gpd.GeoDataFrame, source: str) -> RegionInput:
    """Roads without buildings: all of them open roads (SRM2)."""
    return RegionInput(source, roads.assign(method="srm2", street_type=0, tree_factor=1.0))


_READERS = {"ghent": _ghent, "saxony": _saxony, "urban": _urban}
