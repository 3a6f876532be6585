"""One run of a scenario, timed: through a server and its client, or without any transfer."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from google.protobuf.json_format import MessageToDict
from roadside.v1.region_service_pb2 import UnloadRegionRequest
from roadside.v1.region_service_pb2_grpc import RegionServiceStub
from roadside.v1.scenario_pb2 import Scenario
from roadside_client import Client, TileData, connect
from roadside_kernels.launch import Device
from roadside_server.computation.job import Job, prepare
from roadside_server.computation.resident import Resident
from roadside_server.computation.site import Site
from roadside_server.region.schema import Region
from roadside_server.scenario.reading import read_scenario
from roadside_server.serve import EmbeddedServer
from roadside_server.settings import DEFAULT_LIMITS

#: The sweep goes beyond what a server usually accepts.
MAX_RECEPTORS = 50_000_000
#: Share of the runs that take no longer than the 95th percentile.
SLOW = 95


class Streamed(NamedTuple):
    """What a client saw of one run; seconds since the request."""

    first: float  # first tile
    last: float  # last tile that changed
    end: float  # summary
    received: int  # bytes of chunks
    tiles: int
    unchanged: int
    pairs: int
    stages: dict[str, float]


class Computed(NamedTuple):
    """One run in this process; seconds since the request."""

    prepared: float
    first: float
    last: float
    pairs: int
    tiles: int
    baseline_in_memory: bool


@dataclass(frozen=True, slots=True)
class Loopback:
    """A server of its own with one region, and how to reach it."""

    address: str
    region: Region

    def run(self, scenario: Scenario) -> Streamed:
        """One run of one client."""
        with connect(self.address) as client:
            return streamed(client, scenario)

    def runs_at_once(self, scenarios: list[Scenario]) -> list[Streamed]:
        """A client for each scenario, all at the same time."""
        with ThreadPoolExecutor(len(scenarios)) as clients:
            return list(clients.map(self.run, scenarios))

    def forget(self) -> None:
        """Drop all sums over the region's traffic."""
        with connect(self.address) as client:
            channel = client.connection.channel()
            request = UnloadRegionRequest(name=f"regions/{self.region.name}")
            RegionServiceStub(channel).UnloadRegion(request)
            channel.close()


@contextmanager
def loopback(region: Region, device: Device) -> Iterator[Loopback]:
    """A server in this process that clients reach over the loopback interface."""
    limits = replace(DEFAULT_LIMITS, receptors=MAX_RECEPTORS)
    with EmbeddedServer([region], device=device, limits=limits) as server:
        yield Loopback(server.address, region)


def streamed(client: Client, scenario: Scenario) -> Streamed:
    """Run a scenario and take every tile, undecoded."""
    start = time.perf_counter()
    first = last = 0.0
    received = tiles = unchanged = 0
    with client.run(scenario) as run:
        for event in run.events():
            if not isinstance(event, TileData):
                continue
            tiles += 1
            received += sum(len(content) for content in event.chunks.values())
            if event.unchanged:
                unchanged += 1
                continue
            last = time.perf_counter() - start
            first = first or last
        summary = run.finish()
    end = time.perf_counter() - start
    stages = MessageToDict(summary.stages, always_print_fields_with_no_presence=True)
    return Streamed(first, last, end, received, tiles, unchanged, summary.pairs, stages)


def prepared(region: Region, scenario: Scenario, device: Device, site: Site | None = None) -> Job:
    """A job that uses the sums of a site; without one, none of any other run."""
    site = site or Site(region, Resident())
    return prepare(region, read_scenario(scenario, region), device, site=site)


def computed(
    region: Region, scenario: Scenario, device: Device, baseline: Scenario | None = None
) -> Computed:
    """Run a scenario without server, store, codec or client; its baseline, if given, before."""
    site = Site(region, Resident())
    if baseline is not None:
        for _ in prepared(region, baseline, device, site).results():
            pass
    start = time.perf_counter()
    job = prepared(region, scenario, device, site)
    ready = time.perf_counter() - start
    ends, pairs = [], 0
    for result in job.results():
        ends.append(time.perf_counter() - start)
        pairs += result.pairs
    return Computed(ready, ends[0], ends[-1], pairs, len(ends), baseline is not None)


def spread(values: list[float]) -> dict[str, float]:
    """Least, median and 95th percentile of some times (s)."""
    return {
        "minimum": min(values),
        "median": float(np.median(values)),
        "p95": float(np.percentile(values, SLOW)),
    }


def spreads(runs: list[Any], *names: str) -> dict[str, Any]:
    """Spread of each of some figures over runs."""
    return {name: spread([getattr(run, name) for run in runs]) for name in names}
