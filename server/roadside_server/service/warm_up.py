"""Compiles the kernels before the first request comes, and sums up the present traffic."""

import logging
import time
from collections.abc import Iterator, Sequence
from itertools import islice

from roadside.v1 import scenario_pb2
from roadside_kernels.launch import Device

from roadside_server.computation.evaluation import Cancelled
from roadside_server.computation.job import Job, prepare
from roadside_server.computation.site import Site
from roadside_server.scenario.measures import all_vehicles_per_day
from roadside_server.scenario.reading import read_scenario

#: Tolerance of the interactive kernels that are compiled.
INTERACTIVE = 0.005

logger = logging.getLogger(__name__)


def warm_up(
    sites: Sequence[Site], device: Device, preload: float | None, cancelled: Cancelled
) -> None:
    """Run every kernel once, on the device; an error if that fails.

    Parameters
    ----------
    preload
        Tolerance for which all regions are summed up too; None: none of them.
    """
    started = time.monotonic()
    for site in sites[:1]:
        for job in _kernel_jobs(site, device):
            _compute(job, cancelled, tiles=1)
    logger.info("kernels warm after %.1f s", time.monotonic() - started)
    if preload is not None:
        for site in sites:
            sum_up(site, device, preload, cancelled)
        logger.info("regions summed up after %.1f s", time.monotonic() - started)


def sum_up(site: Site, device: Device, tolerance: float, cancelled: Cancelled) -> None:
    """Compute all tiles with the present traffic: their sums stay in memory."""
    _compute(_job(site, device, tolerance), cancelled)


def _kernel_jobs(site: Site, device: Device) -> Iterator[Job]:
    """Jobs that close the busiest road: together they run every kernel."""
    busiest = int(all_vehicles_per_day(site.region.roads).argmax())
    road = scenario_pb2.RoadIds(ids=[site.region.roads["road_id"].iloc[busiest]])
    closed = scenario_pb2.Measure(
        roads=scenario_pb2.RoadSelection(ids=road), close=scenario_pb2.Close()
    )
    yield _job(site, device, 0.0, closed)
    interactive = _job(site, device, INTERACTIVE, closed)
    if _gathers(interactive):
        yield interactive


def _gathers(job: Job) -> bool:
    """Whether far roads are gathered, so that other kernels run."""
    roads = job.air.open_roads.values() if job.air is not None else ()
    return any(part.hierarchy is not None for part in roads)


def _job(site: Site, device: Device, tolerance: float, *measures: scenario_pb2.Measure) -> Job:
    message = scenario_pb2.Scenario(
        region=f"regions/{site.region.name}",
        measures=measures,
        options=scenario_pb2.Options(tolerance=tolerance),
    )
    return prepare(site.region, read_scenario(message, site.region), device, site=site)


def _compute(job: Job, cancelled: Cancelled, tiles: int | None = None) -> None:
    """Compute some tiles, or all; only sums are kept."""
    for _ in islice(job.results(cancelled=cancelled), tiles):
        pass
