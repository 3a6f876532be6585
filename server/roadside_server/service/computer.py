"""What computes on one device: here, or in a process of its own."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

from roadside.v1 import region_service_pb2, scenario_pb2, scenario_service_pb2

from roadside_server.computation.estimate import Estimate
from roadside_server.computation.evaluation import Cancelled
from roadside_server.computation.job import TileResult
from roadside_server.computation.tiles import View
from roadside_server.results.outline import Outline
from roadside_server.results.summary import Summary
from roadside_server.results.zarr_format import StoreParts
from roadside_server.service.catalogue import RegionMemory
from roadside_server.service.stages import StageTimes
from roadside_server.settings import DeviceName

#: Tiles that may be computed ahead of the encoder.
TILES_AHEAD = 2


class Facts(NamedTuple):
    """What is known of a scenario before it is computed."""

    outline: Outline
    parts: StoreParts
    estimate: Estimate


class Prepared(Protocol):
    """A scenario that was checked and made ready, for as long as somebody holds it."""

    @property
    def facts(self) -> Facts:
        """What is known of it."""

    def results(
        self, view: View | None, cancelled: Cancelled, stages: StageTimes
    ) -> Iterator[TileResult]:
        """Tiles as they finish, those in view first; ends with an error soon after a cancel.

        The arrays of a tile hold until ``TILES_AHEAD`` more tiles were asked for.
        """

    def summary(self) -> Summary:
        """What all tiles amount to, after the last of them."""


class Computer(Protocol):
    """The regions of a device and what is computed of them; safe to share by threads.

    What computes (tiles, sums, the warm-up) is asked by one thread at a time.  Errors are those of
    a request, or DeviceLostError if the device fails.
    """

    @property
    def device(self) -> DeviceName:
        """Where it computes."""

    @property
    def up(self) -> bool:
        """Whether it would answer now."""

    def listen(self, changed: Callable[[], None]) -> None:
        """Call somebody, on any thread, whenever that may have changed."""

    @property
    def budget(self) -> int:
        """Bytes that its regions and their sums may take."""

    @property
    def names(self) -> Sequence[str]:
        """Names of all regions, in order."""

    def prepare(self, scenario: scenario_pb2.Scenario) -> Prepared:
        """Check a scenario, and do all that is independent of the tiles."""

    def contributions(
        self, request: scenario_service_pb2.ListContributionsRequest
    ) -> scenario_service_pb2.ListContributionsResponse:
        """Which roads are heard at chosen places."""

    def regions(self, names: Sequence[str]) -> list[region_service_pb2.Region]:
        """Regions of these names, those that cannot be read left out."""

    def region(self, resource: str) -> region_service_pb2.Region:
        """The region of a resource name, "regions/helsinki"."""

    def roads(
        self, request: region_service_pb2.ListRoadsRequest
    ) -> region_service_pb2.ListRoadsResponse:
        """A page of a region's roads."""

    def memory(self) -> list[RegionMemory]:
        """What each region takes."""

    def unload(self, resource: str) -> int:
        """Forget a region until it is next asked for; bytes that become free."""

    def sum_up(self, resource: str, tolerance: float, cancelled: Cancelled) -> None:
        """Load a region and sum up its present traffic."""

    def warm_up(self, preload: float | None, cancelled: Cancelled) -> None:
        """Run every kernel once; with a tolerance, sum up all loaded regions too."""

    def close(self) -> None:
        """Give back what it holds."""
