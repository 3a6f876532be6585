"""``roadside heard``: which roads are heard at a place."""

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from roadside.v1.scenario_service_pb2 import ReceptorContributions
from roadside_client import read_scenario_file

from roadside_cli.console import results as output
from roadside_cli.servers import (
    DeviceOption,
    FactorsOption,
    RegionOption,
    ServerOption,
    asked_server,
)

app = typer.Typer()


@app.command()
def heard(
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO", help="Scenario in YAML or JSON.")],
    at: Annotated[
        tuple[float, float], typer.Option(metavar="X Y", help="Place (m, the region's CRS).")
    ],
    *,
    roads: Annotated[int, typer.Option(min=1, help="Roads to list.")] = 20,
    server: ServerOption = "",
    region: RegionOption = None,
    device: DeviceOption = "cpu",
    factors: FactorsOption = "nl-2015",
) -> None:
    """List the roads that are heard at a place with a scenario's traffic, the loudest first."""
    message = read_scenario_file(scenario)
    with asked_server(server, region, device, factors) as asked:
        (receptor,) = asked.client.contributions(message, [at], roads)
    output.print(_table(receptor))
    for caveat in receptor.caveats:
        output.print(f"- {caveat}")


def _table(receptor: ReceptorContributions) -> Table:
    place = f"{receptor.receptor.x:.1f}, {receptor.receptor.y:.1f}"
    title = f"at {place}: Lden {receptor.lden:.1f} dB(A), Lnight {receptor.lnight:.1f} dB(A)"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD)
    for heading in ("road", "street"):
        table.add_column(heading)
    for heading in ("Lden", "Lday", "Levening", "Lnight", "share"):
        table.add_column(heading, justify="right")
    for road in receptor.roads:
        levels = (road.lden, road.lday, road.levening, road.lnight)
        shown = (f"{level:.1f}" for level in levels)
        table.add_row(road.road_id, road.street, *shown, f"{road.share:.1%}")
    return table
