"""Sound power of road traffic; CNOSSOS-EU, Directive (EU) 2015/996 as amended by 2021/1226, 2.2.

Arrays run over categories of vehicles (1, 2, 3, 4a, 4b), octave bands (63 to 8000 Hz) and places,
in that order.  Sums are of energies; single vehicles and corrections are in decibels.
"""

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from roadside_kernels.noise.bands import A_WEIGHTING, BANDS
from scipy.spatial import cKDTree

from roadside_server.emissions.cnossos_tables import (
    CATEGORIES,
    JUNCTION_KINDS,
    CnossosTables,
    Edition,
    cnossos_tables,
    surface_ids,
)
from roadside_server.errors import require
from roadside_server.region.schema import PERIODS, VEHICLE_CLASSES, Float64

__all__ = [
    "Site",
    "road_sound_power",
    "segment_sound_power",
    "sound_power",
    "surface_ids",
    "vehicle_power",
]

#: Category of each vehicle class.
CATEGORY = {
    "light": "1",
    "medium": "2",
    "heavy": "3",
    "bus": "2",
    "moped": "4a",
    "motorcycle": "4b",
}

REFERENCE_SPEED = 70.0  # km/h
#: Below this speed (km/h) a vehicle sounds as at this speed; the Commission's workbook does so.
SLOWEST_SPEED = 20.0
REFERENCE_TEMPERATURE = 20.0  # degC
#: Speeds (km/h) between which studded tyres are described.
STUDDED_SPEEDS = (50.0, 90.0)
#: Distance (m) from a junction within which vehicles accelerate and brake.
JUNCTION_REACH = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """What the sound power depends on besides traffic, at M places."""

    surface: NDArray[np.intp]  # row of Table F-4
    gradient: Float64  # %, uphill positive in the direction of travel
    junction_distance: Float64  # m; inf: none
    junction_kind: NDArray[np.intp]  # index in JUNCTION_KINDS
    temperature: float = REFERENCE_TEMPERATURE  # degC, annual mean
    studded_share: float = 0.0  # of the light vehicles, on average over the year


def road_sound_power(
    roads: gpd.GeoDataFrame, *, temperature: float, edition: Edition = "2021"
) -> Float64:
    """A-weighted sound power per metre (energy re 1 pW/m) of roads, by period and band.

    Parameters
    ----------
    roads
        Table of roads, see ``region.schema.ROAD_COLUMNS``.
    temperature
        Annual mean of the air (degC).
    """
    away = np.full(len(roads), np.inf)
    return _power_of(roads, away, np.zeros(len(roads), np.intp), temperature, edition)


def segment_sound_power(
    roads: gpd.GeoDataFrame,
    road: NDArray[np.integer],
    midpoints: Float64,
    junctions: gpd.GeoDataFrame,
    *,
    temperature: float,
    edition: Edition = "2021",
) -> Float64:
    """A-weighted sound power per metre (energy re 1 pW/m) of segments, by period and band.

    Within 100 m of a junction vehicles accelerate and brake, which alters their sound.

    Parameters
    ----------
    road
        Row of the road to which each of M segments belongs.
    midpoints
        Middle of each segment (M, 2), in the CRS of the junctions (m).
    junctions
        Points with a ``kind``, signals or roundabout.
    """
    power = road_sound_power(roads, temperature=temperature, edition=edition)[:, :, road]
    distance, kind = nearest_junction(midpoints, junctions)
    near = np.flatnonzero(distance < JUNCTION_REACH)
    if near.size:
        stretch = roads.iloc[np.asarray(road)[near]]
        power[:, :, near] = _power_of(stretch, distance[near], kind[near], temperature, edition)
    return power


def nearest_junction(
    points: Float64, junctions: gpd.GeoDataFrame
) -> tuple[Float64, NDArray[np.intp]]:
    """Distance (m) to the nearest junction of a known kind, and its index in JUNCTION_KINDS."""
    known = junctions[junctions["kind"].isin(JUNCTION_KINDS)]
    if known.empty:
        return np.full(len(points), np.inf), np.zeros(len(points), np.intp)
    tree = cKDTree(np.column_stack([known.geometry.x, known.geometry.y]))
    distance, nearest = tree.query(points)
    kinds = np.array([JUNCTION_KINDS.index(kind) for kind in known["kind"]], dtype=np.intp)
    return distance, kinds[nearest]


def sound_power(
    flow: Float64, speed: Float64, site: Site, tables: CnossosTables, *, two_way: bool = False
) -> Float64:
    """Sound power per metre (energy re 1 pW/m) of traffic, (..., bands, places); L_W',eq,line.

    Parameters
    ----------
    flow
        Vehicles an hour (..., categories, places).
    speed
        Speed (km/h) (categories, places); the flow term keeps speeds below 20 km/h.
    two_way
        Half of the flow drives the other way, down where the site says up.
    """
    vehicle = _energy(vehicle_power(speed, site, tables))
    if two_way:
        vehicle = 0.5 * (vehicle + _energy(vehicle_power(speed, site, tables, -1.0)))
    density = flow / (1000.0 * speed)
    power: Float64 = np.einsum("...cm,cbm->...bm", density, vehicle)
    return power


def vehicle_power(
    speed: Float64, site: Site, tables: CnossosTables, direction: float = 1.0
) -> Float64:
    """Sound power (dB re 1 pW) of a vehicle by category, band and place; L_W,i,m."""
    speed = np.maximum(speed, SLOWEST_SPEED)
    rolling = _energy(rolling_power(speed, site, tables))
    gradient = gradient_correction(direction * site.gradient, speed)
    propulsion = propulsion_power(speed, site, tables) + gradient[:, None, :]
    return _level(rolling + _energy(propulsion))


