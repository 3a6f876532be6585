"""What clients get wrong, break off or leave lying: the right status, and the server goes on."""

import shutil
import threading

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2
from region_factory import small_region
from roadside.v1 import region_service_pb2, result_service_pb2
from roadside.v1 import scenario_service_pb2 as messages
from roadside_server.computation.job import Job
from roadside_server.errors import InvalidInputError, RegionDamagedError, RoadsideError
from roadside_server.region.storage import write_region
from roadside_server.serve import EmbeddedServer
from roadside_server.service.catalogue import region_folders
from roadside_server.service.run import ScenarioRun
from roadside_server.settings import Limits
from service_calls import PATIENCE, Calls, Gate, refusal, request, wide_region

Code = grpc.StatusCode
NO_RESULT = "results/" + "0" * 32


@pytest.fixture(scope="module")
def server():
    limits = Limits(measures=2, receptors=150_000, queued=1)
    regions = [small_region(), wide_region(name="too-wide")]
    with EmbeddedServer(regions, limits=limits) as server:
        yield server


@pytest.fixture(scope="module")
def calls(server):
    calls = Calls(server.address)
    with calls.channel:
        yield calls


@pytest.fixture
def busy(monkeypatch):
    """A server with a queue of one, and the gate of its computing."""
    gate = Gate(monkeypatch)
    with EmbeddedServer([wide_region()], limits=Limits(queued=1)) as server:
        calls = Calls(server.address)
        with calls.channel:
            yield server, calls, gate
        gate.allow(1000)


@pytest.fixture
def noticed(monkeypatch):
    """Set when the server has learnt that a call was broken off."""
    event = threading.Event()
    cancel = ScenarioRun.cancel

    def cancelled(run):
        cancel(run)
        event.set()

    monkeypatch.setattr(ScenarioRun, "cancel", cancelled)
    return event


def refused(call, *args):
    """Status code, reason and fields of a call, whether it answers with one message or a stream."""
    with pytest.raises(grpc.RpcError) as error:
        list(call(*args))
    return refusal(error.value)


def view(**box):
    asked = request("regions/small")
    asked.view.CopyFrom(messages.Box(**box))
    return asked


def measure(**fields):
    return request("regions/small", measures=[fields])


BAD_SCENARIOS = {
    "scenario.region": request(""),
    "scenario.quantities[0]": request("regions/small", quantities=[77]),
    "scenario.outputs[0]": request("regions/small", outputs=[9]),
    "scenario.measures[0]": measure(),
    "scenario.measures[0].roads.ids[0]": measure(roads={"ids": {"ids": ["no"]}}, close={}),
    "scenario.measures[0].set_speed.speed": measure(set_speed={"speed": float("nan")}),
    "scenario.options.year": request("regions/small", options={"year": 1900}),
    "scenario.options.keep_bits": request("regions/small", options={"keep_bits": 24}),
    "scenario.options.codec": request("regions/small", options={"codec": 99}),
    "view.west": view(west=float("inf"), east=1.0),
    "view.east": view(west=1.0),
}


@pytest.mark.parametrize("field", BAD_SCENARIOS)
def test_a_bad_scenario_is_refused_by_field_and_nothing_is_computed(calls, field, monkeypatch):
    monkeypatch.setattr(Job, "compute", None)
    found = refused(calls.run, BAD_SCENARIOS[field])
    assert found == (Code.INVALID_ARGUMENT, "INVALID_FIELD", [field])


