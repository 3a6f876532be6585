"""Ground of an OpenStreetMap extract: areas that are softer or harder than what lies around."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import geopandas as gpd
import numpy as np
import osmium
import shapely

from roadside_server.region.crs import WGS84

#: A key that tells of the ground only where another says that there is an area of ground.
SURFACE = "surface"


@cache
def ground_table() -> dict[str, dict[str, float]]:
    """Ground factors by key and value, keys in the order in which they decide."""
    text = files("roadside_server.region").joinpath("osm_ground.csv").read_text("utf-8")
    table: dict[str, dict[str, float]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        table.setdefault(row["key"], {})[row["value"]] = float(row["ground_factor"])
    return table


def ground_keys() -> tuple[str, ...]:
    """Keys that say that there is an area of ground."""
    return tuple(key for key in ground_table() if key != SURFACE)


def ground_factor(tags: Mapping[str, str]) -> float | None:
    """Ground factor G (0 hard to 1 soft) of an area; None where its tags do not tell."""
    found = {
        key: factors[tags[key]]
        for key, factors in ground_table().items()
        if tags.get(key) in factors
    }
    return next(iter(found.values())) if found.keys() - {SURFACE} else None


@dataclass(frozen=True, slots=True)
class GroundCollector:
    """Gathers areas of ground while a file is read."""

    factors: list[float] = field(default_factory=list)
    outlines: list[str] = field(default_factory=list)
    factory: Any = field(default_factory=osmium.geom.WKBFactory)

    def add(self, area: Any) -> None:
        """Keep an area on the ground whose tags tell how soft it is."""
        tags = dict(area.tags)
        factor = ground_factor(tags)
        if factor is None or tags.get("location") == "underground" or "building" in tags:
            return
        try:
            outline = self.factory.create_multipolygon(area)
        except RuntimeError:  # a ring whose nodes the extract lacks
            return
        self.factors.append(factor)
        self.outlines.append(outline)

    def table(self) -> gpd.GeoDataFrame:
        """Ground factor and outline (EPSG:4326), the smallest first: they lie on larger ones."""
        areas = shapely.from_wkb(np.array(self.outlines, dtype=object))
        columns = {"ground_factor": np.array(self.factors, dtype=np.float64)}
        order = np.argsort(shapely.area(areas), kind="stable")
        return gpd.GeoDataFrame(columns, geometry=areas, crs=WGS84).iloc[order]
