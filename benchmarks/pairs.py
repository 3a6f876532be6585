"""Million pairs of receptor and piece of road a second, SRM2 with five pollutants.

``python benchmarks/pairs.py --device cpu --json`` prints one line of JSON last; ``--out FILE``
keeps it.  The scene is random but fixed: receptors 3 m apart, in squares of sixteen by sixteen,
among straight roads over five kilometres.
"""

import argparse
import importlib.metadata
import json
import math
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import numba
import numpy as np
from roadside_kernels.air.open_road import SectorWind, open_road_sums
from roadside_kernels.air.plume import dilution_curves, roughness_class
from roadside_kernels.arrays import BLOCK, Receptors, Segments
from roadside_kernels.geometry import NEAREST, block_boxes, pieces_of_segment

SEED = 1
RECEPTORS = 320 * 320
SEGMENTS = 4000
SECTORS = 12
SPACING = 3.0  # m
EXTENT = 5000.0  # m
SPREADS = (2.5, 3.0)  # m, sigma_z0
ROUGHNESS = 0.3  # m
#: The plain form is slow: it computes a few receptors.
PLAIN_RECEPTORS = 24


def scene(receptors, segments):
    """Arguments of ``open_road_sums``."""
    random = np.random.default_rng(SEED)
    side = max(math.isqrt(receptors) // 16, 1)
    by, bx, iy, ix = np.indices((side, side, 16, 16)).reshape(4, -1)
    corner = (EXTENT - side * 16 * SPACING) / 2
    x, y = (corner + SPACING * (16 * b + i) for b, i in ((bx, ix), (by, iy)))
    middle, angle = random.uniform(0, EXTENT, (2, segments)), random.uniform(0, np.pi, segments)
    half = random.uniform(5, 60, segments) / 2 * np.stack([np.cos(angle), np.sin(angle)])
    ends = (np.ascontiguousarray(end, np.float32) for end in (*(middle - half), *(middle + half)))
    return (
        Receptors(x.astype(np.float32), y.astype(np.float32)),
        Segments(*ends, np.arange(segments, dtype=np.int32)),
        random.uniform(1, 100, (5, segments)).astype(np.float32),
        random.integers(0, len(SPREADS), segments).astype(np.int32),
        dilution_curves(SPREADS, ROUGHNESS),
        SectorWind(
            random.dirichlet(np.ones(SECTORS)).astype(np.float32),
            random.uniform(2, 6, SECTORS).astype(np.float32),
        ),
    )


def plain_sums(roads, counts, kind):
    """The same sums with NumPy, one receptor at a time: NOx by sector, PM10, and pairs."""
    receptors, segments, emission, curve, _, wind = roads
    x0, y0, x1, y1 = (end.astype(kind) for end in segments[:4])
    z = roughness_class(ROUGHNESS)
    spread = np.array(SPREADS, kind)[curve]
    nox, annual = (
        np.zeros((2, SECTORS, receptors.x.size), kind),
        np.zeros((3, receptors.x.size), kind),
    )
    pairs = 0
    for i in range(receptors.x.size):
        x, y = kind(receptors.x[i]), kind(receptors.y[i])
        along_x, along_y = x1 - x0, y1 - y0
        length, count = np.hypot(along_x, along_y), counts[i]
        row = np.repeat(np.arange(count.size), count)
        piece = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
        share = ((piece + 0.5) / count[row]).astype(kind)
        dx, dy = x0[row] + share * along_x[row] - x, y0[row] + share * along_y[row] - y
        distance = np.maximum(np.hypot(dx, dy), kind(NEAREST))
        diluted = _plain_dilution(distance, spread[row], z) * (length / count).astype(kind)[row]
        diluted[distance > EXTENT] = 0
        sector = (np.arctan2(dx, dy) * (SECTORS / (2 * np.pi)) + SECTORS + 0.5).astype(
            int
        ) % SECTORS
        strength = diluted * (SECTORS / wind.speed.astype(kind))[sector]
        for k in range(2):
            nox[k, :, i] = np.bincount(sector, emission[k, row] * strength, SECTORS)
        for k in range(3):
            annual[k, i] = np.sum(emission[2 + k, row] * strength * wind.frequency[sector])
        pairs += row.size
    return nox[0], annual[0], pairs


def piece_counts(roads, sample):
    """Pieces of each segment as the blocks of some receptors see it."""
    boxes, ends = block_boxes(roads[0]), np.stack(roads[1][:4], axis=1)
    return np.array([[pieces_of_segment(*end, *boxes[i // BLOCK]) for end in ends] for i in sample])


def _plain_dilution(distance, spread, z):
    """The dilution (s/m3) of ``air/plume.py`` with NumPy; receptors at 1.5 m."""
    sigma = spread + z.a * distance**z.b

    def profile(height):
        def stability(ratio):
            return -17 * (1 - np.exp(-0.29 * ratio))

        return (
            np.log(height / z.length)
            - stability(height / z.obukhov)
            + stability(z.length / z.obukhov)
        )

    correction = profile(0.75 * sigma) / profile(10.0) * (z.calibration * 1.15)
    return 2 * np.exp(-1.125 / sigma**2) / ((2 * np.pi) ** 1.5 * correction * distance * sigma)


def best_time(function, repeats):
    """Shortest of some runs (s), and what the last returned."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


def pairs_benchmark(device="cpu", receptors=RECEPTORS, segments=SEGMENTS, repeats=3):
    """Figures of one run, with the machine that it ran on."""
    roads = scene(receptors, segments)
    few = roads[0]._replace(x=roads[0].x[:4096], y=roads[0].y[:4096])
    open_road_sums(few, *roads[1:], device=device)
    seconds, sums = best_time(lambda: open_road_sums(*roads, device=device), repeats)
    rate = sums.pairs / seconds
    sample = np.random.default_rng(SEED).choice(roads[0].x.size, PLAIN_RECEPTORS, replace=False)
    chosen = roads[0]._replace(x=roads[0].x[sample], y=roads[0].y[sample])
    counts = piece_counts(roads, sample)
    plain = (chosen, *roads[1:])
    plain_seconds, (_, _, plain_pairs) = best_time(lambda: plain_sums(plain, counts, np.float32), 2)
    nox, annual, _ = plain_sums(plain, counts, np.float64)
    error = max(
        float(np.max(np.abs(sums.nox[:, sample].sum(0) / nox.sum(0) - 1))),
        float(np.max(np.abs(sums.pm10[sample] / annual - 1))),
    )
    return {
        "benchmark": "pairs",
        "device": device,
        "pairs": sums.pairs,
        "seconds": seconds,
        "pairs_per_second": rate,
        "one_thread_pairs_per_second": _one_thread(roads, device),
        "numpy_pairs_per_second": plain_pairs / plain_seconds,
        "speedup_over_numpy": rate * plain_seconds / plain_pairs,
        "relative_error_of_sums": error,
        "relative_error_of_curves": roads[4].error,
        "receptors": roads[0].x.size,
        "segments": segments,
        "pollutants": 5,
        "sectors": SECTORS,
        **machine(device),
    }


def _one_thread(roads, device):
    """Rate of a single core on a quarter of the receptors; none on a GPU."""
    if device != "cpu":
        return None
    size = roads[0].x.size // 4 // 256 * 256
    part = roads[0]._replace(x=roads[0].x[:size].copy(), y=roads[0].y[:size].copy())
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    seconds, sums = best_time(lambda: open_road_sums(part, *roads[1:]), 2)
    numba.set_num_threads(threads)
    return sums.pairs / seconds


def machine(device):
    """What the figures depend on: date, commit, processor, versions."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "cpu": _cpu_name(),
        "threads": numba.get_num_threads(),
        "gpu": str(numba.cuda.get_current_device().name) if device == "gpu" else None,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("numba", "numpy", "llvmlite")},
    }


def _commit():
    here = Path(__file__).parent
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    found = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def _cpu_name():
    """Model and number of cores."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0]}, {len(models)} cores" if models else platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--receptors", type=int, default=RECEPTORS)
    parser.add_argument("--segments", type=int, default=SEGMENTS)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="only the line of JSON")
    parser.add_argument("--out", type=Path, help="also write the figures to a file")
    options = parser.parse_args()
    figures = pairs_benchmark(options.device, options.receptors, options.segments, options.repeats)
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if not options.json:
        print(f"{figures['pairs_per_second'] / 1e6:.0f} million pairs a second on {options.device}")
        print(f"{figures['speedup_over_numpy']:.0f} times plain NumPy")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
