"""What a scenario would cost: pairs counted at a sample of receptors, seconds from experience."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from roadside_kernels.arrays import Float32, Segments
from roadside_kernels.geometry import block_boxes, pieces_of_segment, segment_to_box

from roadside_server.computation.job import Job
from roadside_server.computation.noise import NoiseModel
from roadside_server.computation.open_roads import SEEN, OpenRoads
from roadside_server.computation.parts import WHOLE
from roadside_server.computation.rates import RATES, Kind
from roadside_server.computation.sources import Stretches, chosen, localised, near
from roadside_server.computation.tiles import Tile, receptors_of
from roadside_server.computation.transfer.model import TransferModel
from roadside_server.region.schema import Grid, Points

#: Blocks of receptors at which pairs are counted, and tiles that they are in.
SAMPLE, SAMPLED_TILES = 48, 12

#: Pieces that a receptor sees, if nothing is gathered: any number of them.
EVERY_PIECE = 2**31
#: Bytes of a value.
ITEM_SIZE = {"float32": 4, "uint8": 1}


class Estimate(NamedTuple):
    """What a scenario would cost."""

    receptors: int
    tiles: int
    pieces: int  # straight stretches of road that act
    pairs: int  # of a receptor and a piece as short as its distance asks
    seconds: float
    bytes: int  # of the result, uncompressed


class Load(NamedTuple):
    """Stretches that are to be evaluated, all within a distance (m)."""

    kind: Kind
    stretches: Stretches
    reach: float
    most: int  # that a receptor sees


def estimate(job: Job) -> Estimate:
    """What computing all tiles of a job would cost."""
    receptors, tiles = job.region.receptors, job.all_tiles
    computed = _computed(receptors)
    pieces, pairs, seconds = 0, 0.0, 0.0
    for load in _loads(job):
        found = computed * min(_pieces_per_receptor(receptors, tiles, load), load.most)
        pieces += load.stretches.road.size
        pairs += found
        seconds += found / RATES.rate(load.kind, job.device)
    if isinstance(job.noise, TransferModel):
        lines, rows = _rows(job, job.noise)
        again = _rows_again(job, job.noise)
        pieces, pairs = pieces + lines, pairs + rows + again
        seconds += rows / RATES.rate(job.noise.kind, job.device)
        seconds += again / RATES.rate("traced", job.device)
    size = receptors.size * sum(ITEM_SIZE[array.dtype] for array in job.arrays)
    return Estimate(receptors.size, len(tiles), pieces, round(pairs), seconds, size)


def _loads(job: Job) -> Iterator[Load]:
    """All that is evaluated if no sums are in memory yet."""
    if job.air is not None:
        unused = "unchanged" if job.air.key is not None else WHOLE
        for part, roads in job.air.open_roads.items():
            if part != unused:
                yield Load("air", roads.stretches, job.air.reach, _most(roads))
    if isinstance(job.noise, NoiseModel):
        unused = "unchanged" if job.noise.key is not None else WHOLE
        for part, sources in job.noise.sources.items():
            if part != unused:
                yield Load("noise", sources.stretches, job.noise.reach, EVERY_PIECE)


def _rows(job: Job, noise: TransferModel) -> tuple[int, float]:
    """Lines that are evaluated if no sums are in memory yet, and the rows that are read."""
    reached = 1.0 - len(job.unchanged) / max(len(job.all_tiles), 1)
    share = {WHOLE: 1.0, "unchanged": 1.0, "before": reached, "after": reached}
    share.pop("unchanged" if noise.key is not None else WHOLE)
    sounds = {part: int(noise.power[part].sounds.sum()) for part in share}
    read = sum(share[part] for part, lines in sounds.items() if lines)
    return sum(sounds.values()), read * noise.transfer.manifest.rows


def _rows_again(job: Job, noise: TransferModel) -> float:
    """Rows that obstacles of the scenario may touch, by a sample of the tiles that they reach."""
    if noise.rebuilt is None:
        return 0.0
    reached = [tile for tile in job.all_tiles if noise.rebuilt.reaches(tile)]
    sampled = reached[:: -(-len(reached) // SAMPLED_TILES) or 1]
    rows = [noise.rebuilt.rows_traced(tile) for tile in sampled]
    return float(np.mean(rows)) * len(reached) if rows else 0.0


def _most(roads: OpenRoads) -> int:
    """Sources that a receptor sees at most."""
    return EVERY_PIECE if roads.hierarchy is None else SEEN


def _computed(receptors: Grid | Points) -> int:
    """Receptors that are not masked."""
    masked = int(receptors.masked.sum()) if isinstance(receptors, Grid) else 0
    return receptors.size - masked


def _pieces_per_receptor(receptors: Grid | Points, tiles: tuple[Tile, ...], load: Load) -> float:
    """Pieces that a receptor sees, on average over a sample of blocks."""
    step = -(-len(tiles) // SAMPLED_TILES)
    sampled = tiles[step // 2 :: step]
    blocks = SAMPLE // max(len(sampled), 1)
    seen = [_seen_in(tile, receptors, load, blocks) for tile in sampled]
    weight = sum(size for size, _ in seen)
    return sum(size * pieces for size, pieces in seen) / weight if weight else 0.0


def _seen_in(tile: Tile, receptors: Grid | Points, load: Load, blocks: int) -> tuple[int, float]:
    """Receptors of a tile that are computed, and the pieces that one sees on average."""
    local = receptors_of(tile, receptors).local
    rows = near(load.stretches, tile.box, load.reach)
    if local.x.size == 0 or rows.size == 0:
        return local.x.size, 0.0
    segments = localised(chosen(load.stretches, rows), tile.box)
    boxes = block_boxes(local)
    reach = np.float32(load.reach)
    sample = boxes[:: -(-len(boxes) // blocks)]
    return local.x.size, float(np.mean([_count(box, segments, reach) for box in sample]))


def _count_pieces(box: Float32, segments: Segments, reach: float) -> int:
    """Pieces that the segments within reach (m) of a box are cut into."""
    west, south, east, north = box
    pieces = 0
    for j in range(segments.road.size):
        x0, y0, x1, y1 = segments.x0[j], segments.y0[j], segments.x1[j], segments.y1[j]
        if segment_to_box(x0, y0, x1, y1, west, south, east, north) <= reach:
            pieces += pieces_of_segment(x0, y0, x1, y1, west, south, east, north)
    return pieces


_count: Any = njit(nogil=True, error_model="numpy")(_count_pieces)
