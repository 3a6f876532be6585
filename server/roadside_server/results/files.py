"""The files of a result: written whole or not at all, with a manifest of what they hold."""

import errno
import fcntl
import json
import os
import shutil
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TextIO

from roadside_server.errors import InvalidInputError, TooLargeError
from roadside_server.results.chunks import ROOT

MANIFEST = ".manifest.json"
#: The disk, or what the user may have of it, is full.
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class Value(NamedTuple):
    """What the manifest knows of a value."""

    size: int
    crc32c: int


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result and the manifest of its values."""

    identifier: str
    region: str
    title: str
    created_at: float  # seconds since 1970-01-01T00:00:00Z
    values: dict[str, Value] = field(default_factory=dict, compare=False)

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return sum(value.size for value in self.values.values())


def claimed(folder: Path) -> TextIO:
    """An open lock file: only one server at a time writes to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    claim = (folder / ".lock").open("w")
    try:
        fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        claim.close()
        raise InvalidInputError("results", f"{folder} is in use by another server") from error
    return claim


def write_file(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        if error.errno in NO_SPACE:
            raise TooLargeError("no space is left for results") from error
        raise


def remove(folder: Path) -> None:
    """Remove a result: at once for readers of the folder, who look for its root first."""
    with suppress(FileNotFoundError):
        (folder / ROOT).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def manifest_of(result: StoredResult) -> bytes:
    """The manifest's document."""
    known = {"region": result.region, "title": result.title, "created_at": result.created_at}
    return json.dumps(known | {"values": result.values}).encode()


def read_manifest(folder: Path) -> StoredResult:
    """A finished result; an error if it is not."""
    found = json.loads((folder / MANIFEST).read_bytes())
    if not (folder / ROOT).is_file():
        raise ValueError(f"{folder.name} was not finished")
    values = {key: Value(*value) for key, value in found["values"].items()}
    return StoredResult(folder.name, found["region"], found["title"], found["created_at"], values)
