"""The CRS of a region follows from where it lies."""

import geopandas as gpd
import pytest
from roadside_server.errors import InvalidInputError
from roadside_server.region.crs import choose_crs
from shapely import Point


def place(longitude, latitude):
    return gpd.GeoDataFrame(geometry=[Point(longitude, latitude)], crs="EPSG:4326")


@pytest.mark.parametrize(
    ("town", "longitude", "latitude", "crs"),
    [
        ("Ghent", 3.72, 51.05, "EPSG:31370"),
        ("Brussels", 4.35, 50.85, "EPSG:31370"),
        ("Turnhout", 4.95, 51.32, "EPSG:31370"),
        ("Maasmechelen", 5.69, 50.97, "EPSG:31370"),
        ("Voeren", 5.80, 50.75, "EPSG:31370"),
        ("Amsterdam", 4.90, 52.37, "EPSG:28992"),
        ("Maastricht", 5.70, 50.85, "EPSG:28992"),
        ("Terneuzen", 3.83, 51.33, "EPSG:28992"),
        ("Enschede", 6.89, 52.22, "EPSG:28992"),
        ("Bremen", 8.80, 53.08, "EPSG:32632"),
        ("Liege", 5.57, 50.63, "EPSG:32631"),
        ("Helsinki", 24.94, 60.17, "EPSG:32635"),
        ("Auckland", 174.76, -36.85, "EPSG:32760"),
    ],
)
def test_a_town_has_the_grid_of_its_country(town, longitude, latitude, crs):
    assert choose_crs(place(longitude, latitude)) == crs, town


def test_a_crs_asked_for_is_used():
    assert choose_crs(place(3.7, 51.0), "EPSG:3812") == "EPSG:3812"


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:2263", "EPSG:999999", "somewhere"])
def test_degrees_feet_and_unknown_systems_are_refused(crs):
    with pytest.raises(InvalidInputError, match=f"crs: .*{crs}"):
        choose_crs(place(3.7, 51.0), crs)


def test_features_without_a_crs_are_refused():
    with pytest.raises(InvalidInputError, match="crs"):
        choose_crs(gpd.GeoDataFrame(geometry=[Point(3, 51)]))
