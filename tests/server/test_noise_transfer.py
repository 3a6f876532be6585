"""Noise by way of a region's transfer: the levels of flat ground where nothing stands."""

from dataclasses import replace

import numpy as np
import pytest
from roadside_kernels.noise.transfer_sum import ALIKE, BY_CONDITION, BY_PERIOD
from roadside_server.computation.estimate import estimate
from roadside_server.computation.job import prepare
from roadside_server.computation.resident import Resident
from roadside_server.computation.site import Site
from roadside_server.computation.transfer.building import build_transfer
from roadside_server.computation.transfer.opening import open_transfer
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.region.schema import Grid
from roadside_server.scenario.reading import read_scenario

from tests.flat_transfer import trace_flat
from tests.region_factory import SOUTH, WEST, no_street_links, small_region, uniform_weather
from tests.scenario_factory import scenario_message

REACH = 400.0
CLOSED = {"roads": {"ids": {"ids": ["rural"]}}, "close": {}}
FASTER = {"roads": {"ids": {"ids": ["motorway", "rural"]}}, "set_speed": {"speed": 90}}
SOUND = {"quantities": ["QUANTITY_LDEN", "QUANTITY_LNIGHT"], "options": {"noise_range": REACH}}
#: Pieces of another length, and bfloat16.
ALIKE_LEVELS = 0.05


def region_of(**changes):
    """The small region with receptors every 20 m, some of them masked."""
    masked = np.random.default_rng(4).random((25, 30)) < 0.1
    grid = Grid(WEST, SOUTH, 20.0, 30, 25, masked)
    return small_region(receptors=grid, street_links=no_street_links(grid), **changes)


def built(region, folder, **settings):
    folder.mkdir(exist_ok=True)
    settings = {"reach": REACH} | settings
    return build_transfer(region, folder, TransferSettings(**settings), trace_flat)


def site_of(region, folder, **settings):
    built(region, folder, **settings)
    opened = open_transfer(region, folder)
    assert not opened.note
    return Site(region, transfer=opened.transfer)


def job_of(site, *asked, **fields):
    scenario = read_scenario(scenario_message(*asked, **SOUND | fields), site.region)
    return prepare(site.region, scenario, site=site)


def values_of(job):
    (tile,) = job.tiles()
    return job.compute(tile).values


@pytest.fixture(scope="module")
def region():
    return region_of()


@pytest.fixture(scope="module")
def site(region, tmp_path_factory):
    return site_of(region, tmp_path_factory.mktemp("small"))


def weather_of(bands):
    if bands == ALIKE:
        return replace(uniform_weather(), favourable=np.full((3, 12), 0.5))
    if bands == BY_CONDITION:
        return uniform_weather()
    return replace(uniform_weather(), favourable=np.linspace(0.0, 1.0, 36).reshape(3, 12))


@pytest.mark.parametrize("bands", [ALIKE, BY_CONDITION, BY_PERIOD])
def test_levels_are_those_of_flat_ground_where_nothing_stands(bands, tmp_path):
    region = region_of(weather=weather_of(bands))
    # At the edge of the range pieces of different length begin and end to count: here is none.
    far = {"options": {"noise_range": 1500.0}}
    site = site_of(region, tmp_path, reach=1500.0)
    assert site.transfer.manifest.bands == bands
    found = values_of(job_of(site, CLOSED, **far))
    flat = values_of(job_of(Site(region), CLOSED, **far))
    for name in ("lden_baseline", "lnight_scenario"):
        np.testing.assert_allclose(found[name], flat[name], rtol=0.0, atol=ALIKE_LEVELS)
    assert np.isnan(found["lden_baseline"][region.receptors.masked]).all()


@pytest.mark.parametrize("measure", [CLOSED, FASTER])
def test_a_delta_equals_a_full_run(site, measure):
    job = job_of(site, measure)
    found = values_of(job)
    full = values_of(replace(job, noise=replace(job.noise, key=None)))
    for name, values in full.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=4e-5, err_msg=name)
    assert np.nanmax(np.abs(found["lden_difference"])) > 0.1


