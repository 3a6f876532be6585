"""Devices that compute in processes of their own: lost, cancelled, busy, several."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2
from region_factory import small_region
from roadside.v1 import region_service_pb2, result_service_pb2
from roadside.v1 import scenario_service_pb2 as messages
from roadside_client import RoadsideClientError, connect
from roadside_server.errors import InvalidInputError, RegionDamagedError
from roadside_server.region.storage import write_region
from roadside_server.serve import EmbeddedServer
from roadside_server.settings import Limits, device_names
from service_calls import PATIENCE, Calls, refusal, request, wide_region

pytestmark = pytest.mark.slow  # a process starts in two seconds

Code, Status = grpc.StatusCode, health_pb2.HealthCheckResponse
CLOSED = {"close": {}}


@pytest.fixture(scope="module", autouse=True)
def faults():
    """Processes do what the title of a scenario says, and compile nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NUMBA_DISABLE_JIT", "1")
        patch.setattr("roadside_server.service.process_start.MODULE", "device_faults")
        yield


@pytest.fixture(scope="module")
def server():
    with EmbeddedServer([wide_region()], apart=True, limits=Limits(queued=2)) as server:
        yield server


@pytest.fixture(scope="module")
def calls(server):
    calls = Calls(server.address)
    with calls.channel:
        yield calls


def process_of(server, device=0):
    return server._server._devices.computers[device].life.process_id


def refused(call):
    with pytest.raises(grpc.RpcError) as error:
        list(call)
    return error.value


def until(true, what):
    """Wait until something is true, for as long as a test may wait."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


def computing(calls, title):
    """A run that is being computed, and gives no tile."""
    call = calls.run(request(title=title))
    next(event for event in call if event.HasField("progress"))
    return call


def gone(process):
    """Whether a process has ended; what waits for its parent to notice has."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def children(parent):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        if fields[1] == str(parent):
            found.append(int(stat.parent.name))
    return found


def test_every_tile_comes_through_as_it_was_computed(calls):
    asked = request(measures=[CLOSED], options={"codec": "CODEC_NONE"})
    events = calls.events(asked)
    tiles = [tile for kind, tile in events if kind == "tile"]
    assert len(tiles) == 6
    for tile in tiles:
        for chunk in tile.chunks:
            kind = np.uint8 if chunk.key.startswith("flags") else np.float32
            values = np.frombuffer(chunk.data, kind)
            # Beyond the edge of the grid, chunks hold fill values.
            inside = values[np.isfinite(values) & (values != 0)]
            assert set(inside.tolist()) <= {10.0 * tile.row + tile.column}
    summary = events[-1][1]
    assert summary.quantities[0].scenario.maximum == 12.0
    assert summary.pairs == 6 * 7
    assert summary.stages.compute > 0
    assert summary.stages.copy > 0


def test_refusals_keep_their_status_and_field(calls):
    unknown = request("regions/nowhere")
    assert refusal(refused(calls.run(unknown)))[0] is Code.NOT_FOUND
    bad = request(measures=[{"roads": {"ids": {"ids": ["no"]}}, "close": {}}])
    found = refusal(refused(calls.run(bad)))
    assert found[0] is Code.INVALID_ARGUMENT
    assert found[2] == ["scenario.measures[0].roads.ids[0]"]
    found = refusal(refused(calls.run(request(title="refused"))))
    assert found == (Code.INVALID_ARGUMENT, "INVALID_FIELD", ["scenario.tolerance"])


def test_an_unforeseen_error_is_in_the_log_alone(calls, caplog):
    error = refused(calls.run(request(title="broken")))
    assert refusal(error)[:2] == (Code.INTERNAL, "INTERNAL")
    assert "secret" not in str(error)
    assert "secret /srv/path" in caplog.text
    assert error.details().split()[-1] in caplog.text


def test_cancelling_reaches_the_process(calls):
    computing(calls, "endless").cancel()
    assert calls.events(request())[-1][0] == "summary"


def test_health_answers_at_once_while_the_process_computes(calls):
    running = computing(calls, "busy")
    seconds = []
    for _ in range(30):
        start = time.perf_counter()
        assert calls.health.Check(health_pb2.HealthCheckRequest()).status == Status.SERVING
        seconds.append(time.perf_counter() - start)
    running.cancel()
    assert statistics.median(seconds) < 0.1


def test_regions_are_described_and_unloaded_in_the_process(calls):
    asked = region_service_pb2.ListRoadsRequest(region="regions/wide", street="Long street")
    assert [road.id for road in calls.regions.ListRoads(asked).roads] == ["long-1", "long-2"]
    memory = calls.regions.GetMemory(region_service_pb2.GetMemoryRequest())
    assert (memory.device, [region.loaded for region in memory.regions]) == ("cpu", [True])
    unload = region_service_pb2.UnloadRegionRequest(name="regions/wide")
    assert calls.regions.UnloadRegion(unload).freed == memory.used
    assert not calls.regions.GetMemory(region_service_pb2.GetMemoryRequest()).used
    calls.regions.GetRegion(region_service_pb2.GetRegionRequest(name="regions/wide"))


def test_a_scenario_is_forgotten_in_the_process_when_nobody_holds_it(server, calls):
    computer = server._server._devices.computers[0]
    prepared = computer.prepare(request().scenario)
    forgotten = computer.life.calls().forgotten
    number = prepared._number
    del prepared
    assert number in forgotten
    assert calls.events(request())[-1][0] == "summary"
    assert number not in forgotten


