"""What a run yields: tiles, as the bytes of Zarr chunks and as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import google_crc32c
import numpy as np
import zarr
from numpy.typing import NDArray
from roadside.v1 import scenario_service_pb2 as messages
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import MemoryStore

from roadside_client.errors import DamagedChunkError

ROOT = "zarr.json"


@dataclass(frozen=True)
class TileData:
    """One square of the grid, or one run of free receptors: one chunk of every array.

    Attributes
    ----------
    row, column : int
        Place among the tiles, from the south-west.
    chunks : Mapping[str, bytes]
        Key in the Zarr store and the bytes stored there; empty bytes: only fill values.
    unchanged : bool
        No changed road reaches the tile: its differences are 0.
    """

    row: int
    column: int
    chunks: Mapping[str, bytes]
    documents: Mapping[str, bytes] = field(repr=False, compare=False)
    unchanged: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The arrays of this tile: "no2_baseline", "lden_difference", ..."""
        return tuple(_array_name(key) for key in self.chunks)

    def array(self, name: str) -> NDArray[Any]:
        """Values of one array, as far as the grid reaches: (rows, columns) or (receptors)."""
        key = next((key for key in self.chunks if _array_name(key) == name), None)
        if key is None:
            message = f"no array {name!r} in this tile; it has {', '.join(self.names)}"
            raise KeyError(message)
        return _decode(name, key, self.chunks[key], self.documents[f"{name}/{ROOT}"])


def read_tile(tile: messages.Tile, documents: Mapping[str, bytes]) -> TileData:
    """The tile of a message, its chunks compared with their checksums."""
    for chunk in tile.chunks:
        if google_crc32c.value(chunk.data) != chunk.crc32c:
            raise DamagedChunkError(f"{chunk.key}: the bytes do not match their CRC-32C")
    chunks = {chunk.key: chunk.data for chunk in tile.chunks}
    return TileData(tile.row, tile.column, chunks, documents, tile.unchanged)


def _array_name(key: str) -> str:
    """The array of a chunk's key: "no2_baseline" of "no2_baseline/c/0/1"."""
    return key.split("/c/", 1)[0]


def _decode(name: str, key: str, data: bytes, document: bytes) -> NDArray[Any]:
    """Values of a chunk: Zarr itself decodes, in a store that holds only this chunk."""
    buffer = default_buffer_prototype().buffer
    values = {f"{name}/{ROOT}": document} | ({key: data} if data else {})
    store = MemoryStore({key: buffer.from_bytes(value) for key, value in values.items()})
    array = zarr.open_array(store, path=name, mode="r", zarr_format=3)
    place = (int(part) for part in key.split("/c/", 1)[1].split("/"))
    window = tuple(slice(i * n, (i + 1) * n) for i, n in zip(place, array.chunks, strict=True))
    return np.asarray(array[window])
