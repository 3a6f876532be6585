"""The words on a picture: what it shows, how it was made, what its reader must know."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import xarray as xr

NO_REROUTING = "no re-routing"
FLAT_GROUND = "noise: flat ground without obstacles"
INDICATIVE = "results are indicative: a model, not measurements"
# Spaces at which no line breaks.
OSM = "\u00a9\u00a0OpenStreetMap\u00a0contributors"
#: Characters of a caption that can still be read at the foot of a picture.
LONGEST = 760
CUT = "More in the stamp of the result."


def stamp_of(result: xr.Dataset) -> dict[str, Any]:
    """The stamp of a result; empty for a dataset without one."""
    stamp = result.attrs.get("stamp", {})
    return dict(json.loads(stamp)) if isinstance(stamp, str) else dict(stamp)


def title_of(result: xr.Dataset) -> str:
    """What the scenario is called."""
    return str(result.attrs.get("title") or "Traffic scenario")


def caveats_of(result: xr.Dataset) -> tuple[str, ...]:
    """The caveats that a result's stamp carries."""
    stamp = stamp_of(result)
    return tuple(map(str, stamp.get("caveats") or stamp.get("assumptions") or ()))


def is_without_rerouting(result: xr.Dataset, caveats: Iterable[str]) -> bool:
    """Whether the traffic of a closed street was not brought elsewhere."""
    words = [*caveats, json.dumps(stamp_of(result), default=str)]
    return any(NO_REROUTING in text for text in words)


def subtitle(result: xr.Dataset) -> str:
    """Region, year of the emission factors and number of receptors."""
    stamp = stamp_of(result)
    region = stamp.get("region", {}).get("name", "")
    year = stamp.get("year")
    grid = [f"{result.sizes[name]:,}" for name in ("y", "x", "receptor") if name in result.sizes]
    receptors = " \u00d7 ".join(reversed(grid)).replace(",", "\u2009") + " receptors"
    parts = (region.capitalize(), f"emission factors of {year}" if year else "", receptors)
    return "  ·  ".join(part for part in parts if part)


def caption(result: xr.Dataset, caveats: Sequence[str], names: Iterable[str]) -> str:
    """What the reader must know of a picture of the arrays with these names; weightiest first."""
    names = tuple(names)
    others = (NO_REROUTING, *(() if any(name.startswith("nox") for name in names) else ("nox ",)))
    known = [text for text in caveats if not text.startswith(others)]
    known += [INDICATIVE] * ("indicative" not in " ".join(known))
    if any(name.startswith("l") for name in names) and not any(
        text.startswith("noise: ") for text in known
    ):
        known.insert(0, FLAT_GROUND)
    text = _sentences(known)
    words = text + json.dumps(stamp_of(result), default=str, ensure_ascii=False)
    return f"{text}  {OSM}." if "OpenStreetMap" in words else text


def _sentences(known: Iterable[str]) -> str:
    """Caveats as sentences, as many as can be read."""
    text = ""
    for sentence in dict.fromkeys(f"{one[:1].upper()}{one[1:].rstrip('.')}." for one in known):
        if len(text) + len(sentence) > LONGEST:
            return f"{text} {CUT}"
        text = f"{text} {sentence}".strip()
    return text
