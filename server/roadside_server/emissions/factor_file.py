"""Reads a table of emission factors and says exactly what is wrong with it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import POLLUTANTS

KEYS = ("year", "vehicle_class", "speed_class")
#: A factor above this is a slip of the unit, mg/km for g/km (g/km).
LARGEST_FACTOR = 1000.0
EARLIEST_YEAR, LATEST_YEAR = 1990, 2100


def read_factor_table(
    path: Path, vehicle_classes: Sequence[str], speed_classes: Sequence[str]
) -> pd.DataFrame:
    """Rows of year, vehicle_class, speed_class and the pollutants (g/km), checked.

    Lines that begin with # are comments.  Errors name the file, the row as an editor counts
    lines, the column and the value.
    """
    table = _read_text(path)
    missing = [column for column in (*KEYS, *POLLUTANTS) if column not in table]
    if missing:
        raise InvalidInputError(f"{path.name}, header", f"lacks the column {', '.join(missing)}")
    require(len(table) > 0, path.name, "holds no factors, only a header")
    checked = pd.DataFrame(
        {
            "year": _years(path, table),
            "vehicle_class": _words(path, table, "vehicle_class", vehicle_classes),
            "speed_class": _words(path, table, "speed_class", speed_classes),
        }
        | {pollutant: _factors(path, table, pollutant) for pollutant in POLLUTANTS}
    )
    _refuse_repeats(path, checked)
    _refuse_more_no2_than_nox(path, checked)
    return checked


def _read_text(path: Path) -> pd.DataFrame:
    """The file's cells as text, indexed by line number."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise InvalidInputError("factors", f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidInputError("factors", f"{path}: cannot be read as text: {problem}") from None
    numbered = [
        (number, [cell.strip() for cell in line.split(",")])
        for number, line in enumerate(lines, start=1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    require(bool(numbered), path.name, "is empty")
    header = numbered[0][1]
    for number, cells in numbered:
        rule = f"{len(cells)} values, must be {len(header)} as in the header"
        require(len(cells) == len(header), f"{path.name}, row {number}", rule)
    rows = [cells for _, cells in numbered[1:]]
    return pd.DataFrame(rows, columns=header, index=[number for number, _ in numbered[1:]])


def _years(path: Path, table: pd.DataFrame) -> pd.Series:
    rule = f"must be a whole year, {EARLIEST_YEAR} to {LATEST_YEAR}"
    years = pd.to_numeric(table["year"], errors="coerce")
    whole = years.between(EARLIEST_YEAR, LATEST_YEAR) & (years % 1 == 0)
    _refuse(path, table["year"], ~whole, rule)
    return years.astype(int)


def _words(path: Path, table: pd.DataFrame, column: str, allowed: Sequence[str]) -> pd.Series:
    unknown = ~table[column].isin(allowed)
    _refuse(path, table[column], unknown, f"must be one of {', '.join(allowed)}")
    return table[column]


def _factors(path: Path, table: pd.DataFrame, pollutant: str) -> pd.Series:
    numbers = pd.to_numeric(table[pollutant], errors="coerce")
    bad = ~np.isfinite(numbers) | (numbers < 0) | (numbers > LARGEST_FACTOR)
    _refuse(path, table[pollutant], bad, f"must be a number of g/km, 0 to {LARGEST_FACTOR:g}")
    return numbers


def _refuse_repeats(path: Path, table: pd.DataFrame) -> None:
    repeated = table.duplicated(list(KEYS))
    if repeated.any():
        first = table[repeated].iloc[0]
        row, key = first.name, ", ".join(str(first[name]) for name in KEYS)
        raise InvalidInputError(f"{path.name}, row {row}", f"repeats {key}; one row is allowed")


def _refuse_more_no2_than_nox(path: Path, table: pd.DataFrame) -> None:
    rule = "must not exceed nox of the same row, of which it is a part"
    _refuse(path, table["no2"], table["no2"] > table["nox"], rule)


def _refuse(path: Path, column: pd.Series, bad: pd.Series, rule: str) -> None:
    """Refuse the first bad value of a column."""
    if bad.any():
        row, value = next(iter(column[bad].items()))
        field = f"{path.name}, row {row}, column {column.name}"
        raise InvalidInputError(field, f"{value!r}, {rule}")
