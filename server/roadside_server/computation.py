"""One scenario from traffic to tiles.

Roads whose emission does not change are evaluated once; those that change are evaluated before
and after.  Baseline and scenario are sums of the same parts, so that nothing cancels.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32

from roadside_server.region.schema import Region
from roadside_server.scenario import Scenario
from roadside_server.tiles import Tile, View, order_by_view


def never() -> bool:
    """Nobody cancels."""
    return False


@dataclass(frozen=True, slots=True)
class ResultArray:
    """An array of the result."""

    name: str  # no2_baseline, ..., flags
    quantity: str  # no2, ...; flags
    output: str  # baseline, scenario or difference; empty for flags
    dtype: str  # float32 or uint8
    unit: str
    long_name: str


@dataclass(frozen=True, slots=True)
class TileResult:
    """What was computed for one tile."""

    tile: Tile
    values: dict[str, Float32 | NDArray[np.uint8]]  # of the tile's shape, by name of the array
    pairs: int  # of road piece and receptor that were evaluated


@dataclass(frozen=True, slots=True)
class Job:
    """A scenario made ready: all that is independent of the tiles is done."""

    region: Region
    scenario: Scenario
    device: str  # cpu or gpu
    arrays: tuple[ResultArray, ...]
    stamp: dict[str, object]
    caveats: tuple[str, ...]
    all_tiles: tuple[Tile, ...]

    def tiles(self, view: View | None = None) -> tuple[Tile, ...]:
        """All tiles, those in view first."""
        return order_by_view(self.all_tiles, view)

    def compute(self, tile: Tile, cancelled: Callable[[], bool] = never) -> TileResult:
        """Every asked array of one tile; raises ComputationCancelledError if cancelled on the way."""
        raise NotImplementedError

    def results(
        self, view: View | None = None, cancelled: Callable[[], bool] = never
    ) -> Iterator[TileResult]:
        """Tiles as they finish, until all are done or someone cancels."""
        raise NotImplementedError


def prepare(region: Region, scenario: Scenario, device: str = "cpu") -> Job:
    """Check that a scenario can be computed, and do all that is independent of the tiles."""
    raise NotImplementedError
