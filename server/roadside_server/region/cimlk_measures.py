"""Measures that scale emissions within a polygon, and corrections of concentrations, of CIMLK."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from roadside_server.region.build import CORRECTION_COLUMNS, EMISSION_SCALE_COLUMNS
from roadside_server.region.cimlk_table import CimlkTable, read_optional_table
from roadside_server.region.schema import Points, no_features

POLLUTANT_CODES = {"NOx": "nox", "NO2": "no2", "PM10": "pm10", "PM2.5": "pm25", "EC": "ec"}
CORRECTION_CODES = POLLUTANT_CODES | {"O3": "o3"}
#: Light traffic under a dynamic limit is light traffic here.
VEHICLE_CODES = {"l": "light", "ld": "light", "m": "medium", "z": "heavy", "b": "bus"}
WEGSOORT_CODES = {code: code for code in ("b", "c", "d", "e", "92", "93", "94")}
#: Half the side of the square that stands for a correction at one receptor (m).
RECEPTOR_REACH = 0.5


def read_emission_scale(folder: Path, roads: gpd.GeoDataFrame, kinds: np.ndarray) -> pd.DataFrame:
    """Factors on emissions (EMISSION_SCALE_COLUMNS): of several measures, the largest counts.

    A measure holds on a road when the middle of the road's line lies in its polygon and the
    road's kind (``wegsoort``) is the measure's; its factor then scales all of the emission of
    that class, the stagnating share included.
    """
    table = read_optional_table(folder, "Maatregelen")
    if table is None or len(table) == 0:
        return pd.DataFrame({name: [] for name in EMISSION_SCALE_COLUMNS})
    measures = pd.DataFrame(
        {
            "pollutant": table.codes("stof", POLLUTANT_CODES),
            "vehicle_class": table.codes("voertuigtype", VEHICLE_CODES),
            "kind": table.codes("wegsoort", WEGSOORT_CODES),
            "factor": table.numbers("schalingsfactor", 0.0, 100.0),
        }
    )
    measure, road = _inside(table, roads)
    matches = measures.iloc[measure].assign(road=road)
    matches = matches[matches["kind"].to_numpy() == kinds[road]]
    keys = ["road", "vehicle_class", "pollutant"]
    scale: pd.DataFrame = matches.groupby(keys, as_index=False).agg(factor=("factor", "max"))
    return scale.reindex(columns=list(EMISSION_SCALE_COLUMNS))


def _inside(table: CimlkTable, roads: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of a measure and a road whose line has its middle in the measure's polygon."""
    polygons = shapely.make_valid(table.geometry(shapely.GeometryType.POLYGON))
    middles = shapely.line_interpolate_point(roads.geometry.to_numpy(), 0.5, normalized=True)
    measure, road = shapely.STRtree(middles).query(polygons, predicate="intersects")
    return measure, road


def read_corrections(folder: Path, receptors: Points | None, crs: str) -> gpd.GeoDataFrame:
    """Corrections (ug/m3) and the polygon, or the receptor's own place, where each holds."""
    table = read_optional_table(folder, "Correcties")
    if table is None or len(table) == 0:
        return no_features(*CORRECTION_COLUMNS).set_crs(crs)
    columns = {
        "pollutant": table.codes("stof", CORRECTION_CODES),
        "correction": table.numbers("correctie", -1000.0, 1000.0),
    }
    polygons = table.geometry(shapely.GeometryType.POLYGON, optional=True)
    placed = [
        _at_receptor(table, position, receptors) if polygon is None else polygon
        for position, polygon in enumerate(polygons)
    ]
    return gpd.GeoDataFrame(columns, geometry=placed, crs=crs)


def _at_receptor(table: CimlkTable, position: int, receptors: Points | None) -> shapely.Polygon:
    """A small square around the receptor that a correction without polygon names."""
    column = "receptorIdentificatie"
    name = table.text(column)[position]
    if receptors is None or name not in receptors.label:
        table.refuse_row(position, column, "must be a receptor where the correction has no polygon")
    row = int(np.argmax(receptors.label == name))
    x, y = receptors.x[row], receptors.y[row]
    return shapely.box(
        x - RECEPTOR_REACH, y - RECEPTOR_REACH, x + RECEPTOR_REACH, y + RECEPTOR_REACH
    )
