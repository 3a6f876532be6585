"""Sound of the traffic by way of a region's transfer: sums over its rows."""

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from roadside_kernels.arrays import Float32
from roadside_kernels.launch import Device
from roadside_kernels.noise.indicators import levels
from roadside_kernels.noise.transfer_sum import BY_CONDITION, power_of_rows, transfer_sum

from roadside_server.computation.evaluation import Cancelled, Part, evaluated, never, total
from roadside_server.computation.memory import retraced_bytes
from roadside_server.computation.methods import Methods
from roadside_server.computation.parts import WHOLE, active, divided, few_change
from roadside_server.computation.rates import Kind
from roadside_server.computation.resident import Key, Resident, digest
from roadside_server.computation.site import Site
from roadside_server.computation.sources import Stretches
from roadside_server.computation.tiles import Strip
from roadside_server.computation.transfer.emitting_lines import (
    EmittingLines,
    emitting_lines,
    line_power,
    lines_within,
    pruning_power,
    segments_of,
)
from roadside_server.computation.transfer.ground import Ground
from roadside_server.computation.transfer.rebuilding import Rebuilt, rebuilt
from roadside_server.computation.transfer.storage import TileTransfer
from roadside_server.computation.transfer.stored import StoredTransfer, rows_of
from roadside_server.errors import ComputationCancelledError
from roadside_server.region.schema import Float64, Region
from roadside_server.scenario.construction import Construction
from roadside_server.scenario.measures import Traffic

#: What rounding to single precision may add to a sum of powers.
FLOAT32 = 1e-6


@dataclass(frozen=True, slots=True)
class LinePower:
    """Power of the lines that belong to a part, as rows are multiplied with it."""

    rows: Float32  # (L, 3 periods, bands)
    sounds: NDArray[np.bool_]  # (L)


@dataclass(frozen=True, slots=True)
class TransferModel:
    """Sound of the traffic before and after: power by part, and what arrives of it."""

    kind: ClassVar[Kind] = "rows"
    power: dict[str, LinePower]
    lines: EmittingLines
    transfer: StoredTransfer
    device: Device
    resident: Resident[Part]
    rebuilt: Rebuilt | None = None  # what the transfer becomes; None: as it is
    louder: int = 0  # lines with more power than pruning allowed for
    key: Key | None = None  # of resident sums; None: of no use

    @property
    def reach(self) -> float:
        """Distance (m) from a receptor to the roads that it hears."""
        return self.transfer.manifest.settings.reach

    @property
    def changed(self) -> Stretches:
        """Stretches of the lines whose power changes."""
        which = self.power["before"].sounds | self.power["after"].sounds
        return segments_of(self.lines, np.flatnonzero(which))

    def keyed(self) -> "TransferModel":
        """With the key of everything but the receptors, if resident sums are of use."""
        whole, before = self.power[WHOLE], self.power["before"]
        if not few_change(int(whole.sounds.sum()), int(before.sounds.sum())):
            return self
        made_of = tuple(self.transfer.manifest.parts.values())
        return replace(self, key=digest(whole.rows, (self.device, *made_of)))

    def energies(self, strip: Strip, cancelled: Cancelled = never) -> dict[str, Part]:
        """Energies (3, points) re (20 uPa)^2 by part, at the points of the strip's tile.

        Raises
        ------
        ComputationCancelledError
            If cancelled on the way.
        """
        points = self.transfer.points(strip.tile).strip
        if self.rebuilt is not None and self.rebuilt.reaches(strip.tile):
            return self._before_and_after(points, self.rebuilt.tile(strip.tile, cancelled))
        key = None if self.key is None else digest(self.key, strip.tile.chunk)

        def energy(part: str, some: Strip) -> Part:
            if cancelled():
                raise ComputationCancelledError("cancelled by the caller")
            return self._energy(part, some)

        return evaluated(energy, points, key, self.resident)

    def levels(self, parts: dict[str, Part], state: str, strip: Strip) -> dict[str, Float32]:
        """Levels (dB(A)) with the traffic of one state; NaN where no road is heard."""
        (energy,) = total(parts, state)
        found, points = levels(energy), self.transfer.points(strip.tile)
        if points.size == strip.receptors.cell.size:
            return found._asdict()
        return {name: level[points.point] for name, level in found._asdict().items()}

    def _before_and_after(self, points: Strip, rebuilt: TileTransfer) -> dict[str, Part]:
        """All lines before and after, where obstacles change: no part of them stays."""
        before = self._energy(WHOLE, points)
        unchanged, after = self.power["unchanged"], self.power["after"]
        sounds = unchanged.sounds | after.sounds
        rows = rows_of(rebuilt, self.device)
        heard = transfer_sum(rows, unchanged.rows + after.rows, sounds, device=self.device)
        nowhere = np.zeros(points.receptors.cell.size, np.bool_)
        nothing = Part((np.zeros_like(before.sums[0]),), nowhere, 0, acts=False)
        return {
            "unchanged": nothing,
            "before": before,
            "after": Part((heard.energy,), nowhere, heard.rows),
        }

    def _energy(self, part: str, some: Strip) -> Part:
        """Sums over the rows of some points of a tile."""
        points, power = some.receptors.cell, self.power[part]
        nowhere = np.zeros(points.size, np.bool_)
        near = lines_within(self.lines, some.tile.box, self.reach)
        if not power.sounds[near].any():
            return Part((np.zeros((3, points.size), np.float32),), nowhere, 0, acts=False)
        rows = self.transfer.rows(some.tile, self.device)
        if points.size < rows.first.size:
            rows = rows._replace(first=rows.first[points], last=rows.last[points])
        heard = transfer_sum(rows, power.rows, power.sounds, device=self.device)
        return Part((heard.energy,), nowhere, heard.rows)


