"""A job as streams, stores and summaries know it: without what computes it."""

from dataclasses import dataclass

from roadside_server.computation.arrays import ResultArray
from roadside_server.computation.job import Job
from roadside_server.computation.tiles import Tile
from roadside_server.results.zarr_format import codec_of


@dataclass(frozen=True, slots=True)
class Outline:
    """What is asked and how it will be divided, small enough to send to another process."""

    region: str  # name
    title: str
    codec: str
    arrays: tuple[ResultArray, ...]
    stamp: dict[str, object]
    caveats: tuple[str, ...]
    all_tiles: tuple[Tile, ...]
    unchanged: frozenset[Tile]  # that no changed road reaches


def outline_of(job: Job) -> Outline:
    """The outline of a job."""
    return Outline(
        region=job.scenario.region,
        title=job.scenario.title,
        codec=codec_of(job),
        arrays=job.arrays,
        stamp=job.stamp,
        caveats=job.caveats,
        all_tiles=job.all_tiles,
        unchanged=job.unchanged,
    )
