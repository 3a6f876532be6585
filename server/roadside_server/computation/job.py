"""One scenario from traffic to tiles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import BLOCK, Float32
from roadside_kernels.launch import Device

from roadside_server.computation.air import AirModel, air_model, open_stretches
from roadside_server.computation.arrays import (
    MASKED,
    NEAR_AXIS,
    NO2_GUARD,
    NO_ROAD,
    ResultArray,
    result_arrays,
)
from roadside_server.computation.caveats import caveats_of
from roadside_server.computation.evaluation import changes
from roadside_server.computation.methods import Methods
from roadside_server.computation.noise import NoiseModel, noise_levels, noise_model
from roadside_server.computation.parts import states_for
from roadside_server.computation.rates import timed
from roadside_server.computation.reach import beyond_reach
from roadside_server.computation.rounding import keep_bits
from roadside_server.computation.sources import Stretches
from roadside_server.computation.stamp import stamp_of
from roadside_server.computation.surroundings import surroundings_at
from roadside_server.computation.tiles import (
    POINTS_TILE,
    Strip,
    Tile,
    TileReceptors,
    View,
    order_by_view,
    receptors_of,
    strips_of,
    tiles_of,
)
from roadside_server.emissions.factors import EmissionFactors, load_factors
from roadside_server.errors import ComputationCancelledError
from roadside_server.region.schema import Region
from roadside_server.scenario.measures import apply_measures
from roadside_server.scenario.quantities import AIR_QUANTITIES, NOISE_QUANTITIES
from roadside_server.scenario.reading import Scenario

__all__ = ["Job", "ResultArray", "TileResult", "prepare"]

Quantities = dict[str, Float32]

#: Blocks of receptors that a CPU core computes between two questions whether someone cancelled.
BLOCKS_PER_CORE = 8


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(frozen=True, slots=True)
class TileResult:
    """What was computed for one tile."""

    tile: Tile
    values: dict[str, Float32 | NDArray[np.uint8]]  # of the tile's shape, by name of the array
    pairs: int  # of road piece and receptor that were evaluated


class StripResult(NamedTuple):
    """What was computed for some receptors of a tile."""

    receptors: TileReceptors
    values: dict[str, Float32]  # by name of the array
    flags: NDArray[np.uint8]
    pairs: int


@dataclass(frozen=True, slots=True)
class Job:
    """A scenario made ready: all that is independent of the tiles is done."""

    region: Region
    scenario: Scenario
    device: Device
    arrays: tuple[ResultArray, ...]
    stamp: dict[str, object]
    caveats: tuple[str, ...]
    all_tiles: tuple[Tile, ...]
    states: tuple[str, ...]  # of the traffic: baseline, scenario
    air: AirModel | None  # None: no quantity of the air is asked
    noise: NoiseModel | None
    open_roads: Stretches  # that act by SRM2, whatever they emit

    def tiles(self, view: View | None = None) -> tuple[Tile, ...]:
        """All tiles, those in view first."""
        return order_by_view(self.all_tiles, view)

    def results(
        self, view: View | None = None, cancelled: Callable[[], bool] = never
    ) -> Iterator[TileResult]:
        """Tiles as they finish; raises ComputationCancelledError if cancelled on the way."""
        for tile in self.tiles(view):
            yield self.compute(tile, cancelled)

    def compute(self, tile: Tile, cancelled: Callable[[], bool] = never) -> TileResult:
        """Every asked array of one tile.

        Raises
        ------
        ComputationCancelledError
            If cancelled on the way; what was computed of the tile is lost.
        """
        strips = []
        receptors = receptors_of(tile, self.region.receptors)
        for strip in strips_of(tile, receptors, _strip_size(self.device)):
            if cancelled():
                raise ComputationCancelledError("cancelled by the caller")
            strips.append(self._computed(strip))
        return self._gathered(tile, strips)

    def _computed(self, strip: Strip) -> StripResult:
        """Asked quantities at some receptors."""
        flags = np.zeros(strip.receptors.cell.size, np.uint8)
        by_state: dict[str, Quantities] = {state: {} for state in self.states}
        pairs = 0
        if self.air is not None:
            pairs += self._add_air(self.air, strip, by_state, flags)
        if self.noise is not None:
            pairs += self._add_noise(self.noise, strip, by_state)
        return StripResult(strip.receptors, self._outputs(by_state), flags, pairs)

    def _add_air(
        self,
        air: AirModel,
        strip: Strip,
        by_state: dict[str, Quantities],
        flags: NDArray[np.uint8],
    ) -> int:
        """Add concentrations of every state, and flags; the pairs evaluated."""
        with timed("air", self.device) as work:
            parts = air.contributions(strip)
            work.pairs = sum(part.pairs for part in parts.values())
        surroundings = surroundings_at(self.region, strip)

        def concentrations(state: str) -> Quantities:
            found = air.concentrations(parts, state, surroundings)
            flags[found.guarded] |= NO2_GUARD
            return found.values

        _add(by_state, concentrations, changes(parts))
        for part in parts.values():
            flags[part.near] |= NEAR_AXIS
        flags[beyond_reach(strip, air.links(strip), self.open_roads, air.reach)] |= NO_ROAD
        return work.pairs

    def _add_noise(self, noise: NoiseModel, strip: Strip, by_state: dict[str, Quantities]) -> int:
        """Add levels of every state; the pairs evaluated."""
        with timed("noise", self.device) as work:
            parts = noise.energies(strip)
            work.pairs = sum(part.pairs for part in parts.values())
        _add(by_state, lambda state: noise_levels(parts, state), changes(parts))
        return work.pairs

    def _outputs(self, by_state: dict[str, dict[str, Float32]]) -> dict[str, Float32]:
        """Asked arrays from the quantities of both states."""
        values = {}
        for array in self.arrays:
            if array.output == "difference":
                before, after = (by_state[state][array.quantity] for state in self.states)
                values[array.name] = after - before
            elif array.output:
                values[array.name] = by_state[array.output][array.quantity]
        return values

    def _gathered(self, tile: Tile, strips: list[StripResult]) -> TileResult:
        """Strips put together in the tile's shape."""
        bits = self.scenario.options.keep_bits
        values: dict[str, Float32 | NDArray[np.uint8]] = {}
        for array in self.arrays:
            if array.output:
                whole = np.full(tile.shape, np.nan, np.float32)
                for strip in strips:
                    whole.reshape(-1)[strip.receptors.cell] = strip.values[array.name]
                values[array.name] = keep_bits(whole, bits)
        flags = np.full(tile.shape, MASKED, np.uint8)
        for strip in strips:
            flags.reshape(-1)[strip.receptors.cell] = strip.flags
        values["flags"] = flags
        return TileResult(tile, values, sum(strip.pairs for strip in strips))


