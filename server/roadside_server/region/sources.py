"""Which reader a source is for."""

from pathlib import Path

from roadside_server.errors import require
from roadside_server.region.build import RegionInput
from roadside_server.region.cimlk import read_cimlk
from roadside_server.region.osm import read_osm
from roadside_server.region.tables import read_tables

#: Endings of OpenStreetMap files.
OSM_ENDINGS = (".pbf", ".osm", ".osm.gz", ".osm.bz2")


def read_source(path: Path) -> RegionInput:
    """What a source says: told by its name: an OpenStreetMap extract, a CIMLK folder, or tables.

    Raises
    ------
    InvalidInputError
        The source is missing, damaged or breaks a rule.
    """
    require(path.exists(), "source", f"{path} does not exist")
    if path.name.lower().endswith(OSM_ENDINGS):
        return read_osm(path)
    if path.is_dir() and any(path.glob("Wegdelen.csv*")):
        return read_cimlk(path)
    return read_tables(path)
