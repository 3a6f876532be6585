"""The service that describes regions."""

import asyncio

from roadside.v1 import region_service_pb2 as messages

from roadside_server.region.schema import Region
from roadside_server.scenario.reading import require_tolerance
from roadside_server.service.catalogue import Catalogue
from roadside_server.service.handlers import Context
from roadside_server.service.messages import memory_message, region_message, road_messages
from roadside_server.service.pages import page_of
from roadside_server.service.warm_up import WarmUp, sums_run
from roadside_server.service.worker import Worker

#: A quarter of a mebibyte, or about.
ROADS_OF_A_PAGE = 1000


class RegionService:
    """Regions, their roads, and the memory they take."""

    def __init__(self, catalogue: Catalogue, worker: Worker) -> None:
        self._catalogue = catalogue
        self._worker = worker

    async def ListRegions(  # noqa: N802 - the name in the proto
        self, request: messages.ListRegionsRequest, _: Context
    ) -> messages.ListRegionsResponse:
        """Regions by name, those that cannot be read left out."""
        names, token = page_of(self._catalogue.names, request)
        regions = await asyncio.to_thread(self._catalogue.described, names)
        described = [region_message(region) for region in regions]
        return messages.ListRegionsResponse(regions=described, next_page_token=token)

    async def GetRegion(  # noqa: N802
        self, request: messages.GetRegionRequest, _: Context
    ) -> messages.GetRegionResponse:
        """One region."""
        region = await self._region(request.name, "name")
        return messages.GetRegionResponse(region=region_message(region))

    async def ListRoads(  # noqa: N802
        self, request: messages.ListRoadsRequest, _: Context
    ) -> messages.ListRoadsResponse:
        """Roads of a region in the order of its table."""
        region = await self._region(request.region, "region")
        return await asyncio.to_thread(_roads, region, request)

    async def LoadRegion(  # noqa: N802
        self, request: messages.LoadRegionRequest, _: Context
    ) -> messages.LoadRegionResponse:
        """A region read, and its present traffic summed up."""
        require_tolerance(request.tolerance, "tolerance")
        run = await asyncio.to_thread(self._sums_of, request)
        self._worker.submit(run)
        try:
            await asyncio.to_thread(run.done.wait)
        except asyncio.CancelledError:
            run.cancel()
            self._worker.drop(run)
            raise
        if run.error is not None:
            raise run.error
        (memory,) = self._catalogue.memory(request.name)
        return messages.LoadRegionResponse(memory=memory_message(memory))

    async def UnloadRegion(  # noqa: N802
        self, request: messages.UnloadRegionRequest, _: Context
    ) -> messages.UnloadRegionResponse:
        """A region forgotten."""
        freed = await asyncio.to_thread(self._catalogue.unload, request.name, "name")
        return messages.UnloadRegionResponse(freed=freed)

    async def GetMemory(  # noqa: N802
        self, _: messages.GetMemoryRequest, __: Context
    ) -> messages.GetMemoryResponse:
        """What there is of memory, and who takes it."""
        regions = await asyncio.to_thread(self._catalogue.memory)
        return messages.GetMemoryResponse(
            budget=self._catalogue.budget,
            used=sum(region.needed for region in regions if region.loaded),
            regions=[memory_message(region) for region in regions],
            device=self._worker.device,
        )

    def _sums_of(self, request: messages.LoadRegionRequest) -> WarmUp:
        site = self._catalogue.site(request.name, "name")
        return sums_run(site, self._worker.device, request.tolerance)

    async def _region(self, resource: str, field: str) -> Region:
        return await asyncio.to_thread(self._catalogue.get, resource, field)


def _roads(region: Region, request: messages.ListRoadsRequest) -> messages.ListRoadsResponse:
    named = region.roads["name"] == request.street
    rows = named.to_numpy().nonzero()[0] if request.street else range(len(region.roads))
    asked = f"{request.region} {region.content_hash} {request.street}"
    page, token = page_of(rows, request, asked, ROADS_OF_A_PAGE)
    roads = road_messages(region.roads.iloc[list(page)])
    return messages.ListRoadsResponse(roads=roads, next_page_token=token)
