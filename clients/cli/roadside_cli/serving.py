"""``roadside serve``."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import typer

from roadside_cli.console import errors
from roadside_cli.extras import server_module

app = typer.Typer()


@app.command()
def serve(
    regions: Annotated[
        list[Path], typer.Argument(help="Folders of regions, or folders that hold some.")
    ],
    *,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0: all.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: any free one.")] = 50051,
    results: Annotated[Path, typer.Option(help="Folder where results are kept.")] = Path("results"),
    results_budget: Annotated[
        float, typer.Option(help="GiB; the oldest results make room.")
    ] = 10.0,
    memory_budget: Annotated[
        float | None,
        typer.Option(help="GiB for regions and their sums; by default 60 % of the memory."),
    ] = None,
    preload: Annotated[
        float | None,
        typer.Option(
            help="Sum up the traffic of all regions before serving, with this tolerance; 0: formal."
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, gpu, or several: gpu:0,gpu:1.")] = "cpu",
    queue: Annotated[int, typer.Option(help="Requests that may wait for the device.")] = 16,
    reflection: Annotated[
        bool, typer.Option(help="Tell clients of the services and messages.")
    ] = False,
    factors: Annotated[
        str,
        typer.Option(
            metavar="NAME|CSV", help="Emission factors: nl-2015, flanders-carvl3 or a table."
        ),
    ] = "nl-2015",
    cnossos_edition: Annotated[
        str, typer.Option(help="Tables of sound power: 2021 or 2015.")
    ] = "2021",
    grace: Annotated[
        float, typer.Option(help="Seconds for running calls to finish after SIGTERM.")
    ] = 30.0,
) -> None:
    """Serve regions over gRPC until SIGTERM or Ctrl-C."""
    settings, catalogue = server_module("settings"), server_module("service.catalogue")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    chosen = settings.Settings(
        regions=tuple(folder for given in regions for folder in catalogue.region_folders(given)),
        results=results,
        address=f"{host}:{port}",
        results_budget=int(results_budget * settings.GIBIBYTE),
        memory_budget=settings.memory_budget_of(memory_budget),
        preload=preload,
        device=device,
        limits=settings.Limits(queued=queue),
        reflection=reflection,
        factors=factors,
        cnossos_edition=cnossos_edition,
        grace=grace,
    )
    ready = f"[bold]roadside[/] is ready at {host}:"
    asyncio.run(
        server_module("serve").serve(
            chosen, lambda port: errors.print(f"{ready}{port}", highlight=False)
        )
    )
