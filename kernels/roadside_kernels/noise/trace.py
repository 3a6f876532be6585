"""From every receptor to every line of road: what arrives of a line's power, by octave band.

Geometry, ground and weather decide it, traffic does not: a scenario of traffic is a sum over it.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from numba import get_num_threads
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32, Int32, Int64
from roadside_kernels.device_memory import on_device
from roadside_kernels.launch import Device
from roadside_kernels.noise.bands import BANDS
from roadside_kernels.noise.cut_room import ROOM
from roadside_kernels.noise.lines import Lines
from roadside_kernels.noise.scene import Scene
from roadside_kernels.noise.spectrum import spectrum
from roadside_kernels.noise.trace_cpu import near_lines, new_desk, trace_block
from roadside_kernels.noise.trace_line import Given, Hearers, Options, UInt16
from roadside_kernels.noise.trace_on_gpu import trace_on_gpu
from roadside_kernels.noise.trace_order import rank_lines
from roadside_kernels.noise.walls import Walls, near_walls, no_walls, walls_of
from roadside_kernels.physics import f32

#: Receptors that a thread traces one after the other.
BLOCK = 32
#: Receptors that a GPU traces at a time: two for each thread that it holds, and room for the rows
#: of all lines near them.
BATCH = 4096


class Traced(NamedTuple):
    """What arrives at the receptors of a block."""

    rows: Int64  # of each receptor
    line: Int32
    energy: UInt16
    profiles: int


class Transfer(NamedTuple):
    """What arrives at N receptors of unit power per metre; rows start[i]:start[i + 1] are of i.

    A row is the sum over the pieces of one line and their paths, direct and reflected: length (m)
    times 10^(-A / 10), weighted by the probabilities of both conditions, without A-weighting.
    Energies are the upper half of a float32 (bfloat16), rounded to nearest.
    """

    start: Int64  # N + 1
    line: Int32  # (rows)
    energy: UInt16  # (rows, C, 8): one period for all where they are alike, else three
    profiles: int  # cut on the way


class Only(NamedTuple):
    """Some lines for each of N receptors: line[start[i]:start[i + 1]] for receptor i."""

    start: Int64  # N + 1
    line: Int32


def in_float32(energy: UInt16) -> Float32:
    """Energies as numbers."""
    return (energy.astype(np.uint32) << 16).view(np.float32)


def line_boxes(lines: Lines) -> Float32:
    """Bounding boxes (M, 4) of lines (m): west, south, east, north."""
    first = lines.start[:-1]
    edges = [f.reduceat(v, first) for f in (np.minimum, np.maximum) for v in (lines.x, lines.y)]
    return np.stack(edges, axis=1)


def trace(
    scene: Scene,
    lines: Lines,
    hearers: Hearers,
    *,
    absorption: NDArray[np.floating],
    favourable: NDArray[np.floating],
    walls: Walls | None = None,
    only: Only | None = None,
    power: Float32 | None = None,
    reach: float = 800.0,
    order: int = 1,
    search: float = 50.0,
    tolerance: float = 0.1,
    headroom: float = 2.0,
    device: Device = "cpu",
) -> Transfer:
    """Trace all receptors.

    Parameters
    ----------
    absorption
        Of the air in each band (dB/km).
    favourable
        Probability (3 periods, n sectors) of favourable conditions for sound that comes from a
        sector; sector i is centred on i * 360 / n degrees, clockwise from north.
    walls
        Of ``walls_of(scene)``, where it is known already.
    only
        Lines that each receptor is traced to; None: all within reach.
    power
        A-weighted power per metre (M, 8) of the baseline, for pruning; None: none is pruned.
    reach
        Horizontal distance (m) to the middle of a piece beyond which it does not count.
    order
        Of reflections: 0 or 1.
    search
        Distance (m) of points of reflection from the straight line between source and receptor.
    tolerance
        Most that pruning may take away (dB), of the total level of any scenario in which no line
        has more than ``headroom`` times its power, even if the loudest line goes silent.
    """
    if walls is None:
        walls = walls_of(scene) if order > 0 else no_walls()
    given = Given(
        scene.grid,
        walls,
        lines,
        line_boxes(lines),
        hearers,
        np.zeros((lines.start.size - 1, len(BANDS)), np.float32) if power is None else power,
        spectrum([float(a) for a in absorption]),
        by_period(favourable),
        Options(
            f32(reach),
            f32(search),
            f32(0.0 if power is None else 10.0 ** (tolerance / 10.0) - 1.0),
            f32(headroom),
            f32(1.0 + 2.0 * order),
        ),
    )
    traced = (traced_on_cpu if device == "cpu" else traced_on_gpu)(given, only)
    nothing = Traced(
        np.zeros(0, np.int64), np.zeros(0, np.int32), room_for(0, given.probability), 0
    )
    rows, line, energy, profiles = zip(nothing, *traced, strict=True)
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(np.concatenate(rows))])
    return Transfer(start, np.concatenate(line), np.concatenate(energy), sum(profiles))


def room_for(rows: int, probability: Float32) -> UInt16:
    """Room for the energies of rows."""
    return np.empty((rows, probability.shape[0], len(BANDS)), np.uint16)


def traced_on_cpu(given: Given, only: Only | None) -> list[Traced]:
    """Trace all receptors, blocks of them shared among the cores."""
    blocks = ranges(given.hearers.x.size, BLOCK)
    with ThreadPoolExecutor(get_num_threads()) as threads:
        return list(threads.map(lambda at: traced_block(at[0], at[1], given, only), blocks))


def traced_on_gpu(given: Given, only: Only | None) -> list[Traced]:
    """Trace all receptors, many at a time."""
    there = on_device(given)
    found = []
    for first, last in ranges(given.hearers.x.size, BATCH):
        near, lists, walls, hearers = around(first, last, given, only)
        some = there._replace(hearers=on_device(hearers))
        rows, paths, line, energy = trace_on_gpu(some, near, lists, walls)
        found.append(Traced(rows, line, energy, int(paths.sum())))
    return found


def ranges(count: int, size: int) -> list[tuple[int, int]]:
    """Ranges of a size, the last maybe shorter, that make up so many."""
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def around(
    first: int, last: int, given: Given, only: Only | None
) -> tuple[Int32, Int64, Int32, Hearers]:
    """What is near the receptors from first to last: lines, their lists, walls; and the receptors.

    Receptor i is traced to the lines near[lists[i, 0]:lists[i, 1]].
    """
    box = box_around(given.hearers, first, last)
    if only is None:
        near, lists = lines_for_all(first, last, given, box)
    else:
        near = only.line
        lists = np.stack([only.start[first:last], only.start[first + 1 : last + 1]], axis=1)
    walls = near_walls(given.walls, box, given.options.reach)
    return near, lists, walls, some_hearers(given.hearers, first, last)


def traced_block(first: int, last: int, given: Given, only: Only | None) -> Traced:
    """Trace the receptors from first to last, without that."""
    near, lists, walls, hearers = around(first, last, given, only)
    return traced_to(given._replace(hearers=hearers), near, lists, walls)


def traced_to(given: Given, near: Int32, lists: Int64, walls: Int32) -> Traced:
    """Trace all receptors i to the lines near[lists[i, 0]:lists[i, 1]], by some walls."""
    sizes = lists[:, 1] - lists[:, 0]
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    line, energy = np.empty(start[-1], np.int32), room_for(start[-1], given.probability)
    rows, paths = np.zeros((2, sizes.size), np.int64)
    ranking = rank_lines(given, near, lists)
    done, crossings = 0, ROOM
    while done < sizes.size:
        desk = new_desk(crossings, given.probability.shape[0], walls.size)
        done = trace_block(done, given, ranking, start, walls, desk, line, energy, rows, paths)
        crossings *= 2
    ahead = start[:-1] - np.cumsum(rows) + rows
    kept = np.repeat(ahead, rows) + np.arange(rows.sum())
    return Traced(rows, line[kept], energy[kept], int(paths.sum()))


def box_around(hearers: Hearers, first: int, last: int) -> Float32:
    """Bounding box (m) of the receptors from first to last: west, south, east, north."""
    x, y = hearers.x[first:last], hearers.y[first:last]
    return np.array([x.min(), y.min(), x.max(), y.max()], np.float32)


def lines_for_all(first: int, last: int, given: Given, box: Float32) -> tuple[Int32, Int64]:
    """Lines that may be within reach of any of some receptors, and that list for each of them."""
    near: Int32 = near_lines(box, given.boxes, given.options.reach)
    return near, np.tile(np.array([0, near.size], np.int64), (last - first, 1))


def some_hearers(hearers: Hearers, first: int, last: int) -> Hearers:
    """The receptors from first to last, without that."""
    return Hearers(
        hearers.x[first:last],
        hearers.y[first:last],
        hearers.z[first:last],
        hearers.ground[first:last],
        hearers.factor[first:last],
        hearers.building[first:last],
    )


def by_period(favourable: NDArray[np.floating]) -> Float32:
    """Probabilities (C, sectors): one period where all are alike, one sector where all are."""
    p = np.ascontiguousarray(favourable, np.float32)
    if (p == p[:1]).all():
        p = p[:1]
    if (p == p[:, :1]).all():
        p = p[:, :1]
    return np.ascontiguousarray(p)
