import geopandas as gpd
import numpy as np
import pytest
from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import PERIOD_HOURS, PERIODS, VEHICLE_CLASSES
from roadside_server.region.traffic import assume_volumes, assumed_traffic, counted_volumes
from shapely import LineString


def some_roads(**columns):
    count = len(next(iter(columns.values()), ["primary", "residential"]))
    table = {
        "road_id": [f"r{i}" for i in range(count)],
        "name": ["High Street"] * count,
        "road_class": ["primary", "residential"][:count],
        "lanes": [2] * count,
        "direction": ["both"] * count,
    }
    line = LineString([(0, 0), (1, 0)])
    return gpd.GeoDataFrame(table | columns, geometry=[line] * count, crs="EPSG:31370")


def per_day(roads, vehicle):
    return sum(roads[f"volume_{vehicle}_{p}"] * PERIOD_HOURS[p] for p in PERIODS)


def counts(tmp_path, text):
    path = tmp_path / "counts.csv"
    path.write_text(text)
    return path


def test_the_table_accounts_for_every_vehicle_and_every_hour():
    table = assumed_traffic()
    assert np.allclose(table[list(VEHICLE_CLASSES)].sum(axis=1), 100)
    assert (table["light"] > 50).all()
    for kind in ("light", "freight"):
        assert np.allclose(table[[f"{kind}_{p}" for p in PERIODS]].sum(axis=1), 100)


def test_a_primary_road_carries_twelve_thousand_vehicles_on_two_lanes():
    roads = assume_volumes(some_roads())
    total = sum(per_day(roads, vehicle) for vehicle in VEHICLE_CLASSES)
    assert total.tolist() == pytest.approx([12_000, 1_000])
    assert set(roads["volume_source"]) == {"assumed"}


def test_twice_the_lanes_carry_twice_the_traffic():
    roads = assume_volumes(some_roads(lanes=[2, 4], road_class=["primary", "primary"]))
    assert roads["volume_light_day"][1] == pytest.approx(2 * roads["volume_light_day"][0])


def test_known_volumes_stay_and_unknown_ones_are_assumed():
    roads = assume_volumes(assume_volumes(some_roads()).assign(volume_source="counted"))
    assert set(roads["volume_source"]) == {"counted"}
    roads.loc[0, "volume_heavy_night"] = np.nan
    again = assume_volumes(roads)
    assert again["volume_source"].tolist() == ["assumed", "counted"]
    assert again.notna().all(axis=None)


def test_a_class_the_table_does_not_know_is_taken_for_an_unclassified_road():
    roads = assume_volumes(some_roads(road_class=["sled_track", "unclassified"]))
    assert roads["volume_light_day"].nunique() == 1


def test_a_daily_count_keeps_its_day_and_the_profile_of_the_road(tmp_path):
    path = counts(tmp_path, "# counted in May\nroad_id,light_per_day\nr1,4800\n")
    before = assume_volumes(some_roads())
    after = counted_volumes(before, path)
    assert per_day(after, "light").tolist() == pytest.approx([per_day(before, "light")[0], 4800])
    ratio = after["volume_light_night"][1] / after["volume_light_day"][1]
    assert ratio == pytest.approx(before["volume_light_night"][1] / before["volume_light_day"][1])
    assert after["volume_source"].tolist() == ["assumed", "counted"]


def test_a_count_of_a_class_that_was_absent_takes_its_typical_profile(tmp_path):
    roads = assume_volumes(some_roads()).assign(**{f"volume_bus_{p}": 0.0 for p in PERIODS})
    after = counted_volumes(roads, counts(tmp_path, "road_id,bus_per_day\nr0,100\n"))
    assert per_day(after, "bus")[0] == pytest.approx(100)


def test_a_count_by_name_holds_for_the_whole_street(tmp_path):
    path = counts(tmp_path, "name,volume_heavy_day\nHigh Street,7\n")
    after = counted_volumes(some_roads(), path)
    assert after["volume_heavy_day"].tolist() == [7, 7]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("road_id,light_per_day\nr0,-1\n", r"row 2 light_per_day: -1, must be 0 or more"),
        ("road_id,light_per_day\nr0,5\nr1,nan\n", r"row 3 light_per_day: nan"),
        ("road_id,light_per_day\nr0,\n", r"row 2 light_per_day: '' is not a number"),
        ("road_id,light_per_day\nr0,many\n", r"'many' is not a number"),
        ("road_id,light_per_day\nr9,5\n", r"row 2 road_id: 'r9' is no road"),
        ("road_id,light_per_day\n", None),
        ("# May\n\nroad_id,bus_per_day\nr0,-2\n", r"row 4 bus_per_day: -2"),
        ("road_id,bus_per_day\nr0,2,3\n", r"row 2: more values than columns"),
        ("light_per_day\n5\n", r"must have a column road_id or name"),
        ("road_id,cars\nr0,5\n", r"unknown columns \['cars'\]"),
        ("road_id\nr0\n", r"must have one of the columns"),
    ],
)
def test_a_wrong_count_is_refused_with_its_row_and_value(tmp_path, text, message):
    path = counts(tmp_path, text)
    if message is None:
        assert set(counted_volumes(some_roads(), path)["volume_source"]) == {"assumed"}
        return
    with pytest.raises(InvalidInputError, match=message):
        counted_volumes(some_roads(), path)


def test_a_missing_file_of_counts_is_named(tmp_path):
    with pytest.raises(InvalidInputError, match=r"gone\.csv: cannot be read"):
        counted_volumes(some_roads(), tmp_path / "gone.csv")
