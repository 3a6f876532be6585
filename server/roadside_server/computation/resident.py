"""Sums that stay in memory between scenarios, by what they were computed from."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.device_memory import lies_on_gpu

#: Bytes that resident sums may take: three million receptors, air and sound, take half of it.
BUDGET = 2**30

Key = bytes
Sums = TypeVar("Sums", bound=tuple[object, ...])


class Resident(Generic[Sums]):
    """Results of a computation, the least recently used forgotten first."""

    def __init__(self, budget: int = BUDGET) -> None:
        self.budget = budget
        self._lock = threading.Lock()
        self._sums: OrderedDict[Key, Sums] = OrderedDict()
        self._bytes = 0

    @property
    def used(self) -> int:
        """Bytes that the sums take."""
        return self._bytes

    def sums(self, key: Key, compute: Callable[[], Sums]) -> tuple[Sums, bool]:
        """What is computed under a key, and whether it was there already."""
        with self._lock:
            if key in self._sums:
                self._sums.move_to_end(key)
                return self._sums[key], True
        found = compute()
        self._keep(key, found)
        return found, False

    def _keep(self, key: Key, found: Sums) -> None:
        size = _size(found)
        if size > self.budget:
            return
        with self._lock:
            self._bytes += size - _size(self._sums.pop(key, ()))
            self._sums[key] = found
            while self._bytes > self.budget:
                _, forgotten = self._sums.popitem(last=False)
                self._bytes -= _size(forgotten)


def digest(*parts: bytes | NDArray[np.generic] | Iterable[object]) -> Key:
    """Key of everything that a computation depends on."""
    found = hashlib.blake2b(digest_size=32)
    for part in parts:
        exact = part if isinstance(part, bytes) else _bytes_of(part)
        found.update(len(exact).to_bytes(8, "little"))
        found.update(exact)
    return found.digest()


def _bytes_of(part: NDArray[np.generic] | Iterable[object]) -> bytes:
    if isinstance(part, np.ndarray):
        return f"{part.dtype}{part.shape}".encode() + np.ascontiguousarray(part).tobytes()
    return repr(tuple(part)).encode()


def _size(sums: object) -> int:
    """Bytes of all arrays in nested tuples."""
    if isinstance(sums, np.ndarray) or lies_on_gpu(sums):
        return int(cast("Any", sums).nbytes)
    return sum(_size(part) for part in sums) if isinstance(sums, tuple) else 0
