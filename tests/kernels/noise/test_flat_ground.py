"""Tables of what arrives over flat ground."""

import numpy as np
import pytest
from roadside_kernels.noise.atmosphere import air_absorption
from roadside_kernels.noise.bands import BANDS, MID_BANDS
from roadside_kernels.noise.flat_ground import TOLERANCE, flat_ground, place_in_table
from roadside_kernels.noise.propagation import attenuation_favourable, attenuation_homogeneous
from roadside_kernels.physics import f32, in_double

ALIKE = np.array([[0.5], [0.75], [1.0]])


def ground(favourable=ALIKE, **changed):
    usual = {"receptor_height": 4.0, "ground_factor": 0.7, "temperature": 10.0, "humidity": 70.0}
    return flat_ground(**(usual | changed), favourable=favourable)


def from_table(table, transfer, distance):
    place = place_in_table(f32(distance * distance), transfer)
    node, share = int(place), place - int(place)
    return table[:, node] + share * (table[:, node + 1] - table[:, node])


def from_formula(attenuation, height, factor, distance):
    formula, absorption = in_double(attenuation), in_double(air_absorption)
    air = [absorption(f, 10.0, 70.0, 101.325) for f in MID_BANDS]
    path = (float(distance), 0.05, float(height), float(factor), 0.0)
    return np.array([-formula(float(f), a, *path) for f, a in zip(BANDS, air, strict=True)])


@pytest.mark.parametrize("height", [1.5, 4.0, 10.0])
@pytest.mark.parametrize("factor", [0.0, 0.3, 0.7, 1.0])
def test_tables_keep_to_the_formula_at_any_distance(height, factor):
    transfer = ground(receptor_height=height, ground_factor=factor)
    assert transfer.error <= TOLERANCE
    for distance in np.geomspace(2.0, 800.0, 97):
        for table, attenuation in (
            (transfer.homogeneous, attenuation_homogeneous),
            (transfer.favourable, attenuation_favourable),
        ):
            level = 10 * np.log10(from_table(table, transfer, distance))
            expected = from_formula(attenuation, height, factor, distance)
            # TOLERANCE, and as much again for a place found in single precision.
            assert level == pytest.approx(expected, abs=2 * TOLERANCE)


def test_tables_reach_as_far_as_asked():
    transfer = ground(reach=1500.0)
    last = transfer.homogeneous.shape[1] - 1
    assert place_in_table(f32(1500.0**2), transfer) < last


def test_probabilities_alike_in_all_directions_take_one_sector():
    assert ground(np.repeat(ALIKE, 12, axis=1)).probability.shape == (3, 1)


def test_probabilities_that_differ_keep_their_sectors():
    rose = np.linspace(0.2, 0.8, 36).reshape(3, 12)
    assert ground(rose).probability == pytest.approx(rose)


def test_receptors_at_the_ground_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        ground(receptor_height=0.5)
