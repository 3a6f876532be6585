"""A request becomes a scenario, or the field that is wrong is named and nothing is computed."""

import json
import math

import numpy as np
import pyproj
import pytest
from grpc import StatusCode
from roadside_server.errors import InvalidInputError
from roadside_server.scenario.measures import Close, LowEmissionZone, ScaleVolumes, SetVolumes
from roadside_server.scenario.quantities import DEFAULT_QUANTITIES, OUTPUTS
from roadside_server.scenario.reading import DEFAULT_NOISE_RANGE, read_scenario

from tests.region_factory import SOUTH, WEST, small_region
from tests.scenario_factory import scenario_message

REGION = small_region()
CLOSE_LONG = {"roads": {"ids": {"ids": ["long-1", "long-2"]}}, "close": {}}


def read(*measures, **fields):
    return read_scenario(scenario_message(*measures, **fields), REGION, (2015, 2030))


def rectangle(west, south, east, north, **fields):
    """A polygon in metres from the region's corner."""
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return {"ring": [{"x": WEST + x, "y": SOUTH + y} for x, y in corners]} | fields


def in_polygon(polygon):
    return {"roads": {"polygon": polygon}, "close": {}}


def rows_of(measure):
    return list(read(measure).measures[0].roads)


def test_an_empty_scenario_asks_for_every_quantity_of_the_baseline():
    scenario = read()
    assert scenario.quantities == DEFAULT_QUANTITIES
    assert scenario.outputs == ("baseline",)
    assert scenario.options.year == REGION.year
    assert scenario.options.noise_range == DEFAULT_NOISE_RANGE


def test_the_level_of_24_hours_is_computed_only_where_it_is_named():
    assert "laeq" not in read().quantities
    assert read(quantities=["QUANTITY_LAEQ"]).quantities == ("laeq",)


def test_a_scenario_with_measures_returns_all_three_outputs_unless_asked_otherwise():
    assert read(CLOSE_LONG).outputs == OUTPUTS
    assert read(CLOSE_LONG, outputs=["OUTPUT_DIFFERENCE"]).outputs == ("difference",)


def test_quantities_come_in_the_order_of_the_contract_and_once():
    asked_for = ["QUANTITY_LDEN", "QUANTITY_NO2", "QUANTITY_LDEN"]
    assert read(quantities=asked_for).quantities == ("no2", "lden")


def test_roads_are_chosen_by_id_class_name_polygon_or_all():
    assert rows_of(CLOSE_LONG) == [0, 1]
    assert rows_of({"roads": {"classes": {"classes": ["motorway"]}}, "close": {}}) == [4]
    assert rows_of({"roads": {"names": {"names": ["Long street"]}}, "close": {}}) == [0, 1]
    assert rows_of(in_polygon(rectangle(200, 100, 300, 200))) == [2]
    assert rows_of({"close": {}}) == [0, 1, 2, 3, 4]


def test_a_polygon_may_come_in_longitude_and_latitude():
    to_degrees = pyproj.Transformer.from_crs(REGION.crs, "EPSG:4326", always_xy=True)
    corners = [(c["x"], c["y"]) for c in rectangle(0, 0, 100, 490)["ring"]]
    ring = [dict(zip("xy", to_degrees.transform(*corner), strict=True)) for corner in corners]
    assert rows_of(in_polygon({"ring": ring, "crs": "EPSG:4326"})) == [3]


def test_every_class_is_meant_where_none_is_named():
    change = read({"scale_volumes": {"factors": [{"factor": 0.5}]}}).measures[0].change
    assert isinstance(change, ScaleVolumes)
    assert set(change.factors.values()) == {0.5}
    assert len(change.factors) == 6


def test_factors_for_every_class_and_for_one_multiply():
    factors = [{"factor": 0.5}, {"vehicle_class": "VEHICLE_CLASS_HEAVY", "factor": 0.2}]
    change = read({"scale_volumes": {"factors": factors}}).measures[0].change
    assert change.factors["heavy"] == pytest.approx(0.1)
    assert change.factors["light"] == 0.5


def test_a_zone_that_scales_nox_scales_the_no2_in_it_alike():
    factors = [{"vehicle_class": "VEHICLE_CLASS_BUS", "quantity": "QUANTITY_NOX", "factor": 0.3}]
    change = read({"low_emission_zone": {"factors": factors}}).measures[0].change
    assert change == LowEmissionZone({("bus", "nox"): 0.3, ("bus", "no2"): 0.3})


