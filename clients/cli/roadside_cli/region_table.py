"""What a region holds, as a table."""

from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from roadside_cli.extras import server_module


def region_table(region: Any, noise: str = "") -> Group:
    """Contents of a region, how its noise is computed, and what was assumed when it was built."""
    description = server_module("region.describe").describe_region(region)
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in description.lines:
        table.add_row(Text(name, "dim"), Text(value, overflow="fold"))
    if noise:
        table.add_row(Text("noise", "dim"), Text(noise, overflow="fold"))
    return Group(table, *(Text(f"• {sentence}", "dim") for sentence in description.assumptions))
