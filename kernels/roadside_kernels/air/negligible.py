"""Squares of roads that cannot change a result: what they add at most, and how much may go."""

from roadside_kernels.air.hierarchy import Hierarchy
from roadside_kernels.air.hierarchy_cells import EMISSION, RADIUS
from roadside_kernels.air.merging import adds_nothing, farthest
from roadside_kernels.air.plume import Curve, fitted_dilution
from roadside_kernels.arrays import Float32
from roadside_kernels.elementary import i32
from roadside_kernels.physics import physics

#: Annual means (ug/m3) that sources left out may add to, for each unit of tolerance: as if no
#: receptor had less than that of traffic.
PER_TOLERANCE = 1.0
#: What one road may take of that, over an equal share for every road in range: few take any.
GENEROUS = 4.0
#: Squares of a radius below this share of the range are counted as wholes.
COARSE = 0.1


@physics
def most_added(cell: Float32, away: float, curve: Curve, weight: float) -> float:
    """Most (ug/m3) that a square adds to any annual mean from a distance (m) on.

    ``weight`` is the largest of what a dilution in a wind sector adds to the annual mean; the
    dilution falls with distance (tests/kernels/air/test_negligible.py).
    """
    strongest = cell[EMISSION]
    for pollutant in range(1, 5):
        strongest = max(strongest, cell[EMISSION + pollutant])
    added: float = strongest * weight * fitted_dilution(away * away, curve)
    return added


@physics
def roads_in_range(hierarchy: Hierarchy, cells: Float32, box: Float32, limit: float) -> int:
    """Segments within a squared range (m2) of a box, or thereabouts."""
    count, square = i32(0), 0
    while square < hierarchy.first.size:
        cell = cells[square]
        if adds_nothing(cell, box, limit):
            square = hierarchy.after[square]
            continue
        small = cell[RADIUS] * cell[RADIUS] < COARSE * COARSE * limit
        if small or hierarchy.after[square] == square + 1 or farthest(cell, box) <= limit:
            count += hierarchy.last[square] - hierarchy.first[square]
            square = hierarchy.after[square]
        else:
            square += 1
    return count
