"""Propagation beside the published cases of ISO/TR 17534-4:2020.

Levels are worked out from the source's power by the formulas themselves, in double precision.
Covered are direct paths over flat ground with nothing in the way.
"""

from collections.abc import Hashable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from roadside_kernels.noise.atmosphere import air_absorption
from roadside_kernels.noise.bands import A_WEIGHTING, BANDS, MID_BANDS
from roadside_kernels.noise.propagation import attenuation_favourable, attenuation_homogeneous
from roadside_kernels.physics import in_double

from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import Float64
from roadside_server.validation.case_files import read_cases, read_document
from roadside_server.validation.report import Report, Row, compare

#: Tolerances (dB) of a band of a path, and of the A-weighted total of a case.
PATH_TOLERANCE = 0.1
TOTAL_TOLERANCE = 0.05

ATTENUATION = {
    "homogeneous": in_double(attenuation_homogeneous),
    "favourable": in_double(attenuation_favourable),
}

LEVELS = tuple(f"L_{band}" for band in BANDS)


class FlatPath(NamedTuple):
    """A direct path over flat ground."""

    d_p: float  # m
    z_s: float  # m above ground
    z_r: float
    g_path: float  # ground factor of the path
    g_s: float  # and under the source


class Air(NamedTuple):
    """What the cases assume of the air."""

    absorption: Float64  # dB/km by band
    p_favourable: float


def validate(path: Path) -> Report:
    """Compare the levels of every covered path, and of the cases that consist of such paths."""
    try:
        return _report(Path(path))
    except KeyError as missing:
        raise InvalidInputError("path", f"{path}: lacks {missing}") from missing


def _report(path: Path) -> Report:
    profiles = read_document(path / "profiles.json")["profiles"]
    air = _air(read_document(path / "scenes.json")["meteo"])
    expected = read_cases(
        path / "expected_levels.csv", LEVELS, ("tc", "path", "condition", "profile")
    )
    totals = read_cases(path / "expected_totals.csv", (), ("tc", "quantity"))
    totals = totals.query("quantity == 'LA_WL'").set_index("tc")
    rows: list[Row] = []
    not_covered: dict[str, str] = {}
    for case, table in expected.groupby("tc", sort=False):
        paths = table.to_dict("records")
        reasons = {str(p["path"]): reason_against(profiles.get(p["profile"])) for p in paths}
        levels = [_levels(p, profiles, air) for p in paths if not reasons[str(p["path"])]]
        rows += [row for level in levels for row in level.rows]
        if case in totals.index and not any(reasons.values()):
            rows += _total_rows(str(case), levels, totals.loc[case], air)
        not_covered |= {f"{case} {name}": why for name, why in reasons.items() if why}
    return Report(
        title="CNOSSOS-EU: propagation, ISO/TR 17534-4:2020 (dB)",
        rows=tuple(rows),
        not_covered=tuple(f"{path}: {why}" for path, why in not_covered.items()),
    )


def reason_against(profile: dict[str, Any] | None) -> str:
    """Why a path is not covered; empty if it is."""
    if profile is None:
        return "no cut profile is given"
    if profile["path_type"] in ("LEFT", "RIGHT"):
        return "diffraction around vertical edges, which road sources do not use"
    if profile["path_type"] == "REFLECTION":
        return "reflection by walls is not modelled"
    between = {point["type"] for point in profile["points"][1:-1]}
    if between & {"Wall", "Building"}:
        return "diffraction over obstacles is not modelled"
    if len({point["z_ground"] for point in profile["points"]}) > 1:
        return "terrain is not modelled"
    return ""


def flat_path(profile: dict[str, Any]) -> FlatPath:
    """The path of a profile that is covered."""
    points = profile["points"]
    source, receptor = points[0], points[-1]
    d_p = receptor["s"] - source["s"]
    stretches = pairwise(points)
    weighted = sum(start["G_after"] * (end["s"] - start["s"]) for start, end in stretches)
    z_s, z_r = (point["z"] - point["z_ground"] for point in (source, receptor))
    return FlatPath(d_p, z_s, z_r, weighted / d_p, source["G_after"])


def attenuation(condition: str, path: FlatPath, absorption: Float64) -> Float64:
    """Attenuation (dB) of a path by band, in homogeneous or favourable conditions."""
    formula = ATTENUATION[condition]
    bands = zip(BANDS, absorption, strict=True)
    return np.array([formula(float(band), alpha, *path) for band, alpha in bands])


class _PathLevels(NamedTuple):
    condition: str
    level: Float64
    rows: tuple[Row, ...]


def _levels(expected: Mapping[Hashable, Any], profiles: dict[str, Any], air: Air) -> _PathLevels:
    condition = str(expected["condition"])
    path = flat_path(profiles[expected["profile"]])
    level = expected["Lw_per_band_dB"] - attenuation(condition, path, air.absorption)
    name = f"{expected['tc']} {expected['path']}"
    rows = tuple(
        compare(
            name,
            f"L {condition} {band} Hz",
            value,
            expected[f"L_{band}"],
            tolerance=PATH_TOLERANCE,
            unit="dB",
        )
        for band, value in zip(BANDS, level.tolist(), strict=True)
    )
    return _PathLevels(condition, level, rows)


def _total_rows(case: str, levels: list[_PathLevels], expected: Any, air: Air) -> list[Row]:
    """A-weighted long-term levels of a case: both conditions by their probability."""
    share = {"homogeneous": 1.0 - air.p_favourable, "favourable": air.p_favourable}
    energy = sum(share[path.condition] * 10.0 ** (path.level / 10.0) for path in levels)
    total = 10.0 * np.log10(energy) + np.array(A_WEIGHTING)
    return [
        compare(
            case,
            f"LA {band} Hz",
            value,
            expected[f"LA_{band}"],
            tolerance=TOTAL_TOLERANCE,
            unit="dB",
        )
        for band, value in zip(BANDS, total.tolist(), strict=True)
    ]


def _air(meteo: dict[str, float]) -> Air:
    conditions = (meteo["temperature_C"], meteo["humidity_pct"], meteo["pressure_Pa"] / 1000.0)
    absorption = [in_double(air_absorption)(f, *map(float, conditions)) for f in MID_BANDS]
    return Air(np.array(absorption), meteo["p_favourable"])
