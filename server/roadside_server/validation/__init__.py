"""Comparisons with published figures that anyone can run: ``roadside validate KIND PATH``."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from roadside_server.errors import InvalidInputError
from roadside_server.validation.report import Report

#: Module of every kind; each has ``validate(path, ...) -> Report``.
MODULES = {
    "srm1": "srm1",
    "no2-sectors": "no2_sectors",
    "cimlk": "cimlk",
    "noise-emission": "noise_emission",
    "cnossos": "cnossos",
    "town": "town",
}


def _validator(module: str) -> Callable[..., Report]:
    def validate(*arguments: Any, **options: Any) -> Report:
        # Imported when asked for: each kind compiles its own kernels.
        found = import_module(f"roadside_server.validation.{module}")
        report: Report = found.validate(*arguments, **options)
        return report

    return validate


#: What ``roadside validate`` offers: kind -> function of a path (and options) giving a Report.
KINDS: dict[str, Callable[..., Report]] = {
    kind: _validator(module) for kind, module in MODULES.items()
}


def validator(kind: str) -> Callable[..., Report]:
    """The function of a kind by name."""
    if kind not in KINDS:
        raise InvalidInputError("kind", f"{kind!r}, must be one of {', '.join(KINDS)}")
    return KINDS[kind]
