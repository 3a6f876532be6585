"""Starts, warms up, drains and stops a server."""

import asyncio
import logging
import signal
import tempfile
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from roadside.v1 import region_service_pb2, result_service_pb2, scenario_service_pb2

from roadside_server.emissions.cnossos_tables import Edition, cnossos_tables
from roadside_server.emissions.factors import named_factors
from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import Region
from roadside_server.results.store import ResultStore
from roadside_server.service.devices import devices_of
from roadside_server.service.errand import run_errand
from roadside_server.service.handlers import service_handler
from roadside_server.service.regions import RegionService
from roadside_server.service.results import ResultService
from roadside_server.service.scenarios import ScenarioService
from roadside_server.settings import (
    DEFAULT_LIMITS,
    STALL,
    Limits,
    Settings,
    default_memory_budget,
)

SERVICES = (
    scenario_service_pb2.DESCRIPTOR.services_by_name["ScenarioService"],
    region_service_pb2.DESCRIPTOR.services_by_name["RegionService"],
    result_service_pb2.DESCRIPTOR.services_by_name["ResultService"],
)
NAMES = tuple(service.full_name for service in SERVICES)
Health = health_pb2.HealthCheckResponse

#: Seconds after which a silent client is asked for a sign of life, and to wait for it.
KEEP_ALIVE, KEEP_ALIVE_TIMEOUT = 20, 10
#: Clients may ask as often as this (s); gRPC itself would call that abuse below 300 s.
CLIENT_KEEP_ALIVE = 10
#: Calls of one connection at a time; also the answer to a flood of reset streams.
MAX_STREAMS = 100
OPTIONS = (
    ("grpc.keepalive_time_ms", KEEP_ALIVE * 1000),
    ("grpc.keepalive_timeout_ms", KEEP_ALIVE_TIMEOUT * 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", CLIENT_KEEP_ALIVE * 1000),
    ("grpc.max_concurrent_streams", MAX_STREAMS),
    # Else a second server on the same port would silently take half of the calls.
    ("grpc.so_reuseport", 0),
)

logger = logging.getLogger(__name__)


class Server:
    """A server and all it holds; regions are read, and must be whole, before it is made."""

    def __init__(self, settings: Settings) -> None:
        # Unknown tables are refused at the start, not by the first request.
        cnossos_tables(settings.cnossos_edition)
        years = named_factors(settings.factors).years
        self.settings = settings
        self._devices = devices_of(settings)
        self._store = ResultStore(settings.results, settings.results_budget)
        self._scenarios = ScenarioService(self._devices, self._store, settings.limits, years)
        self._stopped = False
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self.port = 0

    async def start(self) -> None:
        """Listen; health says SERVING once the kernels are warm."""
        self._server = self._listening()
        await self._say(Health.NOT_SERVING)
        await self._server.start()
        if self.settings.warm_up:
            await self._warm_up()
        loop = asyncio.get_running_loop()
        for computer in self._devices.computers:
            computer.listen(partial(_from_any_thread, loop, self._tell_health))
        await self._tell_health()
        names = ", ".join(self._devices.computers[0].names)
        logger.info("serving %s on port %d", names, self.port)

    async def stop(self, grace: float) -> None:
        """Say NOT_SERVING, let calls finish for some seconds, cancel those that are left."""
        if self._stopped:
            return
        self._stopped = True
        await self._health.enter_graceful_shutdown()
        if self._server is not None:
            await self._server.stop(grace)
        await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Give back threads and files."""
        self._devices.close()
        self._scenarios.close()
        self._store.close()

    async def _warm_up(self) -> None:
        preload = self.settings.preload
        work = [partial(computer.warm_up, preload) for computer in self._devices.computers]
        await asyncio.gather(*map(run_errand, self._devices.workers, work))

    def _listening(self) -> grpc.aio.Server:
        settings = self.settings
        received = ("grpc.max_receive_message_length", settings.max_request)
        server = grpc.aio.server(options=(*OPTIONS, received))
        regions = RegionService(self._devices)
        servicers = (self._scenarios, regions, ResultService(self._store))
        handlers = [
            service_handler(service, servicer, settings.stall)
            for service, servicer in zip(SERVICES, servicers, strict=True)
        ]
        server.add_generic_rpc_handlers(handlers)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        if settings.reflection:
            names = (*NAMES, health.SERVICE_NAME, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, server)
        try:
            self.port = server.add_insecure_port(settings.address)
        except RuntimeError as error:
            description = f"{settings.address!r}: cannot listen there"
            raise InvalidInputError("address", description) from error
        return server

    async def _tell_health(self) -> None:
        """Say SERVING while any device would answer."""
        if not self._stopped:
            up = any(computer.up for computer in self._devices.computers)
            await self._say(Health.SERVING if up else Health.NOT_SERVING)

    async def _say(self, status: Any) -> None:
        for name in ("", *NAMES):
            await self._health.set(name, status)


def _from_any_thread(
    loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    # The loop may be closed: nobody asks for health any more.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(lambda: loop.create_task(work()))


async def serve(settings: Settings, started: Callable[[int], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then let running calls finish.

    Parameters
    ----------
    started : callable or None
        Called with the port once the server says SERVING.

    Raises
    ------
    RoadsideError
        A region is missing or damaged, or the address or results folder cannot be used.
    """
    server = await asyncio.to_thread(Server, settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    try:
        await server.start()
        if started is not None:
            started(server.port)
        await stop.wait()
    finally:
        await server.stop(settings.grace)


class EmbeddedServer:
    """A server in this process, on a port of its own of the loopback interface.

    It computes here too, on threads, unless it is asked to compute apart::

        with EmbeddedServer([region]) as server:
            client = connect(server.address)
    """

    def __init__(
        self,
        regions: Sequence[Path | Region],
        results: Path | None = None,
        *,
        address: str = "127.0.0.1:0",
        device: str = "cpu",
        limits: Limits = DEFAULT_LIMITS,
        stall: float = STALL,
        reflection: bool = False,
        warm_up: bool = False,
        apart: bool = False,
        factors: str = "nl-2015",
        cnossos_edition: Edition = "2021",
        memory_budget: int | None = None,
    ) -> None:
        self.settings = Settings(
            regions=tuple(regions),
            # Without a folder for results, a temporary one is made on entering.
            results=results or Path(),
            address=address,
            limits=limits,
            device=device,
            stall=stall,
            reflection=reflection,
            warm_up=warm_up,
            apart=apart,
            factors=factors,
            cnossos_edition=cnossos_edition,
            memory_budget=memory_budget or default_memory_budget(),
        )
        self.address = ""
        self._keeps_results = results is not None
        self._ending = ExitStack()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="roadside-server")

    def __enter__(self) -> Self:
        with ExitStack() as ending:
            ending.callback(self._loop.close)
            if not self._keeps_results:
                folder = ending.enter_context(tempfile.TemporaryDirectory())
                self.settings = replace(self.settings, results=Path(folder))
            self._server = Server(self.settings)
            self._thread.start()
            ending.callback(self._end)
            self._run(self._server.start())
            self._ending = ending.pop_all()
        self.address = f"127.0.0.1:{self._server.port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.close()

    def drain(self, grace: float) -> Future[None]:
        """Stop as on SIGTERM: no new calls, and some seconds for those that run."""
        return asyncio.run_coroutine_threadsafe(self._server.stop(grace), self._loop)

    def _end(self) -> None:
        self._run(self._server.stop(grace=0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
