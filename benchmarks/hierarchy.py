"""Errors and sources of merging far roads, by tolerance, against the sums over every piece.

``python benchmarks/hierarchy.py ../shared/data/ghent/wegsegmenten-gent.geojson.zip --out FILE``
takes 160 blocks of 256 receptors, 3.2 m apart, drawn with a fixed seed from 30 km2 around the
centre of Ghent.  Emissions are made up from the class of road; the wind prevails from south-west.
"""

import argparse
import json
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from roadside_cli.benchmarks.machine import machine
from roadside_kernels.air.hierarchy import build_hierarchy, error_bound
from roadside_kernels.air.open_road import SectorWind, open_road_sums
from roadside_kernels.air.plume import dilution_curves
from roadside_kernels.arrays import BLOCK, Receptors, Segments

SEED = 2
CENTRE, SIDE = (104_700.0, 193_800.0), 5477.0  # m, Belgian Lambert 72
SPACING, BLOCKS = 3.162, 160
#: NOx of a road (ug/(m s)) by class of the road register, motorway first; made up.
STRENGTH = np.array([280, 100, 60, 30, 15, 8, 4, 2, 2, 2, 2], float)
#: The last class of which roads carry much freight.
MAIN = 1
TOLERANCES = (0.001, 0.002, 0.005, 0.01, 0.02)


def roads_of(file, random):
    """Segments, emission and curve; metres from the south-west corner of the area."""
    roads = gpd.read_file(f"zip://{file}").to_crs(31370).explode(ignore_index=True)
    places, road = shapely.get_coordinates(roads.geometry.array, return_index=True)
    moves = (road[1:] == road[:-1]) & (places[1:] != places[:-1]).any(axis=1)
    places -= np.array(CENTRE) - SIDE / 2
    first, road = np.flatnonzero(moves), road[:-1][moves]
    ends = (*places[first].T, *places[first + 1].T)
    kind = roads["functional_roadclass"].astype(float).fillna(7).to_numpy(int)
    strength = STRENGTH[kind] * random.lognormal(0, 0.5, len(roads))
    heavy = np.where(kind <= MAIN, 0.15, 0.04) * random.lognormal(0, 0.3, len(roads))
    shares = (1 + 5 * heavy, 0.25, 0.05 * (1 + 3 * heavy), 0.03, 0.02 * (1 + 4 * heavy))
    emission = np.stack([strength * share for share in shares])[:, road]
    segments = Segments(*(np.ascontiguousarray(end, "f4") for end in ends), road.astype("i4"))
    return segments, emission.astype("f4"), (kind[road] == 0).astype("i4")


def blocks_of_receptors(random):
    """Squares of sixteen by sixteen receptors."""
    side = 16 * SPACING
    corner = np.floor(random.uniform(0, SIDE / side, (2, BLOCKS, 1))) * side
    iy, ix = np.indices((16, 16)).reshape(2, -1)
    places = (corner + SPACING * np.stack([ix, iy])[:, np.newaxis]).reshape(2, -1)
    return Receptors(*places.astype("f4"))


def prevailing_wind(sectors=12):
    """Wind from the south-west, twice to four times as often as from the north-east."""
    angle = np.arange(sectors) * 2 * np.pi / sectors - np.radians(225)
    frequency, speed = 1 + 0.6 * np.cos(angle), 4 + 1.2 * np.cos(angle)
    return SectorWind((frequency / frequency.sum()).astype("f4"), speed.astype("f4"))


def errors(formal, merged, frequency):
    """Relative errors of annual NOx and PM10: mean, 99.9th percentile and largest."""
    pairs = {
        "nox": (frequency @ formal.nox, frequency @ merged.nox),
        "pm10": (formal.pm10, merged.pm10),
    }
    return {name: _errors(*pair) for name, pair in pairs.items()}


def _errors(exact, found):
    error = np.abs(found / exact - 1)
    return {
        "bias": float(np.mean(found / exact - 1)),
        "mean": float(error.mean()),
        "percentile_99_9": float(np.percentile(error, 99.9)),
        "largest": float(error.max()),
        "percentile_99_9_ug_m3": float(np.percentile(np.abs(found - exact), 99.9)),
    }


def hierarchy_benchmark(file):
    """Figures of one run, with the machine that it ran on."""
    random = np.random.default_rng(SEED)
    segments, emission, curve = roads_of(file, random)
    receptors = blocks_of_receptors(random)
    wind = prevailing_wind()
    roads = (receptors, segments, emission, curve, dilution_curves((2.5, 3.0), 0.3), wind)
    build_hierarchy(segments, curve)
    start = time.perf_counter()
    hierarchy = build_hierarchy(segments, curve)
    built = time.perf_counter() - start
    formal = open_road_sums(*roads)
    runs = []
    for tolerance in TOLERANCES:
        merged = open_road_sums(*roads, hierarchy=hierarchy, tolerance=tolerance)
        runs.append(
            {
                "tolerance": tolerance,
                "error_bound": error_bound(tolerance),
                "sources_per_receptor": merged.pairs / receptors.x.size,
                "relative_error": errors(formal, merged, wind.frequency),
            }
        )
    return {
        "benchmark": "hierarchy",
        "segments": segments.x0.size,
        "squares": hierarchy.first.size,
        "build_seconds": built,
        "receptors": receptors.x.size,
        "blocks": receptors.x.size // BLOCK,
        "formal_pieces_per_receptor": formal.pairs / receptors.x.size,
        "runs": runs,
        **machine("cpu"),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="the road register of Ghent")
    parser.add_argument("--out", type=Path, help="also write the figures to a file")
    options = parser.parse_args()
    text = json.dumps(hierarchy_benchmark(options.file), indent=2)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
