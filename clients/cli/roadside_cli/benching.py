"""``roadside bench``: named workloads with fixed seeds, as tables and as JSON."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from roadside_cli.console import errors
from roadside_cli.console import results as output
from roadside_cli.extras import benchmark_module

#: Where reference data lie beside a checkout.
DATA = Path("../shared/data")

app = typer.Typer()


@app.command()
def bench(
    names: Annotated[
        list[str] | None, typer.Argument(help="pairs, B1, B1n, B2, B3, B4, B5, B6, B7; none: all.")
    ] = None,
    *,
    device: Annotated[str, typer.Option(help="cpu or gpu.")] = "cpu",
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Reference data; absent: generated twins.")
    ] = DATA,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of results to compare and replace.")
    ] = None,
    tolerance: Annotated[
        float | None, typer.Option(help="Relative error that interactive runs may make.")
    ] = None,
    repeats: Annotated[int | None, typer.Option(min=1, help="Runs of each kind.")] = None,
    sample: Annotated[
        float | None,
        typer.Option(min=0, help="Seconds that formal runs of sampled tiles may take."),
    ] = None,
    quick: Annotated[bool, typer.Option(help="Tiny generated twins, in seconds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Only JSON: one line, last.")] = False,
) -> None:
    """Measure speed, memory and exactness of named workloads."""
    bench = benchmark_module("suite")
    chosen = bench.chosen(names or [])
    plan = bench.Plan(
        device=bench.checked_device(device),
        data=data if data.is_dir() and not quick else None,
        results=out,
        scale=bench.scale(quick=quick, tolerance=tolerance, repeats=repeats, sample=sample),
    )
    found: dict[str, Any] = {}
    for name in chosen:
        with errors.status(name) as status:
            found[name] = bench.benchmark(name, plan, status.update)
        if not as_json:
            for table in bench.tables(found[name]):
                output.print(table)
    if as_json:
        only = found[chosen[0]] if len(chosen) == 1 else found
        typer.echo(json.dumps(only))
