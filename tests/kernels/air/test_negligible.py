"""Roads that cannot change a result are left out: what they would add stays below what is told."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config
from roadside_kernels.air.hierarchy import build_hierarchy
from roadside_kernels.air.open_road import open_road_sums
from roadside_kernels.air.plume import MAX_RANGE, dilution_curves, fitted_dilution
from roadside_kernels.geometry import NEAREST
from roadside_kernels.physics import f32

from tests.kernels.air.test_hierarchy import common_rose, town

#: Merging so little that only what is left out shows.
HARDLY = 1e-5
#: Rounding of sums in single precision over thousands of sources.
SINGLE = 1e-4


@pytest.mark.parametrize("roughness", [0.03, 0.1, 0.3, 1.0])
def test_dilution_falls_with_distance(roughness):
    squared = np.geomspace(NEAREST, MAX_RANGE, 400).astype("f4") ** 2
    curves = dilution_curves((2.5, 3.0, 4.0, 6.5), roughness)
    for curve in curves.coefficients:
        found = np.array([fitted_dilution(f32(at), tuple(curve)) for at in squared])
        # A curve misses its formula by less than 1e-4, and may rise by as much.
        assert (found[1:] <= found[:-1] * (1 + 1e-4)).all()


def annual(roads, sums):
    """Annual means of NOx and particulates (4, N)."""
    return np.vstack([roads.wind.frequency @ sums.nox, sums.annual])


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="thousands of roads need compiled loops")
@settings(max_examples=8, derandomize=True, deadline=None)
@given(st.integers(0, 2**31), st.floats(1e-4, 0.3))
def test_what_is_left_out_adds_no_more_than_is_told(seed, share):
    """Against every piece of road on its own."""
    roads = town(seed, common_rose())
    hierarchy = build_hierarchy(roads.segments, roads.curve)
    formal = open_road_sums(*roads)
    exact = annual(roads, formal)
    negligible = float(share * exact.mean())
    options = {"hierarchy": hierarchy, "tolerance": HARDLY}
    found = open_road_sums(*roads, **options, negligible=negligible)
    merged = annual(roads, open_road_sums(*roads, **options))
    less = exact - annual(roads, found)
    # Hardly merged: what that changes is told apart.
    rounding = np.abs(exact - merged).max() + SINGLE * exact
    assert (less <= negligible + rounding).all()
    assert (less >= -rounding).all()
    assert found.pairs <= formal.pairs
    if share > 0.01:
        assert less.max() > 0.05 * negligible
