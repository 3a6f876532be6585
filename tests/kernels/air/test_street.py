import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_kernels.air.street import canyon_dilution, street_dilution, street_sums, theta
from roadside_kernels.arrays import StreetLinks
from roadside_kernels.physics import f32, in_double

types = st.sampled_from([1, 2, 3, 4])


@pytest.mark.parametrize(
    ("street_type", "distance", "expected"),
    [  # figures of the specification's check values; half the last digit
        (1, 3.5, 0.322231), (1, 5, 0.295625), (1, 20, 0.11), (1, 45, 0.049834), (1, 60, 0.040197),
        (2, 3.5, 0.488178), (2, 10, 0.3308), (2, 30, 0.1052), (3, 3.5, 0.465525), (3, 30, 0.072),
        (4, 3.5, 0.270097), (4, 10, 0.179), (4, 45, 0.046515), (4, 60, 0.03752),
    ],
)  # fmt: skip
def test_theta_has_its_published_values(street_type, distance, expected):
    assert in_double(theta)(float(distance), street_type) == pytest.approx(expected, abs=6e-7)


@pytest.mark.parametrize(("street_type", "reach"), [(1, 60), (2, 30), (3, 30), (4, 60)])
def test_beyond_its_reach_the_method_says_nothing(street_type, reach):
    assert math.isfinite(theta(f32(reach), street_type))
    assert math.isnan(theta(f32(reach + 0.1), street_type))


@given(st.floats(0, 3.5, width=32), types)
def test_nearer_than_three_and_a_half_metres_counts_as_that(distance, street_type):
    assert theta(f32(distance), street_type) == theta(f32(3.5), street_type)


# The parabola of type 4 turns at 29.4 m, just before the far branch takes over.
@given(st.floats(3.5, 28, width=32), types)
def test_farther_from_the_axis_is_never_more(distance, street_type):
    assert theta(f32(distance + 1), street_type) <= theta(f32(distance), street_type) * (1 + 1e-6)


@given(st.floats(1, 12, width=32))
def test_twice_the_wind_is_half_the_concentration(speed):
    one, two = (canyon_dilution(f32(8), 2, f32(1.25), f32(u)) for u in (speed, 2 * speed))
    assert one == pytest.approx(2 * two, rel=1e-6)


def test_all_links_are_diluted_at_once():
    distance, trees = np.array([5, 40, 35], "f4"), np.array([1, 1.5, 1], "f4")
    found = street_dilution(distance, np.array([2, 4, 3], "i1"), trees, 4.0)
    exact = in_double(canyon_dilution)
    expected = [exact(5.0, 2, 1.0, 4.0), exact(40.0, 4, 1.5, 4.0), math.nan]
    np.testing.assert_allclose(found, expected, rtol=2e-6)


def test_streets_add_up_at_the_receptors_that_they_are_linked_to():
    links = StreetLinks(
        np.array([0, 2, 2, 3]), np.array([0, 1, 1], "i4"), np.array([0.1, 0.2, 0.5], "f4")
    )
    emission = np.arange(10, dtype="f4").reshape(5, 2)
    sums = street_sums(links, emission)
    np.testing.assert_allclose(sums[:, 0], 0.1 * emission[:, 0] + 0.2 * emission[:, 1], rtol=1e-6)
    assert not sums[:, 1].any()
    np.testing.assert_allclose(sums[:, 2], 0.5 * emission[:, 1], rtol=1e-6)
