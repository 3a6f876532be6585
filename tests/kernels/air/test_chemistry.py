import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_kernels.air.chemistry import (
    AnnualNo2,
    Exhaust,
    annual_no2_at,
    combined_no2,
    sector_no2,
    street_no2,
)
from roadside_kernels.air.chemistry_cpu import Change
from roadside_kernels.air.nitrogen import annual_nitrogen, annual_no2
from roadside_kernels.arrays import BLOCK
from roadside_kernels.physics import f32, in_double

amounts = st.floats(0, 300, width=32, allow_subnormal=False)
fractions = st.floats(0, 1, width=32)


def one_receptor(open_nox, open_no2, street_nox, street_no2, ozone):
    """Annual NO2 where the wind comes from two sectors alike."""
    sectors, place = np.ones((2, 1), "f4"), np.ones(1, "f4")
    no2, guarded = annual_no2(
        open_nox * sectors, open_no2 * sectors, street_nox * place, street_no2 * place,
        np.full(2, 0.5, "f4"), np.full(2, ozone, "f4"), ozone * place,
    )  # fmt: skip
    return no2[0], guarded[0]


def test_the_example_of_the_combined_rule_comes_out():
    no2 = in_double(combined_no2)(0.25 * 40 + 0.15 * 25, 30.0, 21.25, 42.0)
    assert no2 == pytest.approx(24.23571429, abs=5e-9)
    assert one_receptor(25, 3.75, 40, 10, 42)[0] == pytest.approx(24.23571429, rel=2e-6)


@given(amounts, fractions, amounts)
def test_no_more_no2_than_nox_and_no_less_than_emitted(nox, fraction, ozone):
    emitted = float(f32(nox * fraction))
    for rule, share in ((sector_no2, 1.0), (street_no2, 0.6)):
        no2 = float(rule(f32(nox), f32(emitted), f32(ozone)))
        rounding = 2.0**-23 * no2  # of the sum, in single precision
        assert emitted - rounding <= no2
        assert no2 - emitted <= share * ozone * (1 + 1e-5) + rounding


@given(amounts, fractions, st.floats(0, 100, width=32))
def test_no_and_no2_keep_what_nox_they_are(nox, fraction, ozone):
    """Up to ozone of 100 ug/m3 (= K), NO2 never exceeds NOx: what is left of NO is not negative."""
    assert sector_no2(f32(nox), f32(nox * fraction), f32(ozone)) <= nox * (1 + 1e-5)


def test_without_open_roads_the_combined_rule_is_that_of_streets():
    no2, guarded = one_receptor(0, 0, 40, 10, 42)
    assert no2 == pytest.approx(street_no2(f32(40), f32(10), f32(42)), rel=1e-6)
    assert not guarded


def test_without_streets_sectors_decide():
    no2, _ = one_receptor(25, 3.75, 0, 0, 42)
    assert no2 == pytest.approx(sector_no2(f32(25), f32(3.75), f32(42)), rel=1e-6)


def test_streets_below_the_threshold_leave_the_rule_of_open_roads():
    assert one_receptor(25, 3.75, 0.048, 0.01, 42) == one_receptor(25, 3.75, 0, 0, 42)


def test_at_the_guard_all_ozone_of_the_rule_has_reacted():
    no2, guarded = one_receptor(200, 30, 40, 10, 42)
    assert guarded
    assert no2 == pytest.approx(30 + 10 + 0.6 * 42, rel=1e-6)


def test_ozone_may_be_given_for_each_receptor():
    nox = np.full((2, 3), 30, "f4")
    ozone = np.array([[40, 50, 60], [40, 50, 60]], "f4")
    zero, annual = np.zeros(3, "f4"), ozone[0]
    no2, _ = annual_no2(nox, nox / 10, zero, zero, np.full(2, 0.5, "f4"), ozone, annual)
    expected = [sector_no2(f32(30), f32(3), f32(o)) for o in (40, 50, 60)]
    np.testing.assert_allclose(no2, expected, rtol=1e-6)


def exhaust_of(receptors, sectors=12):
    """Exhaust in many combinations: no open roads, no streets, more than the guard lets through."""
    random = np.random.default_rng(1)
    most = random.uniform(0, 600, receptors) * (random.random(receptors) > 0.1)
    nox = most * random.random((sectors, receptors))
    streets = random.uniform(0, 60, receptors) * (random.random(receptors) > 0.5)
    given = Exhaust(
        open_nox=nox,
        open_no2=0.2 * nox,
        street_nox=streets,
        street_no2=0.1 * streets,
        frequency=random.dirichlet(np.ones(sectors)),
        sector_ozone=random.uniform(20, 80, (sectors, receptors)),
        ozone=random.uniform(20, 80, receptors),
    )
    return Exhaust(*(array.astype("f4") for array in given))


def test_blocks_of_receptors_give_what_the_formula_gives_in_double_precision():
    exhaust = exhaust_of(BLOCK + 7)
    found, in_full = annual_nitrogen(exhaust), Exhaust(*(a.astype("f8") for a in exhaust))
    exact = AnnualNo2(*(np.zeros(BLOCK + 7, kind) for kind in ("f8", bool, "f8")))
    for i in range(BLOCK + 7):
        in_double(annual_no2_at)(i, in_full, exact)
    for name in ("no2", "nox"):
        # Twelve terms of single precision, a few roundings each.
        np.testing.assert_allclose(getattr(found, name), getattr(exact, name), rtol=2e-6)
    np.testing.assert_array_equal(found.guarded, exact.guarded)
    assert 0 < exact.guarded.sum() < exact.guarded.size


def test_what_comes_to_open_roads_counts_as_if_it_were_there():
    exhaust = exhaust_of(BLOCK + 7)
    change = Change(exhaust.open_nox[:, ::-1].copy(), exhaust.open_no2[:, ::-1].copy())
    there = exhaust._replace(
        open_nox=exhaust.open_nox + change.nox, open_no2=exhaust.open_no2 + change.no2
    )
    for one, other in zip(annual_nitrogen(exhaust, change), annual_nitrogen(there), strict=True):
        np.testing.assert_array_equal(one, other)
    none = Change(*map(np.zeros_like, change))
    for one, other in zip(annual_nitrogen(exhaust, none), annual_nitrogen(exhaust), strict=True):
        np.testing.assert_array_equal(one, other)
