"""Exhaust at receptors: what is independent of the tiles, and the sums of a tile."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.air.chemistry import AnnualNo2, Exhaust
from roadside_kernels.air.chemistry_cpu import Change
from roadside_kernels.air.indicators import pm10_days, pm10_days_flemish
from roadside_kernels.air.negligible import PER_TOLERANCE
from roadside_kernels.air.nitrogen import annual_nitrogen
from roadside_kernels.air.open_road import SectorWind, open_road_sums
from roadside_kernels.air.plume import DilutionCurves
from roadside_kernels.air.street import street_sums
from roadside_kernels.arrays import Float32, Int32, StreetLinks
from roadside_kernels.device_memory import on_host
from roadside_kernels.launch import Device

from roadside_server.computation.barriers import screened_roads
from roadside_server.computation.dispersion import spread_of, with_screened
from roadside_server.computation.evaluation import (
    RESIDENT,
    Cancelled,
    Part,
    evaluated,
    in_portions,
    never,
)
from roadside_server.computation.methods import Methods
from roadside_server.computation.open_roads import (
    Courses,
    OpenRoads,
    gathered,
    open_roads_by_part,
    open_stretches,
    street_groups,
)
from roadside_server.computation.parts import (
    PARTS_OF,
    WHOLE,
    added,
    divided,
    few_change,
)
from roadside_server.computation.placement import ON_HOST, Placement, placement_for
from roadside_server.computation.receptor_links import links_of
from roadside_server.computation.resident import Key, Resident, digest
from roadside_server.computation.site import Known, Site
from roadside_server.computation.sources import (
    Stretches,
    near,
    together,
)
from roadside_server.computation.surroundings import Surroundings
from roadside_server.computation.tiles import Strip
from roadside_server.emissions.exhaust import road_exhaust
from roadside_server.emissions.factors import EmissionFactors
from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import POLLUTANTS, Float64, Region
from roadside_server.scenario.measures import Traffic
from roadside_server.scenario.reading import Scenario

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


class Concentrations(NamedTuple):
    """Quantities by name (N), and where the rule for NO2 reached its guard."""

    values: dict[str, Float32]
    guarded: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class AirModel:
    """Exhaust of the traffic before and after: sources by part, and how they spread."""

    region: Region
    open_roads: dict[str, OpenRoads]
    street_emission: dict[str, Float32]  # (5, roads), ug/(m s)
    group: Int32 | None  # of every road: a linked receptor gets nothing of its group; None: it does
    curves: DilutionCurves
    wind: SectorWind
    reach: float  # m
    quantities: tuple[str, ...]  # that are asked
    pm10_days: Callable[[Float32], Float32]
    device: Device
    changed: Stretches  # of open roads that emit something else than before
    tolerance: float = 0.0  # relative error allowed for far roads
    key: Key | None = None  # of resident sums; None: of no use
    resident: Resident[Part] = RESIDENT
    placement: Placement = ON_HOST
    known: Known = field(default_factory=Known)  # what no scenario changes

    @property
    def left_out(self) -> float:
        """Annual means (ug/m3) that roads which are left out may add to."""
        return PER_TOLERANCE * self.tolerance

    def keyed(self) -> "AirModel":
        """With the key of everything but the receptors, if resident sums are of use."""
        roads = self.open_roads[WHOLE]
        if not few_change(roads.emitting, self.open_roads["before"].emitting):
            return self
        tolerance = self.tolerance if roads.hierarchy is not None else 0.0
        site = (self.reach, self.group is None, self.device, tolerance)
        # Curves that only a scenario has come after these.
        curves = self.curves.coefficients[np.unique(roads.curve)]
        spread = (curves, *self.wind, self.street_emission[WHOLE])
        key = digest(*roads.stretches, roads.emission, roads.curve, *spread, site)
        return replace(self, key=key)

    def contributions(self, strip: Strip, cancelled: Cancelled = never) -> dict[str, Part]:
        """Contributions by part; raises ComputationCancelledError if cancelled on the way."""
        links = self.links(strip)
        key = None
        if self.key is not None:
            key = digest(self.key, self._places(strip, links))

        def contribution(part: str, some: Strip) -> Part:
            def portion(few: Strip) -> Part:
                return self._contribution(part, few, links if few is strip else self.links(few))

            sources = self.open_roads[part].seen
            return in_portions(portion, some, sources, cancelled, self.placement.pairs_at_once)

        return evaluated(contribution, strip, key, self.resident)

    def concentrations(
        self, parts: dict[str, Part], state: str, strip: Strip, surroundings: Surroundings
    ) -> Concentrations:
        """Concentrations with the traffic of one state: background and contributions."""
        unchanged, changed = (parts[part] for part in PARTS_OF[state])
        more = AirSums(*changed.sums) if changed.acts else None
        return self._concentrations(AirSums(*unchanged.sums), more, strip, surroundings)

    def _contribution(self, part: str, strip: Strip, links: StreetLinks) -> Part:
        emission = self.street_emission[part]
        emits = bool(emission[:, links.road].any())
        receptors = strip.receptors.cell.size
        here = self.placement
        street = here.zeros((5, receptors))
        if emits:
            strength = here.of_job(("street", part), lambda: emission)
            street = street_sums(here.of_strip("links", strip, links), strength)
        rows = near(self.open_roads[part].stretches, strip.box, self.reach)
        if rows.size == 0:
            return self._nothing_open(street, emits)
        roads = here.roads(part, self.key, self.open_roads[part], rows, strip.tile.box)
        found = open_road_sums(
            here.receptors(strip),
            roads.segments,
            roads.emission,
            roads.curve,
            self.curves,
            self.wind,
            exclude=self._excluded(strip, links),
            max_range=self.reach,
            device=self.device,
            hierarchy=roads.hierarchy,
            tolerance=self.tolerance,
            negligible=self.left_out,
        )
        return Part(AirSums(found.nox, found.no2, found.annual, street), found.near, found.pairs)

    def _places(self, strip: Strip, links: StreetLinks) -> Key:
        """Key of the receptors, which are the same in every job."""
        name = ("places", strip.tile, strip.receptors.cell.size)
        return self.known.once(name, lambda: digest(*strip.receptors.local, strip.tile.box, *links))

    def _excluded(self, strip: Strip, links: StreetLinks) -> StreetLinks | None:
        """Roads that act on receptors as their street; None: as open roads nothing does twice."""
        if self.group is None:
            return None
        groups = links._replace(road=self.group[links.road])
        return self.placement.of_strip("groups", strip, groups)

    def links(self, strip: Strip) -> StreetLinks:
        """Which canyon roads act on the receptors."""
        return links_of(self.region, strip.receptors.receptor)

    def _nothing_open(self, street: Float32, acts: bool) -> Part:
        receptors = street.shape[1]
        sectors = self.placement.zeros((self.wind.frequency.size, receptors))
        annual = self.placement.zeros((3, receptors))
        near_axis = np.zeros(receptors, np.bool_)
        return Part(AirSums(sectors, sectors, annual, street), near_axis, 0, acts)

    def _concentrations(
        self,
        traffic: AirSums,
        more: AirSums | None,
        strip: Strip,
        surroundings: Surroundings,
    ) -> Concentrations:
        """Concentrations with some traffic, and with more of it."""
        change = None
        if more is not None:
            # Sums by sector are added on the way: there are many of them.
            change = Change(more.open_nox, more.open_no2)
            annual, street = map(added, traffic[2:], more[2:])
            traffic = traffic._replace(open_annual=annual, street=street)
        background = surroundings.background
        guarded = np.zeros(traffic.street.shape[1], np.bool_)
        values = {}
        if {"no2", "nox"} & set(self.quantities):
            no2, guarded, nox = map(on_host, self._nitrogen(traffic, change, strip, surroundings))
            values["no2"] = background["no2"] + no2
            values["nox"] = background.get("nox", np.float32(0.0)) + nox
        particulates = on_host(added(traffic.open_annual, traffic.street[2:]))
        for row, name in enumerate(("pm10", "pm25", "ec")):
            values[name] = background[name] + particulates[row]
        if "pm10_days" in self.quantities:
            values["pm10_days"] = self.pm10_days(values["pm10"])
        return Concentrations(values, guarded)

    def _nitrogen(
        self, traffic: AirSums, change: Change | None, strip: Strip, surroundings: Surroundings
    ) -> AnnualNo2:
        """NO2 and NOx (ug/m3) from the traffic, and where NO2's rule reached the guard."""
        ozone = (surroundings.sector_ozone, surroundings.background["o3"])
        by_sector, mean = (
            self.placement.of_strip(("ozone", n), strip, values) for n, values in enumerate(ozone)
        )
        exhaust = Exhaust(
            open_nox=traffic.open_nox,
            open_no2=traffic.open_no2,
            street_nox=traffic.street[0],
            street_no2=traffic.street[1],
            frequency=self.wind.frequency,
            sector_ozone=by_sector,
            ozone=mean,
        )
        return annual_nitrogen(exhaust, change)


