"""The whole way of a request, over a real socket on loopback."""

import json

import grpc
import numpy as np
import pytest
import xarray as xr
import zarr
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from region_factory import small_points, small_region, street_links
from roadside.v1 import region_service_pb2, result_service_pb2
from roadside.v1 import scenario_service_pb2 as messages
from roadside_server.results.chunks import crc32c
from roadside_server.serve import EmbeddedServer
from roadside_server.settings import Limits
from service_calls import PATIENCE, Calls, request, wide_region
from zarr.storage import MemoryStore

CLOSE = {"roads": {"names": {"names": ["Rural street"]}}, "close": {}}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    small = small_region()
    points = small_points()
    few = small_region(
        name="points", receptors=points, street_links=street_links(small.roads, points)
    )
    regions = [wide_region(), small, few]
    limits = Limits(measures=3, receptors=200_000)
    folder = tmp_path_factory.mktemp("results")
    with EmbeddedServer(regions, folder, reflection=True, limits=limits) as server:
        yield server


@pytest.fixture(scope="module")
def calls(server):
    calls = Calls(server.address)
    with calls.channel:
        yield calls


@pytest.fixture(scope="module")
def run(calls):
    """Events of one run with a measure, all three outputs, seen from the north-east."""
    asked = request(measures=[CLOSE], title="Close the rural road")
    asked.view.CopyFrom(messages.Box(west=106_000, south=193_900, east=106_400, north=194_100))
    return calls.events(asked)


def of_kind(run, kind):
    return [event for found, event in run if found == kind]


def streamed_store(run):
    """The Zarr store that a client makes of a run: key and bytes."""
    (metadata,) = of_kind(run, "metadata")
    chunks = {c.key: c.data for tile in of_kind(run, "tile") for c in tile.chunks if c.data}
    return {value.key: value.value for value in metadata.documents} | chunks


def opened(values):
    buffer = zarr.core.buffer.default_buffer_prototype().buffer
    store = MemoryStore({key: buffer.from_bytes(value) for key, value in values.items()})
    return xr.open_zarr(store, consolidated=True)


def test_a_run_sends_metadata_then_tiles_and_a_summary_last(run):
    kinds = [kind for kind, _ in run]
    assert kinds[0] == "metadata"
    assert kinds[-1] == "summary"
    assert kinds.count("tile") == of_kind(run, "metadata")[0].tiles == 6


def test_every_tile_comes_once_and_those_in_view_first(run):
    places = [(tile.row, tile.column) for tile in of_kind(run, "tile")]
    assert places[0] == (1, 2)
    assert sorted(places) == [(row, column) for row in range(2) for column in range(3)]


def test_progress_grows_to_the_end(run):
    done = [progress.tiles_done for progress in of_kind(run, "progress")]
    assert done == sorted(done)
    assert (done[-1], of_kind(run, "progress")[-1].tiles_total) == (6, 6)


def test_checksums_are_those_of_the_bytes(run):
    chunks = [chunk for tile in of_kind(run, "tile") for chunk in tile.chunks]
    assert len(chunks) == 6 * 4
    assert all(crc32c(chunk.data) == chunk.crc32c for chunk in chunks)


def test_streamed_bytes_are_stored_bytes(run, calls, server):
    result = of_kind(run, "metadata")[0].result
    streamed = streamed_store(run)
    asked = result_service_pb2.GetManyRequest(result=result, keys=[*streamed, "nox_baseline/c/9/9"])
    stored = {value.key: value.value for value in calls.results.GetMany(asked)}
    assert stored == streamed
    folder = server.settings.results / result.removeprefix("results/")
    assert {key: (folder / key).read_bytes() for key in streamed} == streamed


