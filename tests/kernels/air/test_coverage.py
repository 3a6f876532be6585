import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from roadside_kernels.air.coverage import within_reach
from roadside_kernels.arrays import BLOCK, Receptors, Segments
from roadside_kernels.geometry import distance_to_segment

REACH = 500.0
#: Rounding (m) of a distance in single precision.
ROUNDING = 1e-3


def scene(seed, segments):
    """Three blocks of receptors, some of them near to roads."""
    random = np.random.default_rng(seed)
    ends = random.uniform(-1500, 1500, (4, segments)).astype("f4")
    x, y = random.uniform(-1000, 1000, (2, 3 * BLOCK)).astype("f4")
    x[:BLOCK] = 0.01 * x[:BLOCK]
    return Receptors(x, np.sort(y)), Segments(*ends, np.zeros(segments, "i4"))


@settings(max_examples=10)
@given(st.integers(0, 2**31), st.integers(0, 4))
def test_a_receptor_is_within_reach_if_any_road_is(seed, segments):
    receptors, roads = scene(seed, segments)
    ends = np.stack(roads[:4], axis=1)
    found = within_reach(receptors, roads, REACH)
    for i in range(0, found.size, 37):
        away = [distance_to_segment(receptors.x[i], receptors.y[i], *end) for end in ends]
        nearest = min(away, default=np.inf)
        assert found[i] == (nearest <= REACH) or abs(nearest - REACH) < ROUNDING


def test_nothing_is_within_reach_of_no_receptors():
    roads = scene(1, 3)[1]
    assert within_reach(Receptors(*np.empty((2, 0), "f4")), roads, REACH).size == 0
