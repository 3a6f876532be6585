"""What is in a region and what was assumed, for people."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from roadside_server.region.receptors import coordinates
from roadside_server.region.schema import (
    HEIGHT_SOURCES,
    PERIOD_HOURS,
    PERIODS,
    VEHICLE_CLASSES,
    Float64,
    Grid,
    Points,
    Region,
    Terrain,
    Weather,
)

STREET_TYPES = {
    1: "type 1, wide canyon",
    2: "type 2, narrow canyon",
    3: "type 3, buildings on one side",
    4: "type 4, other streets",
}
KILOMETRE = 1000.0


@dataclass(frozen=True, slots=True)
class Description:
    """Lines of a label and a text, and the sentences on what was assumed."""

    lines: tuple[tuple[str, str], ...]
    assumptions: tuple[str, ...]

    def as_text(self) -> str:
        """The description as plain text."""
        width = max(len(label) for label, _ in self.lines)
        told = [f"{label:<{width}}  {text}" for label, text in self.lines]
        return "\n".join([*told, "assumed:", *(f"- {sentence}" for sentence in self.assumptions)])


def describe_region(region: Region) -> Description:
    """Counts, shares, extents and the assumptions of a region."""
    lines = (
        ("name", region.name),
        ("CRS", region.crs),
        ("extent", _extent(region)),
        ("year", f"{region.year}, of the emission factors"),
        ("receptors", _receptors(region.receptors)),
        ("heights", _heights(region)),
        *_roads(region),
        ("beside roads", _counts(region)),
        *_ground(region),
        ("street links", _links(region)),
        ("weather", _weather(region.weather)),
        ("background", _background(region)),
        ("corrections", f"{len(region.corrections)} areas, {len(region.emission_scale)} factors"),
        ("content hash", region.content_hash),
    )
    return Description(lines, region.assumptions)


def vehicles_per_day(roads: pd.DataFrame) -> Float64:
    """Vehicles of all classes in 24 hours on each road, both directions together."""
    hours = [
        roads[f"volume_{vehicle}_{period}"].to_numpy(np.float64) * PERIOD_HOURS[period]
        for vehicle in VEHICLE_CLASSES
        for period in PERIODS
    ]
    total: Float64 = np.sum(hours, axis=0)
    return total


def _extent(region: Region) -> str:
    x, y = coordinates(region.receptors)
    sides = f"{np.ptp(x) / KILOMETRE:.2f} x {np.ptp(y) / KILOMETRE:.2f} km"
    return f"{x.min():.0f}, {y.min():.0f} to {x.max():.0f}, {y.max():.0f} ({sides})"


def _receptors(receptors: Grid | Points) -> str:
    if isinstance(receptors, Points):
        return f"{receptors.size:,} points"
    return (
        f"{receptors.size:,}: {receptors.columns:,} x {receptors.rows:,} every "
        f"{receptors.spacing:g} m, {receptors.masked.mean():.0%} of them masked"
    )


def _heights(region: Region) -> str:
    return f"{region.receptor_height_air:g} m air, {region.receptor_height_noise:g} m noise"


def _roads(region: Region) -> tuple[tuple[str, str], ...]:
    roads = region.roads
    length = roads.geometry.length / KILOMETRE
    daily = vehicles_per_day(roads)
    distance = float((daily * length.to_numpy()).sum())
    kinds = roads["street_type"].where(roads["method"] == "srm1", 0).map({0: "open"} | STREET_TYPES)
    tunnel = roads["tunnel"].astype(bool)
    return (
        (
            "roads",
            f"{len(roads):,}, {length.sum():,.1f} km ({length[tunnel].sum():.1f} in tunnels)",
        ),
        ("method", _shares(length, roads["method"].str.upper())),
        ("streets", _shares(length, kinds)),
        ("volumes", _shares(length, roads["volume_source"])),
        ("traffic", f"{distance:,.0f} vehicle km a day, at most {daily.max():,.0f} vehicles a day"),
    )


def _shares(length: pd.Series, kind: pd.Series) -> str:
    share = length.groupby(kind).sum() / length.sum()
    return ", ".join(f"{name} {value:.0%}" for name, value in share.items()) + " of the length"


def _counts(region: Region) -> str:
    named = ("buildings", "trees", "junctions")
    return ", ".join(f"{len(getattr(region, name)):,} {name}" for name in named)


def _ground(region: Region) -> tuple[tuple[str, str], ...]:
    """Buildings, screens, ground, terrain and people: what sound meets and who hears it."""
    height, source = region.buildings["height"], region.buildings["height_source"]
    share = source.value_counts(normalize=True)
    known = ", ".join(f"{name} {share.get(name, 0.0):.0%}" for name in HEIGHT_SOURCES)
    screens, people = region.screens, region.population["people"]
    return (
        ("building heights", f"{known}; median {height.median():.3g} m" if len(height) else "none"),
        ("screens", f"{len(screens):,}, {screens.length.sum() / KILOMETRE:.1f} km"),
        ("ground areas", _ground_areas(region)),
        ("terrain", _terrain(region.terrain)),
        ("people", f"{people.sum():,.0f} at {len(people):,} places" if len(people) else "unknown"),
    )


def _ground_areas(region: Region) -> str:
    areas = region.ground_areas
    elsewhere = f"elsewhere G {region.weather.ground_factor:g}"
    if not len(areas):
        return elsewhere
    square = areas.area.groupby(areas["ground_factor"]).sum() / KILOMETRE**2
    told = ", ".join(f"G {factor:g} {value:.2f} km2" for factor, value in square.items())
    return f"{len(areas):,}: {told}; {elsewhere}"


def _terrain(terrain: Terrain | None) -> str:
    if terrain is None:
        return "flat"
    rows, columns = terrain.altitude.shape
    low, high = terrain.altitude.min(), terrain.altitude.max()
    return f"{low:.1f} to {high:.1f} m, {columns:,} x {rows:,} every {terrain.spacing:g} m"


def _links(region: Region) -> str:
    links = region.street_links
    linked = int((np.diff(links.start) > 0).sum())
    return f"{links.road.size:,}, at {linked:,} of {region.receptors.size:,} receptors"


def _weather(weather: Weather) -> str:
    strongest = int(np.argmax(weather.frequency))
    direction = strongest * 360 / weather.frequency.size
    ozone = "by sector" if np.isfinite(weather.ozone).any() else "of the background"
    return (
        f"{weather.frequency.size} sectors, {weather.annual_speed:.2g} m/s, most often from "
        f"{direction:.0f} degrees ({weather.frequency[strongest]:.0%}), O3 {ozone}, "
        f"roughness {weather.roughness:g} m"
    )


def _background(region: Region) -> str:
    texts = []
    for name, values in region.background.values.items():
        if isinstance(values, np.ndarray):
            texts.append(f"{name} {np.nanmin(values):.3g} to {np.nanmax(values):.3g}")
        else:
            texts.append(f"{name} {values:g}")
    return ", ".join(texts) + " ug/m3"
