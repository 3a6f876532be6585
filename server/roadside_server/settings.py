"""What whoever starts a server may set, with defaults."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from roadside_kernels.device_memory import free_on_gpu
from roadside_kernels.launch import Device

from roadside_server.emissions.cnossos_tables import Edition
from roadside_server.errors import InvalidInputError, require
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


#: Share of the machine's memory that regions and their sums may take.
MEMORY_SHARE = 0.6
#: Share of the GPU's free memory that they may take; the rest is for the tiles at hand.
GPU_MEMORY_SHARE = 0.8


def default_memory_budget() -> int:
    """Bytes that regions and their sums may take on this machine."""
    return int(MEMORY_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def memory_budget_of(gibibytes: float | None) -> int:
    """The memory budget (bytes) that was asked, or that of this machine."""
    return int(gibibytes * GIBIBYTE) if gibibytes is not None else default_memory_budget()


def gpu_memory_budget() -> int:
    """Bytes that regions and their sums may take on the GPU of this process."""
    return int(GPU_MEMORY_SHARE * free_on_gpu())


class DeviceName(NamedTuple):
    """A device as it is asked for: cpu, gpu, or one of several by number."""

    kind: Device
    number: int | None = None

    def __str__(self) -> str:
        return self.kind if self.number is None else f"{self.kind}:{self.number}"


def device_names(text: str) -> tuple[DeviceName, ...]:
    """Devices by name: "cpu", "gpu" or "gpu:0,gpu:1".

    Raises
    ------
    InvalidInputError
        If a name is not one, or is there twice.
    """
    names = text.split(",")
    found = tuple(_device_name(name) for name in names)
    require(len(set(found)) == len(found), "device", f"{text!r}, names a device twice")
    return found


def _device_name(name: str) -> DeviceName:
    matched = re.fullmatch(r"(cpu|gpu)(?::(\d{1,3}))?", name)
    if matched is None:
        raise InvalidInputError("device", f"{name!r}, must be cpu, gpu or as in gpu:0,gpu:1")
    kind: Device = "gpu" if matched[1] == "gpu" else "cpu"
    return DeviceName(kind, int(matched[2]) if matched[2] else None)


@dataclass(frozen=True, slots=True)
class Settings:
    """A server."""

    regions: tuple[Path | Region, ...]  # folders of regions, or regions themselves
    results: Path  # folder where results are kept
    address: str = "127.0.0.1:50051"  # host:port, port 0: any; or unix:/path
    results_budget: int = 10 * GIBIBYTE  # bytes, the oldest results make room
    # Bytes for regions and their sums; those that do not fit are not loaded.
    memory_budget: int = field(default_factory=default_memory_budget)
    preload: float | None = None  # tolerance to sum up the regions' traffic for; None: when asked
    device: str = "cpu"  # cpu, gpu, or several: gpu:0,gpu:1
    apart: bool = True  # every device computes in a process of its own
    limits: Limits = DEFAULT_LIMITS
    factors: str = "nl-2015"  # packaged emission factors by name, or a CSV file
    cnossos_edition: Edition = "2021"  # tables of sound power
    max_request: int = 4 * MEBIBYTE  # bytes of one request
    stall: float = STALL  # s
    reflection: bool = False  # tell clients of the services and messages
    warm_up: bool = True  # compile and run every kernel before saying SERVING
    grace: float = 30.0  # seconds for running calls to finish after SIGTERM