def transfer_model(
    site: Site,
    transfer: StoredTransfer,
    traffic: Traffic,
    construction: Construction,
    *,
    methods: Methods,
    device: Device,
) -> TransferModel:
    """Everything about the sound of a scenario that is the same for all tiles."""
    region = site.region
    sources = transfer.manifest.settings.sources
    lines = site.once(("emitting lines", sources), lambda: emitting_lines(region, sources))
    before = site.once(
        ("line power", sources, methods), lambda: line_power(region, region.roads, lines, methods)
    )
    after = before
    if traffic.roads is not region.roads:
        after = line_power(region, traffic.roads, lines, methods)
    bands = transfer.manifest.bands
    power = {
        part: _line_power(region, part_power, bands)
        for part, part_power in divided(before, after).items()
    }
    louder = louder_lines(transfer, before, after)
    new = None
    if construction.changes:
        ground = Ground(region, lines, pruning_power(before), transfer.manifest.settings)
        room = retraced_bytes(transfer.manifest.bytes)
        kept = site.once("rebuilt", lambda: Resident[TileTransfer](room))
        new = rebuilt(region, ground, transfer, construction, kept, device)
    return TransferModel(power, lines, transfer, device, site.resident, new, louder).keyed()


def louder_lines(transfer: StoredTransfer, before: Float64, after: Float64) -> int:
    """Lines that have more power than the pruning of a transfer allows for."""
    headroom = transfer.manifest.settings.headroom
    allowed = headroom * pruning_power(before).sum(axis=1)
    return int((pruning_power(after).sum(axis=1) > allowed * (1.0 + FLOAT32)).sum())


def _line_power(region: Region, power: Float32, bands: int) -> LinePower:
    """Power (3, 8, L) of a part as rows of so many bands are multiplied with it."""
    probability = (
        region.weather.favourable[:, 0].astype(np.float32) if bands == BY_CONDITION else None
    )
    sounds = np.zeros(power.shape[2], np.bool_)
    sounds[active(power)] = True
    return LinePower(power_of_rows(power, bands, probability), sounds)
