"""What a change of roads adds to a box is never more than its bound."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config
from roadside_kernels.air.change_bound import most_in_boxes
from roadside_kernels.air.open_road import open_road_sums
from roadside_kernels.air.plume import MAX_RANGE
from roadside_kernels.arrays import BLOCK

from tests.kernels.air.test_hierarchy import common_rose, town
from tests.kernels.air.test_negligible import SINGLE, annual


def boxes_of(receptors):
    """Around each block of receptors."""
    x, y = (v.reshape(-1, BLOCK) for v in receptors)
    return np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], axis=1)


def bound(roads, *, enough=np.inf, max_range=MAX_RANGE):
    _, segments, emission, curve, curves, wind = roads
    boxes = boxes_of(roads.receptors)
    return most_in_boxes(
        segments, emission, curve, curves, wind, boxes, max_range=max_range, enough=enough
    )


@pytest.mark.skipif(bool(config.DISABLE_JIT), reason="thousands of pairs need compiled loops")
@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 300))
def test_no_receptor_of_a_box_gets_more_than_its_bound(seed, segments):
    roads = town(seed, common_rose(), segments=segments)
    added = annual(roads, open_road_sums(*roads)).reshape(4, -1, BLOCK).max(axis=(0, 2))
    assert (added <= bound(roads) * (1 + SINGLE)).all()


def test_roads_out_of_range_add_nothing():
    roads = town(3, common_rose(), segments=5)
    assert (bound(roads, max_range=1.0) == 0.0).any()


def test_more_than_enough_is_not_summed_up():
    roads = town(3, common_rose(), segments=40)
    whole, some = bound(roads), bound(roads, enough=1e-3)
    assert (whole > 1e-3).all()
    assert ((some > 1e-3) & (some <= whole)).all()
