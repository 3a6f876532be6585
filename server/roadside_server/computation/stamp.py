"""The stamp of a result: everything that a reader needs to judge or repeat it."""

import json
from dataclasses import asdict
from importlib.metadata import version

from roadside_kernels.air.hierarchy import error_bound
from roadside_kernels.air.negligible import PER_TOLERANCE
from roadside_kernels.launch import Device

from roadside_server.computation.methods import FLAT_GROUND, OBSTACLES, Methods
from roadside_server.computation.transfer.storage import Manifest
from roadside_server.computation.transfer.words import stamped
from roadside_server.emissions.factors import EmissionFactors
from roadside_server.region.schema import Region
from roadside_server.scenario.reading import Scenario

PRECISION = "float32, in metres from the corner of each tile; emissions in float64"
BOUNDED = (
    "relative error of the contribution of open roads to the air, at the 99.9th percentile of "
    "receptors, against every piece of road on its own"
)
LARGEST = (
    "the same error, which no receptor exceeds if the wind is the same in all sectors, all roads "
    "are within range and every road emits the pollutants in the same proportions"
)
LEFT_OUT = (
    "ug/m3: all that open roads which were left out, because they can change no result by more, "
    "add to an annual mean of NOx or a particulate at any receptor, at most, and all that a change "
    "may add where a tile says that it is unchanged; beside these errors"
)
OPENSTREETMAP = "\u00a9 OpenStreetMap contributors, Open Database License 1.0"


def stamp_of(
    region: Region,
    scenario: Scenario,
    *,
    methods: Methods,
    factors: EmissionFactors,
    device: Device,
    caveats: tuple[str, ...],
    transfer: Manifest | None = None,
) -> dict[str, object]:
    """Stamp as JSON values."""
    return {
        "product": "Roadside",
        "version": version("roadside"),
        "region": {
            "name": region.name,
            "content_hash": region.content_hash,
            "crs": region.crs,
        },
        "scenario": {
            "title": scenario.title,
            "content_hash": scenario.content_hash,
            "asked": json.loads(scenario.document),
        },
        "quantities": list(scenario.quantities),
        "outputs": list(scenario.outputs),
        "options": asdict(scenario.options),
        "methods": methods.described(region, FLAT_GROUND if transfer is None else OBSTACLES),
        "noise_transfer": None if transfer is None else stamped(transfer),
        "emission_factors": {"name": factors.name, "description": factors.description},
        "year": scenario.options.year,
        "device": device,
        "precision": PRECISION,
        "accuracy": accuracy(scenario.options.tolerance),
        "assumptions": list(region.assumptions),
        "caveats": list(caveats),
        "attribution": attribution(region),
    }


def accuracy(tolerance: float) -> dict[str, object]:
    """How far sums over open roads may be from those over every piece of road on its own."""
    mode = "interactive" if tolerance > 0.0 else "formal"
    return {
        "mode": mode,
        "bound": tolerance,
        "of": BOUNDED,
        "largest": error_bound(tolerance),
        "largest_of": LARGEST,
        "left_out": PER_TOLERANCE * tolerance,
        "left_out_of": LEFT_OUT,
    }


def attribution(region: Region) -> list[str]:
    """Whom a map of this region must name."""
    mapped = any("OpenStreetMap" in assumption for assumption in region.assumptions)
    return [OPENSTREETMAP] if mapped else []
