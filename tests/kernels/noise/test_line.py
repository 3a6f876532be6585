"""Roads on flat ground: sums of energies."""

import numpy as np
import pytest
from roadside_kernels.arrays import Receptors, Segments
from roadside_kernels.noise.atmosphere import air_absorption
from roadside_kernels.noise.bands import BANDS, MID_BANDS
from roadside_kernels.noise.flat_ground import flat_ground
from roadside_kernels.noise.line import line_noise
from roadside_kernels.noise.propagation import attenuation_favourable, attenuation_homogeneous
from roadside_kernels.physics import in_double

FAVOURABLE = np.array([[0.5], [0.75], [1.0]])


@pytest.fixture(scope="module")
def meadow():
    """Soft ground, receptors at 4 m."""
    return ground()


def ground(favourable=FAVOURABLE, **changed):
    usual = {"receptor_height": 4.0, "ground_factor": 0.7, "temperature": 10.0, "humidity": 70.0}
    return flat_ground(**(usual | changed), favourable=favourable)


def receptors_at(*places):
    x, y = np.array(places, np.float32).T
    return Receptors(np.ascontiguousarray(x), np.ascontiguousarray(y))


def segments_of(*ends):
    columns = np.array(ends, np.float32).T
    return Segments(*map(np.ascontiguousarray, columns), np.arange(len(ends), dtype=np.int32))


def power_of(segments, seed=0):
    """Spectra that differ by period and segment."""
    rng = np.random.default_rng(seed)
    return rng.uniform(1e7, 1e9, (3, 8, segments.x0.size)).astype(np.float32)


def reference(receptors, segments, power, transfer_arguments, favourable, reach=800.0):
    """The same sums in double precision, from the formulas, in pieces of a tenth of the distance."""
    air = [in_double(air_absorption)(f, 10.0, 70.0, 101.325) for f in MID_BANDS]
    height, factor = transfer_arguments
    energy = np.zeros((3, receptors.x.size))
    sectors = favourable.shape[1]
    for i, (x, y) in enumerate(zip(receptors.x, receptors.y, strict=True)):
        for s in range(segments.x0.size):
            a = np.array([segments.x0[s], segments.y0[s]], float)
            b = np.array([segments.x1[s], segments.y1[s]], float)
            length = float(np.hypot(*(b - a)))
            count = int(np.ceil(length / 0.5))
            for piece in range(count):
                middle = a + (piece + 0.5) / count * (b - a)
                east, north = middle - (x, y)
                d = float(np.hypot(east, north))
                if d > reach:
                    continue
                bearing = np.degrees(np.arctan2(east, north)) % 360
                sector = int(bearing / 360 * sectors + 0.5) % sectors
                for band, frequency in enumerate(BANDS):
                    path = (float(frequency), air[band], d, 0.05, height, factor, 0.0)
                    h = 10 ** (-in_double(attenuation_homogeneous)(*path) / 10)
                    f = 10 ** (-in_double(attenuation_favourable)(*path) / 10)
                    p = favourable[:, sector]
                    energy[:, i] += length / count * power[:, band, s] * ((1 - p) * h + p * f)
    return energy


def test_sums_agree_with_the_formulas_in_double_precision(meadow):
    receptors = receptors_at((0, 0), (30, 40), (-200, 10), (500, 500))
    segments = segments_of((5, -20, 12, 25), (60, 60, 90, 100), (-300, 0, -310, 40))
    power = power_of(segments)
    expected = reference(receptors, segments, power, (4.0, 0.7), FAVOURABLE)
    energy = line_noise(receptors, segments, power, meadow).energy
    # Pieces of half the distance against pieces of half a metre; tables add 0.005 dB.
    assert 10 * np.log10(energy / expected) == pytest.approx(0.0, abs=0.02)
