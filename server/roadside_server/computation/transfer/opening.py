"""Finds a region's transfer in its folder, and refuses one that was made of something else."""

from pathlib import Path
from typing import NamedTuple

from roadside_server.computation.transfer.emitting_lines import emitting_lines
from roadside_server.computation.transfer.identity import changed_parts, parts_of
from roadside_server.computation.transfer.storage import Manifest, read_manifest
from roadside_server.computation.transfer.stored import StoredTransfer
from roadside_server.region.schema import Region

UNFINISHED = "the region's noise transfer is not finished: `roadside region noise` goes on with it"
STALE = (
    "the region's noise transfer is stale, made of other {parts}: `roadside region noise` makes "
    "it anew"
)


class Opened(NamedTuple):
    """A transfer that holds, or why there is none."""

    transfer: StoredTransfer | None
    note: str = ""  # empty: there is a transfer, or none was ever made


def open_transfer(region: Region, folder: Path) -> Opened:
    """The transfer of a region in its folder.

    Raises
    ------
    RegionDamagedError
        Its manifest is unreadable.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return Opened(None)
    note = flaw(region, manifest)
    if note:
        return Opened(None, note)
    return Opened(StoredTransfer(folder, manifest, region.receptors))


def flaw(region: Region, manifest: Manifest) -> str:
    """Why a transfer does not hold for a region; empty if it does."""
    if not manifest.complete:
        return UNFINISHED
    settings = manifest.settings
    now = parts_of(region, emitting_lines(region, settings.sources), settings)
    changed = changed_parts(manifest.parts, now)
    return STALE.format(parts=", ".join(changed)) if changed else ""
