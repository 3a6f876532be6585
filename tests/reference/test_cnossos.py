"""Propagation beside ISO/TR 17534-4:2020 and a second program, air beside ISO 9613-1."""

import csv
import shutil

import numpy as np
import pytest
from roadside_kernels.noise.atmosphere import air_absorption
from roadside_kernels.noise.bands import MID_BANDS
from roadside_kernels.physics import in_double
from roadside_server.errors import InvalidInputError
from roadside_server.validation.case_files import read_document
from roadside_server.validation.cnossos import validate
from roadside_server.validation.cnossos_paths import path_over, reflection_of
from roadside_server.validation.cnossos_profiles import read_profile, read_walls


@pytest.fixture(scope="module")
def report(shared_data):
    return validate(shared_data / "noise" / "iso17534_4")


@pytest.fixture(scope="module")
def second_program(shared_data):
    return validate(shared_data / "noise" / "jrc2012_p2p")


def test_every_path_agrees_to_a_tenth_of_a_decibel(report):
    # The standard's own criterion; totals to half of it.
    assert report.passed, report.as_text()


def test_paths_over_flat_ground_agree_to_the_printed_digit(report):
    flat = {f"TC0{n} Direct" for n in (1, 2, 3, 4)}
    deviations = [row.deviation for row in report.rows if row.case in flat]
    assert len(deviations) == len(flat) * 2 * 8
    # Half of the last printed digit.
    assert max(deviations) <= 0.0051


def test_totals_agree_with_paths_around_vertical_edges_and_without(report, shared_data):
    with (shared_data / "noise" / "iso17534_4" / "expected_totals.csv").open() as text:
        published = {row["tc"] for row in csv.DictReader(text)}
    for total in ("LA ", "LA_WL "):
        cases = {row.case for row in report.rows if row.quantity.startswith(total)}
        assert cases == published | {f"{case}, from the scene" for case in published}


def test_paths_found_in_scenes_are_those_of_the_published_profiles(report):
    read = {(row.case, row.quantity): row.value for row in report.rows}
    found = [
        row for row in report.rows if "from the scene" in row.case and row.quantity[:2] == "L "
    ]
    for row in found:
        given = read[row.case.replace(", from the scene", ""), row.quantity]
        # Places of points are printed to 0.1 mm, and scenes are single precision.  Corners are kept
        # clear of by the same 15 mm, in a direction that is a little different.
        around = "Left" in row.case or "Right" in row.case
        assert row.value == pytest.approx(given, abs=0.05 if around else 0.02)
    direct = {row.case.split()[0] for row in found if "Direct" in row.case}
    reflected = {row.case.split()[0] for row in found if "Reflection" in row.case}
    around = {row.case.split()[0] for row in found if "Left" in row.case or "Right" in row.case}
    assert len(direct) == 20
    assert around == {"TC08", "TC10", "TC12", "TC13", "TC14", "TC15", "TC21", "TC28"}
    assert reflected == {"TC16", "TC18", "TC24", "TC26"}


def test_a_bent_ray_passes_over_a_wall_that_a_straight_one_meets(shared_data):
    document = read_document(shared_data / "noise" / "iso17534_4" / "profiles.json")
    case = document["profiles"]["TC26_Reflection"]
    profile, (wall,) = read_profile(case), read_walls(case)
    assert np.isfinite(reflection_of(path_over(profile, "homogeneous"), wall)).all()
    assert np.isinf(reflection_of(path_over(profile, "favourable"), wall)).all()


def test_the_ground_under_a_roof_is_not_seen(shared_data):
    document = read_document(shared_data / "noise" / "iso17534_4" / "profiles.json")
    profile = read_profile(document["profiles"]["TC13_Direct"])
    polyline = np.array(document["profiles"]["TC13_Direct"]["ground_profile"])
    roof = polyline[:, 1].max()
    between = profile.x[profile.z == roof]
    assert between.size == 2
    assert ((profile.x <= between[0]) | (profile.x >= between[1])).all()


def test_every_path_of_the_cases_is_compared_or_named(report, shared_data):
    with (shared_data / "noise" / "iso17534_4" / "expected_levels.csv").open() as text:
        rows = [row for row in csv.DictReader(text) if row["used_in_LA"] == "1"]
    paths = {f"{row['tc']} {row['path']}" for row in rows}
    assert paths <= {row.case for row in report.rows}
    assert [sentence.split(":")[0] for sentence in report.not_covered] == [
        "TC21 Right favourable",
        "TC21 Left favourable",
    ]


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
    wrong = [(row.case, row.quantity) for row in report.rows if not row.ok]
    quantity = "L homogeneous 63 Hz"
    assert wrong == [("TC01 Direct", quantity), ("TC01 Direct, from the scene", quantity)]


def test_a_folder_without_the_cases_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"profiles\.json"):
        validate(tmp_path)


def test_a_second_program_agrees_to_its_printed_digit(second_program):
    assert second_program.passed, second_program.as_text()
    straight = [row for row in second_program.rows if "A_boundary homogeneous" in row.quantity]
    assert len({row.case for row in straight}) == 58
    # Half of the last printed digit, and the program's c of 340.27 m/s.
    assert max(row.deviation for row in straight) <= 0.06


def test_figures_by_the_rules_of_2012_are_named(second_program):
    by_old_rules = [named for named in second_program.not_covered if "rules of 2012" in named]
    assert len(by_old_rules) == 6
    assert all("favourable" in named for named in by_old_rules)


def test_air_absorbs_as_iso_9613_1_says(shared_data):
    with (shared_data / "noise" / "atmosphere" / "iso9613_1_alpha_octave.csv").open() as text:
        for row in list(csv.reader(text))[1:]:
            temperature, humidity, pressure, *expected = map(float, row)
            absorption = [
                in_double(air_absorption)(f, temperature, humidity, pressure) for f in MID_BANDS
            ]
            # Half of the last printed digit.
            assert absorption == pytest.approx(expected, abs=5.1e-5)
