"""Roads that a scenario leaves alone are evaluated once, those it changes before and after.

Baseline and scenario are then sums of the same numbers: nothing cancels, and where no road
changes they are equal to the last bit.
"""

from collections.abc import Iterable

import numpy as np
from roadside_kernels.arrays import Float32

from roadside_server.region.schema import Float64

#: Parts that add up to each state of the traffic.
PARTS_OF = {"baseline": ("unchanged", "before"), "scenario": ("unchanged", "after")}


def states_for(outputs: Iterable[str]) -> tuple[str, ...]:
    """States of the traffic that the outputs need."""
    asked = set(outputs)
    return tuple(state for state in PARTS_OF if state in asked or "difference" in asked)


def parts_for(states: Iterable[str]) -> tuple[str, ...]:
    """Parts that the states consist of, each once."""
    return tuple(dict.fromkeys(part for state in states for part in PARTS_OF[state]))


def divided(before: Float64, after: Float64, parts: Iterable[str]) -> dict[str, Float32]:
    """Strengths (..., M) of M sources by part: 0 for sources that belong to another part."""
    changed = (before != after).any(axis=tuple(range(before.ndim - 1)))
    whole = {
        "unchanged": np.where(changed, 0.0, before),
        "before": np.where(changed, before, 0.0),
        "after": np.where(changed, after, 0.0),
    }
    return {part: np.ascontiguousarray(whole[part], dtype=np.float32) for part in parts}


def active(strength: Float32) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Sources of which any strength is above 0."""
    return np.flatnonzero(strength.reshape(-1, strength.shape[-1]).any(axis=0))
