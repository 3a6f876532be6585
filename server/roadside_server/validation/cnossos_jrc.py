"""Propagation beside a second program: vertical cuts of D. van Maercke, method JRC-2012.

Its lower bound of A_ground,F is that of the text of 2012; cases whose favourable figures depend on
it say so themselves and are not compared in that condition.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.edges import EDGE, GROUND, Profile

from roadside_server.region.schema import Float64
from roadside_server.validation.case_files import read_document
from roadside_server.validation.cnossos_paths import (
    SoundPath,
    Wall,
    boundary_of,
    path_over,
    retro_of,
)
from roadside_server.validation.report import Report, Row, compare

CASES = "cases.json"
#: Tolerance (dB): the figures are printed to 0.1 dB.
TOLERANCE = 0.1
RETRO = "A_retrodiffraction_dB"
SYMBOLS = {"homogeneous": "H", "favourable": "F"}


def validate(path: Path) -> Report:
    """Compare the attenuation by ground and edges of every profile in both conditions."""
    rows: list[Row] = []
    not_covered: list[str] = []
    for case in read_document(path / CASES)["cases"]:
        for condition, symbol in SYMBOLS.items():
            if case["valid_for_2021_rules"][symbol]:
                rows += _rows(case, condition)
            else:
                not_covered.append(f"{case['id']} {condition}: by the rules of 2012")
        if case["reflections"] and not has_retro(case):
            not_covered.append(f"{case['id']} A_retro: the program places the reflection elsewhere")
    return Report(
        title="CNOSSOS-EU: propagation, 2012 program of van Maercke (dB)",
        rows=tuple(rows),
        not_covered=tuple(not_covered),
    )


def read_case(case: Mapping[str, Any]) -> Profile:
    """The profile of a case; a barrier is a thin wall."""
    points = case["profile"]
    after = [float(point["G_of_segment_ending_here"]) for point in points]
    after = [*after[1:], after[-1]]
    # The ground under the source has a factor of its own, on a stretch without length.
    start = points[0]
    vertices = [(start["x"], start["z"], start["G_of_segment_ending_here"], GROUND)]
    for point, g in zip(points, after, strict=True):
        at, foot = point["x"], point["z"]
        vertices.append((at, foot, g, EDGE))
        if point["barrier_height"]:
            vertices += [(at, foot + point["barrier_height"], g, EDGE), (at, foot, g, GROUND)]
    x, z, g, kind = np.array(vertices, float).T.copy()
    z_s, z_r = z[0] + case["source_height"], z[-1] + case["receiver_height"]
    return Profile(x, z, g, kind.astype(np.int32), float(z_s), float(z_r))


def _rows(case: Mapping[str, Any], condition: str) -> list[Row]:
    path = path_over(read_case(case), condition)
    printed = f"A_excess_{SYMBOLS[condition]}_dB"
    rows = _compared(case, f"A_boundary {condition}", boundary_of(path), printed)
    if condition == "homogeneous" and has_retro(case):
        rows += _compared(case, f"A_retro {condition}", retro_at(case, path), RETRO)
    return rows


def has_retro(case: Mapping[str, Any]) -> bool:
    """Whether the printed A_retro, one for both conditions, is that of straight rays."""
    return bool(case["reflections"]) and "note" not in case


def retro_at(case: Mapping[str, Any], path: SoundPath) -> Float64:
    """A_retro (dB) by band of all the walls of a case; what they absorb is not printed."""
    walls = (Wall(w["x"], w["z_top"], np.zeros(len(BANDS))) for w in case["reflections"])
    return sum((retro_of(path, wall) for wall in walls), np.zeros(len(BANDS)))


def _compared(case: Mapping[str, Any], name: str, found: Float64, printed: str) -> list[Row]:
    bands = zip(BANDS, found.tolist(), case[printed], strict=True)
    return [
        compare(case["id"], f"{name} {band} Hz", value, expected, tolerance=TOLERANCE, unit="dB")
        for band, value, expected in bands
    ]
