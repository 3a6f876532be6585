"""SRM2: how exhaust of open roads thins out with distance.

Regeling beoordeling luchtkwaliteit 2007, annex 2 (2014).  The law prints its plume, C_wind and
sigma_z formulas as images that were lost; they are reconstructed here, and only here (R: the
reconstruction; L: the text of the law), so results are of the SRM2 type, not certified.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.polynomial import Chebyshev, Polynomial
from numpy.typing import ArrayLike

from roadside_kernels.arrays import Float32
from roadside_kernels.elementary import exp2, log2
from roadside_kernels.geometry import NEAREST
from roadside_kernels.physics import f32, in_double, physics

#: Coefficients of a curve, lowest power first.
Curve = tuple[float, float, float, float, float, float, float, float, float, float, float]

#: (2 pi)^(3/2), from the vertical bell and the arc of a sector.
BELL_AND_ARC = math.pow(2 * math.pi, 1.5)
#: C_etmaal: traffic is densest when the wind is stronger (L).
DIURNAL = 1.15
#: Height of the plume that C_wind refers to, in sigma_z (L).
PLUME_HEIGHT = 0.75
#: Height of wind measurements (m).
WIND_HEIGHT = 10.0
#: Height of receptors (m) in the law's reference situations (annex 4).
RECEPTOR_HEIGHT = 1.5
#: Roads count as far as this (m).
MAX_RANGE = 5000.0
#: Largest relative error that a fitted curve may have.
TOLERANCE = 2e-5
#: log2 of the squared distance around which curves are written.
CENTRE = 14.0
DEGREE = 10


class Roughness(NamedTuple):
    """Dispersion over one class of terrain (L, annex 2)."""

    length: float  # z0 (m)
    obukhov: float  # L (m)
    meteo: float  # C_meteo with the wind of Schiphol
    calibration: float  # C_ijking: C_meteo where the wind is local already
    a: float  # sigma_z = sigma_z0 + a R^b
    b: float


ROUGHNESS = (
    Roughness(0.03, 60.0, 0.7000, 0.667, 0.2221, 0.6574),
    Roughness(0.10, 60.0, 0.7050, 0.712, 0.2745, 0.6688),
    Roughness(0.30, 100.0, 0.6525, 0.717, 0.3613, 0.6680),
    Roughness(1.00, 400.0, 0.7400, 0.961, 0.7054, 0.6207),
)
#: Upper borders (m) of the first three classes (L).
ROUGHNESS_BORDERS = (0.055, 0.17, 0.55)


class DilutionCurves(NamedTuple):
    """Dilution against distance for a few initial spreads, as polynomials of log2."""

    coefficients: Float32  # (curves, DEGREE + 1), lowest power first
    error: float  # largest relative error against the formula in double precision


def roughness_class(length: float) -> Roughness:
    """Terrain class that a roughness length z0 (m) falls in."""
    return ROUGHNESS[int(np.searchsorted(ROUGHNESS_BORDERS, length, side="right"))]


@physics
def vertical_spread(distance: float, initial: float, a: float, b: float) -> float:
    """sigma_z (m) at a distance (m), from the initial sigma_z0 (m); R."""
    return initial + a * math.pow(distance, b)


@physics
def stability(ratio: float) -> float:
    """Function psi of a height over the Obukhov length; as in RIVM's OPS, R."""
    return -17.0 * (1.0 - math.exp(-0.29 * ratio))


@physics
def wind_profile(height: float, roughness: float, obukhov: float) -> float:
    """Wind speed at a height (m) in units of friction velocity over the Von Karman constant."""
    profile = math.log(height / roughness) - stability(height / obukhov)
    return profile + stability(roughness / obukhov)


@physics
def wind_correction(spread: float, roughness: float, obukhov: float) -> float:
    """C_wind: wind at the height of a plume of a spread (m) over the wind at 10 m; R."""
    plume = wind_profile(PLUME_HEIGHT * spread, roughness, obukhov)
    return plume / wind_profile(WIND_HEIGHT, roughness, obukhov)


