"""B5: how cost grows with receptors and with pieces of road."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from roadside_kernels.launch import Device
from roadside_server.computation.sources import straight_stretches

from roadside_cli.benchmarks.machine import machine, peak_memory, reset_peak_memory
from roadside_cli.benchmarks.measuring import Scale, Told, loop_rates
from roadside_cli.benchmarks.places import GHENT, URBAN, Place, place_region
from roadside_cli.benchmarks.running import computed
from roadside_cli.benchmarks.workloads import POLLUTANTS, asked

RECEPTORS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000)
PIECES = (10_000, 30_000, 100_000, 200_000, 500_000)
#: Receptors while the pieces grow.
FIXED_RECEPTORS = 1_000_000
#: Receptors and pieces of a twin in which all kernels are compiled.
COMPILED = (5000, 300)
QUICK_RECEPTORS, QUICK_PIECES = (5000, 20_000), (100, 300)


class Step(NamedTuple):
    """One region of the sweep; pieces None: all of the place."""

    kind: str
    place: Place
    receptors: int
    pieces: int | None


def swept(device: Device, data: Path | None, scale: Scale, tell: Told) -> dict[str, Any]:
    """Seconds, pairs and memory of every step, and the exponents of growth."""
    tell("B5: compiling")
    _measured(Step("receptors", GHENT, *COMPILED), device, None, scale)
    rows = []
    for step in steps(scale):
        tell(f"B5: {step.kind}, {step.receptors:,} receptors")
        rows.append(_measured(step, device, data, scale))
    return {
        "benchmark": "B5",
        "title": "How cost grows with receptors (Ghent) and pieces (seven urban areas)",
        "device": device,
        "tolerance": scale.tolerance,
        "kernels": loop_rates(device, scale, tell),
        "steps": rows,
        "growth_exponent": {
            kind: exponent([row for row in rows if row["kind"] == kind])
            for kind in ("receptors", "pieces")
        },
        "machine": machine(device),
    }


def steps(scale: Scale) -> Iterator[Step]:
    """Regions with more and more receptors, then with more and more pieces."""
    quick = scale.pieces is not None
    for receptors in QUICK_RECEPTORS if quick else RECEPTORS:
        yield Step("receptors", GHENT, receptors, scale.pieces)
    for pieces in QUICK_PIECES if quick else PIECES:
        yield Step("pieces", URBAN, min(FIXED_RECEPTORS, scale.receptors), pieces)


def exponent(rows: list[dict[str, Any]]) -> float:
    """Slope of the logarithm of time against that of size, over the last two steps: 1 is linear."""
    size = [row[rows[0]["kind"]] for row in rows[-2:]]
    return float(
        np.diff(np.log([row["seconds"] for row in rows[-2:]]))[0] / np.diff(np.log(size))[0]
    )


def _measured(step: Step, device: Device, data: Path | None, scale: Scale) -> dict[str, Any]:
    region = place_region(step.place, step.receptors, data, step.pieces)
    scenario = asked(region, POLLUTANTS, ["baseline"], [], scale.tolerance)
    reset_peak_memory()
    run = computed(region, scenario, device)
    return {
        "kind": step.kind,
        "receptors": region.receptors.size,
        "pieces": int(straight_stretches(region.roads).x0.size),
        "seconds_prepared": run.prepared,
        "seconds_first": run.first,
        "seconds": run.last,
        "pairs": run.pairs,
        "host_peak_bytes": peak_memory(),
    }
