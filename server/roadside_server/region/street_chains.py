"""Streets: chains of roads that continue one another from junction to junction.

Where more than two roads meet, a road continues into the one of the same name, else into the
straightest one, if it turns by less than 45 degrees; each end continues into one other at most.
Where just two meet, they are one street, whatever the bend.  The carriageways of a dual carriageway
run side by side and so never continue one another.
"""

from collections import defaultdict
from itertools import combinations
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from roadside_server.region.schema import Float64

#: Turn (degrees) from which a road no longer continues another.
LARGEST_TURN = 45.0
#: Ends closer than this (m) meet.
SAME_PLACE = 0.01


class RoadEnds(NamedTuple):
    """Both ends of every road: end 2 i is the start of road i, end 2 i + 1 its finish."""

    place: Float64  # (ends, 2), m
    heading: Float64  # degrees, of the road as it leaves the end, anticlockwise from east
    name: list[str]


class Streets(NamedTuple):
    """The chain of every road, and which of its ends continue into another road of the chain."""

    street: NDArray[np.int64]
    continues: NDArray[np.bool_]  # (roads, 2): at the start, at the finish


def chain_streets(roads: gpd.GeoDataFrame, kind: NDArray[np.int64]) -> Streets:
    """Chains of roads; roads of different kinds (integers) never share a chain."""
    ends = _road_ends(roads)
    pairs = [
        pair
        for meeting in _meetings(ends.place).values()
        for group in _by_kind(meeting, kind)
        for pair in _continuations(group, ends, crowded=len(meeting) > 2)  # noqa: PLR2004 two ends meet
    ]
    first, second = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    continues = np.zeros(2 * len(roads), dtype=bool)
    continues[first] = continues[second] = True
    joined = coo_array((np.ones(first.size), (first // 2, second // 2)), shape=(len(roads),) * 2)
    _, street = connected_components(joined, directed=False)
    return Streets(street.astype(np.int64), continues.reshape(-1, 2))


def _road_ends(roads: gpd.GeoDataFrame) -> RoadEnds:
    lines = roads.geometry.to_numpy()
    corners = [shapely.get_point(lines, i) for i in (0, 1, -1, -2)]
    start, second, finish, last_but_one = (shapely.get_coordinates(c) for c in corners)
    place = np.stack([start, finish], axis=1).reshape(-1, 2)
    away = np.stack([second - start, last_but_one - finish], axis=1).reshape(-1, 2)
    heading = np.degrees(np.arctan2(away[:, 1], away[:, 0]))
    return RoadEnds(place, heading, [str(name) for name in roads["name"]])


def _meetings(place: Float64) -> dict[tuple[int, int], list[int]]:
    """The ends at each place."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for end, (x, y) in enumerate(np.round(place / SAME_PLACE).astype(np.int64).tolist()):
        found[x, y].append(end)
    return found


def _by_kind(meeting: list[int], kind: NDArray[np.int64]) -> list[list[int]]:
    groups: dict[int, list[int]] = defaultdict(list)
    for end in meeting:
        groups[int(kind[end // 2])].append(end)
    return list(groups.values())


def _continuations(group: list[int], ends: RoadEnds, *, crowded: bool) -> list[tuple[int, int]]:
    """Which ends of a meeting continue which: same names first, then the straightest."""
    ranked = sorted(
        (ends.name[a // 2] != ends.name[b // 2] or not ends.name[a // 2], _turn(a, b, ends), a, b)
        for a, b in combinations(group, 2)
        if not crowded or _turn(a, b, ends) < LARGEST_TURN
    )
    taken: set[int] = set()
    pairs = []
    for _, _, a, b in ranked:
        if not taken & {a, b}:
            taken |= {a, b}
            pairs.append((a, b))
    return pairs


def _turn(a: int, b: int, ends: RoadEnds) -> float:
    """Angle (degrees, 0 to 180) by which a traveller from one end's road into the other's turns."""
    difference = float(ends.heading[a] - ends.heading[b]) % 360.0
    return abs(180.0 - difference)