def test_a_lost_process_fails_its_run_and_the_next_one_is_computed(server, calls):
    watch = calls.health.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
    assert next(watch).status == Status.SERVING
    running = computing(calls, "endless")
    waiting = calls.run(request())
    lost = process_of(server)
    os.kill(lost, signal.SIGKILL)
    error = refused(running)
    assert refusal(error)[:2] == (Code.UNAVAILABLE, "DEVICE_LOST")
    assert error.details() == "what computes on cpu ended unexpectedly; try again"
    assert refusal(refused(waiting))[:2] == (Code.UNAVAILABLE, "DEVICE_LOST")
    assert next(watch).status == Status.NOT_SERVING
    assert calls.events(request())[-1][0] == "summary"
    assert next(watch).status == Status.SERVING
    watch.cancel()
    assert process_of(server) != lost
    results = calls.results.ListResults(result_service_pb2.ListResultsRequest()).results
    stored = [path for path in server.settings.results.iterdir() if path.is_dir()]
    assert len(stored) == len(results)


@pytest.fixture(scope="module")
def pair():
    with EmbeddedServer([wide_region()], apart=True, device="cpu:0,cpu:1") as server:
        yield server


@pytest.fixture(scope="module")
def calls_of_pair(pair):
    calls = Calls(pair.address)
    with calls.channel:
        yield calls


def test_two_devices_compute_at_the_same_time(pair, calls_of_pair):
    calls = calls_of_pair
    first, second = computing(calls, "endless"), computing(calls, "endless")
    assert [worker.load for worker in pair._server._devices.workers] == [1, 1]
    first.cancel()
    assert calls.events(request())[-1][0] == "summary"
    second.cancel()
    assert calls.scenarios.GetLimits(messages.GetLimitsRequest()).device == "cpu:0,cpu:1"
    memory = calls.regions.GetMemory(region_service_pb2.GetMemoryRequest())
    assert memory.used == memory.regions[0].needed <= memory.budget
    assert memory.device == "cpu:0,cpu:1"


def test_a_device_that_is_lost_too_often_is_given_up(pair, calls_of_pair, monkeypatch):
    monkeypatch.setattr("roadside_server.service.process_life.LOSSES", 1)
    calls, computers = calls_of_pair, pair._server._devices.computers
    watch = calls.health.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
    assert next(watch).status == Status.SERVING
    for computer in computers:
        computer.life._losses = deque(maxlen=1)
    os.kill(process_of(pair, 1), signal.SIGKILL)
    until(lambda: not computers[1].up, "the loss is noticed")
    assert calls.events(request())[-1][0] == "summary"
    os.kill(process_of(pair, 0), signal.SIGKILL)
    # Nothing was said of the first loss: a device was left.
    assert next(watch).status == Status.NOT_SERVING
    watch.cancel()
    with connect(pair.address) as client, pytest.raises(RoadsideClientError) as error:
        client.run(request().scenario).finish()
    assert (error.value.status, error.value.reason) == (Code.UNAVAILABLE, "DEVICE_LOST")
    assert str(error.value).startswith("nothing computes on cpu:")
    assert all(gone(process_of(pair, device)) for device in (0, 1))


def test_a_damaged_region_keeps_the_server_from_starting(tmp_path):
    write_region(small_region(), tmp_path / "small")
    (tmp_path / "small" / "roads.parquet").write_bytes(b"not parquet")
    before = set(children(os.getpid()))
    damaged = EmbeddedServer([tmp_path / "small"], apart=True)
    with pytest.raises(RegionDamagedError, match=r"roads\.parquet"), damaged:
        pass
    assert not set(children(os.getpid())) - before


SERVE = """
import asyncio, sys
from pathlib import Path
from roadside_server.serve import serve
from roadside_server.settings import Settings
folder = Path(sys.argv[1])
settings = Settings((folder / "small",), folder / "results", "127.0.0.1:0", warm_up=False)
asyncio.run(serve(settings, started=lambda port: print(port, flush=True)))
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_no_process_outlives_its_server(tmp_path, sign):
    """Signals go to the whole group, as from a terminal or a batch system."""
    write_region(small_region(), tmp_path / "small")
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, process_group=0)
    with server:
        calls = Calls(f"127.0.0.1:{int(server.stdout.readline())}")
        with calls.channel:
            calls.scenarios.GetLimits(messages.GetLimitsRequest(), timeout=PATIENCE)
        (process,) = children(server.pid)
        if sign == signal.SIGKILL:
            server.kill()
        else:
            os.killpg(server.pid, sign)
        assert server.wait(PATIENCE) == (-sign if sign == signal.SIGKILL else 0)
    until(lambda: gone(process), "the process of the device ends")


@pytest.mark.parametrize("text", ["", "tpu", "gpu:", "gpu:0,", "cpu:0,cpu:0", "gpu:-1", "cpu, gpu"])
def test_devices_that_are_none_are_refused(text):
    with pytest.raises(InvalidInputError, match="device"):
        device_names(text)


def test_devices_are_named_by_kind_and_number():
    assert [str(name) for name in device_names("cpu,gpu:0,gpu:12")] == ["cpu", "gpu:0", "gpu:12"]
