"""What only some commands need, imported when they run."""

from importlib import import_module
from typing import Any


class MissingExtraError(Exception):
    """A command needs packages that a client alone does not install."""


def server_module(name: str) -> Any:
    """A module of the server, "serve" or "region.storage"."""
    return _module(f"roadside_server.{name}", "server")


def server_library(name: str) -> Any:
    """A library that comes with the server."""
    return _module(name, "server")


def plot_module(name: str) -> Any:
    """A module that needs matplotlib."""
    return _module(f"roadside_cli.{name}", "plot")


def benchmark_module(name: str) -> Any:
    """A module of the benchmarks, which need the server."""
    return _module(f"roadside_cli.benchmarks.{name}", "server")


def _module(name: str, extra: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("roadside"):
            raise
        message = f"{error.name} is not installed: pip install 'roadside[{extra}]'"
        raise MissingExtraError(message) from error
