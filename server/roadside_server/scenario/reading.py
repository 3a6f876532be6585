"""A scenario as the rest of the server knows it: checked, in SI units, without protobuf.

The only place that doubts: what passes here can be computed.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from google.protobuf.json_format import MessageToJson
from roadside.v1 import scenario_pb2

from roadside_server.errors import require
from roadside_server.region.schema import Region
from roadside_server.scenario.construction import Construction, canonical
from roadside_server.scenario.construction_messages import builds, read_construction
from roadside_server.scenario.measure_messages import enumerated, read_measure, require_between
from roadside_server.scenario.measures import Measure
from roadside_server.scenario.quantities import DEFAULT_QUANTITIES, OUTPUTS, QUANTITIES

#: Distance (m) within which a road counts for sound, unless a scenario asks otherwise: that for
#: which CNOSSOS-EU was made (JRC 2012).
DEFAULT_NOISE_RANGE = 800.0
MAX_NOISE_RANGE = 5000.0
#: Largest relative error that may be asked for.
MAX_TOLERANCE = 0.05
#: Bits of a float32 mantissa.
MANTISSA_BITS = 23


@dataclass(frozen=True, slots=True)
class Options:
    """Readings of the methods, defaults filled in."""

    year: int  # of the emission factors
    canyon_roads_beyond_street: bool = False
    noise_range: float = DEFAULT_NOISE_RANGE  # m
    keep_bits: int = 0  # of the mantissa; 0: all
    tolerance: float = 0.0  # relative error allowed for far open roads; 0: formal
    codec: str = ""  # none, zstd, blosc_lz4, blosc_zstd or gzip; empty: the server's default


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything one computation needs beside its region."""

    region: str  # name, without "regions/"
    title: str
    measures: tuple[Measure, ...]  # that change traffic
    construction: Construction  # what the other measures come to
    quantities: tuple[str, ...]  # in the order of QUANTITIES
    outputs: tuple[str, ...]  # in the order of OUTPUTS
    options: Options
    document: str  # the scenario as it was asked, JSON
    content_hash: str  # of what it computes: equal for equal roads however they were chosen


def read_scenario(
    message: scenario_pb2.Scenario, region: Region, years: tuple[int, int] | None = None
) -> Scenario:
    """Check a message against a region, and the years that have emission factors (first, last).

    Raises
    ------
    InvalidInputError
        If a field breaks a rule; it names the field, the value and the rule.
    """
    resource = f"regions/{region.name}"
    require(message.region == resource, "scenario.region", f"{message.region!r}, not {resource!r}")
    measures, construction = _measures(message.measures, region)
    outputs = _outputs(message.outputs, bool(message.measures))
    quantities = _quantities(message.quantities)
    options = _options(message.options, region, years)
    return Scenario(
        region=region.name,
        title=message.title,
        measures=measures,
        construction=construction,
        quantities=quantities,
        outputs=outputs,
        options=options,
        document=MessageToJson(message, preserving_proto_field_name=True, sort_keys=True),
        content_hash=_content_hash(region, measures, construction, quantities, outputs, options),
    )


def _measures(
    messages: Sequence[scenario_pb2.Measure], region: Region
) -> tuple[tuple[Measure, ...], Construction]:
    """Changes to traffic in their order, and what the others come to."""
    measures, construction = [], Construction()
    for i, message in enumerate(messages):
        field = f"scenario.measures[{i}]"
        if builds(message):
            construction = read_construction(message, region, construction, field)
        else:
            measures.append(read_measure(message, region, field))
    return tuple(measures), construction


def _quantities(values: Sequence[int]) -> tuple[str, ...]:
    asked = _listed(values, scenario_pb2.Quantity, "QUANTITY_", "scenario.quantities")
    return tuple(name for name in QUANTITIES if name in (asked or DEFAULT_QUANTITIES))


def _outputs(values: Sequence[int], any_measures: bool) -> tuple[str, ...]:
    asked = _listed(values, scenario_pb2.Output, "OUTPUT_", "scenario.outputs")
    default = set(OUTPUTS) if any_measures else {"baseline"}
    return tuple(name for name in OUTPUTS if name in (asked or default))


def _listed(values: Sequence[int], enumeration: object, prefix: str, field: str) -> set[str]:
    """Names of enumerated values, none of them unspecified."""
    names = [
        enumerated(value, enumeration, prefix, f"{field}[{i}]") for i, value in enumerate(values)
    ]
    for i, name in enumerate(names):
        require(bool(name), f"{field}[{i}]", f"{prefix}UNSPECIFIED is not one")
    return set(names)


def _options(
    options: scenario_pb2.Options, region: Region, years: tuple[int, int] | None
) -> Options:
    """Options with their defaults filled in."""
    year = options.year or region.year
    if years is not None:
        known = years[0] <= year <= years[1]
        rule = f"{year}; emission factors are known for {years[0]} to {years[1]}"
        require(known, "scenario.options.year", rule)
    field = "scenario.options.noise_range"
    require_between(options.noise_range, field, 0.0, MAX_NOISE_RANGE, "m")
    require_tolerance(options.tolerance, "scenario.options.tolerance")
    bits = options.keep_bits
    rule = f"{bits} bits, must be 0 (all) to {MANTISSA_BITS}"
    require(bits <= MANTISSA_BITS, "scenario.options.keep_bits", rule)
    return Options(
        year=year,
        canyon_roads_beyond_street=options.canyon_roads_beyond_street,
        noise_range=options.noise_range or DEFAULT_NOISE_RANGE,
        keep_bits=bits,
        tolerance=options.tolerance,
        codec=enumerated(options.codec, scenario_pb2.Codec, "CODEC_", "scenario.options.codec"),
    )


def require_tolerance(tolerance: float, field: str) -> None:
    """Refuse a relative error that nobody should ask for."""
    require_between(tolerance, field, 0.0, MAX_TOLERANCE, "(relative error)")


def _content_hash(
    region: Region,
    measures: tuple[Measure, ...],
    construction: Construction,
    quantities: tuple[str, ...],
    outputs: tuple[str, ...],
    options: Options,
) -> str:
    """SHA-256 of what determines the numbers: not of the title or the codec."""
    settled = asdict(options) | {"codec": ""}
    changed = [_canonical(measure) for measure in measures]
    if construction.changes:
        changed.append(canonical(construction))
    asked = [region.name, region.content_hash, changed, quantities, outputs, settled]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _canonical(measure: Measure) -> list[object]:
    change = measure.change
    values = {name: getattr(change, name) for name in change.__dataclass_fields__}
    listed = {k: sorted(v.items()) if isinstance(v, dict) else v for k, v in values.items()}
    roads = hashlib.sha256(measure.roads.tobytes()).hexdigest()
    return [type(change).__name__, listed, roads]
