"""What a transfer is traced from: lines of road, their present power, and how rows are laid out."""

from typing import NamedTuple

from roadside_kernels.arrays import Float32
from roadside_kernels.noise.transfer_sum import ALIKE, BY_CONDITION, BY_PERIOD

from roadside_server.computation.methods import Methods
from roadside_server.computation.transfer.emitting_lines import (
    EmittingLines,
    emitting_lines,
    line_power,
    pruning_power,
)
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.region.schema import Region, Weather


class Ground(NamedTuple):
    """What is the same for all tiles of a transfer."""

    region: Region
    lines: EmittingLines
    power: Float32  # (L, 8) of the present traffic, for pruning
    settings: TransferSettings


def bands_of_rows(weather: Weather) -> int:
    """Bands of a row: what the periods share is stored once."""
    p = weather.favourable
    if (p == p[:1]).all():
        return ALIKE
    return BY_CONDITION if (p == p[:, :1]).all() else BY_PERIOD


def ground_of(region: Region, settings: TransferSettings) -> Ground:
    """What is the same for all tiles: lines, their present power, settings."""
    lines = emitting_lines(region, settings.sources)
    power = pruning_power(line_power(region, region.roads, lines, Methods()))
    return Ground(region, lines, power, settings)
