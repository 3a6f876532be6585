"""Hashes of what tables and arrays say, not of how a file spells it.

The digest of a column covers its name, the kind of its values and their canonical bytes:

- numbers: little-endian, in the width of the schema; every NaN alike, and -0 as 0;
- text: the lengths of the UTF-8 strings as 64-bit integers, then the strings;
- geometry: the lengths, then the well-known binary (ISO, little-endian, two dimensions).

Columns are hashed in the order of their names, arrays with their shape.  So the same input gives
the same hash with any version of the libraries that write the files.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

#: Bytes of a digest; 64 hexadecimal digits.
DIGEST_SIZE = 32


def hash_table(table: pd.DataFrame) -> str:
    """Digest of a table: every column, and the geometry if it has one."""
    digest = _new_digest()
    digest.update(len(table).to_bytes(8, "little"))
    for name in sorted(table.columns):
        digest.update(f"{name}\n".encode())
        _update_with_column(digest, table, name)
    return digest.hexdigest()


def hash_array(values: NDArray[Any]) -> str:
    """Digest of an array of numbers: type, shape and values."""
    digest = _new_digest()
    digest.update(f"{values.dtype.kind}{values.dtype.itemsize}{values.shape}\n".encode())
    digest.update(_canonical(values))
    return digest.hexdigest()


def hash_document(document: dict[str, Any]) -> str:
    """Digest of a JSON document, whatever the order of its keys."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=DIGEST_SIZE).hexdigest()


def _new_digest() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=DIGEST_SIZE)


def _update_with_column(digest: hashlib.blake2b, table: pd.DataFrame, name: str) -> None:
    if isinstance(table, gpd.GeoDataFrame) and name == table.geometry.name:
        _update_with_bytes(digest, _well_known_binary(table))
        return
    values = table[name]
    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy()
        digest.update(f"{numbers.dtype.kind}{numbers.dtype.itemsize}\n".encode())
        digest.update(_canonical(numbers))
        return
    _update_with_bytes(digest, [str(text).encode() for text in values])


def _well_known_binary(table: gpd.GeoDataFrame) -> list[bytes]:
    geometry = table.geometry.to_numpy()
    binary = shapely.to_wkb(geometry, output_dimension=2, byte_order=1, flavor="iso")
    return list(binary)


def _update_with_bytes(digest: hashlib.blake2b, pieces: Iterable[bytes]) -> None:
    listed = list(pieces)
    digest.update(np.array([len(piece) for piece in listed], "<i8").tobytes())
    digest.update(b"".join(listed))


def _canonical(values: NDArray[Any]) -> bytes:
    if values.dtype.kind == "f":
        # Adding zero turns -0 into 0; where() gives every NaN the same bits.
        values = np.where(np.isnan(values), values.dtype.type(np.nan), values + 0)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()
