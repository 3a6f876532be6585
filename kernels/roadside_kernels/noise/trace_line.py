"""What one receptor hears of one line, whichever processor traces it.

Functions that only call others are copied into their caller on the CPU: its compiler goes through
everything that a function calls once more for each that calls it.
"""

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32, Int32
from roadside_kernels.elementary import ONE, exp2, i32
from roadside_kernels.geometry import sector_of
from roadside_kernels.noise.cut import cut_by_wall, profile_in
from roadside_kernels.noise.cut_room import Point, Room
from roadside_kernels.noise.ground import favourable_bound
from roadside_kernels.noise.ground_bands import BANDS
from roadside_kernels.noise.lines import (
    Lines,
    at_spot,
    distance_to_line,
    line_length,
    pieces_of,
    spot_at,
)
from roadside_kernels.noise.path_difference import span
from roadside_kernels.noise.profile_energy import SPREADING, Wall, add_path
from roadside_kernels.noise.relative_energy import Bench
from roadside_kernels.noise.scene import Grid
from roadside_kernels.noise.spectrum import Spectrum
from roadside_kernels.noise.walls import (
    Echo,
    Walls,
    Windows,
    echo,
    heard_in,
    in_windows,
    longest_by_wall,
)
from roadside_kernels.physics import f32, inlined

UInt16 = NDArray[np.uint16]
#: Nearest distance (m) at which the most that a line may send is worked out.
AT_LEAST = 1.0
#: Bits that bfloat16 leaves out, and what rounds them.
HALF, LOWER = np.uint32(16), np.uint32(0x7FFF)
#: Energy of a level of 1 dB is two to this power.
OCTAVES = math.log2(10.0) / 10.0


class Hearers(NamedTuple):
    """N receptors: places and altitudes (m), ground at their feet, and building behind them."""

    x: Float32
    y: Float32
    z: Float32
    ground: Float32  # altitude
    factor: Float32  # ground factor
    building: Int32  # whose facade does not reflect to the receptor; -1: none


class Options(NamedTuple):
    """How far and how exactly to trace."""

    reach: float  # m
    search: float  # m
    share: float  # of the energy that has arrived, that pruning may leave out; 0: none
    headroom: float  # times the power that a line may have
    most: float  # energy that walls may add to that of the direct path, and the path itself


class Given(NamedTuple):
    """What tracing reads."""

    grid: Grid
    walls: Walls
    lines: Lines
    boxes: Float32  # (M, 4) of the lines: west, south, east, north (m)
    hearers: Hearers
    power: Float32  # (M, 8)
    spectrum: Spectrum
    probability: Float32  # (C, sectors)
    options: Options


class Desk(NamedTuple):
    """Where a thread works."""

    room: Room
    bench: Bench
    row: Float32  # (C, 8) of one line
    windows: Windows  # of the receptor
    seen: Int32  # those that a line may be heard in
    heard: Int32  # those that a piece is heard in


@inlined
def source_at(lines: Lines, k: int, along: float) -> Point:
    """The point source so far (m) along a line."""
    spot = spot_at(lines, k, along)
    return Point(
        at_spot(lines.x, spot),
        at_spot(lines.y, spot),
        at_spot(lines.z, spot),
        at_spot(lines.ground, spot),
        0.0,
    )


@inlined
def add_piece(
    given: Given, source: Point, receptor: Point, seen: int, length: float, desk: Desk
) -> int:
    """Add what arrives of a piece, straight and by the walls seen; number of paths, -1: no room."""
    step_x, step_y = source.x - receptor.x, source.y - receptor.y
    reach, search, walls = given.options.reach, given.options.search, given.walls
    straight2 = step_x * step_x + step_y * step_y
    if straight2 >= reach * reach:
        return 0
    sectors = given.probability.shape[1]
    p = given.probability[:, sector_of(step_x, step_y, sectors) if sectors > 1 else i32(0)]
    farthest = longest_by_wall(math.sqrt(straight2), search, reach)
    heard = heard_in(desk.windows, desk.seen, seen, source.x, source.y, farthest, desk.heard)
    paths = 0
    for k in range(-1, heard):
        w, by = i32(-1), Echo(receptor.x, receptor.y, f32(0.0), f32(0.0), True)
        if k >= 0:
            w = desk.windows.wall[desk.heard[k]]
            by = echo(walls, w, source, receptor, search)
        if by.acts:
            element = walls.element[w] if w >= 0 else i32(-1)
            count = cut_by_wall(given.grid, source, by.x, by.y, element, receptor, desk.room)
            if count < 0:
                return -1
            profile = profile_in(desk.room.points, count, source, receptor)
            # Nothing is read of the share that no wall reflects.
            sent = walls.reflected[w] if w >= 0 else desk.bench.before
            wall = Wall(by.before, by.top, sent)
            add_path(profile, wall, w >= 0, length, given.spectrum, p, desk.bench, desk.row)
            paths += 1
    return paths


