"""Pairs of receptor and piece of road a second: the formal SRM2 loop, five pollutants.

The scene is random but fixed: receptors 3 m apart, in squares of sixteen by sixteen, among
straight roads over five kilometres.
"""

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray
from roadside_kernels.air.open_road import OpenRoadSums, SectorWind, open_road_sums
from roadside_kernels.air.plume import DilutionCurves, dilution_curves
from roadside_kernels.arrays import BLOCK, Float32, Int32, Receptors, Segments
from roadside_kernels.device_memory import on_device, on_host
from roadside_kernels.geometry import block_boxes
from roadside_kernels.launch import Device

from roadside_cli.benchmarks.machine import gpu_share, hardware_limits, machine
from roadside_cli.benchmarks.plain import PlainRoads, piece_counts, plain_sums

SEED = 1
#: Receptors: enough for all cores of a processor.
RECEPTORS: dict[Device, int] = {"cpu": 320 * 320, "gpu": 1280 * 1280}
SEGMENTS = 4000
SECTORS = 12
SIDE = 16  # receptors along the side of a block
SPACING = 3.0  # m
EXTENT = 5000.0  # m
SPREADS = (2.5, 3.0)  # m, sigma_z0
ROUGHNESS = 0.3  # m
#: The plain form is slow: it computes a few receptors.
PLAIN_RECEPTORS = 24
#: Receptors of the run that compiles.
FEW = 4096
#: What of the sums may lie on a GPU.
ARRAYS = ("nox", "no2", "annual", "near")

Found = TypeVar("Found")


class Scene(NamedTuple):
    """Arguments of ``open_road_sums``, in its order."""

    receptors: Receptors
    segments: Segments
    emission: Float32
    curve: Int32
    curves: DilutionCurves
    wind: SectorWind

    def at(self, which: slice | NDArray[np.intp]) -> "Scene":
        """The scene with some of its receptors."""
        x, y = self.receptors
        return self._replace(receptors=Receptors(x[which].copy(), y[which].copy()))

    def sums(self, device: Device) -> OpenRoadSums:
        """The formal loop."""
        return open_road_sums(*self, device=device)

    def lying_on(self, device: Device) -> "Scene":
        """The scene where the device has it at hand."""
        if device == "cpu":
            return self
        return self._replace(
            receptors=on_device(self.receptors),
            segments=on_device(self.segments),
            emission=on_device(self.emission),
            curve=on_device(self.curve),
        )

    def plain(self) -> PlainRoads:
        """What the plain form takes of it."""
        x0, y0, x1, y1 = (np.asarray(end, np.float64) for end in self.segments[:4])
        emission, spread = self.emission.astype(np.float64), np.array(SPREADS)[self.curve]
        return PlainRoads(x0, y0, x1, y1, emission, spread, self.wind, ROUGHNESS)


