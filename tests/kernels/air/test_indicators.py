import numpy as np
import pytest
from roadside_kernels.air.indicators import (
    days_above,
    hourly_no2,
    no2_hours,
    pm10_days,
    pm10_days_flemish,
)
from roadside_kernels.physics import in_double


@pytest.mark.parametrize(
    ("mean", "days"),
    [(15.0, 6), (16.0, 6.0326), (20.0, 7.652), (25.0, 15.7066), (31.2, 35), (40.0, 75.592)],
)
def test_days_of_pm10_have_their_published_values(mean, days):
    # Half the last printed digit.
    assert in_double(days_above)(mean) == pytest.approx(days, abs=5e-5)
    assert pm10_days(np.array([mean], "f4"))[0] == pytest.approx(days, abs=6e-5)


def test_flemish_days_are_whole_and_stop_rising():
    days = pm10_days_flemish(np.array([20, 23, 34, 60], "f4"))
    assert days.tolist() == [13, 21, 100, 100]


def test_what_is_not_known_stays_unknown():
    unknown = np.array([np.nan], "f4")
    assert np.isnan(pm10_days(unknown)).all()
    assert np.isnan(pm10_days_flemish(unknown)).all()


@pytest.mark.parametrize(("rank", "expected"), [(1, 171.463), (19, 124.388)])
def test_hourly_no2_of_aalst(rank, expected):
    assert in_double(hourly_no2)(rank, 43.876161) == pytest.approx(expected, abs=5e-4)


def test_hours_above_the_limit_rise_with_the_mean():
    assert no2_hours(np.array([40, 60, 100], "f4")).tolist() == [0, 2, 19]