def test_an_unknown_region_is_not_found(calls):
    code, reason, _ = refused(calls.run, request("regions/atlantis"))
    assert (code, reason) == (Code.NOT_FOUND, "NOT_FOUND")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        (request("regions/too-wide"), "scenario.region"),
        (request("regions/small", measures=[{"close": {}}] * 3), "scenario.measures"),
        (request("regions/small", title="x" * 501), "scenario.title"),
    ],
)
def test_more_than_a_limit_is_refused_before_computing(calls, asked, field, monkeypatch):
    monkeypatch.setattr(Job, "compute", None)
    assert refused(calls.run, asked) == (Code.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED", [field])


BAD_CALLS = {
    "page_size": ("regions", "ListRegions", region_service_pb2.ListRegionsRequest(page_size=-1)),
    "page_token": ("regions", "ListRegions", region_service_pb2.ListRegionsRequest(page_token="x")),
    "name": ("regions", "GetRegion", region_service_pb2.GetRegionRequest(name="../etc")),
    "region": ("regions", "ListRoads", region_service_pb2.ListRoadsRequest(region="small")),
    "result": ("results", "Get", result_service_pb2.GetRequest(result="results/../../etc")),
    "keys[1]": (
        "results",
        "GetMany",
        result_service_pb2.GetManyRequest(result=NO_RESULT, keys=["zarr.json", "../zarr.json"]),
    ),
    "key": ("results", "Get", result_service_pb2.GetRequest(result=NO_RESULT, key="/etc/passwd")),
}


@pytest.mark.parametrize("field", BAD_CALLS)
def test_a_bad_field_is_named(calls, field):
    service, method, asked = BAD_CALLS[field]
    found = refused(getattr(getattr(calls, service), method), asked)
    assert found == (Code.INVALID_ARGUMENT, "INVALID_FIELD", [field])


def test_a_token_of_another_list_is_refused(calls):
    asked = region_service_pb2.ListRoadsRequest(region="regions/small", page_size=1)
    asked.page_token = calls.regions.ListRoads(asked).next_page_token
    assert calls.regions.ListRoads(asked).roads[0].id == "long-2"
    asked.street = "Long street"
    assert refused(calls.regions.ListRoads, asked)[2] == ["page_token"]


def test_a_result_that_is_not_there_is_not_found(calls):
    asked = result_service_pb2.GetRequest(result=NO_RESULT, key="zarr.json")
    assert refused(calls.results.Get, asked)[0] is Code.NOT_FOUND


METHODS = [
    (f"{service.name}/{method.name}", method.server_streaming)
    for file in (messages, region_service_pb2, result_service_pb2)
    for service in file.DESCRIPTOR.services_by_name.values()
    for method in service.methods
]


@pytest.mark.parametrize(("method", "stream"), METHODS)
def test_bytes_that_are_no_message_are_an_invalid_argument(calls, method, stream):
    with pytest.raises(grpc.RpcError) as error:
        calls.raw(method, b"\x0a\xff\xff\xff\xff\x0f", stream=stream)
    assert refusal(error.value) == (Code.INVALID_ARGUMENT, "INVALID_FIELD", ["request"])
    assert "Decode" not in error.value.details()


def test_every_method_of_the_contract_was_sent_rubbish():
    file = FileDescriptorProto()
    messages.DESCRIPTOR.CopyToProto(file)
    assert {m.name for s in file.service for m in s.method} <= {m.split("/")[1] for m, _ in METHODS}
    assert len(METHODS) == 14


def test_a_request_that_is_too_large_is_refused(calls):
    asked = request("regions/small", title="x" * (5 * 2**20))
    with pytest.raises(grpc.RpcError) as error:
        list(calls.run(asked))
    assert error.value.code() is Code.RESOURCE_EXHAUSTED


def test_an_unforeseen_error_tells_nothing_but_a_number(calls, monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("secret /srv/path")

    monkeypatch.setattr(Job, "compute", broken)
    with pytest.raises(grpc.RpcError) as error:
        list(calls.run(request("regions/small")))
    assert refusal(error.value)[:2] == (Code.INTERNAL, "INTERNAL")
    assert "secret" not in str(error.value)
    assert error.value.details().split()[-1] in caplog.text


def test_a_failed_run_leaves_no_result(calls, monkeypatch):
    monkeypatch.setattr(Job, "compute", None)
    with pytest.raises(grpc.RpcError):
        list(calls.run(request("regions/small")))
    assert not calls.results.ListResults(result_service_pb2.ListResultsRequest()).results


def test_the_server_still_computes_after_all_that(calls):
    kinds = [kind for kind, _ in calls.events(request("regions/small"))]
    assert kinds[-1] == "summary"


def test_cancelling_stops_within_one_tile(busy, noticed):
    server, calls, gate = busy
    gate.allow(1)
    call = calls.run(request())
    next(event for event in call if event.HasField("tile"))
    gate.wait_for(begun=2)
    call.cancel()
    assert noticed.wait(PATIENCE)
    gate.allow(1000)
    computed_by_the_next = [k for k, _ in calls.events(request())].count("tile")
    assert gate.begun == 2 + computed_by_the_next
    stored = calls.results.ListResults(result_service_pb2.ListResultsRequest()).results
    assert len(stored) == 1
    assert len([p for p in server.settings.results.iterdir() if p.is_dir()]) == 1


def test_an_expired_call_stops_within_one_tile(busy, noticed):
    _, calls, gate = busy
    with pytest.raises(grpc.RpcError) as error:
        list(calls.run(request(), timeout=0.5))
    assert error.value.code() is Code.DEADLINE_EXCEEDED
    assert noticed.wait(PATIENCE)
    gate.allow(1000)
    computed_by_the_next = [k for k, _ in calls.events(request())].count("tile")
    assert gate.begun <= 1 + computed_by_the_next


def test_a_waiting_request_is_told_its_place_and_leaves_the_queue_when_cancelled(busy, noticed):
    _, calls, gate = busy
    first = calls.run(request())
    gate.wait_for(begun=1)
    second = calls.run(request())
    waiting = next(event for event in second if event.progress.queued_before)
    assert waiting.progress.queued_before == 1
    second.cancel()
    assert noticed.wait(PATIENCE)
    gate.allow(1000)
    assert [event.WhichOneof("event") for event in first][-1] == "summary"
    assert gate.begun == 6


def test_a_full_queue_refuses_and_says_when_to_come_back(busy):
    server, calls, gate = busy
    first = calls.run(request())
    gate.wait_for(begun=1)
    second = calls.run(request())
    next(event for event in second if event.progress.queued_before)
    with pytest.raises(grpc.RpcError) as error:
        list(calls.run(request()))
    assert refusal(error.value)[:2] == (Code.RESOURCE_EXHAUSTED, "QUEUE_FULL")
    gate.allow(1000)
    for call in (first, second):
        assert [event.WhichOneof("event") for event in call][-1] == "summary"
    assert not server._server._store._writing


def test_a_reader_that_stalls_holds_neither_the_device_nor_its_tiles(busy):
    _, calls, gate = busy
    gate.allow(1000)
    options = {"codec": "CODEC_NONE"}
    stalled = calls.run(request(quantities=["QUANTITY_NOX", "QUANTITY_EC"], options=options))
    next(stalled)
    other = calls.events(request())
    assert other[-1][0] == "summary"
    assert [event.WhichOneof("event") for event in stalled].count("tile") == 6


def test_a_reader_that_stalls_for_good_is_cut_off_and_its_result_kept(monkeypatch, noticed):
    Gate(monkeypatch).allow(1000)
    asked = request(
        quantities=["QUANTITY_NOX", "QUANTITY_EC"],
        measures=[{"close": {}}],
        options={"codec": "CODEC_NONE"},
    )
    with EmbeddedServer([wide_region()], stall=0.5) as server:
        calls = Calls(server.address)
        with calls.channel:
            stalled = calls.run(asked)
            next(stalled)
            assert noticed.wait(PATIENCE)
            assert refused(list, stalled)[:2] == (Code.DEADLINE_EXCEEDED, "READER_STALLED")
            assert calls.results.ListResults(result_service_pb2.ListResultsRequest()).results


def test_health_answers_while_the_device_is_held(busy):
    _, calls, gate = busy
    running = calls.run(request())
    gate.wait_for(begun=1)
    answer = calls.health.Check(health_pb2.HealthCheckRequest(), timeout=1.0)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    gate.allow(1000)
    list(running)


def test_two_clients_at_once_each_get_their_own(busy):
    server, calls, gate = busy
    gate.allow(1000)
    other = Calls(server.address)
    results = {}

    def read(name, client):
        results[name] = client.events(request(title=name))

    threads = [
        threading.Thread(target=read, args=item) for item in {"a": calls, "b": other}.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    other.channel.close()
    names = {name: events[0][1].result for name, events in results.items()}
    stored = calls.results.ListResults(result_service_pb2.ListResultsRequest()).results
    assert {result.title: result.name for result in stored} == names


def test_a_damaged_region_folder_keeps_the_server_from_starting(tmp_path):
    folder = tmp_path / "small"
    write_region(small_region(), folder)
    (folder / "roads.parquet").write_bytes(b"not parquet")
    with pytest.raises(RegionDamagedError, match=r"roads\.parquet"), EmbeddedServer([folder]):
        pass


def test_a_region_that_is_damaged_or_removed_later_is_reported_until_it_is_mended(tmp_path):
    folder, copy = tmp_path / "small", tmp_path / "copy"
    write_region(small_region(), folder)
    shutil.copytree(folder, copy)
    asked = messages.EstimateScenarioRequest(scenario=request("regions/small").scenario)
    with EmbeddedServer([folder]) as server:
        calls = Calls(server.address)
        with calls.channel:
            (folder / "roads.parquet").write_bytes(b"not parquet")
            found = refused(calls.scenarios.EstimateScenario, asked)
            assert found[:2] == (Code.DATA_LOSS, "REGION_DAMAGED")
            shutil.rmtree(folder)
            assert refused(calls.scenarios.EstimateScenario, asked)[0] is Code.NOT_FOUND
            assert not calls.regions.ListRegions(region_service_pb2.ListRegionsRequest()).regions
            shutil.copytree(copy, folder)
            assert calls.scenarios.EstimateScenario(asked).receptors == 3000


def test_a_port_belongs_to_one_server(server):
    taken = EmbeddedServer([small_region()], address=server.address)
    with pytest.raises(InvalidInputError, match="address"), taken:
        pass


def test_draining_lets_running_calls_finish(monkeypatch):
    gate = Gate(monkeypatch)
    with EmbeddedServer([wide_region()]) as server:
        calls = Calls(server.address)
        with calls.channel:
            watch = calls.health.Watch(health_pb2.HealthCheckRequest(), timeout=PATIENCE)
            assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
            running = calls.run(request())
            gate.wait_for(begun=1)
            draining = server.drain(grace=PATIENCE)
            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
            watch.cancel()
            gate.allow(1000)
            assert [event.WhichOneof("event") for event in running][-1] == "summary"
            draining.result(PATIENCE)


def test_kernels_run_once_before_the_server_says_serving(monkeypatch):
    computed = []
    monkeypatch.setattr(Job, "compute", lambda _, tile, __: computed.append(tile))
    with EmbeddedServer([wide_region()], warm_up=True):
        assert len(computed) == 1


def test_a_server_whose_kernels_fail_does_not_start(monkeypatch):
    def broken(*_):
        raise MemoryError("no room on the device")

    monkeypatch.setattr(Job, "compute", broken)
    with pytest.raises(MemoryError), EmbeddedServer([small_region()], warm_up=True):
        pass


def test_a_folder_without_regions_is_refused(tmp_path):
    with pytest.raises(RoadsideError, match="holds no region"):
        region_folders(tmp_path)
