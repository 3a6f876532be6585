"""``roadside demo``: a real street of Helsinki is closed, on any machine, without any input."""

from pathlib import Path
from typing import Annotated

import typer
from roadside_client import read_scenario_file

from roadside_cli.computing import compute
from roadside_cli.console import results as output
from roadside_cli.extras import plot_module
from roadside_cli.region import EXAMPLE, built_region
from roadside_cli.region_noise import told_noise, traced_region
from roadside_cli.region_table import region_table
from roadside_cli.servers import DeviceOption, asked_server

#: Coarser than the defaults: a minute or two on two cores.
NOISE = {"reach": 400.0, "spacing": 8.0}
SCENARIO = Path(__file__).parent / "examples" / "helsinki_closure.yaml"

app = typer.Typer()


@app.command()
def demo(
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write to.")] = Path("demo"),
    spacing: Annotated[float, typer.Option(help="Spacing (m) of the grid.")] = 1.0,
    device: DeviceOption = "cpu",
) -> None:
    """Build central Helsinki, close a street and make a 30 km/h zone, save and draw the result."""
    plot_module("picture")
    region = out / EXAMPLE
    built = built_region(EXAMPLE, region, EXAMPLE, {"spacing": spacing})
    output.print("tracing sound among the buildings, every 8 m and to 400 m: soon done")
    traced_region(built, region, NOISE)
    output.print(region_table(built, told_noise(built, region)))
    with asked_server("", region, device) as asked:
        scenario = read_scenario_file(SCENARIO)
        compute(asked, scenario, out / "closure.zarr", out / "closure.png", overwrite=True)
