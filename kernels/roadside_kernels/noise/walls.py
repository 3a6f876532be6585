"""Walls that reflect sound from a source to a receptor.

A wall acts where the point of reflection is on it and no farther than a search distance from the
straight line between source and receptor, with both before it: sides of buildings from outside,
screens from both sides.  Whether it is tall enough depends on the ray (``profile_energy.py``).

A receptor looks at its mirror images in all walls around it.  From each image, the wall is a
window: what does not lie in its wedge is not reflected by it.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import distance_to_segment, enters_box
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.cut_room import Point
from roadside_kernels.noise.scene import Scene
from roadside_kernels.physics import borrowing, physics

#: Walls of a receptor's own building whose plane passes this near (m) are its own facade.
OWN_FACADE = 2.5
#: Lines this near (m) to a window's edge are looked at piece by piece.
BESIDE = 0.1


class Walls(NamedTuple):
    """W walls that reflect, from (x0, y0) to (x1, y1); m."""

    x0: Float32
    y0: Float32
    x1: Float32
    y1: Float32
    low: Float32  # altitude of the top at the start
    high: Float32  # and at the end
    owner: Int32  # building, on the left; -1: a screen
    element: Int32  # row of the scene's elements
    reflected: Float32  # (W, 8) share of the energy


class Windows(NamedTuple):
    """Walls before which a receptor stands, its images in them, and the edges of their wedges."""

    wall: Int32
    x: Float32  # m, the image
    y: Float32
    right_x: Float32  # direction of the right edge as seen from the image, of length 1
    right_y: Float32
    left_x: Float32
    left_y: Float32


class Echo(NamedTuple):
    """Where a wall reflects sound of a source."""

    x: float  # m
    y: float
    before: float  # m, from the source
    top: float  # m, altitude of the wall there
    acts: bool


def walls_of(scene: Scene) -> Walls:
    """The walls of a scene that may reflect."""
    elements = scene.elements
    element = np.flatnonzero(elements.reflects).astype(np.int32)
    return Walls(
        elements.x0[element],
        elements.y0[element],
        elements.x1[element],
        elements.y1[element],
        elements.low[element],
        elements.high[element],
        elements.owner[element],
        element,
        (1.0 - elements.absorption[element]).astype(np.float32),
    )


def no_walls() -> Walls:
    """No reflection at all."""
    none, ints = np.empty(0, np.float32), np.empty(0, np.int32)
    absorbed = np.empty((0, len(BANDS)), np.float32)
    return Walls(none, none, none, none, none, none, ints, ints, absorbed)


def _near_walls(walls: Walls, box: Float32, reach: float) -> Int32:
    """Walls that a path of no more than ``reach`` (m) from a block of receptors may meet."""
    near = np.empty(walls.x0.size, np.int32)
    count = 0
    west, south, east, north = box[0] - reach, box[1] - reach, box[2] + reach, box[3] + reach
    for w in range(walls.x0.size):
        if enters_box(walls.x0[w], walls.y0[w], walls.x1[w], walls.y1[w], west, south, east, north):
            near[count] = w
            count += 1
    return near[:count].copy()


near_walls: Any = njit(nogil=True, error_model="numpy")(_near_walls)


def new_windows(count: int) -> Windows:
    """Room for so many windows."""
    return Windows(
        np.empty(count, np.int32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
        np.empty(count, np.float32),
    )


@borrowing
def look_through(
    walls: Walls, near: Int32, x: float, y: float, building: int, reach: float, windows: Windows
) -> int:
    """Fill the windows of a receptor, before a facade of a building or none (-1); their number."""
    count = 0
    for n in range(near.size):
        w = near[n]
        x0, y0, x1, y1 = walls.x0[w], walls.y0[w], walls.x1[w], walls.y1[w]
        along_x, along_y = x1 - x0, y1 - y0
        length2 = along_x * along_x + along_y * along_y
        left = along_x * (y - y0) - along_y * (x - x0)
        own = walls.owner[w] == building and left * left < OWN_FACADE * OWN_FACADE * length2
        inside = walls.owner[w] >= 0 and left > 0.0
        far = distance_to_segment(x, y, x0, y0, x1, y1) >= reach
        if left == 0.0 or inside or far or (own and building >= 0):
            continue
        image_x = x + 2.0 * left * along_y / length2
        image_y = y - 2.0 * left * along_x / length2
        # Of a receptor right of the wall the image is left of it, and looks back to the right.
        turned = left > 0.0
        right_x, right_y = (x1 - image_x, y1 - image_y) if turned else (x0 - image_x, y0 - image_y)
        left_x, left_y = (x0 - image_x, y0 - image_y) if turned else (x1 - image_x, y1 - image_y)
        to_right = 1.0 / max(math.hypot(right_x, right_y), BESIDE)
        to_left = 1.0 / max(math.hypot(left_x, left_y), BESIDE)
        windows.wall[count], windows.x[count], windows.y[count] = w, image_x, image_y
        windows.right_x[count], windows.right_y[count] = right_x * to_right, right_y * to_right
        windows.left_x[count], windows.left_y[count] = left_x * to_left, left_y * to_left
        count += 1
    return count


@physics
def longest_by_wall(straight: float, search: float, reach: float) -> float:
    """Longest way (m) by a wall within a search distance of a straight way (m), in reach."""
    return min(reach, straight + 2.0 * search + BESIDE)


# Conditions are joined without branches, which a processor could not foresee, and worked out in a
# loop of their own, for several windows at once.
@borrowing
def in_windows(
    windows: Windows, count: int, x: float, y: float, radius: float, reach: float, seen: Int32
) -> int:
    """Write the windows through which something of a circle is seen within reach; their number."""
    wide = radius + BESIDE
    far2 = (reach + wide) * (reach + wide)
    for n in range(count):
        dx, dy = x - windows.x[n], y - windows.y[n]
        from_right = windows.right_x[n] * dy - windows.right_y[n] * dx
        from_left = windows.left_x[n] * dy - windows.left_y[n] * dx
        near = dx * dx + dy * dy < far2
        seen[n] = i32(near & (from_right > -wide) & (from_left < wide))
    found = 0
    for n in range(count):
        is_seen = seen[n]
        seen[found] = n
        found += is_seen
    return found


@borrowing
def heard_in(
    windows: Windows, seen: Int32, count: int, x: float, y: float, reach: float, heard: Int32
) -> int:
    """Write those of some windows through which a point is seen within reach; their number."""
    far2 = reach * reach
    found = 0
    for k in range(count):
        n = seen[k]
        dx, dy = x - windows.x[n], y - windows.y[n]
        from_right = windows.right_x[n] * dy - windows.right_y[n] * dx
        from_left = windows.left_x[n] * dy - windows.left_y[n] * dx
        heard[found] = n
        found += i32((dx * dx + dy * dy < far2) & (from_right > -BESIDE) & (from_left < BESIDE))
    return found


@borrowing
def echo(walls: Walls, w: int, source: Point, receptor: Point, search: float) -> Echo:
    """Where a wall reflects sound from a source to a receptor that stands before it."""
    x_s, y_s, x_r, y_r = source.x, source.y, receptor.x, receptor.y
    x0, y0 = walls.x0[w], walls.y0[w]
    along_x, along_y = walls.x1[w] - x0, walls.y1[w] - y0
    from_r = along_x * (y_r - y0) - along_y * (x_r - x0)
    from_s = along_x * (y_s - y0) - along_y * (x_s - x0)
    if from_s * from_r <= 0.0:
        return Echo(x_s, y_s, 0.0, 0.0, False)
    # The image of the receptor is as far behind the wall: similar triangles.
    at_s = (x_s - x0) * along_x + (y_s - y0) * along_y
    at_r = (x_r - x0) * along_x + (y_r - y0) * along_y
    length2 = along_x * along_x + along_y * along_y
    place = (at_s + from_s / (from_s + from_r) * (at_r - at_s)) / length2
    x, y = x0 + place * along_x, y0 + place * along_y
    top = walls.low[w] + place * (walls.high[w] - walls.low[w])
    acts = place >= 0.0 and place <= 1.0
    acts = acts and distance_to_segment(x, y, x_s, y_s, x_r, y_r) <= search
    return Echo(x, y, math.hypot(x - x_s, y - y_s), top, acts)
