"""The parts of a strip's sums: what stays from memory, what changes evaluated."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import BLOCK, Float32

from roadside_server.computation.parts import PARTS_OF, WHOLE, added, put, remainder, whole_blocks
from roadside_server.computation.resident import Key, Resident
from roadside_server.computation.tiles import Strip, some_of, strips_of
from roadside_server.errors import ComputationCancelledError

#: Pairs of stretch and receptor between two questions whether someone cancelled: some 0.2 s of
#: two cores.
PAIRS_AT_ONCE = 250_000_000
#: Receptors that are computed together at least, so that all cores have blocks to compute.
FEWEST_AT_ONCE = 16 * BLOCK


class Part(NamedTuple):
    """Sums over one part of the roads at N receptors."""

    sums: tuple[Float32, ...]  # (..., N) each
    near: NDArray[np.bool_]  # (N), nearer than 3.5 m to an open road's axis
    pairs: int  # of road piece and receptor that were evaluated
    acts: bool = True  # False: all sums are 0


def changes(parts: dict[str, Part]) -> bool:
    """Whether any road that changes acts on any of the receptors."""
    return parts["before"].acts or parts["after"].acts


def total(parts: dict[str, Part], state: str) -> tuple[Float32, ...]:
    """Sums over all roads with the traffic of one state."""
    unchanged, changed = (parts[part] for part in PARTS_OF[state])
    if not changed.acts:
        return unchanged.sums
    return tuple(added(a, b) for a, b in zip(unchanged.sums, changed.sums, strict=True))


Evaluate = Callable[[str, Strip], Part]

Cancelled = Callable[[], bool]

#: Sums over all roads before, shared by the scenarios of this process that name no others.
RESIDENT: Resident[Part] = Resident()


def never() -> bool:
    """Nobody cancels."""
    return False


def evaluated(
    evaluate: Evaluate, strip: Strip, key: Key | None, resident: Resident[Part] = RESIDENT
) -> dict[str, Part]:
    """Parts "unchanged", "before" and "after"; ``key`` tells all roads before from any others.

    Without a key the unchanged roads are evaluated themselves: so few that this is less work.
    """
    before, after = evaluate("before", strip), evaluate("after", strip)
    if key is None:
        return {"unchanged": evaluate("unchanged", strip), "before": before, "after": after}
    whole, known = resident.sums(key, lambda: evaluate(WHOLE, strip))
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
        put(sums, rows, exact)
    return Part(tuple(left), whole.near, whole.pairs + anew.pairs)


def in_portions(
    evaluate: Callable[[Strip], Part],
    strip: Strip,
    sources: int,
    cancelled: Cancelled,
    pairs: int = PAIRS_AT_ONCE,
) -> Part:
    """Sums over so many sources, of so few receptors at a time that cancelling soon shows.

    Parameters
    ----------
    pairs
        Of a source and a receptor, computed at a time.

    Raises
    ------
    ComputationCancelledError
        If cancelled on the way.
    """
    return _together([evaluate(portion) for portion in _portions(strip, sources, cancelled, pairs)])


def _portions(strip: Strip, sources: int, cancelled: Cancelled, pairs: int) -> Iterator[Strip]:
    """Runs of whole blocks of receptors, while nobody cancels."""
    size = max(pairs // max(sources, 1), FEWEST_AT_ONCE) // BLOCK * BLOCK
    portions = strips_of(strip.tile, strip.receptors, size)
    for portion in portions if strip.receptors.cell.size > size else (strip,):
        if cancelled():
            raise ComputationCancelledError("cancelled by the caller")
        yield portion


def _together(portions: list[Part]) -> Part:
    """Sums of portions side by side."""
    if len(portions) == 1:
        return portions[0]
    sums = zip(*(portion.sums for portion in portions), strict=True)
    return Part(
        tuple(np.concatenate(same, axis=-1) for same in sums),
        np.concatenate([portion.near for portion in portions]),
        sum(portion.pairs for portion in portions),
        any(portion.acts for portion in portions),
    )
