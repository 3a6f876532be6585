"""The service that describes regions."""

import asyncio

from roadside.v1 import region_service_pb2 as messages

from roadside_server.region.schema import Region
from roadside_server.service.catalogue import Catalogue
from roadside_server.service.handlers import Context
from roadside_server.service.messages import region_message, road_messages
from roadside_server.service.pages import page_of

#: A quarter of a mebibyte, or about.
ROADS_OF_A_PAGE = 1000


class RegionService:
    """Regions and their roads."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def ListRegions(  # noqa: N802 - the name in the proto
        self, request: messages.ListRegionsRequest, _: Context
    ) -> messages.ListRegionsResponse:
        """Regions by name, those that cannot be read left out."""
        names, token = page_of(self._catalogue.names, request)
        regions = await asyncio.to_thread(self._catalogue.readable, names)
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

    async def _region(self, resource: str, field: str) -> Region:
        return await asyncio.to_thread(self._catalogue.get, resource, field)


def _roads(region: Region, request: messages.ListRoadsRequest) -> messages.ListRoadsResponse:
    named = region.roads["name"] == request.street
    rows = named.to_numpy().nonzero()[0] if request.street else range(len(region.roads))
    asked = f"{request.region} {region.content_hash} {request.street}"
    page, token = page_of(rows, request, asked, ROADS_OF_A_PAGE)
    roads = road_messages(region.roads.iloc[list(page)])
    return messages.ListRoadsResponse(roads=roads, next_page_token=token)
