"""What stands and lies between roads and receptors: line elements on a uniform grid.

A ray crosses sides of buildings, screens, boundaries of ground and edges of the terrain; all four
are straight elements of one kind of array, so that one walk along the ray finds them.  The grid
lists, for every cell, the elements that touch it.

How to make one: ``joined`` (or ``Elements`` itself) for the elements, then ``make_scene``.
Coordinates are metres from a corner nearby, float32; altitudes are those of the terrain's datum.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, cast

import numpy as np
from numba import njit

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.physics import Formula, f32

#: Compiled in double precision, for what is done once.
compiled = cast("Callable[[Formula], Formula]", njit(nogil=True, error_model="numpy"))

#: Kinds of elements.
BUILDING, SCREEN, GROUND_BOUNDARY, TERRAIN_EDGE = 0, 1, 2, 3
#: Side of a cell (m); from 15 to 40 m a town takes about the same time.
CELL = 20.0
#: Cells list what lies this near (m) to them, so that no crossing is lost to rounding.
BESIDE = 0.05


class Elements(NamedTuple):
    """K straight elements, from (x0, y0) to (x1, y1) (m)."""

    x0: Float32
    y0: Float32
    x1: Float32
    y1: Float32
    kind: Int32
    owner: Int32  # building of a side, which lies left of it; else not read
    low: Float32  # roof; top of a screen or terrain at the start (m); ground factor on the left
    high: Float32  # roof; top of a screen or terrain at the end (m); ground factor on the right
    absorption: Float32  # (K, 8) share of the energy that a wall absorbs
    reflects: Int32  # 1: a wall that sound can reach


class Grid(NamedTuple):
    """Cells (m), row by row from the south-west; cell c lists start[c] to start[c + 1].

    What a ray needs of an element is repeated in every list that has it, side by side in memory.
    """

    west: float
    south: float
    cell: float
    columns: int
    rows: int
    start: Int64  # (columns * rows + 1)
    line: Float32  # (listed, 6) x0, y0, x1, y1, low, high
    mark: Int32  # (listed, 3) element, kind, owner
    ground_factor: float  # where no element says otherwise
    altitude: float  # m, of terrain without edges


class Scene(NamedTuple):
    """Elements, and the grid that finds them."""

    elements: Elements
    grid: Grid


def no_elements() -> Elements:
    """Nothing at all."""
    return make_elements(np.empty((0, 4)), kind=BUILDING, low=0.0, high=0.0)


def make_elements(
    ends: Any,
    *,
    kind: int,
    low: Any,
    high: Any,
    owner: Any = -1,
    absorption: Any = 0.0,
) -> Elements:
    """Elements of one kind from their ends (K, 4: x0, y0, x1, y1; m).

    Other arguments are numbers or arrays of K; ``absorption`` may be (K, 8).  Sides of a building
    have it on their left: outer rings run counter-clockwise, courtyards clockwise.
    """
    ends = np.asarray(ends, np.float32).reshape(-1, 4)
    count = ends.shape[0]
    absorbed = np.asarray(absorption, np.float32)
    if absorbed.ndim == 1:
        absorbed = absorbed[:, None]

    def column(values: Any, dtype: type) -> Any:
        return np.array(np.broadcast_to(np.asarray(values, dtype), count))

    x0, y0, x1, y1 = ends.T.copy()
    return Elements(
        x0,
        y0,
        x1,
        y1,
        column(kind, np.int32),
        column(owner, np.int32),
        column(low, np.float32),
        column(high, np.float32),
        np.array(np.broadcast_to(absorbed, (count, len(BANDS)))),
        column(int(kind in {BUILDING, SCREEN}), np.int32),
    )


def joined(parts: Sequence[Elements]) -> Elements:
    """All elements of several parts, in order."""
    columns = zip(*(no_elements(), *parts), strict=True)
    return Elements(*(np.concatenate(column) for column in columns))


def make_scene(
    elements: Elements, *, ground_factor: float, altitude: float = 0.0, cell: float = CELL
) -> Scene:
    """A scene of elements, with their grid.

    Corners of the grid are whole cells from the origin, whatever there is in it: an element that
    is added far away leaves the cells of all others as they are.
    """
    ends = np.stack(elements[:4], axis=1)
    west, columns = _span(ends[:, 0::2], cell)
    south, rows = _span(ends[:, 1::2], cell)
    corner = (f32(west * cell), f32(south * cell), f32(cell), columns, rows)
    counted = np.zeros(columns * rows, np.int64)
    list_elements(ends, *corner, counted, np.empty(0, np.int32))
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(counted)])
    listed = np.empty(start[-1], np.int32)
    list_elements(ends, *corner, start[:-1].copy(), listed)
    line = np.stack([*elements[:4], elements.low, elements.high], axis=1)[listed]
    mark = np.stack([listed, elements.kind[listed], elements.owner[listed]], axis=1)
    return Scene(elements, Grid(*corner, start, line, mark, f32(ground_factor), f32(altitude)))


def _span(places: Float32, cell: float) -> tuple[int, int]:
    """First cell along an axis, and their number."""
    if places.size == 0:
        return 0, 1
    first = int(np.floor((float(places.min()) - BESIDE) / cell))
    last = int(np.floor((float(places.max()) + BESIDE) / cell))
    return first, last - first + 1


@compiled
def cells_between(
    low: float, high: float, corner: float, cell: float, count: int
) -> tuple[int, int]:
    """First cell along an axis that touches an interval, and one past the last."""
    first = int((low - BESIDE - corner) / cell)
    last = int((high + BESIDE - corner) / cell)
    return max(first, 0), min(last, count - 1) + 1


@compiled
def touches(x0: float, y0: float, x1: float, y1: float, x: float, y: float, half: float) -> bool:
    """Whether the line through a segment meets the square of half a side (m) about (x, y)."""
    along_x, along_y = x1 - x0, y1 - y0
    beside = along_x * (y - y0) - along_y * (x - x0)
    return abs(beside) <= half * (abs(along_x) + abs(along_y))


@compiled
def list_elements(
    ends: Float32,
    west: float,
    south: float,
    cell: float,
    columns: int,
    rows: int,
    place: Int64,
    element: Int32,
) -> None:
    """Move every cell's place on by the elements it touches; note them there if there is room."""
    half = 0.5 * cell + BESIDE
    for e in range(ends.shape[0]):
        x0, y0 = float(ends[e, 0]), float(ends[e, 1])
        x1, y1 = float(ends[e, 2]), float(ends[e, 3])
        bottom, top = cells_between(min(y0, y1), max(y0, y1), south, cell, rows)
        left, right = cells_between(min(x0, x1), max(x0, x1), west, cell, columns)
        for row in range(bottom, top):
            for column in range(left, right):
                x, y = west + (column + 0.5) * cell, south + (row + 0.5) * cell
                if touches(x0, y0, x1, y1, x, y, half):
                    c = row * columns + column
                    if element.size > 0:
                        element[place[c]] = e
                    place[c] += 1
