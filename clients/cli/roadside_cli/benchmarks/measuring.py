"""A workload measured: cold and warm, with and without transfer, how fast and how exact."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from roadside_kernels.launch import Device
from roadside_server.computation.job import TileResult
from roadside_server.computation.sources import straight_stretches
from roadside_server.region.schema import Grid, Region

from roadside_cli.benchmarks.machine import (
    device_memory,
    machine,
    peak_memory,
    reset_peak_memory,
)
from roadside_cli.benchmarks.noise_reference import noise_in_double
from roadside_cli.benchmarks.pairs import pairs_benchmark
from roadside_cli.benchmarks.parity import tile_deviations
from roadside_cli.benchmarks.places import place_region
from roadside_cli.benchmarks.reference import double_precision
from roadside_cli.benchmarks.report import STAGES
from roadside_cli.benchmarks.running import (
    Loopback,
    Streamed,
    computed,
    loopback,
    prepared,
    spreads,
)
from roadside_cli.benchmarks.workloads import RECEPTORS, TOLERANCE, Workload, scenario_of

SEED = 1
#: Blocks of each sampled tile whose sums are compared with double precision.
BLOCKS = 4
#: Seconds that formal runs of sampled tiles may take, and the fewest tiles.
SAMPLE_SECONDS = 20.0
FEWEST_TILES = 2
#: Figures of one run that the client sees (s).
TIMES = ("first", "last", "end")


@dataclass(frozen=True, slots=True)
class Scale:
    """How large and how thorough."""

    receptors: int = RECEPTORS
    pieces: int | None = None  # None: all roads of the place
    repeats: int = 3
    sample_seconds: float = SAMPLE_SECONDS
    tolerance: float = TOLERANCE
    pairs: dict[str, int] | None = None  # sizes of the scene of pairs; None: its own


#: A workload in seconds, for tests.
QUICK = Scale(
    receptors=20_000,
    pieces=300,
    repeats=1,
    sample_seconds=1.0,
    pairs={"receptors": 4096, "segments": 400},
)

Told = Callable[[str], None]


def measured(
    workload: Workload, device: Device, data: Path | None, scale: Scale, tell: Told
) -> dict[str, Any]:
    """Everything about one workload, as plain values."""
    tell(f"{workload.name}: building the region")
    start = time.perf_counter()
    region = place_region(workload.place, scale.receptors, data, scale.pieces)
    built = time.perf_counter() - start
    reset_peak_memory()
    # Far roads are merged in the air alone: sound is always formal.
    modes = {"formal": 0.0} if workload.loud else {"interactive": scale.tolerance}
    found: dict[str, Any] = {
        "benchmark": workload.name,
        "title": workload.title,
        "device": device,
        "region": described(region, built),
        "kernels": loop_rates(device, scale, tell),
    }
    for mode, tolerance in modes.items():
        tell(f"{workload.name}: {mode}, through a server")
        found[mode] = _served(workload, region, device, scale, tolerance)
    found["memory"] = {"host_peak_bytes": peak_memory(), "device_bytes": device_memory(device)}
    tell(f"{workload.name}: formal, sampled tiles")
    found |= _sampled(workload, region, device, scale)
    return found | {"machine": machine(device)}


def described(region: Region, built: float) -> dict[str, Any]:
    """The size of a region, and what was assumed about it."""
    grid = region.receptors
    return {
        "name": region.name,
        "receptors": grid.size,
        "spacing": grid.spacing if isinstance(grid, Grid) else None,
        "roads": len(region.roads),
        "pieces": int(straight_stretches(region.roads).x0.size),
        "build_seconds": built,
        "assumptions": list(region.assumptions),
    }


def _served(
    workload: Workload, region: Region, device: Device, scale: Scale, tolerance: float
) -> dict[str, Any]:
    """Runs through a server, sums forgotten before each (cold) or kept (warm); and without one."""
    compiled = _compiling(workload, device, tolerance)
    with loopback(region, device) as server:
        cold, warm = _cold_and_warm(workload, server, scale, tolerance)
    known = scenario_of(workload, region, tolerance, baseline=True) if workload.delta else None
    direct = computed(region, scenario_of(workload, region, tolerance), device, known)
    last = warm[-1] if workload.delta else cold[-1]
    return {
        "tolerance": tolerance,
        "seconds_of_compiling": compiled,
        "cold": spreads(cold, *TIMES),
        "warm": spreads(warm, *TIMES),
        "headline": "warm" if workload.delta else "cold",
        "stages": last.stages,
        "overlap": overlap(last.end, last.stages),
        "stages_cold": cold[-1].stages,
        "clients": workload.clients,
        "tiles": last.tiles,
        "unchanged_tiles": last.unchanged,
        "bytes_received": last.received,
        "pairs": last.pairs,
        "pairs_cold": cold[-1].pairs,
        "without_transfer": direct._asdict(),
    }


def overlap(seconds: float, stages: dict[str, float]) -> dict[str, Any]:
    """The slowest stage of a run, and the run's seconds over those of that stage."""
    slowest = max(STAGES, key=lambda stage: stages.get(stage, 0.0))
    taken = stages.get(slowest, 0.0)
    return {"slowest_stage": slowest, "over_slowest": seconds / taken if taken > 0.0 else None}


