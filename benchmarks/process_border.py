"""What a process of its own costs: the same runs on a thread and across the border.

``python benchmarks/process_border.py REGION street --out FILE`` prints one line of JSON.  Tiles are
neither encoded nor sent; a region of many tiles, of which a street changes few, shows the border.
"""

import argparse
import json
import statistics
import time
from contextlib import closing
from pathlib import Path

import numba
from roadside.v1.scenario_pb2 import Close, Measure, RoadIds, RoadSelection, Scenario
from roadside_cli.benchmarks.machine import machine
from roadside_server.computation.evaluation import never
from roadside_server.region.storage import load_region
from roadside_server.scenario.measures import all_vehicles_per_day
from roadside_server.service.local_computer import LocalComputer
from roadside_server.service.process_computer import ProcessComputer
from roadside_server.service.stages import StageTimes
from roadside_server.settings import Settings, device_names


def scenarios(region):
    """Everything of the present traffic; and what changes if the busiest canyon street closes."""
    canyons = (region.roads["method"] == "srm1").to_numpy()
    busiest = (all_vehicles_per_day(region.roads) * canyons).argmax()
    ids = RoadIds(ids=[region.roads["road_id"].iloc[busiest]])
    closed = Measure(roads=RoadSelection(ids=ids), close=Close())
    name = f"regions/{region.name}"
    return {
        "all": Scenario(region=name),
        "street": Scenario(
            region=name,
            measures=[closed],
            quantities=["QUANTITY_NO2"],
            outputs=["OUTPUT_DIFFERENCE"],
        ),
    }


def size(result):
    """Bytes of a tile's arrays, those with several names counted once."""
    return sum(array.nbytes for array in {id(a): a for a in result.values.values()}.values())


def timed(computer, scenario):
    """Seconds to prepare, to the first and the last tile; bytes and µs of copying of a tile."""
    start, stages = time.perf_counter(), StageTimes()
    prepared = computer.prepare(scenario)
    ready = time.perf_counter() - start
    sizes, arrivals = [], []
    for result in prepared.results(None, never, stages):
        arrivals.append(time.perf_counter() - start)
        sizes.append(size(result))
    return {
        "prepared_s": ready,
        "first_tile_s": arrivals[0],
        "last_tile_s": arrivals[-1],
        "tiles": len(sizes),
        "bytes_of_a_tile": statistics.mean(sizes),
        "copy_of_a_tile_us": 1e6 * stages.seconds.get("copy", 0.0) / len(sizes),
    }


def medians(runs):
    """Each figure's median."""
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


def measured(folder, names, repeats):
    """Both ways in turn, with sums in memory."""
    region = load_region(folder)
    settings, (device,) = Settings((folder,), Path()), device_names("cpu")
    given = settings, device, settings.memory_budget // 2
    here = LocalComputer(*given)
    apart = ProcessComputer(*given, threads=numba.config.NUMBA_NUM_THREADS)
    found = {}
    with closing(here), closing(apart):
        apart.life.open()
        for name in names:
            scenario = scenarios(region)[name]
            ways = {"thread": here, "process": apart}
            for computer in ways.values():
                timed(computer, scenario)
            runs = [
                {way: timed(computer, scenario) for way, computer in ways.items()}
                for _ in range(repeats)
            ]
            found[name] = {way: medians([run[way] for run in runs]) for way in ways}
    return {"benchmark": "process_border", "repeats": repeats, **found, **machine("cpu")}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("region", type=Path)
    parser.add_argument("names", nargs="+", choices=["all", "street"])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    line = json.dumps(measured(asked.region, asked.names, asked.repeats))
    if asked.out:
        asked.out.write_text(line + "\n")
    print(line)
