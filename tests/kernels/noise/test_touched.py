"""A path is traced again if, and only if, a change lies between its ends or beside its walls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from roadside_kernels.noise.touched import ROUNDING, Box, may_touch

shapely = pytest.importorskip("shapely")

metres = st.integers(-300, 300).map(float)
side = st.integers(1, 200).map(float)
boxes = st.tuples(metres, metres, side, side).map(lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3]))


@settings(max_examples=400)
@given(metres, metres, boxes, boxes)
def test_it_is_the_hull_of_receptor_and_line_that_meets_the_change(x, y, line, change):
    hull = shapely.union_all([shapely.Point(x, y), shapely.box(*line)]).convex_hull
    apart = shapely.distance(hull, shapely.box(*change))
    touched = may_touch(x, y, Box(*line), np.array([change], np.float32))
    # Changes are taken wider by half a metre on all sides.
    if apart == 0.0:
        assert touched
    if apart > 2.0 * ROUNDING:
        assert not touched


def test_one_of_several_changes_is_enough():
    far, between = (500, 500, 510, 510), (40, -5, 60, 5)
    line = Box(90.0, -10.0, 110.0, 10.0)
    assert may_touch(0.0, 0.0, line, np.array([far, between], np.float32))
    assert not may_touch(0.0, 0.0, line, np.array([far], np.float32))
    assert not may_touch(0.0, 0.0, line, np.zeros((0, 4), np.float32))
