"""Seconds to the first and last tile of the demo's scenario, over gRPC from a warm server.

``python benchmarks/first_tile.py demo-output/helsinki --out FILE`` prints one line of JSON; the
region is the one that ``make demo`` leaves behind.
"""

import argparse
import json
import time
from pathlib import Path

import roadside_cli
from roadside_cli.benchmarks.machine import machine
from roadside_client import connect, read_scenario_file
from roadside_server.region.storage import load_region
from roadside_server.serve import EmbeddedServer

SCENARIO = Path(roadside_cli.__file__).parent / "examples" / "helsinki_closure.yaml"


def timed(client, scenario):
    """Seconds to the first and to the last tile."""
    start, run = time.perf_counter(), client.run(scenario)
    arrivals = [time.perf_counter() - start for _ in run]
    return {
        "first_tile_s": arrivals[0],
        "last_tile_s": arrivals[-1],
        "tiles": len(arrivals),
        "pairs": run.summary.pairs,
    }


def measured(folder):
    """The first run, which finds no sums in memory, and a second one that does."""
    region, scenario = load_region(folder), read_scenario_file(SCENARIO)
    with EmbeddedServer([region], warm_up=True) as server, connect(server.address) as client:
        runs = {"first_run": timed(client, scenario), "second_run": timed(client, scenario)}
        receptors = client.region(scenario.region).receptors
    return {
        "benchmark": "first_tile",
        "device": "cpu",
        "receptors": receptors,
        **runs,
        **machine("cpu"),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("region", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    line = json.dumps(measured(asked.region))
    if asked.out:
        asked.out.write_text(line + "\n")
    print(line)
