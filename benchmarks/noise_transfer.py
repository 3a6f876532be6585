"""Profiles and receivers that tracing of noise does in a second, in a town centre.

    python benchmarks/noise_transfer.py ../shared/data/noise/prague_peer

Writes one JSON to ``benchmarks/results``, with the machine and versions: with and without
reflections, pruned and whole; on the CPU with one thread and all.
"""

import argparse
import json
import time
from pathlib import Path

import numba
import numpy as np
from roadside_cli.benchmarks.machine import machine
from roadside_server.validation.case_files import read_cases
from roadside_server.validation.town import REACH, read_town

RESULTS = Path(__file__).parent / "results"
#: Most that pruning may take away (dB).
TOLERANCE = 0.1


def seconds(town, receivers, order, options, repeat):
    """Shortest wall and processor time (s) of some runs, and the transfer."""
    walls, cores = [], []
    for _ in range(repeat):
        wall, core = time.perf_counter(), time.process_time()
        transfer = town.traced(receivers, order, **options)
        walls.append(time.perf_counter() - wall)
        cores.append(time.process_time() - core)
    return min(walls), min(cores), transfer


def run(town, receivers, order, threads, prune, repeat, device):
    """One row of the result."""
    numba.set_num_threads(threads)
    power = town.power.astype(np.float32)
    options = {"power": power, "tolerance": TOLERANCE} if prune else {}
    options["device"] = device
    wall, core, transfer = seconds(town, receivers, order, options, repeat)
    return {
        "order": order,
        "threads": threads,
        "pruned": prune,
        "seconds": wall,
        "processor_seconds": core,
        "profiles": transfer.profiles,
        "profiles_per_second": transfer.profiles / wall,
        "receivers_per_second": len(receivers) / wall,
        "rows_per_receiver": transfer.line.size / len(receivers),
        "bytes_per_receiver": sum(a.nbytes for a in transfer[:3]) / len(receivers),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--receivers", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    arguments = parser.parse_args()
    receivers = read_cases(arguments.path / "receivers_1000.csv", ("x_m", "y_m", "z_m"))
    receivers = receivers[: arguments.receivers]
    town = read_town(arguments.path, tuple(receivers[["x_m", "y_m"]].mean()))
    device, every = arguments.device, {1, numba.config.NUMBA_NUM_THREADS}
    town.traced(receivers[:2], 1, device=device)
    rows = [
        run(town, receivers, order, threads, prune, arguments.repeat, device)
        for order in (0, 1)
        for threads in sorted(every if device == "cpu" else {1})
        for prune in (False, True)
    ]
    result = {
        "benchmark": "noise_transfer",
        "device": device,
        "receivers": len(receivers),
        "reach": REACH,
        "runs": rows,
        "machine": machine(device),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"noise_transfer-{device}.json").write_text(json.dumps(result, indent=2) + "\n")
    for row in rows:
        kind = "pruned" if row["pruned"] else "whole"
        rates = f"{row['profiles_per_second']:.3g} profiles, {row['receivers_per_second']:.4g}"
        print(f"order {row['order']}, {row['threads']} threads, {kind}: {rates} receivers a second")


if __name__ == "__main__":
    main()
