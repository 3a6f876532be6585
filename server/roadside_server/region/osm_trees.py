"""Trees of an OpenStreetMap extract."""

from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import shapely

from roadside_server.region.crs import WGS84


@dataclass(frozen=True, slots=True)
class TreeCollector:
    """Gathers trees and rows of trees while a file is read."""

    geometry: list[Any] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add_node(self, node: Any) -> None:
        """Keep a single tree."""
        if node.tags.get("natural") == "tree":
            self._keep("tree", shapely.Point(node.location.lon, node.location.lat))

    def add_way(self, way: Any) -> None:
        """Keep a row of trees."""
        places = [(n.lon, n.lat) for n in way.nodes if n.location.valid()]
        if way.tags.get("natural") == "tree_row" and len(places) > 1:
            self._keep("tree_row", shapely.LineString(places))

    def _keep(self, kind: str, geometry: Any) -> None:
        self.kinds.append(kind)
        self.geometry.append(geometry)

    def table(self) -> gpd.GeoDataFrame:
        """Kind and geometry (EPSG:4326) of each."""
        return gpd.GeoDataFrame({"kind": self.kinds}, geometry=self.geometry, crs=WGS84)
