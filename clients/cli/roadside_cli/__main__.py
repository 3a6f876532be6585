"""The commands of ``roadside``, and the one place where errors become a line and an exit code."""

import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer
from roadside_client import RoadsideClientError, ScenarioFileError
from typer.core import TyperGroup

from roadside_cli.benching import app as benching
from roadside_cli.computing import app as computing
from roadside_cli.console import errors
from roadside_cli.demo import app as demo
from roadside_cli.extras import MissingExtraError
from roadside_cli.health import app as health
from roadside_cli.hearing import app as hearing
from roadside_cli.region import app as region
from roadside_cli.serving import app as serving
from roadside_cli.validating import app as validating

#: Exit code of a command that was refused or failed.
REFUSED = 2


class PlainErrors(TyperGroup):
    """Commands whose expected errors are one line, without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit with 2 on an error that its message explains."""
        try:
            return super().invoke(ctx)
        except _expected() as error:
            errors.print(f"[bold red]error:[/] {_line(error)}", highlight=False, soft_wrap=True)
            raise typer.Exit(REFUSED) from error


def _expected() -> tuple[type[Exception], ...]:
    """Errors on purpose; the server's own only where it has been imported."""
    server = sys.modules.get("roadside_server.errors")
    own = (RoadsideClientError, ScenarioFileError, MissingExtraError, OSError)
    return own if server is None else (*own, server.RoadsideError)


def _line(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()).replace("[", r"\[")


app = typer.Typer(
    cls=PlainErrors,
    help="Traffic what-ifs as maps of air quality and road noise.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for commands in (serving, health, computing, hearing, validating, demo, benching):
    app.add_typer(commands)
app.add_typer(region, name="region", help="Build regions and look at them.")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"roadside {version('roadside')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
