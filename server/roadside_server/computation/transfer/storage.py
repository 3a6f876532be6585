"""A noise transfer in the folder of its region: memory-mapped arrays, a folder for each tile.

    region/noise/transfer.json                                  what it was made of
    region/noise/3-7/start.npy, line.npy, energy.npy, tile.json

A tile is written beside its place and renamed: what is there is whole, so that building goes on
where it was stopped.  The transfer is complete when ``transfer.json`` says so, written last.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Int32, Int64
from roadside_kernels.noise.transfer_sum import UInt16

from roadside_server.computation.tiles import Tile
from roadside_server.computation.transfer.settings import TransferSettings
from roadside_server.errors import RegionDamagedError
from roadside_server.region.storage import NOISE

#: Version of the layout; a transfer of another one is built anew.
FORMAT = 1
PIECE = 1 << 18  # bytes that checksums take at a time
FOLDER, MANIFEST, TILE = NOISE, "transfer.json", "tile.json"


class TileTransfer(NamedTuple):
    """Rows of the N points of a tile: start[i] to start[i + 1] are of point i."""

    start: Int64  # N + 1
    line: Int32  # number of the emitting line
    energy: UInt16  # (rows, bands), bfloat16

    @property
    def bytes(self) -> int:
        """Bytes of the arrays."""
        return int(sum(array.nbytes for array in self))


def rows_of_points(transfer: TileTransfer, points: NDArray[np.intp]) -> TileTransfer:
    """The transfer of some points of a tile."""
    first, count = transfer.start[points], np.diff(transfer.start)[points]
    start = np.append(0, np.cumsum(count))
    rows = np.arange(start[-1]) + np.repeat(first - start[:-1], count)
    return TileTransfer(start, transfer.line[rows], transfer.energy[rows])


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a transfer was made of, and how large it is."""

    parts: dict[str, str]  # digests by name, see ``identity.py``
    settings: TransferSettings
    lines: int
    bands: int  # of a row
    receptors: int  # of the region that are computed
    points: int = 0
    rows: int = 0
    bytes: int = 0
    complete: bool = False

    @property
    def bytes_per_receptor(self) -> float:
        """Bytes for each receptor that is computed."""
        return self.bytes / max(self.receptors, 1)


def read_manifest(region: Path) -> Manifest | None:
    """What the transfer in a region's folder was made of; None where there is none.

    Raises
    ------
    RegionDamagedError
        The file is unreadable.
    """
    path = region / FOLDER / MANIFEST
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.pop("format") != FORMAT:
            return None
        settings = TransferSettings(**document.pop("settings"))
        return Manifest(settings=settings, **document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RegionDamagedError(f"{FOLDER}/{MANIFEST}: unreadable ({error})") from error


def write_manifest(region: Path, manifest: Manifest) -> None:
    """Put a manifest in the place of an earlier one, at once."""
    folder = region / FOLDER
    folder.mkdir(exist_ok=True)
    draft = folder / f".{MANIFEST}"
    draft.write_text(json.dumps({"format": FORMAT} | asdict(manifest), indent=2) + "\n", "utf-8")
    draft.replace(folder / MANIFEST)


def remove_transfer(region: Path) -> None:
    """Leave nothing of a transfer in a region's folder."""
    shutil.rmtree(region / FOLDER, ignore_errors=True)


def tile_folder(region: Path, tile: Tile) -> Path:
    """Where a tile of the transfer lies."""
    return region / FOLDER / f"{tile.row}-{tile.column}"


def write_tile(region: Path, tile: Tile, transfer: TileTransfer) -> None:
    """Write a tile whole or not at all."""
    folder = tile_folder(region, tile)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, array in transfer._asdict().items():
            np.save(draft / f"{name}.npy", array)
        checksums = {name: _checksum(array) for name, array in transfer._asdict().items()}
        (draft / TILE).write_text(json.dumps(checksums), "utf-8")
        draft.chmod(0o755)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_tile(region: Path, tile: Tile) -> TileTransfer:
    """A tile, memory-mapped and checked.

    Raises
    ------
    RegionDamagedError
        A file is missing, unreadable or not what was written; the message names it.
    """
    folder = tile_folder(region, tile)
    checksums = _checksums(folder)
    arrays = {name: _mapped(folder / f"{name}.npy") for name in TileTransfer._fields}
    for name, array in arrays.items():
        if _checksum(array) != checksums.get(name):
            raise RegionDamagedError(f"{FOLDER}/{folder.name}/{name}.npy: not what was written")
    return TileTransfer(**arrays)


def has_tile(region: Path, tile: Tile) -> bool:
    """Whether a tile is there, and so whole."""
    return tile_folder(region, tile).is_dir()


def completed(region: Path, manifest: Manifest, tiles: Iterable[Tile]) -> Manifest:
    """The manifest of a transfer whose tiles are all there, with their sizes; written."""
    points = rows = size = 0
    for tile in tiles:
        start, line, energy = (
            _mapped(tile_folder(region, tile) / f"{name}.npy") for name in TileTransfer._fields
        )
        points, rows = points + start.size - 1, rows + line.size
        size += start.nbytes + line.nbytes + energy.nbytes
    whole = replace(manifest, points=points, rows=rows, bytes=size, complete=True)
    write_manifest(region, whole)
    return whole


def _mapped(path: Path) -> Any:
    """An array of a file: pages come into memory as they are read."""
    try:
        # Copy on write: compiled loops tell arrays that may be written from those that may not.
        return np.asarray(np.load(path, mmap_mode="c"))
    except (OSError, ValueError) as error:
        name = f"{FOLDER}/{path.parent.name}/{path.name}"
        raise RegionDamagedError(f"{name}: missing or unreadable ({error})") from error


def _checksums(folder: Path) -> dict[str, int]:
    try:
        found: dict[str, int] = json.loads((folder / TILE).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RegionDamagedError(f"{FOLDER}/{folder.name}/{TILE}: unreadable ({error})") from error
    return found


def _checksum(array: Any) -> int:
    """CRC-32C of an array, a piece at a time: the library takes copies only."""
    library: Any = google_crc32c
    checksum = library.Checksum()
    values = array.reshape(-1).view(np.uint8)
    for first in range(0, values.size, PIECE):
        checksum.update(values[first : first + PIECE].tobytes())
    return int.from_bytes(checksum.digest(), "big")
