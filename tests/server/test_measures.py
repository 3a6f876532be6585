"""Measures change traffic in order, and only on their own roads."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_server.region.schema import VEHICLE_CLASSES
from roadside_server.scenario.measures import (
    Close,
    LowEmissionZone,
    Measure,
    ScaleVolumes,
    SetSpeed,
    SetSurface,
    SetVolumes,
    all_vehicles_per_day,
    apply_measures,
    lacks_rerouting,
    vehicles_per_day,
)

from tests.region_factory import small_region

REGION = small_region()
LONG, MOTORWAY = np.array([0, 1]), np.array([4])


def after(*measures, region=REGION):
    return apply_measures(region, [Measure(change, rows) for change, rows in measures])


def test_a_closed_road_carries_nobody_and_others_as_before():
    roads = after((Close(), LONG)).roads
    assert list(all_vehicles_per_day(roads)[:2]) == [0.0, 0.0]
    pd.testing.assert_frame_equal(roads.iloc[2:], REGION.roads.iloc[2:])


def test_measures_leave_the_region_as_it_was():
    before = REGION.roads.copy()
    after((Close(), LONG), (SetSpeed(30.0), MOTORWAY))
    pd.testing.assert_frame_equal(REGION.roads, before)


@given(st.floats(0.0, 1e5))
def test_set_volumes_spread_over_the_day_as_before(volume):
    roads = after((SetVolumes({"light": volume}), LONG)).roads
    assert vehicles_per_day(roads, "light")[0] == pytest.approx(volume, abs=1e-9)
    before, now = (
        [table[f"volume_light_{period}"][0] for period in ("day", "evening", "night")]
        for table in (REGION.roads, roads)
    )
    assert now[1] * before[0] == pytest.approx(now[0] * before[1])
    assert now[2] * before[0] == pytest.approx(now[0] * before[2])


def test_set_volumes_spread_over_the_default_day_where_there_were_none():
    roads = after((SetVolumes({"bus": 1000.0}), LONG)).roads
    assert vehicles_per_day(roads, "bus")[0] == pytest.approx(1000.0)
    assert roads["volume_bus_day"][0] * 12 == pytest.approx(700.0)


def test_set_volumes_leave_other_classes():
    roads = after((SetVolumes({"light": 5.0}), LONG)).roads
    assert (vehicles_per_day(roads, "heavy") == vehicles_per_day(REGION.roads, "heavy")).all()


def test_measures_apply_in_order():
    close, volumes = (Close(), LONG), (SetVolumes({"light": 900.0}), LONG)
    assert all_vehicles_per_day(after(close, volumes).roads)[0] == pytest.approx(900.0)
    assert all_vehicles_per_day(after(volumes, close).roads)[0] == 0.0


def test_scaled_volumes_compose_by_multiplication():
    half = (ScaleVolumes(dict.fromkeys(VEHICLE_CLASSES, 0.5)), LONG)
    ratio = all_vehicles_per_day(after(half, half).roads) / all_vehicles_per_day(REGION.roads)
    assert list(ratio) == [0.25, 0.25, 1.0, 1.0, 1.0]


def test_a_new_speed_ends_a_speed_class_given_for_the_old_one():
    roads = after((SetSpeed(30.0), LONG)).roads
    assert list(roads["speed"][:2]) == [30.0, 30.0]
    assert list(roads["speed_class"][:2]) == ["", ""]


def test_the_present_speed_changes_nothing():
    roads = after((SetSpeed(50.0), LONG)).roads
    pd.testing.assert_frame_equal(roads, REGION.roads)


def test_a_motorway_stays_one_at_another_speed():
    roads = REGION.roads.copy()
    roads["speed_class"] = "motorway"
    region = small_region(roads=roads)
    assert after((SetSpeed(80.0), MOTORWAY), region=region).roads["speed_class"][4] == "motorway"


def test_a_surface_is_replaced():
    assert list(after((SetSurface("NL05"), LONG)).roads["surface"][:3]) == ["NL05", "NL05", "DEF"]


def test_a_zone_multiplies_what_the_region_scales_already():
    key = {"road": [0, 0], "vehicle_class": ["bus", "bus"], "pollutant": ["nox", "nox"]}
    # Of several factors of the region for the same emission the largest counts.
    region = small_region(emission_scale=pd.DataFrame(key | {"factor": [0.5, 0.8]}))
    zone = LowEmissionZone({("bus", "nox"): 0.5})
    scale = after((zone, LONG), (zone, LONG), region=region).emission_scale
    by_road = scale.set_index("road")["factor"]
    assert by_road[0] == pytest.approx(0.2)
    assert by_road[1] == pytest.approx(0.25)


def test_without_a_zone_the_region_scales_as_before():
    assert after((Close(), LONG)).emission_scale is REGION.emission_scale


def test_a_closure_without_new_volumes_lacks_rerouting():
    closed = after((Close(), LONG)).roads
    assert lacks_rerouting(REGION.roads, closed)
    detour = after((Close(), LONG), (ScaleVolumes({"light": 1.2}), MOTORWAY)).roads
    assert not lacks_rerouting(REGION.roads, detour)
    fewer = after((ScaleVolumes({"heavy": 0.0}), LONG)).roads
    assert not lacks_rerouting(REGION.roads, fewer)
