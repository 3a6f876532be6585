"""Bounding boxes of blocks of receptors, found where the receptors lie."""

from typing import NamedTuple

import numpy as np

from roadside_kernels.arrays import BLOCK, Float32, Receptors
from roadside_kernels.device_memory import empty_on_gpu, lies_on_gpu
from roadside_kernels.geometry import block_boxes
from roadside_kernels.launch import at_every_receptor
from roadside_kernels.physics import physics


class Boxes(NamedTuple):
    """Bounding boxes (m) of blocks of receptors."""

    box: Float32  # (blocks, 4): west, south, east, north


@physics
def box_at(block: int, receptors: Receptors, found: Boxes) -> None:
    """Bounding box of one block."""
    first = block * BLOCK
    west = east = receptors.x[first]
    south = north = receptors.y[first]
    for i in range(first, min(first + BLOCK, receptors.x.size)):
        west, east = min(west, receptors.x[i]), max(east, receptors.x[i])
        south, north = min(south, receptors.y[i]), max(north, receptors.y[i])
    found.box[block, 0], found.box[block, 1] = west, south
    found.box[block, 2], found.box[block, 3] = east, north


def boxes_beside(receptors: Receptors) -> Float32:
    """Bounding boxes (m; west, south, east, north) of blocks of receptors, where those lie."""
    if not lies_on_gpu(receptors.x):
        return block_boxes(receptors)
    blocks = -(-receptors.x.size // BLOCK)
    found = Boxes(empty_on_gpu((blocks, 4), np.float32))
    at_every_receptor(box_at, blocks, receptors, found)
    return found.box
