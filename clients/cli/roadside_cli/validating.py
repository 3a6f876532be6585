"""``roadside validate``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from roadside_cli.extras import server_module

OUTSIDE_TOLERANCE = 1

app = typer.Typer()


@app.command()
def validate(
    kind: Annotated[
        str, typer.Argument(help="srm1, no2-sectors, cimlk, noise-emission or cnossos.")
    ],
    path: Annotated[Path, typer.Argument(help="File or folder of the published cases.")],
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    fit_factors: Annotated[
        bool, typer.Option(help="cimlk: find the emission factors that the results imply.")
    ] = False,
    factors: Annotated[
        Path | None, typer.Option(metavar="CSV", help="cimlk: emission factors to use.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="cimlk: year of the emission factors.")] = None,
    wind_speed: Annotated[
        float | None, typer.Option(help="cimlk: annual mean wind speed (m/s).")
    ] = None,
) -> None:
    """Compare with published cases: exits with 0 if all are within tolerance, else with 1.

    The last line printed holds the worst figure.
    """
    validator = server_module("validation").validator(kind)
    options = {
        "fit_factors": fit_factors,
        "factors": factors,
        "year": year,
        "wind_speed": wind_speed,
    }
    report = validator(path, **_given(options, kind))
    typer.echo(_one_line(report.as_json()) if as_json else report.as_text())
    if not report.passed:
        raise typer.Exit(OUTSIDE_TOLERANCE)


def _one_line(document: str) -> str:
    """JSON in one line, so that the last line printed holds the worst figure here too."""
    return json.dumps(json.loads(document))


def _given(options: dict[str, Any], kind: str) -> dict[str, Any]:
    """The options that were given, which only one kind takes."""
    given = {name: value for name, value in options.items() if value}
    if given and kind != "cimlk":
        names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        message = f"{names}: only for the kind cimlk"
        raise typer.BadParameter(message)
    return given
