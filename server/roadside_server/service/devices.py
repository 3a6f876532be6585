"""The devices of a server, and which of them a request goes to."""

from collections.abc import Sequence

from roadside_server.service.catalogue import RegionMemory
from roadside_server.service.computer import Computer
from roadside_server.service.worker import Worker


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
