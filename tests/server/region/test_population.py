"""People are shared over the buildings of their area, and none is lost."""

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from region_factory import CRS
from roadside_server.errors import InvalidInputError
from roadside_server.region.population import PLACES, read_population, share_out
from shapely import Point, box

EXTENT = (0.0, 0.0, 400.0, 400.0)
USES = ("dwelling", "unknown", "other", "shed")
CORNERS = st.tuples(st.integers(0, 39), st.integers(0, 39))
BUILDINGS = st.lists(
    st.tuples(CORNERS, st.sampled_from(USES), st.integers(1, 9)),
    max_size=12,
    unique_by=lambda b: b[0],
)


def town(*buildings):
    """Squares of 10 m at whole multiples of 10 m: corner, use, storeys."""
    columns = {
        "height": [3.0 * levels + 2.0 for _, _, levels in buildings],
        "levels": [float(levels) for _, _, levels in buildings],
        "use": [use for _, use, _ in buildings],
    }
    outlines = [box(10 * x, 10 * y, 10 * x + 10, 10 * y + 10) for (x, y), _, _ in buildings]
    return gpd.GeoDataFrame(columns, geometry=outlines, crs=CRS)


def quarters(people):
    """The extent in four squares."""
    corners = [(0, 0), (200, 0), (0, 200), (200, 200)]
    areas = [box(x, y, x + 200, y + 200) for x, y in corners]
    return gpd.GeoDataFrame({"people": people}, geometry=areas, crs=CRS)


def shared(buildings, people, extent=EXTENT):
    areas = quarters(people).geometry.to_numpy()
    return share_out(areas, np.array(people, float), buildings, extent, "areas")


@given(BUILDINGS, st.lists(st.floats(0.1, 1e4), min_size=4, max_size=4))
@settings(max_examples=30)
def test_everybody_of_an_area_lives_in_it(buildings, people):
    table, _ = shared(town(*buildings), people)
    areas = quarters(people)
    places = table.sjoin(areas[["geometry"]], predicate="within")
    assert places["people"].groupby(places["index_right"]).sum().to_numpy() == pytest.approx(people)
    assert (table["people"] > 0).all()


def test_people_are_shared_by_floor_area_over_dwellings():
    buildings = town(((1, 1), "dwelling", 3), ((5, 5), "dwelling", 1), ((9, 9), "other", 9))
    table, told = shared(buildings, [100, 0, 0, 0])
    assert table["people"].tolist() == pytest.approx([75, 25])
    assert table["building"].tolist() == [0, 1]
    assert all(table.within(buildings.geometry[table["building"]].reset_index(drop=True)))
    assert told == (
        "100 people of areas.",
        "100 of them are shared over the dwellings of their area by floor area, over buildings of "
        "unknown use where it has none.",
    )


def test_buildings_of_unknown_use_are_lived_in_only_where_there_are_no_dwellings():
    buildings = town(((1, 1), "unknown", 2), ((2, 2), "dwelling", 2), ((30, 30), "unknown", 2))
    table, _ = shared(buildings, [10, 0, 0, 20])
    assert table["people"].tolist() == pytest.approx([10, 20])
    assert table["building"].tolist() == [1, 2]


def test_people_of_an_area_without_buildings_are_spread_evenly():
    table, told = shared(town(((1, 1), "dwelling", 1)), [10, 40, 0, 0])
    elsewhere = table[table["building"] < 0]
    assert elsewhere["people"].sum() == pytest.approx(40)
    assert elsewhere["people"].nunique() == 1
    assert (np.abs(elsewhere.geometry.x % PLACES) < 1e-9).all()
    assert "40 of them, of areas without such buildings, are spread evenly." in told


def test_of_an_area_that_reaches_beyond_the_region_the_share_inside_counts():
    table, told = shared(town(((1, 1), "dwelling", 1)), [100, 0, 0, 0], (0.0, 0.0, 50.0, 200.0))
    assert table["people"].tolist() == pytest.approx([25])
    assert told[-1] == "1 of 1 areas reach beyond the region: their share inside counts."


def test_points_live_in_the_building_near_them(tmp_path):
    places = [Point(15, 15), Point(40, 15), Point(300, 300), Point(900, 0)]
    people = gpd.GeoDataFrame({"people": [1, 2, 3, 4]}, geometry=places, crs=CRS)
    people.to_parquet(tmp_path / "addresses.parquet")
    buildings = town(((1, 1), "dwelling", 1))
    table, told = read_population(tmp_path / "addresses.parquet", None, buildings, EXTENT)
    assert table["people"].tolist() == [1, 2, 3]
    assert table["building"].tolist() == [0, 0, -1]
    assert told == (
        "6 people of addresses.parquet, 50% of them in a building no further than 25 m.",
    )


@pytest.mark.parametrize(
    ("change", "column", "message"),
    [
        ({}, "inhabitants", "'inhabitants': is missing from areas.parquet, must be one of people"),
        ({"people": [1, -2, 3, 4]}, None, "row 1: people: -2, must be 0 or more"),
        ({"people": [0, 0, 0, 0]}, None, "nobody lives in the region"),
        ({"people": list("abcd")}, None, r"must be one of \(no numbers\)"),
    ],
)
def test_a_file_without_people_is_refused(tmp_path, change, column, message):
    quarters([1.0, 2.0, 3.0, 4.0]).assign(**change).to_parquet(tmp_path / "areas.parquet")
    with pytest.raises(InvalidInputError, match=message):
        read_population(tmp_path / "areas.parquet", column, town(), EXTENT)


def test_a_column_without_a_file_is_refused():
    with pytest.raises(InvalidInputError, match="population_column: 'people' without a file"):
        read_population(None, "people", town(), EXTENT)


def test_areas_without_a_number_are_empty_and_any_crs_is_read(tmp_path):
    areas = quarters([np.nan, 8.0, 0.0, 0.0])
    areas.to_crs("EPSG:4326").to_file(tmp_path / "areas.gpkg")
    table, _ = read_population(tmp_path / "areas.gpkg", None, town(((25, 5), "unknown", 1)), EXTENT)
    assert table["people"].tolist() == pytest.approx([8.0])
