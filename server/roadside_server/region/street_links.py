"""Which streets (SRM1) act on which receptor.

A street acts on a receptor once, from the nearest point of its axis, if that is within the range
of the street type, the receptor is abreast of the street (not beyond its end) and no building
stands on the straight line between them.  A street is a chain of roads (``street_chains.py``); the
carriageways of a dual carriageway are two.  Distances are kept as they are: the formula clamps
them.  What lies above or below (a street under a bridge) counts as if it were level; tunnels are
no streets.
"""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from roadside_kernels.air.visibility import (
    Axes,
    CellGrid,
    Lines,
    index_lines,
    trace_links,
)

from roadside_server.region.schema import Float64, Grid, Points, StreetLinkTable
from roadside_server.region.street_chains import chain_streets

#: Greatest distance (m) to the axis at which each street type holds (0: no street).
REACH = np.array([0.0, 60.0, 30.0, 30.0, 60.0])
#: Edge (m) of the cells of both grids, and how many cells are enough: above, cells grow.
CELL = 20.0
MOST_CELLS = 4_000_000


class _Scene(NamedTuple):
    """Everything between streets and receptors, metres from a corner near by."""

    axes: Axes
    axis_grid: CellGrid
    walls: Lines
    wall_grid: CellGrid


def find_street_links(
    roads: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, receptors: Grid | Points
) -> StreetLinkTable:
    """Streets within range and sight of every receptor; roads as classified, projected (m)."""
    x, y, masked = _places(receptors)
    corner = np.array([x.min(), y.min()]) if x.size else np.zeros(2)
    x, y = x - corner[0], y - corner[1]
    scene = _scene(roads, buildings, corner, x, y)
    count = np.zeros(x.size, np.int64)
    unknown, road, distance = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)
    trace_links(x, y, masked, *scene, count, unknown, road, distance)
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(count)])
    road, distance = np.empty(int(start[-1]), np.int32), np.empty(int(start[-1]), np.float32)
    trace_links(x, y, masked, *scene, count, start[:-1], road, distance)
    street_type = roads["street_type"].to_numpy(np.int8)[road]
    tree_factor = roads["tree_factor"].to_numpy(np.float32)[road]
    return StreetLinkTable(start, road, distance, street_type, tree_factor)


def _places(receptors: Grid | Points) -> tuple[Float64, Float64, NDArray[np.bool_]]:
    """Coordinates (m) of all receptors, and which are masked."""
    if isinstance(receptors, Points):
        return receptors.x, receptors.y, np.zeros(receptors.size, dtype=bool)
    x = receptors.west + receptors.spacing * np.arange(receptors.columns)
    y = receptors.south + receptors.spacing * np.arange(receptors.rows)
    columns, rows = np.meshgrid(x, y)
    return columns.ravel(), rows.ravel(), receptors.masked.ravel()


def _scene(
    roads: gpd.GeoDataFrame, buildings: gpd.GeoDataFrame, corner: Float64, x: Float64, y: Float64
) -> _Scene:
    # One step beyond the last receptor, which would else stand on the edge of the grid.
    east, north = (float(places.max(initial=0.0)) + 1.0 for places in (x, y))
    reach = float(REACH.max())
    axes = street_axes(roads, corner)
    walls = _lines(shapely.boundary(buildings.geometry.to_numpy()), corner)[0]
    size = max(CELL, float(np.sqrt(east * north / MOST_CELLS)))
    wall_box = (-reach, -reach, east + reach, north + reach)
    walls = _within(walls, wall_box)
    return _Scene(
        axes,
        index_lines(Lines(*axes[:4]), reach, (0.0, 0.0, east, north), size),
        walls,
        index_lines(walls, 0.0, wall_box, size),
    )


def street_axes(roads: gpd.GeoDataFrame, corner: Float64) -> Axes:
    """Segments of all streets, street by street, with the free ends of each."""
    streets = ((roads["method"] == "srm1") & ~roads["tunnel"].astype(bool)).to_numpy(bool)
    rows = np.flatnonzero(streets)
    rows = rows[np.argsort(roads["street"].to_numpy(np.int64)[rows], kind="stable")]
    chain = roads["street"].to_numpy(np.int64)[rows]
    continues = chain_streets(roads.iloc[rows], chain).continues
    line, road = _lines(roads.geometry.to_numpy()[rows], corner)
    first = np.append(True, road[1:] != road[:-1])[: road.size]
    last = np.append(road[1:] != road[:-1], True)[-road.size :] if road.size else first
    return Axes(
        *line,
        chain[road],
        rows[road].astype(np.int32),
        REACH[roads["street_type"].to_numpy(np.int64)[rows[road]]],
        first & ~continues[road, 0],
        last & ~continues[road, 1],
    )


def _lines(shapes: NDArray[np.object_], corner: Float64) -> tuple[Lines, NDArray[np.int64]]:
    """The straight segments of lines (m from a corner), and the row of the line of each."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    places, part = shapely.get_coordinates(parts, return_index=True)
    places = places - corner
    joined = (part[1:] == part[:-1]) & np.any(places[1:] != places[:-1], axis=1)
    begin, finish = places[:-1][joined], places[1:][joined]
    columns = (begin[:, 0], begin[:, 1], finish[:, 0], finish[:, 1])
    return Lines(*(np.ascontiguousarray(c) for c in columns)), row[part[:-1][joined]]


def _within(lines: Lines, box: tuple[float, float, float, float]) -> Lines:
    """The segments whose bounding box touches a box (m; west, south, east, north)."""
    west, south, east, north = box
    beside = (np.maximum(lines.x0, lines.x1) < west) | (np.minimum(lines.x0, lines.x1) > east)
    above = (np.maximum(lines.y0, lines.y1) < south) | (np.minimum(lines.y0, lines.y1) > north)
    kept = ~(beside | above)
    return Lines(*(values[kept] for values in lines))
