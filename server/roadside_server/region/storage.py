"""A region as a folder: GeoParquet for tables, Zarr for arrays, and region.json about them.

``region.json`` holds everything that is neither table nor array, the digest of every part
(``content_hash.py``) and the content hash over all of it.  A folder appears complete or not at
all: it is written beside its place and then renamed.  Loading checks every digest.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import zarr
from numpy.typing import NDArray

from roadside_server.errors import NotFoundError, RegionDamagedError, require
from roadside_server.region.content_hash import hash_array, hash_document, hash_table
from roadside_server.region.parts import (
    ARRAYS,
    TABLES,
    arrays_of,
    assemble,
    header_of,
    tables_of,
    typed,
)
from roadside_server.region.schema import Grid, Region

#: Version of the folder's layout; a reader refuses others.
FORMAT = 2
HEADER = "region.json"
#: Folder of the noise transfer (``computation/transfer/storage.py``).
NOISE = "noise"
#: Values a chunk of a stored array, at most.
CHUNK = 1 << 20


def write_region(region: Region, folder: Path) -> Region:
    """Write a region, replacing an earlier one there; the region with its content hash.

    Raises
    ------
    InvalidInputError
        Something else than a region is there.
    """
    require(
        _may_replace(folder), "folder", f"{folder} holds something else than a region: not replaced"
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        document = _write_parts(region, draft)
        _replace_folder(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return replace(region, content_hash=document["content_hash"])


def with_content_hash(region: Region) -> Region:
    """The region with the hash that it would be stored under."""
    return replace(region, content_hash=describe_parts(region)["content_hash"])


def describe_parts(region: Region) -> dict[str, Any]:
    """The document region.json of a region, digests included."""
    tables, arrays = tables_of(region), arrays_of(region)
    digests = {f"{name}.parquet": hash_table(table) for name, table in tables.items()}
    digests |= {f"{ARRAYS}/{name}": hash_array(values) for name, values in arrays.items()}
    document = {"format": FORMAT, **header_of(region), "digests": digests}
    return {**document, "content_hash": hash_document(document)}


def load_region(folder: Path) -> Region:
    """Read a region and check it against its hash.

    Raises
    ------
    NotFoundError
        There is no such folder.
    RegionDamagedError
        A file is missing, unreadable or not the one the hash was made of; the message names it.
    """
    document = read_header(folder)
    digests: dict[str, str] = document["digests"]
    tables = {
        name: _read_part(folder, f"{name}.parquet", digests, _read_table(name), hash_table)
        for name in (*TABLES, *(("points",) if "points.parquet" in digests else ()))
    }
    names = [part.removeprefix(f"{ARRAYS}/") for part in digests if part.startswith(ARRAYS)]
    arrays = {
        name: _read_part(folder, f"{ARRAYS}/{name}", digests, _read_array, hash_array)
        for name in names
    }
    try:
        region = assemble(document, tables, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise RegionDamagedError(f"{HEADER}: lacks {error}") from error
    _check_sizes(region)
    return region


def _may_replace(folder: Path) -> bool:
    if not folder.is_dir():
        return not folder.exists()
    return (folder / HEADER).is_file() or not any(folder.iterdir())


def _write_parts(region: Region, folder: Path) -> dict[str, Any]:
    for name, table in tables_of(region).items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    group = zarr.open_group(folder / ARRAYS, mode="w", zarr_format=3)
    for name, values in arrays_of(region).items():
        group.create_array(name, data=values, chunks=_chunks(values))
    document = describe_parts(region)
    text = json.dumps(document, indent=2, allow_nan=False)
    (folder / HEADER).write_text(text + "\n", encoding="utf-8")
    return document


def _chunks(values: NDArray[Any]) -> tuple[int, ...]:
    if values.ndim == 1:
        return (max(1, min(values.size, CHUNK)),)
    rows, columns = values.shape
    return (max(1, min(rows, CHUNK // max(columns, 1))), max(columns, 1))


def _replace_folder(draft: Path, folder: Path) -> None:
    draft.chmod(0o755)
    if not folder.exists():
        draft.rename(folder)
        return
    aside = draft.with_name(f"{draft.name}-old")
    folder.rename(aside)
    try:
        draft.rename(folder)
    except OSError:
        aside.rename(folder)
        raise
    # What it was made of says whether it still holds.
    if (aside / NOISE).is_dir():
        (aside / NOISE).rename(folder / NOISE)
    shutil.rmtree(aside)


def read_header(folder: Path) -> dict[str, Any]:
    """Everything of a region in a folder that is neither table nor array.

    Raises
    ------
    NotFoundError
        There is no such folder.
    RegionDamagedError
        The header is missing, unreadable or not the one its hash was made of.
    """
    if not folder.is_dir():
        raise NotFoundError(f"region {folder.name}: no folder at {folder}")
    document = _read_json(folder / HEADER)
    found = document.get("format")
    if found != FORMAT:
        raise RegionDamagedError(
            f"{HEADER}: format {found!r}, this version reads {FORMAT}; build the region anew"
        )
    if not isinstance(document.get("digests"), dict):
        raise RegionDamagedError(f"{HEADER}: lacks 'digests'")
    content_hash = document.pop("content_hash", None)
    if content_hash != hash_document(document):
        raise RegionDamagedError(f"{HEADER}: not the content its hash {content_hash} was made of")
    return {**document, "content_hash": content_hash}


def _check_sizes(region: Region) -> None:
    receptors, links = region.receptors, region.street_links
    if isinstance(receptors, Grid) and receptors.masked.shape != (
        receptors.rows,
        receptors.columns,
    ):
        raise RegionDamagedError(f"{ARRAYS}/masked: {receptors.masked.shape}, not as the grid")
    if links.start.size != receptors.size + 1 or links.start[-1] != links.road.size:
        raise RegionDamagedError(f"{ARRAYS}/links_start: not of {receptors.size} receptors")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RegionDamagedError(f"{path.name}: missing from {path.parent}") from error
    except (OSError, ValueError) as error:
        raise RegionDamagedError(f"{path.name}: unreadable ({error})") from error
    if not isinstance(document, dict):
        raise RegionDamagedError(f"{path.name}: not a JSON object")
    return document


def _read_part(
    folder: Path,
    part: str,
    digests: dict[str, str],
    read: Callable[[Path], Any],
    digest: Callable[[Any], str],
) -> Any:
    if not (folder / part).exists():
        raise RegionDamagedError(f"{part}: missing from {folder}")
    try:
        content = read(folder / part)
        found = digest(content)
    # Readers of Parquet and Zarr raise whatever a damaged byte leads them to.
    except Exception as error:
        raise RegionDamagedError(f"{part}: unreadable ({error})") from error
    if found != digests.get(part):
        raise RegionDamagedError(f"{part}: not the content that the region's hash was made of")
    return content


def _read_table(name: str) -> Callable[[Path], pd.DataFrame]:
    read = pd.read_parquet if name == "emission_scale" else gpd.read_parquet
    return lambda path: typed(name, read(path))


def _read_array(path: Path) -> NDArray[Any]:
    return np.asarray(zarr.open_array(path, mode="r")[...])
