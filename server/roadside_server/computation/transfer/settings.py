"""What a person may choose when a noise transfer is built."""

from dataclasses import dataclass

from roadside_server.computation.transfer.source_places import SOURCES, Sources
from roadside_server.errors import require


@dataclass(frozen=True, slots=True)
class TransferSettings:
    """How far, how exactly and how densely sound is traced."""

    reach: float = 800.0  # m, to the middle of a piece of road beyond which it does not count
    order: int = 1  # of reflections, 0 or 1
    search: float = 50.0  # m, from a source to the walls that reflect its sound
    tolerance: float = 0.1  # dB that pruning may take from a level; 0: nothing is left out
    headroom: float = 2.0  # times its present power that a line may have for that to hold
    spacing: float = 4.0  # m between points, on grids that are finer
    sources: Sources = "road"  # what has a line source of its own: road, direction or lane

    @property
    def words(self) -> str:
        """The settings in words."""
        reflections = f"reflections of order {self.order}"
        if self.order:
            reflections += f" by walls within {self.search:g} m of the way"
        pruned = f"pruned within {self.tolerance:g} dB" if self.tolerance else "not pruned"
        lines = "" if self.sources == "road" else f" with a source for each {self.sources}"
        return f"roads within {self.reach:g} m{lines}, {reflections}, {pruned}"


#: Least and most of each setting.
RANGES = {
    "reach": (10.0, 3000.0),
    "order": (0, 1),
    "search": (0.0, 500.0),
    "tolerance": (0.0, 1.0),
    "headroom": (1.0, 1000.0),
    "spacing": (1.0, 100.0),
}


def check_settings(settings: TransferSettings) -> None:
    """Refuse settings that break a rule before any work is done."""
    for name, (low, high) in RANGES.items():
        value = getattr(settings, name)
        rule = f"{value:g}, must be {low:g} to {high:g}"
        require(low <= value <= high, f"noise.{name}", rule)
    rule = f"{settings.sources!r}, must be one of {', '.join(SOURCES)}"
    require(settings.sources in SOURCES, "noise.sources", rule)
