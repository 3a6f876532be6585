# ruff: noqa: ARG002, N802 - gRPC names the methods and gives the arguments
"""A real gRPC server on the loopback that streams and serves a small result written by zarr-python.

It stands in for a Roadside server where a test needs one that misbehaves: cut streams, damaged
chunks, pages of two keys, values that vanish.
"""

import json
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import google_crc32c
import grpc
import numpy as np
import pytest
import xarray as xr
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.code_pb2 import INVALID_ARGUMENT
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status
from roadside.v1 import region_service_pb2 as region_messages
from roadside.v1 import result_service_pb2 as result_messages
from roadside.v1 import scenario_service_pb2 as messages
from roadside.v1.region_service_pb2_grpc import (
    RegionServiceServicer,
    add_RegionServiceServicer_to_server,
)
from roadside.v1.result_service_pb2_grpc import (
    ResultServiceServicer,
    add_ResultServiceServicer_to_server,
)
from roadside.v1.scenario_service_pb2_grpc import (
    ScenarioServiceServicer,
    add_ScenarioServiceServicer_to_server,
)
from roadside_client import Client, connect

RESULT = "results/1f0c"
ROWS, COLUMNS, CHUNK = 10, 14, 8
PAGE = 2


def grid_result() -> xr.Dataset:
    """A result of 10 by 14 receptors: NO2 falls along the middle, and nowhere else."""
    y, x = np.mgrid[:ROWS, :COLUMNS].astype("f4")
    baseline = 15 + 20 * np.exp(-((x - 6) ** 2) / 8)
    difference = np.where(np.abs(x - 6) < 3, -5 * np.exp(-((y - 5) ** 2) / 8), 0)
    baseline[0, 0] = difference[0, 0] = np.nan
    values = {
        "no2_baseline": (baseline, "ug m-3"),
        "no2_difference": (difference, "ug m-3"),
        "lden_difference": (2 * difference, "dB"),
    }
    return xr.Dataset(
        {
            name: (("y", "x"), array.astype("f4"), {"units": unit, "grid_mapping": "spatial_ref"})
            for name, (array, unit) in values.items()
        },
        {"x": 385_000.0 + 10 * np.arange(COLUMNS), "y": 6_672_000.0 + 10 * np.arange(ROWS),
         "spatial_ref": ((), np.int64(0), {"grid_mapping_name": "transverse_mercator"})},
        {"title": "Main street closed", "Conventions": "CF-1.12", "stamp": STAMP},
    )  # fmt: skip


CAVEATS = ["no re-routing: the traffic vanishes", "volumes are assumed on 3 of 3 roads"]
STAMP = {
    "region": {"name": "toytown"},
    "year": 2025,
    "caveats": CAVEATS,
    "attribution": ["OpenStreetMap contributors"],
    "scenario": {"asked": {"region": "regions/toytown"}},
}


def store_values(folder: Path) -> dict[str, bytes]:
    """Keys and bytes of the small result, as zarr-python writes it."""
    dataset = grid_result()
    encoding = {name: {"chunks": (CHUNK, CHUNK)} for name in dataset.data_vars}
    with warnings.catch_warnings():
        # The specification of Zarr v3 does not describe consolidated metadata yet.
        warnings.simplefilter("ignore")
        dataset.to_zarr(folder, encoding=encoding, zarr_format=3, consolidated=True)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@dataclass
class Behaviour:
    """What the server does, and what was seen there."""

    values: dict[str, bytes]
    damaged: str = ""  # key whose bytes do not match their checksum
    missing: set[str] = field(default_factory=set)  # listed, but no longer there
    tiles_sent: int = 99  # then the stream ends without a summary
    stall: bool = False  # after the first tile, until the call is cancelled
    cancelled: threading.Event = field(default_factory=threading.Event)
    requests: list[object] = field(default_factory=list)


def tile_keys(row: int, column: int) -> list[str]:
    """Keys of the chunks of one tile, those of empty chunks too."""
    return [f"{name}/c/{row}/{column}" for name in grid_result().data_vars]


