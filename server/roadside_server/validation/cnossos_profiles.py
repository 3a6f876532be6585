"""Cut profiles of ISO/TR 17534-4:2020, as the kernels take them."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.edges import EDGE, GROUND, Profile
from roadside_kernels.noise.lateral import lateral_difference
from roadside_kernels.noise.ways_around import Detour
from roadside_kernels.physics import in_double

from roadside_server.validation.cnossos_paths import Wall

Point = Mapping[str, Any]
#: Points of the ground's polyline and where the ground factor changes: (x, z, g after, kind).
Vertex = tuple[float, float, float, int]


def read_profile(document: Mapping[str, Any]) -> Profile:
    """A cut profile; walls become vertical stretches, roofs have ground factor 0."""
    points: Sequence[Point] = document["points"]
    vertices = [vertex for point in _outside(points) for vertex in _vertices(point)]
    x, z, g, kind = map(np.array, zip(*vertices, strict=True))
    z_s, z_r = float(points[0]["z"]), float(points[-1]["z"])
    return Profile(x, z, g, kind.astype(np.int32), z_s, z_r)


def _outside(points: Sequence[Point]) -> Iterator[Point]:
    """The points that no roof covers."""
    covered = False
    for point in points:
        kind = point.get("kind")
        if not covered or kind == "BUILDING_EXIT":
            yield point
        covered = kind == "BUILDING_ENTER" or (covered and kind != "BUILDING_EXIT")


def _vertices(point: Point) -> list[Vertex]:
    x, foot, g = float(point["s"]), float(point["z_ground"]), float(point["G_after"])
    if point["type"] != "Wall":
        return [(x, foot, g, EDGE if point["type"] == "Topography" else GROUND)]
    top = float(point["z"])
    if point["kind"] == "BUILDING_ENTER":
        return [(x, foot, 0.0, GROUND), (x, top, 0.0, EDGE)]
    if point["kind"] == "BUILDING_EXIT":
        return [(x, top, 0.0, EDGE), (x, foot, g, GROUND)]
    return [(x, foot, g, GROUND), (x, top, g, EDGE), (x, foot, g, GROUND)]


def read_walls(document: Mapping[str, Any]) -> list[Wall]:
    """Walls that a path is reflected by; their tops may slope."""
    found = (point for point in document["points"] if point["type"] == "Reflection")
    return [
        Wall(
            float(point["s"]),
            _top_at(point),
            np.broadcast_to(np.array(point["alpha"], float), len(BANDS)),
        )
        for point in found
    ]


def _top_at(point: Point) -> float:
    (x0, y0, z0), (x1, y1, z1) = point["wall"]
    length = math.hypot(x1 - x0, y1 - y0)
    share = math.hypot(point["x"] - x0, point["y"] - y0) / length
    return float(z0 + share * (z1 - z0))


def read_detour(document: Mapping[str, Any]) -> Detour:
    """The way around vertical edges; the profile is unfolded along it."""
    points = document["points"]
    source, receptor = points[0], points[-1]
    unfolded = float(receptor["s"])
    horizontal = math.hypot(receptor["x"] - source["x"], receptor["y"] - source["y"])
    rise = float(receptor["z"] - source["z"])
    difference = in_double(lateral_difference)(unfolded, horizontal, rise)
    corners = [p for p in points if p["type"] == "VEdgeDiffraction"]
    apart = sum(math.hypot(b["s"] - a["s"], b["z"] - a["z"]) for a, b in pairwise(corners))
    return Detour(math.hypot(horizontal, rise), difference, float(apart))
