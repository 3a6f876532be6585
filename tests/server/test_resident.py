"""Sums stay in memory within a budget, and are found again only by what they came from."""

import numpy as np
from roadside_kernels.arrays import BLOCK
from roadside_server.computation.parts import divided, remainder, whole_blocks
from roadside_server.computation.resident import Resident, digest


def sums_of(size):
    return (np.zeros(size, np.float32),)


def test_sums_are_computed_once():
    resident = Resident()
    first, known = resident.sums(b"a", lambda: sums_of(3))
    again, known_again = resident.sums(b"a", lambda: sums_of(4))
    assert again is first
    assert (known, known_again) == (False, True)


def test_the_least_recently_used_are_forgotten_first():
    resident = Resident(budget=2 * 4000)
    for key in (b"a", b"b", b"a", b"c"):
        resident.sums(key, lambda: sums_of(1000))
    known = {key: resident.sums(key, lambda: sums_of(1000))[1] for key in (b"a", b"c", b"b")}
    assert known == {b"a": True, b"c": True, b"b": False}


def test_what_exceeds_the_budget_is_not_kept():
    resident = Resident(budget=100)
    resident.sums(b"a", lambda: sums_of(1000))
    assert not resident.sums(b"a", lambda: sums_of(1000))[1]


def test_keys_tell_values_shapes_and_types_apart():
    values = np.arange(6, dtype=np.float32)
    others = [values + 1, values.reshape(2, 3), values.astype(np.float64), values[:5]]
    assert len({digest(array) for array in [values, *others]}) == 5
    assert digest(values, b"x") != digest(values, b"y")
    assert digest(values) == digest(values.copy())


def test_parts_of_the_sources_add_up():
    before, after = np.array([[1.0, 2.0, 3.0]]), np.array([[1.0, 0.0, 5.0]])
    parts = divided(before, after)
    assert list(parts["unchanged"][0] + parts["before"][0]) == [1.0, 2.0, 3.0]
    assert list(parts["unchanged"][0] + parts["after"][0]) == [1.0, 0.0, 5.0]
    assert list(parts["unchanged"][0]) == [1.0, 0.0, 0.0]


def test_a_remainder_that_cancels_is_told():
    whole, part = np.float32([[10.0, 10.0, 0.0]]), np.float32([[4.0, 6.0, 0.0]])
    (left,), cancels = remainder([whole], [part])
    assert list(left[0]) == [6.0, 4.0, 0.0]
    assert list(cancels) == [False, True, False]


def test_blocks_are_evaluated_whole():
    which = np.zeros(2 * BLOCK + 10, bool)
    which[[BLOCK + 3, 2 * BLOCK + 1]] = True
    assert list(whole_blocks(which)) == list(range(BLOCK, 2 * BLOCK + 10))