class Scenarios(ScenarioServiceServicer):
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    def RunScenario(self, request, context):
        self.behaviour.requests.append(request)
        context.add_callback(self.behaviour.cancelled.set)
        if not request.scenario.region.startswith("regions/"):
            self.refuse(request, context)
        yield self.metadata()
        tiles = [(0, 0), (0, 1), (1, 0), (1, 1)]
        for done, (row, column) in enumerate(tiles):
            if done >= self.behaviour.tiles_sent:
                return
            yield self.tile(row, column)
            if self.behaviour.stall:
                self.behaviour.cancelled.wait(20)
                return
            progress = messages.Progress(tiles_done=done + 1, tiles_total=4, pairs=7, seconds=0.1)
            yield messages.RunScenarioResponse(progress=progress)
        yield messages.RunScenarioResponse(summary=self.summary())

    def refuse(self, request, context):
        detail, info = AnyMessage(), AnyMessage()
        violation = BadRequest.FieldViolation(field="region", description="must be regions/")
        detail.Pack(BadRequest(field_violations=[violation]))
        info.Pack(ErrorInfo(reason="INVALID_FIELD", domain="roadside"))
        message = f"region: {request.scenario.region!r}, must be regions/ and a name"
        status = Status(code=INVALID_ARGUMENT, message=message, details=[detail, info])
        context.abort_with_status(rpc_status.to_status(status))

    def metadata(self):
        documents = [
            messages.StoreValue(key=key, value=value)
            for key, value in self.behaviour.values.items()
            if "_" not in key.split("/")[0] or not key.partition("/c")[1] or "ref" in key
        ]
        metadata = messages.ResultMetadata(
            result=RESULT, documents=documents, tiles=4, stamp=json.dumps(STAMP)
        )
        return messages.RunScenarioResponse(metadata=metadata)

    def tile(self, row, column):
        chunks = []
        for key in tile_keys(row, column):
            value = self.behaviour.values.get(key, b"")
            checksum = google_crc32c.value(value) ^ (key == self.behaviour.damaged)
            chunks.append(messages.Chunk(key=key, data=value, crc32c=checksum))
        tile = messages.Tile(row=row, column=column, chunks=chunks)
        return messages.RunScenarioResponse(tile=tile)

    def summary(self):
        exceedance = messages.Exceedance(reference="WHO 2021", value=10, receptors=139)
        baseline = messages.Statistics(
            receptors=139, minimum=15, mean=20, maximum=35, exceedances=[exceedance]
        )
        difference = messages.Statistics(receptors=139, minimum=-5, mean=-0.5, maximum=0)
        no2 = messages.QuantitySummary(
            quantity="QUANTITY_NO2", unit="ug/m3", baseline=baseline, difference=difference,
            better=50, worse=0, threshold=0.1,
        )  # fmt: skip
        return messages.Summary(
            result=RESULT, quantities=[no2], receptors=140, pairs=28, seconds=0.4, caveats=CAVEATS
        )

    def EstimateScenario(self, request, context):
        return messages.EstimateScenarioResponse(receptors=140, tiles=4, pairs=28, seconds=0.5)

    def GetLimits(self, request, context):
        return messages.GetLimitsResponse(max_measures=50, device="cpu", version="0.1.0")


class Results(ResultServiceServicer):
    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour

    def value(self, request, key, context):
        self.behaviour.requests.append(request)
        if request.result != RESULT or key in self.behaviour.missing:
            context.abort(grpc.StatusCode.NOT_FOUND, f"{request.result}: {key} is not there")
        return self.behaviour.values[key]

    def Get(self, request, context):
        value = self.value(request, request.key, context)
        part = request.range
        if part.suffix:
            value = value[-part.suffix :]
        elif part.length:
            value = value[part.offset : part.offset + part.length]
        return result_messages.GetResponse(value=value[part.offset :] if not part.length else value)

    def GetMany(self, request, context):
        for key in request.keys:
            if key in self.behaviour.values and key not in self.behaviour.missing:
                yield result_messages.GetManyResponse(
                    key=key, value=self.value(request, key, context)
                )

    def List(self, request, context):
        if request.result != RESULT:
            context.abort(grpc.StatusCode.NOT_FOUND, f"there is no {request.result}")
        keys = sorted(self.behaviour.values)
        start = int(request.page_token or 0)
        token = str(start + PAGE) if start + PAGE < len(keys) else ""
        return result_messages.ListResponse(keys=keys[start : start + PAGE], next_page_token=token)

    def ListResults(self, request, context):
        result = result_messages.Result(name=RESULT, region="regions/toytown", title="Main street")
        return result_messages.ListResultsResponse(results=[result])


class Regions(RegionServiceServicer):
    def ListRegions(self, request, context):
        region = region_messages.Region(name="regions/toytown", crs="EPSG:32635", receptors=140)
        return region_messages.ListRegionsResponse(regions=[region])

    def GetRegion(self, request, context):
        region = region_messages.Region(name=request.name, crs="EPSG:32635", receptors=140)
        return region_messages.GetRegionResponse(region=region)

    def ListRoads(self, request, context):
        names = ["Main street", "Side street", "Main street"]
        roads = [
            region_messages.Road(
                id=str(i), street=name, line=[385_060, 6_672_000, 385_060, 6_672_090]
            )
            for i, name in enumerate(names)
            if request.street in ("", name)
        ]
        start = int(request.page_token or 0)
        token = str(start + PAGE) if start + PAGE < len(roads) else ""
        return region_messages.ListRoadsResponse(
            roads=roads[start : start + PAGE], next_page_token=token
        )


@pytest.fixture(scope="session")
def written_values(tmp_path_factory) -> dict[str, bytes]:
    return store_values(tmp_path_factory.mktemp("written") / "result.zarr")


@pytest.fixture
def behaviour(written_values) -> Behaviour:
    return Behaviour(dict(written_values))


@pytest.fixture
def address(behaviour) -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(4))
    add_ScenarioServiceServicer_to_server(Scenarios(behaviour), server)
    add_ResultServiceServicer_to_server(Results(behaviour), server)
    add_RegionServiceServicer_to_server(Regions(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield f"127.0.0.1:{port}"
    behaviour.cancelled.set()
    server.stop(None).wait()


@pytest.fixture
def client(address) -> Iterator[Client]:
    with connect(address, timeout=10, run_timeout=20) as client:
        yield client
