"""The service that describes regions."""

import asyncio
from functools import partial

from roadside.v1 import region_service_pb2 as messages

from roadside_server.scenario.reading import require_tolerance
from roadside_server.service.computer import Computer
from roadside_server.service.devices import Devices
from roadside_server.service.errand import run_errand
from roadside_server.service.handlers import Context
from roadside_server.service.messages import memory_message
from roadside_server.service.pages import page_of


class RegionService:
    """Regions, their roads, and the memory they take."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    async def ListRegions(  # noqa: N802 - the name in the proto
        self, request: messages.ListRegionsRequest, _: Context
    ) -> messages.ListRegionsResponse:
        """Regions by name, those that cannot be read left out."""
        computer = self._computer()
        names, token = page_of(computer.names, request)
        described = await asyncio.to_thread(computer.regions, names)
        return messages.ListRegionsResponse(regions=described, next_page_token=token)

    async def GetRegion(  # noqa: N802
        self, request: messages.GetRegionRequest, _: Context
    ) -> messages.GetRegionResponse:
        """One region."""
        region = await asyncio.to_thread(self._computer().region, request.name)
        return messages.GetRegionResponse(region=region)

    async def ListRoads(  # noqa: N802
        self, request: messages.ListRoadsRequest, _: Context
    ) -> messages.ListRoadsResponse:
        """Roads of a region in the order of its table."""
        return await asyncio.to_thread(self._computer().roads, request)

    async def LoadRegion(  # noqa: N802
        self, request: messages.LoadRegionRequest, _: Context
    ) -> messages.LoadRegionResponse:
        """A region read, and its present traffic summed up, on every device."""
        require_tolerance(request.tolerance, "tolerance")
        # A region that is not known, or too large, is refused before anything waits.
        await asyncio.to_thread(self._computer().region, request.name)
        devices, asked = self._devices, (request.name, request.tolerance)
        work = [partial(computer.sum_up, *asked) for computer in devices.computers]
        await asyncio.gather(*map(run_errand, devices.workers, work))
        regions = await asyncio.to_thread(devices.memory)
        (memory,) = (region for region in regions if f"regions/{region.name}" == request.name)
        return messages.LoadRegionResponse(memory=memory_message(memory))

    async def UnloadRegion(  # noqa: N802
        self, request: messages.UnloadRegionRequest, _: Context
    ) -> messages.UnloadRegionResponse:
        """A region forgotten."""
        freed = await asyncio.to_thread(self._devices.unload, request.name)
        return messages.UnloadRegionResponse(freed=freed)

    async def GetMemory(  # noqa: N802
        self, _: messages.GetMemoryRequest, __: Context
    ) -> messages.GetMemoryResponse:
        """What there is of memory, and who takes it."""
        regions = await asyncio.to_thread(self._devices.memory)
        return messages.GetMemoryResponse(
            budget=self._devices.budget,
            used=sum(region.needed for region in regions if region.loaded),
            regions=[memory_message(region) for region in regions],
            device=str(self._devices),
        )

    def _computer(self) -> Computer:
        """The one that answers soonest, or so."""
        return self._devices.least_busy().computer
