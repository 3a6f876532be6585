"""The arrays of a result: their names, units and words."""

from dataclasses import dataclass

from roadside_server.region.schema import Region
from roadside_server.scenario.quantities import QUANTITIES
from roadside_server.scenario.reading import Scenario

#: Bits of the array ``flags``.
MASKED, NEAR_AXIS, NO2_GUARD, NO_ROAD, NOT_EVALUATED = 1, 2, 4, 8, 16

_WORDS = {
    "baseline": "with the present traffic",
    "scenario": "with the scenario's traffic",
    "difference": "scenario minus baseline",
}


@dataclass(frozen=True, slots=True)
class ResultArray:
    """An array of the result."""

    name: str  # no2_baseline, ..., flags
    quantity: str  # no2, ...; flags
    output: str  # baseline, scenario or difference; empty for flags
    dtype: str  # float32 or uint8
    unit: str
    long_name: str


FLAGS = ResultArray("flags", "flags", "", "uint8", "", "validity of the values")


def result_arrays(region: Region, scenario: Scenario) -> tuple[ResultArray, ...]:
    """Arrays that a scenario asks for, and the flags."""
    values = [
        _array(region, quantity, output)
        for quantity in scenario.quantities
        for output in scenario.outputs
    ]
    return (*values, FLAGS)


def _array(region: Region, quantity: str, output: str) -> ResultArray:
    words = QUANTITIES[quantity].long_name
    if quantity == "nox" and "nox" not in region.background.values:
        words += " from traffic alone"
    unit = QUANTITIES[quantity].unit
    name = f"{quantity}_{output}"
    return ResultArray(name, quantity, output, "float32", unit, f"{words}, {_WORDS[output]}")
