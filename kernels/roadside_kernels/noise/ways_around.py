"""Ways around obstacles, to the left and to the right; CNOSSOS-EU, 2.5, lateral diffraction.

Where the direct ray is clear of the terrain and meets obstacles, each side of it has one way: in
the plane of source and receptor the shortest one that bends around all that these obstacles leave
above it.  Other obstacles do not count: a way that comes upon them passes over their roofs, which
then are the ground below it.  Roads do not ask for it.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from roadside_kernels.noise.cut import cut, cut_profile
from roadside_kernels.noise.cut_room import ROOM, Point, cut_room
from roadside_kernels.noise.edges import Profile
from roadside_kernels.noise.foot import feet
from roadside_kernels.noise.lateral import lateral_difference
from roadside_kernels.noise.lateral_plane import Float64, Line, above_plane, line_between
from roadside_kernels.noise.path_difference import span
from roadside_kernels.noise.scene import Grid, Scene
from roadside_kernels.physics import f32, in_double

#: How far (m) from its corners a way keeps, as in the profiles published for ISO/TR 17534-4.
CLEAR = 0.015


class Detour(NamedTuple):
    """What the attenuation of a way around vertical edges depends on (m)."""

    distance: float  # straight from source to receptor
    difference: float  # that the way is longer
    apart: float  # along it, from the first edge to the last


class WayAround(NamedTuple):
    """A way around obstacles."""

    bends: Float64  # (n, 3) x, y, z
    profile: Profile  # below it, unfolded
    detour: Detour


def ways_around(
    scene: Scene, source: Point, receptor: Point, *, favourable: bool
) -> tuple[WayAround, ...]:
    """The ways left and right of the direct ray; none where no obstacle is in its way.

    Parameters
    ----------
    favourable
        Whether the direct ray is bent as in favourable conditions.
    """
    line = line_between(source, receptor)
    outline = above_plane(scene.elements, line, favourable=favourable)
    if outline.size == 0:
        return ()
    sides = _sides(outline, line.length)
    return tuple(_way(scene, source, receptor, line, bends) for bends in sides)


def _sides(outline: Float64, length: float) -> Iterator[Float64]:
    """The taut lines around an outline, left and right: where they bend (n, 2).

    There is none where an obstacle lies around the source or the receptor.
    """
    ends = np.array([[0.0, 0.0], [length, 0.0]])
    hull = _hull(np.concatenate([_clear_of(_hull(outline)), ends]))
    source, receptor = (np.flatnonzero((hull == end).all(axis=1)) for end in ends)
    if source.size == 0 or receptor.size == 0:
        return
    hull = np.roll(hull, -source[0], axis=0)
    behind = (receptor[0] - source[0]) % len(hull)
    yield hull[:behind:-1]
    yield hull[1:behind]


def _clear_of(hull: Float64) -> Float64:
    """Corners of a hull moved outwards."""
    legs = np.roll(hull, -1, axis=0) - hull
    legs /= np.hypot(*legs.T)[:, None]
    # Of unit length, the leg that goes less the one that comes points inwards.
    inwards = legs - np.roll(legs, 1, axis=0)
    outside: Float64 = hull - CLEAR * inwards / np.hypot(*inwards.T)[:, None]
    return outside


def _hull(places: Float64) -> Float64:
    """Corners of the convex hull, counter-clockwise, by Andrew's monotone chains."""
    order = np.unique(places, axis=0)
    lower, upper = _chain(order), _chain(order[::-1])
    return np.array(lower[:-1] + upper[:-1])


def _chain(places: Float64) -> list[tuple[float, float]]:
    """Those of the places, in order, at which a line turns left."""
    chain: list[tuple[float, float]] = []
    for x, y in places.tolist():
        while len(chain) > 1 and _turn(chain[-2], chain[-1], (x, y)) <= 0.0:
            chain.pop()
        chain.append((x, y))
    return chain


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Twice the area of a triangle; above 0 where it turns left."""
    return (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])


def _way(scene: Scene, source: Point, receptor: Point, line: Line, bends: Float64) -> WayAround:
    """The way that bends at places along the line and beside it."""
    x, y = line.places(*bends.T)
    z = line.altitude(bends[:, 0])
    path = np.concatenate([[[0.0, 0.0]], bends, [[line.length, 0.0]]])
    legs = np.hypot(*np.diff(path, axis=0).T)
    detour = Detour(
        in_double(span)(line.length, line.rise),
        in_double(lateral_difference)(float(legs.sum()), line.length, line.rise),
        float(np.hypot(legs[1:-1], np.diff(z)).sum()),
    )
    points = [source, *_points(scene, x, y, z), receptor]
    profile = _joined([_leg(scene.grid, *ends) for ends in pairwise(points)])
    return WayAround(np.stack([x, y, z], axis=1), profile, detour)


def _points(scene: Scene, x: Float64, y: Float64, z: Float64) -> list[Point]:
    """Points of a way, with the ground below them."""
    places = np.array([x, y, z], np.float32)
    ground = feet(scene, places[0], places[1])
    return [Point(*values) for values in zip(*places, *ground, strict=True)]


def _leg(grid: Grid, start: Point, end: Point) -> Profile:
    """The cut below a leg, in as much room as it needs."""
    size, room = ROOM, cut_room()
    while (count := cut(grid, start, end, room)) < 0:
        size *= 2
        room = cut_room(size)
    return cut_profile(room, count, start, end)


def _joined(legs: list[Profile]) -> Profile:
    """One profile of several, unfolded; where a leg ends the next begins."""
    parts, behind = [], f32(0.0)
    for leg in legs:
        last = leg.x.size if leg is legs[-1] else -1
        parts.append((leg.x[:last] + behind, leg.z[:last], leg.g[:last], leg.kind[:last]))
        behind += leg.x[-1]
    x, z, g, kind = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Profile(x, z, g, kind, legs[0].z_s, legs[-1].z_r)
