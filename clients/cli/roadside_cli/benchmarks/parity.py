"""How far values are from what they should be: interactive from formal, a GPU from a CPU."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from roadside_server.computation.job import TileResult
from roadside_server.region.schema import Region
from roadside_server.scenario.quantities import QUANTITIES

#: Percentile of the errors by which interactive runs are judged.
PERCENTILE = 99.9
#: A contribution (ug/m3, dB) below this says nothing about relative errors.
LEAST = 1e-3

#: Error (ug/m3) that an interactive run may make whatever the contribution.
ALLOWED = 0.02

Values = NDArray[np.floating[Any]]


class Deviation(NamedTuple):
    """Errors of an array's values."""

    unit: str
    largest: float
    mean: float
    percentile: float  # 99.9th
    relative_largest: float  # of the traffic's contribution
    relative_mean: float
    relative_percentile: float
    #: 99.9th percentile of the error over what is allowed, at most 1: a share of the contribution
    #: or ``ALLOWED``, whichever is more.
    of_allowed: float


def deviation(
    exact: Values, found: Values, background: float, unit: str, tolerance: float = 0.0
) -> Deviation:
    """Errors of values, relative to what is above a background; a share of it is allowed."""
    known = np.isfinite(exact) & np.isfinite(found)
    exact, found = exact[known].astype(np.float64), found[known].astype(np.float64)
    error, contribution = np.abs(found - exact), np.abs(exact - background)
    counts = contribution > LEAST
    relative = error[counts] / contribution[counts]
    of_allowed = _figures(error / np.maximum(tolerance * contribution, ALLOWED))[2]
    return Deviation(unit, *_figures(error), *_figures(relative), of_allowed)


def tile_deviations(
    region: Region,
    exact: Iterable[TileResult],
    found: Iterable[TileResult],
    tolerance: float = 0.0,
) -> dict[str, dict[str, Any]]:
    """Errors of every array over some tiles."""
    pairs = list(zip(exact, found, strict=True))
    names = [name for name in pairs[0][0].values if name != "flags"]
    return {name: _array_deviation(region, name, pairs, tolerance)._asdict() for name in names}


def _array_deviation(
    region: Region, name: str, pairs: list[tuple[TileResult, TileResult]], tolerance: float
) -> Deviation:
    quantity, output = name.rsplit("_", 1)
    known = region.background.values.get(quantity, 0.0)
    background = 0.0 if output == "difference" or isinstance(known, np.ndarray) else float(known)
    exact = np.concatenate([before.values[name].ravel() for before, _ in pairs])
    found = np.concatenate([after.values[name].ravel() for _, after in pairs])
    return deviation(exact, found, background, QUANTITIES[quantity].unit, tolerance)


def _figures(values: Values) -> tuple[float, float, float]:
    """Largest, mean and a high percentile."""
    if values.size == 0:
        return 0.0, 0.0, 0.0
    return float(values.max()), float(values.mean()), float(np.percentile(values, PERCENTILE))