def rolling_power(speed: Float64, site: Site, tables: CnossosTables) -> Float64:
    """Rolling noise (dB re 1 pW) by category, band and place; L_WR."""
    ratio = np.log10(speed / REFERENCE_SPEED)[:, None, :]
    alpha, beta = _surface_correction(site, tables)
    warmth = tables.temperature_k * (REFERENCE_TEMPERATURE - site.temperature)
    power: Float64 = tables.a_r[:, :, None] + tables.b_r[:, :, None] * ratio
    power += alpha + beta * ratio
    power += _acceleration(site, tables.junction_c_r) + warmth[:, None, None]
    power[0] += studded_correction(speed[0], site.studded_share, tables)
    return power


def propulsion_power(speed: Float64, site: Site, tables: CnossosTables) -> Float64:
    """Propulsion noise (dB re 1 pW) on level road by category, band and place; L_WP."""
    excess = ((speed - REFERENCE_SPEED) / REFERENCE_SPEED)[:, None, :]
    alpha, _ = _surface_correction(site, tables)
    power: Float64 = tables.a_p[:, :, None] + tables.b_p[:, :, None] * excess
    return power + np.minimum(alpha, 0.0) + _acceleration(site, tables.junction_c_p)


def studded_correction(speed: Float64, share: float, tables: CnossosTables) -> Float64:
    """Correction (dB) of rolling noise for a share of studded tyres, light vehicles."""
    ratio = np.log10(np.clip(speed, *STUDDED_SPEEDS) / REFERENCE_SPEED)
    studded = tables.studded_a[:, None] + tables.studded_b[:, None] * ratio
    return _level((1.0 - share) + share * _energy(studded))


def gradient_correction(gradient: Float64, speed: Float64) -> Float64:
    """Correction (dB) of propulsion noise by category and place for a gradient (%).

    Between the steepest harmless descent and ascent nothing changes; beyond 12 % nothing more.
    """
    up, down = np.clip(gradient, 0.0, 12.0), np.clip(-gradient, 0.0, 12.0)
    steep = np.maximum(down - 4.0, 0.0)
    light, medium, heavy = speed[:3] / 100.0
    correction = np.zeros_like(speed)
    correction[0] = np.maximum(down - 6.0, 0.0) + np.maximum(up - 2.0, 0.0) / 1.5 * light
    correction[1] = steep / 0.7 * (medium - 0.2) + up * medium
    correction[2] = steep / 0.5 * (heavy - 0.1) + up / 0.8 * heavy
    return correction


def _surface_correction(site: Site, tables: CnossosTables) -> tuple[Float64, Float64]:
    """Alpha and beta (dB) of Table F-4 by category, band and place."""
    alpha = np.moveaxis(tables.surfaces.alpha[site.surface], 0, -1)
    return alpha, tables.surfaces.beta[site.surface].T[:, None, :]


def _acceleration(site: Site, coefficient: Float64) -> Float64:
    """Correction (dB) near junctions by category and place, the same in all bands."""
    nearness = np.maximum(1.0 - site.junction_distance / JUNCTION_REACH, 0.0)
    return (coefficient[:, site.junction_kind] * nearness)[:, None, :]


def _power_of(
    roads: gpd.GeoDataFrame,
    junction_distance: Float64,
    junction_kind: NDArray[np.intp],
    temperature: float,
    edition: Edition,
) -> Float64:
    """A-weighted power of roads (3, 8, M); one-way roads climb or fall, others do both."""
    tables = cnossos_tables(edition)
    surface = tables.surfaces.rows([str(name) for name in roads["surface"]])
    along = np.where(roads["direction"] == "backward", -1.0, 1.0)
    gradient = along * roads["gradient"].to_numpy(np.float64)
    site = Site(surface, gradient, junction_distance, junction_kind, temperature)
    one_way, two_way = ((roads["direction"] == "both") == both for both in (False, True))
    flow, speed = _flow(roads), _speed(roads)
    power = np.empty((len(PERIODS), len(BANDS), len(roads)))
    for rows, both in ((one_way.to_numpy(), False), (two_way.to_numpy(), True)):
        power[:, :, rows] = sound_power(
            flow[:, :, rows], speed[:, rows], _part(site, rows), tables, two_way=both
        )
    power *= _energy(np.array(A_WEIGHTING))[:, None]
    power[:, :, roads["tunnel"].to_numpy(bool)] = 0.0
    return power


def _part(site: Site, rows: NDArray[np.bool_]) -> Site:
    return Site(
        site.surface[rows],
        site.gradient[rows],
        site.junction_distance[rows],
        site.junction_kind[rows],
        site.temperature,
        site.studded_share,
    )


def _flow(roads: gpd.GeoDataFrame) -> Float64:
    """Vehicles an hour by period, category and road."""
    flow = np.zeros((len(PERIODS), len(CATEGORIES), len(roads)))
    for vehicle in VEHICLE_CLASSES:
        category = CATEGORIES.index(CATEGORY[vehicle])
        for period, name in enumerate(PERIODS):
            flow[period, category] += roads[f"volume_{vehicle}_{name}"].to_numpy(np.float64)
    return flow


def _speed(roads: gpd.GeoDataFrame) -> Float64:
    """Speed (km/h) by category and road: all drive at the road's speed."""
    speed = roads["speed"].to_numpy(np.float64)
    lowest = speed.min(initial=np.inf)
    require(bool(lowest > 0.0), "speed", f"{lowest:g} km/h, must be above 0")
    return np.tile(speed, (len(CATEGORIES), 1))


def _energy(level: Float64) -> Float64:
    """Energy of a level (dB), relative to the reference."""
    return np.power(10.0, level / 10.0)


def _level(energy: Float64) -> Float64:
    """Level (dB) of an energy relative to the reference."""
    return 10.0 * np.log10(energy)
