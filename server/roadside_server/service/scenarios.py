"""The service that computes scenarios."""

import asyncio
import math
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version

from roadside.v1 import scenario_pb2
from roadside.v1 import scenario_service_pb2 as messages

from roadside_server.computation.tiles import TILE, View
from roadside_server.errors import RoadsideError, ServerBusyError, require
from roadside_server.results.chunks import CODECS
from roadside_server.results.store import ResultStore
from roadside_server.scenario.quantities import QUANTITIES
from roadside_server.service.computer import Prepared
from roadside_server.service.contributions import check_places
from roadside_server.service.devices import Devices
from roadside_server.service.handlers import Context
from roadside_server.service.messages import (
    metadata_message,
    progress_message,
    summary_message,
    tile_message,
)
from roadside_server.service.run import FinishedTile, ScenarioRun
from roadside_server.service.stages import StageTimes
from roadside_server.service.worker import Worker
from roadside_server.settings import Limits

Event = messages.RunScenarioResponse | bytes

#: Requests that are checked and prepared at the same time; the others wait.
PREPARING = 2
#: Threads that read stored chunks for streams, and that encode them.
READING, ENCODING = 4, 2


class ScenarioService:
    """Scenarios, each computed on the device that is least busy."""

    def __init__(
        self, devices: Devices, store: ResultStore, limits: Limits, years: tuple[int, ...]
    ) -> None:
        self._devices = devices
        self._store = store
        self._limits = limits
        self._years = years  # that have emission factors, ascending
        self._preparing = ThreadPoolExecutor(PREPARING, "roadside-prepare")
        self._reading = ThreadPoolExecutor(READING, "roadside-read")
        self._encoding = ThreadPoolExecutor(ENCODING, "roadside-encode")

    def close(self) -> None:
        """End the threads, once no call is left."""
        for pool in (self._preparing, self._reading, self._encoding):
            pool.shutdown()

    async def RunScenario(  # noqa: N802 - the name in the proto
        self, request: messages.RunScenarioRequest, _: Context
    ) -> AsyncIterator[Event]:
        """Metadata, tiles and progress, a summary."""
        stages = StageTimes()
        view = _view(request)
        with self._devices.least_busy().expecting() as worker:
            worker.require_room()
            prepared = await self._prepared(worker, request.scenario)
            stages.mark("prepare")
            if request.validate_only:
                yield metadata_message(prepared.facts, result="")
                return
            run = self._submitted(worker, prepared, view, stages)
        try:
            yield metadata_message(prepared.facts, run.writer.name)
            async for event in self._events(run, worker):
                yield event
        finally:
            # Without effect on a run that has ended.
            run.cancel()
            worker.drop(run)
            run.writer.close()

    async def EstimateScenario(  # noqa: N802
        self, request: messages.EstimateScenarioRequest, _: Context
    ) -> messages.EstimateScenarioResponse:
        """What a run would cost."""
        prepared = await self._prepared(self._devices.least_busy(), request.scenario)
        return messages.EstimateScenarioResponse(**prepared.facts.estimate._asdict())

    async def ListContributions(  # noqa: N802
        self, request: messages.ListContributionsRequest, _: Context
    ) -> messages.ListContributionsResponse:
        """Which roads are heard at chosen places."""
        check_places(request)
        loop, computer = asyncio.get_running_loop(), self._devices.least_busy().computer
        return await loop.run_in_executor(self._preparing, computer.contributions, request)

    async def GetLimits(  # noqa: N802
        self, _: messages.GetLimitsRequest, __: Context
    ) -> messages.GetLimitsResponse:
        """What is accepted."""
        return messages.GetLimitsResponse(
            max_receptors=self._limits.receptors,
            max_pairs=self._limits.pairs,
            max_measures=self._limits.measures,
            max_queued=self._limits.queued,
            tile_size=TILE,
            codecs=[scenario_pb2.Codec.Value(f"CODEC_{name.upper()}") for name in CODECS],
            quantities=[
                scenario_pb2.Quantity.Value(f"QUANTITY_{name.upper()}") for name in QUANTITIES
            ],
            first_year=self._years[0],
            last_year=self._years[-1],
            device=str(self._devices),
            version=version("roadside"),
        )

    async def _prepared(self, worker: Worker, message: scenario_pb2.Scenario) -> Prepared:
        """A scenario checked, and all done that is independent of the tiles."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._preparing, worker.computer.prepare, message)

    def _submitted(
        self, worker: Worker, prepared: Prepared, view: View | None, stages: StageTimes
    ) -> ScenarioRun:
        """A run that waits for the device; ServerBusyError if too many do."""
        outline, _, estimate = prepared.facts
        writer = self._store.begin(outline.region, outline.title, estimate.bytes)
        run = ScenarioRun(prepared, writer, self._encoding, view, stages)
        try:
            worker.submit(run)
        except ServerBusyError as error:
            run.fail(error)
            writer.close()
            raise
        return run

    async def _events(self, run: ScenarioRun, worker: Worker) -> AsyncIterator[Event]:
        """Tiles as they finish, read from the store at the pace of the client; then the summary."""
        changed = _change_of(run)
        sent = 0
        while True:
            changed.clear()
            ended = run.ended
            while sent < len(run.finished):
                # gRPC asks for the next event once it has sent this one.
                with run.stages.during("send"):
                    yield await self._tile(run, run.finished[sent])
                sent += 1
            yield progress_message(run, sent, worker.before(run))
            if ended is not None:
                break
            await changed.wait()
        if ended.error is not None:
            raise ended.error
        if ended.summary is not None:
            yield summary_message(run, ended.summary)

    async def _tile(self, run: ScenarioRun, finished: FinishedTile) -> bytes:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._reading, tile_message, run, finished)
        except RoadsideError:
            # A run that failed has removed its chunks: say why it failed.
            if run.ended is not None and run.ended.error is not None:
                raise run.ended.error from None
            raise


def _change_of(run: ScenarioRun) -> asyncio.Event:
    """An event of this loop that is set after every change of the run."""
    changed, loop = asyncio.Event(), asyncio.get_running_loop()

    def tell() -> None:
        # The loop may be closed: nobody reads any more.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(changed.set)

    run.tell(tell)
    return changed


def _view(request: messages.RunScenarioRequest) -> View | None:
    """The box that the client shows, checked."""
    if not request.HasField("view"):
        return None
    view = View(request.view.west, request.view.south, request.view.east, request.view.north)
    for side, value in view._asdict().items():
        require(math.isfinite(value), f"view.{side}", f"{value}, must be finite")
    require(view.west <= view.east, "view.east", f"{view.east}, west is {view.west}")
    require(view.south <= view.north, "view.north", f"{view.north}, south is {view.south}")
    return view
