"""Roads of a hierarchy that a block of receptors sees on their own, in pieces. CPU only."""

import math

from roadside_kernels.air.block_room import Block, Bool, Roads
from roadside_kernels.air.hierarchy_cells import gap
from roadside_kernels.air.hierarchy_lanes import NARROW, BorderQueue, add_at_border
from roadside_kernels.air.lanes import curve_of
from roadside_kernels.air.merging import farthest
from roadside_kernels.air.open_road_cpu import add_segment, flag_near, keep_unlinked
from roadside_kernels.air.pieces import Site, add_piece, add_queued_group, add_to_queue
from roadside_kernels.air.wind_sectors import sectors_seen
from roadside_kernels.arrays import Float32
from roadside_kernels.elementary import i32
from roadside_kernels.geometry import NEAREST, pieces_of_segment
from roadside_kernels.physics import f32, physics


@physics
def add_near_segment(k: int, block: Block, border: BorderQueue, roads: Roads, site: Site) -> int:
    """Add all of a segment, which lies within range, in pieces; their number."""
    lanes, box, queue, sums = block
    segments, curve = roads.segments, roads.curve[k]
    x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
    pieces = pieces_of_segment(x0, y0, x1, y1, box[0], box[1], box[2], box[3])
    step_x, step_y = (x1 - x0) / f32(pieces), (y1 - y0) / f32(pieces)
    length = math.sqrt(step_x * step_x + step_y * step_y)
    for pollutant in range(5):
        queue.piece[pollutant] = roads.emission[pollutant, k] * length
    sectors = i32(site.annual.size)
    for piece in range(pieces):
        place = f32(piece) + 0.5
        px, py = x0 + place * step_x, y0 + place * step_y
        first, count = sectors_seen(px, py, box, site.borders)
        if count == 1:
            slot = curve * sectors + first
            if add_to_queue(queue, slot, px, py):
                add_queued_group(queue, slot, lanes, site, sums)
        elif count == 2 and sectors >= 4:
            slot = curve * sectors + (first + 1) % sectors
            add_at_border(px, py, NARROW, queue.piece, slot, lanes.x.size, border, site, sums)
        else:
            shape = curve_of(site.coefficients, curve)
            add_piece(lanes, px, py, first, count, queue.piece, shape, site, sums)
    return pieces


@physics
def add_lone(
    k: int,
    first: int,
    linked: bool,
    cell: Float32,
    block: Block,
    border: BorderQueue,
    roads: Roads,
    site: Site,
    near: Bool,
) -> int:
    """Add a segment on its own, and flag the receptors that it touches; its pieces."""
    segments, keep = roads.segments, block.lanes.keep
    if gap(cell, block.box) < NEAREST:
        x0, y0, x1, y1 = segments.x0[k], segments.y0[k], segments.x1[k], segments.y1[k]
        flag_near(block.lanes, x0, y0, x1, y1, near)
    if not linked and farthest(cell, block.box) <= site.limit:
        return add_near_segment(k, block, border, roads, site)
    if linked:
        keep_unlinked(first, segments.road[k], roads.links, keep)
    pieces = add_segment(k, linked, block, roads, site)
    keep[:] = 1.0
    return pieces
