"""What is there without the region's traffic: background concentrations and their corrections."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely
from roadside_kernels.arrays import Float32, Int64

from roadside_server.computation.tiles import Strip
from roadside_server.region.schema import Float64, Region


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Concentrations (ug/m3) at N receptors, corrections added."""

    background: dict[str, Float32]  # (N) of no2, o3, pm10, pm25, ec; nox where it is known
    sector_ozone: Float32  # (sectors, N), or (1, N) if it is the same for all


def surroundings_at(region: Region, strip: Strip) -> Surroundings:
    """Background at some receptors."""
    correction = _corrections(region, strip)
    background = {
        pollutant: _at(value, strip.receptors.receptor) + correction(pollutant)
        for pollutant, value in region.background.values.items()
    }
    return Surroundings(background, _sector_ozone(region, background["o3"], correction("o3")))


def _at(value: float | Float32, receptor: Int64) -> Float32:
    """A background at receptors, from one number or from one for each receptor of the region."""
    if isinstance(value, np.ndarray):
        return value.reshape(-1)[receptor].astype(np.float32)
    return np.full(receptor.size, value, dtype=np.float32)


def _sector_ozone(region: Region, mean: Float32, correction: Float32 | np.float32) -> Float32:
    """Ozone by wind sector; the annual mean where the weather says nothing.

    Corrections are the same for every sector (Rbl 2007, annex 2).
    """
    sector = region.weather.ozone[:, None]
    if np.isnan(sector).all():
        return mean[np.newaxis]
    ozone = np.where(np.isnan(sector), mean, sector + correction)
    return np.ascontiguousarray(ozone, dtype=np.float32)


def _corrections(region: Region, strip: Strip) -> Callable[[str], Float32 | np.float32]:
    """For a pollutant: the sum of the corrections in whose polygons each receptor lies."""
    table = region.corrections
    if len(table) == 0:
        return lambda _: np.float32(0.0)
    x, y = strip.places
    polygons = np.asarray(table.geometry.array, dtype=object)
    reaching = np.flatnonzero(shapely.intersects(polygons, shapely.box(*strip.box)))
    pollutants, corrections = table["pollutant"].to_numpy(), table["correction"].to_numpy(float)

    def correction(pollutant: str) -> Float32:
        total: Float64 = np.zeros(x.size)
        for row in reaching[pollutants[reaching] == pollutant]:
            inside = shapely.intersects_xy(polygons[row], x, y)
            total += np.where(inside, corrections[row], 0.0)
        return total.astype(np.float32)

    return correction
