"""``roadside region noise``: how sound spreads in a region is traced once and kept with it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from roadside_cli.console import errors
from roadside_cli.console import results as output
from roadside_cli.extras import server_module

app = typer.Typer()


@app.command()
def noise(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a region.")],
    *,
    reach: Annotated[
        float | None, typer.Option(help="Distance (m) to which roads are heard; 800 by default.")
    ] = None,
    order: Annotated[
        int | None, typer.Option(help="Order of reflections, 0 or 1; 1 by default.")
    ] = None,
    search: Annotated[
        float | None,
        typer.Option(help="Distance (m) from a road to walls that reflect; 50 by default."),
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="dB that pruning may leave out; 0.1 by default.")
    ] = None,
    headroom: Annotated[
        float | None,
        typer.Option(help="Times its power that a road may have for that to hold; 2 by default."),
    ] = None,
    spacing: Annotated[
        float | None, typer.Option(help="Distance (m) between points of noise; 4 by default.")
    ] = None,
    sources: Annotated[
        str | None,
        typer.Option(
            metavar="road|direction|lane",
            help="What has a line source of its own: a road, in its axis, by default.",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or gpu, that traces.")] = "cpu",
) -> None:
    """Trace sound among a region's buildings; goes on where it was stopped."""
    asked = {
        "reach": reach, "order": order, "search": search, "tolerance": tolerance,
        "headroom": headroom, "spacing": spacing, "sources": sources,
    }  # fmt: skip
    given = {name: value for name, value in asked.items() if value is not None}
    region = server_module("region.storage").load_region(folder)
    output.print(transfer_line(traced_region(region, folder, given, device)), highlight=False)


def traced_region(region: Any, folder: Path, given: dict[str, Any], device: str = "cpu") -> Any:
    """Manifest of the transfer of a region, traced into its folder with the settings given."""
    building = server_module("computation.transfer.building")
    tracing = server_module("computation.transfer.tracing")
    checked = server_module("computation.device").checked_device
    settings = server_module("computation.transfer.settings").TransferSettings(**given)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=errors, transient=True) as bar:
        task = bar.add_task("tracing sound", total=1.0)

        def show(share: float) -> None:
            bar.update(task, completed=share)

        trace = tracing.tracer(region, checked(device))
        return building.build_transfer(region, folder, settings, trace, progress=show)


def told_noise(region: Any, folder: Path) -> str:
    """How the noise of a region in a folder is computed."""
    opened = server_module("computation.transfer.opening").open_transfer(region, folder)
    if opened.note:
        return str(opened.note)
    return transfer_line(opened.transfer.manifest if opened.transfer is not None else None)


def transfer_line(manifest: Any) -> str:
    """What a transfer is and takes."""
    if manifest is None:
        return "flat ground: `roadside region noise` traces sound among buildings"
    return (
        f"{manifest.settings.words}; {manifest.points:,} points, {manifest.lines:,} lines of road, "
        f"{manifest.bytes / 2**20:,.1f} MiB, {manifest.bytes_per_receptor:,.0f} bytes a receptor"
    )
