"""When a square of roads may act as one source for a block of receptors; docs/decisions/0009."""

from roadside_kernels.air.hierarchy import Hierarchy, Opening
from roadside_kernels.air.hierarchy_cells import EAST, NORTH, RADIUS, SOUTH, WEIGHT, WEST, X, Y, gap
from roadside_kernels.air.wind_sectors import sectors_seen
from roadside_kernels.arrays import Float32, Int32, StreetLinks
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import NEAREST, distance_to_box
from roadside_kernels.physics import physics


@physics
def farthest(cell: Float32, box: Float32) -> float:
    """Squared distance (m2) between a square and a box at their farthest points."""
    dx: float = max(cell[EAST] - box[0], box[2] - cell[WEST])
    dy: float = max(cell[NORTH] - box[1], box[3] - cell[SOUTH])
    return dx * dx + dy * dy


@physics
def adds_nothing(cell: Float32, box: Float32, limit: float) -> bool:
    """Whether a square is beyond a squared range (m2), or emits nothing and touches no receptor."""
    away = gap(cell, box)
    return away * away > limit or (cell[WEIGHT] == 0.0 and away >= NEAREST)


@physics
def sectors_of(cell: Float32, box: Float32, borders: Float32) -> tuple[int, int]:
    """First wind sector, and number, in which receptors of a box see any of a square."""
    half_x, half_y = 0.5 * (cell[EAST] - cell[WEST]), 0.5 * (cell[NORTH] - cell[SOUTH])
    wide = (box[0] - half_x, box[1] - half_y, box[2] + half_x, box[3] + half_y)
    x, y = 0.5 * (cell[WEST] + cell[EAST]), 0.5 * (cell[SOUTH] + cell[NORTH])
    return sectors_seen(x, y, wide, borders)


@physics
def seen_as_one(
    cell: Float32, box: Float32, borders: Float32, opening: Opening, limit: float
) -> tuple[int, int]:
    """First wind sector, and number, in which a square may act as one source; 0: in none."""
    away = distance_to_box(cell[X], cell[Y], box[0], box[1], box[2], box[3])
    if cell[RADIUS] > opening.radius * away or cell[WEIGHT] == 0.0:
        return i32(0), i32(0)
    if cell[RADIUS] > opening.rim * away and farthest(cell, box) > limit:
        return i32(0), i32(0)
    first, count = sectors_of(cell, box, borders)
    sectors = i32(borders.shape[0])
    # Of two sectors or three, one border may lie on either side of the block.
    if count > 2 or (count == 2 and sectors < 4):
        return i32(0), i32(0)
    if count == 2 and cell[RADIUS] > opening.border[(first + 1) % sectors] * away:
        return i32(0), i32(0)
    return first, count


@physics
def mark_linked(
    block: int, first: int, last: int, links: StreetLinks, hierarchy: Hierarchy, marks: Int32
) -> None:
    """Mark for a block the squares that hold a road linked to one of its receptors."""
    for link in range(links.start[first], links.start[last]):
        road = links.road[link]
        if road + 1 >= hierarchy.road_start.size:
            continue
        for at in range(hierarchy.road_start[road], hierarchy.road_start[road + 1]):
            square = hierarchy.on_road[at]
            while square >= 0 and marks[square] != block:
                marks[square] = block
                square = hierarchy.parent[square]
