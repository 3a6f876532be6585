"""Ways around obstacles beside the hulls that shapely finds, and what must not change them."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from roadside_kernels.noise.cut_room import Point
from roadside_kernels.noise.edges import EDGE
from roadside_kernels.noise.scene import SCREEN, TERRAIN_EDGE, joined, make_elements, make_scene
from roadside_kernels.noise.ways_around import CLEAR, ways_around
from roadside_server.computation.noise_scene import building_sides, ground_boundaries

ORIGIN = (0.0, 0.0)
#: Float32 over a hundred metres (m).
PLACES = 1e-4


def point(x, y, z):
    return Point(*map(np.float32, (x, y, z, 0.0, 0.5)))


SOURCE, RECEPTOR = point(-50, 3, 0.5), point(60, -4, 4.0)


def scene_of(polygons, roofs):
    return make_scene(building_sides(np.array(polygons), roofs, ORIGIN), ground_factor=0.5)


def screen(places, top):
    places = np.asarray(places, float)
    ends = np.concatenate([places[:-1], places[1:]], axis=1)
    return make_elements(ends, kind=SCREEN, low=top, high=top)


def found(scene, source=SOURCE, receptor=RECEPTOR, *, favourable=False):
    return ways_around(scene, source, receptor, favourable=favourable)


def town(seed):
    """Buildings of all shapes between source and receptor, clear of both."""
    rng = np.random.default_rng(seed)
    polygons = []
    for x, y in rng.uniform((-30, -25), (40, 25), (5, 2)):
        angle = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
        radius = rng.uniform(2, 9, angle.size)
        ring = np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)
        polygons.append(shapely.Polygon(ring.astype(np.float32)))
    return [p for p in polygons if p.is_valid], rng.uniform(2, 12, len(polygons))


def moved(polygons, change):
    return [shapely.transform(p, lambda places: places @ np.array(change, float)) for p in polygons]


def turned(one, change):
    x, y = np.array([one.x, one.y], float) @ np.array(change, float)
    return one._replace(x=np.float32(x), y=np.float32(y))


def differences(ways):
    return [way.detour.difference for way in ways]


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=60)
def test_both_ways_are_the_hull_that_shapely_finds(seed):
    polygons, roofs = town(seed)
    roofs = np.full(len(polygons), 30.0)
    ways = found(scene_of(polygons, roofs))
    direct = shapely.LineString([SOURCE[:2], RECEPTOR[:2]])
    met = [p for p in polygons if shapely.intersection(p, direct).length > 0]
    assert len(ways) == (2 if met else 0)
    if met:
        hull = shapely.convex_hull(shapely.union_all([*met, direct]))
        paths = [
            shapely.LineString(np.vstack([SOURCE[:2], way.bends[:, :2], RECEPTOR[:2]]))
            for way in ways
        ]
        bends = sum(len(way.bends) for way in ways)
        assert sum(path.length for path in paths) == pytest.approx(
            hull.length, abs=PLACES + 2 * CLEAR * bends
        )
        assert not any(shapely.crosses(path, p) for path in paths for p in met)
        assert all(way.profile.x[-1] == pytest.approx(path.length, abs=PLACES)
                   for way, path in zip(ways, paths, strict=True))  # fmt: skip


@given(st.integers(0, 10_000), st.booleans())
@settings(deadline=None, max_examples=40)
def test_a_mirrored_scene_swaps_left_and_right(seed, favourable):
    polygons, roofs = town(seed)
    mirror = [[1, 0], [0, -1]]
    here = found(scene_of(polygons, roofs[: len(polygons)]), favourable=favourable)
    there = found(
        scene_of(moved(polygons, mirror), roofs[: len(polygons)]),
        turned(SOURCE, mirror),
        turned(RECEPTOR, mirror),
        favourable=favourable,
    )
    assert differences(here) == pytest.approx(differences(there)[::-1], abs=1e-9)


@given(st.integers(0, 10_000), st.floats(0.0, 2 * np.pi))
@settings(deadline=None, max_examples=40)
def test_a_turned_scene_has_the_same_ways(seed, angle):
    polygons, roofs = town(seed)
    turn = [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    here = found(scene_of(polygons, roofs[: len(polygons)]))
    there = found(
        scene_of(moved(polygons, turn), roofs[: len(polygons)]),
        turned(SOURCE, turn),
        turned(RECEPTOR, turn),
    )
    # A ray that grazes a roof or a corner may meet it in one of the two alone.
    assume(len(here) == len(there))
    assume([len(way.bends) for way in here] == [len(way.bends) for way in there])
    assert differences(here) == pytest.approx(differences(there), abs=2e-3)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_the_way_back_is_as_long(seed):
    polygons, roofs = town(seed)
    scene = scene_of(polygons, roofs[: len(polygons)])
    back = found(scene, RECEPTOR, SOURCE)
    assert differences(found(scene)) == pytest.approx(differences(back)[::-1], abs=1e-5)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_a_bent_ray_meets_no_more_than_a_straight_one(seed):
    polygons, roofs = town(seed)
    scene = scene_of(polygons, roofs[: len(polygons)])
    straight, bent = found(scene), found(scene, favourable=True)
    for over, under in zip(differences(bent), differences(straight), strict=False):
        # A corner is kept clear of in a direction that depends on its neighbours.
        assert over <= under + 2 * CLEAR
    assert len(bent) <= len(straight)


@pytest.mark.parametrize(
    ("at", "roof"),
    [((-5, 15, 5, 25), 20.0), ((-5, -5, 5, 5), 1.5), ((70, -15, 80, 15), 20.0)],
    ids=["beside the ray", "below it", "behind the receptor"],
)
def test_nothing_is_gone_around_that_is_not_in_the_way(at, roof):
    assert found(scene_of([shapely.box(*at)], [roof])) == ()


def test_a_bent_ray_may_pass_over_what_a_straight_one_meets():
    source, receptor = point(0, 0, 1.0), point(400, 0, 1.0)
    scene = scene_of([shapely.box(190, -10, 210, 10)], [8.0])
    # Rays rise d / 64 over their chord: here 6 m above 1 m.
    assert len(found(scene, source, receptor)) == 2
    assert len(found(scene, source, receptor, favourable=True)) == 2
    lower = scene_of([shapely.box(190, -10, 210, 10)], [6.5])
    assert len(found(lower, source, receptor)) == 2
    assert found(lower, source, receptor, favourable=True) == ()


def test_only_what_rises_above_the_plane_is_gone_around():
    source, receptor = point(0, 0, 0.0), point(100, 0, 20.0)
    scene = scene_of([shapely.box(40, -10, 80, 10)], [10.0])
    left, right = found(scene, source, receptor)
    assert left.bends[:, 0] == pytest.approx([40, 50], abs=2 * CLEAR)
    assert left.bends[:, 1] == pytest.approx([10, 10], abs=2 * CLEAR)
    assert left.bends[:, 2] == pytest.approx(left.bends[:, 0] / 5)
    assert right.bends[:, 1] == pytest.approx(-left.bends[:, 1])


def test_a_screen_of_several_parts_is_gone_around_as_a_whole():
    places = [(0, -30), (0, 10), (5, 40)]
    left, right = found(make_scene(screen(places, 6.0), ground_factor=0.5))
    assert left.bends[:, :2] == pytest.approx(np.array([[5, 40]]), abs=2 * CLEAR)
    assert right.bends[:, :2] == pytest.approx(np.array([[0, -30]]), abs=2 * CLEAR)
    apart = [screen(places[:2], 6.0), screen([(0, 11), (5, 40)], 6.0)]
    left, _ = found(make_scene(joined(apart), ground_factor=0.5))
    assert left.bends[:, :2] == pytest.approx(np.array([[0, 10]]), abs=2 * CLEAR)


def test_terrain_in_the_way_leaves_no_way_around():
    crest = [(10, -90), (10, 90)]
    ends = np.array([[*crest[0], *crest[1]]])
    building = building_sides(np.array([shapely.box(-5, -5, 5, 5)]), [10.0], ORIGIN)
    for top, count in ((1.0, 2), (5.0, 0)):
        edge = make_elements(ends, kind=TERRAIN_EDGE, low=top, high=top)
        assert len(found(make_scene(joined([building, edge]), ground_factor=0.5))) == count


def test_there_is_no_way_out_of_a_yard():
    yard = shapely.Polygon([(-60, -10), (0, -10), (0, 10), (-60, 10), (-60, 9), (-1, 9), (-1, -9),
                            (-60, -9)])  # fmt: skip
    assert found(scene_of([yard], [20.0])) == ()


def test_a_way_passes_over_the_roofs_that_it_comes_upon():
    obstacle, beside = shapely.box(-5, -6, 5, 6), shapely.box(20, 3, 30, 20)
    left, right = found(scene_of([obstacle, beside], [9.0, 7.0]))
    roofs = left.profile.z[left.profile.kind == EDGE]
    assert roofs.tolist() == [7.0, 7.0]
    assert not right.profile.z.any()
    assert (left.profile.g[left.profile.z > 0.0] == 0.0).any()


def test_the_ground_is_that_below_the_way():
    building = building_sides(np.array([shapely.box(-5, -20, 5, 20)]), [9.0], ORIGIN)
    lawn = ground_boundaries(np.array([shapely.box(-10, 15, 10, 30)]), [1.0], 0.5, ORIGIN)
    left, right = found(make_scene(joined([building, lawn]), ground_factor=0.5))
    assert set(left.profile.g) == {0.5, 1.0}
    assert set(right.profile.g) == {0.5}
