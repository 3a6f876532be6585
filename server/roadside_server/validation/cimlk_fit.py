"""NOx factors that the official results imply: a diagnosis of the emissions, not a factor set."""

from typing import NamedTuple

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from roadside_server.emissions.exhaust import (
    MICROGRAM_PER_METRE_SECOND,
    STAGNATING_CLASS,
    daily_volumes,
    speed_classes,
)
from roadside_server.emissions.factors import STREET_CLASSES
from roadside_server.region.schema import AIR_CLASSES, Float64
from roadside_server.validation.cimlk_links import Links


class FittedFactors(NamedTuple):
    """The fit, and what it gives."""

    factors: Float64  # g/km; (AIR_CLASSES, STREET_CLASSES)
    concentration: Float64  # ug/m3, at every receptor

    def as_text(self) -> tuple[str, ...]:
        """One line a vehicle class."""
        return tuple(
            f"  {vehicle:8}" + "".join(f"{name}: {value:7.3f}  " for name, value in named)
            for vehicle, row in zip(AIR_CLASSES, self.factors, strict=True)
            for named in [list(zip(STREET_CLASSES, row, strict=True))]
        )


def fit_nox_factors(
    roads: gpd.GeoDataFrame, links: Links, dilution: Float64, official: Float64
) -> FittedFactors:
    """Factors per class and speed class, none below 0, that explain the official NOx best.

    Parameters
    ----------
    dilution
        Of each link (s/m2).
    official
        NOx of streets (ug/m3) at each receptor; where it or a dilution is NaN, not used.
    """
    unit = _vehicles_by_class(roads)[:, :, links.road] * dilution
    matrix = np.zeros((official.size, unit.shape[0] * unit.shape[1]))
    np.add.at(matrix, links.receptor, unit.reshape(matrix.shape[1], -1).T)
    used = np.isfinite(matrix).all(axis=1) & np.isfinite(official)
    factors, _ = nnls(matrix[used], official[used])
    return FittedFactors(factors.reshape(unit.shape[:2]), matrix @ factors)


def _vehicles_by_class(roads: gpd.GeoDataFrame) -> Float64:
    """Emission (ug/(m s)) for a factor of 1 g/km; (AIR_CLASSES, STREET_CLASSES, roads)."""
    classes = speed_classes(roads)
    stagnation = np.array(
        [roads[f"stagnation_{vehicle}"].to_numpy(np.float64) for vehicle in AIR_CLASSES]
    )
    volumes = daily_volumes(roads) * roads["tunnel_factor"].to_numpy(np.float64)
    moving = np.array([classes == name for name in STREET_CLASSES])
    stagnating = np.array([_stagnates_as(classes) == name for name in STREET_CLASSES])
    by_class = (1.0 - stagnation)[:, None] * moving + stagnation[:, None] * stagnating
    emission: Float64 = MICROGRAM_PER_METRE_SECOND * volumes[:, None] * by_class
    return emission


def _stagnates_as(classes: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.array([STAGNATING_CLASS[name] for name in classes], dtype=object)
