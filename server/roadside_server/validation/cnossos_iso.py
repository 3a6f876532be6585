"""Propagation beside the cases of ISO/TR 17534-4:2020, from their cut profiles.

Every path is compared, band by band, in each condition it has; the totals of a case with the paths
around vertical edges and, as roads have it, without them.
"""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from roadside_kernels.noise.bands import A_WEIGHTING, BANDS

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
from roadside_server.validation.cnossos_profiles import read_profile, read_walls, read_way_around
from roadside_server.validation.report import Report, Row, compare

PROFILES = "profiles.json"
#: Tolerances (dB) of a band of a path, and of the A-weighted total of a case.
PATH_TOLERANCE = 0.1
TOTAL_TOLERANCE = 0.05
LEVELS = tuple(f"L_{band}" for band in BANDS)
#: Paths around vertical edges.
LATERAL = ("LEFT", "RIGHT")


class PathLevel(NamedTuple):
    """Level (dB) of a path by band in one condition."""

    condition: str
    lateral: bool
    level: Float64


def validate(path: Path) -> Report:
    """Compare the levels of every path that counts, and of every case."""
    profiles = read_document(path / PROFILES)["profiles"]
    air = meteo_of(read_document(path / "scenes.json")["meteo"])
    text = ("tc", "path", "condition", "profile")
    expected = read_cases(path / "expected_levels.csv", (*LEVELS, "used_in_LA"), text)
    totals = read_cases(path / "expected_totals.csv", (), ("tc", "quantity"))
    counts = expected["used_in_LA"] > 0
    rows = [
        row
        for case, table in expected[counts].groupby("tc", sort=False)
        for row in _case_rows(table, totals[totals["tc"] == case], profiles, air)
    ]
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
        loss = attenuation_around(read_way_around(profile), path, air)
    else:
        loss = attenuation_over(path, air)
        loss += sum(reflection_of(path, wall) for wall in read_walls(profile))
    return PathLevel(condition, lateral, expected["Lw_per_band_dB"] - loss)


def _path_rows(expected: Mapping[Hashable, Any], found: PathLevel) -> list[Row]:
    return [
        compare(
            f"{expected['tc']} {expected['path']}",
            f"L {found.condition} {band} Hz",
            value,
            expected[f"L_{band}"],
            tolerance=PATH_TOLERANCE,
            unit="dB",
        )
        for band, value in zip(BANDS, found.level.tolist(), strict=True)
    ]


def _total_rows(expected: Mapping[Hashable, Any], levels: list[PathLevel], air: Air) -> list[Row]:
    """A-weighted long-term levels of a case: both conditions by their probability."""
    share = {"homogeneous": 1.0 - air.p_favourable, "favourable": air.p_favourable}
    energy = sum(share[path.condition] * 10.0 ** (path.level / 10.0) for path in levels)
    total = 10.0 * np.log10(energy) + np.array(A_WEIGHTING)
    return [
        compare(
            str(expected["tc"]),
            f"{expected['quantity']} {band} Hz",
            value,
            expected[f"LA_{band}"],
            tolerance=TOTAL_TOLERANCE,
            unit="dB",
        )
        for band, value in zip(BANDS, total.tolist(), strict=True)
    ]
