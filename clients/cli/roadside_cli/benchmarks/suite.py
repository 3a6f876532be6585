"""All benchmarks by name, as the command line asks for them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from roadside_kernels.launch import Device
from roadside_server.computation.device import checked_device
from roadside_server.errors import require

from roadside_cli.benchmarks.measuring import QUICK, Scale, measured
from roadside_cli.benchmarks.pairs import pairs_benchmark
from roadside_cli.benchmarks.report import previous, tables, with_previous, write
from roadside_cli.benchmarks.sweeping import swept
from roadside_cli.benchmarks.workloads import WORKLOADS

__all__ = ["Plan", "benchmark", "checked_device", "chosen", "scale", "tables"]

NAMES = ("pairs", "B1", "B1n", "B2", "B3", "B4", "B5", "B6", "B7")


@dataclass(frozen=True, slots=True)
class Plan:
    """How all benchmarks of one call are measured."""

    device: Device
    data: Path | None  # None: generated twins
    results: Path | None  # folder to compare with and to write to
    scale: Scale


def chosen(names: list[str]) -> list[str]:
    """Benchmarks as they were asked for, whatever the case of their names; none: all."""
    known = {name.lower(): name for name in NAMES}
    for name in names:
        require(name.lower() in known, "benchmark", f"{name!r}, must be one of {', '.join(NAMES)}")
    return [known[name.lower()] for name in names] or list(NAMES)


def scale(
    *, quick: bool, tolerance: float | None, repeats: int | None, sample: float | None = None
) -> Scale:
    """How large and how thorough, with what was asked in place of the defaults."""
    asked = {"tolerance": tolerance, "repeats": repeats, "sample_seconds": sample}
    given: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
    return replace(QUICK if quick else Scale(), **given)


def benchmark(name: str, plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    """Measure one benchmark beside its result before, and keep it if there is a folder."""
    figures = with_previous(_figures(name, plan, tell), previous(plan.results, name, plan.device))
    if plan.results is not None:
        write(figures, plan.results, name)
    return figures


def _figures(name: str, plan: Plan, tell: Callable[[str], None]) -> dict[str, Any]:
    if name == "pairs":
        return pairs_benchmark(plan.device, **(plan.scale.pairs or {}), repeats=plan.scale.repeats)
    if name == "B5":
        return swept(plan.device, plan.data, plan.scale, tell)
    return measured(WORKLOADS[name], plan.device, plan.data, plan.scale, tell)
