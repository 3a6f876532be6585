"""What a region holds, as a table."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text


def region_table(region: Any) -> Group:
    """Contents of a region, and under them what was assumed when it was built."""
    table = Table(title=f"regions/{region.name}", title_justify="left", title_style="bold",
                  show_header=False, box=None, padding=(0, 2, 0, 0))  # fmt: skip
    for name, value in _rows(region):
        table.add_row(Text(name, "dim"), Text(value, overflow="fold"))
    return Group(table, *(Text(f"• {sentence}", "dim") for sentence in region.assumptions))


def _rows(region: Any) -> list[tuple[str, str]]:
    roads, weather = region.roads, region.weather
    methods = ", ".join(
        f"{count:,} {name}" for name, count in roads["method"].value_counts().items()
    )
    background = ", ".join(
        f"{name} {_mean(value)}" for name, value in region.background.values.items()
    )
    return [
        ("CRS", region.crs),
        ("emission factors", str(region.year)),
        ("receptors", _receptors(region.receptors)),
        ("roads", f"{len(roads):,} ({methods}), {roads.geometry.length.sum() / 1000:,.1f} km"),
        ("buildings", f"{len(region.buildings):,}"),
        ("trees", f"{len(region.trees):,}"),
        ("street links", f"{len(region.street_links.road):,}"),
        ("wind", f"{len(weather.speed)} sectors, {weather.annual_speed:.1f} m/s"),
        ("background", f"{background} ug/m3"),
        ("content hash", region.content_hash),
    ]


def _receptors(receptors: Any) -> str:
    if not hasattr(receptors, "spacing"):
        return f"{receptors.size:,} points"
    open_cells = receptors.size - int(receptors.masked.sum())
    return (
        f"grid of {receptors.columns:,} x {receptors.rows:,} every {receptors.spacing:g} m, "
        f"{open_cells:,} of them outside buildings and inside the area"
    )


def _mean(value: Any) -> str:
    """A number, or the mean of an array."""
    return f"{float(getattr(value, 'mean', lambda: value)()):.3g}"
