"""What is kept with a region: all that no scenario changes, worked out once, and resident sums."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from roadside_server.computation.evaluation import RESIDENT, Part
from roadside_server.computation.resident import Resident
from roadside_server.region.schema import Region

Found = TypeVar("Found")


class Site:
    """A region as the computation knows it; forgotten with all it holds when it is unloaded."""

    def __init__(self, region: Region, resident: Resident[Part] = RESIDENT) -> None:
        self.region = region
        self.resident = resident
        self._lock = threading.RLock()
        self._known: dict[Hashable, Any] = {}

    def once(self, name: Hashable, work_out: Callable[[], Found]) -> Found:
        """What is worked out under a name, the first time that it is asked for."""
        with self._lock:
            if name not in self._known:
                self._known[name] = work_out()
            found: Found = self._known[name]
            return found
