"""What the server knows, as messages."""

import json
from typing import Any

import geopandas as gpd
from roadside.v1 import region_service_pb2, result_service_pb2, scenario_pb2
from roadside.v1 import scenario_service_pb2 as messages

from roadside_server.region.parts import header_of, receptor_header
from roadside_server.region.schema import Float64, Grid, Points, Region
from roadside_server.results.chunks import crc32c
from roadside_server.results.files import StoredResult
from roadside_server.results.noise_health import LDEN_BANDS, LNIGHT_BANDS, Exposure
from roadside_server.results.summary import Exceedance, QuantitySummary, Statistics, Summary
from roadside_server.scenario.measures import all_vehicles_per_day
from roadside_server.service.catalogue import RegionMemory
from roadside_server.service.computer import Facts
from roadside_server.service.run import FinishedTile, ScenarioRun

Responses = messages.RunScenarioResponse


def metadata_message(facts: Facts, result: str) -> bytes:
    """The first message of a run, serialised: everything but the tiles."""
    outline, parts, _ = facts
    documents = [
        messages.StoreValue(key=key, value=value) for key, value in parts.documents.items()
    ]
    metadata = messages.ResultMetadata(
        result=result,
        documents=documents,
        tiles=len(outline.all_tiles),
        stamp=json.dumps(outline.stamp),
        unchanged=[i for i, tile in enumerate(outline.all_tiles) if tile in outline.unchanged],
    )
    return Responses(metadata=metadata).SerializeToString()


def tile_message(run: ScenarioRun, finished: FinishedTile) -> bytes:
    """One tile, serialised; its chunks as they lie in the store."""
    tile = messages.Tile(
        row=finished.tile.row, column=finished.tile.column, unchanged=finished.unchanged
    )
    for key in finished.keys:
        content = run.chunk(key)
        tile.chunks.add(key=key, data=content, crc32c=crc32c(content))
    return Responses(tile=tile).SerializeToString()


def progress_message(run: ScenarioRun, sent: int, before: int) -> Responses:
    """How far a run is: tiles sent, pairs evaluated, seconds, runs before it."""
    progress = messages.Progress(
        tiles_done=sent,
        tiles_total=len(run.outline.all_tiles),
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
        stages=messages.StageTimes(**run.stages.seconds),
        noise_exposures=[_exposure(*state) for state in summary.exposures],
    )
    return Responses(summary=message)


def _exposure(output: str, exposed: Exposure) -> messages.NoiseExposure:
    return messages.NoiseExposure(
        output=scenario_pb2.Output.Value(f"OUTPUT_{output.upper()}"),
        people=exposed.people,
        lden=_bands(LDEN_BANDS, exposed.lden),
        lnight=_bands(LNIGHT_BANDS, exposed.lnight),
        highly_annoyed=exposed.highly_annoyed,
        highly_sleep_disturbed=exposed.highly_sleep_disturbed,
        ihd_fraction=exposed.ihd_fraction,
    )


def _bands(levels: tuple[float, ...], people: Float64) -> list[messages.ExposureBand]:
    return [
        messages.ExposureBand(level=level, people=number)
        for level, number in zip(levels, people, strict=True)
    ]


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


def region_message(region: Region | dict[str, Any]) -> region_service_pb2.Region:
    """A region described; from its header alone if it is not loaded."""
    if isinstance(region, Region):
        header = header_of(region) | {"content_hash": region.content_hash}
        extent = _extent(region.receptors)
    else:
        header = region
        extent = _grid_extent(header["receptors"])
    return region_service_pb2.Region(
        name=f"regions/{header['name']}",
        crs=header["crs"],
        extent=extent,
        receptors=header["counts"]["receptors"],
        spacing=header["receptors"].get("spacing", 0.0),
        roads=header["counts"]["roads"],
        buildings=header["counts"]["buildings"],
        content_hash=header["content_hash"],
        year=header["year"],
        assumptions=header["assumptions"],
        screens=header["counts"]["screens"],
        ground_areas=header["counts"]["ground_areas"],
        terrain_spacing=(header["terrain"] or {}).get("spacing", 0.0),
        people=header["people"],
    )


def memory_message(memory: RegionMemory) -> region_service_pb2.RegionMemory:
    """What a region takes of the memory."""
    return region_service_pb2.RegionMemory(
        name=f"regions/{memory.name}",
        loaded=memory.loaded,
        needed=memory.needed,
        sums=memory.sums,
    )


def _extent(receptors: Grid | Points) -> messages.Box | None:
    """The box of the outermost receptors (m)."""
    if isinstance(receptors, Grid):
        return _grid_extent(receptor_header(receptors))
    return messages.Box(
        west=float(receptors.x.min()),
        south=float(receptors.y.min()),
        east=float(receptors.x.max()),
        north=float(receptors.y.max()),
    )


def _grid_extent(grid: dict[str, Any]) -> messages.Box | None:
    """The box of a grid (m) by its header; None for free points, whose places it does not tell."""
    if "spacing" not in grid:
        return None
    return messages.Box(
        west=grid["west"],
        south=grid["south"],
        east=grid["west"] + (grid["columns"] - 1) * grid["spacing"],
        north=grid["south"] + (grid["rows"] - 1) * grid["spacing"],
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
