import pytest
from roadside_server.region import osm_tags


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("50", 50.0),
        ("50 km/h", 50.0),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("FI:urban", 50.0),
        ("DE:zone:30", 30.0),
        ("DE:zone30", 30.0),
        ("BE-VLG:rural", 70.0),
        ("BE-WAL:rural", 90.0),
        ("NL:rural", 80.0),
        ("walk", 7.0),
        ("none", 130.0),
        ("50;30", 50.0),
        ("signals", None),
        ("variable", None),
        ("", None),
        ("500", None),
        ("0", None),
        ("-50", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_a_speed_limit_is_read_in_every_way_people_write_it(text, speed):
    assert osm_tags.parsed_speed(text) == (None if speed is None else pytest.approx(speed))


def test_the_first_tag_that_tells_a_speed_decides():
    assert osm_tags.speed_limit({"maxspeed": "signals", "source:maxspeed": "BE:urban"}) == 50.0
    assert osm_tags.speed_limit({"lanes": "2"}) is None


@pytest.mark.parametrize(
    ("tags", "direction"),
    [
        ({}, "both"),
        ({"oneway": "yes"}, "forward"),
        ({"oneway": "-1"}, "backward"),
        ({"oneway": "no"}, "both"),
        ({"junction": "roundabout"}, "forward"),
        ({"highway": "motorway"}, "forward"),
        ({"highway": "motorway", "oneway": "no"}, "both"),
    ],
)
def test_roundabouts_and_motorways_are_one_way_unless_they_say_otherwise(tags, direction):
    assert osm_tags.direction(tags) == direction


@pytest.mark.parametrize(
    ("tags", "carries"),
    [
        ({"highway": "residential"}, True),
        ({"highway": "residential", "access": "destination"}, True),
        ({"highway": "residential", "access": "private"}, False),
        ({"highway": "residential", "access": "no", "motor_vehicle": "yes"}, True),
        ({"highway": "primary", "motor_vehicle": "no"}, False),
        ({"highway": "service", "service": "parking_aisle"}, False),
        ({"highway": "service", "service": "driveway"}, False),
        ({"highway": "service", "area": "yes"}, False),
        ({"highway": "footway"}, False),
        ({"highway": "construction"}, False),
        ({"building": "yes"}, False),
    ],
)
def test_only_ways_open_to_motor_traffic_are_roads(tags, carries):
    assert osm_tags.carries_traffic(tags) is carries


@pytest.mark.parametrize(
    ("surface", "cnossos"),
    [
        ("asphalt", "DEF"),
        ("", "DEF"),
        ("paving_stones:30", "NL10"),
        ("sett", "NL11"),
        ("cobblestone:flattened", "NL11"),
        ("cobblestone;concrete", "NL11"),
        ("moon dust", "DEF"),
    ],
)
def test_stone_surfaces_have_their_own_sound(surface, cnossos):
    assert osm_tags.cnossos_surface({"surface": surface}) == cnossos


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("12", 12.0),
        ("12.5 m", 12.5),
        ("12,5", 12.5),
        ("40 ft", 12.192),
        ("6'3\"", 1.905),
        ("tall", None),
        ("", None),
        ("-3", None),
    ],
)
def test_heights_come_in_metres_and_feet(text, length):
    assert osm_tags.length_tag(text) == (None if length is None else pytest.approx(length))


@pytest.mark.parametrize(
    ("text", "lanes"), [("2", 2), ("2;3", 2), ("0", None), ("1.5", None), ("99", None)]
)
def test_a_lane_count_is_a_small_whole_number(text, lanes):
    assert osm_tags.lane_count({"lanes": text}) == lanes
