"""SRM2 at every receptor: the sums over all pieces of open roads within range.

For every wind sector the sums of NOx and directly emitted NO2 are kept apart, because ozone
turns NO into NO2 under the wind of that sector; the other pollutants are annual means.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.air.hierarchy import Hierarchy, require_hierarchy_of
from roadside_kernels.air.open_road_cpu import add_blocks
from roadside_kernels.air.open_road_gpu import add_blocks_on_gpu
from roadside_kernels.air.plume import MAX_RANGE, DilutionCurves
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.geometry import block_boxes
from roadside_kernels.launch import Device, require_single
from roadside_kernels.physics import f32


class SectorWind(NamedTuple):
    """The wind of a year by sector; i blows from i * 360 / n degrees (from north)."""

    frequency: Float32  # n, fractions of the year
    speed: Float32  # n, effective (harmonic mean) speed at 10 m (m/s); 0: never blows


class OpenRoadSums(NamedTuple):
    """Contributions of open roads (ug/m3) at N receptors under n wind sectors."""

    nox: Float32  # (n, N), while the wind is in the sector
    no2: Float32  # (n, N), emitted as NO2, while the wind is in the sector
    pm10: Float32  # (N), annual mean, as the following
    pm25: Float32
    ec: Float32
    near: NDArray[np.bool_]  # (N), nearer than 3.5 m to an axis: computed at 3.5 m
    pairs: int  # of a receptor and a piece of road, computed


def open_road_sums(
    receptors: Receptors,
    segments: Segments,
    emission: Float32,
    curve: Int32,
    curves: DilutionCurves,
    wind: SectorWind,
    *,
    exclude: StreetLinks | None = None,
    max_range: float = MAX_RANGE,
    device: Device = "cpu",
    hierarchy: Hierarchy | None = None,
    tolerance: float = 0.0,
) -> OpenRoadSums:
    """Contributions (ug/m3) of open roads at each receptor.

    Parameters
    ----------
    emission : Float32
        (5, M), ug/(m s), of NOx, NO2, PM10, PM2.5 and EC; NOx counted as NO2.
    curve : Int32
        (M), which of the curves holds for each segment.
    exclude : StreetLinks, optional
        A receptor gets nothing from a segment whose road it is linked to.
    max_range : float
        Pieces farther than this (m) do not count; at most what the curves were fitted for.
    hierarchy : Hierarchy, optional
        Of these segments and curves, all of them, row by row; they may have moved together.
    tolerance : float
        Relative error allowed for merging far roads; 0: every piece of road by itself.
    """
    if hierarchy is not None and tolerance > 0:
        require_hierarchy_of(hierarchy, segments)
    require_single(x=receptors.x, x0=segments.x0, emission=emission, wind=wind.frequency)
    links = no_links(receptors.x.size) if exclude is None else exclude
    annual, near, pairs = _outputs(receptors.x.size)
    sectors = np.zeros((2, wind.frequency.size, receptors.x.size), np.float32)
    add = add_blocks if device == "cpu" else add_blocks_on_gpu
    add(
        receptors,
        block_boxes(receptors),
        segments,
        np.ascontiguousarray(emission),
        curve,
        curves.coefficients,
        annual_weights(wind),
        links,
        f32(max_range),
        sectors,
        annual,
        near,
        pairs,
    )
    sectors *= sector_weights(wind)[:, np.newaxis]
    nox, no2 = sectors
    pm10, pm25, ec = annual
    return OpenRoadSums(nox, no2, pm10, pm25, ec, near, int(pairs.sum()))


def sector_weights(wind: SectorWind) -> Float32:
    """Factor n / U_i from a dilution to a concentration in a sector; 0 where no wind blows."""
    speed = np.where(wind.speed > 0, wind.speed, np.inf)
    return (wind.speed.size / speed).astype(np.float32)


def annual_weights(wind: SectorWind) -> Float32:
    """f_i n / U_i: what a dilution in a sector adds to the annual mean."""
    return (wind.frequency * sector_weights(wind)).astype(np.float32)


def no_links(receptors: int) -> StreetLinks:
    """Links of receptors that lie in no street canyon."""
    start = np.zeros(receptors + 1, np.int64)
    return StreetLinks(start, np.empty(0, np.int32), np.empty(0, np.float32))


def _outputs(receptors: int) -> tuple[Float32, NDArray[np.bool_], Int64]:
    """Annual sums, flags of near receptors, and pairs of each block, all zero."""
    blocks = -(-receptors // BLOCK)
    annual = np.zeros((3, receptors), np.float32)
    return annual, np.zeros(receptors, np.bool_), np.zeros(blocks, np.int64)
