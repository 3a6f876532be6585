"""Tables as the Dutch monitoring instrument CIMLK exchanges them: text cells, checked one by one.

Semicolons between cells, UTF-8, decimal point, geometry as WKT in RD New, -999 where a number is
missing (information model IMLK 1.3, section CSV).
"""

import csv
import gzip
import io
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import Float64

MISSING = -999.0
# Outlines of a province have more points than the reader allows by default.
csv.field_size_limit(100_000_000)
#: Characters of a value that an error shows.
LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True, eq=False)
class CimlkTable:
    """One file; rows are indexed by their line number, the header's being 1."""

    file: str
    cells: pd.DataFrame

    def __len__(self) -> int:
        return len(self.cells)

    def has(self, column: str) -> bool:
        """The file has this column."""
        return column in self.cells

    def text(self, column: str) -> NDArray[np.object_]:
        """Cells of a column; refuses a file without it."""
        if column not in self.cells:
            raise InvalidInputError(f"{self.file}, header", f"lacks the column {column}")
        return self.cells[column].to_numpy(object)

    def identifiers(self, column: str) -> NDArray[np.object_]:
        """Cells of a column that must be filled."""
        cells = self.text(column)
        self.refuse(cells == "", column, "must not be empty")
        return cells

    def numbers(
        self, column: str, low: float, high: float, missing: float | None = None
    ) -> Float64:
        """Numbers within bounds; ``missing`` stands in for -999 and empty, which None refuses."""
        cells = pd.Series(self.text(column))
        values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
        absent = (cells == "").to_numpy() | (values == MISSING)
        if missing is None:
            self.refuse(absent, column, "is missing, must be a number")
        bad = ~absent & ~((values >= low) & (values <= high))
        self.refuse(bad, column, f"must be a number, {low:g} to {high:g}")
        return np.where(absent, np.nan if missing is None else missing, values)

    def codes(self, column: str, meaning: Mapping[str, Any]) -> list[Any]:
        """The meaning of every code of a column."""
        cells = self.text(column)
        known = pd.Series(cells).isin(list(meaning)).to_numpy()
        allowed = ", ".join(code or "(empty)" for code in meaning)
        self.refuse(~known, column, f"must be one of {allowed}")
        return [meaning[cell] for cell in cells]

    def geometry(self, kind: shapely.GeometryType, *, optional: bool = False) -> NDArray[Any]:
        """Geometries of the column geometrie, of one kind (polygons may have several parts)."""
        cells = self.text("geometrie")
        absent = (cells == "") if optional else np.zeros(len(cells), bool)
        texts = [None if gone else cell for gone, cell in zip(absent, cells, strict=True)]
        # What a bad number overflows to is refused below.
        with np.errstate(all="ignore"):
            read = shapely.from_wkt(np.array(texts, object), on_invalid="ignore")
            shapes: NDArray[Any] = shapely.force_2d(read)
        kinds = [kind.value]
        if kind is shapely.GeometryType.POLYGON:
            kinds.append(shapely.GeometryType.MULTIPOLYGON.value)
        sound = np.isin(shapely.get_type_id(shapes), kinds) & ~shapely.is_empty(shapes)
        # A line of no length has no direction and no middle.
        if kind is shapely.GeometryType.LINESTRING:
            sound &= shapely.length(shapes) > 0
        finite = np.isfinite(shapely.bounds(shapes)).all(axis=1)
        rule = f"must be a {kind.name} in well-known text"
        self.refuse(~absent & ~(sound & finite), "geometrie", rule)
        return shapes

    def refuse(self, bad: NDArray[np.bool_], column: str, rule: str) -> None:
        """Refuse the first row that breaks a rule."""
        if bad.any():
            self.refuse_row(int(np.argmax(bad)), column, rule)

    def refuse_row(self, position: int, column: str, rule: str) -> NoReturn:
        """Refuse one row, with the file, the line, the column and the value."""
        value = str(self.cells[column].iloc[position])
        shown = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}..."
        field = f"{self.file}, row {self.cells.index[position]}, column {column}"
        raise InvalidInputError(field, f"{shown!r}, {rule}")


def find_table(folder: Path, name: str) -> Path | None:
    """The file of a table, ``NAME.csv`` or ``NAME.csv.gz``, if the folder has it."""
    return next(
        (p for p in (folder / f"{name}.csv", folder / f"{name}.csv.gz") if p.is_file()), None
    )


def read_table(folder: Path, name: str) -> CimlkTable:
    """A table that the folder must have."""
    path = find_table(folder, name)
    if path is None:
        raise InvalidInputError("path", f"{folder} holds no {name}.csv or {name}.csv.gz")
    return _table(path)


def read_optional_table(folder: Path, name: str) -> CimlkTable | None:
    """A table that the folder may lack."""
    path = find_table(folder, name)
    return None if path is None else _table(path)


def _table(path: Path) -> CimlkTable:
    header, rows = _rows(path)
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated:
        raise InvalidInputError(f"{path.name}, header", f"repeats the column {repeated[0]}")
    for number, row in rows.items():
        if len(row) != len(header):
            rule = f"has {len(row)} cells, must have {len(header)} as the header"
            raise InvalidInputError(f"{path.name}, row {number}", rule)
    cells = pd.DataFrame(list(rows.values()), columns=header, index=list(rows), dtype=object)
    return CimlkTable(path.name, cells)


def _rows(path: Path) -> tuple[list[str], dict[int, list[str]]]:
    """The header, and the cells of every row by line number."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter=";")
    try:
        lines = [(reader.line_num, row) for row in reader if row]
    except csv.Error as problem:
        raise InvalidInputError(f"{path.name}, row {reader.line_num}", str(problem)) from None
    if not lines:
        raise InvalidInputError(path.name, "is empty, must have a header and rows")
    return lines[0][1], dict(lines[1:])


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error) as problem:
        raise InvalidInputError(path.name, f"cannot be read: {problem}") from None
    except UnicodeDecodeError as problem:
        raise InvalidInputError(path.name, f"is not UTF-8: {problem}") from None
