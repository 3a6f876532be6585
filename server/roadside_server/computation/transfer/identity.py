"""What a noise transfer was made of, part by part, so that a stale one is found and named."""

from dataclasses import asdict

import numpy as np

from roadside_server.computation.transfer.emitting_lines import EmittingLines
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.region.content_hash import hash_array, hash_document, hash_table
from roadside_server.region.schema import Grid, Points, Region

#: Raised when the same input would be traced to other numbers.
TRACING = 2

Parts = dict[str, str]  # digests by name


def parts_of(region: Region, lines: EmittingLines, settings: TransferSettings) -> Parts:
    """Digests of all that tracing depends on; traffic is not among it."""
    weather = region.weather
    terrain = region.terrain
    ground = {} if terrain is None else _digest(asdict(terrain))
    return {
        "buildings": hash_table(region.buildings[["height", "geometry"]]),
        "screens": hash_table(region.screens),
        "ground areas": hash_table(region.ground_areas),
        "terrain": hash_document(ground),
        "receptors": hash_document(_receptors(region)),
        "roads": hash_document(_digest(lines._asdict() | {"sample": lines.sample.middle})),
        "weather": hash_document(
            {
                "temperature": weather.temperature,
                "humidity": weather.humidity,
                "ground_factor": weather.ground_factor,
                "favourable": hash_array(weather.favourable),
            }
        ),
        "settings": hash_document(asdict(settings)),
        "tracing": str(TRACING),
    }


def changed_parts(before: Parts, now: Parts) -> tuple[str, ...]:
    """Names of the parts that are not what they were."""
    return tuple(name for name in now if before.get(name) != now[name])


def _receptors(region: Region) -> dict[str, object]:
    receptors: Grid | Points = region.receptors
    kept = {name: value for name, value in asdict(receptors).items() if name != "label"}
    return {"height": region.receptor_height_noise} | _digest(kept)


def _digest(values: dict[str, object]) -> dict[str, object]:
    """JSON values, with digests in the place of arrays."""
    return {
        name: hash_array(value) if isinstance(value, np.ndarray) else value
        for name, value in values.items()
    }
