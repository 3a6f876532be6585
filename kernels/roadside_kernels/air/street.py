"""SRM1: how exhaust thins out in street canyons.

Regeling beoordeling luchtkwaliteit 2007, annex 1; equation numbers of RIVM report 2014-0127.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_kernels.arrays import Float32, Int32, Int64, StreetLinks
from roadside_kernels.device_memory import contiguous, room_beside
from roadside_kernels.geometry import NEAREST
from roadside_kernels.launch import Device, at_every_receptor, require_single
from roadside_kernels.physics import f32, physics

#: F_k: from the wind tunnel to the year (eq 1.2).
CALIBRATION = 0.62
#: Wind speed (m/s) that the dilution curves hold for: F_regio = 5 / u.
REFERENCE_SPEED = 5.0
#: Distance (m) up to which the dilution is a parabola, and the power of distance beyond.
PARABOLA = 30.0
FAR_POWER = -0.747

# theta(S) = a S^2 + b S + c, then alpha S^-0.747 as far as max S (m); street types 1 to 4:
# wide canyon, narrow canyon, buildings on one side, any other urban road.
A = (3.25e-4, 4.88e-4, 5.00e-4, 3.10e-4)
B = (-2.05e-2, -3.08e-2, -3.16e-2, -1.82e-2)
C = (0.39, 0.59, 0.57, 0.33)
ALPHA = (0.856, 0.0, 0.0, 0.799)
#: Distance (m) beyond which the method says nothing.
MAX_DISTANCE = (60.0, 30.0, 30.0, 60.0)
UNDEFINED = math.nan


class Canyons(NamedTuple):
    """Streets as receptors see them, one row a link."""

    distance: Float32  # from the receptor to the road's axis (m)
    street_type: NDArray[np.int8]  # 1 to 4
    tree_factor: Float32  # F_b: 1, 1.25 or 1.5
    speed: float  # annual mean wind speed (m/s)


class Dilutions(NamedTuple):
    """Concentration (ug/m3) per emission (ug/(m s)), one a link."""

    dilution: Float32


class Streets(NamedTuple):
    """What the sums over streets read."""

    start: Int64  # N + 1; links of receptor i are start[i]:start[i + 1]
    road: Int32  # row of the road
    dilution: Float32  # s/m2
    emission: Float32  # (5, roads), ug/(m s)


class StreetSums(NamedTuple):
    """Contributions (ug/m3) of street canyons, annual means."""

    contribution: Float32  # (5, N)


@physics
def theta(distance: float, street_type: int) -> float:
    """Dilution (s/m2) at a distance (m) from the axis, at 5 m/s; NaN beyond the method's reach."""
    row = street_type - 1
    s = max(distance, NEAREST)
    if s > MAX_DISTANCE[row]:
        return UNDEFINED
    if s > PARABOLA:
        return ALPHA[row] * math.pow(s, FAR_POWER)
    return A[row] * s * s + B[row] * s + C[row]


@physics
def canyon_dilution(distance: float, street_type: int, trees: float, speed: float) -> float:
    """F_k theta F_b F_regio (s/m2), for a wind speed (m/s) and a tree factor; eq 1.2."""
    return CALIBRATION * theta(distance, street_type) * trees * REFERENCE_SPEED / speed


@physics
def dilution_at(i: int, canyons: Canyons, found: Dilutions) -> None:
    """Dilution (s/m2) of link ``i``."""
    found.dilution[i] = canyon_dilution(
        canyons.distance[i], canyons.street_type[i], canyons.tree_factor[i], canyons.speed
    )


@physics
def sums_at(i: int, streets: Streets, found: StreetSums) -> None:
    """Contributions (ug/m3) at receptor ``i`` from all streets that it is linked to."""
    for pollutant in range(streets.emission.shape[0]):
        contribution = 0.0
        for link in range(streets.start[i], streets.start[i + 1]):
            road = streets.road[link]
            contribution += streets.emission[pollutant, road] * streets.dilution[link]
        found.contribution[pollutant, i] = contribution


def street_dilution(
    distance: Float32, street_type: NDArray[np.int8], tree_factor: Float32, speed: float
) -> Float32:
    """Concentration (ug/m3) per emission (ug/(m s)) of each link between receptor and street.

    Parameters
    ----------
    distance : Float32
        From the receptor to the road's axis (m); nearer than 3.5 m counts as 3.5 m.  NaN comes
        of a distance beyond the method's: 60 m for types 1 and 4, 30 m for types 2 and 3.
    street_type : NDArray[np.int8]
        1 wide canyon, 2 narrow canyon, 3 buildings on one side, 4 any other urban road.
    tree_factor : Float32
        F_b: 1, 1.25 or 1.5.
    speed : float
        Annual mean wind speed (m/s).
    """
    require_single(distance=distance, tree_factor=tree_factor)
    found = np.empty(distance.size, np.float32)
    types = np.ascontiguousarray(street_type, np.int8)
    canyons = Canyons(distance, types, tree_factor, f32(speed))
    at_every_receptor(dilution_at, distance.size, canyons, Dilutions(found))
    return found


def street_sums(links: StreetLinks, emission: Float32, *, device: Device = "cpu") -> Float32:
    """Contributions (ug/m3; 5, N) of street canyons from emissions (5, roads; ug/(m s)).

    If the links lie on a GPU, the sums are made and left there.
    """
    require_single(emission=emission, dilution=links.dilution)
    receptors = links.start.size - 1
    shape = (emission.shape[0], receptors)
    found = StreetSums(room_beside(links.start, shape, np.float32))
    streets = Streets(*links, contiguous(emission))
    at_every_receptor(sums_at, receptors, streets, found, device)
    return found.contribution
