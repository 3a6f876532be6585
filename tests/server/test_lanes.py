"""Tiles side by side come in order, and an error or a reader who leaves ends all lanes."""

import threading

import pytest
from roadside_server.computation.lanes import in_lanes, lanes_on


@pytest.mark.parametrize("lanes", [1, 3])
def test_results_come_in_order(lanes):
    assert list(in_lanes(lambda item: item * item, range(10), lanes)) == [n * n for n in range(10)]


def test_as_many_items_are_worked_on_as_there_are_lanes():
    together = threading.Barrier(3, timeout=10)
    assert list(in_lanes(lambda item: (together.wait(), item)[1], range(6), 3)) == list(range(6))


@pytest.mark.parametrize("lanes", [1, 3])
def test_the_first_error_ends_it(lanes):
    begun = []

    def work(item):
        begun.append(item)
        if item == 2:
            raise ValueError(item)
        return item

    results = in_lanes(work, range(100), lanes)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="2"):
        next(results)
    assert max(begun) < 2 + 2 * lanes


def test_nothing_runs_once_the_reader_has_left():
    begun = []
    results = in_lanes(begun.append, range(100), 3)
    next(results)
    results.close()
    known = len(begun)
    assert known <= 5
    assert list(in_lanes(str, range(3), 3)) == ["0", "1", "2"]
    assert len(begun) == known


def test_the_cores_of_a_cpu_are_busy_with_one_tile():
    assert lanes_on("cpu") == 1
