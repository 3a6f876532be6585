"""Formal sums of a region against plain NumPy in double precision, at a few receptors."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from roadside_kernels.air.chemistry import sector_no2
from roadside_kernels.air.nitrogen import annual_no2
from roadside_kernels.air.open_road import OpenRoadSums, SectorWind, open_road_sums
from roadside_kernels.air.plume import MAX_RANGE, dilution_curves
from roadside_kernels.arrays import BLOCK, Receptors, Segments
from roadside_kernels.geometry import block_boxes
from roadside_kernels.launch import Device
from roadside_kernels.physics import in_double
from roadside_server.computation.sources import (
    chosen,
    initial_dispersion,
    localised,
    near,
    straight_stretches,
)
from roadside_server.computation.tiles import Tile, receptors_of
from roadside_server.emissions.exhaust import road_exhaust
from roadside_server.emissions.factors import load_factors
from roadside_server.region.schema import Float64, Region

from roadside_cli.benchmarks.pairs import best_time
from roadside_cli.benchmarks.plain import Floats, PlainRoads, PlainSums, piece_counts, plain_sums

#: Background ozone (ug/m3) for NO2 where a region has none for the whole year.
OZONE = 45.0


class Site(NamedTuple):
    """One block of receptors, and the roads within its tile's range."""

    tile: Tile
    receptors: Receptors  # m from the tile's corner
    segments: Segments  # the same
    roads: PlainRoads  # m, the region's CRS


class Checked(NamedTuple):
    """One receptor in both precisions."""

    relative: float  # largest error of the sums
    absolute: float  # largest error of an annual mean (ug/m3)
    pairs: int
    seconds: float  # of plain NumPy in single precision


def double_precision(
    region: Region, tiles: Iterable[Tile], blocks: int, device: Device
) -> dict[str, Any]:
    """Errors of the formal sums at one receptor in some blocks of each tile."""
    found = [_checked(site, device) for tile in tiles for site in _sites(region, tile, blocks)]
    seconds = sum(one.seconds for one in found)
    return {
        "receptors": len(found),
        "relative_error_of_sums": max(one.relative for one in found),
        "absolute_error_ug_m3": max(one.absolute for one in found),
        "numpy_pairs_per_second": sum(one.pairs for one in found) / seconds,
    }


def plain_roads(region: Region) -> PlainRoads:
    """The region's open roads in double precision."""
    stretches, weather = straight_stretches(region.roads), region.weather
    exhaust = road_exhaust(region.roads, load_factors(), region.year, region.emission_scale)
    spread = initial_dispersion(region.roads)
    wind = SectorWind(weather.frequency.astype(np.float32), weather.speed.astype(np.float32))
    row = stretches.road
    x0, y0, x1, y1, _ = stretches
    return PlainRoads(x0, y0, x1, y1, exhaust[:, row], spread[row], wind, weather.roughness)


def _sites(region: Region, tile: Tile, blocks: int) -> Iterator[Site]:
    """Some blocks, evenly over a tile."""
    roads = plain_roads(region)
    stretches = straight_stretches(region.roads)
    rows = near(stretches, tile.box, MAX_RANGE)
    segments = localised(chosen(stretches, rows), tile.box)
    x0, y0, x1, y1 = (end[rows] for end in roads[:4])
    some = roads._replace(
        x0=x0, y0=y0, x1=x1, y1=y1, emission=roads.emission[:, rows], spread=roads.spread[rows]
    )
    every = receptors_of(tile, region.receptors).local
    first = np.arange(0, max(every.x.size - BLOCK + 1, 1), BLOCK)
    for start in first[:: -(-first.size // blocks)]:
        local = Receptors(*(places[start : start + BLOCK].copy() for places in every))
        yield Site(tile, local, segments, some)


def _checked(site: Site, device: Device) -> Checked:
    """Errors at the first receptor of a block."""
    x, y = float(site.receptors.x[0]), float(site.receptors.y[0])
    place = np.array([[site.tile.box.west + x, site.tile.box.south + y]])
    counts = piece_counts(site.segments, block_boxes(site.receptors))
    exact = plain_sums(site.roads, place, counts, np.float64)
    here = _seen_from(site.roads, place[0])
    seconds, single = best_time(lambda: plain_sums(here, np.zeros((1, 2)), counts, np.float32), 1)
    found = _formal(site, device)
    return Checked(*_errors(site.roads.wind, exact, found), single.pairs, seconds)


def _seen_from(roads: PlainRoads, place: Float64) -> PlainRoads:
    """Roads in metres from a place, so that single precision suffices."""
    x, y = place
    return roads._replace(x0=roads.x0 - x, y0=roads.y0 - y, x1=roads.x1 - x, y1=roads.y1 - y)


def _formal(site: Site, device: Device) -> OpenRoadSums:
    """The product's own sums."""
    spreads, curve = np.unique(site.roads.spread, return_inverse=True)
    return open_road_sums(
        site.receptors,
        site.segments,
        np.ascontiguousarray(site.roads.emission, np.float32),
        curve.astype(np.int32),
        dilution_curves(spreads, site.roads.roughness),
        site.roads.wind,
        device=device,
    )


def _errors(wind: SectorWind, exact: PlainSums, found: OpenRoadSums) -> tuple[float, float]:
    """Largest relative error of the sums, and absolute error of annual means with NO2 (ug/m3)."""
    by_sector = np.stack([found.nox[:, 0], found.no2[:, 0]]).astype(np.float64)
    annual = np.array([found.pm10[0], found.pm25[0], found.ec[0]], np.float64)
    expected = np.concatenate([exact.by_sector[:, :, 0].sum(axis=1), exact.annual[:, 0]])
    sums = np.concatenate([by_sector.sum(axis=1), annual])
    relative = np.abs(sums[expected > 0] / expected[expected > 0] - 1.0)
    frequency = wind.frequency.astype(np.float64)
    nox = abs(frequency @ (by_sector[0] - exact.by_sector[0, :, 0]))
    others = np.abs(annual - exact.annual[:, 0]).max()
    no2 = abs(_no2(found, wind) - _exact_no2(exact.by_sector[:, :, 0], frequency))
    return float(relative.max(initial=0.0)), float(max(nox, others, no2))


def _no2(found: OpenRoadSums, wind: SectorWind) -> float:
    """NO2 (ug/m3) at the first receptor, as the product forms it."""
    none, ozone = np.zeros(1, np.float32), np.full(1, OZONE, np.float32)
    sectors = np.full((wind.frequency.size, 1), OZONE, np.float32)
    nox, emitted = found.nox[:, :1], found.no2[:, :1]
    return float(annual_no2(nox, emitted, none, none, wind.frequency, sectors, ozone)[0][0])


def _exact_no2(by_sector: Floats, frequency: Float64) -> float:
    formula = in_double(sector_no2)
    formed = [formula(float(nox), float(no2), OZONE) for nox, no2 in by_sector.T]
    return float(frequency @ np.array(formed))