def test_streamed_bytes_are_those_that_zarr_writes(run):
    """zarr-python reads the streamed store and writes its arrays anew: the same bytes."""
    streamed = streamed_store(run)
    written = {}
    with opened(streamed) as dataset:
        group = zarr.create_group(MemoryStore(written))
        for name in ("nox_baseline", "nox_scenario", "nox_difference", "flags"):
            document = json.loads(streamed[f"{name}/zarr.json"])
            array = zarr.core.metadata.v3.ArrayV3Metadata.from_dict(document)
            copy = group.create_array(
                name,
                shape=array.shape,
                chunks=array.chunk_grid.chunk_shape,
                dtype=dataset[name].dtype,
                fill_value=array.fill_value,
                filters=(),
                compressors=array.codecs[1:],
            )
            copy[...] = dataset[name].values
    chunks = {key: value.to_bytes() for key, value in written.items() if "/c/" in key}
    assert chunks == {key: value for key, value in streamed.items() if key in chunks}
    assert set(chunks) == {k for k in streamed if "/c/" in k and k.split("/")[0] not in {"x", "y"}}


def test_a_result_opens_with_its_coordinates_units_and_crs(run):
    with opened(streamed_store(run)) as dataset:
        assert dict(dataset.sizes) == {"y": 300, "x": 600}
        assert float(dataset.x[1] - dataset.x[0]) == 5.0
        assert dataset.nox_baseline.attrs["units"] == "ug m-3"
        assert dataset.attrs["proj:code"] == "EPSG:31370"
        assert "Lambert" in dataset.spatial_ref.attrs["crs_wkt"]
        assert dataset.attrs["title"] == "Close the rural road"
        assert dataset.attrs["stamp"] == json.loads(of_kind(run, "metadata")[0].stamp)


def test_closing_a_road_lowers_what_its_neighbours_breathe(run):
    with opened(streamed_store(run)) as dataset:
        difference = dataset.nox_difference.values
        assert np.nanmin(difference) < -0.1
        assert np.nanmax(difference) < 1e-3
        masked = dataset.flags.values & 1 == 1
        np.testing.assert_array_equal(np.isnan(difference), masked)


def test_the_summary_counts_what_the_map_shows(run):
    (summary,) = of_kind(run, "summary")
    (nox,) = summary.quantities
    with opened(streamed_store(run)) as dataset:
        values = dataset.nox_scenario.values
    assert nox.scenario.maximum == pytest.approx(np.nanmax(values))
    assert nox.scenario.receptors == summary.receptors == np.isfinite(values).sum()
    assert summary.caveats


def test_free_points_come_with_their_names_and_places(calls):
    run = calls.events(request("regions/points"))
    with opened(streamed_store(run)) as dataset:
        assert dataset.nox_baseline.dims == ("receptor",)
        assert list(dataset.label.values) == ["canyon", "motorway", "field"]
        np.testing.assert_array_equal(dataset.x.values, small_points().x)


def test_the_codec_and_kept_bits_that_were_asked_are_used(calls):
    run = calls.events(request("regions/small", options={"codec": "CODEC_ZSTD", "keep_bits": 8}))
    store = streamed_store(run)
    assert json.loads(store["nox_baseline/zarr.json"])["codecs"][1]["name"] == "zstd"
    with opened(store) as dataset:
        assert dataset.nox_baseline.attrs["quantization_nsb"] == 8
        words = dataset.nox_baseline.values.view(np.uint32)
        finite = np.isfinite(dataset.nox_baseline.values)
        assert not (words[finite] & (2**15 - 1)).any()


def test_a_request_that_is_only_checked_computes_nothing(calls):
    asked = request()
    asked.validate_only = True
    ((kind, metadata),) = calls.events(asked)
    assert (kind, metadata.result, metadata.tiles) == ("metadata", "", 6)


def test_an_estimate_counts_receptors_tiles_and_pairs(calls):
    asked = messages.EstimateScenarioRequest(scenario=request().scenario)
    estimate = calls.scenarios.EstimateScenario(asked)
    assert (estimate.receptors, estimate.tiles) == (180_000, 6)
    assert estimate.pairs > estimate.pieces > 0
    assert estimate.seconds > 0


