"""Propagation beside the cases of ISO/TR 17534-4:2020, from their cut profiles and scenes.

Every path is compared, band by band, in each condition it has; the totals of a case with the paths
around vertical edges and, as roads have it, without them.
"""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from roadside_kernels.noise.bands import A_WEIGHTING, BANDS
from roadside_kernels.noise.ways_around import WayAround

from roadside_server.region.schema import Float64
from roadside_server.validation.case_files import read_cases, read_document
from roadside_server.validation.cnossos_paths import (
    Air,
    attenuation_around,
    attenuation_over,
    meteo_of,
    path_over,
    reflection_of,
)
from roadside_server.validation.cnossos_profiles import read_detour, read_profile, read_walls
from roadside_server.validation.cnossos_scenes import (
    Case,
    around,
    direct_profile,
    echoes,
    read_scene,
)
from roadside_server.validation.report import Report, Row, compare

PROFILES = "profiles.json"
#: Tolerances (dB) of a band of a path, and of the A-weighted total of a case.
PATH_TOLERANCE = 0.1
TOTAL_TOLERANCE = 0.05
LEVELS = tuple(f"L_{band}" for band in BANDS)
#: Said of paths whose cut is found in the scene, not read from its published profile.
SCENE = ", from the scene"
#: Paths around vertical edges: as expected levels name them, and as profiles do.
SIDEWAYS = ("Left", "Right")
LATERAL = ("LEFT", "RIGHT")


class PathLevel(NamedTuple):
    """Level (dB) of a path by band in one condition."""

    condition: str
    lateral: bool
    level: Float64


def validate(path: Path) -> Report:
    """Compare the levels of every path that counts, and of every case."""
    profiles = read_document(path / PROFILES)["profiles"]
    scenes = read_document(path / "scenes.json")
    air = meteo_of(scenes["meteo"])
    text = ("tc", "path", "condition", "profile")
    expected = read_cases(path / "expected_levels.csv", (*LEVELS, "used_in_LA"), text)
    totals = read_cases(path / "expected_totals.csv", (), ("tc", "quantity"))
    counts = expected["used_in_LA"] > 0
    rows = [
        row
        for case, table in expected[counts].groupby("tc", sort=False)
        for row in _case_rows(table, totals[totals["tc"] == case], profiles, air)
    ]
    for case, table in expected[counts].groupby("tc", sort=False):
        found = read_scene(scenes["scenes"][case])
        rows += scene_rows(table, totals[totals["tc"] == case], found, air)
    left_out = expected[~counts].to_dict("records")
    return Report(
        title="CNOSSOS-EU: propagation, ISO/TR 17534-4:2020 (dB)",
        rows=tuple(rows),
        not_covered=tuple(
            f"{p['tc']} {p['path']} {p['condition']}: printed, but no part of the case's level"
            for p in left_out
        ),
    )


def _case_rows(
    table: pd.DataFrame, totals: pd.DataFrame, profiles: Mapping[str, Any], air: Air
) -> list[Row]:
    """The bands of every path of a case, then its totals with and without lateral paths."""
    paths = table.to_dict("records")
    levels = [path_level(path, profiles[path["profile"]], air) for path in paths]
    rows = [row for path, at in zip(paths, levels, strict=True) for row in _path_rows(path, at)]
    kept = {"LA": levels, "LA_WL": [path for path in levels if not path.lateral]}
    for total in totals.to_dict("records"):
        rows += _total_rows(total, kept[total["quantity"]], air)
    return rows


def path_level(expected: Mapping[Hashable, Any], profile: Mapping[str, Any], air: Air) -> PathLevel:
    """Level (dB) of a path from its source's power and its profile."""
    condition = str(expected["condition"])
    lateral = profile["path_type"] in LATERAL
    path = path_over(read_profile(profile), condition)
    if lateral:
        loss = attenuation_around(read_detour(profile), path, air)
    else:
        loss = attenuation_over(path, air)
        loss += sum(reflection_of(path, wall) for wall in read_walls(profile))
    return PathLevel(condition, lateral, expected["Lw_per_band_dB"] - loss)


def scene_rows(table: pd.DataFrame, totals: pd.DataFrame, case: Case, air: Air) -> list[Row]:
    """The bands of every path that is found in a scene, then the totals of all that are."""
    paths = table.to_dict("records")
    over = [_scene_level(path, case, air) for path in paths if path["path"] not in SIDEWAYS]
    sideways = _levels_around(case, air, paths[0]["Lw_per_band_dB"])
    found, missing = iter(over), np.full(len(BANDS), -np.inf)
    rows = []
    for path in paths:
        condition, side = str(path["condition"]), path["path"]
        if side in SIDEWAYS:
            level = sideways.get((condition, side), PathLevel(condition, True, missing))
        else:
            level = next(found)
        rows += _path_rows(path, level, SCENE)
    kept = {"LA": [*over, *sideways.values()], "LA_WL": over}
    for total in totals.to_dict("records"):
        rows += _total_rows(total, kept[total["quantity"]], air, SCENE)
    return rows


def _levels_around(case: Case, air: Air, power: float) -> dict[tuple[str, str], PathLevel]:
    """Levels (dB) of the paths around vertical edges by condition and side."""
    return {
        (condition, side): PathLevel(condition, True, power - _loss_around(way, condition, air))
        for condition in ("homogeneous", "favourable")
        for side, way in zip(SIDEWAYS, around(case, condition), strict=False)  # or none
    }


def _loss_around(way: WayAround, condition: str, air: Air) -> Float64:
    """A (dB) by band of a path around vertical edges."""
    return attenuation_around(way.detour, path_over(way.profile, condition), air)


def _scene_level(expected: Mapping[Hashable, Any], case: Case, air: Air) -> PathLevel:
    """Level (dB) of the direct path of a scene, or of all its reflected paths together."""
    condition, power = str(expected["condition"]), expected["Lw_per_band_dB"]
    if expected["path"] == "Direct":
        path = path_over(direct_profile(case), condition)
        return PathLevel(condition, False, power - attenuation_over(path, air))
    energy = np.zeros(len(BANDS))
    for echo in echoes(case):
        path = path_over(echo.profile, condition)
        loss = attenuation_over(path, air) + reflection_of(path, echo.wall)
        energy += 10.0 ** ((power - loss) / 10.0)
    return PathLevel(condition, False, 10.0 * np.log10(energy))


def _path_rows(expected: Mapping[Hashable, Any], found: PathLevel, found_in: str = "") -> list[Row]:
    return [
        compare(
            f"{expected['tc']} {expected['path']}{found_in}",
            f"L {found.condition} {band} Hz",
            value,
            expected[f"L_{band}"],
            tolerance=PATH_TOLERANCE,
            unit="dB",
        )
        for band, value in zip(BANDS, found.level.tolist(), strict=True)
    ]


def _total_rows(
    expected: Mapping[Hashable, Any], levels: list[PathLevel], air: Air, found_in: str = ""
) -> list[Row]:
    """A-weighted long-term levels of a case: both conditions by their probability."""
    share = {"homogeneous": 1.0 - air.p_favourable, "favourable": air.p_favourable}
    energy = sum(share[path.condition] * 10.0 ** (path.level / 10.0) for path in levels)
    total = 10.0 * np.log10(energy) + np.array(A_WEIGHTING)
    return [
        compare(
            f"{expected['tc']}{found_in}",
            f"{expected['quantity']} {band} Hz",
            value,
            expected[f"LA_{band}"],
            tolerance=TOTAL_TOLERANCE,
            unit="dB",
        )
        for band, value in zip(BANDS, total.tolist(), strict=True)
    ]
