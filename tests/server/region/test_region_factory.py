"""The synthetic region that other tests stand on."""

import numpy as np
from region_factory import small_points, small_region, street_links
from roadside_server.region.schema import ROAD_COLUMNS


def test_small_region_has_every_column_of_a_road():
    assert list(small_region().roads.columns) == [*ROAD_COLUMNS, "geometry"]


def test_receptors_inside_buildings_have_no_street_links():
    region = small_region()
    linked = np.diff(region.street_links.start) > 0
    assert linked.any()
    assert not linked[region.receptors.masked.ravel()].any()


def test_a_street_counts_once_although_it_consists_of_two_roads():
    region = small_region()
    receptor = np.repeat(np.arange(region.receptors.size), np.diff(region.street_links.start))
    street = region.roads.street.to_numpy()[region.street_links.road]
    assert len(set(zip(receptor, street, strict=True))) == len(street)


def test_a_free_receptor_beside_the_canyon_is_linked_to_it():
    points = small_points()
    links = street_links(small_region().roads, points)
    assert links.start.tolist() == [0, 2, 2, 2]  # the long street and the crossing one
    assert links.distance[0] == 5.0
