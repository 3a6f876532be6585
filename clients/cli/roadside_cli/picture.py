"""A picture of a result: air quality and noise before, the change in both, and the streets."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colorbar import Colorbar
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from roadside_cli.map_features import MapFeatures
from roadside_cli.picture_panels import BUILT, CLOSED, GREY, INK, Extent, draw_panel, extent_of
from roadside_cli.picture_text import (
    NO_REROUTING,
    caption,
    caveats_of,
    is_without_rerouting,
    subtitle,
    title_of,
)
from roadside_cli.picture_values import Layer, layers

#: Inches: of a panel, between panels, and above and below them.
PANEL_AREA, GAP, MARGIN, HEAD, FOOT = 26.0, 0.3, 0.45, 1.5, 1.85
NARROWEST, WIDEST = 3.9, 7.0
#: Characters of the caption and of the title in an inch.
LETTERS, LETTERS_OF_TITLE = 18.0, 6.8
#: Narrower pictures (inches) have no room for a long notice.
ROOM_FOR_NOTICE = 12.0
DPI = 150


def save_picture(
    result: xr.Dataset,
    path: Path,
    features: MapFeatures | None = None,
    caveats: Sequence[str] = (),
) -> None:
    """Draw a result into a file: PNG, PDF or SVG by its name."""
    draw_picture(result, features, caveats).savefig(path, dpi=DPI, facecolor="white")


def draw_picture(
    result: xr.Dataset, features: MapFeatures | None = None, caveats: Sequence[str] = ()
) -> Figure:
    """A figure of a result with a panel for each layer; caveats: those of the result's stamp."""
    drawn, extent = layers(result), extent_of(result)
    caveats = caveats or caveats_of(result)
    features = features or MapFeatures()
    width, height = _panel_size(extent)
    size = (
        2 * MARGIN + len(drawn) * width + (len(drawn) - 1) * GAP,
        HEAD + height + FOOT,
    )
    figure = Figure(figsize=size)
    FigureCanvasAgg(figure)
    _draw_panels(figure, drawn, result, extent, features)
    _write_head(figure, result, caveats)
    _write_foot(figure, features, caption(result, caveats, [layer.name for layer in drawn]))
    return figure


def _panel_size(extent: Extent) -> tuple[float, float]:
    """Width and height (inches) of a panel, of the shape of the map and much the same area."""
    aspect = float(np.clip(extent.height / extent.width, 0.45, 2.2))
    width = float(np.clip(np.sqrt(PANEL_AREA / aspect), NARROWEST, WIDEST))
    return width, width * aspect


def _draw_panels(
    figure: Figure,
    drawn: Sequence[Layer],
    result: xr.Dataset,
    extent: Extent,
    features: MapFeatures,
) -> None:
    width, height = figure.get_size_inches()
    grid = GridSpec(
        1,
        len(drawn),
        figure=figure,
        left=MARGIN / width,
        right=1 - MARGIN / width,
        bottom=FOOT / height,
        top=1 - HEAD / height,
        wspace=GAP / ((width - 2 * MARGIN) / len(drawn)),
    )
    for column, layer in enumerate(drawn):
        axes = figure.add_subplot(grid[0, column])
        values = draw_panel(axes, layer, result, extent, features, with_scale=column == 0)
        box = axes.get_position()
        bar = figure.add_axes(
            (box.x0, box.y0 - 0.24 / height, box.width, 0.11 / height), label="colour bar"
        )
        _label_bar(figure.colorbar(values, cax=bar, orientation="horizontal", extend=layer.extend))
        bar.set_xlabel(layer.unit, fontsize=9, color=INK, labelpad=3)


def _label_bar(bar: Colorbar) -> None:
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10])
    bar.update_ticks()
    bar.ax.tick_params(labelsize=8.5, length=2.5, width=0.6, color=GREY, labelcolor=INK)


def _write_head(figure: Figure, result: xr.Dataset, caveats: Sequence[str]) -> None:
    width, height = figure.get_size_inches()
    left, top = MARGIN / width, 1 - 0.36 / height
    title = textwrap.shorten(title_of(result), int((width - 2 * MARGIN) * LETTERS_OF_TITLE))
    figure.text(left, top, title, fontsize=17, weight="bold", color=INK, va="top")
    figure.text(left, top - 0.36 / height, subtitle(result), fontsize=10, color=GREY, va="top")
    if is_without_rerouting(result, caveats):
        chip = {"boxstyle": "round,pad=0.45", "facecolor": "#fff4e5", "edgecolor": "#c77700"}
        reason = ": traffic of closed roads vanishes instead of moving elsewhere"
        words = NO_REROUTING + (reason if width > ROOM_FOR_NOTICE else "")
        figure.text(1 - left - 0.08 / width, top - 0.36 / height, words, fontsize=9.5,
                    color="#7a4800", ha="right", va="top", bbox=chip)  # fmt: skip


def _write_foot(figure: Figure, features: MapFeatures, words: str) -> None:
    width, height = figure.get_size_inches()
    handles = _legend(features)
    if handles:
        figure.legend(handles=handles, loc="lower left", ncols=len(handles), frameon=False,
                      bbox_to_anchor=((MARGIN - 0.12) / width, 0.88 / height), fontsize=9,
                      labelcolor=INK, handlelength=1.8, columnspacing=1.8)  # fmt: skip
    text = textwrap.fill(words, int((width - 2 * MARGIN) * LETTERS))
    figure.text(MARGIN / width, 0.84 / height, text, fontsize=7.6, color=GREY, va="top",
                linespacing=1.45)  # fmt: skip


def _legend(features: MapFeatures) -> list[Line2D | Patch]:
    handles: list[Line2D | Patch] = []
    if features.closed:
        handles.append(Line2D([], [], color=CLOSED, linewidth=2.6, label="closed"))
    if features.barriers:
        handles.append(Line2D([], [], color=BUILT, linewidth=2.2, label="new barrier"))
    if features.built:
        handles.append(Patch(facecolor="#e3b7cf", edgecolor=BUILT, label="new building"))
    labels = dict.fromkeys(zone.label for zone in features.zones)
    handles += [
        Line2D([], [], color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=label)
        for label in labels
    ]
    if features.streets:
        handles.append(Line2D([], [], color="#6b6b6b", linewidth=0.8, label="streets"))
    if features.buildings:
        patch = Patch(facecolor="#d9d9d6", edgecolor="#a9a9a4", linewidth=0.5, label="buildings")
        handles.append(patch)
    return handles
