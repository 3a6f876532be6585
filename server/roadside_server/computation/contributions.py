"""Which roads are heard at a receptor: what each of them sends there, on its own."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32, Receptors
from roadside_kernels.noise.indicators import Levels, levels
from roadside_kernels.noise.line import line_noise

from roadside_server.computation.caveats import caveats_of
from roadside_server.computation.methods import Methods
from roadside_server.computation.noise import ground_transfer, noise_stretches, stretch_power
from roadside_server.computation.site import Site
from roadside_server.computation.sound import said_of_sound
from roadside_server.computation.sources import chosen, localised, near
from roadside_server.computation.tiles import View
from roadside_server.computation.transfer.by_road import RoadEnergies, by_road
from roadside_server.computation.transfer.model import transfer_model
from roadside_server.region.schema import Grid, Points
from roadside_server.scenario.measures import apply_measures
from roadside_server.scenario.reading import Scenario

Place = tuple[float, float]


class RoadLevels(NamedTuple):
    """What roads send to one receptor, the loudest first."""

    road: NDArray[np.int32]  # rows of the road table
    levels: Levels  # dB(A), of each road
    share: Float32  # of the energy behind Lden
    together: Levels  # dB(A), of all roads, those left out too


class Heard(NamedTuple):
    """What is heard at chosen receptors."""

    at: list[RoadLevels]
    caveats: tuple[str, ...]


def heard(
    site: Site, scenario: Scenario, receptors: Sequence[int], *, methods: Methods, most: int
) -> Heard:
    """The loudest roads at receptors by their number in the region, with a scenario.

    They are heard as the map is made: by the region's transfer, or over flat ground.
    """
    region, model = site.region, None
    traffic = apply_measures(region, scenario.measures)
    if site.transfer is None:
        places = [place_of(region.receptors, receptor) for receptor in receptors]
        reach = scenario.options.noise_range
        found = [_over_flat_ground(site, traffic.roads, at, reach, methods) for at in places]
    else:
        built = scenario.construction
        model = transfer_model(site, site.transfer, traffic, built, methods=methods, device="cpu")
        found = by_road(model, region.receptors, np.array(receptors, np.int64))
    sound = said_of_sound(site, scenario, model)
    caveats = caveats_of(region, replace(scenario, quantities=("lden",)), traffic.roads, sound)
    return Heard([_loudest(energies, most) for energies in found], caveats)


def nearest_receptor(receptors: Grid | Points, x: float, y: float) -> int:
    """Number of the receptor outside buildings that is nearest to a place (m, region's CRS)."""
    if isinstance(receptors, Points):
        return int(np.argmin(np.hypot(receptors.x - x, receptors.y - y)))
    row, column = np.nonzero(~receptors.masked)
    east = receptors.west + column * receptors.spacing
    north = receptors.south + row * receptors.spacing
    nearest = int(np.argmin(np.hypot(east - x, north - y)))
    return int(row[nearest] * receptors.columns + column[nearest])


def place_of(receptors: Grid | Points, receptor: int) -> Place:
    """Place (m, the region's CRS) of a receptor by its number."""
    if isinstance(receptors, Points):
        return float(receptors.x[receptor]), float(receptors.y[receptor])
    row, column = divmod(receptor, receptors.columns)
    spacing = receptors.spacing
    return float(receptors.west + column * spacing), float(receptors.south + row * spacing)


def _loudest(found: RoadEnergies, most: int) -> RoadLevels:
    each, together = levels(found.energy), levels(found.energy.sum(axis=1, keepdims=True))
    order = np.argsort(-each.lden, kind="stable")[:most]
    share = 10.0 ** ((each.lden[order] - together.lden) / 10.0)
    return RoadLevels(found.road[order], Levels(*(level[order] for level in each)), share, together)


def _over_flat_ground(
    site: Site, roads: gpd.GeoDataFrame, place: Place, reach: float, methods: Methods
) -> RoadEnergies:
    """What the roads in reach of a place send there over flat ground."""
    region = site.region
    stretches = site.once("noise stretches", lambda: noise_stretches(region))
    power = stretch_power(region, roads, stretches, methods).astype(np.float32)
    here = View(*place, *place)
    rows = near(stretches, here, reach)
    rows = rows[power[:, :, rows].any(axis=(0, 1))]
    transfer = site.once(("ground", reach), lambda: ground_transfer(region, reach))
    receptor = Receptors(np.zeros(1, np.float32), np.zeros(1, np.float32))
    road = np.unique(stretches.road[rows])
    energy = np.zeros((3, road.size), np.float32)
    for i, one in enumerate(road):
        mine = rows[stretches.road[rows] == one]
        segments = localised(chosen(stretches, mine), here)
        mine_power = np.ascontiguousarray(power[:, :, mine])
        found = line_noise(receptor, segments, mine_power, transfer, max_range=reach)
        energy[:, i] = found.energy[:, 0]
    sounds = energy.any(axis=0)
    return RoadEnergies(road[sounds].astype(np.int32), energy[:, sounds])
