"""Traces the points of a tile: what the lines near them send there, past what stands around."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.launch import Device
from roadside_kernels.noise.atmosphere import STANDARD_PRESSURE, air_absorption
from roadside_kernels.noise.bands import MID_BANDS
from roadside_kernels.noise.foot import feet
from roadside_kernels.noise.lines import Lines
from roadside_kernels.noise.propagation import SOURCE_HEIGHT
from roadside_kernels.noise.scene import Scene
from roadside_kernels.noise.trace import Only, trace
from roadside_kernels.noise.trace_line import Hearers
from roadside_kernels.noise.transfer_sum import BY_CONDITION
from roadside_kernels.noise.walls import no_walls, walls_of
from roadside_kernels.physics import in_double

from roadside_server.computation.tiles import Tile, View
from roadside_server.computation.transfer.building import Trace
from roadside_server.computation.transfer.emitting_lines import EmittingLines, lines_within
from roadside_server.computation.transfer.ground import Ground, bands_of_rows
from roadside_server.computation.transfer.noise_points import NoisePoints, heights, noise_points
from roadside_server.computation.transfer.scene_of_tile import Surroundings, surroundings
from roadside_server.computation.transfer.storage import TileTransfer
from roadside_server.region.schema import Float64, Region, Weather
from roadside_server.scenario.construction import Construction
from roadside_server.scenario.obstacles import Obstacles, obstacles_after

#: Points that are traced between two questions whether someone cancelled.
AT_ONCE: dict[Device, int] = {"cpu": 2048, "gpu": 16384}
#: Homogeneous and favourable conditions, each for certain.
CONDITIONS = np.array([[0.0], [1.0]])

Rows = NDArray[np.intp]


def around_tile(ground: Ground, obstacles: Obstacles, box: View) -> Surroundings:
    """The scene that sound may meet on its way to a tile's points."""
    within = ground.settings.reach + ground.settings.search
    return surroundings(ground.region, obstacles, box, within)


def traced(
    ground: Ground,
    around: Surroundings,
    points: NoisePoints,
    only: Only | None = None,
    *,
    prune: bool = True,
    device: Device = "cpu",
    done: Callable[[int], None] = lambda _: None,
) -> TileTransfer:
    """What lines send to a tile's points; all within reach, or some for each point.

    Parameters
    ----------
    prune
        Whether what the tolerance allows is left out.
    done
        Told, again and again, how many points are traced.
    """
    region, settings, strip = ground.region, ground.settings, points.strip
    bands = bands_of_rows(region.weather)
    near = lines_within(ground.lines, strip.box, settings.reach)
    if only is not None:
        near = np.unique(only.line).astype(np.intp)
    if near.size == 0 or points.size == 0:
        return no_rows(points.size, bands)
    lines = _localised(ground.lines, near, strip.tile.box, around.scene)
    walls = walls_of(around.scene) if settings.order else no_walls()
    hearers = _hearers(region, points, around)
    found, at_once = [], AT_ONCE[device]
    for first in range(0, points.size, at_once):
        some = Hearers._make(values[first : first + at_once] for values in hearers)
        last = first + some.x.size
        found.append(
            trace(
                around.scene,
                lines,
                some,
                absorption=_absorption(region.weather),
                favourable=CONDITIONS if bands == BY_CONDITION else region.weather.favourable,
                walls=walls,
                only=None if only is None else _some(only, near, first, last),
                power=ground.power[near] if prune and settings.tolerance > 0.0 else None,
                reach=settings.reach,
                order=settings.order,
                search=settings.search,
                tolerance=settings.tolerance,
                headroom=settings.headroom,
                device=device,
            )
        )
        done(last)
    counts = np.concatenate([np.diff(some.start) for some in found])
    start = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    line = near[np.concatenate([some.line for some in found])].astype(np.int32)
    energy = np.concatenate([some.energy for some in found]).reshape(-1, bands)
    return TileTransfer(start, line, energy)


def _some(only: Only, near: Rows, first: int, last: int) -> Only:
    """The lines of some points, numbered as those near."""
    start = only.start[first : last + 1]
    line = np.searchsorted(near, only.line[start[0] : start[-1]])
    return Only(start - start[0], line.astype(np.int32))


def no_rows(points: int, bands: int) -> TileTransfer:
    """The transfer of points that no line reaches."""
    return TileTransfer(
        np.zeros(points + 1, np.int64), np.zeros(0, np.int32), np.zeros((0, bands), np.uint16)
    )


def _localised(lines: EmittingLines, which: Rows, box: View, land: Scene) -> Lines:
    """Some lines in metres from a corner, their sources at their height above the terrain."""
    count = np.diff(lines.start)[which]
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int32)
    vertex = np.arange(start[-1]) + np.repeat(lines.start[which] - start[:-1], count)
    x = (lines.x[vertex] - box.west).astype(np.float32)
    y = (lines.y[vertex] - box.south).astype(np.float32)
    altitude, _ = feet(land, x, y)
    z = altitude + lines.raised[vertex].astype(np.float32) + np.float32(SOURCE_HEIGHT)
    return Lines(start, x, y, z, altitude)


def _hearers(region: Region, points: NoisePoints, around: Surroundings) -> Hearers:
    receptors = points.strip.receptors
    altitude, factor = feet(around.scene, receptors.local.x, receptors.local.y)
    building = np.full(points.size, -1, np.int32)
    before = getattr(region.receptors, "building", None)
    if before is not None:
        row = before[receptors.receptor]
        building = np.where(row >= 0, around.owner[row], -1).astype(np.int32)
    z = altitude + heights(region, points)
    return Hearers(*receptors.local, z, altitude, factor, building)


def _absorption(weather: Weather) -> Float64:
    """Of the air in each band (dB/km)."""
    conditions = weather.temperature, weather.humidity, STANDARD_PRESSURE
    return np.array([in_double(air_absorption)(f, *conditions) for f in MID_BANDS])


def tracer(region: Region, device: Device = "cpu") -> Trace:
    """Trace among what stands in the region."""
    obstacles = obstacles_after(region, Construction())

    def trace_tile(ground: Ground, tile: Tile, done: Callable[[int], None]) -> TileTransfer:
        points = noise_points(tile, region.receptors, ground.settings.spacing)
        share = np.prod(tile.shape) / max(points.size, 1)
        around = around_tile(ground, obstacles, tile.box)
        return traced(
            ground, around, points, device=device, done=lambda count: done(int(count * share))
        )

    return trace_tile
