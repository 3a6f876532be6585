"""The server that a command asks: one that runs elsewhere, or one of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from roadside_client import Client, connect

from roadside_cli.console import errors
from roadside_cli.extras import server_module

ServerOption = Annotated[
    str,
    typer.Option("--server", envvar="ROADSIDE_SERVER", metavar="HOST:PORT", help="Server to ask."),
]
RegionOption = Annotated[
    Path | None,
    typer.Option(
        "--region", metavar="DIR", help="Region to compute in this process, without a server."
    ),
]
DeviceOption = Annotated[str, typer.Option(help="cpu or gpu; with --region.")]
FactorsOption = Annotated[
    str,
    typer.Option(
        metavar="NAME|CSV",
        help="Emission factors: nl-2015, flanders-carvl3 or a table; with --region.",
    ),
]


@dataclass(frozen=True, slots=True)
class Asked:
    """A server's client, and the region itself if the server is in this process."""

    client: Client
    region: Any = None


@contextmanager
def asked_server(
    server: str, region: Path | None, device: str = "cpu", factors: str = "nl-2015"
) -> Iterator[Asked]:
    """The server at an address; with a region's folder one in this process, until the end."""
    if region is None and not server:
        message = "give --server HOST:PORT, or --region DIR to compute here"
        raise typer.BadParameter(message)
    if region is None:
        with connect(server) as client:
            yield Asked(client)
        return
    loaded = _load(region)
    # By its folder, where its noise transfer lies too.
    embedded = server_module("serve").EmbeddedServer([region], device=device, factors=factors)
    with embedded as started, connect(started.address) as client:
        yield Asked(client, loaded)


def _load(folder: Path) -> Any:
    with errors.status(f"reading {folder}"):
        return server_module("region.storage").load_region(folder)
