"""Walls and noise screens of an OpenStreetMap extract."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import shapely

from roadside_server.region import osm_tags
from roadside_server.region.crs import WGS84
from roadside_server.region.defaults import SCREEN_ABSORPTION

#: Heights (m) where no tag tells one, assumed.  A retaining wall counts with the parapet above the
#: higher ground: what it holds back is terrain.
SCREEN_HEIGHT = {"noise_barrier": 3.0, "wall": 2.0, "city_wall": 5.0, "retaining_wall": 1.0}
#: Heights outside this range (m) are taken for mistakes.
LOWEST, HIGHEST = 0.3, 20.0


def kind_of_screen(tags: Mapping[str, str]) -> str | None:
    """Kind of a wall that stops sound; None for anything else: fences and hedges let it pass."""
    kind = tags.get("barrier", "")
    if kind == "wall" and tags.get("wall") == "noise_barrier":
        return "noise_barrier"
    return kind if kind in SCREEN_HEIGHT else None


def tagged_screen_height(tags: Mapping[str, str]) -> float | None:
    """Height (m) of a wall by its tag; None where there is none or it is a mistake."""
    height = osm_tags.length_tag(tags.get("height", ""))
    return height if height is not None and LOWEST <= height <= HIGHEST else None


@dataclass(frozen=True, slots=True)
class ScreenCollector:
    """Gathers walls while a file is read."""

    lines: list[Any] = field(default_factory=list)
    heights: list[float] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)  # kinds of those without a height

    def add_way(self, way: Any) -> None:
        """Keep a wall above the ground."""
        tags = dict(way.tags)
        kind = kind_of_screen(tags)
        places = [(n.lon, n.lat) for n in way.nodes if n.location.valid()]
        if kind is None or tags.get("location") == "underground" or len(set(places)) < 2:  # noqa: PLR2004 - a line has two ends
            return
        height = tagged_screen_height(tags)
        if height is None:
            self.assumed.append(kind)
        self.lines.append(shapely.LineString(places))
        self.heights.append(height or SCREEN_HEIGHT[kind])

    def table(self) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
        """The walls (EPSG:4326), and what was assumed of them."""
        columns = {"height": self.heights, "absorption": SCREEN_ABSORPTION}
        screens = gpd.GeoDataFrame(columns, geometry=self.lines, crs=WGS84)
        return screens, self._assumptions()

    def _assumptions(self) -> tuple[str, ...]:
        if not self.lines:
            return ()
        kinds = ", ".join(
            f"{count} {kind.replace('_', ' ')}s {SCREEN_HEIGHT[kind]:g} m"
            for kind, count in Counter(self.assumed).most_common()
        )
        heights = f"Height of {len(self.assumed)} of {len(self.lines)} walls assumed: {kinds}."
        return (
            *((heights,) if self.assumed else ()),
            f"Walls take up {SCREEN_ABSORPTION:.0%} of the sound that hits them.",
        )
