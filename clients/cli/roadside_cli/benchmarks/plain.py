"""SRM2 in plain NumPy: the yardstick of speed in single, the reference in double precision."""

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from roadside_kernels.air.open_road import SectorWind
from roadside_kernels.air.plume import (
    DIURNAL,
    MAX_RANGE,
    PLUME_HEIGHT,
    RECEPTOR_HEIGHT,
    WIND_HEIGHT,
    Roughness,
    roughness_class,
)
from roadside_kernels.arrays import Float32, Segments
from roadside_kernels.geometry import NEAREST, pieces_of_segment

Float64 = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]
Counts = NDArray[np.int32]
Kind = type[np.floating[Any]]

#: Directions of a full turn (rad).
TURN = 2.0 * np.pi
#: Pollutants whose sums are kept by sector: NOx and NO2; the others are annual means.
BY_SECTOR = 2


class PlainRoads(NamedTuple):
    """M straight pieces of road, in double precision."""

    x0: Float64
    y0: Float64
    x1: Float64
    y1: Float64
    emission: Float64  # (5, M), ug/(m s)
    spread: Float64  # (M), sigma_z0 (m)
    wind: SectorWind
    roughness: float  # m


class PlainSums(NamedTuple):
    """Contributions (ug/m3) at N receptors."""

    by_sector: Floats  # (NOx and NO2; sectors; N)
    annual: Floats  # (PM10, PM2.5, EC; N)
    pairs: int


def piece_counts(segments: Segments, boxes: Float32) -> Counts:
    """Pieces (boxes, M) that each segment is cut into, as seen from some blocks of receptors."""
    counts = np.empty((len(boxes), segments.x0.size), np.int32)
    _count(boxes, segments, counts)
    return counts


def plain_sums(roads: PlainRoads, places: Float64, counts: Counts, kind: Kind) -> PlainSums:
    """Sums at places (N, 2; m), one receptor at a time, in a kind of float."""
    x0, y0, x1, y1 = (end.astype(kind) for end in roads[:4])
    ends = (x0, y0, x1 - x0, y1 - y0)
    frequency, speed = (values.astype(kind) for values in roads.wind)
    weight = np.divide(kind(speed.size), speed, out=np.zeros_like(speed), where=speed > 0)
    by_sector = np.zeros((BY_SECTOR, speed.size, len(places)), kind)
    annual = np.zeros((len(roads.emission) - BY_SECTOR, len(places)), kind)
    emission, spread = roads.emission.astype(kind), roads.spread.astype(kind)
    terrain, pairs = roughness_class(roads.roughness), 0
    for i, (x, y) in enumerate(places.astype(kind)):
        row, length, dx, dy = _pieces(ends, counts[i], x, y, kind)
        distance = np.maximum(np.hypot(dx, dy), kind(NEAREST))
        strength = _dilution(distance, spread[row], terrain) * length
        strength[distance > MAX_RANGE] = 0
        sector = np.rint(np.arctan2(dx, dy) * (speed.size / TURN)).astype(int) % speed.size
        strength *= weight[sector]
        for k in range(BY_SECTOR):
            by_sector[k, :, i] = np.bincount(sector, emission[k, row] * strength, speed.size)
        for k in range(len(annual)):
            annual[k, i] = np.sum(emission[BY_SECTOR + k, row] * strength * frequency[sector])
        pairs += int(np.count_nonzero(strength))
    return PlainSums(by_sector, annual, pairs)


def _pieces(ends: tuple[Any, ...], count: Counts, x: Any, y: Any, kind: Kind) -> tuple[Any, ...]:
    """Row, length (m) and offset (m) of the pieces of all segments, as seen from one receptor."""
    x0, y0, along_x, along_y = ends
    row = np.repeat(np.arange(count.size), count)
    piece = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    share = ((piece + 0.5) / count[row]).astype(kind)
    length = (np.hypot(along_x, along_y) / count).astype(kind)[row]
    return row, length, x0[row] + share * along_x[row] - x, y0[row] + share * along_y[row] - y


def _dilution(distance: Any, spread: Any, terrain: Roughness) -> Any:
    """``dilution`` of the kernels (s/m3) once more; receptors at 1.5 m, wind that is local."""
    sigma = spread + terrain.a * distance**terrain.b

    def profile(height: Any) -> Any:
        return (
            np.log(height / terrain.length)
            - _stability(height / terrain.obukhov)
            + _stability(terrain.length / terrain.obukhov)
        )

    wind = profile(PLUME_HEIGHT * sigma) / profile(WIND_HEIGHT)
    correction = wind * (terrain.calibration * DIURNAL)
    bell = 2 * np.exp(-0.5 * RECEPTOR_HEIGHT**2 / sigma**2)
    return bell / (TURN**1.5 * correction * distance * sigma)


def _stability(ratio: Any) -> Any:
    return -17 * (1 - np.exp(-0.29 * ratio))


def _count_pieces(boxes: Float32, segments: Segments, counts: Counts) -> None:
    for i in range(boxes.shape[0]):
        west, south, east, north = boxes[i]
        for j in range(counts.shape[1]):
            x0, y0, x1, y1 = segments.x0[j], segments.y0[j], segments.x1[j], segments.y1[j]
            counts[i, j] = pieces_of_segment(x0, y0, x1, y1, west, south, east, north)


_count: Any = njit(error_model="numpy")(_count_pieces)
