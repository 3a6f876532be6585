"""The devices of a server, and which of them a request goes to."""

from collections.abc import Sequence
from contextlib import ExitStack

import numba

from roadside_server.service.catalogue import RegionMemory
from roadside_server.service.computer import Computer
from roadside_server.service.local_computer import LocalComputer
from roadside_server.service.process_computer import ProcessComputer
from roadside_server.service.worker import Worker
from roadside_server.settings import DeviceName, Settings, device_names


class Devices:
    """Workers of one device each: a run is computed by one of them, whole."""

    def __init__(self, workers: Sequence[Worker]) -> None:
        self.workers = tuple(workers)

    def __str__(self) -> str:
        return ",".join(str(computer.device) for computer in self.computers)

    @property
    def computers(self) -> list[Computer]:
        """What computes on each device."""
        return [worker.computer for worker in self.workers]

    @property
    def budget(self) -> int:
        """Bytes that regions and their sums may take."""
        return sum(computer.budget for computer in self.computers)

    def least_busy(self) -> Worker:
        """The worker with the fewest runs, of those that would answer now."""
        return min(self.workers, key=lambda worker: (not worker.computer.up, worker.load))

    def unload(self, resource: str) -> int:
        """Have every device forget a region; bytes that become free."""
        return sum(computer.unload(resource) for computer in self.computers)

    def memory(self) -> list[RegionMemory]:
        """What each region takes on all devices together."""
        by_device = [computer.memory() for computer in self.computers]
        return [_together(regions) for regions in zip(*by_device, strict=True)]

    def close(self) -> None:
        """Take no more runs, and wait for those being computed."""
        for worker in self.workers:
            worker.close()


def _together(regions: Sequence[RegionMemory]) -> RegionMemory:
    """What one region takes on several devices."""
    return RegionMemory(
        name=regions[0].name,
        loaded=any(region.loaded for region in regions),
        needed=sum(region.needed for region in regions),
        sums=sum(region.sums for region in regions),
    )


def devices_of(settings: Settings) -> Devices:
    """Workers for all devices, each with an equal share of the memory.

    Raises
    ------
    RoadsideError
        There is no such device, or a region is missing, damaged or too large.
    """
    names = device_names(settings.device)
    budget = settings.memory_budget // len(names)
    computers: Sequence[Computer] = (
        _processes(settings, names, budget)
        if settings.apart
        else [LocalComputer(settings, name, budget) for name in names]
    )
    return Devices([Worker(computer, settings.limits.queued) for computer in computers])


def _processes(
    settings: Settings, names: Sequence[DeviceName], budget: int
) -> list[ProcessComputer]:
    """Processes that start at the same time and share the cores; none if one of them fails."""
    threads = max(numba.config.NUMBA_NUM_THREADS // len(names), 1)
    with ExitStack() as ending:
        computers = []
        for name in names:
            computers.append(ProcessComputer(settings, name, budget, threads=threads))
            ending.callback(computers[-1].close)
        for computer in computers:
            computer.life.open()
        ending.pop_all()
    return computers
