"""Propagation beside published cases: ISO/TR 17534-4:2020, and the program of JRC-2012."""

from pathlib import Path

from roadside_server.errors import InvalidInputError
from roadside_server.validation import cnossos_iso, cnossos_jrc
from roadside_server.validation.report import Report


def validate(path: Path) -> Report:
    """Compare every path of the cases in a folder; its files say which cases they are."""
    path = Path(path)
    jrc = (path / cnossos_jrc.CASES).exists() and not (path / cnossos_iso.PROFILES).exists()
    try:
        return cnossos_jrc.validate(path) if jrc else cnossos_iso.validate(path)
    except KeyError as missing:
        raise InvalidInputError("path", f"{path}: lacks {missing}") from missing
