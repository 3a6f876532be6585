"""A tile of values as the bytes of one Zarr v3 chunk: those that zarr-python would write.

zarr-python has no public way to encode one chunk.  Its codecs call numcodecs, which is called
here with the same settings; a test in `tests/contract` holds the bytes equal.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import google_crc32c
import numcodecs  # type: ignore[import-untyped]
import numpy as np
import zarr.codecs
from numpy.typing import DTypeLike, NDArray

from roadside_server.computation.tiles import POINTS_TILE, TILE

#: Name of a metadata document; the one without a folder before it opens a store.
ROOT = "zarr.json"

#: What is written where nothing was computed, by dtype of the array.
FILL_VALUES: dict[str, float | int] = {"float32": np.nan, "uint8": 0}

#: Fast to write and to read; half as large again with rounded mantissas.
DEFAULT_CODEC = "blosc_lz4"


@dataclass(frozen=True, slots=True)
class Blosc:
    """Settings of Blosc, by byte shuffling."""

    compressor: Literal["lz4", "zstd"]
    level: int


@dataclass(frozen=True, slots=True)
class Zstd:
    """Settings of Zstandard."""

    level: int


@dataclass(frozen=True, slots=True)
class Gzip:
    """Settings of gzip."""

    level: int


#: Compressions by the name in the contract's enumeration, in its order.
CODECS: dict[str, Blosc | Zstd | Gzip | None] = {
    "none": None,
    "zstd": Zstd(level=1),
    "blosc_lz4": Blosc("lz4", level=5),
    "blosc_zstd": Blosc("zstd", level=3),
    "gzip": Gzip(level=5),
}


def chunk_shape(dimensions: int) -> tuple[int, ...]:
    """Shape of the chunks of an array on a grid (2) or of free points (1): one tile."""
    return (TILE, TILE) if dimensions > 1 else (POINTS_TILE,)


def encode_chunk(values: NDArray[Any], codec: str) -> bytes:
    """The bytes of a chunk from a tile's values; empty if all are the fill value.

    Values of a tile at the edge, smaller than a chunk, are padded with the fill value.
    """
    fill_value = FILL_VALUES[values.dtype.name]
    if _is_all(values, fill_value):
        return b""
    padded = _padded(values, fill_value)
    encoder = numcodecs_encoder(codec, padded.dtype.itemsize)
    return bytes(encoder.encode(padded)) if encoder is not None else padded.tobytes()


def crc32c(data: bytes) -> int:
    """CRC-32C of a chunk's bytes."""
    return int(google_crc32c.value(data))


def zarr_compressors(codec: str, dtype: DTypeLike) -> tuple[Any, ...]:
    """What zarr-python is told of a compression, when it makes an array."""
    itemsize = np.dtype(dtype).itemsize
    match CODECS[codec]:
        case Blosc(compressor, level):
            return (
                zarr.codecs.BloscCodec(
                    typesize=itemsize,
                    cname=compressor,
                    clevel=level,
                    shuffle="shuffle",
                ),
            )
        case Zstd(level):
            return (zarr.codecs.ZstdCodec(level=level),)
        case Gzip(level):
            return (zarr.codecs.GzipCodec(level=level),)
        case None:
            return ()


@cache
def numcodecs_encoder(codec: str, itemsize: int) -> Any:
    """What makes the same bytes as `zarr_compressors`; None: the bytes as they are."""
    match CODECS[codec]:
        case Blosc(compressor, level):
            return numcodecs.Blosc(
                cname=compressor, clevel=level, shuffle=numcodecs.Blosc.SHUFFLE, typesize=itemsize
            )
        case Zstd(level):
            return numcodecs.Zstd(level=level)
        case Gzip(level):
            return numcodecs.GZip(level=level)
        case None:
            return None


def _is_all(values: NDArray[Any], fill_value: float) -> bool:
    if np.isnan(fill_value):
        return bool(np.isnan(values).all())
    return not (values != fill_value).any()


def _padded(values: NDArray[Any], fill_value: float) -> NDArray[Any]:
    """Values in the corner of a whole chunk, little-endian and contiguous."""
    shape = chunk_shape(values.ndim)
    dtype = values.dtype.newbyteorder("<")
    if values.shape == shape:
        return np.ascontiguousarray(values, dtype=dtype)
    chunk = np.full(shape, fill_value, dtype=dtype)
    chunk[tuple(slice(size) for size in values.shape)] = values
    return chunk
