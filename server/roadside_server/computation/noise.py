"""Sound of the traffic at receptors: what is independent of the tiles, and the sums of a tile."""

from dataclasses import dataclass, replace
from typing import ClassVar

import geopandas as gpd
import numpy as np
from roadside_kernels.arrays import Float32
from roadside_kernels.device_memory import on_host
from roadside_kernels.launch import Device
from roadside_kernels.noise.flat_ground import FlatGround, flat_ground
from roadside_kernels.noise.indicators import levels
from roadside_kernels.noise.line import line_noise

from roadside_server.computation.evaluation import (
    RESIDENT,
    Cancelled,
    Part,
    evaluated,
    in_portions,
    never,
    total,
)
from roadside_server.computation.methods import Methods
from roadside_server.computation.parts import WHOLE, active, divided, few_change
from roadside_server.computation.placement import ON_HOST, Placement, placement_for
from roadside_server.computation.rates import Kind
from roadside_server.computation.resident import Key, Resident, digest
from roadside_server.computation.site import Site
from roadside_server.computation.sources import (
    Stretches,
    chosen,
    cut,
    localised,
    near,
    straight_stretches,
)
from roadside_server.computation.tiles import Strip
from roadside_server.emissions.sound_power import (
    JUNCTION_REACH,
    nearest_junction,
    segment_sound_power,
)
from roadside_server.region.schema import Float64, Region, Weather
from roadside_server.scenario.measures import Traffic

#: Longest stretch (m) near a junction, where power changes along the road.
JUNCTION_STRETCH = 20.0


@dataclass(frozen=True, slots=True)
class NoiseSources:
    """Stretches that sound, and their power."""

    stretches: Stretches
    power: Float32  # (3 periods, 8 bands, M), A-weighted energy per metre re 1 pW


@dataclass(frozen=True, slots=True)
class NoiseModel:
    """Sound of the traffic before and after on flat ground: sources by part, how sound spreads."""

    kind: ClassVar[Kind] = "noise"
    sources: dict[str, NoiseSources]
    transfer: FlatGround
    reach: float  # m
    device: Device
    key: Key | None = None  # of resident sums; None: of no use
    resident: Resident[Part] = RESIDENT
    placement: Placement = ON_HOST

    def keyed(self) -> "NoiseModel":
        """With the key of everything but the receptors, if resident sums are of use."""
        roads, changed = self.sources[WHOLE], self.sources["before"].power.shape[-1]
        if not few_change(roads.power.shape[-1], changed):
            return self
        transfer, site = map(np.asarray, self.transfer), (self.reach, self.device)
        return replace(self, key=digest(*roads.stretches, roads.power, *transfer, site))

    @property
    def changed(self) -> Stretches:
        """Stretches whose power changes, as they are before and after."""
        parts = (self.sources[part].stretches for part in ("before", "after"))
        return Stretches(*map(np.concatenate, zip(*parts, strict=True)))

    def energies(self, strip: Strip, cancelled: Cancelled = never) -> dict[str, Part]:
        """Energies (3, N) re (20 uPa)^2 by part; raises ComputationCancelledError if cancelled."""
        key = None
        if self.key is not None:
            key = digest(self.key, *strip.receptors.local, strip.tile.box)

        def energy(part: str, some: Strip) -> Part:
            sources = self.sources[part].power.shape[-1]
            return in_portions(
                lambda few: self._energy(part, few),
                some,
                sources,
                cancelled,
                self.placement.pairs_at_once,
            )

        return evaluated(energy, strip, key, self.resident)

    def levels(self, parts: dict[str, Part], state: str, _: Strip) -> dict[str, Float32]:
        """Levels (dB(A)) with the traffic of one state; NaN where no road is within range."""
        (energy,) = total(parts, state)
        return {name: on_host(level) for name, level in levels(energy)._asdict().items()}

    def _energy(self, part: str, strip: Strip) -> Part:
        receptors, sources = self.placement.receptors(strip), self.sources[part]
        nowhere = np.zeros(receptors.x.size, np.bool_)
        rows = near(sources.stretches, strip.box, self.reach)
        if rows.size == 0:
            return Part((self.placement.zeros((3, receptors.x.size)),), nowhere, 0, acts=False)
        segments = localised(chosen(sources.stretches, rows), strip.tile.box)
        power = np.ascontiguousarray(sources.power[:, :, rows])
        found = line_noise(
            receptors, segments, power, self.transfer, max_range=self.reach, device=self.device
        )
        return Part((found.energy,), nowhere, found.pairs)


def noise_model(
    site: Site,
    traffic: Traffic,
    *,
    reach: float,
    methods: Methods,
    device: Device,
) -> NoiseModel:
    """Everything about the sound of a scenario that is the same for all tiles."""
    region = site.region
    stretches = site.once("noise stretches", lambda: noise_stretches(region))
    before = site.once(
        ("power", methods), lambda: stretch_power(region, region.roads, stretches, methods)
    )
    after = before
    if traffic.roads is not region.roads:
        after = stretch_power(region, traffic.roads, stretches, methods)
    sources = {}
    for part, power in divided(before, after).items():
        rows = active(power)
        louder = np.ascontiguousarray(power[:, :, rows])
        sources[part] = NoiseSources(chosen(stretches, rows), louder)
    transfer = site.once(("ground", reach), lambda: ground_transfer(region, reach))
    placement = placement_for(site, device)
    model = NoiseModel(
        sources, transfer, reach, device, resident=site.resident, placement=placement
    )
    return model.keyed()


def noise_stretches(region: Region) -> Stretches:
    """Stretches of road, short where vehicles accelerate or brake."""
    stretches = straight_stretches(region.roads)
    if region.junctions.empty:
        return stretches
    distance, _ = nearest_junction(stretches.middle, region.junctions)
    beside = distance - stretches.length / 2 < JUNCTION_REACH
    return cut(stretches, np.where(beside, JUNCTION_STRETCH, np.inf))


def stretch_power(
    region: Region, roads: gpd.GeoDataFrame, stretches: Stretches, methods: Methods
) -> Float64:
    """Power (3, 8, M) of the stretches with the traffic of these roads."""
    return segment_sound_power(
        roads,
        stretches.road,
        stretches.middle,
        region.junctions,
        temperature=region.weather.temperature,
        edition=methods.cnossos_edition,
    )


def ground_transfer(region: Region, reach: float) -> FlatGround:
    """How sound spreads over the region's ground, in its weather."""
    weather: Weather = region.weather
    return flat_ground(
        receptor_height=region.receptor_height_noise,
        ground_factor=weather.ground_factor,
        temperature=weather.temperature,
        humidity=weather.humidity,
        favourable=weather.favourable,
        reach=reach,
    )
