"""Sound power of the roads of a region."""

import geopandas as gpd
import numpy as np
import pytest
from roadside_server.emissions.cnossos_tables import cnossos_tables
from roadside_server.emissions.sound_power import (
    Site,
    nearest_junction,
    road_sound_power,
    segment_sound_power,
    sound_power,
    surface_ids,
    vehicle_power,
)
from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import PERIODS, VEHICLE_CLASSES
from shapely import LineString, Point

CRS = "EPSG:31370"


def road(**changes):
    """A level city street of 100 m with light vehicles only."""
    usual = {
        "surface": "DEF",
        "direction": "both",
        "gradient": 0.0,
        "speed": 50.0,
        "tunnel": False,
        **{f"volume_{v}_{p}": 0.0 for v in VEHICLE_CLASSES for p in PERIODS},
        **{f"volume_light_{p}": flow for p, flow in zip(PERIODS, (600, 300, 80), strict=True)},
    }
    return usual | changes


def roads_of(*rows):
    lines = [LineString([(0, 100 * i), (100, 100 * i)]) for i in range(len(rows))]
    return gpd.GeoDataFrame(list(rows), geometry=lines, crs=CRS)


def level(roads, **options):
    """A-weighted level (dB re 1 pW/m) of each road by day."""
    power = road_sound_power(roads, **({"temperature": 20.0} | options))
    with np.errstate(divide="ignore"):
        return 10 * np.log10(power[0].sum(axis=0))


def site(places=1, **changes):
    usual = {
        "surface": np.zeros(places, np.intp),
        "gradient": np.zeros(places),
        "junction_distance": np.full(places, np.inf),
        "junction_kind": np.zeros(places, np.intp),
    }
    return Site(**(usual | changes))


def test_twice_the_traffic_is_three_decibel_more():
    once, twice = level(roads_of(road(), road(volume_light_day=1200.0)))
    assert twice - once == pytest.approx(10 * np.log10(2))


def test_periods_follow_their_traffic():
    power = road_sound_power(roads_of(road()), temperature=20.0)
    assert power.shape == (3, 8, 1)
    assert power[1] == pytest.approx(power[0] / 2)
    assert power[2] == pytest.approx(power[0] * 80 / 600)


def test_a_bus_sounds_as_a_medium_lorry():
    silent = road(volume_light_day=0.0)
    bus, lorry = level(
        roads_of(silent | {"volume_bus_day": 20.0}, silent | {"volume_medium_day": 20.0})
    )
    assert bus == pytest.approx(lorry)


@pytest.mark.parametrize("vehicle", VEHICLE_CLASSES)
def test_every_class_of_vehicles_is_heard(vehicle):
    silent = road(volume_light_day=0.0)
    assert np.isfinite(level(roads_of(silent | {f"volume_{vehicle}_day": 1.0}))).all()


def test_thirty_is_quieter_than_fifty():
    slow, usual, fast = level(roads_of(road(speed=30.0), road(), road(speed=70.0)))
    assert slow < usual < fast


def test_below_twenty_vehicles_sound_alike_but_stay_longer():
    ten, twenty = level(roads_of(road(speed=10.0), road(speed=20.0)))
    assert ten - twenty == pytest.approx(10 * np.log10(2))


def test_setts_are_louder_and_thin_layers_quieter():
    setts, reference, thin = level(roads_of(road(surface="NL11"), road(), road(surface="NL14")))
    assert setts > reference > thin


def test_cold_makes_tyres_louder():
    assert level(roads_of(road()), temperature=0.0) > level(roads_of(road()), temperature=20.0)


def test_both_directions_of_a_slope_are_half_up_and_half_down():
    lorries = road(volume_heavy_day=50.0, gradient=6.0)
    up, down, both = (
        road_sound_power(roads_of(lorries | {"direction": d}), temperature=20.0)
        for d in ("forward", "backward", "both")
    )
    assert both == pytest.approx((up + down) / 2)
    assert up.sum() > down.sum()


