"""Which roads are heard at a receptor: what each of them sends there, on its own."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32, Receptors
from roadside_kernels.noise.indicators import Levels, levels
from roadside_kernels.noise.line import line_noise

from roadside_server.computation.methods import Methods
from roadside_server.computation.noise import ground_transfer, noise_stretches, stretch_power
from roadside_server.computation.site import Site
from roadside_server.computation.sources import chosen, localised, near
from roadside_server.computation.tiles import View
from roadside_server.region.schema import Grid, Points


class RoadLevels(NamedTuple):
    """What roads send to one receptor, the loudest first."""

    road: NDArray[np.int32]  # rows of the road table
    levels: Levels  # dB(A), of each road
    share: Float32  # of the energy behind Lden
    together: Levels  # dB(A), of all roads, those left out too


def road_levels(
    site: Site,
    roads: gpd.GeoDataFrame,
    place: tuple[float, float],
    *,
    reach: float,
    methods: Methods,
    most: int,
) -> RoadLevels:
    """The loudest roads at a place (m, the region's CRS) with the traffic of a road table."""
    road, energy = _energies(site, roads, place, reach, methods)
    found = levels(energy)
    order = np.argsort(-np.nan_to_num(found.lden, nan=-np.inf), kind="stable")[:most]
    together = levels(energy.sum(axis=1, keepdims=True))
    share = 10.0 ** ((found.lden[order] - together.lden) / 10.0)
    return RoadLevels(road[order], Levels(*(level[order] for level in found)), share, together)


def nearest_receptor(receptors: Grid | Points, x: float, y: float) -> tuple[float, float]:
    """Place (m) of the receptor outside buildings that is nearest to a place (m)."""
    if isinstance(receptors, Points):
        nearest = int(np.argmin(np.hypot(receptors.x - x, receptors.y - y)))
        return float(receptors.x[nearest]), float(receptors.y[nearest])
    row, column = np.nonzero(~receptors.masked)
    east = receptors.west + column * receptors.spacing
    north = receptors.south + row * receptors.spacing
    nearest = int(np.argmin(np.hypot(east - x, north - y)))
    return float(east[nearest]), float(north[nearest])


def _energies(
    site: Site,
    roads: gpd.GeoDataFrame,
    place: tuple[float, float],
    reach: float,
    methods: Methods,
) -> tuple[NDArray[np.int32], Float32]:
    """Roads in reach that sound, and the energies (3, roads) re (20 uPa)^2 that they send."""
    region = site.region
    stretches = site.once("noise stretches", lambda: noise_stretches(region))
    power = stretch_power(region, roads, stretches, methods).astype(np.float32)
    here = View(*place, *place)
    rows = near(stretches, here, reach)
    rows = rows[power[:, :, rows].any(axis=(0, 1))]
    transfer = site.once(("ground", reach), lambda: ground_transfer(region, reach))
    receptor = Receptors(np.zeros(1, np.float32), np.zeros(1, np.float32))
    heard = np.unique(stretches.road[rows])
    energy = np.zeros((3, heard.size), np.float32)
    for i, road in enumerate(heard):
        mine = rows[stretches.road[rows] == road]
        segments = localised(chosen(stretches, mine), here)
        mine_power = np.ascontiguousarray(power[:, :, mine])
        found = line_noise(receptor, segments, mine_power, transfer, max_range=reach)
        energy[:, i] = found.energy[:, 0]
    return heard.astype(np.int32), energy
