"""Scenario files: what they mean, and what is said of those that mean nothing."""

from pathlib import Path

import pytest
import roadside_cli
from google.protobuf import json_format
from roadside.v1 import scenario_pb2
from roadside_client import (
    ScenarioFileError,
    measures,
    read_scenario_file,
    read_scenario_text,
    scenario_text,
)

EXAMPLES = sorted((Path(roadside_cli.__file__).parent / "examples").glob("*.yaml"))


def test_the_examples_build_a_barrier_close_a_street_and_make_zones():
    barrier, closure, zone = (read_scenario_file(path) for path in EXAMPLES)
    assert barrier.measures[0].add_barrier.height == 3.0
    assert [m.WhichOneof("change") for m in closure.measures] == ["set_speed", "close"]
    assert closure.measures[1].roads.names.names == ["Kaisaniemenkatu"]
    assert closure.options.canyon_roads_beyond_street
    assert zone.measures[0].low_emission_zone.factors[0].factor == 0.7


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_scenario_comes_back_from_its_text(path):
    scenario = read_scenario_file(path)
    assert read_scenario_text(scenario_text(scenario)) == scenario


def test_yaml_json_snake_case_and_camel_case_mean_the_same(tmp_path):
    scenario = read_scenario_file(EXAMPLES[0])
    for snake_case in (False, True):
        file = tmp_path / f"{snake_case}.json"
        file.write_text(json_format.MessageToJson(scenario, preserving_proto_field_name=snake_case))
        assert read_scenario_file(file) == scenario


def test_words_and_dates_stay_text():
    text = "region: regions/no\ntitle: 2026-01-31\nmeasures: [{roads: {names: {names: [on]}}}]"
    scenario = read_scenario_text(text)
    assert scenario.title == "2026-01-31"
    assert scenario.measures[0].roads.names.names == ["on"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("measures:\n  - close:\n", "line 2: measures[0].close: empty; write {}"),
        ("measures:\n- close: {}\n  roads:\n    ids: {ids: [7]}", "line 4: measures[0].roads.ids"),
        ("region: a\nmeasure: []", "line 2: measure: no such field; there are region, measures"),
        ("quantities: [QUANTITY_NO2,\n NO2]", "line 2: quantities[1]: Invalid enum value NO2"),
        ("measures:\n- setSpeed: {speed: fast}", "line 2: measures[0].setSpeed.speed"),
        ('{"region": "a",\n"region": "b"}', "line 2: region: given twice"),
        ("options:\n  keep_bits: -1", "line 2: options.keep_bits: Value out of range"),
        ("measures: [3]", "must have named fields"),
        ("a: [", "line 1: neither YAML nor JSON"),
        ("words", "a scenario has named fields"),
        ("", "a scenario has named fields"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path, text, words):
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(ScenarioFileError) as refused:
        read_scenario_file(file)
    assert words in str(refused.value)
    assert "wrong.yaml" in str(refused.value)


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(ScenarioFileError, match=r"nosuch\.yaml: No such file"):
        read_scenario_file("nosuch.yaml")


def test_measures_in_words_make_the_same_scenario_as_messages():
    ring = [(24.94, 60.17), (24.95, 60.17), (24.95, 60.18)]
    scenario = measures.scenario(
        "regions/helsinki",
        measures.set_speed(measures.area(ring), 30),
        measures.close(measures.streets("Kaisaniemenkatu")),
        measures.set_volumes(measures.roads("17"), {"light": 8000}),
        measures.scale_volumes(measures.road_classes("primary"), {"heavy": 0.5}),
        measures.low_emission_zone(None, {"bus": 0.7}),
        title="All",
    )
    changes = ["set_speed", "close", "set_volumes", "scale_volumes", "low_emission_zone"]
    assert [measure.WhichOneof("change") for measure in scenario.measures] == changes
    assert scenario.measures[0].roads.polygon.crs == "EPSG:4326"
    volume = scenario.measures[2].set_volumes.volumes[0]
    assert volume.vehicle_class == scenario_pb2.VEHICLE_CLASS_LIGHT
    assert not scenario.measures[4].HasField("roads")


def test_what_is_built_stands_where_it_is_drawn():
    line, ring = [(24.94, 60.17), (24.95, 60.17)], [(24.94, 60.17), (24.95, 60.17), (24.95, 60.18)]
    scenario = measures.scenario(
        "regions/helsinki",
        measures.add_barrier(line, 4, absorption=0.8),
        measures.add_building(ring, 12),
        measures.remove_buildings((24.94, 60.17)),
        measures.remove_buildings_in(ring),
    )
    assert not any(measure.HasField("roads") for measure in scenario.measures)
    barrier = scenario.measures[0].add_barrier
    assert (barrier.line.crs, barrier.height, barrier.absorption) == ("EPSG:4326", 4.0, 0.8)
    by = [measure.remove_building.WhichOneof("by") for measure in scenario.measures[2:]]
    assert by == ["points", "polygon"]
    assert read_scenario_text(scenario_text(scenario)) == scenario


def test_an_unknown_vehicle_class_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match="light, medium, heavy, bus"):
        measures.set_volumes(None, {"tram": 1})
