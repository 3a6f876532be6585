"""One scenario from traffic to tiles."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32, Int64
from roadside_kernels.device_memory import COPYING, on_host
from roadside_kernels.launch import Device

from roadside_server.computation.air import AirModel, air_model
from roadside_server.computation.arrays import (
    MASKED,
    NEAR_AXIS,
    NO2_GUARD,
    NO_ROAD,
    NOT_EVALUATED,
    ResultArray,
    result_arrays,
)
from roadside_server.computation.caveats import OBSTACLES_UNHEARD, caveats_of
from roadside_server.computation.evaluation import Cancelled, changes, never
from roadside_server.computation.homes import NO_HOMES, Homes, homes_of
from roadside_server.computation.lanes import in_lanes, lanes_on
from roadside_server.computation.methods import Methods
from roadside_server.computation.noise import NoiseModel
from roadside_server.computation.open_roads import open_stretches
from roadside_server.computation.parts import states_for
from roadside_server.computation.rates import timed
from roadside_server.computation.reach import beyond_reach
from roadside_server.computation.rounding import keep_bits
from roadside_server.computation.site import Site
from roadside_server.computation.sound import said_of_sound, sound_model
from roadside_server.computation.sources import Stretches
from roadside_server.computation.stamp import stamp_of
from roadside_server.computation.surroundings import surroundings_at
from roadside_server.computation.tiles import (
    Strip,
    Tile,
    View,
    order_by_view,
    receptors_of,
    strips_of,
    tiles_of,
)
from roadside_server.computation.transfer.model import TransferModel
from roadside_server.computation.unchanged import unchanged_tiles
from roadside_server.emissions.factors import EmissionFactors, load_factors
from roadside_server.errors import RegionIncompleteError
from roadside_server.region.schema import Region
from roadside_server.scenario.measures import apply_measures
from roadside_server.scenario.quantities import AIR_QUANTITIES, NOISE_QUANTITIES
from roadside_server.scenario.reading import Scenario

__all__ = ["Job", "ResultArray", "TileResult", "prepare"]

Quantities = dict[str, Float32]
Flags = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TileResult:
    """What was computed for one tile."""

    tile: Tile
    #: Of the tile's shape, by name of the array; arrays with the same values may be one object.
    values: dict[str, Float32 | Flags]
    pairs: int  # of road piece and receptor that were evaluated
    unchanged: bool = False  # no changed road reaches it, or none that counts
    copied: float = 0.0  # seconds of copying from the device


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
    unchanged: frozenset[Tile]  # that no changed road reaches, or none that counts
    states: tuple[str, ...]  # of the traffic: baseline, scenario
    air: AirModel | None  # None: no quantity of the air is asked
    noise: NoiseModel | TransferModel | None
    open_roads: Stretches  # that act by SRM2, whatever they emit
    homes: Homes  # whose exposure to noise is counted

    def tiles(self, view: View | None = None) -> tuple[Tile, ...]:
        """All tiles, those in view first, and of those the ones that change."""
        return order_by_view(self.all_tiles, view, self.unchanged)

    def results(
        self, view: View | None = None, cancelled: Cancelled = never
    ) -> Iterator[TileResult]:
        """Tiles as they finish; raises ComputationCancelledError if cancelled on the way."""
        return in_lanes(
            lambda tile: self.compute(tile, cancelled), self.tiles(view), lanes_on(self.device)
        )

    def compute(self, tile: Tile, cancelled: Cancelled = never) -> TileResult:
        """Every asked array of one tile.

        Raises
        ------
        ComputationCancelledError
            If cancelled on the way; what was computed of the tile is lost.
        """
        copied, receptors = COPYING.seconds, receptors_of(tile, self.region.receptors)
        flags = np.full(receptors.cell.size, NOT_EVALUATED, np.uint8)
        by_state: dict[str, Quantities] = {}
        pairs = 0
        unchanged = tile in self.unchanged
        asked = not unchanged or self.scenario.outputs != ("difference",)
        if receptors.cell.size and asked:
            flags[:] = 0
            by_state = {state: {} for state in self.states}
            for strip in strips_of(tile, receptors, max(receptors.cell.size, 1)):
                pairs = self._computed(strip, by_state, flags, cancelled)
        values = self._outputs(tile, receptors.cell, by_state)
        everywhere = np.full(tile.shape, MASKED, np.uint8)
        everywhere.reshape(-1)[receptors.cell] = flags
        values["flags"] = everywhere
        return TileResult(tile, values, pairs, unchanged, COPYING.seconds - copied)

    def _computed(
        self, strip: Strip, by_state: dict[str, Quantities], flags: Flags, cancelled: Cancelled
    ) -> int:
        """Add the quantities of every state, and flags; the pairs evaluated."""
        pairs = 0
        if self.air is not None:
            pairs += self._add_air(self.air, strip, by_state, flags, cancelled)
        if self.noise is not None:
            pairs += self._add_noise(self.noise, strip, by_state, cancelled)
        return pairs

    def _add_air(
        self,
        air: AirModel,
        strip: Strip,
        by_state: dict[str, Quantities],
        flags: Flags,
        cancelled: Cancelled,
    ) -> int:
        """Add concentrations of every state, and flags; the pairs evaluated."""
        with timed("air", self.device) as work:
            parts = air.contributions(strip, cancelled)
            work.pairs = sum(part.pairs for part in parts.values())
        surroundings = surroundings_at(self.region, strip)

        def concentrations(state: str) -> Quantities:
            found = air.concentrations(parts, state, strip, surroundings)
            flags[found.guarded] |= NO2_GUARD
            return found.values

        _add(by_state, concentrations, changes(parts) and strip.tile not in self.unchanged)
        for part in parts.values():
            flags[on_host(part.near)] |= NEAR_AXIS
        flags[beyond_reach(strip, air.links(strip), self.open_roads, air.reach)] |= NO_ROAD
        return work.pairs

    def _add_noise(
        self,
        noise: NoiseModel | TransferModel,
        strip: Strip,
        by_state: dict[str, Quantities],
        cancelled: Cancelled,
    ) -> int:
        """Add levels of every state; the pairs evaluated."""
        with timed(noise.kind, self.device) as work:
            parts = noise.energies(strip, cancelled)
            work.pairs = sum(part.pairs for part in parts.values())
        _add(by_state, lambda state: noise.levels(parts, state, strip), changes(parts))
        return work.pairs

    def _outputs(
        self, tile: Tile, cell: Int64, by_state: dict[str, Quantities]
    ) -> dict[str, Float32 | Flags]:
        """Asked arrays of the tile's shape, from the quantities of both states at its receptors."""
        placed: dict[int, Float32] = {}
        bits = self.scenario.options.keep_bits

        def place(values: Float32) -> Float32:
            """Values in the tile's shape, the same array for the same values."""
            if id(values) not in placed:
                whole = np.full(tile.shape, np.nan, np.float32)
                whole.reshape(-1)[cell] = values
                placed[id(values)] = keep_bits(whole, bits)
            return placed[id(values)]

        nothing = np.zeros(cell.size, np.float32)
        kept = []  # so that no two arrays share an identity
        outputs: dict[str, Float32 | Flags] = {}
        for array in self.arrays:
            if array.output == "difference":
                kept.append(_difference(by_state, array.quantity, self.states, nothing))
                outputs[array.name] = place(kept[-1])
            elif array.output:
                outputs[array.name] = place(
                    by_state.get(array.output, {}).get(array.quantity, nothing)
                )
        return outputs


