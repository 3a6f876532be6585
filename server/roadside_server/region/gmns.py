"""Reads the roads of a network by GMNS 0.96, the General Modeling Network Specification.

A folder holds node.csv and link.csv, perhaps with something before their names and .gz behind;
units and CRS are those of config.csv.  Links become rows of a road table, which ``tables.py``
checks further and puts beside other tables of the folder.
"""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.checks import refuse
from roadside_server.region.crs import WGS84
from roadside_server.region.gmns_roads import (
    lanes,
    numbers,
    road_classes,
    speeds,
    two_way,
    undirected,
    with_motors,
)
from roadside_server.region.schema import ROAD_COLUMNS, Float64

ENDINGS = (".csv", ".csv.gz")
NODE_COLUMNS = ("node_id", "x_coord", "y_coord")
LINK_COLUMNS = ("link_id", "from_node_id", "to_node_id")
#: Columns of links that are read here; what a road table does not know of others is told.
NUMBERS = ("float64", "int64")
READ = ("from_node_id", "to_node_id", "facility_type", "free_speed", "directed", "allowed_uses")


def is_gmns(folder: Path) -> bool:
    """Whether a folder holds tables of nodes and links."""
    return bool(_found(folder, "node") and _found(folder, "link"))


def read_gmns(folder: Path) -> tuple[gpd.GeoDataFrame, str, tuple[str, ...]]:
    """The road table of a network, the name of its file of links, and what was assumed.

    Raises
    ------
    InvalidInputError
        A table is missing or damaged, or a cell breaks a rule; names file, row and column.
    """
    nodes, node_file = _table(folder, "node", NODE_COLUMNS)
    links, link_file = _table(folder, "link", LINK_COLUMNS)
    config = (
        _table(folder, "config", ())[0].iloc[0]
        if _found(folder, "config")
        else pd.Series(dtype=object)
    )
    links = links.rename(columns={"link_id": "road_id", "grade": "gradient"})
    links, about_motors = with_motors(_with_numbers(links, link_file))
    lines, about_lines = _lines(links, link_file, nodes, node_file)
    classes, about_classes = road_classes(links)
    speed, about_speed = speeds(links, config.get("speed"), link_file)
    roads = links.assign(road_class=classes, speed=speed, lanes=lanes(links, link_file))
    roads["direction"] = np.where(undirected(links), "both", "forward")
    kept = gpd.GeoDataFrame(roads, geometry=lines, crs=_crs(nodes, node_file, config.get("crs")))
    kept, about_pairs = two_way(kept)
    told = (*about_motors, *about_lines, *about_classes, *about_speed, *about_pairs)
    return kept.drop(columns=[name for name in READ if name in kept]), link_file, told


def _found(folder: Path, table: str) -> list[Path]:
    names = tuple(f"{table}{ending}" for ending in ENDINGS)
    return [path for path in sorted(folder.iterdir()) if path.name.lower().endswith(names)]


def _table(folder: Path, table: str, needed: tuple[str, ...]) -> tuple[pd.DataFrame, str]:
    """A table of text, NaN where a cell is empty, and its file; its first column is a key."""
    found = _found(folder, table)
    rule = f"{len(found)} files {', '.join(path.name for path in found)}, must be 1"
    require(len(found) == 1, f"{folder.name}: {table}.csv", rule)
    path = found[0]
    try:
        cells = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    except (OSError, ValueError, EOFError) as error:
        raise InvalidInputError(f"file {path}", f"cannot be read: {error}") from error
    require(len(cells) > 0, path.name, "holds no rows")
    for column in needed:
        require(column in cells, f"{path.name}: {column}", "the column is missing")
        refuse(cells, cells[column].isna(), column, "must not be empty", path.name)
    for key in needed[:1]:
        refuse(cells, cells[key].duplicated(), key, "must be unique", path.name)
    return cells, path.name


def _lines(
    links: pd.DataFrame, link_file: str, nodes: pd.DataFrame, node_file: str
) -> tuple[gpd.GeoSeries, tuple[str, ...]]:
    """The line of each link, from its first node to its second; straight where none is told."""
    first, last = _ends(links, link_file, nodes, node_file)
    told = links.get("geometry", pd.Series(np.nan, index=links.index))
    absent = told.isna().to_numpy()
    loops = absent & (links["from_node_id"] == links["to_node_id"]).to_numpy()
    rule = "must not be from_node_id where geometry is empty"
    refuse(links, loops, "to_node_id", rule, link_file)
    straight = shapely.linestrings(np.stack([first, last], axis=1))
    lines = gpd.GeoSeries(straight, index=links.index)
    lines[~absent] = _drawn(told[~absent], links[~absent], first[~absent], link_file)
    if not absent.any():
        return lines, ()
    return lines, (f"{absent.mean():.0%} of the links are straight lines between their nodes.",)


def _ends(
    links: pd.DataFrame, link_file: str, nodes: pd.DataFrame, node_file: str
) -> list[Float64]:
    """Places (n, 2) of the first and the second node of each link."""
    x, y = (_coordinates(nodes, column, node_file) for column in ("x_coord", "y_coord"))
    rows = pd.Series(np.arange(len(nodes)), index=nodes["node_id"].to_numpy())
    ends = []
    for column in ("from_node_id", "to_node_id"):
        row = links[column].map(rows)
        refuse(links, row.isna(), column, f"must be a node_id of {node_file}", link_file)
        ends.append(np.column_stack([x, y])[row.to_numpy(np.intp)])
    return ends


def _drawn(told: pd.Series, links: pd.DataFrame, first: Float64, name: str) -> NDArray[np.object_]:
    """Lines that are told as WKT, from the links' first nodes (n, 2)."""
    lines = shapely.from_wkt(told.to_numpy(object), on_invalid="ignore")
    wrong = shapely.get_type_id(lines) != shapely.GeometryType.LINESTRING
    refuse(links, wrong, "geometry", "must be a LINESTRING in WKT", name)
    lines, start = shapely.force_2d(lines), shapely.points(first)
    # One line may be drawn for both ways of a road.
    from_start, from_end = (shapely.distance(shapely.get_point(lines, i), start) for i in (0, -1))
    return np.asarray(np.where(from_end < from_start, shapely.reverse(lines), lines))


def _with_numbers(links: pd.DataFrame, name: str) -> pd.DataFrame:
    """The links with whatever numbers a road table has read as such; level where they tell none."""
    columns = [column for column, kind in ROAD_COLUMNS.items() if kind in NUMBERS]
    read = {column: numbers(links, column, name) for column in columns if column in links}
    if "gradient" in read:
        read["gradient"] = read["gradient"].fillna(0.0)
    return links.assign(**read)


def _coordinates(nodes: pd.DataFrame, column: str, name: str) -> Float64:
    numbers = pd.to_numeric(nodes[column], errors="coerce").to_numpy(np.float64)
    refuse(nodes, ~np.isfinite(numbers), column, "must be a number", name)
    return numbers


def _crs(nodes: pd.DataFrame, name: str, told: object) -> str:
    """What config.csv says; degrees tell themselves."""
    if isinstance(told, str):
        return told
    x, y = (_coordinates(nodes, column, name) for column in ("x_coord", "y_coord"))
    degrees = np.abs(x).max() <= 180.0 and np.abs(y).max() <= 90.0  # noqa: PLR2004 - degrees
    require(bool(degrees), f"{name}: crs", "coordinates in metres need a config.csv that names it")
    return WGS84
