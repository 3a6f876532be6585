"""Noise of a whole town: its transfer built, traffic scenarios, a barrier, memory.

    python benchmarks/noise_town.py ../shared/data/osm/prague_north_cz.osm.pbf
    python benchmarks/noise_town.py ../shared/data/osm/prague_north_cz.osm.pbf --receptors 1000000

Writes ``benchmarks/results/noise_town-RECEPTORS.json``, with the machine and versions.
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import shapely
from google.protobuf import json_format
from roadside.v1 import scenario_pb2
from roadside_cli.benchmarks.machine import machine
from roadside_server.computation.job import prepare
from roadside_server.computation.resident import Resident
from roadside_server.computation.site import Site
from roadside_server.computation.transfer.building import build_transfer
from roadside_server.computation.transfer.opening import open_transfer
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.computation.transfer.tracing import tracer
from roadside_server.region.build import BuildSettings, build_region
from roadside_server.region.schema import Points
from roadside_server.region.sources import read_source
from roadside_server.region.storage import write_region
from roadside_server.scenario.measures import all_vehicles_per_day
from roadside_server.scenario.reading import read_scenario
from shapely.ops import substring

RESULTS = Path(__file__).parent / "results"
#: Of the barrier (m): its length, height and distance from the road's axis.
BARRIER, HEIGHT, BESIDE = 200.0, 4.0, 12.0
#: A receptor of this many cells of an extent is inside a building, or about.
INSIDE = 0.1


def town(path, receptors):
    """A region of about so many receptors outside buildings, over the middle of an extract."""
    source = read_source(path)
    plain = build_region(source, BuildSettings(name="town", spacing=1000.0))
    west, south, east, north = plain.roads.total_bounds
    spacing = max(np.sqrt((east - west) * (north - south) * (1 - INSIDE) / receptors), 1.0)
    return build_region(source, BuildSettings(name="town", spacing=float(round(spacing, 1))))


def few_points(region):
    """The same with receptors for the compiler alone."""
    x, y = region.receptors.west, region.receptors.south
    far = region.receptors.spacing * np.array([0.4, 0.5, 0.6]) * region.receptors.rows
    return replace(region, receptors=Points(x + far, y + far, np.array(["a", "b", "c"])))


def busiest(region):
    """Row of the road with most traffic of those that a barrier fits along."""
    long = region.roads.geometry.length.to_numpy() > BARRIER
    return int(np.argmax(all_vehicles_per_day(region.roads) * long))


def barrier(region, height):
    """A barrier along the busiest road."""
    line = shapely.offset_curve(region.roads.geometry.iloc[busiest(region)], BESIDE)
    points = [{"x": x, "y": y} for x, y in substring(line, 0.0, BARRIER).coords]
    return {"add_barrier": {"line": {"points": points}, "height": height}}


def seconds_of(site, *measures):
    """Seconds that all tiles of a scenario take, preparations included."""
    started = time.perf_counter()
    asked = {
        "region": "regions/town",
        "measures": list(measures),
        "quantities": ["QUANTITY_LDEN", "QUANTITY_LNIGHT"],
    }
    message = json_format.ParseDict(asked, scenario_pb2.Scenario())
    job = prepare(site.region, read_scenario(message, site.region), site=site)
    for _ in job.results():
        pass
    return time.perf_counter() - started


def scenarios(site, repeat):
    """Median seconds of each kind of scenario, compiled and with the baseline summed up."""
    ids = [site.region.roads["road_id"].iloc[busiest(site.region)]]
    closed = {"roads": {"ids": {"ids": ids}}, "close": {}}
    slow = {"set_speed": {"speed": 30}}
    first = seconds_of(site)
    for measure in (closed, slow, barrier(site.region, HEIGHT - 1.0)):
        seconds_of(site, measure)
    heights = [HEIGHT + number / 10.0 for number in range(repeat)]
    return {
        "baseline_first_s": first,
        "one_road_closed_s": median(seconds_of(site, closed) for _ in range(repeat)),
        "all_roads_30_s": median(seconds_of(site, slow) for _ in range(repeat)),
        "barrier_s": median(seconds_of(site, barrier(site.region, h)) for h in heights),
        "same_barrier_again_s": seconds_of(site, barrier(site.region, heights[-1])),
    }


def median(seconds):
    return statistics.median(list(seconds))


def peak():
    """Bytes that this process has taken at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measured(path, receptors, settings, repeat, folder):
    """Everything that is measured of a town."""
    region = write_region(town(path, receptors), folder)
    compiled = folder.with_name("compiled")
    compiled.mkdir()
    few = few_points(region)
    build_transfer(few, compiled, settings, tracer(few))
    started, processor = time.perf_counter(), time.process_time()
    manifest = build_transfer(region, folder, settings, tracer(region))
    wall, processor = time.perf_counter() - started, time.process_time() - processor
    traced = peak()
    site = Site(region, Resident(), open_transfer(region, folder).transfer)
    return {
        "receptors": manifest.receptors,
        "points": manifest.points,
        "lines": manifest.lines,
        "rows_per_point": manifest.rows / manifest.points,
        "bytes_per_receptor": manifest.bytes_per_receptor,
        "transfer_bytes": manifest.bytes,
        "transfer_s": wall,
        "transfer_processor_s": processor,
        "points_per_second": manifest.points / wall,
        "scenarios": scenarios(site, repeat),
        "peak_bytes_tracing": traced,
        "peak_bytes": peak(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("--receptors", type=int, default=40_000)
    parser.add_argument("--reach", type=float, default=500.0)
    parser.add_argument("--order", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    settings = TransferSettings(reach=arguments.reach, order=arguments.order)
    with tempfile.TemporaryDirectory() as folder:
        found = measured(
            arguments.path, arguments.receptors, settings, arguments.repeat, Path(folder) / "town"
        )
    result = {
        "benchmark": "noise_town",
        "device": "cpu",
        "source": arguments.path.name,
        "settings": asdict(settings),
        **found,
        "machine": machine("cpu"),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"noise_town-{arguments.receptors}.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
