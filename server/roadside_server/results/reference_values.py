"""Limits and guideline values that results are compared with, in ``reference_values.csv``."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple


class ReferenceValue(NamedTuple):
    """A value that should not be exceeded, in the unit of its quantity."""

    reference: str  # who set it, and where
    value: float


@cache
def reference_values(quantity: str) -> tuple[ReferenceValue, ...]:
    """Reference values of a quantity; none for those that nobody limits."""
    text = Path(__file__).with_suffix(".csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return tuple(
        ReferenceValue(row["reference"], float(row["value"]))
        for row in rows
        if row["quantity"] == quantity
    )