@inlined
def add_line(given: Given, k: int, distance: float, i: int, windows: int, desk: Desk) -> int:
    """Sum up what arrives of line k at receptor i; number of paths, -1: no room."""
    hearers, lines, box = given.hearers, given.lines, given.boxes[k]
    receptor = Point(hearers.x[i], hearers.y[i], hearers.z[i], hearers.ground[i], hearers.factor[i])
    x, y, radius = (
        0.5 * (box[0] + box[2]),
        0.5 * (box[1] + box[3]),
        0.5 * span(box[2] - box[0], box[3] - box[1]),
    )
    straight = span(x - receptor.x, y - receptor.y) + radius
    farthest = longest_by_wall(straight, given.options.search, given.options.reach)
    seen = in_windows(desk.windows, windows, x, y, radius, farthest, desk.seen)
    for c in range(desk.row.shape[0]):
        for band in range(BANDS):
            desk.row[c, band] = 0.0
    length = line_length(lines, k)
    pieces = pieces_of(length, distance)
    length /= f32(pieces)
    paths = 0
    for piece in range(pieces):
        source = source_at(lines, k, (f32(piece) + 0.5) * length)
        found = add_piece(given, source, receptor, seen, length, desk)
        if found < 0:
            return -1
        paths += found
    return paths


@inlined
def most_of(given: Given, k: int, distance: float, i: int) -> float:
    """Most energy that line k may send to receptor i: free field, ground and walls.

    All of it as near as its nearest point, over the ground that reflects best.
    """
    height = given.hearers.z[i] - given.hearers.ground[i]
    d = max(distance, AT_LEAST)
    ground = exp2(-OCTAVES * favourable_bound(d, 0.05, height, 0.0))
    energy = 0.0
    for band in range(BANDS):
        energy += given.power[k, band] * exp2(-given.spectrum.air[band] * d)
    length = line_length(given.lines, k)
    return energy * ground * given.options.most * length / (SPREADING * d * d)


@inlined
def heard_of(given: Given, k: int, row: Float32) -> float:
    """Energy that has arrived of line k, in the period in which it is least."""
    least = 0.0
    for c in range(row.shape[0]):
        energy = 0.0
        for band in range(BANDS):
            energy += given.power[k, band] * row[c, band]
        least = energy if c == 0 else min(least, energy)
    return least


@inlined
def as_bfloat16(energy: float) -> Any:
    """An energy as bfloat16, the upper half of a float32: to nearest, ties to even."""
    bits = np.float32(energy).view(np.uint32)
    odd = (bits >> HALF) & ONE
    return (bits + LOWER + odd) >> HALF


@inlined
def store_row(row: Float32, energy: UInt16) -> None:
    """Write energies as bfloat16."""
    for c in range(row.shape[0]):
        for band in range(BANDS):
            energy[c, band] = as_bfloat16(row[c, band])


@inlined
def look(i: int, given: Given, near: Int32, distance: Float32, most: Float32) -> float:
    """Note how far lines are from receptor i and the most that they may send; the sum of that.

    Without pruning the most is not worked out.
    """
    hearers, options = given.hearers, given.options
    total = 0.0
    for place in range(near.size):
        k = near[place]
        distance[place] = distance_to_line(given.lines, k, hearers.x[i], hearers.y[i])
        most[place] = 0.0
        if options.share > 0.0 and distance[place] < options.reach:
            most[place] = options.headroom * most_of(given, k, distance[place], i)
            total += most[place]
    return total
