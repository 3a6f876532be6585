"""The named workloads: a region and what is asked of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from google.protobuf import json_format
from roadside.v1.scenario_pb2 import Scenario
from roadside_server.region.schema import Grid, Region

from roadside_cli.benchmarks.places import GHENT, SAXONY, Place, square

POLLUTANTS = ("no2", "nox", "pm10", "pm25", "ec")
RECEPTORS = 3_000_000
CLIENTS = 8
#: Relative error that interactive runs may make of far roads.
TOLERANCE = 0.005
#: Area (m2) of the low-emission zone, and what is left of the emissions in it.
ZONE_AREA = 5e6
ZONE_FACTOR = 0.6
#: Length and height of the barrier, and its distance from the axis of its road (m).
BARRIER_LENGTH, BARRIER_HEIGHT, BARRIER_ASIDE = 200.0, 4.0, 8.0

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workload:
    """One request and the region that it is sent to."""

    name: str
    title: str
    place: Place
    quantities: tuple[str, ...]
    output: str  # baseline or difference
    measures: Callable[[Region, Place], list[Document]]
    delta: bool  # asked of a region whose baseline was computed before
    clients: int = 1  # that ask at once, each for a street of its own

    @property
    def loud(self) -> bool:
        """Whether sound is asked, not air."""
        return self.quantities == ("lden",)


def nothing(_: Region, __: Place) -> list[Document]:
    """The region as it is."""
    return []


def closure(region: Region, _: Place) -> list[Document]:
    """The street nearest to the middle is closed."""
    return [street_closed(central_streets(region, 1)[0])]


def low_emission_zone(_: Region, place: Place) -> list[Document]:
    """Every vehicle in the middle emits less."""
    ring = [{"x": x, "y": y} for x, y in square(place, ZONE_AREA)]
    zone = {"factors": [{"factor": ZONE_FACTOR}]}
    return [{"roads": {"polygon": {"ring": ring}}, "low_emission_zone": zone}]


def barrier(region: Region, _: Place) -> list[Document]:
    """A straight barrier, as a tangent, beside the open road nearest to the middle."""
    lines = region.roads.geometry[region.roads["method"] == "srm2"]
    line = lines.iloc[lines.distance(middle_of(region)).to_numpy().argmin()]
    start, end = (np.array(line.coords[i]) for i in (0, 1))
    ahead = (end - start) / np.hypot(*(end - start))
    middle = start + BARRIER_ASIDE * np.array([-ahead[1], ahead[0]])
    ends = (middle + share * BARRIER_LENGTH * ahead for share in (-0.5, 0.5))
    points = [{"x": x, "y": y} for x, y in ends]
    return [{"add_barrier": {"line": {"points": points}, "height": BARRIER_HEIGHT}}]


def street_closed(name: str) -> Document:
    """A measure that closes a street."""
    return {"roads": {"names": {"names": [name]}}, "close": {}}


def central_streets(region: Region, count: int) -> list[str]:
    """Names of the streets nearest to the middle of the receptors, nearest first."""
    named = region.roads[region.roads["name"] != ""]
    order = np.argsort(named.geometry.distance(middle_of(region)).to_numpy(), kind="stable")
    return list(dict.fromkeys(named["name"].iloc[order]))[:count]


def middle_of(region: Region) -> shapely.Point:
    """The middle of the receptors (m, the region's CRS)."""
    grid = region.receptors
    if not isinstance(grid, Grid):
        raise TypeError("the receptors are no grid")
    return shapely.Point(
        grid.west + grid.spacing * grid.columns / 2, grid.south + grid.spacing * grid.rows / 2
    )


_ALL = (
    Workload("B1", "Ghent, all pollutants, full", GHENT, POLLUTANTS, "baseline", nothing, False),
    Workload("B1n", "Ghent, Lden, full", GHENT, ("lden",), "baseline", nothing, False),
    Workload("B2", "Ghent, one street closed", GHENT, POLLUTANTS, "difference", closure, True),
    Workload(
        "B3", "Ghent, low-emission zone of 5 km2", GHENT, POLLUTANTS, "difference",
        low_emission_zone, True,
    ),
    Workload(
        "B4", "Lower Saxony's main roads, full", SAXONY, POLLUTANTS, "baseline", nothing, False
    ),
    Workload(
        "B6", "Ghent, eight clients at once", GHENT, POLLUTANTS, "difference", closure, True,
        clients=CLIENTS,
    ),
    Workload("B7", "Ghent, a barrier of 200 m", GHENT, POLLUTANTS, "difference", barrier, True),
)  # fmt: skip
WORKLOADS = {workload.name: workload for workload in _ALL}


def scenario_of(
    workload: Workload,
    region: Region,
    tolerance: float,
    *,
    client: int | None = None,
    baseline: bool = False,
) -> Scenario:
    """What a workload asks: formally with tolerance 0, of one client, or its baseline alone."""
    measures = [] if baseline else workload.measures(region, workload.place)
    if client is not None:
        measures = [street_closed(central_streets(region, workload.clients)[client])]
    output = "baseline" if baseline else workload.output
    return asked(region, workload.quantities, [output], measures, tolerance)


def asked(
    region: Region,
    quantities: tuple[str, ...],
    outputs: list[str],
    measures: list[Document],
    tolerance: float,
) -> Scenario:
    """A scenario of a region, from plain values."""
    document = {
        "region": f"regions/{region.name}",
        "quantities": [f"QUANTITY_{name.upper()}" for name in quantities],
        "outputs": [f"OUTPUT_{name.upper()}" for name in outputs],
        "measures": measures,
        "options": {"tolerance": tolerance} if tolerance else {},
    }
    return json_format.ParseDict(document, Scenario())
