"""Results on disk: each a folder that any Zarr reader opens.

A result is absent or whole.  Values are renamed into place, the root document last; a manifest
beside them holds the size and checksum of every value, so that a lost or damaged chunk is never
taken for fill values.  A folder without root or manifest is what a crash left: it is removed at
the next start.
"""

import re
import shutil
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from roadside_server.errors import (
    InvalidInputError,
    NotFoundError,
    ResultDamagedError,
    TooLargeError,
    require,
)
from roadside_server.results.chunks import ROOT, crc32c
from roadside_server.results.files import (
    MANIFEST,
    StoredResult,
    Value,
    claimed,
    manifest_of,
    read_manifest,
    remove,
    write_file,
)

IDENTIFIER = re.compile(r"[0-9a-f]{32}")
KEY = re.compile(r"[\w.-]+(/[\w.-]+)*", re.ASCII)
MAX_KEY = 256


class ByteRange(NamedTuple):
    """Bytes of a value: length (0: to the end) from an offset, or a suffix (above 0)."""

    offset: int = 0
    length: int = 0
    suffix: int = 0

    def within(self, size: int) -> slice:
        """The range of a value of this size (bytes)."""
        if self.suffix:
            require(not (self.offset or self.length), "range.suffix", "not with offset or length")
            return slice(max(size - self.suffix, 0), size)
        require(self.offset <= size, "range.offset", f"{self.offset}, the value has {size} bytes")
        return slice(self.offset, min(self.offset + self.length, size) if self.length else size)


class ResultStore:
    """Results in a folder, the oldest of which make room for new ones; safe to share by threads."""

    def __init__(self, folder: Path, budget: int) -> None:
        self.folder = folder
        self.budget = budget  # bytes
        self._lock = threading.Lock()
        self._results: dict[str, StoredResult] = {}  # finished, oldest first
        self._writing: dict[str, StoredResult] = {}
        self._total = 0  # bytes
        self._holds = Counter[str]()
        self._claim = claimed(folder)
        self._recover()

    def begin(self, region: str, title: str, expected: int) -> "ResultWriter":
        """A new result of at most this many bytes, held until the writer is closed."""
        if expected > self.budget:
            message = f"a result of up to {expected} bytes; the server keeps {self.budget}"
            raise TooLargeError(message)
        result = StoredResult(uuid.uuid4().hex, region, title, time.time())
        (self.folder / result.identifier).mkdir()
        with self._lock:
            self._writing[result.identifier] = result
            self._holds[result.identifier] += 1
        return ResultWriter(self, result)

    def results(self) -> tuple[StoredResult, ...]:
        """Finished results, newest first."""
        with self._lock:
            return tuple(reversed(self._results.values()))

    def keys(self, identifier: str, prefix: str = "") -> list[str]:
        """Keys of a finished result that begin with a prefix, in order."""
        return sorted(key for key in self._finished(identifier).values if key.startswith(prefix))

    def read(self, identifier: str, key: str, span: ByteRange | None = None) -> bytes:
        """A value of a finished result, or a range of its bytes."""
        check_key(key)
        value = self._finished(identifier).values.get(key)
        if value is None:
            raise NotFoundError(f"results/{identifier} has no key {key!r}")
        return self._read(identifier, key, value, span)

    @contextmanager
    def held(self, identifier: str) -> Iterator[None]:
        """Keep a finished result from being evicted while it is read."""
        with self._lock:
            self._known(identifier)
            self._holds[identifier] += 1
        try:
            yield
        finally:
            self.release(identifier)

    def release(self, identifier: str) -> None:
        """Let a result be evicted again."""
        with self._lock:
            self._holds[identifier] -= 1
            self._holds += Counter()  # forgets those at zero

    def close(self) -> None:
        """Let another server use the folder."""
        self._claim.close()

    def write(self, result: StoredResult, key: str, value: bytes) -> None:
        """Write one value of an unfinished result and make room for it."""
        self._make_room(len(value))
        write_file(self.folder / result.identifier / key, value)
        with self._lock:
            result.values[key] = Value(len(value), crc32c(value))
            self._total += len(value)

    def finish(self, result: StoredResult, root: bytes) -> None:
        """Write manifest and root document: from now on the result is there."""
        folder = self.folder / result.identifier
        result.values[ROOT] = Value(len(root), crc32c(root))
        self._total += len(root)
        write_file(folder / MANIFEST, manifest_of(result), durable=True)
        write_file(folder / ROOT, root, durable=True)
        with self._lock:
            self._results[result.identifier] = self._writing.pop(result.identifier)

    def discard(self, result: StoredResult) -> None:
        """Remove an unfinished result; without effect on a finished one."""
        with self._lock:
            unfinished = self._writing.pop(result.identifier, None)
            self._total -= result.size if unfinished is not None else 0
        if unfinished is not None:
            shutil.rmtree(self.folder / result.identifier, ignore_errors=True)

    def _read(self, identifier: str, key: str, value: Value, span: ByteRange | None) -> bytes:
        part = (span or ByteRange()).within(value.size)
        try:
            with (self.folder / identifier / key).open("rb") as file:
                file.seek(part.start)
                content = file.read(part.stop - part.start)
        except OSError as error:
            self._finished(identifier)  # evicted meanwhile?
            raise ResultDamagedError(f"results/{identifier}: {key} cannot be read") from error
        whole = part == slice(0, value.size)
        if len(content) != part.stop - part.start or (whole and crc32c(content) != value.crc32c):
            raise ResultDamagedError(f"results/{identifier}: {key} is damaged")
        return content

    def _finished(self, identifier: str) -> StoredResult:
        with self._lock:
            return self._known(identifier)

    def _known(self, identifier: str) -> StoredResult:
        if identifier not in self._results:
            raise NotFoundError(f"results/{identifier} is not there, or no longer")
        return self._results[identifier]

    def _make_room(self, size: int) -> None:
        """Evict the oldest results that nobody reads, until a value (bytes) fits."""
        with self._lock:
            excess = self._total + size - self.budget
            evicted = []
            for result in tuple(self._results.values()) if excess > 0 else ():
                if excess > 0 and not self._holds[result.identifier]:
                    del self._results[result.identifier]
                    evicted.append(result.identifier)
                    excess -= result.size
                    self._total -= result.size
        for identifier in evicted:
            remove(self.folder / identifier)
        if excess > 0:
            raise TooLargeError(f"the {self.budget} bytes kept for results are all in use")

    def _recover(self) -> None:
        """Find finished results; remove what a crash left of others."""
        found = []
        for folder in self.folder.iterdir():
            if not IDENTIFIER.fullmatch(folder.name):
                continue
            try:
                found.append(read_manifest(folder))
            except (OSError, ValueError, TypeError, KeyError):
                shutil.rmtree(folder, ignore_errors=True)
        found.sort(key=lambda result: result.created_at)
        self._results = {result.identifier: result for result in found}
        self._total = sum(result.size for result in found)


