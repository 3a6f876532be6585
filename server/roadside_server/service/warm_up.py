"""Compiles the kernels before the first request comes, and sums up the present traffic."""

import logging
import threading
import time
from collections.abc import Iterator
from itertools import islice

from roadside.v1 import scenario_pb2
from roadside_kernels.launch import Device

from roadside_server.computation.job import TileResult, prepare
from roadside_server.computation.site import Site
from roadside_server.scenario.reading import read_scenario
from roadside_server.service.catalogue import Catalogue
from roadside_server.service.worker import Worker

logger = logging.getLogger(__name__)


class WarmUp:
    """A run that nobody gets; it runs on the worker's own thread.

    Parameters
    ----------
    tiles
        To compute; None: all, so that the sums over the present traffic are in memory.
    """

    def __init__(
        self, site: Site, device: Device, tiles: int | None = None, tolerance: float = 0.0
    ) -> None:
        self.error: BaseException | None = None
        self.done = threading.Event()
        self._cancelled = threading.Event()
        self._tiles = tiles
        region = site.region
        message = scenario_pb2.Scenario(region=f"regions/{region.name}")
        message.options.tolerance = tolerance
        self._job = prepare(region, read_scenario(message, region), device, site=site)

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for it any more."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Stop soon."""
        self._cancelled.set()

    def results(self) -> Iterator[TileResult]:
        """Tiles of the region as it is."""
        return islice(self._job.results(cancelled=self._cancelled.is_set), self._tiles)

    def take(self, result: TileResult) -> None:
        """Nothing is kept but the sums."""

    def finish(self) -> None:
        """The kernels are compiled, and the sums known."""
        self.done.set()

    def fail(self, error: BaseException | None) -> None:
        """They are not, and no run would do better."""
        self.error = error
        self.done.set()

    def queue_moved(self) -> None:
        """Nobody asks for its place in the queue."""


def warm_up(catalogue: Catalogue, worker: Worker, preload: float | None = None) -> None:
    """Run every kernel once, on the device; an error if that fails.

    Parameters
    ----------
    preload
        Tolerance for which the sums of all loaded regions are made too; None: of none.
    """
    started = time.monotonic()
    for name in catalogue.loaded if preload is not None else catalogue.loaded[:1]:
        site = catalogue.site(f"regions/{name}", "region")
        tiles = 1 if preload is None else None
        run = WarmUp(site, worker.device, tiles, preload or 0.0)
        worker.submit(run)
        run.done.wait()
        if run.error is not None:
            raise run.error
    logger.info("kernels warm after %.1f s", time.monotonic() - started)
