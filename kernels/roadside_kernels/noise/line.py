"""Road noise at every receptor: the sum over all pieces of road within range.

Each segment is cut into pieces no longer than half their distance; a piece is a point source in
its middle.  Energies are relative to (20 uPa)^2 and A-weighted.
"""

from typing import NamedTuple

import numpy as np

from roadside_kernels.arrays import BLOCK, Float32, Receptors, Segments
from roadside_kernels.blocks import boxes_beside
from roadside_kernels.device_memory import contiguous, lies_on_gpu, on_host, room_beside
from roadside_kernels.launch import Device, require_single
from roadside_kernels.noise.flat_ground import FlatGround
from roadside_kernels.noise.line_cpu import sum_lines
from roadside_kernels.noise.line_gpu import sum_lines_on_gpu
from roadside_kernels.physics import f32

#: Pieces farther away than this (m) are left out; CNOSSOS-EU is meant for less.
MAX_RANGE = 800.0


class LineNoise(NamedTuple):
    """What roads send to N receptors."""

    energy: Float32  # (day, evening, night; N) re (20 uPa)^2; 0: no road within range
    pairs: int  # of piece and receptor, evaluated


def line_noise(
    receptors: Receptors,
    segments: Segments,
    power: Float32,
    transfer: FlatGround,
    *,
    max_range: float = MAX_RANGE,
    device: Device = "cpu",
) -> LineNoise:
    """Energies of the three periods at each receptor, of segments of road on flat ground.

    If the places of receptors lie on a GPU, energies are summed and left there.

    Parameters
    ----------
    power
        A-weighted sound power per metre (energy re 1 pW/m) of M segments, (3 periods, 8 bands, M).
    transfer
        Made by ``flat_ground``, for at least this range.
    max_range
        Horizontal distance (m) to the middle of a piece beyond which it does not count.

    Raises
    ------
    ValueError
        The tables of ``transfer`` end before ``max_range``.
    """
    require_single(x=receptors.x, y=receptors.y, x0=segments.x0, power=power)
    if max_range > transfer.reach:
        raise ValueError(f"max_range: {max_range} m, tables reach to {transfer.reach} m")
    x = receptors.x
    energy = room_beside(x, (3, x.size), np.float32)
    pairs = room_beside(x, (-(-x.size // BLOCK),), np.int64)
    on_cpu = device == "cpu" and not lies_on_gpu(x)
    add = sum_lines if on_cpu else sum_lines_on_gpu
    add(
        receptors,
        boxes_beside(receptors),
        segments,
        contiguous(power),
        transfer,
        f32(max_range),
        energy,
        pairs,
    )
    return LineNoise(energy, int(on_host(pairs).sum()))
