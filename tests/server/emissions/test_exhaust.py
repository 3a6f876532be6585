"""Exhaust of roads: published cases of the arithmetic, and what must always hold."""

import csv

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_server.emissions.exhaust import (
    MICROGRAM_PER_METRE_SECOND,
    road_exhaust,
    speed_classes,
)
from roadside_server.emissions.factors import load_factors
from roadside_server.errors import InvalidInputError
from roadside_server.region.build import no_emission_scale
from roadside_server.region.defaults import fill_roads
from roadside_server.region.schema import AIR_CLASSES, PERIODS, POLLUTANTS

NO_SCALE = no_emission_scale()
DAYS_A_YEAR = 365.0


def roads(**columns):
    """Roads with the same volume (vehicles a day) all day; ``light=1000.0``."""
    per_day = {vehicle: columns.pop(vehicle, 0.0) for vehicle in AIR_CLASSES}
    size = max((np.size(value) for value in [*columns.values(), *per_day.values()]), default=1)
    table = pd.DataFrame({"road_id": [str(i) for i in range(size)]}).assign(**columns)
    hourly = {
        f"volume_{vehicle}_{period}": np.broadcast_to(volume, size) / 24.0
        for vehicle, volume in per_day.items()
        for period in PERIODS
    }
    return fill_roads(table.assign(**hourly))


def exhaust(table, year=2020, scale=NO_SCALE, factors=None):
    return road_exhaust(table, factors or load_factors(), year, scale)


def scaled(*rows):
    return pd.DataFrame(rows, columns=["road", "vehicle_class", "pollutant", "factor"])


def own_factors(folder, rows):
    path = folder / "own.csv"
    path.write_text("\n".join(["year,vehicle_class,speed_class,nox,no2,pm10,pm25,ec", *rows]))
    return load_factors(path)


def imaer_cases(shared_data):
    with (shared_data / "srm" / "imaer_emission_cases.csv").open() as file:
        return list(csv.DictReader(file))


def test_published_emission_cases_are_met_exactly(shared_data, tmp_path):
    for case in imaer_cases(shared_data):
        free, stagnating = float(case["EF_free_g_per_km"]), float(case["EF_stag_g_per_km"])
        free2, stagnating2 = float(case["EF2_free"] or 0), float(case["EF2_stag"] or 0)
        rows = [
            f"2020,light,b,{free},0,0,0,0",
            f"2020,light,d,{stagnating},0,0,0,0",
            f"2020,heavy,b,{free2},0,0,0,0",
            f"2020,heavy,d,{stagnating2},0,0,0,0",
        ]
        table = roads(
            light=float(case["vehicles_per_year"]) / DAYS_A_YEAR,
            heavy=float(case["vehicles2_per_year"] or 0) / DAYS_A_YEAR,
            speed_class="b",
            stagnation_light=float(case["stagnation_fraction"]),
            stagnation_heavy=float(case["stagnation2"] or 0),
        )
        scale = scaled((0, "light", "nox", float(case["measure_factor"])))
        nox = exhaust(table, scale=scale, factors=own_factors(tmp_path, rows))[0, 0]
        per_year = nox / MICROGRAM_PER_METRE_SECOND * DAYS_A_YEAR
        # Exact but for the rounding of a division by 365 days and 24 hours.
        assert per_year == pytest.approx(float(case["expected_g_per_km_per_year"]), rel=1e-14)


def test_one_gram_a_kilometre_and_one_vehicle_a_second_is_a_thousand_microgram(tmp_path):
    factors = own_factors(tmp_path, ["2020,light,c,1,1,1,1,1"])
    emission = exhaust(roads(light=86_400.0, speed_class="c"), factors=factors)
    assert emission == pytest.approx(1000.0)


@given(st.floats(0, 1e5), st.floats(0, 1e5))
def test_emission_is_linear_in_the_traffic(light, heavy):
    both = exhaust(roads(light=light, heavy=heavy))
    apart = exhaust(roads(light=light)) + exhaust(roads(heavy=heavy))
    assert both == pytest.approx(apart, rel=1e-12)


@given(st.floats(0, 1))
def test_stagnation_mixes_moving_and_stagnating_traffic(share):
    mixed = exhaust(roads(light=1000.0, speed_class="e", stagnation_light=share))
    moving = exhaust(roads(light=1000.0, speed_class="e"))
    stagnating = exhaust(roads(light=1000.0, speed_class="d"))
    assert mixed == pytest.approx((1 - share) * moving + share * stagnating, rel=1e-12)


