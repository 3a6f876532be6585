"""Far roads gathered where a tolerance is asked: within it, and changes as exact as ever."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
from roadside_server.computation.job import prepare
from roadside_server.computation.open_roads import SEEN
from roadside_server.computation.site import Site
from roadside_server.region.schema import Background, Grid
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import (
    CRS,
    RURAL_VOLUMES,
    SOUTH,
    WEST,
    no_street_links,
    road,
    small_region,
)
from tests.scenario_factory import scenario_message

TOLERANCE = 0.01
TRAFFIC = ["QUANTITY_NOX", "QUANTITY_PM10", "QUANTITY_EC"]
NO_BACKGROUND = Background({"no2": 0.0, "o3": 45.0, "pm10": 0.0, "pm25": 0.0, "ec": 0.0})
ROWS = 52


@pytest.fixture(scope="module")
def region():
    """Rural roads over 8 by 8 km, more than are evaluated one by one; 1,024 receptors."""
    random = np.random.default_rng(20)
    template = small_region()
    columns = {"method": "srm2", "road_class": "secondary", "speed": 70.0}
    rows = []
    for number, (x, y) in enumerate(np.ndindex(ROWS, ROWS)):
        east, north = 150 * x - 3900 + random.uniform(0, 60), 150 * y - 3900
        angle = random.uniform(0, np.pi)
        end = (east + 90 * np.cos(angle), north + 90 * np.sin(angle))
        line = [(east, north), end]
        rows.append(road(f"r-{number}", line, RURAL_VOLUMES, **columns, street=number))
    roads = gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS)
    missing = {name: template.roads[name].iloc[3] for name in template.roads if name not in roads}
    roads = roads.assign(**missing)[list(template.roads.columns)]
    grid = Grid(WEST, SOUTH, 20.0, 32, 32, np.zeros((32, 32), bool))
    assert len(roads) > SEEN
    return replace(
        template,
        roads=roads,
        receptors=grid,
        junctions=template.junctions.iloc[:0],
        street_links=no_street_links(grid),
        background=NO_BACKGROUND,
    )


@pytest.fixture(scope="module")
def site(region):
    return Site(region)


def maps(site, *measures, tolerance=0.0, **fields):
    fields = {"quantities": TRAFFIC, "options": {"tolerance": tolerance}} | fields
    scenario = read_scenario(scenario_message(*measures, **fields), site.region)
    job = prepare(site.region, scenario, site=site)
    (tile,) = job.tiles()
    return job.compute(tile)


def test_gathered_roads_stay_within_the_tolerance(site):
    formal, interactive = maps(site), maps(site, tolerance=TOLERANCE)
    for name, values in formal.values.items():
        if name != "flags":
            np.testing.assert_allclose(interactive.values[name], values, rtol=TOLERANCE)
    np.testing.assert_array_equal(interactive.values["flags"], formal.values["flags"])


def test_a_few_changed_roads_are_as_exact_as_without_a_tolerance(site):
    busy = {"scale_volumes": {"factors": [{"factor": 100.0}]}}
    more = {"roads": {"ids": {"ids": ["r-1352", "r-1353"]}}} | busy
    formal, interactive = maps(site, more), maps(site, more, tolerance=TOLERANCE)
    assert not interactive.unchanged
    for name in ("nox_difference", "ec_difference"):
        largest = np.abs(formal.values[name]).max()
        np.testing.assert_allclose(
            interactive.values[name], formal.values[name], atol=2e-3 * largest
        )


def test_many_changed_roads_stay_within_the_tolerance_too(site):
    half = {"scale_volumes": {"factors": [{"factor": 0.5}]}}
    formal, interactive = maps(site, half), maps(site, half, tolerance=TOLERANCE)
    for name in ("nox_scenario", "pm10_difference"):
        np.testing.assert_allclose(
            interactive.values[name], formal.values[name], rtol=TOLERANCE, atol=1e-7
        )


def test_formal_and_interactive_sums_are_kept_apart(site):
    maps(site, tolerance=TOLERANCE)
    formal = maps(site)
    assert formal.pairs == 0
    anew = maps(Site(site.region))
    for name, values in anew.values.items():
        np.testing.assert_array_equal(formal.values[name], values)


def test_a_tolerance_makes_another_scenario(site):
    formal = read_scenario(scenario_message(), site.region)
    other = read_scenario(scenario_message(options={"tolerance": TOLERANCE}), site.region)
    assert formal.content_hash != other.content_hash
