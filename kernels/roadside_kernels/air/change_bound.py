"""What a change of roads adds at most, box by box: where that is negligible, nothing changes."""

import numpy as np
from numba import prange

from roadside_kernels.air.hierarchy_cells import COLUMNS, gap, place_segment, set_emission
from roadside_kernels.air.lanes import curve_of
from roadside_kernels.air.negligible import most_added
from roadside_kernels.air.open_road import SectorWind, annual_weights
from roadside_kernels.air.plume import DilutionCurves
from roadside_kernels.arrays import Float32, Int32, Segments
from roadside_kernels.launch import on_all_cores
from roadside_kernels.physics import f32


def _sum_boxes(
    segments: Segments,
    emission: Float32,
    curve: Int32,
    coefficients: Float32,
    weight: float,
    reach: float,
    enough: float,
    boxes: Float32,
    most: Float32,
) -> None:
    unweighed = np.zeros(5, np.float32)
    for number in prange(boxes.shape[0]):
        cell = np.zeros(COLUMNS, np.float32)
        total = f32(0.0)
        for k in range(curve.size):
            place_segment(k, segments, cell)
            away = gap(cell, boxes[number])
            if away <= reach and total <= enough:
                set_emission(k, emission, unweighed, cell)
                total += most_added(cell, away, curve_of(coefficients, curve[k]), weight)
        most[number] = total


_in_parallel = on_all_cores(_sum_boxes)


def most_in_boxes(
    segments: Segments,
    emission: Float32,
    curve: Int32,
    curves: DilutionCurves,
    wind: SectorWind,
    boxes: Float32,
    *,
    max_range: float,
    enough: float,
) -> Float32:
    """Most (ug/m3) that segments together add to any annual mean within each box.

    Parameters
    ----------
    emission
        Of M segments (5, M), ug/(m s).
    boxes
        West, south, east, north (n, 4; m).
    enough
        What to stop at: above it, the figure is only known to be more (ug/m3).
    """
    most = np.empty(boxes.shape[0], np.float32)
    weight = annual_weights(wind).max()
    _in_parallel(
        segments, emission, curve, curves.coefficients, weight, f32(max_range), f32(enough), boxes,
        most,
    )  # fmt: skip
    return most
