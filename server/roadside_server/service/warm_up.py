"""Compiles the kernels before the first request comes."""

import logging
import threading
import time
from collections.abc import Iterator
from itertools import islice

from roadside.v1 import scenario_pb2
from roadside_kernels.launch import Device

from roadside_server.computation.job import TileResult, prepare
from roadside_server.region.schema import Region
from roadside_server.scenario.reading import read_scenario
from roadside_server.service.catalogue import Catalogue
from roadside_server.service.worker import Worker

logger = logging.getLogger(__name__)


class WarmUp:
    """A run of one tile that nobody gets; it runs on the worker's own thread."""

    def __init__(self, region: Region, device: Device) -> None:
        self.cancelled = False
        self.error: BaseException | None = None
        self.done = threading.Event()
        self._region = region
        self._device = device

    def results(self) -> Iterator[TileResult]:
        """The first tile of the region as it is."""
        message = scenario_pb2.Scenario(region=f"regions/{self._region.name}")
        scenario = read_scenario(message, self._region)
        job = prepare(self._region, scenario, self._device)
        return islice(job.results(), 1)

    def take(self, result: TileResult) -> None:
        """Nothing is kept."""

    def finish(self) -> None:
        """The kernels are compiled."""
        self.done.set()

    def fail(self, error: BaseException | None) -> None:
        """They are not, and no run would do better."""
        self.error = error
        self.done.set()

    def queue_moved(self) -> None:
        """It is alone."""


def warm_up(catalogue: Catalogue, worker: Worker) -> None:
    """Run every kernel once, on the device; an error if that fails."""
    if not catalogue.names:
        return
    started = time.monotonic()
    run = WarmUp(catalogue.get(f"regions/{catalogue.names[0]}", "region"), worker.device)
    worker.submit(run)
    run.done.wait()
    if run.error is not None:
        raise run.error
    logger.info("kernels warm after %.1f s", time.monotonic() - started)