def test_volumes_are_read_by_class():
    volumes = [{"vehicle_class": "VEHICLE_CLASS_LIGHT", "vehicles_per_day": 1000}]
    change = read({"set_volumes": {"volumes": volumes}}).measures[0].change
    assert change == SetVolumes({"light": 1000.0})


def test_the_scenario_keeps_what_was_asked():
    scenario = read(CLOSE_LONG, title="Long street closed")
    assert json.loads(scenario.document)["title"] == "Long street closed"
    assert scenario.measures[0].change == Close()


def test_equal_roads_make_equal_hashes_however_they_were_chosen():
    by_name = {"roads": {"names": {"names": ["Long street"]}}, "close": {}}
    assert read(CLOSE_LONG).content_hash == read(by_name, title="other").content_hash
    assert read(CLOSE_LONG).content_hash != read({"close": {}}).content_hash
    assert read(CLOSE_LONG).content_hash != read(CLOSE_LONG, options={"year": 2016}).content_hash


def ring(*corners):
    return {"ring": [{"x": WEST + x, "y": SOUTH + y} for x, y in corners]}


HERE = rectangle(200, 100, 300, 200)
IDS = "scenario.measures[0].roads.ids"
POLYGON = "scenario.measures[0].roads.polygon"
LIGHT = "VEHICLE_CLASS_LIGHT"

#: Field that is wrong: the measure that is wrong there.
WRONG_MEASURES = [
    (f"{IDS}[1]", {"roads": {"ids": {"ids": ["cross", "nowhere"]}}, "close": {}}),
    (IDS, {"roads": {"ids": {}}, "close": {}}),
    ("scenario.measures[0].roads", {"roads": {}, "close": {}}),
    (
        "scenario.measures[0].roads.classes[0]",
        {"roads": {"classes": {"classes": ["canal"]}}, "close": {}},
    ),
    ("scenario.measures[0].roads.classes", {"roads": {"classes": {}}, "close": {}}),
    (
        "scenario.measures[0].roads.names[0]",
        {"roads": {"names": {"names": ["long street"]}}, "close": {}},
    ),
    ("scenario.measures[0].roads.names[0]", {"roads": {"names": {"names": [""]}}, "close": {}}),
    (f"{POLYGON}.ring[1].x", in_polygon(ring((0, 0), (math.nan, 0), (9, 9)))),
    (f"{POLYGON}.ring[2].y", in_polygon(ring((0, 0), (9, 0), (9, math.inf)))),
    (f"{POLYGON}.ring", in_polygon(ring((0, 0), (9, 0), (0, 0)))),
    (f"{POLYGON}.ring", in_polygon({})),
    (f"{POLYGON}.ring", in_polygon(ring((0, 0), (500, 0), (0, 400), (500, 400)))),
    (f"{POLYGON}.ring", in_polygon(ring((0, 0), (100, 100), (200, 200)))),
    (f"{POLYGON}.crs", in_polygon(HERE | {"crs": "EPSG:99999999"})),
    (f"{POLYGON}.crs", in_polygon(HERE | {"crs": "Lambert"})),
    (f"{POLYGON}.crs", in_polygon(HERE | {"crs": "+proj=longlat +nadgrids=/etc/passwd"})),
    (f"{POLYGON}.crs", in_polygon(HERE | {"crs": "EPSG:4978"})),
    (f"{POLYGON}.ring[0]", in_polygon(HERE | {"crs": "EPSG:4326"})),
    (POLYGON, in_polygon(HERE | {"crs": "EPSG:28992"})),
    (POLYGON, in_polygon(rectangle(9000, 9000, 9900, 9900))),
    (POLYGON, in_polygon(rectangle(500, 20, 510, 30))),
    ("scenario.measures[0]", {}),
    ("scenario.measures[0].set_volumes.volumes", {"set_volumes": {}}),
    (
        "scenario.measures[0].set_volumes.volumes[0].vehicle_class",
        {"set_volumes": {"volumes": [{"vehicles_per_day": 5}]}},
    ),
    (
        "scenario.measures[0].set_volumes.volumes[0].vehicle_class",
        {"set_volumes": {"volumes": [{"vehicle_class": 17, "vehicles_per_day": 5}]}},
    ),
    (
        "scenario.measures[0].set_volumes.volumes[1].vehicle_class",
        {"set_volumes": {"volumes": [{"vehicle_class": LIGHT}, {"vehicle_class": LIGHT}]}},
    ),
    *(
        (
            "scenario.measures[0].set_volumes.volumes[0].vehicles_per_day",
            {"set_volumes": {"volumes": [{"vehicle_class": LIGHT, "vehicles_per_day": volume}]}},
        )
        for volume in (-1, math.nan, math.inf, 1e9)
    ),
    ("scenario.measures[0].scale_volumes.factors", {"scale_volumes": {}}),
    (
        "scenario.measures[0].scale_volumes.factors[1].vehicle_class",
        {"scale_volumes": {"factors": [{"factor": 1}, {"factor": 2}]}},
    ),
    *(
        (
            "scenario.measures[0].scale_volumes.factors[0].factor",
            {"scale_volumes": {"factors": [{"factor": factor}]}},
        )
        for factor in (-0.1, math.nan, math.inf, 101)
    ),
    *(
        ("scenario.measures[0].set_speed.speed", {"set_speed": {"speed": speed}})
        for speed in (0, -30, math.nan, math.inf, 151)
    ),
    ("scenario.measures[0].low_emission_zone.factors", {"low_emission_zone": {}}),
    (
        "scenario.measures[0].low_emission_zone.factors[0].quantity",
        {"low_emission_zone": {"factors": [{"quantity": "QUANTITY_LDEN", "factor": 0.5}]}},
    ),
    (
        "scenario.measures[0].low_emission_zone.factors[0].vehicle_class",
        {
            "low_emission_zone": {
                "factors": [{"vehicle_class": "VEHICLE_CLASS_MOPED", "factor": 0.5}]
            }
        },
    ),
    (
        "scenario.measures[0].low_emission_zone.factors[1]",
        {"low_emission_zone": {"factors": [{"factor": 0.5}, {"factor": 0.5}]}},
    ),
    *(
        (
            "scenario.measures[0].low_emission_zone.factors[0].factor",
            {"low_emission_zone": {"factors": [{"factor": factor}]}},
        )
        for factor in (-0.1, math.nan)
    ),
    ("scenario.measures[0].set_surface.surface", {"set_surface": {"surface": "ICE"}}),
    ("scenario.measures[0].set_surface.surface", {"set_surface": {}}),
]


