"""A region in memory: tables and arrays with documented columns."""

from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

VEHICLE_CLASSES = ("light", "medium", "heavy", "bus", "moped", "motorcycle")
#: Classes with exhaust factors; mopeds and motorcycles count for sound only.
AIR_CLASSES = ("light", "medium", "heavy", "bus")
PERIODS = ("day", "evening", "night")
PERIOD_HOURS = {"day": 12.0, "evening": 4.0, "night": 8.0}
POLLUTANTS = ("nox", "no2", "pm10", "pm25", "ec")
#: Where the height of a building comes from: its own tag or column, its storeys, or a default.
HEIGHT_SOURCES = ("height", "levels", "default")

#: Columns of the road table (one row a road: a line of constant properties) and their types.
ROAD_COLUMNS: dict[str, str] = {
    "road_id": "str",  # unique
    "name": "str",  # street name, may be empty
    "road_class": "str",  # OpenStreetMap highway class: motorway, ..., residential, ...
    "method": "str",  # srm1 or srm2
    "street_type": "int64",  # SRM1 street type 1 to 4; 0 for SRM2
    "tree_factor": "float64",  # SRM1 F_b: 1, 1.25 or 1.5
    "speed": "float64",  # km/h
    "speed_class": "str",  # air: b c d e (spec), motorway, motorway_strict; empty: from the speed
    "lanes": "int64",
    "direction": "str",  # both, forward or backward along the line
    "surface": "str",  # CNOSSOS-EU Table F-4: DEF, NL01, ...
    "gradient": "float64",  # %, along the line
    "bridge": "bool",
    "tunnel": "bool",  # inside a tunnel: emits nothing to the air or as sound
    "tunnel_factor": "float64",  # SRM1: emission multiplied near a tunnel's mouth
    "elevation": "float64",  # m above (or below) the surroundings
    # level, dike_below_20, dike_20_to_45, dike_above_45, viaduct, trench
    "elevation_profile": "str",
    "barrier_left": "str",  # none, screen or wall
    "barrier_left_height": "float64",  # m
    "barrier_left_distance": "float64",  # m from the road's edge
    "barrier_right": "str",
    "barrier_right_height": "float64",
    "barrier_right_distance": "float64",
    "stagnation_light": "float64",  # fraction of the vehicles that stagnates, 0 to 1
    "stagnation_medium": "float64",
    "stagnation_heavy": "float64",
    "stagnation_bus": "float64",
    "volume_source": "str",  # counted or assumed
    "street": "int64",  # chain of roads that continue one another: SRM1 counts a street once
} | {
    # Both directions together, vehicles an hour.
    f"volume_{vehicle}_{period}": "float64"
    for vehicle in VEHICLE_CLASSES
    for period in PERIODS
}


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of receptors: cell centres, south-west first (m, the region's CRS)."""

    west: float  # of the south-west receptor itself
    south: float
    spacing: float
    columns: int
    rows: int
    masked: NDArray[np.bool_]  # (rows, columns): inside a building or outside the asked polygon

    @property
    def size(self) -> int:
        """Cells of the grid, masked ones included."""
        return self.rows * self.columns


@dataclass(frozen=True, slots=True)
class Points:
    """Free receptors, ordered so that neighbours in place are neighbours in the arrays."""

    x: Float64
    y: Float64
    label: NDArray[np.str_]
    # Of sound, m above the ground; None, or NaN at a point: receptor_height_noise of the region.
    height: Float64 | None = None
    # Row of the building whose facade the point stands before, which does not reflect there
    # (incident level); None, or -1 at a point: none.
    building: NDArray[np.int32] | None = None
    floor: NDArray[np.int32] | None = None  # of that building, 0 at the ground; -1: none

    @property
    def size(self) -> int:
        """Number of receptors."""
        return int(self.x.size)


@dataclass(frozen=True, slots=True)
class StreetLinkTable:
    """SRM1: which roads act on which receptor.  Receptor i has links start[i]:start[i + 1].

    Receptors are numbered as in the grid (row by row from the south-west, masked ones included)
    or as the points.
    """

    start: NDArray[np.int64]  # receptors + 1
    road: NDArray[np.int32]  # row of the road table
    distance: NDArray[np.float32]  # m, receptor to road axis
    street_type: NDArray[np.int8]  # 1 to 4
    tree_factor: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Terrain:
    """Altitudes of the ground at the nodes of a regular grid that covers the region."""

    west: float  # of the south-west node itself (m, the region's CRS)
    south: float
    spacing: float  # m
    altitude: NDArray[np.float32]  # (rows, columns), m, south-west first; no node lacks a value


@dataclass(frozen=True, slots=True)
class Weather:
    """Annual statistics of the wind by sector.

    Sector i is centred on the direction i * 360 / n: where the wind comes from, clockwise from
    north.
    """

    frequency: Float64  # n, fractions of the year, sum 1
    speed: Float64  # n, effective (harmonic mean) wind speed at 10 m (m/s)
    # n, background O3 with wind from the sector (ug/m3); NaN: the background's annual mean.
    ozone: Float64
    annual_speed: float  # annual mean wind speed (m/s), SRM1
    roughness: float  # z0 class (m): 0.03, 0.1, 0.3 or 1.0
    local: bool  # speeds already hold at the local roughness (then C_meteo = C_ijking)
    # (3 periods, n): probability that sound from the sector propagates favourably.
    favourable: Float64
    temperature: float  # degC, sound
    humidity: float  # %, sound
    ground_factor: float  # CNOSSOS G of the land beside roads, 0 hard to 1 soft


@dataclass(frozen=True, slots=True)
class Background:
    """Background concentrations (ug/m3) at every receptor: a number, or one value a receptor."""

    values: dict[str, float | NDArray[np.float32]]  # no2, o3, pm10, pm25, ec


def no_features(*columns: str) -> gpd.GeoDataFrame:
    """An empty table with a geometry and the columns asked for."""
    return gpd.GeoDataFrame({name: [] for name in columns}, geometry=[])


@dataclass(frozen=True, slots=True)
class Region:
    """Everything a scenario needs and does not change."""

    name: str  # lower-case letters, digits and hyphens
    crs: str  # EPSG:31370, a projected CRS in metres
    year: int  # of the emission factors, unless a scenario asks otherwise
    roads: gpd.GeoDataFrame  # ROAD_COLUMNS + geometry (LineString)
    # height (m above the ground), height_source (HEIGHT_SOURCES), geometry (Polygon; holes are
    # courtyards).  A built region's do not overlap: the tallest of its source won.
    buildings: gpd.GeoDataFrame
    trees: gpd.GeoDataFrame  # kind (tree or tree_row), geometry
    junctions: gpd.GeoDataFrame  # kind (signals or roundabout), geometry (Point)
    receptors: Grid | Points
    receptor_height_air: float  # m
    receptor_height_noise: float  # m
    street_links: StreetLinkTable
    weather: Weather
    background: Background
    #: Permanent scaling of emission factors: road (row), vehicle_class, pollutant, factor.
    emission_scale: pd.DataFrame
    #: Corrections added to concentrations in a polygon: pollutant, correction (ug/m3), geometry.
    corrections: gpd.GeoDataFrame
    assumptions: tuple[str, ...] = field(default=())  # in words, for the stamp
    content_hash: str = ""
    #: Walls and noise screens: height (m above the ground), absorption (share of the energy, 0 to
    #: 1), geometry (LineString).
    screens: gpd.GeoDataFrame = field(default_factory=lambda: no_features("height", "absorption"))
    #: ground_factor (0 hard to 1 soft), geometry (Polygon).  A built region's do not overlap: the
    #: first row of its source won.  Elsewhere weather.ground_factor holds.
    ground_areas: gpd.GeoDataFrame = field(default_factory=lambda: no_features("ground_factor"))
    terrain: Terrain | None = None  # None: flat, everything at altitude 0
    #: people, building (row of the building they live in, -1: not known), geometry (Point).
    population: gpd.GeoDataFrame = field(default_factory=lambda: no_features("people", "building"))
