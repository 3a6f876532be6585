"""People exposed to noise: bands of END reporting and the functions of its Annex III."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_server.results.noise_health import (
    HIGHLY_ANNOYED,
    LDEN_BANDS,
    LNIGHT_BANDS,
    SLEEP_DISTURBED,
    exposure,
    harmed,
    ihd_fraction,
    people_by_band,
)


@pytest.fixture
def published(shared_data):
    return json.loads((shared_data / "noise/health/road_noise_erf.json").read_text())


def test_annoyed_people_are_those_of_the_published_example(published):
    example = published["test_vector_HA"]
    found = harmed(np.array(example["population"], float), LDEN_BANDS, HIGHLY_ANNOYED)
    assert found == pytest.approx(example["HA_persons_total"], abs=0.001)  # last printed digit


def test_heart_disease_has_the_published_fraction(published):
    people = np.array(published["test_vector_HA"]["population"], float)
    expected = published["test_vector_IHD_computed_here"]["PAF"]
    assert ihd_fraction(people, 1_000_000.0) == pytest.approx(expected, abs=5e-9)


@pytest.mark.parametrize("level", [52.5, 57.5, 62.5, 67.5, 72.5])
def test_sleep_is_disturbed_as_published(published, level):
    rows = {row["L"]: row["HSD_pct"] for row in published["function_values"]}
    people = np.where(np.array(LNIGHT_BANDS) + 2.5 == level, 100.0, 0.0)
    assert harmed(people, LNIGHT_BANDS, SLEEP_DISTURBED) == pytest.approx(rows[level], abs=5e-6)


def test_a_level_is_rounded_to_whole_decibels_before_it_falls_into_a_band():
    level = np.array([54.49, 54.5, 59.49, 59.5, 74.5, 95.0, np.nan])
    people = people_by_band(np.ones(7), level, LDEN_BANDS)
    assert people.tolist() == [2.0, 1.0, 0.0, 0.0, 2.0]


@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(20, 90)), min_size=1, max_size=30),
    st.floats(0, 15),
)
def test_louder_is_never_healthier(homes, louder):
    people, level = np.array(homes).T
    quiet = exposure(people, level, level - 8)
    loud = exposure(people, level + louder, level - 8 + louder)
    assert loud.highly_annoyed >= quiet.highly_annoyed * (1 - 1e-12)
    assert loud.highly_sleep_disturbed >= quiet.highly_sleep_disturbed * (1 - 1e-12)
    assert loud.ihd_fraction >= quiet.ihd_fraction * (1 - 1e-12)
    assert loud.lden.sum() <= loud.people * (1 + 1e-12)


def test_nobody_lives_where_there_are_no_people():
    nothing = exposure(np.zeros(0), np.zeros(0), np.zeros(0))
    assert nothing.people == nothing.highly_annoyed == nothing.ihd_fraction == 0.0
