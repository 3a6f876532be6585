"""Seconds to write and to load a large region.

    python benchmarks/region_storage.py --side 1750

Writes ``benchmarks/results/region_storage.json``, with the machine and versions.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from roadside_server.region.defaults import fill_roads, order_columns
from roadside_server.region.schema import (
    PERIODS,
    VEHICLE_CLASSES,
    Background,
    Grid,
    Region,
    StreetLinkTable,
    Weather,
)
from roadside_server.region.storage import load_region, write_region
from shapely import linestrings
from shapely.geometry import box

RESULTS = Path(__file__).parent / "results"
CRS = "EPSG:31370"
BUILT = 0.15  # share of the receptors inside buildings
LIBRARIES = ("numpy", "zarr", "pandas", "geopandas", "pyarrow", "shapely")


def large_region(side, roads, buildings):
    """A made-up region: a square grid, 1.2 links a receptor, two gridded backgrounds."""
    rng = np.random.default_rng(1)
    grid = Grid(100_000.0, 190_000.0, 10.0, side, side, rng.random((side, side)) < BUILT)
    return Region(
        name="large",
        crs=CRS,
        year=2020,
        roads=random_roads(roads, side * 10.0, rng),
        buildings=random_buildings(buildings, side * 10.0, rng),
        trees=gpd.GeoDataFrame({"kind": []}, geometry=[], crs=CRS),
        junctions=gpd.GeoDataFrame({"kind": []}, geometry=[], crs=CRS),
        receptors=grid,
        receptor_height_air=1.5,
        receptor_height_noise=4.0,
        street_links=random_links(grid, roads, rng),
        weather=Weather(
            *(np.full(12, value) for value in (1 / 12, 4.0, np.nan)),
            *(4.0, 0.3, True),
            np.full((3, 12), 0.5),
            *(10.0, 70.0, 0.5),
        ),
        background=Background(
            {name: rng.uniform(5, 50, grid.size).astype(np.float32) for name in ("no2", "o3")}
        ),
        emission_scale=pd.DataFrame(
            {name: [] for name in ("road", "vehicle_class", "pollutant", "factor")}
        ),
        corrections=gpd.GeoDataFrame({"pollutant": [], "correction": []}, geometry=[], crs=CRS),
    )


def random_roads(count, width, rng):
    """Straight roads of a hundred metres or so."""
    start = rng.uniform(0, width, (count, 1, 2))
    lines = linestrings(np.concatenate([start, start + rng.normal(0, 100, (count, 1, 2))], axis=1))
    columns = {
        f"volume_{vehicle}_{period}": rng.uniform(0, 500, count)
        for vehicle in VEHICLE_CLASSES
        for period in PERIODS
    }
    columns |= {"road_id": np.arange(count).astype(str), "method": "srm1", "street": range(count)}
    return order_columns(fill_roads(gpd.GeoDataFrame(columns, geometry=lines, crs=CRS)))


def random_buildings(count, width, rng):
    """Square buildings, 10 m wide."""
    corner = rng.uniform(0, width, (count, 2))
    outlines = [box(x, y, x + 10, y + 10) for x, y in corner]
    columns = {"height": rng.uniform(3, 30, count), "height_source": "height"}
    return gpd.GeoDataFrame(columns, geometry=outlines, crs=CRS)


def random_links(grid, roads, rng):
    """Links of the receptors that are not masked."""
    counts = np.where(grid.masked.ravel(), 0, rng.poisson(1.4, grid.size))
    links = int(counts.sum())
    return StreetLinkTable(
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        road=rng.integers(0, roads, links).astype(np.int32),
        distance=rng.uniform(0, 30, links).astype(np.float32),
        street_type=np.full(links, 2, np.int8),
        tree_factor=np.ones(links, np.float32),
    )


def seconds(action):
    """How long an action takes (s)."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def machine():
    """What the figures hold for."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", type=int, default=1750, help="receptors along an edge")
    parser.add_argument("--roads", type=int, default=20_000)
    parser.add_argument("--buildings", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=5)
    arguments = parser.parse_args()
    region = large_region(arguments.side, arguments.roads, arguments.buildings)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "large"
        written = seconds(lambda: write_region(region, folder))
        loads = [seconds(lambda: load_region(folder)) for _ in range(arguments.repeat)]
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    report = {
        "receptors": region.receptors.size,
        "street_links": int(region.street_links.road.size),
        **vars(arguments),
        "megabytes": round(size / 1e6, 1),
        "write_s": round(written, 2),
        "load_min_s": round(min(loads), 2),
        "load_median_s": round(statistics.median(loads), 2),
        "machine": machine(),
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(report, indent=2)
    (RESULTS / "region_storage.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
