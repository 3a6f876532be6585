"""What the reader of a result must know, in plain words; the weightiest first."""

from collections.abc import Iterator

import geopandas as gpd

from roadside_server.region.schema import Region
from roadside_server.scenario.construction import Construction
from roadside_server.scenario.measures import lacks_rerouting
from roadside_server.scenario.quantities import AIR_QUANTITIES, NOISE_QUANTITIES
from roadside_server.scenario.reading import Scenario

NO_REROUTING = (
    "no re-routing: roads are closed and the scenario brings no new volumes, "
    "so their traffic vanishes instead of taking other roads"
)
RECONSTRUCTED = (
    "SRM2: implemented from the 2014 legal text; formulas that it shows only as images were "
    "reconstructed, so results are SRM2-type, not certified"
)
OWN_STREET = "canyon roads (SRM1) act only within their own street"
DOUBLE_REACH = "canyon roads (SRM1) act by SRM2 beyond their own street, which the law does not ask"
FLAT_GROUND = (
    "noise: flat ground without obstacles; buildings and barriers neither screen nor reflect"
)
OBSTACLES_UNHEARD = (
    "noise: this region's sound is on flat ground, so that barriers and buildings of the scenario "
    "change no level"
)
BARRIERS_IN_AIR = (
    "air: barriers of 1 m or more, counted up to 6 m, within 50 m of the edge of an open road "
    "(SRM2) widen its plume on both sides alike; in street canyons (SRM1) they change nothing"
)
BUILDINGS_IN_AIR = (
    "air: buildings that are added or removed change nothing; a street canyon stays one"
)
REMOVED = "where buildings are removed there are no receptors: the region left them out"
VOLUMES = "traffic volumes are assumed"
TRAFFIC_NOX = "nox is the contribution of traffic alone: the region has no background of it"
INTERACTIVE = (
    "interactive: far open roads are gathered into cells; at 99.9 % of the receptors what open "
    "roads contribute to the air is within {share:g} % of every piece of road on its own"
)
INDICATIVE = "results are indicative: SRM1 and SRM2 are Dutch methods, simplified for maps"


def caveats_of(
    region: Region,
    scenario: Scenario,
    roads: gpd.GeoDataFrame,
    sound: tuple[str, ...] = (FLAT_GROUND,),
) -> tuple[str, ...]:
    """Caveats of a scenario that turns the region's roads into these.

    Parameters
    ----------
    sound
        How noise was computed, in words.
    """
    air = any(quantity in AIR_QUANTITIES for quantity in scenario.quantities)
    noise = any(quantity in NOISE_QUANTITIES for quantity in scenario.quantities)
    known = [_rerouting(region, scenario, roads)]
    known += _construction(scenario.construction, air=air, flat=noise and FLAT_GROUND in sound)
    known += _assumed_volumes(region)
    if air:
        known += _air(region, scenario, scenario.options.tolerance)
    if noise:
        known += sound
    # The region says the same of volumes at more length.
    others = [text for text in region.assumptions if VOLUMES not in text.lower()]
    return tuple(filter(None, [*known, *others]))


def _rerouting(region: Region, scenario: Scenario, roads: gpd.GeoDataFrame) -> str:
    if scenario.outputs == ("baseline",) or not scenario.measures:
        return ""
    return NO_REROUTING if lacks_rerouting(region.roads, roads) else ""


def _construction(construction: Construction, *, air: bool, flat: bool) -> Iterator[str]:
    """What barriers and buildings do not do."""
    if not construction.changes:
        return
    if flat:
        yield OBSTACLES_UNHEARD
    if air and construction.barriers:
        yield BARRIERS_IN_AIR
    if air and (construction.buildings or construction.removed):
        yield BUILDINGS_IN_AIR
    if construction.removed:
        yield REMOVED


def _assumed_volumes(region: Region) -> list[str]:
    """How many volumes are assumed."""
    assumed = int((region.roads["volume_source"] == "assumed").sum())
    if assumed == 0:
        return []
    return [f"{VOLUMES} on {assumed} of {len(region.roads)} roads"]


def _air(region: Region, scenario: Scenario, tolerance: float) -> list[str]:
    methods = set(region.roads["method"])
    beyond = scenario.options.canyon_roads_beyond_street
    known = [INDICATIVE]
    if tolerance > 0.0:
        known.append(INTERACTIVE.format(share=100.0 * tolerance))
    if "srm2" in methods or beyond:
        known.append(RECONSTRUCTED)
    if "srm1" in methods:
        known.append(DOUBLE_REACH if beyond else OWN_STREET)
    if "nox" in scenario.quantities and "nox" not in region.background.values:
        known.append(TRAFFIC_NOX)
    return known
