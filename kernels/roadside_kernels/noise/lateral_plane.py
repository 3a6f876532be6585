"""The plane of source and receptor, and what obstacles leave above it; CNOSSOS-EU, 2.5.

The plane holds source and receptor and is level across the line between them.  In double
precision, for one source and receptor at a time.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from roadside_kernels.noise.cut_room import Point
from roadside_kernels.noise.edges import sag
from roadside_kernels.noise.path_difference import ray_bend, span
from roadside_kernels.noise.scene import BUILDING, SCREEN, TERRAIN_EDGE, Elements
from roadside_kernels.physics import in_double

Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]


class Line(NamedTuple):
    """The straight line from source to receptor (m)."""

    x: float
    y: float
    z: float
    east: float  # direction
    north: float
    length: float  # horizontal
    rise: float

    def altitude(self, along: Float64) -> Float64:
        """Altitude (m) of the plane at lengths along the line."""
        return self.z + self.rise / self.length * along

    def places(self, along: Float64, beside: Float64) -> Float64:
        """Places (2, n: x, y; m) along the line and to the left of it."""
        east = self.x + along * self.east - beside * self.north
        return np.stack([east, self.y + along * self.north + beside * self.east])


class Seen(NamedTuple):
    """Start and end of K elements (K, 2; m): along a line, to its left, and their tops."""

    along: Float64
    beside: Float64
    top: Float64


def line_between(source: Point, receptor: Point) -> Line:
    """The straight line between two points."""
    x, y, z = (float(value) for value in source[:3])
    east, north, rise = float(receptor.x) - x, float(receptor.y) - y, float(receptor.z) - z
    length = float(np.hypot(east, north))
    return Line(x, y, z, east / length, north / length, length, rise)


def above_plane(elements: Elements, line: Line, *, favourable: bool) -> Float64:
    """Outline (n, 2: along, to the left; m) of the obstacles of the direct ray, above the plane.

    Obstacles are all those that the ray passes below their tops, whole buildings and screens with
    those that join them.  Nothing where there is none, or the terrain is in the way too.
    """
    seen = _seen(elements, line)
    blocks = _blocks(seen, line, favourable=favourable)
    if blocks[elements.kind == TERRAIN_EDGE].any():
        return np.empty((0, 2))
    walls = np.isin(elements.kind, (BUILDING, SCREEN))
    obstacle = _obstacles(elements)
    rows = np.flatnonzero(walls & np.isin(obstacle, obstacle[blocks & walls]))
    along, beside = seen.along[rows], seen.beside[rows]
    over = seen.top[rows] - line.altitude(along)
    above = over > 0.0
    ends = np.stack([along[above], beside[above]], axis=1)
    through = above[:, 0] != above[:, 1]
    share = over[through, 0] / (over[through, 0] - over[through, 1])
    cut_through = [_part(values[through], share) for values in (along, beside)]
    return np.concatenate([ends, np.stack(cut_through, axis=1)])


def _seen(elements: Elements, line: Line) -> Seen:
    x = np.stack([elements.x0, elements.x1], axis=1).astype(np.float64) - line.x
    y = np.stack([elements.y0, elements.y1], axis=1).astype(np.float64) - line.y
    along, beside = x * line.east + y * line.north, y * line.east - x * line.north
    return Seen(along, beside, np.stack([elements.low, elements.high], axis=1).astype(np.float64))


def _blocks(seen: Seen, line: Line, *, favourable: bool) -> Bool:
    """Elements that the direct ray crosses below their tops."""
    left = seen.beside >= 0.0
    crossed = np.flatnonzero(left[:, 0] != left[:, 1])
    beside = seen.beside[crossed]
    share = beside[:, 0] / (beside[:, 0] - beside[:, 1])
    at, top = (_part(ends[crossed], share) for ends in (seen.along, seen.top))
    within = (at > 0.0) & (at < line.length)
    at, top, crossed = at[within], top[within], crossed[within]
    bend = in_double(ray_bend)(in_double(span)(line.length, line.rise)) if favourable else 0.0
    curved = np.array([in_double(sag)(x, line.length, bend) for x in at.tolist()])
    blocks = np.zeros(left.shape[0], np.bool_)
    blocks[crossed] = top > line.altitude(at) + curved
    return blocks


def _part(ends: Float64, share: Float64) -> Float64:
    """Values at a share of the way between two (K, 2)."""
    part: Float64 = ends[:, 0] + share * (ends[:, 1] - ends[:, 0])
    return part


def _obstacles(elements: Elements) -> NDArray[np.int32]:
    """Number of the obstacle of each element: sides of a building, or screens that join."""
    count = elements.kind.size
    starts, ends = np.stack(elements[:2], axis=1), np.stack(elements[2:4], axis=1)
    _, corner = np.unique(np.concatenate([starts, ends]), axis=0, return_inverse=True)
    screens = np.flatnonzero(elements.kind == SCREEN)
    sides = np.flatnonzero(elements.kind == BUILDING)
    # A graph of elements, then of corners and of buildings, which hold elements together.
    corners = count + corner.reshape(2, count)[:, screens]
    buildings = 3 * count + elements.owner[sides]
    element = np.concatenate([screens, screens, sides])
    joint = np.concatenate([*corners, buildings])
    size = 3 * count + int(elements.owner.max(initial=0)) + 1
    graph = coo_array((np.ones(joint.size, np.int8), (element, joint)), shape=(size, size))
    _, obstacle = connected_components(graph, directed=False)
    return np.asarray(obstacle[:count], np.int32)
