"""People exposed to noise, gathered tile by tile: every home bears the loudest of its receptors."""

from typing import NamedTuple

import numpy as np

from roadside_server.computation.homes import Homes
from roadside_server.computation.job import TileResult
from roadside_server.region.schema import Float64
from roadside_server.results.noise_health import Exposure, exposure
from roadside_server.scenario.quantities import OUTPUTS

#: Outputs that are levels people bear, and the quantities that their health depends on.
STATES = tuple(output for output in OUTPUTS if output != "difference")
LEVELS = ("lden", "lnight")


class StateExposure(NamedTuple):
    """People exposed with the traffic of one state."""

    output: str  # baseline or scenario
    exposure: Exposure


class ExposureGatherer:
    """Levels (dB(A)) at every home, of those states whose Lden and Lnight are computed."""

    def __init__(self, homes: Homes, arrays: frozenset[str]) -> None:
        self._homes = homes
        states = [state for state in STATES if {f"{level}_{state}" for level in LEVELS} <= arrays]
        self._levels = {
            f"{level}_{state}": np.full(homes.people.size, np.nan)
            for state in (states if homes.people.size else [])
            for level in LEVELS
        }

    def add(self, result: TileResult) -> None:
        """Take in a tile."""
        beside = self._homes.beside.get(result.tile.chunk)
        if beside is None:
            return
        for name, level in self._levels.items():
            np.fmax.at(level, beside.home, result.values[name].reshape(-1)[beside.cell])

    def exposures(self) -> tuple[StateExposure, ...]:
        """What it comes to, by state."""
        states = [state for state in STATES if f"lden_{state}" in self._levels]
        return tuple(
            StateExposure(state, exposure(self._homes.people, *self._at_homes(state)))
            for state in states
        )

    def _at_homes(self, state: str) -> list[Float64]:
        return [self._levels[f"{level}_{state}"] for level in LEVELS]
