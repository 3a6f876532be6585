"""Formal noise levels of a region against the formulas in double precision, at a few receptors."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from roadside_kernels.arrays import BLOCK, Float32, Receptors, Segments
from roadside_kernels.geometry import block_boxes
from roadside_kernels.launch import Device
from roadside_kernels.noise.atmosphere import STANDARD_PRESSURE, air_absorption
from roadside_kernels.noise.bands import MID_BANDS
from roadside_kernels.noise.flat_ground import FlatGround, transfer_at
from roadside_kernels.noise.indicators import lden_energy
from roadside_kernels.noise.line import MAX_RANGE, line_noise
from roadside_kernels.physics import in_double
from roadside_server.computation.methods import Methods
from roadside_server.computation.noise import ground_transfer, noise_stretches, stretch_power
from roadside_server.computation.sources import chosen, localised, near
from roadside_server.computation.tiles import Tile, receptors_of
from roadside_server.region.schema import Float64, Region

from roadside_cli.benchmarks.plain import piece_counts

DECIBEL = 10.0


def noise_in_double(
    region: Region, tiles: Iterable[Tile], blocks: int, device: Device
) -> dict[str, Any]:
    """Largest error (dB) of Lden at one receptor in some blocks of each tile."""
    transfer, stretches = ground_transfer(region, MAX_RANGE), noise_stretches(region)
    power = stretch_power(region, region.roads, stretches, Methods())
    errors = []
    for tile in tiles:
        rows = near(stretches, tile.box, MAX_RANGE)
        segments = localised(chosen(stretches, rows), tile.box)
        for local in _some_blocks(region, tile, blocks):
            loud = np.ascontiguousarray(power[:, :, rows], np.float32)
            found = line_noise(local, segments, loud, transfer, device=device).energy[:, 0]
            exact = _exact_energy(region, local, segments, power[:, :, rows], transfer)
            if exact.all():
                errors.append(abs(_lden(found) - _lden(exact)))
    return {"receptors": len(errors), "absolute_error_db": max(errors, default=0.0)}


def _some_blocks(region: Region, tile: Tile, blocks: int) -> Iterable[Receptors]:
    """Some blocks of receptors, evenly over a tile."""
    every = receptors_of(tile, region.receptors).local
    first = np.arange(0, max(every.x.size - BLOCK + 1, 1), BLOCK)
    for start in first[:: -(-first.size // blocks)]:
        yield Receptors(*(places[start : start + BLOCK].copy() for places in every))


def _exact_energy(
    region: Region, local: Receptors, segments: Segments, power: Float64, transfer: FlatGround
) -> Float64:
    """Energy (3 periods) at the first receptor of a block, cut into the block's own pieces."""
    x0, y0, x1, y1 = (end.astype(np.float64) for end in segments[:4])
    count = piece_counts(segments, block_boxes(local))[0]
    row = np.repeat(np.arange(count.size), count)
    piece = np.arange(row.size) - np.repeat(np.cumsum(count) - count, count)
    share = (piece + 0.5) / count[row]
    dx = x0[row] + share * (x1 - x0)[row] - float(local.x[0])
    dy = y0[row] + share * (y1 - y0)[row] - float(local.y[0])
    length = (np.hypot(x1 - x0, y1 - y0) / count)[row]
    heard = np.hypot(dx, dy) <= MAX_RANGE
    row, length, dx, dy = row[heard], length[heard], dx[heard], dy[heard]
    homogeneous, favourable = _transfers(region, np.hypot(dx, dy), transfer)
    p = _probability(transfer.probability, dx, dy)
    energy = np.zeros(power.shape[0])
    for period in range(energy.size):
        arriving = (1.0 - p[period]) * homogeneous + p[period] * favourable
        energy[period] = np.sum(length * (power[period][:, row] * arriving).sum(axis=0))
    return energy


def _transfers(region: Region, distance: Float64, transfer: FlatGround) -> Float64:
    """Energy (m-2) by condition, band and piece, of sources at a horizontal distance (m)."""
    weather, rise = region.weather, float(transfer.rise)
    absorption = [
        in_double(air_absorption)(f, weather.temperature, weather.humidity, STANDARD_PRESSURE)
        for f in MID_BANDS
    ]
    places = np.log2(distance**2 + rise**2)
    height = float(region.receptor_height_noise)
    found: Float64 = transfer_at(places, np.array(absorption), height, float(weather.ground_factor))
    return found


def _probability(probability: Float32, dx: Float64, dy: Float64) -> Float64:
    """Of favourable conditions (3 periods) for each piece, by the sector it is heard from."""
    sectors = probability.shape[1]
    sector = np.rint(np.arctan2(dx, dy) * (sectors / (2.0 * np.pi))).astype(int) % sectors
    return probability[:, sector].astype(np.float64)


def _lden(energy: Any) -> float:
    day, evening, night = (float(one) for one in energy)
    return DECIBEL * float(np.log10(in_double(lden_energy)(day, evening, night)))