@pytest.mark.parametrize(
    ("road_class", "speed", "speed_class"),
    [
        ("residential", 5.0, "c"),
        ("residential", 30.0, "c"),
        ("tertiary", 31.0, "e"),
        ("tertiary", 50.0, "e"),
        ("tertiary", 59.9, "e"),
        ("secondary", 60.0, "b"),
        ("trunk", 120.0, "b"),
        ("motorway", 100.0, "motorway"),
        ("motorway_link", 50.0, "motorway"),
    ],
)
def test_the_speed_class_follows_from_road_class_and_speed(road_class, speed, speed_class):
    assert speed_classes(roads(road_class=road_class, speed=speed)) == [speed_class]


def test_a_speed_class_of_its_own_goes_before_the_speed():
    assert speed_classes(roads(speed=30.0, speed_class="b")) == ["b"]


def test_an_unknown_speed_class_is_refused():
    with pytest.raises(InvalidInputError, match="'z', must be empty or one of b, c, d, e"):
        speed_classes(roads(speed_class="z"))


def test_between_two_limits_motorway_factors_are_linear():
    at = exhaust(roads(light=1000.0, road_class="motorway", speed=np.array([100.0, 105.0, 120.0])))
    assert at[0, 1] == pytest.approx(at[0, 0] + 0.25 * (at[0, 2] - at[0, 0]))


def test_beyond_the_limits_the_outermost_motorway_factor_holds():
    speed = np.array([50.0, 80.0, 130.0, 140.0])
    nox = exhaust(roads(light=1000.0, road_class="motorway", speed=speed))[0]
    assert nox[0] == nox[1]
    assert nox[2] == nox[3]


def test_strict_enforcement_lowers_the_nox_of_cars():
    classes = np.array(["motorway", "motorway_strict"], dtype=object)
    nox = exhaust(roads(light=1000.0, speed=100.0, speed_class=classes))[0]
    assert nox[1] < nox[0]


def test_on_motorways_a_bus_is_a_medium_vehicle():
    bus = exhaust(roads(bus=100.0, road_class="motorway", speed=100.0))
    medium = exhaust(roads(medium=100.0, road_class="motorway", speed=100.0))
    assert (bus == medium).all()


def test_a_tunnel_emits_nothing_and_its_mouth_more():
    table = roads(
        light=1000.0, tunnel=np.array([False, True, False]), tunnel_factor=np.array([1.0, 9.0, 5.0])
    )
    emission = exhaust(table)
    assert (emission[:, 1] == 0).all()
    assert emission[:, 2] == pytest.approx(5 * emission[:, 0])


def test_of_several_measures_the_largest_factor_counts():
    scale = scaled((0, "light", "nox", 0.7), (0, "light", "nox", 0.9), (0, "light", "ec", 0.5))
    table = roads(light=1000.0)
    ratio = (exhaust(table, scale=scale) / exhaust(table))[:, 0]
    assert ratio == pytest.approx([0.9, 1.0, 1.0, 1.0, 0.5])


def test_a_measure_leaves_other_roads_and_classes_alone():
    table = roads(light=np.array([1000.0, 1000.0]), bus=np.array([10.0, 10.0]))
    scale = scaled((1, "bus", "nox", 0.0))
    before, after = exhaust(table), exhaust(table, scale=scale)
    assert (after[:, 0] == before[:, 0]).all()
    assert after[0, 1] == pytest.approx(exhaust(roads(light=1000.0))[0, 0])


def test_traffic_without_factors_is_refused_by_class_and_year(tmp_path):
    factors = own_factors(tmp_path, ["2020,light,c,1,1,1,1,1"])
    assert exhaust(roads(light=1.0, speed_class="c"), factors=factors).shape == (5, 1)
    rule = "2020: the emission factors own have none for bus vehicles of speed class 'c'"
    with pytest.raises(InvalidInputError, match=rule):
        exhaust(roads(light=1.0, bus=1.0, speed_class="c"), factors=factors)


def test_no_roads_emit_nothing():
    assert exhaust(roads(light=1000.0).iloc[:0]).shape == (len(POLLUTANTS), 0)
