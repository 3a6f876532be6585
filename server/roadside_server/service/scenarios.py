"""The service that computes scenarios."""

import asyncio
import math
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import version
from typing import NamedTuple

from roadside.v1 import scenario_pb2
from roadside.v1 import scenario_service_pb2 as messages

from roadside_server.computation.estimate import Estimate, estimate
from roadside_server.computation.job import Job, prepare
from roadside_server.computation.methods import Methods
from roadside_server.computation.tiles import TILE, View
from roadside_server.emissions.factors import EmissionFactors
from roadside_server.errors import RoadsideError, ServerBusyError, TooLargeError, Violation, require
from roadside_server.results.chunks import CODECS
from roadside_server.results.store import ResultStore
from roadside_server.results.zarr_format import StoreParts, store_parts
from roadside_server.scenario.quantities import QUANTITIES
from roadside_server.scenario.reading import read_scenario
from roadside_server.service.catalogue import Catalogue
from roadside_server.service.contributions import check_places, contributions_message
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

#: Characters of a title: lists of results hold a thousand of them.
MAX_TITLE = 500
#: Requests that are checked and prepared at the same time; the others wait.
PREPARING = 2
#: Threads that read stored chunks for streams, and that encode them.
READING, ENCODING = 4, 2


class Ready(NamedTuple):
    """A request that was checked, and is within the limits."""

    job: Job
    parts: StoreParts
    estimate: Estimate


class ScenarioService:
    """Scenarios on one device."""

    def __init__(
        self,
        catalogue: Catalogue,
        store: ResultStore,
        worker: Worker,
        limits: Limits,
        factors: EmissionFactors,
        methods: Methods,
    ) -> None:
        self._catalogue = catalogue
        self._store = store
        self._worker = worker
        self._limits = limits
        self._factors = factors
        self._methods = methods
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
        self._worker.require_room()
        ready = await self._ready(request.scenario)
        stages.mark("prepare")
        if request.validate_only:
            yield metadata_message(ready.job, ready.parts, result="")
            return
        run = self._submitted(ready, view, stages)
        try:
            yield metadata_message(ready.job, ready.parts, run.writer.name)
            async for event in self._events(run):
                yield event
        finally:
            # Without effect on a run that has ended.
            run.cancel()
            self._worker.drop(run)
            run.writer.close()

    async def EstimateScenario(  # noqa: N802
        self, request: messages.EstimateScenarioRequest, _: Context
    ) -> messages.EstimateScenarioResponse:
        """What a run would cost."""
        ready = await self._ready(request.scenario)
        return messages.EstimateScenarioResponse(**ready.estimate._asdict())

    async def ListContributions(  # noqa: N802
        self, request: messages.ListContributionsRequest, _: Context
    ) -> messages.ListContributionsResponse:
        """Which roads are heard at chosen places."""
        check_places(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._preparing, self._contributions, request)

    async def GetLimits(  # noqa: N802
        self, _: messages.GetLimitsRequest, __: Context
    ) -> messages.GetLimitsResponse:
        """What is accepted."""
        first, last = self._years()
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
            first_year=first,
            last_year=last,
            device=self._worker.device,
            version=version("roadside"),
        )

    def _years(self) -> tuple[int, int]:
        """First and last year with emission factors."""
        return min(self._factors.years), max(self._factors.years)

    async def _ready(self, message: scenario_pb2.Scenario) -> Ready:
        """A scenario checked, and all done that is independent of the tiles."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._preparing, self._prepared, message)

    def _prepared(self, message: scenario_pb2.Scenario) -> Ready:
        limits = self._limits
        _within(len(message.measures), limits.measures, "scenario.measures", "measures")
        _within(len(message.title), MAX_TITLE, "scenario.title", "characters")
        site = self._catalogue.site(message.region, "scenario.region")
        region = site.region
        _within(region.receptors.size, limits.receptors, "scenario.region", "receptors")
        scenario = read_scenario(message, region, self._years())
        job = prepare(
            region,
            scenario,
            self._worker.device,
            factors=self._factors,
            methods=self._methods,
            site=site,
        )
        estimated = estimate(job)
        _within(estimated.pairs, limits.pairs, "scenario", "pairs of road piece and receptor")
        return Ready(job, store_parts(job), estimated)

    def _contributions(
        self, request: messages.ListContributionsRequest
    ) -> messages.ListContributionsResponse:
        site = self._catalogue.site(request.scenario.region, "scenario.region")
        scenario = read_scenario(request.scenario, site.region, self._years())
        return contributions_message(request, site, scenario, self._methods)

    def _submitted(self, ready: Ready, view: View | None, stages: StageTimes) -> ScenarioRun:
        """A run that waits for the device; ServerBusyError if too many do."""
        scenario = ready.job.scenario
        writer = self._store.begin(scenario.region, scenario.title, ready.estimate.bytes)
        run = ScenarioRun(ready.job, ready.parts, writer, self._encoding, view, stages)
        try:
            self._worker.submit(run)
        except ServerBusyError as error:
            run.fail(error)
            writer.close()
            raise
        return run

    async def _events(self, run: ScenarioRun) -> AsyncIterator[Event]:
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
            yield progress_message(run, sent, self._worker.before(run))
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


def _within(number: int, limit: int, field: str, what: str) -> None:
    """Refuse more than the server accepts."""
    if number > limit:
        violation = Violation(field, f"{number} {what}, this server accepts {limit}")
        raise TooLargeError(f"{field}: {violation.description}", (violation,))


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
