"""Exhaust at receptors: what is independent of the tiles, and the sums of a tile."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.air.chemistry import annual_no2
from roadside_kernels.air.indicators import pm10_days, pm10_days_flemish
from roadside_kernels.air.open_road import OpenRoadSums, SectorWind, open_road_sums
from roadside_kernels.air.plume import DilutionCurves, dilution_curves
from roadside_kernels.air.street import street_sums
from roadside_kernels.arrays import Float32, Int32, StreetLinks
from roadside_kernels.launch import Device

from roadside_server.emissions.exhaust import road_exhaust
from roadside_server.emissions.factors import EmissionFactors
from roadside_server.errors import InvalidInputError
from roadside_server.measures import Traffic
from roadside_server.methods import Methods
from roadside_server.parts import PARTS_OF, active, divided
from roadside_server.region.schema import POLLUTANTS, Float64, Region
from roadside_server.scenario import Scenario
from roadside_server.sources import (
    Stretches,
    chosen,
    initial_dispersion,
    localised,
    near,
    straight_stretches,
)
from roadside_server.surroundings import Surroundings
from roadside_server.tiles import Strip

PM10_DAYS: dict[str, Callable[[Float32], Float32]] = {
    "dutch": pm10_days,
    "flemish": pm10_days_flemish,
}


class AirSums(NamedTuple):
    """Contributions (ug/m3) of the traffic at N receptors, before chemistry."""

    open_nox: Float32  # (sectors, N), while the wind is in the sector
    open_no2: Float32
    open_annual: Float32  # (3, N): PM10, PM2.5, EC
    street: Float32  # (5, N), annual means

    def plus(self, other: "AirSums") -> "AirSums":
        """Contributions of two sets of roads together."""
        return AirSums(*(a + b for a, b in zip(self, other, strict=True)))


class AirPart(NamedTuple):
    """Contributions of one part of the roads."""

    sums: AirSums
    near: NDArray[np.bool_]  # (N), nearer than 3.5 m to an open road's axis
    pairs: int


class Concentrations(NamedTuple):
    """Quantities by name (N), and where the rule for NO2 reached its guard."""

    values: dict[str, Float32]
    guarded: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class OpenRoads:
    """Stretches that act by SRM2, and what they emit."""

    stretches: Stretches
    emission: Float32  # (5, M), ug/(m s)
    curve: Int32  # (M), which dilution curve holds


@dataclass(frozen=True, slots=True)
class AirModel:
    """Exhaust of the traffic before and after: sources by part, and how they spread."""

    open_roads: dict[str, OpenRoads]
    street_emission: dict[str, Float32]  # (5, roads), ug/(m s)
    curves: DilutionCurves
    wind: SectorWind
    reach: float  # m
    beyond_street: bool
    pm10_days: Callable[[Float32], Float32]
    device: Device

    def contributions(self, strip: Strip, links: StreetLinks) -> dict[str, AirPart]:
        """Contributions by part."""
        return {part: self._contribution(part, strip, links) for part in self.open_roads}

    def concentrations(
        self, parts: dict[str, AirPart], state: str, surroundings: Surroundings
    ) -> Concentrations:
        """Concentrations with the traffic of one state: background and contributions."""
        unchanged, changed = (parts[part].sums for part in PARTS_OF[state])
        return self._concentrations(unchanged.plus(changed), surroundings)

    def _contribution(self, part: str, strip: Strip, links: StreetLinks) -> AirPart:
        street = street_sums(links, self.street_emission[part])
        roads = self.open_roads[part]
        rows = near(roads.stretches, strip.box, self.reach)
        if rows.size == 0:
            return self._nothing_open(street)
        found = open_road_sums(
            strip.receptors.local,
            localised(chosen(roads.stretches, rows), strip.tile.box),
            np.ascontiguousarray(roads.emission[:, rows]),
            np.ascontiguousarray(roads.curve[rows]),
            self.curves,
            self.wind,
            exclude=links if self.beyond_street else None,
            max_range=self.reach,
            device=self.device,
        )
        return AirPart(_sums(found, street), found.near, found.pairs)

    def _nothing_open(self, street: Float32) -> AirPart:
        receptors = street.shape[1]
        sectors = np.zeros((self.wind.frequency.size, receptors), np.float32)
        annual = np.zeros((3, receptors), np.float32)
        sums = AirSums(sectors, sectors, annual, street)
        return AirPart(sums, np.zeros(receptors, np.bool_), 0)

    def _concentrations(self, traffic: AirSums, surroundings: Surroundings) -> Concentrations:
        background = surroundings.background
        street_nox, street_no2, *street_annual = traffic.street
        no2, guarded = annual_no2(
            traffic.open_nox,
            traffic.open_no2,
            street_nox,
            street_no2,
            self.wind.frequency,
            surroundings.sector_ozone,
            background["o3"],
        )
        values = {
            "no2": background["no2"] + no2,
            "nox": background.get("nox", np.float32(0.0))
            + np.tensordot(self.wind.frequency, traffic.open_nox, axes=1)
            + street_nox,
        }
        for row, name in enumerate(("pm10", "pm25", "ec")):
            values[name] = background[name] + (traffic.open_annual[row] + street_annual[row])
        values["pm10_days"] = self.pm10_days(values["pm10"])
        return Concentrations(values, guarded)


def air_model(
    region: Region,
    scenario: Scenario,
    traffic: Traffic,
    *,
    parts: tuple[str, ...],
    factors: EmissionFactors,
    methods: Methods,
    device: Device,
) -> AirModel:
    """Everything about the exhaust of a scenario that is the same for all tiles."""
    year = scenario.options.year
    before = road_exhaust(region.roads, factors, year, region.emission_scale)
    after = road_exhaust(traffic.roads, factors, year, traffic.emission_scale)
    _require_no2_within_nox(after, region)
    emission = divided(before, after, parts)
    beyond = scenario.options.canyon_roads_beyond_street
    sigma, curve_of_road = np.unique(initial_dispersion(region.roads), return_inverse=True)
    stretches = open_stretches(region, canyons_too=beyond)
    weather = region.weather
    return AirModel(
        open_roads={
            part: _open_roads(stretches, strength, curve_of_road.astype(np.int32))
            for part, strength in emission.items()
        },
        street_emission=emission,
        curves=dilution_curves(
            sigma,
            weather.roughness,
            local_wind=weather.local,
            height=region.receptor_height_air,
            max_range=methods.open_road_range,
        ),
        wind=SectorWind(weather.frequency.astype(np.float32), weather.speed.astype(np.float32)),
        reach=methods.open_road_range,
        beyond_street=beyond,
        pm10_days=PM10_DAYS[methods.pm10_days],
        device=device,
    )


def open_stretches(region: Region, *, canyons_too: bool) -> Stretches:
    """Stretches that act by SRM2: of open roads, and of street canyons beyond their street."""
    stretches = straight_stretches(region.roads)
    is_open = (region.roads["method"] == "srm2").to_numpy(bool)
    return stretches if canyons_too else chosen(stretches, is_open[stretches.road])


def _open_roads(stretches: Stretches, emission: Float32, curve_of_road: Int32) -> OpenRoads:
    """The stretches that emit anything."""
    emits = np.zeros(emission.shape[1], np.bool_)
    emits[active(emission)] = True
    emitting = chosen(stretches, emits[stretches.road])
    per_stretch = np.ascontiguousarray(emission[:, emitting.road])
    return OpenRoads(emitting, per_stretch, curve_of_road[emitting.road])


def _sums(found: OpenRoadSums, street: Float32) -> AirSums:
    annual = np.stack([found.pm10, found.pm25, found.ec])
    return AirSums(found.nox, found.no2, annual, street)


def _require_no2_within_nox(emission: Float64, region: Region) -> None:
    """NO2 is part of NOx: factors must not make it the larger."""
    nox, no2 = emission[POLLUTANTS.index("nox")], emission[POLLUTANTS.index("no2")]
    wrong = np.flatnonzero(no2 > nox * (1.0 + 1e-9))
    if wrong.size:
        road = region.roads["road_id"].iloc[wrong[0]]
        rule = f"factors make road {road!r} emit more NO2 than NOx, of which it is part"
        raise InvalidInputError("scenario.measures", rule)
