import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import config
from roadside_kernels.air.hierarchy import build_hierarchy, error_bound
from roadside_kernels.air.hierarchy_cells import (
    EMISSION,
    WEIGHT,
    XX,
    XY,
    YY,
    X,
    Y,
    summed_cells,
)
from roadside_kernels.air.open_road import SectorWind, open_road_sums
from roadside_kernels.arrays import Receptors, Segments, StreetLinks

from tests.kernels.air.conftest import CURVES, OpenRoads, uniform_rose

compiled = pytest.mark.skipif(
    bool(config.DISABLE_JIT), reason="thousands of roads need compiled loops"
)
few = settings(max_examples=6, derandomize=True)
seeds = st.integers(0, 2**31)
#: Rounding of sums in single precision over thousands of sources.
SINGLE = 1e-4


def town(seed, wind, *, segments=3000, extent=4000.0, alike=False):
    """Four blocks of receptors among streets that gather in a few quarters."""
    random = np.random.default_rng(seed)
    quarters = random.uniform(0, extent, (2, 12))
    middle = quarters[:, random.integers(0, 12, segments)] + random.normal(
        0, extent / 10, (2, segments)
    )
    length, angle = random.lognormal(3, 0.8, segments), random.uniform(0, np.pi, segments)
    half = 0.5 * length * np.stack([np.cos(angle), np.sin(angle)])
    ends = (end.astype("f4") for end in (*(middle - half), *(middle + half)))
    corner = random.uniform(0.3 * extent, 0.7 * extent, (4, 2))
    iy, ix = np.indices((16, 16)).reshape(2, -1)
    x, y = (corner[:, i, np.newaxis] + 4 * steps for i, steps in enumerate((ix, iy)))
    strength = random.lognormal(2, 1, (1 if alike else 5, segments))
    return OpenRoads(
        Receptors(x.ravel().astype("f4"), y.ravel().astype("f4")),
        Segments(*ends, (np.arange(segments) // 5).astype("i4")),
        np.broadcast_to(strength, (5, segments)).astype("f4"),
        random.integers(0, 2, segments).astype("i4"),
        CURVES,
        wind,
    )


def common_rose(sectors=12):
    """A rose with a prevailing direction, where stronger winds come from too."""
    angle = np.arange(sectors) * 2 * np.pi / sectors - np.radians(225)
    frequency, speed = 1 + 0.6 * np.cos(angle), 4 + 1.2 * np.cos(angle)
    return SectorWind((frequency / frequency.sum()).astype("f4"), speed.astype("f4"))


def ghent(folder, wind):
    """Sixteen blocks of receptors in the centre of Ghent; main roads carry most traffic."""
    nodes = pd.read_csv(folder / "gmns_node.csv.gz", index_col="node_id")
    links = pd.read_csv(folder / "gmns_link.csv.gz")
    per_degree = 111_000.0  # m
    east = (nodes["x_coord"] - 3.725) * per_degree * np.cos(np.radians(51.05))
    north = (nodes["y_coord"] - 51.05) * per_degree
    start, stop = links["from_node_id"], links["to_node_id"]
    ends = [side[at].to_numpy("f4") for at in (start, stop) for side in (east, north)]
    random = np.random.default_rng(2)
    corner = random.uniform(-2500, 2500, (16, 2))
    iy, ix = np.indices((16, 16)).reshape(2, -1)
    x, y = (corner[:, i, np.newaxis] + 3 * steps for i, steps in enumerate((ix, iy)))
    strength = links["capacity"].to_numpy() / 100 * random.lognormal(0, 0.5, (5, len(links)))
    return OpenRoads(
        Receptors(x.ravel().astype("f4"), y.ravel().astype("f4")),
        Segments(*ends, np.arange(len(links), dtype="i4")),
        strength.astype("f4"),
        (links["facility_type"].str.startswith("motorway")).to_numpy("i4"),
        CURVES,
        wind,
    )


def both(roads, tolerance, **options):
    """Sums over every piece, and over a hierarchy."""
    hierarchy = build_hierarchy(roads.segments, roads.curve)
    formal = open_road_sums(*roads, **options)
    return formal, open_road_sums(*roads, **options, hierarchy=hierarchy, tolerance=tolerance)


def relative_error(formal, merged):
    """Of the annual mean of PM10, at each receptor."""
    return np.abs(merged.pm10 / formal.pm10 - 1)


@compiled
@few
@given(seeds, st.sampled_from((0.002, 0.005, 0.01)))
def test_merging_stays_near_its_tolerance_wherever_roads_lie(seed, tolerance):
    formal, merged = both(town(seed, common_rose()), tolerance)
    error = relative_error(formal, merged)
    # Four blocks are few for a percentile: in one town of twenty the worst exceeds it somewhat.
    assert np.percentile(error, 99.9) <= 3 * tolerance
    assert error.mean() <= tolerance
    assert merged.pairs < formal.pairs


@compiled
def test_merging_stays_within_its_tolerance_in_ghent(shared_data):
    roads = ghent(shared_data / "ghent", common_rose())
    for tolerance in (0.002, 0.005, 0.01):
        formal, merged = both(roads, tolerance)
        assert np.percentile(relative_error(formal, merged), 99.9) <= tolerance


@compiled
@few
@given(seeds, st.sampled_from((0.002, 0.005)))
def test_no_receptor_exceeds_the_bound(seed, tolerance):
    roads = town(seed, uniform_rose(12), extent=1500, alike=True)
    formal, merged = both(roads, tolerance)
    assert relative_error(formal, merged).max() <= error_bound(tolerance) + SINGLE


@compiled
def test_a_smaller_tolerance_takes_more_sources_and_errs_less():
    roads = town(1, common_rose())
    runs = [both(roads, tolerance) for tolerance in (0.02, 0.005, 0.001)]
    pairs = [merged.pairs for _, merged in runs]
    errors = [relative_error(*run).mean() for run in runs]
    assert pairs == sorted(pairs)
    assert errors == sorted(errors, reverse=True)


def test_no_tolerance_means_every_piece_to_the_last_bit(open_roads):
    hierarchy = build_hierarchy(open_roads.segments, open_roads.curve)
    formal = open_road_sums(*open_roads)
    same = open_road_sums(*open_roads, hierarchy=hierarchy, tolerance=0.0)
    np.testing.assert_array_equal(same.nox, formal.nox)
    assert same.pairs == formal.pairs


def test_a_tiny_tolerance_gives_the_sums_over_every_piece(open_roads):
    formal, merged = both(open_roads, 1e-9, max_range=700.0)
    assert merged.pairs == formal.pairs
    np.testing.assert_allclose(merged.nox, formal.nox, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(merged.near, formal.near)


@compiled
@pytest.mark.parametrize("sectors", [1, 2, 3, 4, 36])
def test_any_number_of_wind_sectors_will_do(sectors):
    roads = town(2, uniform_rose(sectors), segments=500)
    formal, merged = both(roads, 0.005)
    np.testing.assert_allclose(merged.nox.sum(0), formal.nox.sum(0), rtol=0.005)


@compiled
def test_moving_roads_and_receptors_needs_no_new_hierarchy():
    roads = town(3, common_rose(), segments=800)
    hierarchy = build_hierarchy(roads.segments, roads.curve)
    moved = roads._replace(
        receptors=Receptors(*(places + np.float32(512) for places in roads.receptors)),
        segments=Segments(
            *(end + np.float32(512) for end in roads.segments[:4]), roads.segments.road
        ),
    )
    here = open_road_sums(*roads, hierarchy=hierarchy, tolerance=0.005)
    there = open_road_sums(*moved, hierarchy=hierarchy, tolerance=0.005)
    np.testing.assert_allclose(there.pm10, here.pm10, rtol=1e-3)


@compiled
def test_roads_out_of_range_are_left_out_even_of_large_squares():
    roads = town(4, common_rose())
    formal, merged = both(roads, 0.005, max_range=900.0)
    some = formal.pm10 > 0.1 * formal.pm10.max()
    np.testing.assert_allclose(merged.pm10[some], formal.pm10[some], rtol=0.02)


@compiled
def test_a_receptor_gets_nothing_from_a_far_part_of_a_street_that_it_is_linked_to():
    roads = town(5, common_rose())
    roads = roads._replace(segments=roads.segments._replace(road=roads.segments.road % 7))
    receptors = roads.receptors.x.size
    start = np.arange(receptors + 1) // 3
    links = StreetLinks(
        start.astype("i8"), (np.arange(start[-1]) % 7).astype("i4"), np.ones(start[-1], "f4")
    )
    formal, merged = both(roads, 0.005, exclude=links)
    assert np.percentile(relative_error(formal, merged), 99.9) <= 0.005


@compiled
def test_squares_emit_what_their_segments_do():
    roads = town(6, common_rose(), segments=6000)
    hierarchy = build_hierarchy(roads.segments, roads.curve)
    cells = summed_cells(hierarchy, roads.segments, roads.emission, roads.receptors, 1e6)
    x0, y0, x1, y1 = (end.astype("f8") for end in roads.segments[:4])
    length, x, y = np.hypot(x1 - x0, y1 - y0), (x0 + x1) / 2, (y0 + y1) / 2
    for square in np.flatnonzero(hierarchy.last - hierarchy.first > 2000):
        rows = hierarchy.segment[hierarchy.first[square] : hierarchy.last[square]]
        emitted = (roads.emission[:, rows] * length[rows]).sum(axis=1)
        np.testing.assert_allclose(cells[square, EMISSION : EMISSION + 5], emitted, rtol=SINGLE)
        weight = (roads.emission[:, rows] / roads.emission.sum(1)[:, None]).sum(0) * length[rows]
        centre = np.average([x[rows], y[rows]], axis=1, weights=weight)
        np.testing.assert_allclose(cells[square, [X, Y]], centre, atol=0.1)
        # A segment's own length adds a twelfth of its square.
        own = np.average((x1 - x0)[rows] ** 2 / 12, weights=weight)
        spread = np.average((x[rows] - centre[0]) ** 2, weights=weight) + own
        assert cells[square, XX] / cells[square, WEIGHT] == pytest.approx(spread, rel=1e-3)
        assert cells[square, XY] ** 2 <= cells[square, XX] * cells[square, YY]


@compiled
def test_every_segment_lies_in_one_square_of_each_size_and_curve():
    roads = town(7, common_rose(), segments=9000)
    hierarchy = build_hierarchy(roads.segments, roads.curve)
    assert sorted(hierarchy.segment) == list(range(9000))
    inside = hierarchy.parent >= 0
    above = hierarchy.parent[inside]
    assert (hierarchy.first[above] <= hierarchy.first[inside]).all()
    assert (hierarchy.last[above] >= hierarchy.last[inside]).all()
    assert (hierarchy.last - hierarchy.first)[hierarchy.districts].sum() == 9000
    for first, last in zip(hierarchy.first, hierarchy.last, strict=True):
        assert np.unique(roads.curve[hierarchy.segment[first:last]]).size == 1


@compiled
def test_a_road_without_emission_is_still_flagged():
    roads = town(8, common_rose(), segments=200)
    silent = roads._replace(
        segments=roads.segments._replace(
            x0=roads.receptors.x[:200] - 1, y0=roads.receptors.y[:200],
            x1=roads.receptors.x[:200] + 1, y1=roads.receptors.y[:200],
        ),
        emission=np.zeros((5, 200), "f4"),
    )  # fmt: skip
    formal, merged = both(silent, 0.01)
    np.testing.assert_array_equal(merged.near, formal.near)
    assert not merged.nox.any()


def test_a_hierarchy_of_other_roads_is_refused(open_roads):
    hierarchy = build_hierarchy(open_roads.segments, open_roads.curve)
    fewer = open_roads._replace(
        segments=Segments(*(part[:-1] for part in open_roads.segments)),
        emission=open_roads.emission[:, :-1].copy(),
        curve=open_roads.curve[:-1],
    )
    with pytest.raises(ValueError, match="hierarchy of 12 segments, must be of all 11"):
        open_road_sums(*fewer, hierarchy=hierarchy, tolerance=0.01)


def test_no_receptors_and_no_roads_give_empty_and_zero(open_roads):
    hierarchy = build_hierarchy(open_roads.segments, open_roads.curve)
    nowhere = open_roads._replace(receptors=Receptors(*np.empty((2, 0), "f4")))
    assert open_road_sums(*nowhere, hierarchy=hierarchy, tolerance=0.01).nox.shape == (12, 0)
    none = open_roads._replace(
        segments=Segments(*(part[:0] for part in open_roads.segments)),
        emission=open_roads.emission[:, :0].copy(),
        curve=open_roads.curve[:0],
    )
    empty = build_hierarchy(none.segments, none.curve)
    assert not open_road_sums(*none, hierarchy=empty, tolerance=0.01).nox.any()
