"""Pairs of road piece and receptor that the noise kernels evaluate in a second.

    python benchmarks/noise_pairs.py --receptors 65536 --segments 4000 --device cpu

Writes one JSON a run to ``benchmarks/results``, with the machine and versions.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np
from roadside_cli.benchmarks.machine import machine
from roadside_kernels.arrays import Receptors, Segments
from roadside_kernels.noise.flat_ground import flat_ground
from roadside_kernels.noise.line import MAX_RANGE, line_noise

RESULTS = Path(__file__).parent / "results"
BLOCK_SIDE = 16  # receptors
SPACING = 10.0  # m


def square_of_receptors(count):
    """A square of receptors 10 m apart, in blocks of 16 by 16 as tiles order them."""
    blocks = max(round((count / BLOCK_SIDE**2) ** 0.5), 1)
    column, row = (a.ravel() for a in np.meshgrid(np.arange(BLOCK_SIDE), np.arange(BLOCK_SIDE)))
    corner = np.arange(blocks) * BLOCK_SIDE
    x = [column + west for _ in corner for west in corner]
    y = [row + south for south in corner for _ in corner]
    return Receptors(*(np.concatenate(a).astype(np.float32) * np.float32(SPACING) for a in (x, y)))


def scattered_roads(count, receptors, rng):
    """Segments of 5 to 60 m around the receptors, as far as their sound reaches."""
    far = float(receptors.x.max()) + MAX_RANGE
    x0, y0 = rng.uniform(-MAX_RANGE, far, (2, count))
    bearing, length = rng.uniform(0, 2 * np.pi, count), rng.uniform(5, 60, count)
    ends = (x0, y0, x0 + length * np.sin(bearing), y0 + length * np.cos(bearing))
    return Segments(*(np.asarray(a, np.float32) for a in ends), np.arange(count, dtype=np.int32))


def favourable_conditions(sectors):
    """Probabilities that differ by period and, with more than one sector, by direction."""
    by_period = np.array([[0.5], [0.75], [1.0]])
    return by_period * (1.0 - 0.2 * np.arange(sectors) / sectors)


def seconds_and_pairs(arguments):
    """Time (s) of each repetition after compiling, and the pairs in each."""
    rng = np.random.default_rng(1)
    receptors = square_of_receptors(arguments.receptors)
    segments = scattered_roads(arguments.segments, receptors, rng)
    power = rng.uniform(1e7, 1e9, (3, 8, segments.x0.size)).astype(np.float32)
    transfer = flat_ground(
        receptor_height=4.0,
        ground_factor=0.5,
        temperature=10.0,
        humidity=70.0,
        favourable=favourable_conditions(arguments.sectors),
    )
    times = []
    for _ in range(arguments.repeat + 1):
        start = time.perf_counter()
        found = line_noise(receptors, segments, power, transfer, device=arguments.device)
        times.append(time.perf_counter() - start)
    return times[1:], found.pairs, receptors.x.size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--receptors", type=int, default=65536)
    parser.add_argument("--segments", type=int, default=4000)
    parser.add_argument("--sectors", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    times, pairs, receptors = seconds_and_pairs(arguments)
    result = {
        "benchmark": "noise_pairs",
        "device": arguments.device,
        "receptors": receptors,
        "segments": arguments.segments,
        "sectors": arguments.sectors,
        "periods": 3,
        "bands": 8,
        "pairs": pairs,
        "seconds_minimum": min(times),
        "seconds_median": statistics.median(times),
        "pairs_per_second": pairs / min(times),
        "machine": machine(arguments.device),
    }
    RESULTS.mkdir(exist_ok=True)
    name = f"noise_pairs-{arguments.device}-{arguments.sectors}.json"
    (RESULTS / name).write_text(json.dumps(result, indent=2) + "\n")
    print(f"{pairs / min(times):.3g} pairs a second, {min(times):.3g} s; {RESULTS.name}/{name}")


if __name__ == "__main__":
    main()
