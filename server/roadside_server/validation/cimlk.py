"""Amsterdam 2030 as the Dutch monitoring instrument computed it; docs/validation.md.

Compares the import, the emissions and the kernels with the official results of every receptor.
"""

from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from roadside_kernels.air.street import PARABOLA

from roadside_server.emissions.exhaust import road_exhaust
from roadside_server.emissions.factors import load_factors
from roadside_server.region.build import RegionInput, no_emission_scale
from roadside_server.region.cimlk import read_cimlk
from roadside_server.region.cimlk_table import CimlkTable, read_table
from roadside_server.region.defaults import fill_roads
from roadside_server.region.schema import Float64
from roadside_server.validation.cimlk_fit import FittedFactors, fit_nox_factors
from roadside_server.validation.cimlk_links import (
    Links,
    find_links,
    link_dilution,
    street_contributions,
    within_reach,
)
from roadside_server.validation.cimlk_official import official_rows, street_share_minimum
from roadside_server.validation.report import Report, Row, at_least

YEAR = 2030
#: With this wind F_regio is 1: the official results fit best without a wind factor (m/s).
WIND_SPEED = 5.0
#: Least squared correlation of NOx at receptors of one street, with factors as they come.
LEAST_CORRELATION = 0.89
#: The same with factors fitted to the official results.
LEAST_FITTED_CORRELATION = 0.96

HIGHEST = 1e4  # ug/m3

#: Official columns of what streets contribute (ug/m3), in POLLUTANTS order.
STREET_COLUMNS = ("noxSRM1", "no2SRM1DirecteUitstoot", "pm10SRM1", "pm25SRM1", "ecSRM1")
NOT_COVERED = (
    "SRM2 columns: Wegdelen has no road of Rijkswaterstaat (the A10 is missing), and the wind rose "
    "is not published.",
    "NO2 conversion where streets give no more than 0.049 ug/m3 NOx: formed per wind sector, "
    "whose ozone and frequency are not published.",
    "Receptors of Rijkswaterstaat: they have results but no row in Receptoren.",
    "Absolute street contributions: the official emission factors of 2030 are newer than any "
    "published table; slopes are reported, not judged.",
)


class Fit(NamedTuple):
    """How one column agrees with the official one."""

    n: int
    correlation: float  # squared
    slope: float  # official per ours, through the origin
    rmse: float  # ug/m3


def validate(
    path: Path,
    *,
    fit_factors: bool = False,
    factors: Path | None = None,
    year: int = YEAR,
    wind_speed: float = WIND_SPEED,
) -> Report:
    """Compare a CIMLK folder with its own official results.

    Parameters
    ----------
    path
        Folder with Wegdelen, Receptoren, Rekenresultaten and Maatregelen (.csv or .csv.gz).
    fit_factors
        Also fit NOx factors to the official results and print them; for diagnosis only.
    factors
        CSV of emission factors instead of the packaged Dutch ones.
    year
        Of the emission factors.
    wind_speed
        Annual mean (m/s).
    """
    region, official = read_cimlk(path), read_table(path, "Rekenresultaten")
    roads, table = fill_roads(region.roads), load_factors(factors)
    emission = road_exhaust(roads, table, year, no_emission_scale())
    measured = road_exhaust(roads, table, year, region.emission_scale)
    links = find_links(region, roads)
    streets = Streets(links, _official_at(region, official), wind_speed)
    rows = [
        *official_rows(official),
        _judged(streets, streets.contributions(emission)[0]),
        *_agreement(streets, emission, "streets"),
        *_reading_rows(streets, emission),
        *_agreement(streets, measured, "with Maatregelen"),
        *_single_with_measures(streets, measured),
    ]
    notes = _notes(official, streets)
    if fit_factors:
        fitted_rows, lines = _fitted(streets, roads)
        rows, notes = [*rows, *fitted_rows], notes + lines
    title = f"CIMLK {path.name}: emission factors {table.name} of {year}, wind {wind_speed:g} m/s"
    return Report(title, tuple(rows), NOT_COVERED, notes)


class Streets(NamedTuple):
    """Links, and the official contribution of streets at each receptor (NaN where none)."""

    links: Links
    official: Float64  # (STREET_COLUMNS, receptors)
    wind_speed: float

    @property
    def linked(self) -> NDArray[np.bool_]:
        """Receptors of any street."""
        linked: NDArray[np.bool_] = np.diff(self.links.start) > 0
        return linked

    @property
    def single(self) -> NDArray[np.bool_]:
        """Receptors of exactly one street."""
        single: NDArray[np.bool_] = np.diff(self.links.start) == 1
        return single

    def contributions(self, emission: Float64) -> Float64:
        """Ours (ug/m3) at every receptor; NaN where a link is beyond its reach."""
        return street_contributions(self.links, self.wind_speed, emission)

    def fit(self, ours: Float64, column: int, among: NDArray[np.bool_]) -> Fit:
        """Agreement among some receptors, of those where both have a figure."""
        known = among & np.isfinite(ours) & np.isfinite(self.official[column])
        return _fit(ours[known], self.official[column][known])


def _judged(streets: Streets, nox: Float64) -> Row:
    fit = streets.fit(nox, 0, streets.single)
    case = f"{fit.n} receptors of one street"
    return at_least(case, "noxSRM1, squared correlation", fit.correlation, LEAST_CORRELATION)


