"""Exact vertical cuts of a scene from a source to a receptor, also by way of a wall.

    room = cut_room()                            # once for each thread
    count = cut(scene.grid, source, receptor, room)   # points written to room.points
    profile = cut_profile(room, count, source, receptor)

The cut costs what it crosses, however large the scene.  Points are exact but for float32
(``surface.py``).  A profile that does not fit the room is never shortened: the count is -1, and the
caller makes ``cut_room`` larger.
"""

from roadside_kernels.noise.crossings import find_crossings, note_crossing, ray_between
from roadside_kernels.noise.cut_room import Point, Points, Room
from roadside_kernels.noise.edges import Profile
from roadside_kernels.noise.scene import Grid
from roadside_kernels.noise.surface import NOWHERE, write_points
from roadside_kernels.physics import borrowing, inlined


@inlined
def profile_in(points: Points, count: int, source: Point, receptor: Point) -> Profile:
    """So many points as a profile, until the next cut."""
    return Profile(
        points.x[:count],
        points.z[:count],
        points.g[:count],
        points.kind[:count],
        source.z,
        receptor.z,
    )


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


@borrowing
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


@borrowing
def cut(grid: Grid, source: Point, receptor: Point, room: Room) -> int:
    """Cut a scene between two points; number of points in ``room.points``, -1 if no room."""
    return cut_by_wall(grid, source, receptor.x, receptor.y, -1, receptor, room)
