"""Calls of a server and a hold on its computing, for tests of the service."""

import threading
from dataclasses import replace

import grpc
import numpy as np
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2_grpc
from grpc_status import rpc_status
from region_factory import SOUTH, WEST, no_street_links, small_region
from roadside.v1 import scenario_pb2
from roadside.v1 import scenario_service_pb2 as messages
from roadside.v1.region_service_pb2_grpc import RegionServiceStub
from roadside.v1.result_service_pb2_grpc import ResultServiceStub
from roadside.v1.scenario_service_pb2_grpc import ScenarioServiceStub
from roadside_server.computation.job import Job
from roadside_server.computation.tiles import TILE
from roadside_server.region.schema import Grid

#: More than any test waits; a failure shows as DEADLINE_EXCEEDED rather than as a hang.
PATIENCE = 60.0
ROWS, COLUMNS, SPACING = 300, 600, 5.0


def wide_region(**changes):
    """The small region's roads below six tiles, of which those at the edge are smaller.

    Receptors are masked but for a window in each tile, so that a run takes no time.
    """
    row, column = np.mgrid[:ROWS, :COLUMNS] % TILE
    masked = (row < 40) | (row >= 110) | (column < 70) | (column >= 130)
    grid = Grid(WEST - 500, SOUTH - 300, SPACING, COLUMNS, ROWS, masked)
    return replace(
        small_region(name="wide", receptors=grid, street_links=no_street_links(grid)), **changes
    )


def request(region="regions/wide", **fields):
    """A run of one quantity without measures, or with other fields of the scenario."""
    fields = {"quantities": ["QUANTITY_NOX"]} | fields
    return messages.RunScenarioRequest(scenario=scenario_pb2.Scenario(region=region, **fields))


class Calls:
    """Stubs of every service on one channel."""

    def __init__(self, address):
        limit = ("grpc.max_receive_message_length", 64 * 2**20)
        self.channel = grpc.insecure_channel(address, [limit])
        self.scenarios = ScenarioServiceStub(self.channel)
        self.regions = RegionServiceStub(self.channel)
        self.results = ResultServiceStub(self.channel)
        self.health = health_pb2_grpc.HealthStub(self.channel)

    def run(self, asked, timeout=PATIENCE):
        """A running call."""
        return self.scenarios.RunScenario(asked, timeout=timeout)

    def events(self, asked):
        """Everything a run sends: kind and content."""
        kinds = ((response.WhichOneof("event"), response) for response in self.run(asked))
        return [(kind, getattr(response, kind)) for kind, response in kinds]

    def raw(self, method, content, *, stream=False):
        """Send bytes to a method, whatever they are."""
        make = self.channel.unary_stream if stream else self.channel.unary_unary
        call = make(f"/roadside.v1.{method}")(content, timeout=PATIENCE)
        return list(call) if stream else call


class Gate:
    """Lets tiles be computed one by one; counts those that were begun."""

    def __init__(self, monkeypatch):
        self._changed = threading.Condition()
        self._allowed = 0
        self.begun = 0
        compute = Job.compute

        def gated(job, tile, cancelled=lambda: False):
            self._pass()
            return compute(job, tile, cancelled)

        monkeypatch.setattr(Job, "compute", gated)

    def allow(self, tiles):
        """Let more tiles pass."""
        with self._changed:
            self._allowed += tiles
            self._changed.notify_all()

    def wait_for(self, begun):
        """Wait until so many tiles were begun."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.begun >= begun, PATIENCE)

    def _pass(self):
        with self._changed:
            self.begun += 1
            self._changed.notify_all()
            mine = self.begun
            self._changed.wait_for(lambda: self._allowed >= mine, PATIENCE)


def refusal(error):
    """Status code, reason and fields of a refused call."""
    status = rpc_status.from_call(error)
    assert status is not None, "no google.rpc.Status in the trailers"
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad)
    assert info.domain == "roadside"
    return error.code(), info.reason, [violation.field for violation in bad.field_violations]
