"""Results: opened where they are, or saved as a Zarr store of one's own."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import xarray as xr
from roadside.v1.scenario_service_pb2 import ResultMetadata

from roadside_client.client import Client, connect
from roadside_client.connection import Connection
from roadside_client.errors import RoadsideClientError
from roadside_client.run import Event, Run
from roadside_client.store import ResultStoreOverGrpc
from roadside_client.tiles import ROOT, TileData

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from roadside_client.async_client import AsyncClient


def open_result(
    source: Client | AsyncClient | str | Path,
    name: str = "",
    *,
    chunks: dict[str, int] | None = None,
) -> xr.Dataset:
    """A result as a dataset that reads from its server, or its folder, only what is used.

    Parameters
    ----------
    source : Client, AsyncClient, str or Path
        A client, the address of a server, or the folder of a saved result.
    name : str
        Resource name on the server, "results/1f0c..."; empty for a folder.
    chunks : dict[str, int] or None
        As in xarray.open_zarr: {} makes Dask arrays of the stored chunks.
    """
    if not name:
        return _open(Path(str(source)), chunks)
    connection = Connection(str(source)) if isinstance(source, str | Path) else source.connection
    return _open(ResultStoreOverGrpc(connection, name), chunks)


def save_result(
    source: Run | Client | str, path: str | Path, name: str = "", *, overwrite: bool = False
) -> Path:
    """Write a result byte for byte as a Zarr v3 store; the folder appears once it is complete.

    Parameters
    ----------
    source : Run, Client or str
        A run, read to its end; or a client or the address of the server that holds the result.
    name : str
        Resource name on the server, "results/1f0c..."; empty for a run.

    Raises
    ------
    FileExistsError
        The path exists and is not to be overwritten.
    """
    with ResultFolder(Path(path), overwrite=overwrite) as folder:
        if isinstance(source, Run):
            folder.write_all(source.events())
        else:
            client = source if isinstance(source, Client) else connect(source)
            _copy(client, name, folder)
    return Path(path)


class ResultFolder:
    """A result on its way into a folder, which appears under its name once it is complete."""

    def __init__(self, path: Path, *, overwrite: bool = False) -> None:
        self.path = path
        self._overwrite = overwrite
        self._partial = path.with_name(f".{path.name}.{uuid4().hex[:8]}.partial")
        self._root = b""
        self._tiles_to_come = 0
        if path.exists() and not overwrite:
            message = f"{path} exists already"
            raise FileExistsError(message)

    def __enter__(self) -> Self:
        self._partial.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._publish()
        finally:
            shutil.rmtree(self._partial, ignore_errors=True)

    def write_all(self, events: Iterable[Event]) -> None:
        """Write what a run brings; only a run that came to its end makes a folder."""
        for event in events:
            self.write(event)

    def write(self, event: Event) -> None:
        """Write the documents of a run's metadata or the chunks of a tile; others hold none."""
        if isinstance(event, ResultMetadata):
            self._tiles_to_come = event.tiles
            for document in event.documents:
                self.write_value(document.key, document.value)
        elif isinstance(event, TileData):
            self._tiles_to_come -= 1
            for key, value in event.chunks.items():
                self.write_value(key, value)

    def write_value(self, key: str, value: bytes) -> None:
        """Write one value; empty bytes stand for a key that the store does not have."""
        if key == ROOT:
            # Last of all: without it, no reader takes the folder for a result.
            self._root = value
        elif value:
            file = self._partial / _inside(key)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(value)

    def _publish(self) -> None:
        if not self._root:
            message = f"{self.path}: the result has no {ROOT}"
            raise RoadsideClientError(message)
        if self._tiles_to_come:
            message = f"{self.path}: the run ended {self._tiles_to_come} tiles too early"
            raise RoadsideClientError(message)
        (self._partial / ROOT).write_bytes(self._root)
        if not self._overwrite:
            # Fails, as it should, if a folder with content has come up meanwhile.
            self._partial.rename(self.path)
            return
        old = self._partial.with_suffix(".old")
        with suppress(FileNotFoundError):
            self.path.rename(old)
        self._partial.rename(self.path)
        shutil.rmtree(old, ignore_errors=True)


def _copy(client: Client, name: str, folder: ResultFolder) -> None:
    keys = client.result_keys(name)
    copied = 0
    for key, value in client.result_values(name, keys):
        folder.write_value(key, value)
        copied += 1
    if copied < len(keys):
        message = f"{name}: {len(keys) - copied} of {len(keys)} values are no longer on the server"
        raise RoadsideClientError(message)


def _inside(key: str) -> PurePosixPath:
    """The key as a path that cannot leave the folder."""
    path = PurePosixPath(key)
    if path.is_absolute() or ".." in path.parts:
        message = f"{key}: not a key of a Zarr store"
        raise RoadsideClientError(message)
    return path


def _open(store: ResultStoreOverGrpc | Path, chunks: dict[str, int] | None) -> xr.Dataset:
    dataset: xr.Dataset = xr.open_zarr(store, chunks=chunks, decode_coords="all", zarr_format=3)
    if isinstance(store, ResultStoreOverGrpc):
        dataset.set_close(store.close)
    return dataset