def _compiling(workload: Workload, device: Device, tolerance: float) -> float:
    """Seconds of a run of a tiny twin, in which all kernels are compiled unless they are."""
    region = place_region(workload.place, QUICK.receptors, None, QUICK.pieces)
    start = time.perf_counter()
    with loopback(region, device) as server:
        server.run(scenario_of(workload, region, tolerance))
    return time.perf_counter() - start


def _cold_and_warm(
    workload: Workload, server: Loopback, scale: Scale, tolerance: float
) -> tuple[list[Streamed], list[Streamed]]:
    """Runs without and with sums in memory; of a delta that the baseline left there."""
    scenario = scenario_of(workload, server.region, tolerance)
    cold = []
    for _ in range(1 if workload.delta else scale.repeats):
        server.forget()
        cold.append(server.run(scenario))
    if workload.delta:
        server.forget()
        server.run(scenario_of(workload, server.region, tolerance, baseline=True))
    warm = [run for _ in range(scale.repeats) for run in _warm(workload, server, tolerance)]
    return cold, warm


def _warm(workload: Workload, server: Loopback, tolerance: float) -> list[Streamed]:
    """A run, or those of several clients at once."""
    if workload.clients == 1:
        return [server.run(scenario_of(workload, server.region, tolerance))]
    numbers = range(workload.clients)
    return server.runs_at_once(
        [scenario_of(workload, server.region, tolerance, client=number) for number in numbers]
    )


def _sampled(workload: Workload, region: Region, device: Device, scale: Scale) -> dict[str, Any]:
    """Formal runs of some tiles: their rate, and how exact they and the interactive ones are."""
    job = prepared(region, scenario_of(workload, region, 0.0), device)
    random = np.random.default_rng(SEED)
    tiles = [job.all_tiles[i] for i in random.permutation(len(job.all_tiles))]
    formal: list[TileResult] = []
    seconds = 0.0
    while len(formal) < len(tiles) and (
        len(formal) < FEWEST_TILES or seconds < scale.sample_seconds
    ):
        start = time.perf_counter()
        formal.append(job.compute(tiles[len(formal)]))
        seconds += time.perf_counter() - start
    chosen = [result.tile for result in formal]
    pairs = sum(result.pairs for result in formal)
    receptors = sum(int(np.prod(tile.shape)) for tile in chosen)
    found: dict[str, Any] = {
        "formal_sample": {
            "tiles": len(chosen),
            "of": len(tiles),
            "receptors": receptors,
            "pairs": pairs,
            "seconds": seconds,
            "pairs_per_second": pairs / seconds,
            "estimated_seconds_of_all_tiles": seconds * region.receptors.size / receptors,
        }
    }
    return found | {"parity": _parity(workload, region, device, scale, formal)}


def _parity(
    workload: Workload, region: Region, device: Device, scale: Scale, formal: list[TileResult]
) -> dict[str, Any]:
    """Interactive against formal, formal against double precision, GPU against CPU."""
    found: dict[str, Any] = {"cpu_gpu": None}
    tiles = [result.tile for result in formal]
    exactly = noise_in_double if workload.loud else double_precision
    found["double"] = exactly(region, tiles[:FEWEST_TILES], BLOCKS, device)
    if not workload.loud:
        job = prepared(region, scenario_of(workload, region, scale.tolerance), device)
        near = [job.compute(tile) for tile in tiles]
        found["interactive"] = tile_deviations(region, formal, near, scale.tolerance)
    if device == "gpu":
        job = prepared(region, scenario_of(workload, region, 0.0), "cpu")
        on_cpu = [job.compute(tile) for tile in tiles[:FEWEST_TILES]]
        found["cpu_gpu"] = tile_deviations(region, on_cpu, formal[:FEWEST_TILES])
    return found


_RATES: dict[Device, dict[str, Any]] = {}


def loop_rates(device: Device, scale: Scale, tell: Told) -> dict[str, Any]:
    """The formal loop beside one thread and plain NumPy, measured once in a process."""
    if device not in _RATES:
        tell("pairs: formal loop, one thread, plain NumPy")
        figures = pairs_benchmark(device, **(scale.pairs or {}))
        dropped = machine(device)
        _RATES[device] = {name: v for name, v in figures.items() if name not in dropped}
    return _RATES[device]
