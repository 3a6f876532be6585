"""Which arrays of a result are drawn, in which colours and between which limits."""

from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.colors import Colormap, LinearSegmentedColormap, ListedColormap, Normalize
from numpy.typing import NDArray

AIR = ("no2", "nox", "pm10", "pm25", "ec", "pm10_days")
NOISE = ("lden", "lnight", "lday", "levening", "laeq")
SYMBOLS = {
    "no2": "NO$_2$", "nox": "NO$_x$", "pm10": "PM$_{10}$", "pm25": "PM$_{2.5}$", "ec": "EC",
    "pm10_days": "PM$_{10}$ days", "lden": "L$_\\mathrm{den}$", "lnight": "L$_\\mathrm{night}$",
    "lday": "L$_\\mathrm{day}$", "levening": "L$_\\mathrm{evening}$",
}  # fmt: skip
UNITS = {"ug m-3": "µg/m³", "ug/m3": "µg/m³", "dB": "dB(A)", "d": "days a year"}
#: A colour bar of changes reaches at least this far (in units of the quantity), so that
#: differences nobody could measure do not look like large ones.
SMALLEST_REACH = {"dB": 1.0}
DEFAULT_REACH = 0.1
#: Ends of a scale (percentiles), so that a few receptors do not rule it.
LOW, HIGH, HIGH_CHANGE = 1.0, 99.5, 99.0
#: More pixels along a side than any panel has.
MAX_PIXELS = 1000


@dataclass(frozen=True, slots=True)
class Layer:
    """One array as it is drawn."""

    name: str  # "no2_difference"
    title: str
    unit: str
    values: NDArray[np.float32]
    colours: Colormap
    norm: Normalize
    is_change: bool

    @property
    def extend(self) -> Any:
        """At which ends of the colour bar values go on: as matplotlib names them."""
        below = bool(np.nanmin(self.values, initial=np.inf) < (self.norm.vmin or 0.0))
        above = bool(np.nanmax(self.values, initial=-np.inf) > (self.norm.vmax or 0.0))
        return {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[(below, above)]


def layers(result: xr.Dataset) -> list[Layer]:
    """Baseline and change of air quality, then of noise; what there is of them, if not all."""
    changes = [_first(result, kind, "difference") for kind in (AIR, NOISE)]
    if any(changes):
        names = [
            name
            for change in changes
            if change
            for name in (f"{change.removesuffix('_difference')}_baseline", change)
        ]
    else:
        found = [
            _first(result, kind, output)
            for kind in (AIR, NOISE)
            for output in ("baseline", "scenario")
        ]
        names = [name for name in found if name]
    drawn = [_layer(result, name) for name in names if name in result]
    if not drawn:
        message = "the result has no array that can be drawn"
        raise ValueError(message)
    return drawn


def thinned(values: NDArray[np.float32], most: int = MAX_PIXELS) -> NDArray[np.float32]:
    """A grid of at most ``most`` cells along a side: means of square blocks."""
    step = -(-max(values.shape) // most)
    if step == 1:
        return values
    rows, columns = (-(-n // step) for n in values.shape)
    padding = [(0, rows * step - values.shape[0]), (0, columns * step - values.shape[1])]
    padded = np.pad(values, padding, constant_values=np.nan)
    blocks = padded.reshape(rows, step, columns, step)
    there = np.isfinite(blocks)
    count = there.sum(axis=(1, 3))
    total = np.where(there, blocks, 0.0).sum(axis=(1, 3))
    means = np.full(count.shape, np.nan, np.float32)
    np.divide(total, count, out=means, where=count > 0, casting="same_kind")
    return means


def _first(result: xr.Dataset, quantities: tuple[str, ...], output: str) -> str | None:
    return next((f"{q}_{output}" for q in quantities if f"{q}_{output}" in result), None)


def _layer(result: xr.Dataset, name: str) -> Layer:
    quantity, _, output = name.rpartition("_")
    array = result[name]
    unit = str(array.attrs.get("units", ""))
    values = np.asarray(array.values, "f4")
    is_change = output == "difference"
    return Layer(
        name,
        f"Change in {SYMBOLS[quantity]}" if is_change else f"{SYMBOLS[quantity]}, {output}",
        UNITS.get(unit, unit),
        values,
        _change_colours() if is_change else _level_colours(),
        _change_norm(values, unit) if is_change else _level_norm(values),
        is_change,
    )


def _level_norm(values: NDArray[np.float32]) -> Normalize:
    there = values[np.isfinite(values)]
    low, high = np.percentile(there, (LOW, HIGH)) if there.size else (0.0, 1.0)
    step = _nice((high - low) / 8) if high > low else 1.0
    return Normalize(np.floor(low / step) * step, np.ceil(high / step) * step)


def _change_norm(values: NDArray[np.float32], unit: str) -> Normalize:
    """Centred on no change; as far as most receptors that change at all."""
    least = SMALLEST_REACH.get(unit, DEFAULT_REACH)
    sizes = np.abs(values[np.isfinite(values)])
    changed = sizes[sizes > least / 10]
    reach = max(least, float(np.percentile(changed, HIGH_CHANGE))) if changed.size else least
    reach = _nice(reach)
    return Normalize(-reach, reach)


def _nice(number: float) -> float:
    """The next of 1, 1.5, 2, 3, 4, 5, 6, 8 and 10 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(number))
    steps = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
    return float(power * next(s for s in steps if s >= number / power - 1e-6))


def _level_colours() -> Colormap:
    """Light to dark, perceptually even; not to black, on which streets would vanish."""
    colours = mpl.colormaps["magma_r"](np.linspace(0.02, 0.80, 256))
    return LinearSegmentedColormap.from_list("level", colours)


def _change_colours() -> Colormap:
    """Blue for less, red for more; no change is clear, so that the map shows through."""
    colours = mpl.colormaps["RdBu_r"](np.linspace(0.02, 0.98, 257))
    size = np.abs(np.linspace(-1.0, 1.0, 257))
    colours[:, 3] = np.clip(size * 12, 0.0, 1.0)
    return ListedColormap(colours, "change")
