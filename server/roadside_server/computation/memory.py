"""How much memory a region takes, told from its header before any of it is read."""

from collections.abc import Mapping
from typing import Any, NamedTuple

#: Bytes of a value in single precision.
SINGLE = 4
#: Bytes of a receptor: its links' place and mask; of a free point its place and label too.
GRID_RECEPTOR, POINT_RECEPTOR = 9, 100
#: Bytes of a receptor for every background that is a map.
BACKGROUND = SINGLE
#: Bytes of a link, of a road with its stretches and all that is worked out of it, of a building.
LINK, ROAD, BUILDING = 13, 6000, 600
#: Variants of the sums for the air that are kept: formal and interactive.
VARIANTS = 2
#: Sums of street canyons and open roads that are annual means: SRM1's five, SRM2's three.
ANNUAL_SUMS = 5 + 3
#: Periods of the day for which energies of sound are kept.
PERIODS = 3
#: Bytes of rows traced again that are kept at most, so that a barrier once traced costs other
#: traffic nothing; and how many times the rows of a small transfer.
RETRACED, RETRACED_TIMES = 2**29, 2

#: On a GPU: bytes of a receptor for its place, its links' place and ozone beside that by sector;
#: of a link; of a road with its pieces, the squares they are gathered in and what those emit, for
#: every lane.
GPU_RECEPTOR, GPU_LINK, GPU_ROAD = 20, 8, 2000


class Footprint(NamedTuple):
    """Bytes that a region takes."""

    held: int  # receptors, links, roads; buildings, on the host
    sums: int  # over the present traffic, once all are known

    @property
    def needed(self) -> int:
        """All of it."""
        return self.held + self.sums


def sums_per_receptor(sectors: int) -> int:
    """Bytes of the sums at a receptor: NOx and NO2 by wind sector, annual means, sound."""
    air = (2 * sectors + ANNUAL_SUMS) * SINGLE + 1
    return VARIANTS * air + PERIODS * SINGLE + 1


def retraced_bytes(transfer: int) -> int:
    """Bytes of rows traced again that are kept beside so many bytes of a region's transfer."""
    return min(RETRACED, RETRACED_TIMES * transfer)


def footprint(header: Mapping[str, Any], transfer: int = 0) -> Footprint:
    """What the region of a header (``region/parts.py``) takes, with so many bytes of transfer.

    A noise transfer is memory-mapped; it counts, since scenarios are slow where it does not fit.
    So do the rows that scenarios which build keep.
    """
    counts = header["counts"]
    receptors = counts["receptors"]
    on_grid = header["receptors"]["kind"] == "grid"
    maps = 5 - len(set(header["background"]) - {"nox"})
    held = (
        receptors * ((GRID_RECEPTOR if on_grid else POINT_RECEPTOR) + maps * BACKGROUND)
        + counts["street_links"] * LINK
        + counts["roads"] * ROAD
        + (counts["buildings"] + counts["trees"]) * BUILDING
    )
    held += transfer + retraced_bytes(transfer)
    sectors = len(header["weather"]["frequency"])
    return Footprint(held, receptors * sums_per_receptor(sectors))


def gpu_footprint(header: Mapping[str, Any], transfer: int = 0) -> Footprint:
    """What the same region takes on a GPU, where its sums lie instead of on the host."""
    counts = header["counts"]
    sectors = len(header["weather"]["frequency"])
    held = (
        counts["receptors"] * (GPU_RECEPTOR + sectors * SINGLE)
        + counts["street_links"] * GPU_LINK
        + counts["roads"] * GPU_ROAD
    )
    return Footprint(held + transfer, counts["receptors"] * sums_per_receptor(sectors))
