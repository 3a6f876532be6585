"""Computes in a process of its own."""

import weakref
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

from roadside.v1 import region_service_pb2, scenario_pb2, scenario_service_pb2

from roadside_server.computation.evaluation import Cancelled
from roadside_server.computation.job import TileResult
from roadside_server.computation.tiles import View
from roadside_server.results.summary import Summary
from roadside_server.service.catalogue import RegionMemory
from roadside_server.service.computer import Facts
from roadside_server.service.process_calls import Calls
from roadside_server.service.process_life import ProcessLife
from roadside_server.service.process_messages import HandedTile
from roadside_server.service.process_start import Start
from roadside_server.service.stages import StageTimes
from roadside_server.service.tile_slots import TileSlots
from roadside_server.settings import DeviceName, Settings


class ProcessPrepared:
    """A scenario made ready in another process, forgotten there when it is forgotten here."""

    def __init__(self, calls: Calls, slots: TileSlots, number: int, facts: Facts) -> None:
        self.facts = facts
        self._calls = calls
        self._slots = slots
        self._number = number
        self._summary: Summary | None = None
        weakref.finalize(self, calls.forgotten.append, number).atexit = False

    def results(
        self, view: View | None, cancelled: Cancelled, stages: StageTimes
    ) -> Iterator[TileResult]:
        """Tiles as they are handed over."""
        with self._calls.begun("run", self._number, view) as call:
            for asked in count(1):
                answer = call.answer(cancelled)
                if not isinstance(answer, HandedTile):
                    self._summary = answer
                    return
                for stage, seconds in answer.seconds.items():
                    stages.add(stage, seconds)
                values = self._slots.read(answer.slot, answer.placed)
                yield TileResult(answer.tile, values, answer.pairs, answer.unchanged)
                call.tell("asked", asked)

    def summary(self) -> Summary:
        """What the tiles amount to."""
        if self._summary is None:
            raise RuntimeError("there is no summary before the last tile")
        return self._summary


class ProcessComputer:
    """Regions and jobs of one device, in a process that is started again when it is lost.

    Calls that come meanwhile wait for it; those that it was at fail with DeviceLostError.
    """

    def __init__(
        self,
        settings: Settings,
        device: DeviceName,
        budget: int,
        *,
        threads: int,
    ) -> None:
        self.device = device
        self.budget = budget  # bytes
        self.names: Sequence[str] = ()  # of all regions, in order
        self._given = settings, device, budget
        self._warmed: list[float | None] = []  # as the last warm-up was asked for
        self._slots = TileSlots.new()
        self.life = ProcessLife(
            Start(device, threads, self._slots.descriptor), self._prepare_process
        )

    @property
    def up(self) -> bool:
        """Whether the process answers now."""
        return self.life.up

    def listen(self, changed: Callable[[], None]) -> None:
        """Call somebody whenever it begins or ceases to answer."""
        self.life.listen(changed)

    def prepare(self, scenario: scenario_pb2.Scenario) -> ProcessPrepared:
        """A scenario checked, and all done that is independent of the tiles."""
        calls = self.life.calls()
        with calls.begun("prepare", scenario) as call:
            return ProcessPrepared(calls, self._slots, call.number, call.answer())

    def contributions(
        self, request: scenario_service_pb2.ListContributionsRequest
    ) -> scenario_service_pb2.ListContributionsResponse:
        """Which roads are heard at chosen places."""
        answer: scenario_service_pb2.ListContributionsResponse = self._ask("contributions", request)
        return answer

    def regions(self, names: Sequence[str]) -> list[region_service_pb2.Region]:
        """Regions of these names, those that cannot be read left out."""
        answer: list[region_service_pb2.Region] = self._ask("regions", names)
        return answer

    def region(self, resource: str) -> region_service_pb2.Region:
        """The region of a resource name."""
        answer: region_service_pb2.Region = self._ask("region", resource)
        return answer

    def roads(
        self, request: region_service_pb2.ListRoadsRequest
    ) -> region_service_pb2.ListRoadsResponse:
        """A page of a region's roads."""
        answer: region_service_pb2.ListRoadsResponse = self._ask("roads", request)
        return answer

    def memory(self) -> list[RegionMemory]:
        """What each region takes."""
        answer: list[RegionMemory] = self._ask("memory")
        return answer

    def unload(self, resource: str) -> int:
        """Have the process forget a region; bytes that become free."""
        answer: int = self._ask("unload", resource)
        return answer

    def sum_up(self, resource: str, tolerance: float, cancelled: Cancelled) -> None:
        """Load a region and sum up its present traffic."""
        self._ask("sum_up", resource, tolerance, cancelled=cancelled)

    def warm_up(self, preload: float | None, cancelled: Cancelled) -> None:
        """Run every kernel once, now and whenever the process is started again."""
        self._ask("warm_up", preload, cancelled=cancelled)
        self._warmed = [preload]

    def close(self) -> None:
        """End the process."""
        self.life.close()
        self._slots.close()

    def _ask(self, method: str, *given: Any, **cancelled: Cancelled) -> Any:
        return self.life.calls().ask(method, *given, **cancelled)

    def _prepare_process(self, calls: Calls) -> None:
        self.names = calls.ask("open", *self._given)
        for preload in self._warmed:
            calls.ask("warm_up", preload)
