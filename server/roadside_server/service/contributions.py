"""Which roads are heard at chosen places: a request checked, its answer as a message."""

import math

from roadside.v1 import scenario_pb2
from roadside.v1 import scenario_service_pb2 as messages

from roadside_server.computation.contributions import (
    Place,
    RoadLevels,
    heard,
    nearest_receptor,
    place_of,
)
from roadside_server.computation.methods import Methods
from roadside_server.computation.site import Site
from roadside_server.errors import require
from roadside_server.scenario.reading import Scenario

#: Places of one request, and roads of one place; without a number, so many roads.
MOST_PLACES, MOST_ROADS, DEFAULT_ROADS = 100, 1000, 20


def check_places(request: messages.ListContributionsRequest) -> None:
    """Refuse places that are none, and more than can be answered at once."""
    places = len(request.points)
    rule = f"{places} places, must be 1 to {MOST_PLACES}"
    require(1 <= places <= MOST_PLACES, "points", rule)
    for i, point in enumerate(request.points):
        for axis, value in (("x", point.x), ("y", point.y)):
            require(math.isfinite(value), f"points[{i}].{axis}", f"{value}, must be finite")
    roads = request.max_roads
    require(roads <= MOST_ROADS, "max_roads", f"{roads} roads, must be at most {MOST_ROADS}")


def contributions_message(
    request: messages.ListContributionsRequest, site: Site, scenario: Scenario, methods: Methods
) -> messages.ListContributionsResponse:
    """What every road sends to the receptors nearest to the places that were asked for."""
    known = site.region.receptors
    receptors = [nearest_receptor(known, point.x, point.y) for point in request.points]
    most = request.max_roads or DEFAULT_ROADS
    found = heard(site, scenario, receptors, methods=methods, most=most)
    places = [place_of(known, receptor) for receptor in receptors]
    answers = [
        _receptor(site, place, loudest, found.caveats)
        for place, loudest in zip(places, found.at, strict=True)
    ]
    return messages.ListContributionsResponse(receptors=answers)


def _receptor(
    site: Site, place: Place, found: RoadLevels, caveats: tuple[str, ...]
) -> messages.ReceptorContributions:
    names = site.region.roads[["road_id", "name"]].to_numpy()
    roads = [
        messages.RoadContribution(
            road_id=names[row, 0],
            street=names[row, 1],
            lden=found.levels.lden[i],
            lday=found.levels.lday[i],
            levening=found.levels.levening[i],
            lnight=found.levels.lnight[i],
            share=found.share[i],
        )
        for i, row in enumerate(found.road)
    ]
    return messages.ReceptorContributions(
        receptor=scenario_pb2.Point(x=place[0], y=place[1]),
        lden=found.together.lden[0],
        lnight=found.together.lnight[0],
        roads=roads,
        caveats=caveats,
    )