def test_one_way_against_the_line_climbs_where_the_line_falls():
    climbing = road(direction="forward", gradient=5.0, volume_heavy_day=50.0)
    same = road(direction="backward", gradient=-5.0, volume_heavy_day=50.0)
    one, other = level(roads_of(climbing, same))
    assert one == pytest.approx(other)


def test_tunnels_and_empty_roads_are_silent():
    empty = road(**{f"volume_light_{period}": 0.0 for period in PERIODS})
    power = road_sound_power(roads_of(road(tunnel=True), empty), temperature=20.0)
    assert (power == 0.0).all()


def test_the_edition_of_2021_is_about_three_decibel_louder():
    louder = level(roads_of(road())) - level(roads_of(road()), edition="2015")
    assert 2.0 < louder[0] < 4.0


def test_an_unknown_surface_is_refused_by_name():
    with pytest.raises(InvalidInputError, match=r"'PEBBLES' is not in Table F-4: DEF, NL01"):
        level(roads_of(road(surface="PEBBLES")))


def test_an_unknown_edition_is_refused():
    with pytest.raises(InvalidInputError, match="2015, 2021"):
        level(roads_of(road()), edition="1996")


def test_standing_traffic_is_refused():
    with pytest.raises(InvalidInputError, match="must be above 0"):
        level(roads_of(road(speed=0.0)))


def test_a_region_may_have_no_roads_at_all():
    assert road_sound_power(roads_of(road()).iloc[:0], temperature=20.0).shape == (3, 8, 0)


@pytest.mark.parametrize("edition", ["2015", "2021"])
def test_fifteen_surfaces_are_known(edition):
    assert len(surface_ids(edition)) == 15
    assert surface_ids(edition)[0] == "DEF"


def test_studded_tyres_are_louder():
    tables = cnossos_tables("2021")
    speed = np.full((5, 1), 60.0)
    plain = vehicle_power(speed, site(), tables)
    studded = vehicle_power(speed, site(studded_share=0.25), tables)
    assert (studded[0, 3:] > plain[0, 3:]).all()
    assert studded[1:] == pytest.approx(plain[1:])


def test_power_is_linear_in_flow():
    tables = cnossos_tables("2021")
    rng = np.random.default_rng(0)
    flow, speed = rng.uniform(0, 500, (5, 3)), rng.uniform(30, 90, (5, 3))
    single = sound_power(flow, speed, site(3), tables)
    assert sound_power(3 * flow, speed, site(3), tables) == pytest.approx(3 * single)


def test_traffic_is_louder_at_the_lights_and_unchanged_far_from_them():
    lorries = roads_of(road(volume_heavy_day=50.0))
    lights = gpd.GeoDataFrame({"kind": ["signals"]}, geometry=[Point(0, 0)], crs=CRS)
    middles = np.array([[0.0, 0.0], [50.0, 0.0], [150.0, 0.0]])
    rows = np.zeros(3, np.int64)
    power = segment_sound_power(lorries, rows, middles, lights, temperature=20.0)
    by_day = power[0].sum(axis=0)
    assert (np.diff(by_day) < 0).all()
    usual = road_sound_power(lorries, temperature=20.0)[:, :, 0]
    assert power[:, :, 2] == pytest.approx(usual)


def test_the_nearest_junction_counts():
    junctions = gpd.GeoDataFrame(
        {"kind": ["signals", "roundabout", "crossing"]},
        geometry=[Point(0, 0), Point(100, 0), Point(60, 0)],
        crs=CRS,
    )
    distance, kind = nearest_junction(np.array([[10.0, 0.0], [70.0, 0.0]]), junctions)
    assert distance.tolist() == [10.0, 30.0]
    assert kind.tolist() == [0, 1]


def test_without_junctions_none_is_near():
    none = gpd.GeoDataFrame({"kind": []}, geometry=[], crs=CRS)
    distance, _ = nearest_junction(np.zeros((2, 2)), none)
    assert np.isinf(distance).all()
