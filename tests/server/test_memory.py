"""Regions within a memory budget: loaded, refused with the numbers, unloaded on request."""

from dataclasses import replace

import grpc
import numpy as np
import pytest
from region_factory import small_region
from roadside.v1 import region_service_pb2
from roadside_server.computation.memory import (
    footprint,
    gpu_footprint,
    retraced_bytes,
    sums_per_receptor,
)
from roadside_server.errors import NotFoundError, TooLargeError
from roadside_server.region.parts import header_of
from roadside_server.region.storage import write_region
from roadside_server.serve import EmbeddedServer
from roadside_server.service.catalogue import Catalogue
from service_calls import PATIENCE, Calls, refusal, request

NEEDED = footprint(header_of(small_region())).needed
SUMS = footprint(header_of(small_region())).sums


def regions(*names):
    return [replace(small_region(), name=name) for name in names]


def test_a_region_needs_what_its_sums_take():
    sums = footprint(header_of(small_region())).sums
    # 12 sectors of NOx and NO2, eight annual means and a flag, formal and interactive; sound.
    assert sums_per_receptor(12) == 2 * (32 * 4 + 1) + 3 * 4 + 1
    assert sums == 3000 * sums_per_receptor(12)


def test_three_million_receptors_fit_into_four_gigabytes():
    header = header_of(small_region())
    counts = header["counts"] | {"receptors": 3_062_500, "roads": 107_485}
    assert footprint(header | {"counts": counts}).needed < 4e9


def test_rows_that_are_traced_again_count_beside_those_of_the_transfer():
    header, mebibyte = header_of(small_region()), 2**20
    small, large = (footprint(header, size * mebibyte).held for size in (10, 1000))
    bare = footprint(header).held
    assert small - bare == 30 * mebibyte == 10 * mebibyte + retraced_bytes(10 * mebibyte)
    assert large - bare == 1512 * mebibyte


def test_what_does_not_fit_is_refused_with_the_numbers():
    catalogue = Catalogue(regions("one", "two"), budget=NEEDED + 100)
    assert catalogue.loaded == ("one",)
    with pytest.raises(TooLargeError) as error:
        catalogue.site("regions/two", "name")
    for part in ("regions/two", f"needs {NEEDED} bytes", f"{100} of {NEEDED + 100} are available"):
        assert part in str(error.value)


def test_on_a_gpu_sums_need_no_memory_of_the_host_but_the_gpus():
    header = header_of(small_region())
    held, on_gpu = footprint(header).held, gpu_footprint(header)
    assert on_gpu.sums == SUMS
    catalogue = Catalogue(regions("one", "two"), budget=2 * held, gpu_budget=on_gpu.needed + 100)
    assert catalogue.loaded == ("one",)
    with pytest.raises(TooLargeError) as error:
        catalogue.site("regions/two", "name")
    needed = f"needs {on_gpu.needed} bytes of memory on the GPU ({on_gpu.held} for the region"
    for part in (needed, f"100 of {on_gpu.needed + 100} are available"):
        assert part in str(error.value)
    assert catalogue.unload("regions/one", "name") == held + on_gpu.needed
    assert catalogue.site("regions/two", "name").region.name == "two"


def test_three_million_receptors_fit_into_four_gigabytes_of_a_gpu():
    header = header_of(small_region())
    counts = header["counts"] | {"receptors": 3_062_500, "roads": 107_485}
    assert gpu_footprint(header | {"counts": counts}).needed < 4e9


def test_a_server_without_room_for_any_region_does_not_start():
    with pytest.raises(TooLargeError, match="regions/one needs"):
        Catalogue(regions("one"), budget=NEEDED - 1)


def test_unloading_makes_room():
    catalogue = Catalogue(regions("one", "two"), budget=NEEDED)
    assert catalogue.unload("regions/one", "name") == NEEDED
    assert catalogue.unload("regions/one", "name") == 0
    assert catalogue.site("regions/two", "name").region.name == "two"
    assert [memory.loaded for memory in catalogue.memory()] == [False, True]


def test_a_region_is_refused_before_it_is_read(tmp_path, monkeypatch):
    write_region(small_region(), tmp_path / "small")
    read = []
    monkeypatch.setattr("roadside_server.service.catalogue.load_region", read.append)
    with pytest.raises(TooLargeError):
        Catalogue([tmp_path / "small"], budget=1000)
    assert not read


def test_a_name_that_is_not_known_is_said_so():
    catalogue = Catalogue(regions("one"), budget=NEEDED)
    with pytest.raises(NotFoundError):
        catalogue.unload("regions/three", "name")


@pytest.fixture(scope="module")
def calls():
    with EmbeddedServer(regions("one", "two"), memory_budget=NEEDED) as server:
        yield Calls(server.address)


def memory_of(calls):
    asked = region_service_pb2.GetMemoryRequest()
    return calls.regions.GetMemory(asked, timeout=PATIENCE)


def test_regions_are_loaded_and_unloaded_over_the_wire(calls):
    load = region_service_pb2.LoadRegionRequest(name="regions/one")
    loaded = calls.regions.LoadRegion(load, timeout=PATIENCE).memory
    assert (loaded.loaded, loaded.needed) == (True, NEEDED)
    assert 0 < loaded.sums <= SUMS
    # The sums are there: the same region with its present traffic takes no pair more.
    summary = calls.events(request("regions/one"))[-1][1]
    assert summary.pairs == 0
    two = region_service_pb2.LoadRegionRequest(name="regions/two")
    with pytest.raises(grpc.RpcError) as error:
        calls.regions.LoadRegion(two, timeout=PATIENCE)
    assert refusal(error.value)[:2] == (grpc.StatusCode.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED")
    assert f"needs {NEEDED} bytes" in error.value.details()
    unload = region_service_pb2.UnloadRegionRequest(name="regions/one")
    assert calls.regions.UnloadRegion(unload, timeout=PATIENCE).freed == NEEDED
    assert calls.regions.LoadRegion(two, timeout=PATIENCE).memory.loaded
    memory = memory_of(calls)
    assert (memory.budget, memory.used, memory.device) == (NEEDED, NEEDED, "cpu")
    assert [(region.name, region.loaded) for region in memory.regions] == [
        ("regions/one", False),
        ("regions/two", True),
    ]


def test_regions_that_are_not_loaded_are_listed_all_the_same(calls):
    listed = calls.regions.ListRegions(
        region_service_pb2.ListRegionsRequest(), timeout=PATIENCE
    ).regions
    assert [region.name for region in listed] == ["regions/one", "regions/two"]
    assert len({(region.receptors, region.roads, region.extent.east) for region in listed}) == 1


def test_a_tolerance_beyond_reason_is_refused(calls):
    asked = region_service_pb2.LoadRegionRequest(name="regions/two", tolerance=0.5)
    with pytest.raises(grpc.RpcError) as error:
        calls.regions.LoadRegion(asked, timeout=PATIENCE)
    assert refusal(error.value)[2] == ["tolerance"]


@pytest.mark.parametrize("tolerance", [-0.01, 0.051, np.nan])
def test_a_scenarios_tolerance_is_checked(calls, tolerance):
    asked = request("regions/two", options={"tolerance": tolerance})
    with pytest.raises(grpc.RpcError) as error:
        list(calls.run(asked))
    assert refusal(error.value)[2] == ["scenario.options.tolerance"]
