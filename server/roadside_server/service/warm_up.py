"""Compiles the kernels before the first request comes, and sums up the present traffic."""

import logging
import threading
import time
from collections.abc import Iterator
from itertools import islice

from roadside.v1 import scenario_pb2
from roadside_kernels.launch import Device

from roadside_server.computation.job import Job, TileResult, prepare
from roadside_server.computation.site import Site
from roadside_server.scenario.measures import all_vehicles_per_day
from roadside_server.scenario.reading import read_scenario
from roadside_server.service.catalogue import Catalogue
from roadside_server.service.worker import Worker

#: Tolerance of the interactive kernels that are compiled.
INTERACTIVE = 0.005

logger = logging.getLogger(__name__)


class WarmUp:
    """A run that nobody gets; it runs on the worker's own thread."""

    def __init__(self, job: Job, tiles: int | None = None) -> None:
        self.error: BaseException | None = None
        self.done = threading.Event()
        self._cancelled = threading.Event()
        self._job = job
        self._tiles = tiles  # to compute; None: all

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._cancelled.is_set()

    @property
    def gathers(self) -> bool:
        """Whether far roads are gathered, so that other kernels run."""
        roads = self._job.air.open_roads.values() if self._job.air is not None else ()
        return any(part.hierarchy is not None for part in roads)

    def cancel(self) -> None:
        """Stop soon."""
        self._cancelled.set()

    def results(self) -> Iterator[TileResult]:
        """Tiles of the region as it is."""
        return islice(self._job.results(cancelled=self._cancelled.is_set), self._tiles)

    def take(self, result: TileResult) -> None:
        """Only sums are kept."""

    def finish(self) -> None:
        """The kernels are compiled, and the sums known."""
        self.done.set()

    def fail(self, error: BaseException | None) -> None:
        """They are not, and no run would do better."""
        self.error = error
        self.done.set()

    def queue_moved(self) -> None:
        """Nobody asks for its place in the queue."""


def kernel_run(site: Site, device: Device, tolerance: float = 0.0) -> WarmUp:
    """One tile with the busiest road closed: every kernel is compiled."""
    busiest = int(all_vehicles_per_day(site.region.roads).argmax())
    road = scenario_pb2.RoadIds(ids=[site.region.roads["road_id"].iloc[busiest]])
    closed = scenario_pb2.Measure(
        roads=scenario_pb2.RoadSelection(ids=road), close=scenario_pb2.Close()
    )
    return WarmUp(_job(site, device, tolerance, closed), tiles=1)


def sums_run(site: Site, device: Device, tolerance: float = 0.0) -> WarmUp:
    """All tiles with the present traffic, whose sums stay in memory."""
    return WarmUp(_job(site, device, tolerance))


def warm_up(catalogue: Catalogue, worker: Worker, preload: float | None = None) -> None:
    """Run every kernel once, on the device; an error if that fails.

    Parameters
    ----------
    preload
        Tolerance for which all loaded regions are summed up too; None: none of them.
    """
    started = time.monotonic()
    sites = [catalogue.site(f"regions/{name}", "region") for name in catalogue.loaded]
    for site in sites[:1]:
        _run(kernel_run(site, worker.device), worker)
        interactive = kernel_run(site, worker.device, INTERACTIVE)
        if interactive.gathers:
            _run(interactive, worker)
    logger.info("kernels warm after %.1f s", time.monotonic() - started)
    if preload is not None:
        for site in sites:
            _run(sums_run(site, worker.device, preload), worker)
        logger.info("regions summed up after %.1f s", time.monotonic() - started)


def _job(site: Site, device: Device, tolerance: float, *measures: scenario_pb2.Measure) -> Job:
    message = scenario_pb2.Scenario(
        region=f"regions/{site.region.name}",
        measures=measures,
        options=scenario_pb2.Options(tolerance=tolerance),
    )
    return prepare(site.region, read_scenario(message, site.region), device, site=site)


def _run(run: WarmUp, worker: Worker) -> None:
    worker.submit(run)
    run.done.wait()
    if run.error is not None:
        raise run.error
