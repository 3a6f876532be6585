"""What whoever starts a server may set, with defaults."""

from dataclasses import dataclass
from pathlib import Path

from roadside_kernels.launch import Device

from roadside_server.emissions.cnossos_tables import Edition
from roadside_server.region.schema import Region

MEBIBYTE = 2**20
GIBIBYTE = 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may ask for; more is refused before anything is computed."""

    receptors: int = 20_000_000
    pairs: int = 100_000_000_000_000  # of road piece and receptor
    measures: int = 1000
    queued: int = 16  # requests that wait for the device


DEFAULT_LIMITS = Limits()
#: Seconds after which a client that reads nothing of a stream is cut off.
STALL = 600.0


@dataclass(frozen=True, slots=True)
class Settings:
    """A server."""

    regions: tuple[Path | Region, ...]  # folders of regions, or regions themselves
    results: Path  # folder where results are kept
    address: str = "127.0.0.1:50051"  # host:port, port 0: any; or unix:/path
    results_budget: int = 10 * GIBIBYTE  # bytes, the oldest results make room
    device: Device = "cpu"  # cpu or gpu
    limits: Limits = DEFAULT_LIMITS
    factors: str = "nl-2015"  # packaged emission factors by name, or a CSV file
    cnossos_edition: Edition = "2021"  # tables of sound power
    max_request: int = 4 * MEBIBYTE  # bytes of one request
    stall: float = STALL  # s
    reflection: bool = False  # tell clients of the services and messages
    warm_up: bool = True  # compile and run every kernel before saying SERVING
    grace: float = 30.0  # seconds for running calls to finish after SIGTERM
