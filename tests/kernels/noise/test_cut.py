"""Vertical cuts beside the same cuts by shapely, and what must not change them."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from roadside_kernels.noise.cut import cut, cut_by_wall, cut_profile
from roadside_kernels.noise.cut_room import Point, cut_room
from roadside_kernels.noise.edges import EDGE
from roadside_kernels.noise.foot import feet
from roadside_kernels.noise.scene import SCREEN, joined, make_elements, make_scene
from roadside_server.computation.noise_scene import (
    building_sides,
    ground_boundaries,
    screen_walls,
    terrain_edges,
)

#: Float32 at half a kilometre, and a ray that meets a wall at an angle of a few degrees (m).
PLACES = 5e-3
ORIGIN = (0.0, 0.0)


def town(seed, count=30, side=300.0):
    """Star-shaped buildings that may overlap, with their roofs."""
    rng = np.random.default_rng(seed)
    polygons = []
    for _ in range(count):
        angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        radius = rng.uniform(5, 25, angle.size)
        x, y = rng.uniform(-side, side, 2)
        ring = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)
        polygons.append(shapely.Polygon(ring))
    polygons = np.array([p for p in polygons if p.is_valid])
    return polygons, rng.uniform(3, 30, polygons.size)


def point(x, y, z, ground=0.0, factor=0.5):
    return Point(*map(np.float32, (x, y, z, ground, factor)))


def profile_between(scene, source, receptor):
    room = cut_room()
    count = cut(scene.grid, source, receptor, room)
    assert count > 0
    return cut_profile(room, count, source, receptor)


def roof_by_shapely(polygons, roofs, source, receptor, at):
    """Highest roof over places of a ray; 0 over the ground."""
    step = np.array([receptor.x - source.x, receptor.y - source.y])
    step = step / np.linalg.norm(step)
    places = shapely.points(source.x + at * step[0], source.y + at * step[1])
    covers = shapely.intersects(polygons[:, None], places[None, :])
    return np.where(covers, roofs[:, None], 0.0).max(axis=0)


def surface(profile, at):
    """Altitude of a profile at places that are none of its points."""
    after = np.searchsorted(profile.x, at)
    return np.maximum(
        np.interp(at, profile.x, profile.z),
        np.minimum(profile.z[after - 1], profile.z[np.minimum(after, profile.x.size - 1)]),
    )


def away_from(places, at, clear):
    return np.abs(at[:, None] - places[None, :]).min(axis=1) > clear


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_a_cut_has_the_roofs_that_shapely_finds(seed):
    rng = np.random.default_rng(seed)
    polygons, roofs = town(seed)
    scene = make_scene(building_sides(polygons, roofs, ORIGIN), ground_factor=0.5)
    outside = [
        p for p in rng.uniform(-350, 350, (40, 2)) if not shapely.intersects_xy(polygons, *p).any()
    ]
    source, receptor = point(*outside[0], 0.05), point(*outside[1], 4.0)
    profile = profile_between(scene, source, receptor)
    at = np.linspace(0, profile.x[-1], 400)[1:-1]
    at = at[away_from(profile.x, at, PLACES)]
    expected = roof_by_shapely(polygons, roofs, source, receptor, at)
    assert surface(profile, at) == pytest.approx(expected, abs=1e-4)
    soft = profile.g[np.searchsorted(profile.x, at) - 1]
    assert soft == pytest.approx(np.where(expected > 0, 0.0, 0.5))


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_crossings_are_those_of_shapely(seed):
    polygons, roofs = town(seed, count=1, side=1.0)
    scene = make_scene(building_sides(polygons, roofs, ORIGIN), ground_factor=0.0)
    ray = shapely.LineString([(-200, 3), (180, -7)])
    profile = profile_between(scene, point(-200, 3, 0.05), point(180, -7, 4.0))
    inside = shapely.intersection(polygons[0], ray) if polygons.size else shapely.Point()
    ends = shapely.get_coordinates(shapely.boundary(inside))
    expected = np.sort(shapely.line_locate_point(ray, shapely.points(ends)))
    found = np.unique(profile.x[profile.kind == EDGE])
    assert found == pytest.approx(expected, abs=PLACES)


@given(st.integers(0, 1000), st.floats(0, 2 * np.pi), st.floats(-300, 300))
@settings(deadline=None, max_examples=30)
def test_a_turned_and_moved_scene_has_the_same_cuts(seed, angle, shift):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    polygons, roofs = town(seed)
    moved = shapely.transform(polygons, lambda places: places @ turn.T + shift)
    ends = np.array([[-280.0, -250.0], [260.0, 290.0]])
    cuts = []
    for some, (start, end) in ((polygons, ends), (moved, ends @ turn.T + shift)):
        scene = make_scene(building_sides(some, roofs, ORIGIN), ground_factor=0.0)
        cuts.append(profile_between(scene, point(*start, 0.05), point(*end, 4.0)))
    at = np.linspace(0, cuts[0].x[-1], 200)[1:-1]
    # Glancing rays differ: those that meet a corner cross there in one scene alone.
    clear = away_from(np.concatenate([cuts[0].x, cuts[1].x]), at, 20 * PLACES)
    assert surface(cuts[0], at[clear]) == pytest.approx(surface(cuts[1], at[clear]), abs=1e-3)


def test_a_building_that_is_removed_gives_the_former_cut_bit_for_bit():
    polygons, roofs = town(3)
    source, receptor = point(-300, -280, 0.05), point(310, 270, 4.0)
    more = np.append(polygons, [shapely.box(-20, -20, 30, 30), shapely.box(900, 900, 910, 910)])
    with_more = make_scene(
        building_sides(more, np.append(roofs, [40.0, 5.0]), ORIGIN), ground_factor=0.0
    )
    without = make_scene(building_sides(more[:-2], roofs, ORIGIN), ground_factor=0.0)
    before = make_scene(building_sides(polygons, roofs, ORIGIN), ground_factor=0.0)
    changed = profile_between(with_more, source, receptor)
    again, former = (profile_between(s, source, receptor) for s in (without, before))
    assert changed.z.max() == pytest.approx(40.0)
    for now, then in zip(again[:4], former[:4], strict=True):
        np.testing.assert_array_equal(now, then)
    # One that the ray does not meet, far outside the former grid, changes no bit either.
    beside = make_scene(
        building_sides(np.append(polygons, more[-1:]), np.append(roofs, 5.0), ORIGIN),
        ground_factor=0.0,
    )
    for now, then in zip(profile_between(beside, source, receptor)[:4], former[:4], strict=True):
        np.testing.assert_array_equal(now, then)


def test_adjoining_roofs_of_one_altitude_are_one():
    row = np.array([shapely.box(10 * k, -5, 10 * (k + 1), 5) for k in range(1, 9)])
    scene = make_scene(building_sides(row, 8.0, ORIGIN), ground_factor=0.0)
    profile = profile_between(scene, point(0, 0.3, 0.05), point(100, -0.2, 4.0))
    assert profile.z.tolist() == [0.0, 0.0, 8.0, 8.0, 0.0, 0.0]


def test_a_step_between_adjoining_roofs_is_vertical():
    pair = np.array([shapely.box(10, -5, 20, 5), shapely.box(20, -5, 30, 5)])
    scene = make_scene(building_sides(pair, [8.0, 12.0], ORIGIN), ground_factor=0.0)
    profile = profile_between(scene, point(0, 1, 0.05), point(100, -2, 4.0))
    assert profile.z.tolist() == [0.0, 0.0, 8.0, 8.0, 12.0, 12.0, 0.0, 0.0]
    assert profile.x[3] == profile.x[4]


def test_a_ray_through_corners_and_along_walls_crosses_whole_buildings():
    boxes = np.array([shapely.box(10, 0, 20, 10), shapely.box(30, -10, 40, 0)])
    scene = make_scene(building_sides(boxes, 8.0, ORIGIN), ground_factor=0.0)
    profile = profile_between(scene, point(0, 0, 0.05, factor=0.0), point(100, 0, 4.0, factor=0.0))
    # Points on the ray count as left of it: the building on its right is met, the other is not.
    assert profile.x.tolist() == [0.0, 30.0, 30.0, 40.0, 40.0, 100.0]
    assert profile.z.tolist() == [0.0, 0.0, 8.0, 8.0, 0.0, 0.0]
    diagonal = profile_between(scene, point(0, -10, 0.05), point(40, 30, 4.0))
    assert diagonal.z[0] == diagonal.z[-1] == 0.0
    assert np.isfinite(diagonal.x).all()


def test_a_building_over_the_source_is_its_outer_wall():
    scene = make_scene(
        building_sides(np.array([shapely.box(-5, -5, 5, 5)]), 8.0, ORIGIN), ground_factor=0.5
    )
    profile = profile_between(scene, point(0, 0, 0.05, factor=0.5), point(50, 0, 4.0))
    assert profile.x.tolist() == [0.0, 5.0, 5.0, 5.0, 50.0]
    assert profile.z.tolist() == [0.0, 0.0, 8.0, 0.0, 0.0]


def test_a_courtyard_is_ground():
    block = np.array([shapely.box(10, -30, 70, 30) - shapely.box(20, -20, 60, 20)])
    scene = make_scene(building_sides(block, 15.0, ORIGIN), ground_factor=0.5)
    profile = profile_between(scene, point(0, 0, 0.05), point(100, 1, 4.0))
    assert np.unique(np.round(profile.x)).tolist() == [0, 10, 20, 60, 70, 100]
    assert surface(profile, np.array([15.0, 40.0, 65.0])).tolist() == [15.0, 0.0, 15.0]


def test_screens_are_spikes_with_the_top_where_they_are_crossed():
    screen = make_elements([[50, -10, 50, 30]], kind=SCREEN, low=2.0, high=6.0)
    scene = make_scene(screen, ground_factor=0.5)
    profile = profile_between(scene, point(0, 0, 0.05), point(100, 0, 4.0))
    assert profile.x.tolist() == [0.0, 50.0, 50.0, 50.0, 100.0]
    assert profile.z.tolist() == [0.0, 0.0, 3.0, 0.0, 0.0]


def test_a_screen_on_a_roof_stands_on_it():
    scene = make_scene(
        joined(
            [
                building_sides(np.array([shapely.box(40, -5, 60, 5)]), 8.0, ORIGIN),
                screen_walls(np.array([shapely.LineString([(50, -5), (50, 5)])]), 10.0, ORIGIN),
            ]
        ),
        ground_factor=0.5,
    )
    profile = profile_between(scene, point(0, 0, 0.05), point(100, 0, 4.0))
    assert profile.z.tolist() == [0.0, 0.0, 8.0, 8.0, 10.0, 8.0, 8.0, 0.0, 0.0]


def test_the_first_ground_area_counts_where_two_overlap():
    areas = np.array([shapely.box(20, -10, 40, 10), shapely.box(30, -10, 60, 10)])
    scene = make_scene(ground_boundaries(areas, [1.0, 0.2], 0.5, ORIGIN), ground_factor=0.5)
    profile = profile_between(scene, point(0, 0, 0.05, factor=0.0), point(100, 0, 4.0))
    assert profile.x.tolist() == [0.0, 0.0, 20.0, 40.0, 60.0, 100.0]
    assert profile.g == pytest.approx([0.0, 0.5, 1.0, 0.2, 0.5, 0.5])
    _, factors = feet(scene, *np.array([[25, 35, 45, 70], [0, 5, 0, 0]], np.float32))
    assert factors == pytest.approx([1.0, 1.0, 0.2, 0.5])


def test_terrain_of_a_raster_is_cut_where_its_triangles_meet():
    rng = np.random.default_rng(1)
    z = rng.uniform(0, 3, (12, 12))
    scene = make_scene(terrain_edges(z, -55.0, -55.0, 10.0), ground_factor=0.5)
    place = np.array([[-41.0, 38.0], [-33.0, 47.0]], np.float32)
    altitude, _ = feet(scene, *place)
    source = point(place[0, 0], place[1, 0], 5, altitude[0])
    receptor = point(place[0, 1], place[1, 1], 5, altitude[1])
    profile = profile_between(scene, source, receptor)
    at = np.linspace(0, profile.x[-1], 300, dtype=np.float32)[1:-1]
    step = (place[:, 1] - place[:, 0]) / profile.x[-1]
    along, _ = feet(scene, place[0, 0] + at * step[0], place[1, 0] + at * step[1])
    assert np.interp(at, profile.x, profile.z) == pytest.approx(along, abs=5e-3)


def test_the_foot_of_a_point_is_in_its_triangle():
    z = np.array([[0.0, 1.0], [2.0, 9.0]])
    scene = make_scene(terrain_edges(z, 0.0, 0.0, 10.0), ground_factor=0.5)
    altitude, _ = feet(scene, *np.array([[8, 2, 5], [2, 8, 5]], np.float32))
    # South-east: 0, 1, 9; north-west: 0, 2, 9; on the diagonal: between 0 and 9.
    assert altitude == pytest.approx([0.8 + 0.2 * 8, 1.6 + 0.2 * 7, 4.5], abs=1e-5)


def test_level_terrain_has_no_points():
    scene = make_scene(terrain_edges(np.full((9, 9), 7.0), 0.0, 0.0, 10.0), ground_factor=0.5)
    profile = profile_between(scene, point(11, 12, 8, 7.0), point(71, 63, 8, 7.0))
    assert profile.x.size == 2


def test_a_cut_by_way_of_a_wall_is_unfolded():
    polygons = np.array([shapely.box(0, 20, 100, 30), shapely.box(20, 0, 22, 15)])
    scene = make_scene(building_sides(polygons, [12.0, 5.0], ORIGIN), ground_factor=0.5)
    wall = int(np.flatnonzero((scene.elements.y0 == 20) & (scene.elements.y1 == 20))[0])
    source, receptor = point(10, 10, 0.05), point(70, 0, 4.0)
    room = cut_room()
    count = cut_by_wall(scene.grid, source, np.float32(30), np.float32(20), wall, receptor, room)
    profile = cut_profile(room, count, source, receptor)
    both = np.hypot(20, 10) + np.hypot(40, 20)
    assert profile.x[-1] == pytest.approx(both, abs=PLACES)
    # The image of the receptor is straight ahead: 22 m on, the small building's corner is passed.
    assert profile.z.max() in (0.0, 5.0)


def test_what_does_not_fit_is_told():
    row = np.array([shapely.box(10 * k, -5, 10 * k + 4, 5) for k in range(1, 9)])
    scene = make_scene(building_sides(row, 8.0, ORIGIN), ground_factor=0.0)
    ends = point(0, 0, 0.05), point(100, 0, 4.0)
    assert cut(scene.grid, *ends, cut_room(16)) == -1
    assert cut(scene.grid, *ends, cut_room(17)) == 34


def test_a_receptor_above_the_source_is_reached():
    scene = make_scene(building_sides(np.array([]), 8.0, ORIGIN), ground_factor=0.0)
    profile = profile_between(scene, point(3, 4, 0.05), point(3, 4, 4.0))
    assert profile.x.tolist() == pytest.approx([0.0, 0.01])
