"""The road table of a source with every column worked out: defaults, traffic, streets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from roadside_server.region.defaults import fill_roads, order_columns
from roadside_server.region.street_chains import chain_streets
from roadside_server.region.streets import classify_streets
from roadside_server.region.traffic import ALL_VOLUMES, assume_volumes, counted_volumes

if TYPE_CHECKING:  # build.py imports this module
    from pathlib import Path

    import geopandas as gpd

    from roadside_server.region.build import RegionInput


def finish_roads(
    source: RegionInput, counts: Path | None
) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """The roads in their order, with every column of the schema, and what was assumed.

    Volumes that the source leaves out are assumed; those of the file of counts replace any other.
    """
    roads = _typed(fill_roads(source.roads.reset_index(drop=True)))
    roads = _with_volumes(roads)
    if counts is not None:
        roads = counted_volumes(roads, counts)
    roads = order_columns(_with_streets(roads, source))
    return roads, (*_about_volumes(roads), *_about_streets(roads, source))


def _typed(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return roads.assign(lanes=roads["lanes"].astype("int64"), speed=roads["speed"].astype(float))


def _with_volumes(roads: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Every volume: none of a class that only others count, assumed where nothing is counted."""
    given = [column for column in ALL_VOLUMES if column in roads]
    counted = roads[given].notna().any(axis=1) if given else np.zeros(len(roads), dtype=bool)
    for column in (column for column in ALL_VOLUMES if column not in roads):
        roads[column] = np.where(counted, 0.0, np.nan)
    return assume_volumes(roads)


def _with_streets(roads: gpd.GeoDataFrame, source: RegionInput) -> gpd.GeoDataFrame:
    if "method" not in roads:
        return classify_streets(roads, source.buildings, source.trees)
    if "street" in roads:
        return roads
    kind = np.where(roads["method"] == "srm1", roads["street_type"], 0).astype(np.int64)
    return roads.assign(street=chain_streets(roads, kind).street)


def _about_volumes(roads: gpd.GeoDataFrame) -> tuple[str, ...]:
    assumed = (roads["volume_source"] == "assumed").to_numpy()
    length = roads.geometry.length.to_numpy()
    if not assumed.any():
        return ()
    return (
        f"Traffic volumes are assumed from road class and lanes for {assumed.mean():.0%} of the "
        f"roads ({length[assumed].sum() / length.sum():.0%} of their length); none is a count.",
    )


def _about_streets(roads: gpd.GeoDataFrame, source: RegionInput) -> tuple[str, ...]:
    if "method" in source.roads:
        return ()
    canyon = (roads["method"] == "srm1").to_numpy()
    length = roads.geometry.length.to_numpy()
    return (
        f"Streets are told from open roads by the buildings beside them: {canyon.sum()} of "
        f"{canyon.size} roads ({length[canyon].sum() / length.sum():.0%} of their length) "
        "are streets (SRM1).",
    )
