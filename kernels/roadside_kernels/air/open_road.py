"""SRM2 at every receptor: the sums over all pieces of open roads within range.

For every wind sector the sums of NOx and directly emitted NO2 are kept apart, because ozone
turns NO into NO2 under the wind of that sector; the other pollutants are annual means.
"""

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.air.hierarchy import Hierarchy, require_hierarchy_of
from roadside_kernels.air.hierarchy_cpu import merge_blocks
from roadside_kernels.air.hierarchy_gpu import merge_blocks_on_gpu
from roadside_kernels.air.open_road_cpu import add_blocks
from roadside_kernels.air.open_road_gpu import add_blocks_on_gpu
from roadside_kernels.air.plume import MAX_RANGE, DilutionCurves
from roadside_kernels.arrays import BLOCK, Float32, Int32, Int64, Receptors, Segments, StreetLinks
from roadside_kernels.blocks import boxes_beside
from roadside_kernels.device_memory import contiguous, lies_on_gpu, on_host, room_beside
from roadside_kernels.launch import Device, at_every_receptor, require_single
from roadside_kernels.physics import f32, physics

if TYPE_CHECKING:
    from collections.abc import Callable


class SectorWind(NamedTuple):
    """The wind of a year by sector; i blows from i * 360 / n degrees (from north)."""

    frequency: Float32  # n, fractions of the year
    speed: Float32  # n, effective (harmonic mean) speed at 10 m (m/s); 0: never blows


class OpenRoadSums(NamedTuple):
    """Contributions of open roads (ug/m3) at N receptors under n wind sectors."""

    nox: Float32  # (n, N), while the wind is in the sector
    no2: Float32  # (n, N), emitted as NO2, while the wind is in the sector
    annual: Float32  # (3, N), PM10, PM2.5 and EC, annual means
    near: NDArray[np.bool_]  # (N), nearer than 3.5 m to an axis: computed at 3.5 m
    pairs: int  # of a receptor and a piece of road, computed

    @property
    def pm10(self) -> Float32:
        """PM10 (N), annual mean."""
        mean: Float32 = self.annual[0]
        return mean

    @property
    def pm25(self) -> Float32:
        """PM2.5 (N), annual mean."""
        mean: Float32 = self.annual[1]
        return mean

    @property
    def ec(self) -> Float32:
        """EC (N), annual mean."""
        mean: Float32 = self.annual[2]
        return mean


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
    negligible: float = 0.0,
) -> OpenRoadSums:
    """Contributions (ug/m3) of open roads at each receptor.

    If the places of receptors lie on a GPU, the sums are made and left there.

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
        Relative error allowed at the 99.9th percentile of receptors for merging far roads; 0:
        every piece of road by itself.
    negligible : float
        What far roads that a CPU leaves out may add to any annual mean in all (ug/m3), where a
        tolerance is given; a GPU leaves out none.
    """
    require_single(x=receptors.x, x0=segments.x0, emission=emission, wind=wind.frequency)
    links = no_links(receptors.x) if exclude is None else exclude
    sectors, annual, near, pairs = _outputs(receptors.x, wind.frequency.size)
    on_cpu = device == "cpu" and not lies_on_gpu(receptors.x)
    add: Callable[..., None] = add_blocks if on_cpu else add_blocks_on_gpu
    if hierarchy is not None and tolerance > 0:
        require_hierarchy_of(hierarchy, segments)
        merge: Callable[..., None] = merge_blocks_on_gpu
        if on_cpu:
            merge = partial(merge_blocks, negligible=negligible)
        add = partial(merge, hierarchy=hierarchy, tolerance=tolerance)
    add(
        receptors,
        boxes_beside(receptors),
        segments,
        contiguous(emission),
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
    _weigh(sectors, sector_weights(wind))
    return OpenRoadSums(sectors[0], sectors[1], annual, near, int(on_host(pairs).sum()))


def sector_weights(wind: SectorWind) -> Float32:
    """Factor n / U_i from a dilution to a concentration in a sector; 0 where no wind blows."""
    speed = np.where(wind.speed > 0, wind.speed, np.inf)
    return (wind.speed.size / speed).astype(np.float32)


def annual_weights(wind: SectorWind) -> Float32:
    """f_i n / U_i: what a dilution in a sector adds to the annual mean."""
    return (wind.frequency * sector_weights(wind)).astype(np.float32)


def no_links(x: Float32) -> StreetLinks:
    """Links of receptors that lie in no street canyon; none at all stand for them on a GPU."""
    start = np.zeros(0 if lies_on_gpu(x) else x.size + 1, np.int64)
    return StreetLinks(start, np.empty(0, np.int32), np.empty(0, np.float32))


class BySector(NamedTuple):
    """Sums of open roads, before and after they are weighed with the wind."""

    total: Float32  # (2, n, N): NOx, NO2


class Weights(NamedTuple):
    """From a dilution to a concentration (ug/m3) per emission, by sector."""

    weight: Float32  # (n)


@physics
def weigh_at(i: int, given: Weights, found: BySector) -> None:
    """Turn the dilutions by sector at receptor ``i`` into concentrations."""
    for s in range(given.weight.size):
        found.total[0, s, i] *= given.weight[s]
        found.total[1, s, i] *= given.weight[s]


def _weigh(sectors: Float32, weights: Float32) -> None:
    if lies_on_gpu(sectors):
        at_every_receptor(weigh_at, sectors.shape[2], Weights(weights), BySector(sectors))
    else:
        sectors *= weights[:, np.newaxis]


def _outputs(x: Float32, sectors: int) -> tuple[Float32, Float32, NDArray[np.bool_], Int64]:
    """Sums by sector, annual sums, flags of near receptors, and pairs of each block."""
    return (
        room_beside(x, (2, sectors, x.size), np.float32),
        room_beside(x, (3, x.size), np.float32),
        room_beside(x, (x.size,), np.bool_),
        room_beside(x, (-(-x.size // BLOCK),), np.int64),
    )