def prepare(
    region: Region,
    scenario: Scenario,
    device: Device = "cpu",
    *,
    factors: EmissionFactors | None = None,
    methods: Methods | None = None,
) -> Job:
    """Do all of a scenario that is independent of the tiles; emission factors: nl-2015 by default.

    Raises
    ------
    InvalidInputError
        If the emission factors do not know the year, or a road's traffic.
    """
    factors, methods = factors or load_factors(), methods or Methods()
    traffic = apply_measures(region, scenario.measures)
    caveats = caveats_of(region, scenario, traffic.roads)
    states = states_for(scenario.outputs)
    options = scenario.options
    air = noise = None
    if set(scenario.quantities) & set(AIR_QUANTITIES):
        air = air_model(
            region,
            scenario,
            traffic,
            factors=factors,
            methods=methods,
            device=device,
        )
    if set(scenario.quantities) & set(NOISE_QUANTITIES):
        noise = noise_model(
            region,
            traffic,
            reach=options.noise_range,
            methods=methods,
            device=device,
        )
    return Job(
        region=region,
        scenario=scenario,
        device=device,
        arrays=result_arrays(region, scenario),
        stamp=stamp_of(
            region, scenario, methods=methods, factors=factors, device=device, caveats=caveats
        ),
        caveats=caveats,
        all_tiles=tiles_of(region.receptors),
        states=states,
        air=air,
        noise=noise,
        open_roads=open_stretches(region, canyons_too=options.canyon_roads_beyond_street),
    )


def _add(
    by_state: dict[str, Quantities], quantities_of: Callable[[str], Quantities], change: bool
) -> None:
    """Add the quantities of every state; those of one serve all if nothing changes."""
    found: Quantities = {}
    for state, quantities in by_state.items():
        found = quantities_of(state) if change or not found else found
        quantities.update(found)


def _strip_size(device: Device) -> int:
    """Receptors between two looks at whether someone cancelled; a GPU takes a tile at once."""
    if device == "gpu":
        return POINTS_TILE
    return BLOCK * BLOCKS_PER_CORE * int(numba.get_num_threads())
