"""A scenario as the rest of the server knows it: checked, in SI units, without protobuf."""

from dataclasses import dataclass

from roadside_server.measures import Measure


@dataclass(frozen=True, slots=True)
class Options:
    """Readings of the methods, defaults filled in."""

    year: int  # of the emission factors
    canyon_roads_beyond_street: bool = False
    noise_range: float = 2000.0  # m
    keep_bits: int = 0  # of the mantissa; 0: all
    codec: str = ""  # none, zstd, blosc_lz4, blosc_zstd or gzip; empty: the server's default


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything one computation needs beside its region."""

    region: str  # name, without "regions/"
    title: str
    measures: tuple[Measure, ...]
    quantities: tuple[str, ...]  # in the order of QUANTITIES
    outputs: tuple[str, ...]  # in the order of OUTPUTS
    options: Options
    document: str  # the scenario as it was asked, JSON
    content_hash: str  # of what it computes: equal for equal roads however chosen
