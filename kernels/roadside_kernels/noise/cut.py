"""Exact vertical cuts of a scene from a source to a receptor, also by way of a wall.

    room = cut_room()                            # once for each thread
    count = cut(scene.grid, source, receptor, room)   # points written to room.points
    profile = cut_profile(room, count, source, receptor)

The cut costs what it crosses, however large the scene.  Points are exact but for float32: roofs
hold their altitude from the side where the ray comes over a building to the side where it leaves,
with ground factor 0; screens are spikes without width; the terrain's edges are points, and so are
the places where the ground factor changes.  Points that change nothing are left out: where two
roofs of one altitude join, and where the terrain goes straight on.

What lies within ``SAME_PLACE`` on the ray is one place.  A building that holds the source is its
outer wall alone, a screen: what is under its roof is not known.  A profile that does not fit the
room is never shortened: the count is -1, and the caller makes ``cut_room`` larger.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.noise.crossings import (
    Crossings,
    find_crossings,
    note_crossing,
    ray_between,
)
from roadside_kernels.noise.edges import EDGE, GROUND, Profile
from roadside_kernels.noise.scene import (
    BUILDING,
    GROUND_BOUNDARY,
    SCREEN,
    TERRAIN_EDGE,
    Grid,
)
from roadside_kernels.physics import physics

#: Crossings this near (m) to the one before are at one place.
SAME_PLACE = 1e-3
#: The terrain goes straight on where it is no farther (m) than this from the line.
STRAIGHT = 1e-3
#: Altitude (m) of what is not there.
NOWHERE = -1e30
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


class Way(NamedTuple):
    """How far a ray has come, and what is below it."""

    i: int  # next crossing
    over: int  # buildings
    g: float  # ground factor of the terrain
    at: float  # m, last edge of the terrain
    ground: float  # m, its altitude
    peak: float  # m, highest top of the last place
    bends: bool  # the terrain has an edge there


class Surface(NamedTuple):
    """What a ray meets at one side of a place."""

    z: float  # m
    g: float  # ground factor
    kind: int  # GROUND or EDGE


class Room(NamedTuple):
    """Where a thread makes its cuts."""

    crossings: Crossings
    points: Points
    roofs: Roofs
    edges: Int32  # for ``propagation_path``


def _cut_room(crossings: int = ROOM) -> Room:
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


#: Compiled, so that threads make their own.
cut_room: Any = njit(_cut_room)


def cut_profile(room: Room, count: int, source: Point, receptor: Point) -> Profile:
    """The points of a cut as a profile of its own."""
    points = room.points
    return Profile(
        points.x[:count].copy(),
        points.z[:count].copy(),
        points.g[:count].copy(),
        points.kind[:count].copy(),
        source.z,
        receptor.z,
    )


@physics
def pass_wall(roofs: Roofs, over: int, owner: int, enters: int, altitude: float) -> int:
    """Enter or leave a building; number of buildings to keep in mind, -1 if they do not fit."""
    turn = 1 if enters == 1 else -1
    for k in range(over):
        if roofs.owner[k] == owner:
            roofs.times[k] += turn
            return over
    if over >= roofs.owner.size:
        return -1
    roofs.owner[over], roofs.altitude[over], roofs.times[over] = owner, altitude, turn
    return over + 1


@physics
def still_over(roofs: Roofs, over: int) -> int:
    """Forget the buildings that the ray has left; number of those it is over."""
    kept = 0
    for k in range(over):
        if roofs.times[k] > 0:
            roofs.owner[kept], roofs.altitude[kept] = roofs.owner[k], roofs.altitude[k]
            roofs.times[kept] = roofs.times[k]
            kept += 1
    return kept


@physics
def highest_roof(roofs: Roofs, over: int) -> float:
    """Altitude (m) of the highest roof below the ray."""
    highest = NOWHERE
    for k in range(over):
        highest = max(highest, roofs.altitude[k])
    return highest


@physics
def next_terrain(found: Crossings, first: int) -> int:
    """The first edge of the terrain from ``first`` on; the last crossing always is one."""
    i = first
    while found.turn[i] >> 1 != TERRAIN_EDGE:
        i += 1
    return i


@physics
def first_factor(grid: Grid, found: Crossings, count: int, otherwise: float) -> float:
    """Ground factor where the ray starts: that before its first boundary."""
    for i in range(count):
        if found.turn[i] >> 1 == GROUND_BOUNDARY:
            before: float = grid.line[found.listed[i], 5 if found.turn[i] & 1 == 1 else 4]
            return before
    return otherwise


@physics
def between(x: float, x_a: float, z_a: float, x_b: float, z_b: float) -> float:
    """Altitude (m) at x on the line from a to b."""
    if x_b <= x_a:
        return z_a
    return z_a + (z_b - z_a) * ((x - x_a) / (x_b - x_a))


@physics
def surface_of(roof: float, ground: float, g: float) -> Surface:
    """What is seen from above: a roof, or the ground."""
    return Surface(roof, 0.0, EDGE) if roof > ground else Surface(ground, g, GROUND)


@physics
def add_point(points: Points, n: int, x: float, z: float, g: float, kind: int) -> int:
    """Write a point; number of points then."""
    points.x[n], points.z[n], points.g[n], points.kind[n] = x, z, g, kind
    return n + 1


@physics
def add_source(points: Points, source: Point, g: float) -> int:
    """Write the foot of a source that stands on ground of its own; number of points."""
    n = add_point(points, 0, 0.0, source.ground, source.factor, GROUND)
    if source.factor == g:
        return n
    return add_point(points, n, 0.0, source.ground, g, GROUND)


@physics
def add_place(
    points: Points, n: int, at: float, before: Surface, peak: float, after: Surface, bends: bool
) -> int:
    """Write the points of one place: surface before, top of a screen, surface after."""
    n = add_point(points, n, at, before.z, after.g, EDGE if bends else before.kind)
    screened = peak > max(before.z, after.z)
    if screened:
        n = add_point(points, n, at, peak, after.g, EDGE)
    if screened or after.z != before.z:
        n = add_point(points, n, at, after.z, after.g, EDGE if bends else after.kind)
    return n


@physics
def changes(before: Surface, peak: float, after: Surface) -> bool:
    """Whether a place is more than open ground or a roof that goes on."""
    walls = before.kind != after.kind or (after.kind == EDGE and after.z != before.z)
    return walls or peak > max(before.z, after.z)


@physics
def pass_place(grid: Grid, room: Room, count: int, way: Way) -> Way:
    """Pass all crossings at the place that is next; over -1 buildings if they do not fit."""
    found, roofs = room.crossings, room.roofs
    i, over, peak, g = way.i, way.over, NOWHERE, way.g
    at, ground, bends = way.at, way.ground, False
    while True:
        kind, enters, value = found.turn[i] >> 1, found.turn[i] & 1, found.value[i]
        if kind == BUILDING:
            over = pass_wall(roofs, over, grid.mark[found.listed[i], 2], enters, value)
            peak = max(peak, value)
        elif kind == SCREEN:
            peak = max(peak, value)
        elif kind == GROUND_BOUNDARY:
            g = value
        elif kind == TERRAIN_EDGE:
            at, ground, bends = found.at[i], value, True
        else:
            over = 0
        i += 1
        if over < 0 or i >= count or found.at[i] - found.at[i - 1] > SAME_PLACE:
            over = still_over(roofs, over) if over > 0 else over
            return Way(i, over, g, at, ground, peak, bends)


@physics
def is_straight(points: Points, n: int, found: Crossings, ahead: int, way: Way) -> bool:
    """Whether the terrain goes straight on at its last edge, from the last point written."""
    x, z = points.x[n - 1], points.z[n - 1]
    line = between(way.at, x, z, found.at[ahead], found.value[ahead])
    return abs(way.ground - line) <= STRAIGHT


@physics
def write_points(
    grid: Grid, room: Room, count: int, source: Point, receptor: Point, length: float
) -> int:
    """Turn crossings into the points of a profile; their number, -1 if they do not fit."""
    found, points = room.crossings, room.points
    if count >= found.at.size:
        return -1
    # The receptor's foot ends the terrain: there always is an edge ahead.
    found.at[count], found.value[count], found.turn[count] = (
        length, receptor.ground, 2 * TERRAIN_EDGE,
    )  # fmt: skip
    ahead = next_terrain(found, 0)
    way = Way(
        0, 0, first_factor(grid, found, count, receptor.factor), 0.0, source.ground, 0.0, False
    )
    shown, roof = way.g, NOWHERE
    n = add_source(points, source, shown)
    while way.i < count:
        if n + 2 * AT_ONCE > points.x.size:
            return -1
        at = found.at[way.i]
        ground = between(at, way.at, way.ground, found.at[ahead], found.value[ahead])
        before = surface_of(roof, ground, way.g)
        way = pass_place(grid, room, count, way)
        if way.over < 0:
            return -1
        if way.bends:
            ahead, ground = next_terrain(found, way.i), way.ground
        roof = highest_roof(room.roofs, way.over)
        after = surface_of(roof, ground, way.g)
        built = before.kind + after.kind != 2 * GROUND
        bends = way.bends and not built and not is_straight(points, n, found, ahead, way)
        if bends or changes(before, way.peak, after) or after.g != shown:
            n = add_place(points, n, at, before, way.peak, after, bends)
            shown = after.g
    if roof > receptor.ground:
        n = add_point(points, n, length, roof, way.g, EDGE)
    return add_point(points, n, length, receptor.ground, way.g, GROUND)


@physics
def cut_by_wall(
    grid: Grid, source: Point, x: float, y: float, wall: int, receptor: Point, room: Room
) -> int:
    """As ``cut``, for sound that a wall (an element) reflects at (x, y); the cut is unfolded.

    The wall itself is not in the cut.  What adjoins it there ends or begins at the wall.  Wall -1
    stands for none: (x, y) is the receptor then.
    """
    found = room.crossings
    from_x, from_y, to_x, to_y = source.x, source.y, x, y
    behind, count = 0.0, 0
    legs = 1 if wall < 0 else 2
    for leg in range(legs):
        ray = ray_between(from_x, from_y, to_x, to_y, behind)
        count = find_crossings(grid, ray, wall, found, count)
        behind += ray.length
        if count < 0 or count >= found.at.size:
            return -1
        if leg + 1 < legs:
            note_crossing(found, count, behind, NOWHERE, -1, -1)
            count += 1
            from_x, from_y, to_x, to_y = to_x, to_y, receptor.x, receptor.y
    return write_points(grid, room, count, source, receptor, behind)


@physics
def cut(grid: Grid, source: Point, receptor: Point, room: Room) -> int:
    """Cut a scene between two points; number of points in ``room.points``, -1 if no room."""
    return cut_by_wall(grid, source, receptor.x, receptor.y, -1, receptor, room)
