"""The regions that a server holds in memory."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from roadside_server.errors import InvalidInputError, NotFoundError, RegionDamagedError
from roadside_server.region.schema import Region
from roadside_server.region.storage import load_region

#: Name, size (bytes) and time of change (ns) of every file of a folder.
Fingerprint = frozenset[tuple[str, int, int]]


class LoadedRegion:
    """A region, and the folder it came from; read again when that changes."""

    def __init__(self, source: Path | Region) -> None:
        self._folder = source if isinstance(source, Path) else None
        self._lock = threading.Lock()
        self._fingerprint = _fingerprint(self._folder)
        self._region = load_region(source) if isinstance(source, Path) else source
        self.name = self._region.name

    def region(self) -> Region:
        """The region as it is in its folder now."""
        with self._lock:
            fingerprint = _fingerprint(self._folder)
            if self._folder is not None and fingerprint != self._fingerprint:
                self._region = self._read(self._folder)
                self._fingerprint = fingerprint
            return self._region

    def _read(self, folder: Path) -> Region:
        if not folder.is_dir():
            raise NotFoundError(f"regions/{self.name} was removed")
        region = load_region(folder)
        if region.name != self.name:
            raise RegionDamagedError(f"regions/{self.name}: its folder now holds {region.name}")
        return region


class Catalogue:
    """Regions by name; every method may read files."""

    def __init__(self, sources: Iterable[Path | Region]) -> None:
        self._regions: dict[str, LoadedRegion] = {}
        for source in sources:
            loaded = LoadedRegion(source)
            if loaded.name in self._regions:
                raise InvalidInputError("region", f"two regions are called {loaded.name!r}")
            self._regions[loaded.name] = loaded

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all regions, in order."""
        return tuple(sorted(self._regions))

    def readable(self, names: Iterable[str]) -> list[Region]:
        """Regions of these names, but those whose folder was removed or damaged."""
        regions = []
        for name in names:
            with suppress(NotFoundError, RegionDamagedError):
                regions.append(self._regions[name].region())
        return regions

    def get(self, resource: str, field: str) -> Region:
        """The region of a resource name, "regions/helsinki", given in a field of a request."""
        prefix, _, name = resource.partition("/")
        if prefix != "regions" or not name or "/" in name:
            raise InvalidInputError(field, f"{resource[:80]!r}, must be regions/ and a name")
        if name not in self._regions:
            raise NotFoundError(f"{field}: there is no {resource[:80]!r} here")
        return self._regions[name].region()


def region_folders(folder: Path) -> tuple[Path, ...]:
    """A region's folder itself, or those of the regions in it."""
    if (folder / "region.json").is_file():
        return (folder,)
    found = tuple(sorted(path.parent for path in folder.glob("*/region.json")))
    if not found:
        raise InvalidInputError("region", f"{folder} holds no region")
    return found


def _fingerprint(folder: Path | None) -> Fingerprint:
    if folder is None:
        return frozenset()
    try:
        files = [(path, path.stat()) for path in folder.rglob("*")]
    except OSError:
        return frozenset()
    return frozenset((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in files)
