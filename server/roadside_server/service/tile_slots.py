"""Tiles handed from one process to another in memory that both have: only their places travel."""

import mmap
import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from roadside_server.computation.tiles import TILE
from roadside_server.scenario.quantities import OUTPUTS, QUANTITIES
from roadside_server.service.computer import TILES_AHEAD

#: Tiles that lie there: those a reader may still use, the next one, and one written meanwhile.
SLOTS = TILES_AHEAD + 2
#: Arrays begin at a multiple of this (bytes): a line of the processor's cache.
LINE = 64
#: Every output of every quantity in single precision, and flags of a byte (bytes).
SLOT = TILE * TILE * (4 * len(QUANTITIES) * len(OUTPUTS) + 1)

Array = NDArray[Any]


class Placed(NamedTuple):
    """One array in a slot, and its names."""

    names: tuple[str, ...]
    offset: int  # bytes from the start of the slot
    shape: tuple[int, ...]
    dtype: str


class TileSlots:
    """Slots of a file without a name: it goes when the last process that has it ends."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, SLOTS * SLOT)

    @classmethod
    def new(cls) -> Self:
        """Empty slots; they take memory only once they are written."""
        descriptor = os.memfd_create("roadside-tiles")
        os.ftruncate(descriptor, SLOTS * SLOT)
        return cls(descriptor)

    def write(self, number: int, values: Mapping[str, Array]) -> tuple[Placed, ...]:
        """Copy a tile's arrays into a slot, once each; where they lie."""
        names: dict[int, list[str]] = {}
        arrays = {id(array): array for array in values.values()}
        for name, array in values.items():
            names.setdefault(id(array), []).append(name)
        placed, offset = [], 0
        for identity, array in arrays.items():
            place = Placed(tuple(names[identity]), offset, array.shape, array.dtype.str)
            self._array(number, place)[...] = array
            placed.append(place)
            offset += -(-array.nbytes // LINE) * LINE
        return tuple(placed)

    def read(self, number: int, placed: tuple[Placed, ...]) -> dict[str, Array]:
        """The arrays of a tile where they lie; those with several names are one object."""
        return {
            name: array
            for place in placed
            for array in [self._array(number, place)]
            for name in place.names
        }

    def close(self) -> None:
        """Let the file go; arrays that were read keep the memory."""
        os.close(self.descriptor)

    def _array(self, number: int, place: Placed) -> Array:
        start = number * SLOT + place.offset
        count = int(np.prod(place.shape))
        flat = np.frombuffer(self._memory, place.dtype, count, start)
        return flat.reshape(place.shape)
