"""A town centre beside the levels of NoiseModelling: buildings, lines of road, 1,000 receivers.

The same scene with the same settings: flat hard ground, both conditions alike often, sources
within 500 m, roofs of ground factor 0, no lateral diffraction, nothing pruned.  Receivers lie in
the open; 0.05 m above the roads lie the sources.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from roadside_kernels.noise.atmosphere import STANDARD_PRESSURE
from roadside_kernels.noise.bands import A_WEIGHTING, BANDS
from roadside_kernels.noise.lines import Lines
from roadside_kernels.noise.propagation import SOURCE_HEIGHT
from roadside_kernels.noise.scene import Scene, make_scene
from roadside_kernels.noise.trace import Transfer, in_float32, trace
from roadside_kernels.noise.trace_line import Hearers

from roadside_server.computation.noise_scene import Corner, building_sides
from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import Float64
from roadside_server.validation.case_files import read_cases
from roadside_server.validation.cnossos_paths import air_of
from roadside_server.validation.report import Report, Row, compare

#: Settings of the run that the levels are from.
REACH, SEARCH = 500.0, 50.0
TEMPERATURE, HUMIDITY, FAVOURABLE = 15.0, 70.0, 0.5
#: Allowed deviations (dB) by order of reflection: of the median, and of 95 % of the receivers.
ALLOWED = {0: (0.1, 0.5), 1: (0.2, 1.0)}
LEVELS = ("LAeq_order0_dB", "LAeq_order1_dB")


def validate(path: Path) -> Report:
    """Compare the levels of all receivers, without reflections and with those of first order."""
    path = Path(path)
    receivers = read_cases(path / "receivers_1000.csv", ("x_m", "y_m", "z_m", *LEVELS))
    town = read_town(path, (float(receivers["x_m"].mean()), float(receivers["y_m"].mean())))
    rows: list[Row] = []
    notes = []
    for order, level in enumerate(LEVELS):
        # The first receiver compiles.
        town.traced(receivers[:1], order)
        started = time.perf_counter()
        transfer = town.traced(receivers, order)
        took = time.perf_counter() - started
        deviation = town.levels(transfer) - receivers[level].to_numpy(float)
        rows += _rows(order, deviation)
        notes.append(
            f"order {order}: {transfer.profiles} profiles in {took:.2f} s, "
            f"{transfer.profiles / took:.3g} profiles and {len(receivers) / took:.4g} receivers "
            f"a second; mean deviation {deviation.mean():+.3f} dB"
        )
    return Report(
        title="CNOSSOS-EU: a town centre beside NoiseModelling (dB)",
        rows=tuple(rows),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True)
class Town:
    """A scene, the lines that sound in it, and their A-weighted power per metre (M, 8)."""

    corner: Corner
    scene: Scene
    lines: Lines
    power: Float64

    def traced(self, receivers: pd.DataFrame, order: int, **options: Any) -> Transfer:
        """What arrives at receivers of unit power, with an order of reflections."""
        air = air_of(TEMPERATURE, HUMIDITY, STANDARD_PRESSURE, FAVOURABLE)
        x, y, z = (receivers[["x_m", "y_m", "z_m"]].to_numpy(float) - (*self.corner, 0.0)).T
        return trace(
            self.scene,
            self.lines,
            open_ground(x, y, z),
            absorption=air.absorption,
            favourable=np.full((3, 1), FAVOURABLE),
            reach=REACH,
            search=SEARCH,
            order=order,
            **options,
        )

    def levels(self, transfer: Transfer) -> Float64:
        """Levels (dB(A)) of receivers, each of which hears a line."""
        arrived = (in_float32(transfer.energy[:, 0]) * self.power[transfer.line]).sum(axis=1)
        levels: Float64 = 10.0 * np.log10(np.add.reduceat(arrived, transfer.start[:-1]))
        return levels


def open_ground(x: Any, y: Any, z: Any) -> Hearers:
    """Receptors over flat hard ground, on no facade."""
    nothing = np.zeros(x.size, np.float32)
    x, y, z = (np.ascontiguousarray(values, np.float32) for values in (x, y, z))
    return Hearers(x, y, z, nothing, nothing, np.full(x.size, -1, np.int32))


def read_town(path: Path, corner: Corner) -> Town:
    """The buildings, roads and power in a folder, with a corner (m) as their origin."""
    buildings = _table(path / "buildings.csv.gz", ("height_m", "ring_xy_epsg32633"))
    rings = [_places(text) for text in buildings["ring_xy_epsg32633"]]
    polygons = np.array([shapely.Polygon(ring) for ring in rings])
    sides = building_sides(polygons, buildings["height_m"].to_numpy(float), corner)
    roads = _table(path / "roads.csv.gz", ("class", "line_xy_epsg32633"))
    return Town(
        corner,
        make_scene(sides, ground_factor=0.0),
        flat_lines([_places(text) - corner for text in roads["line_xy_epsg32633"]]),
        _power(path / "source_power.csv")[roads["class"].to_numpy(int)],
    )


def flat_lines(lines: list[Float64]) -> Lines:
    """Lines (vertices, 2) of road on flat ground."""
    sizes = [len(line) for line in lines]
    x, y = np.concatenate(lines).T.astype(np.float32)
    ground = np.zeros(x.size, np.float32)
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    return Lines(start, x.copy(), y.copy(), ground + np.float32(SOURCE_HEIGHT), ground)


def _power(file: Path) -> Float64:
    """A-weighted energy per metre (classes, 8) re 1 pW."""
    table = read_cases(file, tuple(f"LW_{band}" for band in BANDS))
    levels = table[[f"LW_{band}" for band in BANDS]].to_numpy(float)
    energy: Float64 = 10.0 ** ((levels + A_WEIGHTING) / 10.0)
    return energy


def _table(file: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """A table of geometries, with semicolons between cells."""
    try:
        table = pd.read_csv(file, sep=";")
    except (OSError, ValueError) as problem:
        raise InvalidInputError("path", f"{file}: {problem}") from None
    lacking = [column for column in columns if column not in table]
    if lacking:
        raise InvalidInputError("path", f"{file} lacks the column {lacking[0]}")
    return table


def _places(text: str) -> Float64:
    """Coordinates (N, 2) of a line written as ``x,y x,y ...``."""
    return np.array([pair.split(",") for pair in text.split()], float)


def _rows(order: int, deviation: Float64) -> list[Row]:
    """The median of the deviations, what 95 % stay below, and the largest, which is not judged."""
    median, most = ALLOWED[order]
    size = np.abs(deviation)
    found = {
        "median deviation": (float(np.median(size)), median),
        "95 % of deviations": (float(np.percentile(size, 95)), most),
        "largest deviation": (float(size.max()), None),
    }
    return [
        compare(f"order {order}", name, value, 0.0, tolerance=allowed, unit="dB")
        for name, (value, allowed) in found.items()
    ]