def test_closing_everything_leaves_silence(site):
    values = values_of(job_of(site, {"close": {}}))
    assert np.isnan(values["lden_scenario"]).all()
    assert np.isfinite(values["lden_baseline"]).any()


def test_receptors_closer_than_noise_asks_share_the_level_of_a_free_one(tmp_path):
    masked = np.zeros((24, 32), np.bool_)
    masked[4:8, 0:3] = True
    masked[8:12, 8:12] = True
    grid = Grid(WEST + 240.0, SOUTH + 150.0, 1.0, 32, 24, masked)
    region = small_region(receptors=grid, street_links=no_street_links(grid))
    site = site_of(region, tmp_path)
    assert site.transfer.manifest.points == 6 * 8 - 1
    lden = values_of(job_of(site))["lden_baseline"]
    squares = lden.reshape(6, 4, 8, 4).swapaxes(1, 2).reshape(-1, 16)
    assert (np.isnan(lden) == masked).all()
    spread = np.array([np.ptp(s[np.isfinite(s)]) for s in squares if np.isfinite(s).any()])
    assert (spread == 0.0).all()
    assert np.unique(lden[np.isfinite(lden)]).size > 40
    words = " ".join(job_of(site).caveats)
    assert "every 4 m" in words
    assert "share a level" in words


def test_stamp_and_caveats_tell_how_sound_was_traced(site, region):
    job = job_of(site, CLOSED)
    assert "flat ground" not in " ".join(job.caveats)
    assert any("roads within 400 m" in caveat for caveat in job.caveats)
    assert job.stamp["noise_transfer"]["pruning_tolerance_db"] == 0.1
    assert job.stamp["methods"]["sound"].endswith("buildings, screens, terrain and ground")
    flat = job_of(Site(region), CLOSED)
    assert "flat ground" in " ".join(flat.caveats)
    assert flat.stamp["noise_transfer"] is None


def test_more_power_than_pruning_allowed_for_is_told(site):
    double = {"scale_volumes": {"factors": [{"factor": 2.0}]}}
    more = {"scale_volumes": {"factors": [{"factor": 2.5}]}}
    assert "times the power" not in " ".join(job_of(site, double).caveats)
    assert "2 times the power" in " ".join(job_of(site, more).caveats)


def test_the_range_that_was_asked_does_not_hold(site):
    words = " ".join(job_of(site, options={"noise_range": 700}).caveats)
    assert "within 400 m, as traced; noise_range (700 m) is of flat ground" in words


def test_an_estimate_counts_the_rows_that_are_read(site):
    job = job_of(Site(site.region, Resident(), site.transfer))
    assert estimate(job).pairs == site.transfer.manifest.rows
    assert sum(result.pairs for result in job.results()) == site.transfer.manifest.rows


def test_an_estimate_counts_the_rows_that_a_barrier_has_traced_again(site):
    line = [{"x": WEST + 40.0, "y": SOUTH + y} for y in (150.0, 350.0)]
    job = job_of(site, {"add_barrier": {"line": {"points": line}, "height": 5.0}})
    (tile,) = job.tiles()
    again = job.noise.rebuilt.rows_traced(tile)
    assert 0 < again < site.transfer.manifest.rows
    plain = estimate(job_of(site))
    assert estimate(job).pairs == plain.pairs + again
    assert estimate(job).seconds > 100 * plain.seconds


def test_tiles_that_no_changed_line_reaches_are_unchanged(tmp_path):
    masked = np.ones((300, 300), np.bool_)
    masked[::40, ::40] = False
    grid = Grid(WEST - 1000.0, SOUTH - 1000.0, 10.0, 300, 300, masked)
    region = small_region(receptors=grid, street_links=no_street_links(grid))
    job = job_of(site_of(region, tmp_path), {"roads": {"ids": {"ids": ["long-1"]}}, "close": {}})
    assert 0 < len(job.unchanged) < len(job.all_tiles)
    every = replace(job, unchanged=frozenset())
    for tile in job.unchanged:
        assert not np.nan_to_num(every.compute(tile).values["lden_difference"]).any()
