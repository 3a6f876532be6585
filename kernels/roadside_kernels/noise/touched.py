"""Which paths a change of obstacles can touch: only those are worth tracing again.

Seen from a receptor, a changed box hides what lies in it and behind it.  Paths of a line of road
stay within a distance of the hull of the receptor and of the line's box: that within which walls
reflect.  Boxes of lines and of changes come wider by it.  A change that does not meet the hull
then leaves every path as it is, to the last bit.
"""

from typing import NamedTuple

import numpy as np
from numba import prange
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.launch import on_all_cores
from roadside_kernels.physics import physics

Bool = NDArray[np.bool_]

#: Boxes are taken wider by this (m), for what rounding may move.
ROUNDING = 0.5


class Box(NamedTuple):
    """An axis-parallel box (m)."""

    west: float
    south: float
    east: float
    north: float


class Tangents(NamedTuple):
    """From a point outside a box to the last corner seen counter-clockwise, and clockwise (m)."""

    left_x: float
    left_y: float
    right_x: float
    right_y: float


@physics
def is_within(x: float, y: float, box: Box) -> bool:
    """Whether a point lies in a box."""
    return box.west <= x <= box.east and box.south <= y <= box.north


@physics
def tangents(x: float, y: float, box: Box) -> Tangents:
    """Tangents from a point outside a box."""
    if y < box.south:
        left = box.west, box.north if x < box.west else box.south
        right = box.east, box.north if x > box.east else box.south
    elif y > box.north:
        left = box.east, box.south if x > box.east else box.north
        right = box.west, box.south if x < box.west else box.north
    elif x < box.west:
        left, right = (box.west, box.north), (box.west, box.south)
    else:
        left, right = (box.east, box.south), (box.east, box.north)
    return Tangents(left[0] - x, left[1] - y, right[0] - x, right[1] - y)


@physics
def most_right_of(step_x: float, step_y: float, x: float, y: float, box: Box) -> float:
    """Largest cross product of a corner of a box, seen from a point, with a step."""
    across = box.east - x if step_y > 0.0 else box.west - x
    along = box.south - y if step_x > 0.0 else box.north - y
    return across * step_y - along * step_x


@physics
def is_behind(x: float, y: float, seen: Tangents, change: Box, line: Box) -> bool:
    """Whether any of a line's box lies in or behind a changed box, seen from a point outside."""
    if x < change.west and line.east < change.west:
        return False
    if x > change.east and line.west > change.east:
        return False
    if y < change.south and line.north < change.south:
        return False
    if y > change.north and line.south > change.north:
        return False
    if most_right_of(seen.left_x, seen.left_y, x, y, line) < 0.0:
        return False
    return most_right_of(-seen.right_x, -seen.right_y, x, y, line) >= 0.0


@physics
def may_touch(x: float, y: float, line: Box, changes: Float32) -> bool:
    """Whether paths from a line, within its widened box, to a receptor meet a changed box.

    Parameters
    ----------
    changes
        Boxes (n, 4) of what changes (m): west, south, east, north.
    """
    for n in range(changes.shape[0]):
        change = Box(
            changes[n, 0] - ROUNDING,
            changes[n, 1] - ROUNDING,
            changes[n, 2] + ROUNDING,
            changes[n, 3] + ROUNDING,
        )
        if is_within(x, y, change):
            return True
        if is_behind(x, y, tangents(x, y, change), change, line):
            return True
    return False


def _list_touched(
    x: Float32,
    y: Float32,
    start: Int64,
    line: Int32,
    boxes: Float32,
    changes: Float32,
    touched: Bool,
) -> None:
    for i in prange(x.size):
        for row in range(start[i], start[i + 1]):
            k = line[row]
            box = Box(boxes[k, 0], boxes[k, 1], boxes[k, 2], boxes[k, 3])
            touched[row] = may_touch(x[i], y[i], box, changes)


_list = on_all_cores(_list_touched, relaxed=False)


def touched_rows(
    x: Float32, y: Float32, start: Int64, line: Int32, boxes: Float32, changes: Float32
) -> Bool:
    """Which rows of receptors and lines a change may touch.

    Parameters
    ----------
    x, y
        Of N receptors (m).
    start, line
        Rows start[i] to start[i + 1] are of receptor i; the line of each.
    boxes
        Of the lines (L, 4; m), widened by the distance within which walls reflect.
    changes
        Boxes (n, 4; m) of what changes, widened alike.
    """
    touched = np.zeros(line.size, np.bool_)
    _list(x, y, start, line, boxes, changes, touched)
    return touched
