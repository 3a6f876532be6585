"""A few receptors among a few open roads, and the sums spelled out in double precision."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from roadside_kernels.air.open_road import SectorWind
from roadside_kernels.air.plume import DilutionCurves, dilution, dilution_curves, roughness_class
from roadside_kernels.arrays import BLOCK, Receptors, Segments
from roadside_kernels.geometry import NEAREST, block_boxes, pieces_of_segment
from roadside_kernels.physics import in_double

SPREADS = (2.5, 4.0)  # m
ROUGHNESS = 0.3  # m


class OpenRoads(NamedTuple):
    """The arguments of ``open_road_sums``."""

    receptors: Receptors
    segments: Segments
    emission: np.ndarray
    curve: np.ndarray
    curves: DilutionCurves
    wind: SectorWind


def wind_rose(sectors=12, seed=3):
    random = np.random.default_rng(seed)
    frequency = random.dirichlet(np.ones(sectors)).astype("f4")
    return SectorWind(frequency, random.uniform(2, 6, sectors).astype("f4"))


def uniform_rose(sectors):
    return SectorWind(np.full(sectors, 1 / sectors, "f4"), np.full(sectors, 4, "f4"))


def straight(x0, y0, x1, y1):
    """One segment."""
    ends = (np.array([value], "f4") for value in (x0, y0, x1, y1))
    return Segments(*ends, np.zeros(1, "i4"))


def scene(segments, receptors, wind, emission=None):
    count = segments.x0.size
    emission = np.full((5, count), 100, "f4") if emission is None else emission
    places = Receptors(*np.array(receptors, "f4").reshape(-1, 2).T.copy())
    curve = np.zeros(count, "i4")
    return OpenRoads(places, segments, emission, curve, CURVES, wind)


CURVES = dilution_curves(SPREADS, ROUGHNESS)


@pytest.fixture
def open_roads():
    """Two blocks of receptors, one of them not full, among twelve roads near and far."""
    random = np.random.default_rng(7)
    x, y = random.uniform(0, 60, (2, BLOCK + 9)).astype("f4")
    x[BLOCK:] += 400
    middle, step = random.uniform(-700, 900, (2, 12)), random.normal(0, 30, (2, 12))
    middle[:, 0], middle[:, 1] = (30, 30), (30, 64)
    ends = (*(middle - step), *(middle + step))
    segments = Segments(*(end.astype("f4") for end in ends), np.arange(12, dtype="i4"))
    emission = random.uniform(10, 100, (5, 12)).astype("f4")
    curve = random.integers(0, 2, 12).astype("i4")
    return OpenRoads(Receptors(x, y), segments, emission, curve, CURVES, wind_rose())


def spelled_out(roads, max_range):
    """NOx by sector and annual PM10 (ug/m3): a sum in double precision, piece by piece."""
    receptors, segments, emission, curve, _, wind = roads
    boxes, sectors = block_boxes(receptors), wind.frequency.size
    nox = np.zeros((sectors, receptors.x.size))
    for k in range(segments.x0.size):
        ends = [float(end[k]) for end in segments[:4]]
        length = math.hypot(ends[2] - ends[0], ends[3] - ends[1])
        for i in range(receptors.x.size):
            count = int(pieces_of_segment(*np.array(ends, "f4"), *boxes[i // BLOCK]))
            place = (np.arange(count) + 0.5) / count
            dx = ends[0] + place * (ends[2] - ends[0]) - receptors.x[i]
            dy = ends[1] + place * (ends[3] - ends[1]) - receptors.y[i]
            distance = np.hypot(dx, dy)
            diluted = exact_dilution(distance, SPREADS[curve[k]]) * length / count
            turns = np.arctan2(dx, dy) / (2 * math.pi)
            sector = np.floor(turns * sectors + 0.5).astype(int) % sectors
            strength = emission[0, k] * diluted * (distance <= max_range)
            np.add.at(nox[:, i], sector, sectors * strength / wind.speed[sector])
    return nox


def exact_dilution(distance, spread):
    """The formula of a curve, in double precision."""
    z = roughness_class(ROUGHNESS)
    site = (1.5, z.length, z.obukhov, z.calibration, z.a, z.b)
    formula = in_double(dilution)
    return np.array([formula(max(float(r), NEAREST), spread, *site) for r in distance])
