"""The regions that a server knows: read when they are needed, within its memory."""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from roadside_server.computation.memory import Footprint, footprint, gpu_footprint
from roadside_server.computation.resident import Resident
from roadside_server.computation.site import Site
from roadside_server.computation.transfer.opening import open_transfer
from roadside_server.computation.transfer.storage import FOLDER, MANIFEST, read_manifest
from roadside_server.errors import (
    InvalidInputError,
    NotFoundError,
    RegionDamagedError,
    TooLargeError,
)
from roadside_server.region.parts import header_of
from roadside_server.region.schema import Region
from roadside_server.region.storage import load_region, read_header

#: Name, size (bytes) and time of change (ns) of every file of a folder.
Fingerprint = frozenset[tuple[str, int, int]]

logger = logging.getLogger(__name__)


class RegionMemory(NamedTuple):
    """What a region takes of the memory (bytes)."""

    name: str
    loaded: bool
    needed: int  # set aside while it is loaded
    sums: int  # that are known now


@dataclass(slots=True)
class KnownRegion:
    """A region on disk or in hand, and its site while it is loaded."""

    source: Path | Region
    header: dict[str, Any]
    transfer: int = 0  # bytes of the noise transfer
    site: Site | None = None
    fingerprint: Fingerprint = frozenset()

    @property
    def name(self) -> str:
        """Name of the region."""
        return str(self.header["name"])

    @property
    def footprint(self) -> Footprint:
        """Bytes that it takes while it is loaded."""
        return footprint(self.header, self.transfer)

    @property
    def on_gpu(self) -> Footprint:
        """Bytes that it takes on a GPU if its sums lie there."""
        return gpu_footprint(self.header, self.transfer)


class Catalogue:
    """Regions by name; every method may read files.

    Raises
    ------
    TooLargeError
        Not one of the regions fits into the memory.
    """

    def __init__(
        self, sources: Iterable[Path | Region], budget: int, gpu_budget: int | None = None
    ) -> None:
        self.budget = budget  # bytes
        self.gpu_budget = gpu_budget  # bytes; None: sums lie on the host
        self._lock = threading.RLock()
        self._regions: dict[str, KnownRegion] = {}
        for source in sources:
            known = KnownRegion(source, _header(source))
            if known.name in self._regions:
                raise InvalidInputError("region", f"two regions are called {known.name!r}")
            self._regions[known.name] = known
        self._load_all()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all regions, in order."""
        return tuple(sorted(self._regions))

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the regions that are loaded, in order."""
        return tuple(name for name in self.names if self._regions[name].site is not None)

    def described(self, names: Iterable[str]) -> list[Region | dict[str, Any]]:
        """Regions of these names, or the headers of those that are not loaded or readable."""
        described: list[Region | dict[str, Any]] = []
        for name in names:
            known = self._regions[name]
            try:
                described.append(self._site(known).region if known.site else _header(known.source))
            except (NotFoundError, RegionDamagedError):
                continue
        return described

    def get(self, resource: str, field: str) -> Region:
        """The region of a resource name, "regions/helsinki", given in a field of a request."""
        return self.site(resource, field).region

    def site(self, resource: str, field: str) -> Site:
        """The same, with all that is known of it; loads it if need be.

        Raises
        ------
        TooLargeError
            It does not fit into the memory beside the regions that are loaded.
        """
        return self._site(self._known(resource, field))

    def unload(self, resource: str, field: str) -> int:
        """Forget a region until it is next asked for; bytes that become free."""
        with self._lock:
            known = self._known(resource, field)
            if known.site is None:
                return 0
            known.site = None
            return self._needed(known)

    def memory(self, resource: str = "") -> list[RegionMemory]:
        """What each region takes, or one of them."""
        with self._lock:
            names = (self._known(resource, "name").name,) if resource else self.names
            return [self._memory(self._regions[name]) for name in names]

    def _memory(self, known: KnownRegion) -> RegionMemory:
        used = known.site.resident.used if known.site else 0
        return RegionMemory(known.name, known.site is not None, self._needed(known), used)

    def _needed(self, known: KnownRegion) -> int:
        """Bytes that it takes while it is loaded, wherever they lie."""
        if self.gpu_budget is None:
            return known.footprint.needed
        return known.footprint.held + known.on_gpu.needed

    def _known(self, resource: str, field: str) -> KnownRegion:
        prefix, _, name = resource.partition("/")
        if prefix != "regions" or not name or "/" in name:
            raise InvalidInputError(field, f"{resource[:80]!r}, must be regions/ and a name")
        if name not in self._regions:
            raise NotFoundError(f"{field}: there is no {resource[:80]!r} here")
        return self._regions[name]

    def _site(self, known: KnownRegion) -> Site:
        """A region as it is in its folder now."""
        with self._lock:
            if isinstance(known.source, Path):
                fingerprint = _fingerprint(known.source)
                if fingerprint != known.fingerprint:
                    known.header = self._read_header(known, known.source)
                    known.transfer = _transfer_bytes(known.source)
                    known.site, known.fingerprint = None, fingerprint
            if known.site is None:
                self._require_room(known)
                source = known.source
                known.site = _new_site(known, source)
            return known.site

    def _read_header(self, known: KnownRegion, folder: Path) -> dict[str, Any]:
        if not folder.is_dir():
            raise NotFoundError(f"regions/{known.name} was removed")
        header = read_header(folder)
        if header["name"] != known.name:
            found = header["name"]
            raise RegionDamagedError(f"regions/{known.name}: its folder now holds {found}")
        return header

    def _require_room(self, known: KnownRegion) -> None:
        """Refuse a region that does not fit beside those that are loaded."""
        loaded = [other for other in self._regions.values() if other.site and other is not known]
        if self.gpu_budget is None:
            others = sum(other.footprint.needed for other in loaded)
            _require(known, known.footprint, self.budget, others, "memory")
            return
        held = sum(other.footprint.held for other in loaded)
        _require(known, known.footprint._replace(sums=0), self.budget, held, "memory")
        others = sum(other.on_gpu.needed for other in loaded)
        _require(known, known.on_gpu, self.gpu_budget, others, "memory on the GPU")

    def _load_all(self) -> None:
        """Load what fits; an error if nothing does."""
        refused = []
        for known in self._regions.values():
            try:
                self._site(known)
            except TooLargeError as error:
                logger.warning("not loaded: %s", error)
                refused.append(error)
        if refused and len(refused) == len(self._regions):
            raise refused[0]


