"""One map of a picture: values, buildings, streets, measures, scale bar, north."""

from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection, PolyCollection

from roadside_cli.map_features import Line, MapFeatures
from roadside_cli.picture_values import Layer, thinned

INK, GREY, GROUND, CLOSED = "#1d2530", "#667080", "#f7f7f5", "#111111"
#: Barriers and buildings that a scenario puts up.
BUILT = "#b3126b"
HALO = [patheffects.withStroke(linewidth=3.0, foreground="white")]
#: Points drawn as circles of this size (points squared) if there are few, smaller if many.
LARGEST_CIRCLE, CIRCLES = 60.0, 12_000.0
SMALLEST_WITH_EDGE = 8.0
KILOMETRE = 1000.0


class Extent(NamedTuple):
    """Edges of a map (m)."""

    west: float
    east: float
    south: float
    north: float

    @property
    def width(self) -> float:
        """From west to east (m)."""
        return self.east - self.west

    @property
    def height(self) -> float:
        """From south to north (m)."""
        return self.north - self.south


def extent_of(result: xr.Dataset) -> Extent:
    """Outer edges of a grid's cells (m), or of free points with a margin."""
    x, y = result["x"].values, result["y"].values
    if "receptor" in result.sizes:
        margin = max(50.0, 0.05 * max(np.ptp(x), np.ptp(y)))
    else:
        margin = 0.5 * abs(float(x[1] - x[0])) if x.size > 1 else 5.0
    west, south = float(x.min() - margin), float(y.min() - margin)
    return Extent(west, float(x.max() + margin), south, float(y.max() + margin))


def draw_panel(
    axes: Axes,
    layer: Layer,
    result: xr.Dataset,
    extent: Extent,
    features: MapFeatures,
    *,
    with_scale: bool,
) -> ScalarMappable:
    """Draw a layer and what lies around it; returns what a colour bar is made of."""
    _prepare(axes, layer, extent)
    values = _draw_values(axes, layer, result, extent)
    _draw_buildings(axes, features.buildings)
    _draw_streets(axes, features)
    _draw_built(axes, features)
    if with_scale:
        _draw_scale(axes, extent)
    return values


def _prepare(axes: Axes, layer: Layer, extent: Extent) -> None:
    axes.set(xlim=(extent.west, extent.east), ylim=(extent.south, extent.north), aspect="equal")
    axes.set(xticks=[], yticks=[], facecolor=GROUND, anchor="S")
    axes.spines[:].set(linewidth=0.6, color="#c9ccd1")
    axes.set_title(layer.title, loc="left", fontsize=12.5, weight="bold", color=INK, pad=7)
    axes.set_title(_range(layer), loc="right", fontsize=8.5, color=GREY, pad=8)


def _range(layer: Layer) -> str:
    """Lowest, mean and highest value, in words."""
    there = layer.values[np.isfinite(layer.values)]
    if not there.size:
        return "no values"
    if layer.is_change:
        return f"{_change(there.min())} to {_change(there.max())} {layer.unit}"
    if layer.unit == "dB(A)":
        return f"{there.min():.0f} to {there.max():.0f} {layer.unit}"
    return f"mean {there.mean():.1f}, highest {there.max():.1f} {layer.unit}"


def _change(value: float) -> str:
    """A signed number of two decimals, with a true minus; 0 for what rounds to it."""
    rounded = round(float(value), 2)
    return f"{rounded:+.2f}".replace("-", "\u2212") if rounded else "0"


def _draw_values(axes: Axes, layer: Layer, result: xr.Dataset, extent: Extent) -> ScalarMappable:
    style: dict[str, Any] = {"cmap": layer.colours, "norm": layer.norm, "zorder": 1}
    if "receptor" in result.sizes:
        size = float(np.clip(CIRCLES / max(layer.values.size, 1), 1.5, LARGEST_CIRCLE))
        edges = {
            "edgecolors": "#7a808a",
            "linewidths": 0.4 if size > SMALLEST_WITH_EDGE else 0.0,
            "zorder": 6,
        }
        x, y = result["x"].values, result["y"].values
        return axes.scatter(x, y, s=size, c=layer.values, **style | edges)
    image = thinned(layer.values)
    return axes.imshow(image, origin="lower", extent=extent, interpolation="auto", **style)


def _draw_buildings(axes: Axes, buildings: list[Line]) -> None:
    axes.add_collection(
        PolyCollection(buildings, facecolor="#d9d9d6", edgecolor="#a9a9a4", linewidth=0.3, zorder=2)
    )


def _draw_streets(axes: Axes, features: MapFeatures) -> None:
    streets = LineCollection(features.streets, colors="#5a5a5a", linewidths=0.45, zorder=3)
    streets.set(alpha=0.75, capstyle="round")
    axes.add_collection(streets)
    rings = [np.vstack([zone.ring, zone.ring[:1]]) for zone in features.zones]
    for width, colour, dashes in ((2.4, "white", "solid"), (1.1, INK, (0, (4, 2)))):
        axes.add_collection(
            LineCollection(rings, colors=colour, linewidths=width, linestyles=dashes, zorder=4)
        )
    for width, colour in ((4.2, "white"), (2.4, CLOSED)):
        closed = LineCollection(features.closed, colors=colour, linewidths=width, zorder=5)
        closed.set(capstyle="round")
        axes.add_collection(closed)


def _draw_built(axes: Axes, features: MapFeatures) -> None:
    """What the scenario puts up."""
    axes.add_collection(
        PolyCollection(features.built, facecolor="#e3b7cf", edgecolor=BUILT, zorder=5)
    )
    for width, colour in ((4.2, "white"), (2.0, BUILT)):
        axes.add_collection(
            LineCollection(features.barriers, colors=colour, linewidths=width, zorder=5)
        )


def _draw_scale(axes: Axes, extent: Extent) -> None:
    """A scale bar in the lower left and an arrow to (grid) north in the upper right."""
    length = _scale_length(extent.width / 4)
    x, y = extent.west + 0.04 * extent.width, extent.south + 0.03 * extent.height
    (bar,) = axes.plot([x, x + length], [y, y], color=INK, linewidth=2.2, zorder=8,
                       solid_capstyle="butt")  # fmt: skip
    bar.set_path_effects([patheffects.withStroke(linewidth=5.0, foreground="white")])
    label = f"{length / KILOMETRE:g} km" if length >= KILOMETRE else f"{length:g} m"
    style: dict[str, Any] = {"color": INK, "fontsize": 9, "zorder": 9, "path_effects": HALO}
    axes.annotate(label, (x, y), xytext=(0, 4), textcoords="offset points", **style)
    axes.annotate("N", (0.955, 0.965), xycoords="axes fraction", ha="center", va="top",
                  weight="bold", **style)  # fmt: skip
    axes.annotate("▲", (0.955, 0.997), xycoords="axes fraction", ha="center", va="top",
                  **style | {"fontsize": 8})  # fmt: skip


def _scale_length(longest: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten (m) that fits."""
    power = 10.0 ** np.floor(np.log10(longest))
    return float(power * max(step for step in (1, 2, 5) if step * power <= longest))
