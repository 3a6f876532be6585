"""The coefficients of CNOSSOS-EU's road sources: Tables F-1 to F-4, editions 2015 and 2021."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from roadside_kernels.noise.bands import BANDS

from roadside_server.errors import InvalidInputError, require
from roadside_server.region.schema import Float64

Edition = Literal["2015", "2021"]
EDITIONS = ("2015", "2021")
CATEGORIES = ("1", "2", "3", "4a", "4b")
#: Kinds of junction, k = 1 and 2 of Table F-3.
JUNCTION_KINDS = ("signals", "roundabout")

_BAND_COLUMNS = [str(band) for band in BANDS]


@dataclass(frozen=True, slots=True, eq=False)
class RoadSurfaces:
    """Table F-4: corrections (dB) of road surfaces by category and band."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    alpha: Float64  # (surfaces, categories, bands)
    beta: Float64  # (surfaces, categories)

    def rows(self, surface: Sequence[str]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Rows of this table for the surfaces of roads."""
        unknown = sorted(set(surface) - set(self.ids))
        if unknown:
            known = ", ".join(self.ids)
            raise InvalidInputError("surface", f"{unknown[0]!r} is not in Table F-4: {known}")
        return np.array([self.ids.index(name) for name in surface], dtype=np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class CnossosTables:
    """All coefficients of one edition; categories as in ``CATEGORIES``, bands 63 to 8000 Hz."""

    a_r: Float64  # (categories, bands) dB; rolling noise, -inf for mopeds and motorcycles
    b_r: Float64
    a_p: Float64  # propulsion noise
    b_p: Float64
    studded_a: Float64  # (bands) dB, light vehicles
    studded_b: Float64
    temperature_k: Float64  # (categories) dB/degC
    junction_c_r: Float64  # (categories, junction kinds) dB
    junction_c_p: Float64
    surfaces: RoadSurfaces


@cache
def cnossos_tables(edition: Edition) -> CnossosTables:
    """Coefficients of one edition; F-2, F-3 and K are the same in both."""
    require(edition in EDITIONS, "edition", f"{edition!r}, must be one of {', '.join(EDITIONS)}")
    vehicles = _of_edition(_read("cnossos_f1_vehicles.csv"), edition)
    studded = _read("cnossos_f2_studded_tyres.csv").set_index("coefficient")
    junctions = _read("cnossos_f3_junctions.csv").set_index("category").loc[list(CATEGORIES)]
    return CnossosTables(
        a_r=_coefficient(vehicles, "a_r", missing=-np.inf),
        b_r=_coefficient(vehicles, "b_r", missing=0.0),
        a_p=_coefficient(vehicles, "a_p"),
        b_p=_coefficient(vehicles, "b_p"),
        studded_a=_numbers(studded.loc["a", _BAND_COLUMNS]),
        studded_b=_numbers(studded.loc["b", _BAND_COLUMNS]),
        temperature_k=_numbers(junctions["temperature_k"]),
        junction_c_r=_numbers(junctions[[f"{kind}_c_r" for kind in JUNCTION_KINDS]]),
        junction_c_p=_numbers(junctions[[f"{kind}_c_p" for kind in JUNCTION_KINDS]]),
        surfaces=_surfaces(edition),
    )


def surface_ids(edition: Edition = "2021") -> tuple[str, ...]:
    """Road surfaces of an edition's Table F-4, the reference surface DEF first."""
    return cnossos_tables(edition).surfaces.ids


def _surfaces(edition: Edition) -> RoadSurfaces:
    table = _of_edition(_read("cnossos_f4_surfaces.csv"), edition)
    ids = tuple(dict.fromkeys(table["surface"]))
    names = tuple(dict.fromkeys(table["name"]))
    table = table.set_index(["surface", "category"])
    table = table.loc[[(surface, category) for surface in ids for category in CATEGORIES]]
    shape = (len(ids), len(CATEGORIES))
    alpha = _numbers(table[_BAND_COLUMNS]).reshape(*shape, len(BANDS))
    return RoadSurfaces(ids, names, alpha, _numbers(table["beta"]).reshape(shape))


def _of_edition(table: pd.DataFrame, edition: Edition) -> pd.DataFrame:
    return table[table["edition"] == edition]


def _coefficient(table: pd.DataFrame, name: str, missing: float = np.nan) -> Float64:
    chosen = table[table["coefficient"] == name].set_index("category")[_BAND_COLUMNS]
    return _numbers(chosen.astype(float).reindex(list(CATEGORIES), fill_value=missing))


def _read(name: str) -> pd.DataFrame:
    """A table beside this file; ids stay text."""
    text = {"edition": str, "category": str, "surface": str}
    return pd.read_csv(Path(__file__).with_name(name), comment="#", dtype=text)


def _numbers(table: pd.DataFrame | pd.Series) -> Float64:
    return table.to_numpy(dtype=np.float64)
