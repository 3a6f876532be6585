"""A server as a Python object: calls to be awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import grpc
from roadside.v1 import region_service_pb2 as region_messages
from roadside.v1 import result_service_pb2 as result_messages
from roadside.v1 import scenario_service_pb2 as messages
from roadside.v1.region_service_pb2_grpc import RegionServiceStub
from roadside.v1.result_service_pb2_grpc import ResultServiceStub
from roadside.v1.scenario_pb2 import Point
from roadside.v1.scenario_service_pb2_grpc import ScenarioServiceStub

from roadside_client.connection import Connection
from roadside_client.errors import client_error
from roadside_client.run import AsyncRun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from roadside.v1.scenario_pb2 import Scenario


def connect_async(
    address: str,
    *,
    timeout: float = 30.0,
    run_timeout: float = 3600.0,
    root_certificates: bytes | None = None,
) -> AsyncClient:
    """As connect(), for the running event loop; not itself awaited."""
    return AsyncClient(Connection(address, timeout, run_timeout, root_certificates))


class AsyncClient:
    """As Client, with methods to be awaited; belongs to the event loop it was made on."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._channel = connection.async_channel()
        self._scenarios = ScenarioServiceStub(self._channel)
        self._regions = RegionServiceStub(self._channel)
        self._results = ResultServiceStub(self._channel)

    def run(
        self,
        scenario: Scenario,
        view: messages.Box | None = None,
        *,
        validate_only: bool = False,
    ) -> AsyncRun:
        """Start a scenario; iterate the run for its tiles, those of the view (m) first."""
        request = messages.RunScenarioRequest(
            scenario=scenario, view=view, validate_only=validate_only
        )
        call = self._scenarios.RunScenario(request, timeout=self.connection.run_timeout)
        return AsyncRun(call, self.connection.address)

    async def estimate(self, scenario: Scenario) -> messages.EstimateScenarioResponse:
        """Receptors, pairs of piece and receptor, seconds and bytes that a scenario would take."""
        request = messages.EstimateScenarioRequest(scenario=scenario)
        response: messages.EstimateScenarioResponse = await self._call(
            self._scenarios.EstimateScenario, request
        )
        return response

    async def contributions(
        self, scenario: Scenario, points: Sequence[tuple[float, float]], max_roads: int = 0
    ) -> list[messages.ReceptorContributions]:
        """Which roads are heard at places (m, the region's CRS), the loudest first; 0: 20 roads."""
        request = messages.ListContributionsRequest(
            scenario=scenario, points=[Point(x=x, y=y) for x, y in points], max_roads=max_roads
        )
        return list((await self._call(self._scenarios.ListContributions, request)).receptors)

    async def limits(self) -> messages.GetLimitsResponse:
        """What the server accepts, on which device it computes, and its version."""
        response: messages.GetLimitsResponse = await self._call(
            self._scenarios.GetLimits, messages.GetLimitsRequest()
        )
        return response

    async def regions(self) -> list[region_messages.Region]:
        """Every region that the server holds."""
        request = region_messages.ListRegionsRequest()
        return await self._pages(self._regions.ListRegions, request, "regions")

    async def region(self, name: str) -> region_messages.Region:
        """One region: "regions/helsinki"."""
        request = region_messages.GetRegionRequest(name=name)
        response: region_messages.GetRegionResponse = await self._call(
            self._regions.GetRegion, request
        )
        return response.region

    async def roads(self, region: str, street: str = "") -> list[region_messages.Road]:
        """The roads of a region, or those of one street, with their lines in the region's CRS."""
        request = region_messages.ListRoadsRequest(region=region, street=street)
        return await self._pages(self._regions.ListRoads, request, "roads")

    async def load_region(self, name: str, tolerance: float = 0.0) -> region_messages.RegionMemory:
        """Read a region, and sum up its traffic for runs of this tolerance; what it takes."""
        request = region_messages.LoadRegionRequest(name=name, tolerance=tolerance)
        timeout = self.connection.run_timeout
        response: region_messages.LoadRegionResponse = await self._call(
            self._regions.LoadRegion, request, timeout
        )
        return response.memory

    async def unload_region(self, name: str) -> int:
        """Free what a region takes of the server's memory; the bytes that became free."""
        request = region_messages.UnloadRegionRequest(name=name)
        response: region_messages.UnloadRegionResponse = await self._call(
            self._regions.UnloadRegion, request
        )
        return response.freed

    async def memory(self) -> region_messages.GetMemoryResponse:
        """The server's memory: budget, use, and what each region takes (bytes)."""
        response: region_messages.GetMemoryResponse = await self._call(
            self._regions.GetMemory, region_messages.GetMemoryRequest()
        )
        return response

    async def results(self) -> list[result_messages.Result]:
        """The results that the server still holds, newest first."""
        request = result_messages.ListResultsRequest()
        return await self._pages(self._results.ListResults, request, "results")

    async def close(self) -> None:
        """Close the connection; runs that are still going are cancelled."""
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _call(self, method: Any, request: Any, deadline: float | None = None) -> Any:
        try:
            return await method(request, timeout=deadline or self.connection.timeout)
        except grpc.RpcError as error:
            raise client_error(error, self.connection.address) from error

    async def _pages(self, method: Any, request: Any, items: str) -> list[Any]:
        """The items of every page."""
        found: list[Any] = []
        while True:
            response = await self._call(method, request)
            found += getattr(response, items)
            if not response.next_page_token:
                return found
            request.page_token = response.next_page_token
