"""Tiles that no changed road reaches, as a client sees them: told early, complete in the store."""

import numpy as np
import pytest
import zarr
from roadside_client import connect, save_result
from roadside_server.computation.arrays import MASKED, NOT_EVALUATED
from roadside_server.serve import EmbeddedServer
from scenario_factory import scenario_message
from service_calls import wide_region

CLOSE = {"roads": {"ids": {"ids": ["rural"]}}, "close": {}}
SOUND = {"region": "regions/wide", "quantities": ["QUANTITY_LDEN", "QUANTITY_LDAY"]}
#: So short (m) that tiles of the wide region are out of reach.
NEAR = {"noise_range": 300}
#: Share of the traffic that is left in a quiet region.
QUIET = 0.02


@pytest.fixture(scope="module")
def client():
    with EmbeddedServer([wide_region()]) as server:
        yield connect(server.address)


def differences(client, path):
    """A run that asks for differences alone, its tiles, and the store saved from its stream."""
    asked = scenario_message(CLOSE, outputs=["OUTPUT_DIFFERENCE"], options=NEAR, **SOUND)
    run = client.run(asked)
    tiles = list(run)
    save_result(client.run(asked), path)
    return run, tiles, zarr.open_group(path, mode="r")


def test_the_store_is_complete_though_little_was_computed(client, tmp_path):
    region = wide_region()
    run, tiles, saved = differences(client, tmp_path / "saved.zarr")
    across = -(-region.receptors.columns // 256)
    unchanged = {(tile.row, tile.column) for tile in tiles if tile.unchanged}
    assert {divmod(number, across) for number in run.metadata.unchanged} == unchanged
    assert 0 < len(unchanged) < len(tiles) == run.metadata.tiles
    masked, flags = region.receptors.masked, saved["flags"][...]
    for name in ("lden_difference", "lday_difference"):
        values = saved[name][...]
        assert np.isnan(values[masked]).all()
        there = (flags & NOT_EVALUATED) > 0
        assert there.any()
        assert (values[there] == 0.0).all()
    assert ((flags & MASKED > 0) == masked).all()
    for row, column in unchanged:
        part = flags[row * 256 : (row + 1) * 256, column * 256 : (column + 1) * 256]
        assert np.isin(part, [MASKED, NOT_EVALUATED]).all()


def test_unchanged_tiles_travel_as_next_to_nothing(client, tmp_path):
    _, tiles, _ = differences(client, tmp_path / "saved.zarr")
    sizes = [sum(map(len, tile.chunks.values())) for tile in tiles if tile.unchanged]
    assert max(sizes) < 20_000


def test_the_summary_counts_unchanged_receptors_too(client):
    asked = scenario_message(CLOSE, outputs=["OUTPUT_DIFFERENCE"], options=NEAR, **SOUND)
    run = client.run(asked)
    (lden, _) = run.finish().quantities
    every = scenario_message(CLOSE, options=NEAR, **SOUND)
    (expected, _) = client.run(every).finish().quantities
    assert lden.better == expected.better > 0
    assert lden.difference.minimum == expected.difference.minimum
    assert lden.difference.receptors >= expected.difference.receptors


def test_with_all_outputs_scenario_and_baseline_are_the_same_bytes(client):
    run = client.run(scenario_message(CLOSE, options=NEAR, **SOUND))
    same = [tile for tile in run if tile.unchanged]
    assert same
    for tile in same:
        chunks = {key.split("/")[0]: value for key, value in tile.chunks.items()}
        assert chunks["lden_scenario"] == chunks["lden_baseline"]
        assert not np.nan_to_num(tile.array("lden_difference")).any()


def test_a_run_says_where_its_time_went(client):
    run = client.run(scenario_message(CLOSE, options=NEAR, **SOUND))
    stages = run.finish().stages
    for stage in ("prepare", "compute", "encode", "send", "first_tile"):
        assert getattr(stages, stage) > 0.0, stage
    assert stages.queue >= 0.0
    assert stages.copy == 0.0
    assert stages.first_tile >= stages.prepare + stages.queue


def test_the_stamp_tells_how_exact_a_result_is(client):
    formal = client.run(scenario_message(**SOUND)).stamp
    assert formal["accuracy"]["mode"] == "formal"
    assert formal["accuracy"]["largest"] == 0.0
    air = SOUND | {"quantities": ["QUANTITY_NOX"], "options": {"tolerance": 0.01}}
    run = client.run(scenario_message(**air))
    assert run.stamp["accuracy"]["bound"] == 0.01
    assert run.stamp["accuracy"]["largest"] > 0.01
    assert any("interactive" in caveat for caveat in run.finish().caveats)


def air_differences(client, tolerance, **options):
    """Tiles of a small change of the air, everything asked; formal with a tolerance of 0."""
    fewer = {"roads": {"ids": {"ids": ["rural"]}}, "scale_volumes": {"factors": [{"factor": 0.99}]}}
    asked = scenario_message(
        fewer,
        region="regions/wide",
        quantities=["QUANTITY_NOX", "QUANTITY_PM10"],
        options={"tolerance": tolerance, **options},
    )
    run = client.run(asked)
    return list(run), run.stamp["accuracy"]["left_out"]


@pytest.fixture(scope="module")
def quiet_client():
    """Of a region with hardly any traffic."""
    region = wide_region()
    volumes = region.roads.filter(like="volume_").select_dtypes("number").columns
    roads = region.roads.assign(**{name: region.roads[name] * QUIET for name in volumes})
    with EmbeddedServer([wide_region(roads=roads)]) as server:
        yield connect(server.address)


def test_what_changes_less_than_may_be_left_out_is_unchanged(quiet_client):
    formal, _ = air_differences(quiet_client, 0.0)
    told, left_out = air_differences(quiet_client, 0.05)
    exact = {(tile.row, tile.column): tile for tile in formal}
    assert not any(tile.unchanged for tile in formal)
    assert 0 < sum(tile.unchanged for tile in told) < len(told)
    some = False
    for tile in told:
        for name in ("nox", "pm10"):
            change = exact[tile.row, tile.column].array(f"{name}_difference")
            missed = np.nan_to_num(change - tile.array(f"{name}_difference"))
            assert np.abs(missed).max() <= left_out
            if tile.unchanged:
                some = some or bool(np.nan_to_num(change).any())
                both = [tile.array(f"{name}_{state}") for state in ("baseline", "scenario")]
                np.testing.assert_array_equal(*both)
    assert some