def _require(known: KnownRegion, needed: Footprint, budget: int, taken: int, where: str) -> None:
    """Refuse a region that needs more than is left of a budget (bytes)."""
    if needed.needed > budget - taken:
        raise TooLargeError(
            f"regions/{known.name} needs {needed.needed} bytes of {where} "
            f"({needed.held} for the region, {needed.sums} for its sums); "
            f"{max(budget - taken, 0)} of {budget} are available"
        )


def _new_site(known: KnownRegion, source: Path | Region) -> Site:
    """A region read, with its noise transfer if that holds."""
    sums = known.footprint.sums
    if isinstance(source, Region):
        return Site(source, Resident(sums))
    region = load_region(source)
    opened = open_transfer(region, source)
    if opened.note:
        logger.warning("regions/%s: %s", known.name, opened.note)
    return Site(region, Resident(sums), opened.transfer, opened.note)


def region_folders(folder: Path) -> tuple[Path, ...]:
    """A region's folder itself, or those of the regions in it."""
    if (folder / "region.json").is_file():
        return (folder,)
    found = tuple(sorted(path.parent for path in folder.glob("*/region.json")))
    if not found:
        raise InvalidInputError("region", f"{folder} holds no region")
    return found


def _transfer_bytes(folder: Path) -> int:
    """Bytes of a region's noise transfer that is complete."""
    manifest = read_manifest(folder)
    return manifest.bytes if manifest is not None else 0


def _header(source: Path | Region) -> dict[str, Any]:
    """Everything of a region that is neither table nor array."""
    if isinstance(source, Path):
        return read_header(source)
    return header_of(source) | {"content_hash": source.content_hash}


def _fingerprint(folder: Path) -> Fingerprint:
    try:
        # While a noise transfer is built, its tiles are none of the region's.
        kept = (path for path in folder.rglob("*") if _is_part(path.relative_to(folder)))
        files = [(path, path.stat()) for path in kept]
    except OSError:
        return frozenset()
    return frozenset((str(path), stat.st_size, stat.st_mtime_ns) for path, stat in files)


def _is_part(path: Path) -> bool:
    """Whether a file of a region's folder makes it another region."""
    return path.parts[0] != FOLDER or path.name == MANIFEST