def scene(receptors: int = RECEPTORS["cpu"], segments: int = SEGMENTS) -> Scene:
    """Receptors in the middle of roads, from a fixed seed."""
    random = np.random.default_rng(SEED)
    side = max(math.isqrt(receptors) // SIDE, 1)
    by, bx, iy, ix = np.indices((side, side, SIDE, SIDE)).reshape(4, -1)
    corner = (EXTENT - side * SIDE * SPACING) / 2
    x, y = (corner + SPACING * (SIDE * b + i) for b, i in ((bx, ix), (by, iy)))
    middle, angle = random.uniform(0, EXTENT, (2, segments)), random.uniform(0, np.pi, segments)
    half = random.uniform(5, 60, segments) / 2 * np.stack([np.cos(angle), np.sin(angle)])
    ends = np.concatenate([middle - half, middle + half]).astype(np.float32)
    return Scene(
        Receptors(x.astype(np.float32), y.astype(np.float32)),
        Segments(ends[0], ends[1], ends[2], ends[3], np.arange(segments, dtype=np.int32)),
        random.uniform(1, 100, (5, segments)).astype(np.float32),
        random.integers(0, len(SPREADS), segments).astype(np.int32),
        dilution_curves(SPREADS, ROUGHNESS),
        SectorWind(
            random.dirichlet(np.ones(SECTORS)).astype(np.float32),
            random.uniform(2, 6, SECTORS).astype(np.float32),
        ),
    )


def pairs_benchmark(
    device: Device = "cpu",
    receptors: int | None = None,
    segments: int = SEGMENTS,
    repeats: int = 3,
) -> dict[str, Any]:
    """Figures of one run, with the machine that it ran on; on a GPU of what lies there."""
    roads = scene(receptors or RECEPTORS[device], segments)
    roads.at(slice(FEW)).sums(device)
    resident = roads.lying_on(device)
    seconds, there = best_time(lambda: resident.sums(device), repeats)
    copied, _ = best_time(lambda: roads.sums(device), repeats) if device == "gpu" else (None, None)
    sums = there._replace(**{name: on_host(getattr(there, name)) for name in ARRAYS})
    rate = sums.pairs / seconds
    return {
        "benchmark": "pairs",
        "device": device,
        "pairs": sums.pairs,
        "seconds": seconds,
        "seconds_with_copies": copied,
        "pairs_per_second": rate,
        "one_thread_pairs_per_second": _one_thread(roads) if device == "cpu" else None,
        **_beside_plain(roads, sums, rate),
        "relative_error_of_curves": roads.curves.error,
        "receptors": roads.receptors.x.size,
        "segments": segments,
        "pollutants": 5,
        "sectors": SECTORS,
        **_share_of_hardware(rate, device),
        **machine(device),
    }


def best_time(function: Callable[[], Found], repeats: int) -> tuple[float, Found]:
    """Shortest of some runs (s), and what the last returned."""
    times = []
    for _ in range(max(repeats, 1)):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


def _beside_plain(roads: Scene, sums: OpenRoadSums, rate: float) -> dict[str, float]:
    """The plain form at a few receptors: its rate in single, the error against double precision."""
    random = np.random.default_rng(SEED)
    sample = random.choice(roads.receptors.x.size, PLAIN_RECEPTORS, replace=False)
    boxes = block_boxes(roads.receptors)[sample // BLOCK]
    counts = piece_counts(roads.segments, boxes)
    places = np.stack(roads.at(sample).receptors, axis=1).astype(np.float64)
    plain = roads.plain()
    seconds, (_, _, pairs) = best_time(lambda: plain_sums(plain, places, counts, np.float32), 2)
    sectors, annual, _ = plain_sums(plain, places, counts, np.float64)
    nox = sums.nox[:, sample].sum(axis=0) / sectors[0].sum(axis=0)
    pm10 = sums.pm10[sample] / annual[0]
    return {
        "numpy_pairs_per_second": pairs / seconds,
        "speedup_over_numpy": rate * seconds / pairs,
        "relative_error_of_sums": float(np.abs(np.stack([nox, pm10]) - 1.0).max()),
    }


def _one_thread(roads: Scene) -> float:
    """Rate of a single core on a quarter of the receptors."""
    part = roads.at(slice(max(roads.receptors.x.size // 4 // BLOCK, 1) * BLOCK))
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        seconds, sums = best_time(lambda: part.sums("cpu"), 2)
    finally:
        numba.set_num_threads(threads)
    return sums.pairs / seconds


def _share_of_hardware(rate: float, device: Device) -> dict[str, float]:
    """Operations a second, and their share of what the cores reach in a loop of nothing else.

    On a GPU: instructions, and their share of what its multiprocessors can start.
    """
    if device == "gpu":
        return gpu_share(rate)
    limits = hardware_limits()
    operations = rate * limits["operations_per_pair"]
    share = operations / limits["measured_operations_per_second"]
    return limits | {
        "operations_per_second": operations,
        "share_of_operations": share,
        "cache_bytes_per_second": rate * limits["cache_bytes_per_pair"],
    }