@physics
def sector_dilution(
    distance: float,
    spread: float,
    correction: float,
    speed: float,
    sectors: float,
    height: float,
    release: float,
) -> float:
    """Concentration (ug/m3) per emission (ug/s) of a piece of road, with the wind in its sector; R.

    Parameters
    ----------
    distance, spread : float
        R and sigma_z there (m).
    correction : float
        C = C_wind C_meteo C_etmaal.
    speed, sectors : float
        Wind speed U at 10 m (m/s) and number of wind sectors.
    height, release : float
        Of the receptor and of the road above ground (m).
    """
    below, above = (height - release) / spread, (height + release) / spread
    bells = math.exp(-0.5 * below * below) + math.exp(-0.5 * above * above)
    return sectors * bells / (BELL_AND_ARC * correction * speed * distance * spread)


@physics
def dilution(
    distance: float,
    initial: float,
    height: float,
    roughness: float,
    obukhov: float,
    meteo: float,
    a: float,
    b: float,
) -> float:
    """``sector_dilution`` for a wind of 1 m/s and one sector, of a road at ground level (s/m3)."""
    spread = vertical_spread(distance, initial, a, b)
    correction = wind_correction(spread, roughness, obukhov) * meteo * DIURNAL
    return sector_dilution(distance, spread, correction, 1.0, 1.0, height, 0.0)


@physics
def fitted_dilution(
    squared_distance: float,
    curve: Curve,
) -> float:
    """``dilution`` from its curve, at a squared distance (m2); not nearer than ``NEAREST``.

    Written in pairs (Estrin) rather than nested: a processor then works on several at once.
    """
    t = log2(max(squared_distance, NEAREST * NEAREST)) - CENTRE
    c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10 = curve
    t2 = t * t
    t4 = t2 * t2
    low = ((c0 + c1 * t) + (c2 + c3 * t) * t2) + ((c4 + c5 * t) + (c6 + c7 * t) * t2) * t4
    return exp2(low + ((c8 + c9 * t) + c10 * t2) * (t4 * t4))


def dilution_curves(
    initial_spread: ArrayLike,
    roughness: float,
    *,
    local_wind: bool = True,
    height: float = RECEPTOR_HEIGHT,
    max_range: float = MAX_RANGE,
) -> DilutionCurves:
    """Fit the dilution for each initial spread sigma_z0 (m) over terrain of a roughness z0 (m).

    Parameters
    ----------
    local_wind : bool
        Wind speeds hold at the local roughness (C_meteo = C_ijking), not at Schiphol.

    Raises
    ------
    ValueError
        If a curve misses the formula by more than ``TOLERANCE``.
    """
    spreads = np.atleast_1d(np.asarray(initial_spread, np.float64))
    terrain = roughness_class(roughness)
    meteo = terrain.calibration if local_wind else terrain.meteo
    fits = [_fit(initial, height, terrain, meteo, max_range) for initial in spreads]
    coefficients = np.array([fit for fit, _ in fits], np.float32).reshape(-1, DEGREE + 1)
    error = max((miss for _, miss in fits), default=0.0)
    if error > TOLERANCE:
        raise ValueError(f"dilution curve: relative error {error:.1e}, must be below {TOLERANCE}")
    return DilutionCurves(coefficients, error)


def _fit(
    initial: float, height: float, terrain: Roughness, meteo: float, max_range: float
) -> tuple[Float32, float]:
    """Coefficients of one curve, and its largest relative error in single precision."""
    formula = in_double(dilution)
    site = (float(initial), height, terrain.length, terrain.obukhov, meteo, terrain.a, terrain.b)

    def exact(t: float) -> float:
        return formula(2.0 ** ((float(t) + CENTRE) / 2), *site)

    ends = [2 * math.log2(distance) - CENTRE for distance in (NEAREST, max_range)]
    logarithm = np.vectorize(lambda t: math.log2(exact(t)))
    fit = Chebyshev.interpolate(logarithm, DEGREE, domain=ends)
    curve = fit.convert(kind=Polynomial).coef.astype(np.float32)
    between = np.linspace(ends[0], ends[1], 300)
    misses = [_single(t, curve) / exact(t) - 1 for t in between]
    return curve, float(np.max(np.abs(misses)))


def _single(t: float, curve: Float32) -> float:
    """A fitted curve at one place, in single precision."""
    return float(fitted_dilution(f32(2.0 ** (t + CENTRE)), tuple(curve)))
