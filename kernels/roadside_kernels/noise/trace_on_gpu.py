"""Tracing of many receptors on the GPU: their ranking, their desks, and the rows that they leave.

Receptors whose profiles or windows do not fit the desks are traced again at larger ones, as on
the CPU.  Desks take ``MEMORY_SHARE`` of the memory that is free, or less.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.arrays import Int32, Int64
from roadside_kernels.device_memory import (
    empty_on_gpu,
    free_on_gpu,
    on_device,
    on_host,
)
from roadside_kernels.launch import at_every_receptor
from roadside_kernels.noise.ground_bands import BANDS
from roadside_kernels.noise.trace_desks_gpu import THREADS, Desks, bytes_of_block, desks_on_gpu
from roadside_kernels.noise.trace_gpu import Found, Task, trace_kernel
from roadside_kernels.noise.trace_line import Given, UInt16
from roadside_kernels.noise.trace_order import Ranking
from roadside_kernels.noise.trace_order_gpu import THREADS as OF_RANKING
from roadside_kernels.noise.trace_order_gpu import Lists, rank_kernel
from roadside_kernels.physics import physics

#: Points of a profile, and windows of a receptor, that desks have room for at first.
POINTS, WINDOWS = 256, 1024
#: Most blocks: more than GPUs hold at a time.
MOST_BLOCKS = 2048
#: Share of the free memory that desks may take.
MEMORY_SHARE = 0.25


class Places(NamedTuple):
    """Rows in rooms of which a part is empty, and the places that are not."""

    place: Int64
    line: Int32
    energy: UInt16  # (rooms, C, 8)


class Rows(NamedTuple):
    """Rows one after the other."""

    line: Int32
    energy: UInt16  # (rows, C, 8)


@physics
def take_row_at(i: int, rooms: Places, rows: Rows) -> None:
    """Take the row at place i from the rooms."""
    place = rooms.place[i]
    rows.line[i] = rooms.line[place]
    for c in range(rows.energy.shape[1]):
        for band in range(BANDS):
            rows.energy[i, c, band] = rooms.energy[place, c, band]


def trace_on_gpu(
    given: Given, near: Int32, lists: Int64, walls: Int32
) -> tuple[Int64, Int64, Int32, UInt16]:
    """Trace receptors to the lines near[lists[i, 0]:lists[i, 1]]: rows, paths, and their rows.

    ``given`` lies on the GPU; what is found does not.
    """
    sizes = lists[:, 1] - lists[:, 0]
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    found = _room(sizes.size, int(start[-1]), given.probability.shape[0])
    there = on_device(start)
    ranking = _ranked(given, on_device(near), lists, there)
    task = Task(np.arange(sizes.size, dtype=np.int32), there, ranking, on_device(walls))
    rows = _fill(given, task, found)
    place = np.repeat(start[:-1] - np.cumsum(rows) + rows, rows) + np.arange(rows.sum())
    kept = Rows(
        np.empty(place.size, np.int32), np.empty((place.size, *found.energy.shape[1:]), np.uint16)
    )
    at_every_receptor(
        take_row_at, place.size, Places(place, found.line, found.energy), kept, device="gpu"
    )
    return rows, on_host(found.paths), kept.line, kept.energy


def _room(receptors: int, rows: int, periods: int) -> Found:
    """Room for the rows of receptors."""
    return Found(
        empty_on_gpu((receptors,), np.int64),
        empty_on_gpu((receptors,), np.int64),
        empty_on_gpu((rows,), np.int32),
        empty_on_gpu((rows, periods, BANDS), np.uint16),
    )


def _ranked(given: Given, near: Int32, lists: Int64, start: Int64) -> Ranking:
    """The lines of all receptors as they are traced."""
    size = int((lists[:, 1] - lists[:, 0]).sum())
    ranking = Ranking(
        empty_on_gpu((size,), np.int32),
        empty_on_gpu((size,), np.float32),
        empty_on_gpu((size,), np.float32),
        empty_on_gpu((lists.shape[0],), np.float32),
    )
    first, last = np.ascontiguousarray(lists[:, 0]), np.ascontiguousarray(lists[:, 1])
    which = on_device(Lists(near, first, last, start))
    rank_kernel()[lists.shape[0], OF_RANKING](given, which, ranking)
    return ranking


def _fill(given: Given, task: Task, found: Found) -> NDArray[np.int64]:
    """Trace until all receptors of a task fit their desks; how many rows each has."""
    points, windows = POINTS, WINDOWS
    while True:
        desks = _desks(task.receptor.size, points, windows)
        blocks = desks.walls.shape[0]
        trace_kernel()[blocks, THREADS](given, on_device(task), desks, found)
        rows: NDArray[np.int64] = on_host(found.rows)
        unfinished = np.flatnonzero(rows < 0).astype(np.int32)
        if unfinished.size == 0:
            return rows
        task, points, windows = task._replace(receptor=unfinished), 2 * points, 2 * windows


def _desks(receptors: int, points: int, windows: int) -> Desks:
    """Desks for as many blocks as there are receptors, or as memory and the GPU hold."""
    room = min(MEMORY_SHARE * free_on_gpu() / bytes_of_block(points, windows), MOST_BLOCKS)
    return desks_on_gpu(min(receptors, max(int(room), 1)), points, windows)
