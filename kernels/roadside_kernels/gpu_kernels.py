"""Every CUDA kernel of the package with the types that it is called with.

Compilers can make its machine code from this for any GPU, without one.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from numba import boolean, float32, int8, int32, int64, types, uint16, uint32

from roadside_kernels import blocks, localising, sums
from roadside_kernels.air import (
    cells_gpu,
    chemistry,
    hierarchy_gpu,
    indicators,
    open_road,
    open_road_gpu,
    street,
)
from roadside_kernels.air.hierarchy import Hierarchy, Opening
from roadside_kernels.air.square_staging import Squares
from roadside_kernels.air.staging import Roads, Site
from roadside_kernels.air.thread_sums import Found, Given
from roadside_kernels.arrays import Receptors, Segments, StreetLinks
from roadside_kernels.launch import THREADS, Launch, gpu_loop, launch_for
from roadside_kernels.noise import indicators as noise_indicators
from roadside_kernels.noise import (
    line_gpu,
    trace_desks_gpu,
    trace_gpu,
    trace_on_gpu,
    trace_order,
    trace_order_gpu,
    transfer_sum_gpu,
)
from roadside_kernels.noise.flat_ground import FlatGround
from roadside_kernels.noise.lines import Lines
from roadside_kernels.noise.scene import Grid
from roadside_kernels.noise.spectrum import Spectrum
from roadside_kernels.noise.trace_line import Given as Sounding
from roadside_kernels.noise.trace_line import Hearers, Options
from roadside_kernels.noise.transfer_sum import ALIKE, BY_CONDITION, BY_PERIOD
from roadside_kernels.noise.walls import Walls


class GpuKernel(NamedTuple):
    """A kernel as it runs on one kind of GPU."""

    procedure: Any
    signature: tuple[Any, ...]
    launch: Launch


def array(of: Any, dimensions: int = 1) -> Any:
    """The type of a contiguous array."""
    return types.Array(of, dimensions, "C")


def fields(named_tuple: Callable[..., Any], *of: Any) -> Any:
    """The type of a NamedTuple."""
    return types.NamedTuple(of, named_tuple)


F1, F2, F3 = (array(float32, dimensions) for dimensions in (1, 2, 3))
I1, L1, B1 = array(int32), array(int64), array(boolean)
I2, I3, U3 = array(int32, 2), array(int32, 3), array(uint16, 3)
RECEPTORS = fields(Receptors, F1, F1)
SEGMENTS = fields(Segments, F1, F1, F1, F1, I1)
LINKS = fields(StreetLinks, L1, I1, F1)
ROADS = fields(Roads, SEGMENTS, F2, I1)
GIVEN = fields(Given, RECEPTORS, F2, ROADS, fields(Site, F2, F1, F2), LINKS)
HIERARCHY = fields(Hierarchy, I1, I1, I1, I1, I1, I1, I1, L1, I1)
SQUARES = fields(Squares, HIERARCHY, F2, fields(Opening, float32, float32, F1))
EMITTING = fields(cells_gpu.Emitting, HIERARCHY, SEGMENTS, F2, F1)
FOUND = fields(Found, F3, F2, B1, L1)
FLAT_GROUND = fields(FlatGround, F2, F2, F2, *[float32] * 5)
MEAN, INDICATOR = fields(indicators.AnnualMean, F1), fields(indicators.Indicator, F1)
TERMS, SUM = fields(sums.Terms, F2, F2), fields(sums.Sum, F2)
SOUNDING = fields(
    Sounding,
    fields(Grid, float32, float32, float32, int64, int64, L1, F2, I2, float32, float32),
    fields(Walls, *[F1] * 6, I1, I1, F2),
    fields(Lines, I1, *[F1] * 4),
    F2,
    fields(Hearers, *[F1] * 5, I1),
    F2,
    fields(Spectrum, *[F1] * 5),
    F2,
    fields(Options, *[float32] * 5),
)
RANKING = fields(trace_order.Ranking, I1, F1, F1, F1)
#: What formulas of one receptor read and fill.
POINTWISE: Mapping[Callable[..., None], tuple[Any, Any]] = {
    blocks.box_at: (RECEPTORS, fields(blocks.Boxes, F2)),
    open_road.weigh_at: (fields(open_road.Weights, F1), fields(open_road.BySector, F3)),
    street.dilution_at: (
        fields(street.Canyons, F1, array(int8), F1, float32),
        fields(street.Dilutions, F1),
    ),
    street.sums_at: (fields(street.Streets, L1, I1, F1, F2), fields(street.StreetSums, F2)),
    chemistry.annual_no2_at: (
        fields(chemistry.Exhaust, F2, F2, F1, F1, F1, F2, F1),
        fields(chemistry.AnnualNo2, F1, B1, F1),
    ),
    indicators.pm10_days_at: (MEAN, INDICATOR),
    indicators.pm10_days_flemish_at: (MEAN, INDICATOR),
    indicators.no2_hours_at: (MEAN, INDICATOR),
    noise_indicators.levels_at: (
        fields(noise_indicators.Energies, F2),
        fields(noise_indicators.Levels, F1, F1, F1, F1, F1),
    ),
    sums.add_at: (TERMS, SUM),
    sums.subtract_at: (TERMS, fields(sums.Rest, F2, B1)),
    sums.patch_at: (fields(sums.Patch, L1, F2), SUM),
    localising.localise_at: (
        fields(localising.Moved, fields(localising.Placed, *[I1] * 5), int32, int32, float32),
        SEGMENTS,
    ),
    trace_on_gpu.take_row_at: (
        fields(trace_on_gpu.Places, L1, I1, U3),
        fields(trace_on_gpu.Rows, I1, U3),
    ),
}


def tracing_kernels() -> dict[str, GpuKernel]:
    """The kernels of the tracer, alike on all GPUs."""
    task = fields(trace_gpu.Task, I1, L1, RANKING, I1)
    desks = fields(trace_desks_gpu.Desks, F3, I3, I3, I2, F3)
    rows = fields(trace_gpu.Found, L1, L1, I1, U3)
    lists = fields(trace_order_gpu.Lists, I1, L1, L1, L1)
    ranking, tracing = trace_order_gpu.rank_kernel(), trace_gpu.trace_kernel()
    return {
        "rank_lines": GpuKernel(ranking, (SOUNDING, lists, RANKING), trace_order_gpu.LAUNCH),
        "trace_lines": GpuKernel(tracing, (SOUNDING, task, desks, rows), trace_gpu.LAUNCH),
    }


def gpu_kernels(capability: tuple[int, int]) -> dict[str, GpuKernel]:
    """All kernels by name, as they run on GPUs of a compute capability."""
    plain = Launch(THREADS, 1)
    open_roads = launch_for(capability, open_road_gpu.LAUNCHES)
    merged = launch_for(capability, hierarchy_gpu.LAUNCHES)
    weigh, gather = cells_gpu.cell_kernels()
    lines = launch_for(capability, line_gpu.LAUNCHES)
    noise = fields(line_gpu.Given, RECEPTORS, F2, SEGMENTS, F2, FLAT_GROUND)
    heard = fields(line_gpu.Heard, F2, L1)
    rows = fields(transfer_sum_gpu.Given, L1, L1, I1, array(uint32), F1, B1)
    sums = fields(transfer_sum_gpu.Found, F2)
    return {
        "open_roads": GpuKernel(
            open_road_gpu.open_road_kernel(open_roads), (float32, GIVEN, FOUND), open_roads
        ),
        "hierarchy": GpuKernel(
            hierarchy_gpu.hierarchy_kernel(merged), (float32, GIVEN, SQUARES, FOUND), merged
        ),
        "find_shares": GpuKernel(weigh, (F2, F1), cells_gpu.TOTAL),
        "sum_squares": GpuKernel(gather, (EMITTING, F2), cells_gpu.SQUARE),
        "line_noise": GpuKernel(line_gpu.gpu_loop(lines), (float32, noise, heard), lines),
        **{
            f"transfer_sum_{bands}": GpuKernel(
                transfer_sum_gpu.row_kernel(bands), (rows, sums), transfer_sum_gpu.LAUNCH
            )
            for bands in (ALIKE, BY_CONDITION, BY_PERIOD)
        },
        **tracing_kernels(),
        **{
            formula.__name__: GpuKernel(gpu_loop(formula), (int64, *kinds), plain)
            for formula, kinds in POINTWISE.items()
        },
    }
