"""The acoustics of a profile: its error beside double precision, and profiles in a second.

    python benchmarks/noise_profiles.py --profiles 100000

Writes one JSON to ``benchmarks/results``, with the machine and versions; exits with 1 if a band
of a profile is off by more than 0.02 dB.  What is drawn is in ``roadside_cli.benchmarks.profiles``.
"""

import argparse
import json
import sys
from pathlib import Path

import numba
import numpy as np
from roadside_cli.benchmarks.machine import machine
from roadside_cli.benchmarks.profiles import draw_profiles, errors, open_land, seconds, town

RESULTS = Path(__file__).parent / "results"
TOLERANCE = 0.02  # dB
PERCENTILES = (50, 99, 99.9, 99.99)


def accuracy(draw, count, seed):
    """Percentiles and the worst of all bands and conditions (dB)."""
    error = errors(draw_profiles(draw, count, seed))
    by_profile = error.max(axis=(1, 2))
    return {
        "profiles": count,
        "seed": seed,
        "percentiles_db": dict(
            zip(map(str, PERCENTILES), np.percentile(error, PERCENTILES), strict=True)
        ),
        "worst_db": float(by_profile.max()),
        "worst_profile": int(by_profile.argmax()),
        "beyond_tolerance": int((by_profile > TOLERANCE).sum()),
    }


def speed(draw, count):
    """Profiles a second, both conditions and eight bands, on one thread and on all."""
    profiles = draw_profiles(draw, count, 0)
    every = numba.get_num_threads()
    found = {"points_a_profile": profiles.x.size / count}
    for threads in sorted({1, every}):
        numba.set_num_threads(threads)
        found[f"profiles_per_second_{threads}_threads"] = count / min(seconds(profiles, 5))
    numba.set_num_threads(every)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profiles", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    kinds = {"open_land": open_land, "town": town}
    result = {
        "benchmark": "noise_profiles",
        "tolerance_db": TOLERANCE,
        "accuracy": {
            name: accuracy(draw, arguments.profiles, arguments.seed) for name, draw in kinds.items()
        },
        "speed": {
            name: speed(draw, min(arguments.profiles, 50_000)) for name, draw in kinds.items()
        },
        "machine": machine("cpu"),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "noise_profiles-cpu.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({name: result[name] for name in ("accuracy", "speed")}, indent=2))
    return int(any(found["beyond_tolerance"] for found in result["accuracy"].values()))


if __name__ == "__main__":
    sys.exit(main())
