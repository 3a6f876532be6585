"""People bear the noise of the loudest receptor before their home."""

import geopandas as gpd
import numpy as np
import pytest
import shapely
from roadside_server.computation.homes import homes_of
from roadside_server.computation.job import prepare
from roadside_server.region.schema import Grid, Points
from roadside_server.results.summary import Summarizer
from roadside_server.scenario.reading import read_scenario

from tests.region_factory import CRS, SOUTH, WEST, no_street_links, small_region
from tests.scenario_factory import scenario_message

LEVELS = ["QUANTITY_LDEN", "QUANTITY_LNIGHT"]
FOOTPRINT = shapely.box(WEST + 100, SOUTH + 50, WEST + 120, SOUTH + 70)
BUILDINGS = gpd.GeoDataFrame(
    {"height": [9.0], "height_source": ["height"]}, geometry=[FOOTPRINT], crs=CRS
)


def people(number, building, place):
    return gpd.GeoDataFrame(
        {"people": [number], "building": [building]}, geometry=[shapely.Point(*place)], crs=CRS
    )


LIVED_IN = people(12.0, 0, (WEST + 110, SOUTH + 60))


def region_of(receptors, population=LIVED_IN):
    return small_region(
        receptors=receptors,
        street_links=no_street_links(receptors),
        buildings=BUILDINGS,
        population=population,
    )


def fine_grid(columns=300, rows=280):
    grid = Grid(WEST, SOUTH, 2.0, columns, rows, np.zeros((rows, columns), bool))
    y, x = np.mgrid[:rows, :columns] * 2.0
    grid.masked[:] = shapely.contains_xy(FOOTPRINT, WEST + x, SOUTH + y)
    return grid


def summary_of(region, *measures):
    job = prepare(region, read_scenario(scenario_message(*measures, quantities=LEVELS), region))
    summarizer, tiles = Summarizer(job), list(job.results())
    for tile in tiles:
        summarizer.add(tile)
    return summarizer.summary(), tiles


def test_the_home_is_as_loud_as_the_loudest_receptor_before_it():
    region = region_of(fine_grid())
    summary, tiles = summary_of(region)
    ((state, found),) = summary.exposures
    whole = {tile.tile.chunk: tile.values["lden_baseline"] for tile in tiles}
    # The ring of free cells within 3 m of the outline lies in the first tile.
    loudest = np.nanmax(whole[0, 0][24:37, 49:62])
    band = int((np.floor(loudest + 0.5) - 55) // 5)
    assert state == "baseline"
    assert found.people == 12.0
    assert found.lden[band] == 12.0
    assert found.lden.sum() == 12.0


def test_closing_every_road_leaves_nobody_exposed():
    close = {"close": {}}
    summary, _ = summary_of(region_of(fine_grid()), close)
    before, after = (found for _, found in summary.exposures)
    assert before.highly_annoyed > 0.0
    assert after.people == before.people
    assert after.lden.sum() == after.highly_annoyed == after.ihd_fraction == 0.0


def test_facade_receptors_stand_for_their_own_building():
    x, y = np.array([99.9, 120.1, 300.0]) + WEST, np.array([60.0, 60.0, 60.0]) + SOUTH
    points = Points(x, y, np.array(["a", "b", "c"]), building=np.int32([0, 0, -1]))
    homes = homes_of(region_of(points))
    assert homes.people.tolist() == [12.0]
    assert homes.beside[0,].cell.tolist() == [0, 1]


def test_receptors_of_every_tile_are_found_again():
    grid = Grid(WEST, SOUTH, 2.0, 600, 300, np.zeros((300, 600), bool))
    place = (WEST + 2 * 520, SOUTH + 2 * 270)
    homes = homes_of(region_of(grid, people(3.0, -1, place)))
    ((chunk, beside),) = homes.beside.items()
    # The last tile is 88 wide: columns 512 to 599, rows 256 to 299.
    assert chunk == (1, 2)
    assert (270 - 256) * 88 + 520 - 512 in beside.cell
    assert beside.cell.size == 9  # the node itself and all within three metres: 3 by 3


def test_a_region_without_people_tells_of_no_exposure():
    summary, _ = summary_of(small_region())
    assert summary.exposures == ()


@pytest.mark.parametrize("quantity", LEVELS)
def test_one_level_alone_tells_of_no_exposure(quantity):
    region = region_of(fine_grid(100, 100))
    job = prepare(region, read_scenario(scenario_message(quantities=[quantity]), region))
    assert Summarizer(job).summary().exposures == ()