def prepare(
    region: Region,
    scenario: Scenario,
    device: Device = "cpu",
    *,
    factors: EmissionFactors | None = None,
    methods: Methods | None = None,
    site: Site | None = None,
) -> Job:
    """Do all of a scenario that is independent of the tiles; emission factors: nl-2015 by default.

    Parameters
    ----------
    site
        What was worked out for the same region before, and its sums.

    Raises
    ------
    InvalidInputError
        If the emission factors do not know the year, or a road's traffic.
    RegionIncompleteError
        If nothing but sound is asked of barriers or buildings that no sound meets.
    """
    factors, methods = factors or load_factors(), methods or Methods()
    site = site or Site(region)
    _require_effect(scenario, site)
    traffic = apply_measures(region, scenario.measures)
    states = states_for(scenario.outputs)
    options = scenario.options
    air = noise = None
    if set(scenario.quantities) & set(AIR_QUANTITIES):
        air = air_model(
            site,
            scenario,
            traffic,
            factors=factors,
            methods=methods,
            device=device,
        )
    if set(scenario.quantities) & set(NOISE_QUANTITIES):
        noise = sound_model(site, scenario, traffic, methods, device)
    caveats = caveats_of(region, scenario, traffic.roads, said_of_sound(site, scenario, noise))
    homes = NO_HOMES
    if noise is not None and not region.population.empty:
        homes = site.once("homes", lambda: homes_of(region))
    tiles = site.once("tiles", lambda: tiles_of(region.receptors))
    compared = len(states) > 1
    return Job(
        region=region,
        scenario=scenario,
        device=device,
        arrays=result_arrays(region, scenario),
        stamp=stamp_of(
            region,
            scenario,
            methods=methods,
            factors=factors,
            device=device,
            caveats=caveats,
            transfer=site.transfer.manifest if site.transfer is not None else None,
        ),
        caveats=caveats,
        all_tiles=tiles,
        unchanged=unchanged_tiles(region, tiles, air, noise) if compared else frozenset(),
        states=states,
        air=air,
        noise=noise,
        open_roads=open_stretches(site, canyons_too=options.canyon_roads_beyond_street),
        homes=homes,
    )


def _require_effect(scenario: Scenario, site: Site) -> None:
    """Refuse barriers and buildings where only sound is asked, which passes them unchanged."""
    if site.transfer is not None:
        return
    if scenario.construction.changes and set(scenario.quantities) <= set(NOISE_QUANTITIES):
        raise RegionIncompleteError(OBSTACLES_UNHEARD)


def _add(
    by_state: dict[str, Quantities], quantities_of: Callable[[str], Quantities], change: bool
) -> None:
    """Add the quantities of every state; those of one serve all if nothing changes."""
    found: Quantities = {}
    for state, quantities in by_state.items():
        found = quantities_of(state) if change or not found else found
        quantities.update(found)


def _difference(
    by_state: dict[str, Quantities], quantity: str, states: tuple[str, ...], nothing: Float32
) -> Float32:
    """Scenario minus baseline; what was not evaluated does not differ."""
    if not by_state:
        return nothing
    before, after = (by_state[state][quantity] for state in states)
    return after - before
