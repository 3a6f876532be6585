"""Scenes of ISO/TR 17534-4:2020: the same paths, with their cuts found by Roadside itself.

Breaklines of the terrain are edges of a constrained triangulation, on which altitudes are linear.
"""

from collections.abc import Mapping, Sequence
from itertools import chain, pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from roadside_kernels.noise.cut import cut, cut_by_wall, cut_profile
from roadside_kernels.noise.cut_room import Point, cut_room
from roadside_kernels.noise.edges import Profile
from roadside_kernels.noise.foot import feet
from roadside_kernels.noise.scene import (
    SCREEN,
    TERRAIN_EDGE,
    Elements,
    Scene,
    joined,
    make_elements,
    make_scene,
    no_elements,
)
from roadside_kernels.noise.ways_around import WayAround, ways_around
from roadside_kernels.physics import f32

from roadside_server.computation.noise_scene import building_sides, ground_boundaries
from roadside_server.region.schema import Float64
from roadside_server.validation.cnossos_paths import Wall

Document = Mapping[str, Any]
ORIGIN = (0.0, 0.0)


class Case(NamedTuple):
    """A scene with its source and receptor."""

    scene: Scene
    source: Point
    receptor: Point


class Echo(NamedTuple):
    """A path by way of a wall, unfolded."""

    profile: Profile
    wall: Wall


def read_scene(document: Document) -> Case:
    """The scene of a case; no ground factor but that under the source holds outside its areas."""
    elsewhere = float(document["Gs_default"])
    areas = document["ground_areas"]
    polygons = np.array([shapely.Polygon(area["poly"]) for area in areas], object)
    factors = [float(area["G"]) for area in areas]
    parts = [
        _buildings(document["buildings"]),
        _walls(document["walls"]),
        ground_boundaries(polygons, factors, elsewhere, ORIGIN),
        _terrain(document["topo_lines"]),
    ]
    scene = make_scene(joined(parts), ground_factor=elsewhere)
    source, receptor = (_point(scene, document[end]) for end in ("source", "receiver"))
    return Case(scene, source._replace(factor=f32(elsewhere)), receptor)


def direct_profile(case: Case) -> Profile:
    """The cut from source to receptor."""
    room = cut_room()
    count = cut(case.scene.grid, case.source, case.receptor, room)
    return _in_double(cut_profile(room, count, case.source, case.receptor))


def echoes(case: Case) -> list[Echo]:
    """Paths by way of every wall that source and receptor face and that is said to reflect."""
    found = []
    for wall in range(case.scene.elements.kind.size):
        absorbed = case.scene.elements.absorption[wall]
        met = _meets(case, wall) if absorbed.any() else None
        if met is not None:
            found.append(_echo(case, wall, *met))
    return found


def around(case: Case, condition: str) -> tuple[WayAround, ...]:
    """Paths around vertical edges, left and right, in a condition."""
    favourable = condition == "favourable"
    ways = ways_around(case.scene, case.source, case.receptor, favourable=favourable)
    return tuple(way._replace(profile=_in_double(way.profile)) for way in ways)


def _echo(case: Case, wall: int, x: float, y: float, share: float) -> Echo:
    """The path by a wall that it meets at a point, at a share of the wall's length."""
    elements, room = case.scene.elements, cut_room()
    count = cut_by_wall(case.scene.grid, case.source, f32(x), f32(y), wall, case.receptor, room)
    profile = _in_double(cut_profile(room, count, case.source, case.receptor))
    top = elements.low[wall] + share * (elements.high[wall] - elements.low[wall])
    before = float(np.hypot(x - case.source.x, y - case.source.y))
    return Echo(profile, Wall(before, float(top), elements.absorption[wall].astype(float)))


def _meets(case: Case, wall: int) -> tuple[float, float, float] | None:
    """Where (m, m, share of its length) a wall reflects sound of the source to the receptor."""
    elements = case.scene.elements
    start = np.array([elements.x0[wall], elements.y0[wall]], float)
    along = np.array([elements.x1[wall], elements.y1[wall]], float) - start
    normal = np.array([along[1], -along[0]])
    source, receptor = (np.array([p.x, p.y], float) for p in (case.source, case.receptor))
    from_s, from_r = normal @ (source - start), normal @ (receptor - start)
    # Sides of buildings reflect outwards, to their right.
    if from_s * from_r <= 0.0 or (elements.kind[wall] != SCREEN and from_s < 0.0):
        return None
    foot = source - normal * from_s / (along @ along)
    share_s = along @ (foot - start) / (along @ along)
    share_r = along @ (receptor - start) / (along @ along)
    share = share_s + (share_r - share_s) * from_s / (from_s + from_r)
    x, y = start + share * along
    return (float(x), float(y), float(share)) if 0.0 <= share <= 1.0 else None


def _in_double(profile: Profile) -> Profile:
    x, z, g = (np.array(part, float) for part in (profile.x, profile.z, profile.g))
    return Profile(x, z, g, profile.kind, float(profile.z_s), float(profile.z_r))


def _point(scene: Scene, place: Sequence[float]) -> Point:
    x, y, z = map(f32, place)
    (ground,), (factor,) = feet(scene, np.array([x], np.float32), np.array([y], np.float32))
    return Point(x, y, z, ground, factor)


def _buildings(documents: Sequence[Document]) -> Elements:
    if not documents:
        return no_elements()
    polygons = np.array([shapely.Polygon(one["footprint"]) for one in documents], object)
    absorbed = np.array([_absorption(one) for one in documents])
    roofs = [float(one["z_top"]) for one in documents]
    return building_sides(polygons, roofs, ORIGIN, absorption=absorbed)


def _walls(documents: Sequence[Document]) -> Elements:
    parts = [
        make_elements(
            [*wall["p0"][:2], *wall["p1"][:2]],
            kind=SCREEN,
            low=wall["p0"][2],
            high=wall["p1"][2],
            absorption=_absorption(wall)[np.newaxis],
        )
        for wall in documents
    ]
    return joined(parts)


def _absorption(document: Document) -> Float64:
    """Share by band; nothing where a case does not say, and then it has no reflected path."""
    return np.zeros(8) if document["alpha"] is None else np.array(document["alpha"], float)


def _terrain(lines: Sequence[Sequence[float]]) -> Elements:
    """Edges of the triangles between breaklines (x0, y0, z0, x1, y1, z1)."""
    if not lines:
        return no_elements()
    altitude = {(end[0], end[1]): end[2] for line in lines for end in (line[:3], line[3:])}
    noded = shapely.union_all([shapely.LineString([line[:2], line[3:5]]) for line in lines])
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    triangles = shapely.get_parts(shapely.constrained_delaunay_triangles(faces))
    rings = [shapely.get_coordinates(triangle).tolist() for triangle in triangles]
    sides = chain.from_iterable(pairwise(ring) for ring in rings)
    edges = sorted({tuple(sorted((tuple(start), tuple(end)))) for start, end in sides})
    ends = np.array(edges).reshape(-1, 4)
    low, high = ([altitude[edge[i]] for edge in edges] for i in (0, 1))
    return make_elements(ends, kind=TERRAIN_EDGE, low=low, high=high)
