"""From what a reader found to a region: traffic, streets, receptors, links, weather, background."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.background import read_background
from roadside_server.region.checks import check_name, check_place, check_roads
from roadside_server.region.crs import choose_crs
from roadside_server.region.defaults import fill_buildings
from roadside_server.region.facade_receptors import check_facade_spacing
from roadside_server.region.finished_roads import finish_roads
from roadside_server.region.gradients import with_gradients
from roadside_server.region.links import linked_receptors
from roadside_server.region.overlaps import without_overlap
from roadside_server.region.population import inhabited_extent, read_population
from roadside_server.region.receptors import HEIGHTS
from roadside_server.region.schema import Points, Region, Terrain, no_features
from roadside_server.region.storage import with_content_hash
from roadside_server.region.terrain import read_terrain
from roadside_server.region.weather import read_weather

#: Columns of RegionInput.links: which road acts on which receptor, and how (SRM1).
LINK_COLUMNS = ("receptor", "road_id", "street_type", "tree_factor")
#: Columns of Region.emission_scale.
EMISSION_SCALE_COLUMNS = ("road", "vehicle_class", "pollutant", "factor")
#: Columns of Region.corrections, beside the geometry.
CORRECTION_COLUMNS = ("pollutant", "correction")


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
    # height, height_source; perhaps levels (storeys, NaN: not known) and use (dwelling, other,
    # shed, unknown)
    buildings: gpd.GeoDataFrame = field(
        default_factory=lambda: no_features("height", "height_source")
    )
    screens: gpd.GeoDataFrame = field(default_factory=lambda: no_features("height", "absorption"))
    ground_areas: gpd.GeoDataFrame = field(default_factory=lambda: no_features("ground_factor"))
    trees: gpd.GeoDataFrame = field(default_factory=lambda: no_features("kind"))
    junctions: gpd.GeoDataFrame = field(default_factory=lambda: no_features("kind"))
    receptors: Points | None = None  # points that the source itself names, any order
    #: LINK_COLUMNS; receptor is the row in receptors.  None: found from the geometry.
    links: pd.DataFrame | None = None
    #: EMISSION_SCALE_COLUMNS; road is the row in roads.
    emission_scale: pd.DataFrame = field(default_factory=no_emission_scale)
    #: CORRECTION_COLUMNS and polygons.
    corrections: gpd.GeoDataFrame = field(default_factory=lambda: no_features(*CORRECTION_COLUMNS))
    terrain: Path | None = None  # a raster that lies with the source
    population: Path | None = None  # a file of people that lies with the source
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
    facades: bool = False  # receptors before facades, instead of a grid
    facade_spacing: float = 5.0  # m, longest interval along a facade
    facade_floors: bool = False  # a receptor a storey, rather than one at receptor_height_noise
    #: Raster of altitudes; None: the source's, else flat.
    terrain: Path | None = None
    terrain_spacing: float | None = None  # m between its nodes; None: as in the file
    terrain_gradients: bool = False  # of the roads, where the source tells none
    #: File of areas, or points, with people; None: the source's.
    population: Path | None = None
    population_column: str | None = None  # None: people
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


#: Tables of a source that have a geometry.
PLACED = (
    "roads", "buildings", "screens", "ground_areas", "trees", "junctions", "corrections",
)  # fmt: skip
#: Years that a region may be of.
YEARS = (2000, 2050)


def build_region(
    source: RegionInput,
    settings: BuildSettings,
    progress: Callable[[str, float], None] = lambda _stage, _share: None,
) -> Region:
    """The region that a source and a person's choices make, with its content hash.

    Parameters
    ----------
    progress
        Called with what is being done and the share of the work before it (0 to 1).

    Raises
    ------
    InvalidInputError
        A setting, or anything the source says, breaks a rule.
    """
    check_settings(settings)
    progress("projecting", 0.0)
    check_place(source.roads, "roads")
    crs = choose_crs(source.roads, settings.crs)
    source = project_source(source, crs)
    source = replace(source, buildings=_apart(fill_buildings(source.buildings)))
    progress("working out traffic and streets", 0.1)
    told_gradients = "gradient" in source.roads
    roads, about_roads = finish_roads(source, settings.volumes)
    check_roads(roads)
    source = replace(source, roads=roads)
    progress("placing receptors and linking them to streets", 0.4)
    receptors, links, about_links = linked_receptors(source, settings, crs)
    progress("reading terrain and population", 0.7)
    terrain, about_terrain = read_terrain(
        settings.terrain or source.terrain, settings.terrain_spacing, receptors, crs
    )
    roads, about_gradients = _with_gradients(roads, terrain, settings, told_gradients)
    population, about_population = read_population(
        settings.population or source.population,
        settings.population_column,
        source.buildings,
        inhabited_extent(source.buildings, receptors),
    )
    progress("reading weather and background", 0.8)
    weather, about_weather = read_weather(settings)
    background, about_background = read_background(settings.background, receptors, crs)
    progress("hashing", 0.9)
    region = Region(
        name=settings.name,
        crs=crs,
        year=settings.year,
        roads=roads,
        buildings=source.buildings[["height", "height_source", "geometry"]],
        trees=source.trees,
        junctions=source.junctions,
        receptors=receptors,
        receptor_height_air=settings.receptor_height_air,
        receptor_height_noise=settings.receptor_height_noise,
        street_links=links,
        weather=weather,
        background=background,
        emission_scale=source.emission_scale,
        corrections=source.corrections,
        screens=source.screens,
        ground_areas=without_overlap(source.ground_areas),
        terrain=terrain,
        population=population,
        assumptions=(
            # What weighs most comes first.
            f"Source: {source.source}.",
            *about_weather,
            *about_background,
            *about_roads,
            *source.assumptions,
            *about_links,
            *about_terrain,
            *about_gradients,
            *about_population,
        ),
    )
    return with_content_hash(region)


def _with_gradients(
    roads: gpd.GeoDataFrame, terrain: Terrain | None, settings: BuildSettings, told: bool
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """The roads with gradients of the terrain where they are asked for and the source has none."""
    if not settings.terrain_gradients:
        return roads, ()
    if told:
        return roads, ("Gradients are the source's, not the terrain's.",)
    if terrain is None:
        raise InvalidInputError("terrain_gradients", "true, needs a terrain")
    return with_gradients(roads, terrain)


def _apart(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Buildings of which the tallest counts where they overlap."""
    return without_overlap(buildings, np.argsort(-buildings["height"].to_numpy(), kind="stable"))


