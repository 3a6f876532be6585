"""In which wind sectors a block of receptors sees a piece of road."""

import numpy as np

from roadside_kernels.arrays import Float32
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import distance_to_box, sector_of
from roadside_kernels.physics import physics

#: A piece this near to a block (m) may be seen in any sector.
TOUCHING = 0.01


@physics
def is_beside(
    dx: float, dy: float, half_width: float, half_height: float, border_x: float, border_y: float
) -> int:
    """Whether all of a box at an offset (m) lies on one side of a direction: 1 right, -1 left."""
    across = border_y * dx - border_x * dy
    reach = abs(border_y) * half_width + abs(border_x) * half_height
    if across > reach:
        return 1
    return -1 if -across > reach else 0


@physics
def sectors_seen(
    px: float, py: float, box: Float32 | tuple[float, float, float, float], borders: Float32
) -> tuple[int, int]:
    """First wind sector, and number of sectors, in which receptors of a box see a piece."""
    sectors = i32(borders.shape[0])
    west, south, east, north = box[0], box[1], box[2], box[3]
    dx, dy = px - 0.5 * (west + east), py - 0.5 * (south + north)
    half_width, half_height = 0.5 * (east - west), 0.5 * (north - south)
    middle = sector_of(dx, dy, sectors)
    after = i32(0) if middle + 1 == sectors else i32(middle + 1)
    right = is_beside(dx, dy, half_width, half_height, borders[middle, 0], borders[middle, 1])
    left = is_beside(dx, dy, half_width, half_height, borders[after, 0], borders[after, 1])
    if right == 1 and left == -1:
        return middle, i32(1)
    if distance_to_box(px, py, west, south, east, north) < TOUCHING:
        return i32(0), sectors
    low = high = i32(0)
    for x in (west, east):
        for y in (south, north):
            turn = i32(sector_of(px - x, py - y, sectors) - middle)
            turn = i32(turn - sectors) if 2 * turn > sectors else turn
            turn = i32(turn + sectors) if 2 * turn < -sectors else turn
            low, high = min(low, turn), max(high, turn)
    first = i32(middle + low)
    count = i32(min(high - low + 1, sectors))
    return (i32(first + sectors) if first < 0 else first), count


def sector_borders(sectors: int) -> Float32:
    """Unit vectors (east, north) along the borders before each sector, clockwise from north."""
    angle = (np.arange(sectors) - 0.5) * (2 * np.pi / sectors)
    return np.stack([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)