def air_model(
    site: Site,
    scenario: Scenario,
    traffic: Traffic,
    *,
    factors: EmissionFactors,
    methods: Methods,
    device: Device,
) -> AirModel:
    """Everything about the exhaust of a scenario that is the same for all tiles."""
    year, beyond = scenario.options.year, scenario.options.canyon_roads_beyond_street
    region = site.region
    emitted = (factors.name, factors.description, year)
    before = site.once(
        ("exhaust", *emitted),
        lambda: road_exhaust(region.roads, factors, year, region.emission_scale),
    )
    after = before
    if scenario.measures:
        after = road_exhaust(traffic.roads, factors, year, traffic.emission_scale)
    _require_no2_within_nox(after, region)
    spread = site.once(("spread", methods), lambda: spread_of(region, methods))
    stretches = open_stretches(site, canyons_too=beyond)
    group = site.once("groups", lambda: street_groups(region.roads)) if beyond else None
    courses = Courses(stretches, spread.curve_of_road[stretches.road])
    screened = screened_roads(region, stretches, scenario.construction.barriers)
    emission = divided(before, after, screened.road)
    curves, beside = with_screened(spread, courses, screened, region, methods)
    roads = open_roads_by_part(courses, beside, emission, group)
    changed = [roads[part].stretches for part in ("before", "after")]
    tolerance = scenario.options.tolerance
    if tolerance > 0.0:
        roads = gathered(site, (beyond, *emitted), roads, emission, courses, group)
    weather = region.weather
    return AirModel(
        region=region,
        open_roads=roads,
        street_emission=emission,
        group=group,
        curves=curves,
        wind=SectorWind(weather.frequency.astype(np.float32), weather.speed.astype(np.float32)),
        reach=methods.open_road_range,
        quantities=scenario.quantities,
        pm10_days=PM10_DAYS[methods.pm10_days],
        device=device,
        changed=together(*changed),
        tolerance=tolerance,
        resident=site.resident,
        placement=placement_for(site, device),
        known=site,
    ).keyed()


def _require_no2_within_nox(emission: Float64, region: Region) -> None:
    """NO2 is part of NOx: factors must not make it the larger."""
    nox, no2 = emission[POLLUTANTS.index("nox")], emission[POLLUTANTS.index("no2")]
    wrong = np.flatnonzero(no2 > nox * (1.0 + 1e-9))
    if wrong.size:
        road = region.roads["road_id"].iloc[wrong[0]]
        rule = f"factors make road {road!r} emit more NO2 than NOx, of which it is part"
        raise InvalidInputError("scenario.measures", rule)
