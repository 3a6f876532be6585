"""What the server knows, as messages."""

import json

import geopandas as gpd
from roadside.v1 import region_service_pb2, result_service_pb2, scenario_pb2
from roadside.v1 import scenario_service_pb2 as messages

from roadside_server.computation.job import Job
from roadside_server.region.schema import Grid, Region
from roadside_server.results.chunks import crc32c
from roadside_server.results.files import StoredResult
from roadside_server.results.summary import Exceedance, QuantitySummary, Statistics, Summary
from roadside_server.results.zarr_format import StoreParts
from roadside_server.scenario.measures import all_vehicles_per_day
from roadside_server.service.run import FinishedTile, ScenarioRun

Responses = messages.RunScenarioResponse


def metadata_message(job: Job, parts: StoreParts, result: str) -> bytes:
    """The first message of a run, serialised: everything but the tiles."""
    documents = [
        messages.StoreValue(key=key, value=value) for key, value in parts.documents.items()
    ]
    metadata = messages.ResultMetadata(
        result=result,
        documents=documents,
        tiles=len(job.all_tiles),
        stamp=json.dumps(job.stamp),
    )
    return Responses(metadata=metadata).SerializeToString()


def tile_message(run: ScenarioRun, finished: FinishedTile) -> bytes:
    """One tile, serialised; its chunks as they lie in the store."""
    tile = messages.Tile(row=finished.tile.row, column=finished.tile.column)
    for key in finished.keys:
        content = run.chunk(key)
        tile.chunks.add(key=key, data=content, crc32c=crc32c(content))
    return Responses(tile=tile).SerializeToString()


def progress_message(run: ScenarioRun, sent: int, before: int) -> Responses:
    """How far a run is: tiles sent, pairs evaluated, seconds, runs before it."""
    progress = messages.Progress(
        tiles_done=sent,
        tiles_total=len(run.job.all_tiles),
        pairs=run.pairs,
        seconds=run.seconds,
        queued_before=before,
    )
    return Responses(progress=progress)


def summary_message(run: ScenarioRun, summary: Summary) -> Responses:
    """The last message of a run."""
    message = messages.Summary(
        result=run.writer.name,
        quantities=[_quantity(quantity) for quantity in summary.quantities],
        receptors=summary.receptors,
        pairs=summary.pairs,
        seconds=run.seconds,
        caveats=summary.caveats,
    )
    return Responses(summary=message)


def _quantity(quantity: QuantitySummary) -> messages.QuantitySummary:
    return messages.QuantitySummary(
        quantity=scenario_pb2.Quantity.Value(f"QUANTITY_{quantity.quantity.upper()}"),
        unit=quantity.unit,
        baseline=_statistics(quantity.baseline),
        scenario=_statistics(quantity.scenario),
        difference=_statistics(quantity.difference),
        better=quantity.better,
        worse=quantity.worse,
        threshold=quantity.threshold,
    )


def _statistics(statistics: Statistics | None) -> messages.Statistics | None:
    if statistics is None:
        return None
    return messages.Statistics(
        receptors=statistics.receptors,
        minimum=statistics.minimum,
        mean=statistics.mean,
        maximum=statistics.maximum,
        exceedances=[_exceedance(exceedance) for exceedance in statistics.exceedances],
    )


def _exceedance(exceedance: Exceedance) -> messages.Exceedance:
    return messages.Exceedance(
        reference=exceedance.reference, value=exceedance.value, receptors=exceedance.receptors
    )


def region_message(region: Region) -> region_service_pb2.Region:
    """A region described."""
    receptors = region.receptors
    return region_service_pb2.Region(
        name=f"regions/{region.name}",
        crs=region.crs,
        extent=_extent(region),
        receptors=receptors.size,
        spacing=receptors.spacing if isinstance(receptors, Grid) else 0.0,
        roads=len(region.roads),
        buildings=len(region.buildings),
        content_hash=region.content_hash,
        year=region.year,
        assumptions=region.assumptions,
    )


def _extent(region: Region) -> messages.Box:
    """The box of the outermost receptors (m)."""
    receptors = region.receptors
    if isinstance(receptors, Grid):
        return messages.Box(
            west=receptors.west,
            south=receptors.south,
            east=receptors.west + (receptors.columns - 1) * receptors.spacing,
            north=receptors.south + (receptors.rows - 1) * receptors.spacing,
        )
    return messages.Box(
        west=float(receptors.x.min()),
        south=float(receptors.y.min()),
        east=float(receptors.x.max()),
        north=float(receptors.y.max()),
    )


def road_messages(roads: gpd.GeoDataFrame) -> list[region_service_pb2.Road]:
    """Rows of a region's road table."""
    vehicles = all_vehicles_per_day(roads)
    return [
        region_service_pb2.Road(
            id=road.road_id,
            street=road.name,
            road_class=road.road_class,
            method=road.method,
            speed=road.speed,
            vehicles_per_day=flow,
            line=[c for point in road.geometry.coords for c in point[:2]],
        )
        for road, flow in zip(roads.itertuples(index=False), vehicles, strict=True)
    ]


def result_message(result: StoredResult) -> result_service_pb2.Result:
    """A finished result described."""
    return result_service_pb2.Result(
        name=f"results/{result.identifier}",
        region=f"regions/{result.region}",
        title=result.title,
        created_at=int(result.created_at),
        bytes=result.size,
    )
