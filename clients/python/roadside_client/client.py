"""A server as a Python object: blocking calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

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
from roadside_client.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from roadside.v1.scenario_pb2 import Scenario

Request = TypeVar("Request")
Response = TypeVar("Response")


def connect(
    address: str,
    *,
    timeout: float = 30.0,
    run_timeout: float = 3600.0,
    root_certificates: bytes | None = None,
) -> Client:
    """A client of the server at "host:port"; nothing is sent until the first call.

    Parameters
    ----------
    timeout : float
        Deadline (s) of every call but a run.
    run_timeout : float
        Deadline (s) of a run, from its first to its last message.
    root_certificates : bytes or None
        PEM certificates that vouch for the server; None: no encryption.
    """
    return Client(Connection(address, timeout, run_timeout, root_certificates))


class Client:
    """A connection to one server; safe to share between threads.

    Every method raises RoadsideClientError when the call fails.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._channel = connection.channel()
        self._scenarios = ScenarioServiceStub(self._channel)
        self._regions = RegionServiceStub(self._channel)
        self._results = ResultServiceStub(self._channel)

    def run(
        self,
        scenario: Scenario,
        view: messages.Box | None = None,
        *,
        validate_only: bool = False,
    ) -> Run:
        """Start a scenario; iterate the run for its tiles, those of the view (m) first."""
        request = messages.RunScenarioRequest(
            scenario=scenario, view=view, validate_only=validate_only
        )
        call = self._scenarios.RunScenario(request, timeout=self.connection.run_timeout)
        return Run(call, self.connection.address)

    def estimate(self, scenario: Scenario) -> messages.EstimateScenarioResponse:
        """Receptors, pairs of piece and receptor, seconds and bytes that a scenario would take."""
        request = messages.EstimateScenarioRequest(scenario=scenario)
        return self._call(self._scenarios.EstimateScenario, request)

    def contributions(
        self, scenario: Scenario, points: Sequence[tuple[float, float]], max_roads: int = 0
    ) -> list[messages.ReceptorContributions]:
        """Which roads are heard at places (m, the region's CRS), the loudest first; 0: 20 roads."""
        request = messages.ListContributionsRequest(
            scenario=scenario, points=[Point(x=x, y=y) for x, y in points], max_roads=max_roads
        )
        return list(self._call(self._scenarios.ListContributions, request).receptors)

    def limits(self) -> messages.GetLimitsResponse:
        """What the server accepts, on which device it computes, and its version."""
        return self._call(self._scenarios.GetLimits, messages.GetLimitsRequest())

    def regions(self) -> list[region_messages.Region]:
        """Every region that the server holds."""
        request = region_messages.ListRegionsRequest()
        return list(self._pages(self._regions.ListRegions, request, "regions"))

    def region(self, name: str) -> region_messages.Region:
        """One region: "regions/helsinki"."""
        request = region_messages.GetRegionRequest(name=name)
        return self._call(self._regions.GetRegion, request).region

    def roads(self, region: str, street: str = "") -> list[region_messages.Road]:
        """The roads of a region, or those of one street, with their lines in the region's CRS."""
        request = region_messages.ListRoadsRequest(region=region, street=street)
        return list(self._pages(self._regions.ListRoads, request, "roads"))

    def load_region(self, name: str, tolerance: float = 0.0) -> region_messages.RegionMemory:
        """Read a region, and sum up its traffic for runs of this tolerance; what it takes."""
        request = region_messages.LoadRegionRequest(name=name, tolerance=tolerance)
        timeout = self.connection.run_timeout
        return self._call(self._regions.LoadRegion, request, timeout).memory

    def unload_region(self, name: str) -> int:
        """Free what a region takes of the server's memory; the bytes that became free."""
        request = region_messages.UnloadRegionRequest(name=name)
        return self._call(self._regions.UnloadRegion, request).freed

    def memory(self) -> region_messages.GetMemoryResponse:
        """The server's memory: budget, use, and what each region takes (bytes)."""
        return self._call(self._regions.GetMemory, region_messages.GetMemoryRequest())

    def results(self) -> list[result_messages.Result]:
        """The results that the server still holds, newest first."""
        request = result_messages.ListResultsRequest()
        return list(self._pages(self._results.ListResults, request, "results"))

    def result_keys(self, result: str) -> list[str]:
        """Every key of the Zarr store of a result."""
        request = result_messages.ListRequest(result=result)
        return list(self._pages(self._results.List, request, "keys"))

    def result_values(self, result: str, keys: list[str]) -> Iterator[tuple[str, bytes]]:
        """Yield keys and bytes of the Zarr store of a result, in the order of the keys."""
        request = result_messages.GetManyRequest(result=result, keys=keys)
        call = self._results.GetMany(request, timeout=self.connection.run_timeout)
        try:
            for value in call:
                yield value.key, value.value
        except grpc.RpcError as error:
            raise client_error(error, self.connection.address) from error
        finally:
            call.cancel()

    def close(self) -> None:
        """Close the connection; runs that are still going are cancelled."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _call(
        self,
        method: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        timeout: float | None = None,
    ) -> Response:
        try:
            return method(request, timeout=timeout or self.connection.timeout)
        except grpc.RpcError as error:
            raise client_error(error, self.connection.address) from error

    def _pages(
        self, method: grpc.UnaryUnaryMultiCallable[Any, Any], request: Any, items: str
    ) -> Iterator[Any]:
        """Yield the items of every page."""
        while True:
            response = self._call(method, request)
            yield from getattr(response, items)
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token