@pytest.mark.parametrize(("field", "measure"), WRONG_MEASURES)
def test_a_wrong_measure_is_refused_by_the_name_of_its_field(field, measure):
    refused(field, lambda: read(measure))


def test_the_number_of_the_measure_is_named():
    nowhere = {"roads": {"ids": {"ids": ["nowhere"]}}, "close": {}}
    refused("scenario.measures[2].roads.ids[0]", lambda: read(CLOSE_LONG, CLOSE_LONG, nowhere))


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("scenario.region", {"region": "small"}),
        ("scenario.region", {"region": ""}),
        ("scenario.quantities[1]", {"quantities": ["QUANTITY_NO2", 99]}),
        ("scenario.quantities[0]", {"quantities": ["QUANTITY_UNSPECIFIED"]}),
        ("scenario.outputs[0]", {"outputs": [7]}),
        ("scenario.outputs[0]", {"outputs": ["OUTPUT_UNSPECIFIED"]}),
        ("scenario.options.year", {"options": {"year": 1999}}),
        ("scenario.options.noise_range", {"options": {"noise_range": -1}}),
        ("scenario.options.noise_range", {"options": {"noise_range": math.nan}}),
        ("scenario.options.noise_range", {"options": {"noise_range": 1e6}}),
        ("scenario.options.keep_bits", {"options": {"keep_bits": 24}}),
        ("scenario.options.codec", {"options": {"codec": 99}}),
    ],
)
def test_a_wrong_field_is_refused_by_its_name(field, fields):
    refused(field, lambda: read(**fields))


def refused(field, reading):
    with pytest.raises(InvalidInputError) as refusal:
        reading()
    assert [violation.field for violation in refusal.value.violations] == [field]
    assert refusal.value.status is StatusCode.INVALID_ARGUMENT


def test_a_road_is_in_a_polygon_if_the_middle_of_its_line_is():
    beside_the_middle = rectangle(20, 20, 40, 240)
    over_the_middle = rectangle(20, 240, 40, 260)
    assert rows_of(in_polygon(over_the_middle)) == [3]
    refused(POLYGON, lambda: read(in_polygon(beside_the_middle)))


def test_rows_are_those_of_the_road_table():
    roads = read(CLOSE_LONG).measures[0].roads
    assert roads.dtype == np.int64
    assert list(REGION.roads["road_id"].iloc[roads]) == ["long-1", "long-2"]
