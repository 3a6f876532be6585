"""What is kept with a region: all that no scenario changes, worked out once, and resident sums."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from roadside_server.computation.evaluation import RESIDENT, Part
from roadside_server.computation.resident import Resident
from roadside_server.computation.transfer.stored import StoredTransfer
from roadside_server.region.schema import Region

Found = TypeVar("Found")


class Known:
    """What was worked out under names, the first time that it was asked for; for any thread."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._known: dict[Hashable, Any] = {}

    def once(self, name: Hashable, work_out: Callable[[], Found]) -> Found:
        """What is worked out under a name, the first time that it is asked for."""
        with self._lock:
            if name not in self._known:
                self._known[name] = work_out()
            found: Found = self._known[name]
            return found

    def latest(self, name: Hashable, key: Hashable, work_out: Callable[[], Found]) -> Found:
        """The same for a key, which takes the place of an earlier key of that name."""
        with self._lock:
            if name not in self._known or self._known[name][0] != key:
                self._known.pop(name, None)
                self._known[name] = key, work_out()
            found: Found = self._known[name][1]
            return found


class Site(Known):
    """A region as the computation knows it; forgotten with all it holds when it is unloaded."""

    def __init__(
        self,
        region: Region,
        resident: Resident[Part] = RESIDENT,
        transfer: StoredTransfer | None = None,
        note: str = "",
    ) -> None:
        super().__init__()
        self.region = region
        self.resident = resident
        self.transfer = transfer  # of noise; None: sound spreads over flat ground
        self.note = note  # why there is none though one was made
