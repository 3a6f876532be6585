"""Where a thread makes its cuts: room for crossings, roofs and the points of a profile."""

from typing import NamedTuple

import numpy as np

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.crossings import Crossings

#: Crossings that a room has place for at first; for so many, one building that overlaps others.
ROOM, OVERLAPS = 256, 16
#: Most points at one place: before, up, top, and after with the source's own ground.
AT_ONCE = 4


class Point(NamedTuple):
    """A source or receptor (m): place, altitude, and the ground at its foot."""

    x: float
    y: float
    z: float
    ground: float  # m, altitude of the terrain
    factor: float  # ground factor: under a source G_s, 0 for roads; around a receptor


class Points(NamedTuple):
    """Room for the points of a profile; fields as those of ``Profile``."""

    x: Float32
    z: Float32
    g: Float32
    kind: Int32


class Roofs(NamedTuple):
    """Room for the buildings that a ray is over."""

    owner: Int32
    altitude: Float32
    times: Int32  # entered less left; -1: left, but never entered


class Room(NamedTuple):
    """Where a thread makes its cuts."""

    crossings: Crossings
    points: Points
    roofs: Roofs
    edges: Int32  # for ``propagation_path``


def cut_room(crossings: int = ROOM) -> Room:
    """Room for so many crossings, and for the points that they make."""
    points, overlaps = AT_ONCE * (crossings + 2), OVERLAPS + crossings // OVERLAPS
    return Room(
        Crossings(
            np.empty(crossings, np.float32),
            np.empty(crossings, np.float32),
            np.empty(crossings, np.int32),
            np.empty(crossings, np.int32),
        ),
        Points(
            np.empty(points, np.float32),
            np.empty(points, np.float32),
            np.empty(points, np.float32),
            np.empty(points, np.int32),
        ),
        Roofs(
            np.empty(overlaps, np.int32),
            np.empty(overlaps, np.float32),
            np.empty(overlaps, np.int32),
        ),
        np.empty(points + 2, np.int32),
    )
