"""From what a reader found to a region: traffic, streets, receptors, links, weather, background."""

from dataclasses import dataclass, field
from pathlib import Path

import geopandas as gpd
import pandas as pd

from roadside_server.region.schema import Points

#: Columns of RegionInput.links: which road acts on which receptor, and how (SRM1).
LINK_COLUMNS = ("receptor", "road_id", "street_type", "tree_factor")
#: Columns of Region.emission_scale.
EMISSION_SCALE_COLUMNS = ("road", "vehicle_class", "pollutant", "factor")
#: Columns of Region.corrections, beside the geometry.
CORRECTION_COLUMNS = ("pollutant", "correction")


def no_features(*columns: str) -> gpd.GeoDataFrame:
    """An empty table with a geometry and the columns asked for."""
    return gpd.GeoDataFrame({name: [] for name in columns}, geometry=[])


def no_emission_scale() -> pd.DataFrame:
    """No permanent scaling of emission factors."""
    return pd.DataFrame({name: [] for name in EMISSION_SCALE_COLUMNS})


@dataclass(frozen=True, slots=True)
class RegionInput:
    """What a reader found, before streets, receptors and links are worked out.

    All tables are in the CRS of the roads, any CRS; the builder projects them.  A road has a
    ``road_id`` and a LineString; every other column of ROAD_COLUMNS may be absent, and is then
    filled with the defaults of ``defaults.py``, assumed (volumes) or classified (method,
    street_type, tree_factor, street).  NaN in a volume means unknown: assumed for that road.
    """

    source: str  # for people: "OpenStreetMap extract ghent.osm.pbf"
    roads: gpd.GeoDataFrame  # road_id, geometry and any of ROAD_COLUMNS
    buildings: gpd.GeoDataFrame = field(default_factory=lambda: no_features("height"))
    trees: gpd.GeoDataFrame = field(default_factory=lambda: no_features("kind"))
    junctions: gpd.GeoDataFrame = field(default_factory=lambda: no_features("kind"))
    receptors: Points | None = None  # points that the source itself names, any order
    #: LINK_COLUMNS; receptor is the row in receptors.  None: found from the geometry.
    links: pd.DataFrame | None = None
    #: EMISSION_SCALE_COLUMNS; road is the row in roads.
    emission_scale: pd.DataFrame = field(default_factory=no_emission_scale)
    #: CORRECTION_COLUMNS and polygons.
    corrections: gpd.GeoDataFrame = field(default_factory=lambda: no_features(*CORRECTION_COLUMNS))
    assumptions: tuple[str, ...] = ()  # sentences, for the stamp


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What a person may choose when a region is built."""

    name: str  # lower-case letters, digits and hyphens
    crs: str | None = None  # None: by the place, see crs.py
    year: int = 2025
    #: m between grid receptors.
    spacing: float = 10.0
    #: west, south, east, north of the grid, in extent_crs; None: the bounds of the roads.
    extent: tuple[float, float, float, float] | None = None
    extent_crs: str | None = None  # None: the region's CRS
    polygon: Path | None = None  # file with the polygon(s) that bound the grid
    points: Path | None = None  # file with free receptors, instead of a grid
    grid: bool = False  # a grid even where the source names its own receptors
    sectors: int | None = None  # of the wind; None: as in the weather file, else 12
    weather: Path | None = None  # CSV; None: the assumed rose of weather.py
    wind_local: bool = True  # wind speeds hold at the region's own roughness
    roughness: float = 0.3  # z0 (m)
    #: Constants ("no2=18,o3=45,..."), or a path to NetCDF, GeoTIFF or CSV; None: assumed.
    background: str | None = None
    receptor_height_air: float = 1.5  # m
    receptor_height_noise: float = 4.0  # m
    ground_factor: float = 0.5  # CNOSSOS G beside roads
    temperature: float = 10.0  # degC
    humidity: float = 70.0  # %
    volumes: Path | None = None  # CSV of counted volumes
