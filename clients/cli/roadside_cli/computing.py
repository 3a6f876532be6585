"""``roadside run``, ``estimate`` and ``results``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from roadside.v1.scenario_pb2 import Scenario
from roadside.v1.scenario_service_pb2 import Summary
from roadside_client import ResultFolder, Run, open_result, read_scenario_file

from roadside_cli.console import results as output
from roadside_cli.extras import plot_module
from roadside_cli.progress import followed
from roadside_cli.servers import (
    Asked,
    DeviceOption,
    FactorsOption,
    RegionOption,
    ServerOption,
    asked_server,
)
from roadside_cli.summary import caveat_list, summary_tables

app = typer.Typer()
ScenarioArgument = Annotated[
    Path, typer.Argument(metavar="SCENARIO", help="Scenario in YAML or JSON.")
]


@app.command()
def run(
    scenario: ScenarioArgument,
    *,
    out: Annotated[Path | None, typer.Option(help="Zarr store to write.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Picture to draw: PNG, PDF or SVG.")] = None,
    server: ServerOption = "",
    region: RegionOption = None,
    device: DeviceOption = "cpu",
    factors: FactorsOption = "nl-2015",
    overwrite: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
) -> None:
    """Compute a scenario; show its summary, save its result, draw a picture."""
    message = read_scenario_file(scenario)
    refuse_existing([path for path in (out, plot) if path], overwrite=overwrite)
    if plot:
        plot_module("picture")
    with asked_server(server, region, device, factors) as asked:
        result = compute(asked, message, out, plot, overwrite=overwrite)
    if server and not out and not region:
        output.print(f"kept on {server} as {result}", highlight=False)


@app.command()
def estimate(
    scenario: ScenarioArgument,
    server: ServerOption = "",
    region: RegionOption = None,
    device: DeviceOption = "cpu",
    factors: FactorsOption = "nl-2015",
) -> None:
    """Say what a scenario would cost, without computing it."""
    message = read_scenario_file(scenario)
    with asked_server(server, region, device, factors) as asked:
        cost = asked.client.estimate(message)
    output.print(
        f"{cost.receptors:,} receptors in {cost.tiles:,} tiles, {cost.pieces:,} pieces of road, "
        f"{cost.pairs:.3g} pairs: about {cost.seconds:.3g} s, {cost.bytes / 2**20:,.1f} MiB",
        highlight=False,
    )


@app.command("results")
def list_results(server: ServerOption = "127.0.0.1:50051") -> None:
    """List the results that a server still holds, newest first."""
    table = Table("result", "region", "title", "made (UTC)", "MiB", box=None)
    with asked_server(server, None) as asked:
        for result in asked.client.results():
            made = datetime.fromtimestamp(result.created_at, UTC).strftime("%Y-%m-%d %H:%M")
            size = f"{result.bytes / 2**20:,.1f}"
            table.add_row(result.name, result.region, result.title, made, size)
    output.print(table)


def compute(
    asked: Asked, scenario: Scenario, out: Path | None, plot: Path | None, *, overwrite: bool
) -> str:
    """Name of the result of a scenario, after its summary was shown and its files written."""
    with asked.client.run(scenario) as running:
        _receive(running, out, overwrite=overwrite)
        summary = running.finish()
    _show(summary)
    if plot:
        _draw(asked, scenario, summary, plot)
    for path in filter(None, (out, plot)):
        output.print(f"wrote {path}", highlight=False)
    return summary.result


def refuse_existing(paths: list[Path], *, overwrite: bool) -> None:
    """Refuse before any work what would replace a file or folder unasked."""
    for path in paths:
        if path.exists() and not overwrite:
            message = f"{path} exists already; --overwrite replaces it"
            raise FileExistsError(message)


def _receive(running: Run, out: Path | None, *, overwrite: bool) -> None:
    """Read a run to its end, and write what comes."""
    if out is None:
        for _ in followed(running):
            pass
        return
    with ResultFolder(out, overwrite=overwrite) as folder:
        folder.write_all(followed(running))


def _show(summary: Summary) -> None:
    for table in summary_tables(summary):
        output.print(table)
    output.print(caveat_list(summary))


def _draw(asked: Asked, scenario: Scenario, summary: Summary, plot: Path) -> None:
    features = plot_module("drawn_features").drawn_features(asked, scenario)
    with open_result(asked.client, summary.result) as result:
        plot_module("picture").save_picture(result, plot, features, tuple(summary.caveats))