def test_limits_name_codecs_quantities_and_years(calls):
    limits = calls.scenarios.GetLimits(messages.GetLimitsRequest())
    assert (limits.tile_size, limits.max_measures, limits.device) == (256, 3, "cpu")
    assert (len(limits.codecs), len(limits.quantities)) == (5, 11)
    assert limits.first_year <= 2020 <= limits.last_year


def test_regions_are_listed_in_pages(calls):
    first = calls.regions.ListRegions(region_service_pb2.ListRegionsRequest(page_size=2))
    assert [region.name for region in first.regions] == ["regions/points", "regions/small"]
    rest = calls.regions.ListRegions(
        region_service_pb2.ListRegionsRequest(page_size=2, page_token=first.next_page_token)
    )
    assert [region.name for region in rest.regions] == ["regions/wide"]
    assert rest.next_page_token == ""


def test_a_region_is_described(calls):
    asked = region_service_pb2.GetRegionRequest(name="regions/small")
    region = calls.regions.GetRegion(asked).region
    assert (region.crs, region.year, region.spacing) == ("EPSG:31370", 2020, 10.0)
    assert (region.receptors, region.roads) == (3000, 5)
    assert region.assumptions


def test_roads_are_listed_by_street(calls):
    asked = region_service_pb2.ListRoadsRequest(region="regions/small", street="Long street")
    roads = calls.regions.ListRoads(asked).roads
    assert [road.id for road in roads] == ["long-1", "long-2"]
    assert len(roads[0].line) == 4
    assert roads[0].vehicles_per_day == pytest.approx(645 * 12 + 314 * 4 + 87 * 8)


def test_keys_of_a_result_are_listed_in_pages(run, calls):
    result = of_kind(run, "metadata")[0].result
    asked = result_service_pb2.ListRequest(result=result, prefix="nox_baseline/", page_size=4)
    first = calls.results.List(asked)
    asked.page_token = first.next_page_token
    rest = calls.results.List(asked)
    assert len(first.keys) == 4
    assert [*first.keys, *rest.keys] == sorted(
        key for key in streamed_store(run) if key.startswith("nox_baseline/")
    )


def test_results_are_listed_newest_first(run, calls):
    newest = calls.events(request("regions/small", title="newest"))
    listed = calls.results.ListResults(result_service_pb2.ListResultsRequest()).results
    assert listed[0].name == of_kind(newest, "metadata")[0].result
    assert (listed[0].region, listed[0].title) == ("regions/small", "newest")
    assert of_kind(run, "metadata")[0].result in [result.name for result in listed]


def test_a_range_of_a_value_is_read(run, calls):
    result = of_kind(run, "metadata")[0].result
    key, value = next(item for item in streamed_store(run).items() if "/c/" in item[0])
    span = result_service_pb2.ByteRange(offset=3, length=7)
    asked = result_service_pb2.GetRequest(result=result, key=key, range=span)
    assert calls.results.Get(asked).value == value[3:10]


def test_health_says_serving_for_every_service(calls):
    for service in ("", "roadside.v1.ScenarioService", "roadside.v1.ResultService"):
        asked = health_pb2.HealthCheckRequest(service=service)
        assert calls.health.Check(asked).status == health_pb2.HealthCheckResponse.SERVING


def services(calls):
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    stub = reflection_pb2_grpc.ServerReflectionStub(calls.channel)
    (response,) = stub.ServerReflectionInfo(iter([asked]), timeout=PATIENCE)
    return {service.name for service in response.list_services_response.service}


def test_reflection_tells_of_every_service(calls):
    assert "roadside.v1.RegionService" in services(calls)


def test_reflection_is_off_by_default():
    with EmbeddedServer([small_region()]) as server:
        calls = Calls(server.address)
        with calls.channel, pytest.raises(grpc.RpcError) as error:
            services(calls)
        assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED
