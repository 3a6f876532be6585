"""The surface below a ray: its crossings turned into the points of a profile.

Roofs hold their altitude from the side where the ray comes over a building to the side where it
leaves, with ground factor 0; screens are spikes without width; the terrain's edges are points, and
so are the places where the ground factor changes.  Points that change nothing are left out: where
two roofs of one altitude join, and where the terrain goes straight on.

What lies within ``SAME_PLACE`` on the ray is one place.  A building that holds the source is its
outer wall alone, a screen: what is under its roof is not known.
"""

from typing import NamedTuple

from roadside_kernels.noise.crossings import Crossings
from roadside_kernels.noise.cut_room import AT_ONCE, Point, Points, Roofs, Room
from roadside_kernels.noise.edges import EDGE, GROUND
from roadside_kernels.noise.scene import (
    BUILDING,
    GROUND_BOUNDARY,
    SCREEN,
    TERRAIN_EDGE,
    Grid,
)
from roadside_kernels.physics import borrowing

#: Crossings this near (m) to the one before are at one place.
SAME_PLACE = 1e-3
#: The terrain goes straight on where it is no farther (m) than this from the line.
STRAIGHT = 1e-3
#: Altitude (m) of what is not there.
NOWHERE = -1e30


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


@borrowing
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


@borrowing
def still_over(roofs: Roofs, over: int) -> int:
    """Forget the buildings that the ray has left; number of those it is over."""
    kept = 0
    for k in range(over):
        if roofs.times[k] > 0:
            roofs.owner[kept], roofs.altitude[kept] = roofs.owner[k], roofs.altitude[k]
            roofs.times[kept] = roofs.times[k]
            kept += 1
    return kept


@borrowing
def highest_roof(roofs: Roofs, over: int) -> float:
    """Altitude (m) of the highest roof below the ray."""
    highest = NOWHERE
    for k in range(over):
        highest = max(highest, roofs.altitude[k])
    return highest


@borrowing
def next_terrain(found: Crossings, first: int) -> int:
    """The first edge of the terrain from ``first`` on; the last crossing always is one."""
    i = first
    while found.turn[i] >> 1 != TERRAIN_EDGE:
        i += 1
    return i


@borrowing
def first_factor(grid: Grid, found: Crossings, count: int, otherwise: float) -> float:
    """Ground factor where the ray starts: that before its first boundary."""
    for i in range(count):
        if found.turn[i] >> 1 == GROUND_BOUNDARY:
            before: float = grid.line[found.listed[i], 5 if found.turn[i] & 1 == 1 else 4]
            return before
    return otherwise


@borrowing
def between(x: float, x_a: float, z_a: float, x_b: float, z_b: float) -> float:
    """Altitude (m) at x on the line from a to b."""
    if x_b <= x_a:
        return z_a
    return z_a + (z_b - z_a) * ((x - x_a) / (x_b - x_a))


@borrowing
def surface_of(roof: float, ground: float, g: float) -> Surface:
    """What is seen from above: a roof, or the ground."""
    return Surface(roof, 0.0, EDGE) if roof > ground else Surface(ground, g, GROUND)


@borrowing
def add_point(points: Points, n: int, x: float, z: float, g: float, kind: int) -> int:
    """Write a point; number of points then."""
    points.x[n], points.z[n], points.g[n], points.kind[n] = x, z, g, kind
    return n + 1


@borrowing
def add_source(points: Points, source: Point, g: float) -> int:
    """Write the foot of a source that stands on ground of its own; number of points."""
    n = add_point(points, 0, 0.0, source.ground, source.factor, GROUND)
    if source.factor == g:
        return n
    return add_point(points, n, 0.0, source.ground, g, GROUND)


@borrowing
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


@borrowing
def changes(before: Surface, peak: float, after: Surface) -> bool:
    """Whether a place is more than open ground or a roof that goes on."""
    walls = before.kind != after.kind or (after.kind == EDGE and after.z != before.z)
    return walls or peak > max(before.z, after.z)


@borrowing
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


@borrowing
def is_straight(points: Points, n: int, found: Crossings, ahead: int, way: Way) -> bool:
    """Whether the terrain goes straight on at its last edge, from the last point written."""
    x, z = points.x[n - 1], points.z[n - 1]
    line = between(way.at, x, z, found.at[ahead], found.value[ahead])
    return abs(way.ground - line) <= STRAIGHT


@borrowing
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
