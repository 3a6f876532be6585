"""The parts of a strip's sums: what stays from memory, what changes evaluated."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32

from roadside_server.computation.parts import WHOLE, remainder, whole_blocks
from roadside_server.computation.resident import Key, Resident
from roadside_server.computation.tiles import Strip, some_of


class Part(NamedTuple):
    """Sums over one part of the roads at N receptors."""

    sums: tuple[Float32, ...]  # (..., N) each
    near: NDArray[np.bool_]  # (N), nearer than 3.5 m to an open road's axis
    pairs: int  # of road piece and receptor that were evaluated
    acts: bool = True  # False: all sums are 0


def changes(parts: dict[str, Part]) -> bool:
    """Whether any road that changes acts on any of the receptors."""
    return parts["before"].acts or parts["after"].acts


Evaluate = Callable[[str, Strip], Part]

#: Sums over all roads before, shared by the scenarios of this process.
RESIDENT: Resident[Part] = Resident()


def evaluated(evaluate: Evaluate, strip: Strip, key: Key | None) -> dict[str, Part]:
    """Parts "unchanged", "before" and "after"; ``key`` tells all roads before from any others.

    Without a key the unchanged roads are evaluated themselves: so few that this is less work.
    """
    before, after = evaluate("before", strip), evaluate("after", strip)
    if key is None:
        return {"unchanged": evaluate("unchanged", strip), "before": before, "after": after}
    whole, known = RESIDENT.sums(key, lambda: evaluate(WHOLE, strip))
    if known:
        whole = whole._replace(pairs=0)
    unchanged = _without(whole, before, evaluate, strip) if before.acts else whole
    return {"unchanged": unchanged, "before": before, "after": after}


def _without(whole: Part, before: Part, evaluate: Evaluate, strip: Strip) -> Part:
    """The unchanged part: all roads less the changed ones, evaluated where that would cancel."""
    left, cancels = remainder(whole.sums, before.sums)
    rows = whole_blocks(cancels)
    if rows.size == 0:
        return Part(tuple(left), whole.near, whole.pairs)
    anew = evaluate("unchanged", some_of(strip, rows))
    for sums, exact in zip(left, anew.sums, strict=True):
        sums[..., rows] = exact
    return Part(tuple(left), whole.near, whole.pairs + anew.pairs)