def _single_with_measures(streets: Streets, measured: Float64) -> list[Row]:
    """NOx at receptors of one street with the measures applied; not judged."""
    fit = streets.fit(streets.contributions(measured)[0], 0, streets.single)
    return _fit_rows("receptors of one street, with Maatregelen", "noxSRM1", fit)


def _agreement(streets: Streets, emission: Float64, case: str) -> list[Row]:
    """How each quantity agrees at all receptors of streets; not judged."""
    ours = streets.contributions(emission)
    return [
        row
        for i, column in enumerate(STREET_COLUMNS)
        for row in _fit_rows(case, column, streets.fit(ours[i], i, streets.linked))
    ]


def _fit_rows(case: str, column: str, fit: Fit) -> list[Row]:
    figures = {
        "squared correlation": (fit.correlation, 1.0),
        "official per ours": (fit.slope, 1.0),
        "RMSE (ug/m3)": (fit.rmse, 0.0),
    }
    return [
        Row(f"{case}, n {fit.n}", f"{column}, {name}", value, ideal, abs(value - ideal), None)
        for name, (value, ideal) in figures.items()
    ]


def _readings(streets: Streets) -> dict[str, Streets]:
    """What the official tool may do beyond 30 m, where the method ends for types 2 and 3."""
    held, all_held = (within_reach(streets.links, far_branch=far) for far in (True, False))
    return {
        "types 2, 3 held from 30 m": streets._replace(links=held),
        "all types held from 30 m": streets._replace(links=all_held),
    }


def _reading_rows(streets: Streets, emission: Float64) -> list[Row]:
    """Squared correlation of NOx with each reading; not judged."""
    return [
        _fit_rows(
            case, "noxSRM1", reading.fit(reading.contributions(emission)[0], 0, streets.linked)
        )[0]
        for case, reading in _readings(streets).items()
    ]


def _fitted(streets: Streets, roads: gpd.GeoDataFrame) -> tuple[list[Row], tuple[str, ...]]:
    """The judged row with fitted factors, the readings with theirs, and the factors in words."""
    fitted = _fit_among(streets, roads, streets.single)
    fit = streets.fit(fitted.concentration, 0, streets.single)
    case = f"{fit.n} receptors of one street, fitted"
    quantity = "noxSRM1, squared correlation"
    rows = [at_least(case, quantity, fit.correlation, LEAST_FITTED_CORRELATION)]
    # Beyond 30 m, where the readings differ.
    far = np.bincount(
        streets.links.receptor, streets.links.distance > PARABOLA, streets.linked.size
    )
    for name, reading in _readings(streets).items():
        ours = _fit_among(reading, roads, streets.linked).concentration
        rows += _fit_rows(f"fitted, {name}", "noxSRM1", reading.fit(ours, 0, streets.linked))[:1]
        rows += _fit_rows(f"fitted, {name}, far", "noxSRM1", reading.fit(ours, 0, far > 0))[:2]
    return rows, (
        "Fitted NOx factors (g/km) by speed class, for diagnosis only:",
        *fitted.as_text(),
    )


def _fit_among(
    streets: Streets, roads: gpd.GeoDataFrame, among: NDArray[np.bool_]
) -> FittedFactors:
    """Factors fitted to the official NOx of some receptors."""
    dilution = link_dilution(streets.links, streets.wind_speed)
    official = np.where(among, streets.official[0], np.nan)
    return fit_nox_factors(roads, streets.links, dilution, official)


def _notes(official: CimlkTable, streets: Streets) -> tuple[str, ...]:
    known = np.isfinite(streets.official[0])
    dilution = link_dilution(streets.links, streets.wind_speed)
    beyond = int(np.isnan(dilution).sum())
    return (
        f"{len(official)} receptors have results, {known.size} are in Receptoren, {known.sum()} in "
        f"both; {(known & streets.linked).sum()} of these have streets.",
        f"{beyond} of {dilution.size} links are beyond the reach of their street type; their "
        "receptors have no figure by the legal formula.",
        "Measures (Maatregelen) are left out unless a row says otherwise: the official results "
        "are reproduced better without them.",
        "Least conversion as a factor of O3 S / (S + 100), S the NO of streets alone: "
        f"{street_share_minimum(official):.3f} (B is 0.6; open roads add to it everywhere).",
    )


def _official_at(region: RegionInput, official: CimlkTable) -> Float64:
    """Official columns at the region's receptors, NaN where a receptor has no result."""
    ids = official.identifiers("receptorIdentificatie")
    official.refuse(pd.Series(ids).duplicated().to_numpy(), "receptorIdentificatie", "repeats")
    columns = {column: official.numbers(column, 0.0, HIGHEST) for column in STREET_COLUMNS}
    labels = np.array([]) if region.receptors is None else region.receptors.label
    return pd.DataFrame(columns, index=ids).reindex(labels).to_numpy(np.float64).T


def _fit(ours: Float64, official: Float64) -> Fit:
    """Agreement of two columns; NaN where one of them does not vary."""
    if ours.size == 0 or np.ptp(ours) == 0.0 or np.ptp(official) == 0.0:
        return Fit(int(ours.size), np.nan, np.nan, np.nan)
    correlation = float(np.corrcoef(ours, official)[0, 1] ** 2)
    slope = float(ours @ official / (ours @ ours))
    rmse = float(np.sqrt(np.mean((ours - official) ** 2)))
    return Fit(int(ours.size), correlation, slope, rmse)
