"""Propagation beside ISO/TR 17534-4:2020 and a second program, air beside ISO 9613-1."""

import csv
import json
import shutil
from itertools import pairwise

import numpy as np
import pytest
from roadside_kernels.noise.atmosphere import air_absorption
from roadside_kernels.noise.bands import MID_BANDS
from roadside_kernels.noise.propagation import slant
from roadside_kernels.physics import in_double
from roadside_server.errors import InvalidInputError
from roadside_server.validation.cnossos import FlatPath, attenuation, validate


@pytest.fixture(scope="module")
def report(shared_data):
    return validate(shared_data / "noise" / "iso17534_4")


def test_paths_over_flat_ground_agree_to_a_tenth_of_a_decibel(report):
    assert report.passed, report.as_text()
    assert {row.case for row in report.rows} >= {f"TC0{n} Direct" for n in (1, 2, 3, 4)}
    # Printed to 0.01 dB: nothing is off by more than the last digit's half.
    assert max(row.deviation for row in report.rows) <= 0.0051


def test_what_is_not_covered_is_named_with_its_reason(report):
    assert "TC05 Direct: terrain is not modelled" in report.not_covered
    assert "TC07 Direct: diffraction over obstacles is not modelled" in report.not_covered
    assert "TC26 Reflection: reflection by walls is not modelled" in report.not_covered


def test_every_path_of_the_cases_is_compared_or_named(report, shared_data):
    with (shared_data / "noise" / "iso17534_4" / "expected_levels.csv").open() as text:
        paths = {f"{row['tc']} {row['path']}" for row in csv.DictReader(text)}
    compared = {row.case for row in report.rows}
    named = {sentence.split(":")[0] for sentence in report.not_covered}
    assert paths <= compared | named


def test_a_wrong_level_fails(shared_data, tmp_path):
    folder = tmp_path / "cases"
    shutil.copytree(shared_data / "noise" / "iso17534_4", folder, copy_function=shutil.copy)
    folder.chmod(0o700)
    levels = folder / "expected_levels.csv"
    text = levels.read_text()
    levels.unlink()
    levels.write_text(text.replace("39.21,39.16", "39.41,39.16", 1))
    report = validate(folder)
    assert not report.passed
    assert [row.quantity for row in report.rows if not row.ok] == ["L homogeneous 63 Hz"]


def test_a_folder_without_the_cases_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"profiles\.json"):
        validate(tmp_path)


def test_flat_cases_of_the_2012_program_agree_to_their_printed_digit(shared_data):
    cases = json.loads((shared_data / "noise" / "jrc2012_p2p" / "cases.json").read_text())["cases"]
    flat = [case for case in cases if is_flat(case)]
    assert len(flat) == 8
    for case in flat:
        path = flat_path_of(case)
        for condition, symbol in (("homogeneous", "H"), ("favourable", "F")):
            ground = attenuation(condition, path, np.zeros(8)) - divergence_of(path)
            expected = case[f"A_excess_{symbol}_dB"]
            assert ground == pytest.approx(expected, abs=0.1), case["id"]


def test_air_absorbs_as_iso_9613_1_says(shared_data):
    with (shared_data / "noise" / "atmosphere" / "iso9613_1_alpha_octave.csv").open() as text:
        for row in list(csv.reader(text))[1:]:
            temperature, humidity, pressure, *expected = map(float, row)
            absorption = [
                in_double(air_absorption)(f, temperature, humidity, pressure) for f in MID_BANDS
            ]
            # Half of the last printed digit.
            assert absorption == pytest.approx(expected, abs=5.1e-5)


def is_flat(case):
    points = case["profile"]
    level = {point["z"] for point in points} == {0.0}
    return level and not case["reflections"] and not any(p["barrier_height"] for p in points)


def flat_path_of(case):
    points = case["profile"]
    d_p = points[-1]["x"] - points[0]["x"]
    soft = sum(
        (end["x"] - start["x"]) * end["G_of_segment_ending_here"] for start, end in pairwise(points)
    )
    g_s = points[0]["G_of_segment_ending_here"]
    return FlatPath(d_p, case["source_height"], case["receiver_height"], soft / d_p, g_s)


def divergence_of(path):
    return 20 * np.log10(in_double(slant)(path.d_p, path.z_s, path.z_r)) + 11
