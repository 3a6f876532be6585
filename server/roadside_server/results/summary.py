"""What a result amounts to, gathered tile by tile in any order."""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from roadside_server.computation.arrays import MASKED
from roadside_server.computation.job import Job, TileResult
from roadside_server.results.exposures import ExposureGatherer, StateExposure
from roadside_server.results.reference_values import ReferenceValue, reference_values
from roadside_server.scenario.quantities import OUTPUTS, QUANTITIES

#: Smallest change that counts as better or worse, by unit: half of what is printed as 0.1 ug/m3
#: or one day, and for sound a tenth of a decibel.
THRESHOLDS = {"ug/m3": 0.05, "days": 0.5, "dB": 0.1}


class Exceedance(NamedTuple):
    """Receptors above a reference value."""

    reference: str
    value: float
    receptors: int


class Statistics(NamedTuple):
    """One output over all receptors that have a value; NaN where none has."""

    receptors: int
    minimum: float
    mean: float
    maximum: float
    exceedances: tuple[Exceedance, ...]


class QuantitySummary(NamedTuple):
    """One quantity; None for outputs that were not asked for."""

    quantity: str
    unit: str
    baseline: Statistics | None
    scenario: Statistics | None
    difference: Statistics | None
    better: int  # receptors whose value falls by more than the threshold
    worse: int
    threshold: float


class Summary(NamedTuple):
    """The result in numbers, and what its reader must know."""

    quantities: tuple[QuantitySummary, ...]
    receptors: int  # that were computed
    pairs: int
    caveats: tuple[str, ...]
    exposures: tuple[StateExposure, ...] = ()  # to noise, where people are known


@dataclass(slots=True)
class _Gathered:
    """One array so far."""

    references: tuple[ReferenceValue, ...]
    threshold: float
    receptors: int = 0
    minimum: float = math.inf
    maximum: float = -math.inf
    sums: list[float] = field(default_factory=list)  # one a tile, so that order is of no account
    above: list[int] = field(default_factory=list)
    better: int = 0
    worse: int = 0

    def add(self, tile: NDArray[np.generic]) -> None:
        """Take in the values of a tile."""
        values = tile[np.isfinite(tile)].astype(np.float64)
        above = [int((values > reference.value).sum()) for reference in self.references]
        self.above = [a + b for a, b in zip(self.above or [0] * len(above), above, strict=True)]
        if values.size == 0:
            return
        self.receptors += values.size
        self.minimum = min(self.minimum, float(values.min()))
        self.maximum = max(self.maximum, float(values.max()))
        self.sums.append(float(values.sum()))
        self.better += int((values < -self.threshold).sum())
        self.worse += int((values > self.threshold).sum())

    def statistics(self) -> Statistics:
        """What it comes to."""
        counts = self.above or [0] * len(self.references)
        above = tuple(
            Exceedance(reference.reference, reference.value, count)
            for reference, count in zip(self.references, counts, strict=True)
        )
        if self.receptors == 0:
            return Statistics(0, math.nan, math.nan, math.nan, above)
        mean = math.fsum(self.sums) / self.receptors
        return Statistics(self.receptors, self.minimum, mean, self.maximum, above)


class Summarizer:
    """Gathers the tiles of a job as they finish."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._gathered = {
            array.name: _Gathered(
                references=() if array.output == "difference" else reference_values(array.quantity),
                threshold=THRESHOLDS[array.unit],
            )
            for array in job.arrays
            if array.output
        }
        self._exposed = ExposureGatherer(job.homes, frozenset(self._gathered))
        self._receptors = 0
        self._pairs = 0

    def add(self, result: TileResult) -> None:
        """Take in a tile, once."""
        for name, gathered in self._gathered.items():
            gathered.add(result.values[name])
        self._exposed.add(result)
        masked = np.bitwise_and(result.values["flags"].astype(np.uint8), MASKED) > 0
        self._receptors += int((~masked).sum())
        self._pairs += result.pairs

    def summary(self) -> Summary:
        """What the tiles so far amount to."""
        quantities = tuple(self._quantity(name) for name in self._job.scenario.quantities)
        exposures = self._exposed.exposures()
        return Summary(quantities, self._receptors, self._pairs, self._job.caveats, exposures)

    def _quantity(self, name: str) -> QuantitySummary:
        found = {output: self._gathered.get(f"{name}_{output}") for output in OUTPUTS}
        statistics = {
            output: gathered.statistics() if gathered is not None else None
            for output, gathered in found.items()
        }
        change = found["difference"]
        unit = QUANTITIES[name].unit
        return QuantitySummary(
            quantity=name,
            unit=unit,
            baseline=statistics["baseline"],
            scenario=statistics["scenario"],
            difference=statistics["difference"],
            better=change.better if change is not None else 0,
            worse=change.worse if change is not None else 0,
            threshold=THRESHOLDS[unit],
        )