class ResultWriter:
    """The one who writes a result; its stream reads it back at the pace of the client."""

    def __init__(self, store: ResultStore, result: StoredResult) -> None:
        self.name = f"results/{result.identifier}"
        self._store = store
        self._result = result

    def write(self, key: str, value: bytes) -> None:
        """Write one value, whole or not at all."""
        self._store.write(self._result, key, value)

    def has(self, key: str) -> bool:
        """Whether a value was written."""
        return key in self._result.values

    def read(self, key: str) -> bytes:
        """A value that was written; the result need not be finished."""
        value = self._result.values[key]
        return self._store._read(self._result.identifier, key, value, None)  # noqa: SLF001

    def finish(self, root: bytes) -> None:
        """Make the result visible, by its root document."""
        self._store.finish(self._result, root)

    def discard(self) -> None:
        """Remove the result, unless it is finished."""
        self._store.discard(self._result)

    def close(self) -> None:
        """Let the result be evicted."""
        self._store.release(self._result.identifier)


def result_identifier(name: str, field_name: str = "result") -> str:
    """The identifier in a resource name, "results/1f0c..."."""
    prefix, _, identifier = name.partition("/")
    valid = prefix == "results" and IDENTIFIER.fullmatch(identifier)
    require(bool(valid), field_name, f"{name[:80]!r}, must be results/ and 32 hexadecimal digits")
    return identifier


def check_key(key: str, field_name: str = "key") -> None:
    """Refuse what cannot be a key of a Zarr store, such as a path out of it."""
    plain = len(key) <= MAX_KEY and KEY.fullmatch(key)
    if not plain or not set(key.split("/")).isdisjoint({".", ".."}):
        raise InvalidInputError(field_name, f"{key[:80]!r}, must be a key such as no2/c/0/1")
