"""What a validation reports."""

import json
from math import nan

import pytest
from roadside_server.errors import InvalidInputError
from roadside_server.validation import KINDS, validator
from roadside_server.validation.report import (
    Report,
    Row,
    at_least,
    compare,
    compare_relative,
)


def report(*rows):
    return Report("A comparison", rows, not_covered=("Nothing else.",), notes=("By hand.",))


def level(value, tolerance=0.1):
    return compare("case", "level", value, 60.0, tolerance=tolerance, unit="dB")


def test_a_report_passes_when_every_judged_row_does():
    assert report(level(60.05), level(99.0, tolerance=None)).passed
    assert not report(level(60.05), level(60.2)).passed


def test_a_report_without_judged_rows_does_not_pass():
    assert not report().passed
    assert not report(level(60.0, tolerance=None)).passed
    assert report().as_text().endswith("FAILED: nothing was judged")


def test_the_worst_row_uses_up_most_of_its_tolerance():
    mild, severe = level(60.5, tolerance=1.0), level(60.09, tolerance=0.1)
    assert report(mild, severe).worst is severe


def test_what_is_not_a_number_is_worse_than_anything():
    broken = level(nan)
    assert not broken.ok
    assert report(level(99.0), broken).worst is broken
    assert json.loads(report(broken).as_json())["rows"][0]["value"] is None


def test_the_last_line_holds_verdict_and_worst_figure():
    last = report(level(60.05)).as_text().splitlines()[-1]
    assert last == (
        "passed: 1 judged, 0 outside tolerance; worst 0.05 dB of 0.1 allowed: case, level"
    )


def test_text_names_notes_and_what_is_not_covered():
    text = report(level(60.05)).as_text()
    assert "By hand." in text
    assert "Not covered:\n  Nothing else." in text


def test_relative_deviation_of_zero_is_absolute():
    assert compare_relative("c", "q", 0.5, 0.0, 0.1).deviation == 0.5
    assert compare_relative("c", "q", 11.0, 10.0, 0.1).deviation == pytest.approx(0.1)


def test_a_minimum_holds_from_above():
    assert at_least("c", "q", 0.9, 0.89).ok
    assert not at_least("c", "q", 0.88, 0.89).ok
    assert not at_least("c", "q", nan, 0.89).ok


def test_json_repeats_the_verdict_of_each_row():
    document = json.loads(report(level(60.05), level(61.0)).as_json())
    assert [row["ok"] for row in document["rows"]] == [True, False]
    assert document["worst"]["deviation"] == 1.0
    assert document["passed"] is False


def test_every_kind_has_a_function():
    assert set(KINDS) == {"srm1", "no2-sectors", "cimlk", "noise-emission", "cnossos", "town"}
    for kind in KINDS:
        assert callable(validator(kind))


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInputError, match="'srm2', must be one of srm1, no2-sectors"):
        validator("srm2")


def test_rows_are_values():
    assert Row("c", "q", 1.0, 1.0, 0.0, 0.0) == Row("c", "q", 1.0, 1.0, 0.0, 0.0)
