import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from roadside_kernels.arrays import BLOCK, Receptors
from roadside_kernels.geometry import (
    block_boxes,
    distance_to_box,
    distance_to_segment,
    piece_count,
    pieces_of_segment,
    sector_of,
    segment_to_box,
)
from roadside_kernels.physics import f32

whole = st.integers(-100, 100)
BOX = tuple(map(f32, (0, 0, 20, 10)))


def single(*values):
    return tuple(map(f32, values))


def test_blocks_of_receptors_have_boxes_around_them():
    x = np.arange(BLOCK + 2, dtype="f4")
    boxes = block_boxes(Receptors(x, -x))
    assert boxes.tolist() == [[0, -255, 255, 0], [256, -257, 257, -256]]


def test_the_nearest_point_of_a_segment_may_be_an_end_or_lie_between():
    segment = single(0, 0, 10, 0)
    assert distance_to_segment(*single(5, 3), *segment) == 3
    assert distance_to_segment(*single(13, 4), *segment) == 5
    assert distance_to_segment(*single(3, 4), *single(0, 0, 0, 0)) == 5


def test_a_point_in_a_box_is_at_no_distance_from_it():
    assert distance_to_box(*single(5, 5), *BOX) == 0
    assert distance_to_box(*single(23, 14), *BOX) == 5


@given(whole, whole, whole, whole)
def test_no_receptor_in_a_box_is_nearer_to_a_segment_than_the_box(x0, y0, x1, y1):
    segment = single(x0, y0, x1, y1)
    nearest = min(
        distance_to_segment(*single(x, y), *segment) for x in range(0, 21, 5) for y in (0, 5, 10)
    )
    assert segment_to_box(*segment, *BOX) <= nearest + 1e-4


@pytest.mark.parametrize("ends", [(-5, 5, 25, 6), (10, -9, 10, 90), (5, 5, 6, 6), (-1, 9, 3, 12)])
def test_a_segment_through_a_box_is_at_no_distance(ends):
    assert segment_to_box(*single(*ends), *BOX) == 0


@given(st.floats(0, 3000, width=32), st.floats(0, 5000, width=32))
def test_no_piece_is_longer_than_half_its_distance(length, distance):
    count = piece_count(f32(length), f32(distance))
    assert count >= 1
    assert length / count <= max(distance, 3.5) / 2 * (1 + 1e-6)


@given(whole, whole, whole, whole)
def test_the_short_cut_for_far_segments_changes_no_count(x0, y0, x1, y1):
    segment = single(x0, y0, x1, y1)
    length = f32(math.hypot(x1 - x0, y1 - y0))
    expected = piece_count(length, segment_to_box(*segment, *BOX))
    assert abs(int(pieces_of_segment(*segment, *BOX)) - expected) <= (expected > 1)


@pytest.mark.parametrize(
    ("degrees", "sector"),
    [(0, 0), (14, 0), (16, 1), (90, 3), (180, 6), (270, 9), (344, 11), (346, 0)],
)
def test_sectors_are_centred_and_count_clockwise_from_north(degrees, sector):
    angle = math.radians(degrees)
    assert sector_of(*single(math.sin(angle), math.cos(angle)), np.int32(12)) == sector


@given(st.floats(-180.0, 180.0))
def test_every_direction_is_in_the_only_sector(angle):
    towards = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    assert sector_of(*single(*towards), np.int32(1)) == 0
    assert sector_of(*single(0.0, -1.0), np.int32(1)) == 0
