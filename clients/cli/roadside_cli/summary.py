"""The summary of a run as tables: what changes, what exceeds a limit, what to bear in mind."""

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from roadside.v1.scenario_pb2 import Output, Quantity
from roadside.v1.scenario_service_pb2 import QuantitySummary, Statistics, Summary

NAMES = {
    "no2": "NO2", "nox": "NOx", "pm10": "PM10", "pm25": "PM2.5", "ec": "EC",
    "pm10_days": "PM10 > 50", "lden": "Lden", "lday": "Lday", "levening": "Levening",
    "lnight": "Lnight", "laeq": "LAeq",
}  # fmt: skip
UNITS = {"ug/m3": "µg/m³", "days": "days a year"}
#: Levels with people in bands of 5 dB, and people harmed, by the name of the field.
LEVELS = {"Lden": "lden", "Lnight": "lnight"}
HARMED = {"highly annoyed": "highly_annoyed", "sleep highly disturbed": "highly_sleep_disturbed"}
HEADINGS = (
    "baseline\nmean", "\nmax", "scenario\nmean", "\nmax", "change\nmean", "\nlowest", "\nhighest",
    "better\nreceptors", "worse\nreceptors",
)  # fmt: skip


def summary_tables(summary: Summary) -> list[Table]:
    """Statistics of every quantity; receptors above limits and people exposed, where any are."""
    tables = (_limits(summary), _exposures(summary))
    return [_statistics(summary), *(table for table in tables if table.row_count)]


def caveat_list(summary: Summary) -> Group:
    """The caveats, re-routing first and not to be missed, each in a paragraph."""
    known = sorted(summary.caveats, key=lambda text: not text.startswith("no re-routing"))
    style = {True: "bold yellow", False: "dim"}
    return Group(
        *(
            Padding(Text(f"• {text}", style[text.startswith("no re-routing")]), (0, 1))
            for text in known
        )
    )


def _statistics(summary: Summary) -> Table:
    title = (
        f"{summary.receptors:,} receptors, {summary.pairs:.3g} pairs of road piece and receptor, "
        f"{summary.seconds:.3g} s"
    )
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    table.add_column("quantity", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for quantity in summary.quantities:
        table.add_row(*_row(quantity))
    return table


def _row(quantity: QuantitySummary) -> list[str]:
    has_change = quantity.HasField("difference")
    counts = (f"{n:,}" if has_change else "" for n in (quantity.better, quantity.worse))
    return [
        f"{_name(quantity)} ({UNITS.get(quantity.unit, quantity.unit)})",
        *_figures(quantity.baseline, ("mean", "maximum"), ".2f"),
        *_figures(quantity.scenario, ("mean", "maximum"), ".2f"),
        *_figures(quantity.difference, ("mean", "minimum", "maximum"), "+.2f"),
        *counts,
    ]


def _figures(statistics: Statistics, names: tuple[str, ...], form: str) -> list[str]:
    """Statistics by name; blank where there are none."""
    if not statistics.receptors:
        return [""] * len(names)
    return [f"{getattr(statistics, name):{form}}" for name in names]


def _limits(summary: Summary) -> Table:
    """Receptors above each reference value, before and after."""
    table = Table(title="receptors above reference values", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("quantity")
    table.add_column("reference")
    for heading in ("value", "baseline", "scenario"):
        table.add_column(heading, justify="right")
    for quantity in summary.quantities:
        before = {(e.reference, e.value): e.receptors for e in quantity.baseline.exceedances}
        after = {(e.reference, e.value): e.receptors for e in quantity.scenario.exceedances}
        unit = UNITS.get(quantity.unit, quantity.unit)
        for reference, value in before | after:
            counts = (side.get((reference, value)) for side in (before, after))
            shown = ("" if count is None else f"{count:,}" for count in counts)
            table.add_row(_name(quantity), reference, f"{value:g} {unit}", *shown)
    return table


def _exposures(summary: Summary) -> Table:
    """People by band of noise at their homes' loudest facades, and those harmed."""
    states = {Output.Name(e.output).removeprefix("OUTPUT_").lower(): e
              for e in summary.noise_exposures}  # fmt: skip
    table = Table(title="people exposed to road noise", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("at home")
    for state in states:
        table.add_column(state, justify="right")
    if not states:
        return table
    for name, field in LEVELS.items():
        for row in zip(*(getattr(e, field) for e in states.values()), strict=True):
            table.add_row(f"{name} from {row[0].level:g} dB", *(f"{b.people:,.0f}" for b in row))
    for name, field in HARMED.items():
        table.add_row(name, *(f"{getattr(e, field):,.0f}" for e in states.values()))
    shares = (f"{e.ihd_fraction:.2%}" for e in states.values())
    table.add_row("ischaemic heart disease due to it", *shares)
    table.caption = f"{next(iter(states.values())).people:,.0f} people in all"
    return table


def _name(quantity: QuantitySummary) -> str:
    name = Quantity.Name(quantity.quantity).removeprefix("QUANTITY_").lower()
    return NAMES.get(name, name)
