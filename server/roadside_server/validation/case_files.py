"""Files of published cases, checked cell by cell."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from roadside_server.errors import InvalidInputError


def read_cases(
    file: Path,
    numbers: tuple[str, ...],
    text: tuple[str, ...] = (),
    empty: dict[str, float] | None = None,
) -> pd.DataFrame:
    """A CSV table of cases with these columns and maybe others.

    Parameters
    ----------
    file
        Lines that begin with # are comments.
    numbers
        Columns that must hold finite numbers.
    text
        Columns that are text, whatever they look like.
    empty
        What an empty cell of a column of numbers stands for.

    Raises
    ------
    InvalidInputError
        If the file cannot be read, lacks a column or cases, or holds anything but a number.
    """
    try:
        cells = pd.read_csv(file, comment="#", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as problem:
        raise InvalidInputError("path", f"{file}: {_in_words(problem)}") from None
    lacking = [column for column in (*text, *numbers) if column not in cells]
    if lacking or cells.empty:
        lack = f"the column {lacking[0]}" if lacking else "cases"
        raise InvalidInputError("path", f"{file} lacks {lack}")
    for column in cells.columns.difference(list(text)):
        values = pd.to_numeric(cells[column], errors="coerce")
        values = values.mask(cells[column] == "", (empty or {}).get(column, np.nan))
        if column in numbers:
            _refuse(file, cells[column], column, ~values.notna().to_numpy())
        if values.notna().any():
            cells[column] = values
    return cells


def read_document(file: Path) -> dict[str, Any]:
    """A JSON object."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise InvalidInputError("path", f"{file}: {_in_words(problem)}") from None
    if not isinstance(document, dict):
        raise InvalidInputError("path", f"{file}: must hold a JSON object")
    return document


def _refuse(file: Path, cells: "pd.Series[str]", column: str, wrong: np.ndarray) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise InvalidInputError(
            "path", f"{file}, case {row + 1}, {column}: {cells.iloc[row]!r} must be a number"
        )


def _in_words(problem: Exception) -> str:
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
