"""The bytes of a chunk are those that zarr-python writes: encoded once, streamed and stored."""

import numpy as np
import pytest
import zarr
from roadside.v1 import scenario_pb2
from roadside_server.results.chunks import (
    CODECS,
    FILL_VALUES,
    chunk_shape,
    encode_chunk,
    zarr_compressors,
)
from zarr.storage import MemoryStore

ENUMERATION = {
    name.removeprefix("CODEC_").lower()
    for name in scenario_pb2.Codec.keys()  # noqa: SIM118 - not a mapping
    if name != "CODEC_UNSPECIFIED"
}
FULL, EDGE = (256, 256), (200, 37)
RUN, LAST_RUN = (65536,), (1234,)


def plume(shape, dtype):
    """Smooth values, as a map of concentrations has."""
    values = 40 + 20 * np.sin(np.arange(np.prod(shape)) / 97.0)
    return values.reshape(shape).astype(dtype)


def with_gaps(shape, dtype):
    values = plume(shape, dtype)
    values.reshape(-1)[::3] = FILL_VALUES[dtype]
    return values


def only_fill(shape, dtype):
    return np.full(shape, FILL_VALUES[dtype], dtype=dtype)


@pytest.fixture(autouse=True)
def still_clock(monkeypatch):
    """Gzip writes the second into its header: both encodings must see the same one."""
    monkeypatch.setattr("time.time", lambda: 1_700_000_000.0)


def written_by_zarr(values, codec):
    """The chunk in the store after `array[...] = values`; empty if there is none."""
    store = {}
    array = zarr.create_array(
        MemoryStore(store),
        shape=values.shape,
        chunks=chunk_shape(values.ndim),
        dtype=values.dtype,
        fill_value=FILL_VALUES[values.dtype.name],
        filters=(),
        compressors=zarr_compressors(codec, values.dtype),
    )
    array[...] = values
    key = "/".join(["c", *["0"] * values.ndim])
    return store[key].to_bytes() if key in store else b""


def test_every_codec_of_the_contract_is_supported():
    assert set(CODECS) == ENUMERATION


@pytest.mark.parametrize("codec", sorted(ENUMERATION))
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
@pytest.mark.parametrize("shape", [FULL, EDGE, RUN, LAST_RUN], ids=str)
@pytest.mark.parametrize("field", [plume, with_gaps, only_fill])
def test_encoded_bytes_are_those_that_zarr_writes(field, shape, dtype, codec):
    values = field(shape, dtype)
    assert encode_chunk(values, codec) == written_by_zarr(values, codec)


@pytest.mark.parametrize("codec", sorted(ENUMERATION))
def test_a_slice_of_a_larger_map_is_encoded_like_a_copy(codec):
    values = plume((300, 300), "float32")[10:266, 20:276]
    assert encode_chunk(values, codec) == written_by_zarr(values.copy(), codec)


def test_a_chunk_of_fill_values_is_absent():
    assert encode_chunk(only_fill(EDGE, "float32"), "zstd") == b""
