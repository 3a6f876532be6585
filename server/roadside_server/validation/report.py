"""What a validation found: every figure compared, its tolerance, and what could not be compared."""

import json
import math
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of ours beside the published one."""

    case: str
    quantity: str
    value: float
    expected: float
    deviation: float  # in the unit of the tolerance, never negative
    tolerance: float | None  # None: reported, not judged
    unit: str = ""  # of deviation and tolerance: "relative", "dB", "ug/m3"

    @property
    def ok(self) -> bool:
        """Within tolerance, or not judged; NaN is never within."""
        return self.tolerance is None or self.deviation <= self.tolerance

    @property
    def strain(self) -> float:
        """Deviation as a share of the tolerance (1); 0 where nothing is judged."""
        if self.tolerance is None:
            return 0.0
        if math.isnan(self.deviation):
            return math.inf
        if self.tolerance == 0.0:
            return math.inf if self.deviation > 0.0 else 0.0
        return self.deviation / self.tolerance


@dataclass(frozen=True, slots=True)
class Report:
    """All rows of one validation, and what it leaves out."""

    title: str
    rows: tuple[Row, ...]
    not_covered: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  # findings in words, above the rows

    @property
    def judged(self) -> tuple[Row, ...]:
        """Rows with a tolerance."""
        return tuple(row for row in self.rows if row.tolerance is not None)

    @property
    def passed(self) -> bool:
        """Something was judged and all of it is within tolerance."""
        return bool(self.judged) and all(row.ok for row in self.judged)

    @property
    def worst(self) -> Row | None:
        """The judged row that uses up most of its tolerance."""
        return max(self.judged, key=lambda row: row.strain, default=None)

    def as_json(self) -> str:
        """The whole report as a JSON document; what is not a number is null."""
        rows = [asdict(row) | {"ok": row.ok} for row in self.rows]
        worst = asdict(self.worst) if self.worst else None
        document = {
            "title": self.title,
            "passed": self.passed,
            "worst": worst,
            "rows": rows,
            "not_covered": list(self.not_covered),
            "notes": list(self.notes),
        }
        return json.dumps(_finite(document), indent=2)

    def as_text(self) -> str:
        """The report for people; the last line holds the verdict and the worst figure."""
        lines = [self.title, *self.notes, "", *_table(self.rows)]
        if self.not_covered:
            lines += ["", "Not covered:", *(f"  {sentence}" for sentence in self.not_covered)]
        return "\n".join([*lines, "", self._last_line()])

    def _last_line(self) -> str:
        failed = sum(not row.ok for row in self.judged)
        counted = f"{len(self.judged)} judged, {failed} outside tolerance"
        verdict = "passed" if self.passed else "FAILED"
        if self.worst is None:
            return f"{verdict}: nothing was judged"
        worst = self.worst
        return (
            f"{verdict}: {counted}; worst {worst.deviation:.3g} {worst.unit}".rstrip()
            + f" of {worst.tolerance:.3g} allowed: {worst.case}, {worst.quantity}"
        )


def compare(
    case: str, quantity: str, value: float, expected: float, *, tolerance: float | None, unit: str
) -> Row:
    """A row whose deviation is the absolute difference, in the unit of the figures."""
    return Row(case, quantity, value, expected, abs(value - expected), tolerance, unit)


def compare_relative(
    case: str, quantity: str, value: float, expected: float, tolerance: float | None
) -> Row:
    """A row whose deviation is relative to the expected figure (absolute where that is 0)."""
    scale = abs(expected) or 1.0
    return Row(
        case, quantity, value, expected, abs(value - expected) / scale, tolerance, "relative"
    )


def at_least(case: str, quantity: str, value: float, minimum: float) -> Row:
    """A row that holds when the value is no less than a minimum; the deviation is what lacks."""
    lack = math.nan if math.isnan(value) else max(0.0, minimum - value)
    return Row(case, quantity, value, minimum, lack, 0.0, "below the minimum")


def _table(rows: tuple[Row, ...]) -> list[str]:
    header = ("case", "quantity", "value", "expected", "deviation", "tolerance", "")
    cells = [header, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    return [
        "  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in cells
    ]


def _cells(row: Row) -> tuple[str, str, str, str, str, str, str]:
    tolerance = "-" if row.tolerance is None else f"{row.tolerance:.3g} {row.unit}".rstrip()
    verdict = "" if row.tolerance is None else "ok" if row.ok else "FAILED"
    value, expected = f"{row.value:.7g}", f"{row.expected:.7g}"
    return (row.case, row.quantity, value, expected, f"{row.deviation:.2e}", tolerance, verdict)


def _finite(document: object) -> object:
    """The document with NaN and infinity as null, which is all that JSON has."""
    if isinstance(document, dict):
        return {key: _finite(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_finite(value) for value in document]
    if isinstance(document, float) and not math.isfinite(document):
        return None
    return document