def check_settings(settings: BuildSettings) -> None:
    """Refuse settings that break a rule before any work is done."""
    check_name(settings.name)
    first, last = YEARS
    require(first <= settings.year <= last, "year", f"{settings.year}, must be {first} to {last}")
    low, high = HEIGHTS
    for field_name in ("receptor_height_air", "receptor_height_noise"):
        height: float = getattr(settings, field_name)
        require(low <= height <= high, field_name, f"{height} m, must be {low:g} to {high:g}")
    check_facade_spacing(settings.facade_spacing)
    for name in ("terrain", "population"):
        path: Path | None = getattr(settings, name)
        require(path is None or path.is_file(), f"{name} {path}", "no such file")
    for exclusive in (("extent", "polygon", "points"), ("points", "facades"), ("grid", "facades")):
        chosen = [name for name in exclusive if getattr(settings, name)]
        require(len(chosen) <= 1, " and ".join(chosen), "exclude each other; give one of them")


def project_source(source: RegionInput, crs: str) -> RegionInput:
    """The source with all its tables and receptors in one CRS."""
    tables = {name: _projected(getattr(source, name), source.roads.crs, crs) for name in PLACED}
    return replace(source, **tables, receptors=_projected_points(source, crs))


def _projected(table: gpd.GeoDataFrame, own: object, crs: str) -> gpd.GeoDataFrame:
    if table.crs is None:
        table = table.set_crs(own)
    return table if table.crs == crs else table.to_crs(crs)


def _projected_points(source: RegionInput, crs: str) -> Points | None:
    points = source.receptors
    if points is None or source.roads.crs == crs:
        return points
    places = gpd.GeoSeries(gpd.points_from_xy(points.x, points.y), crs=source.roads.crs).to_crs(crs)
    return replace(points, x=places.x.to_numpy(), y=places.y.to_numpy())
