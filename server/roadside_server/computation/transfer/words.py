"""What the reader of a result must know of its noise."""

from roadside_server.computation.transfer.storage import Manifest
from roadside_server.region.schema import Grid, Region
from roadside_server.scenario.reading import Options

OBSTACLES = (
    "noise: CNOSSOS-EU among the region's buildings, screens, terrain and ground; {settings}; "
    "no sound around the ends of obstacles"
)
SHARED = "noise: computed every {apart:g} m; receptors closer to each other share a level"
OTHER_RANGE = (
    "noise: roads count within {reach:g} m, as traced; noise_range ({asked:g} m) is of flat ground"
)
LOUDER = (
    "noise: {count} stretches of road have more than {headroom:g} times the power that pruning "
    "allowed for; what it left out may be more than {tolerance:g} dB"
)
STORAGE = "bfloat16, at most 0.017 dB off for each road and octave, without bias"


def sentences(
    region: Region, manifest: Manifest, side: int, options: Options, louder: int
) -> tuple[str, ...]:
    """Caveats of noise by way of a transfer, the weightiest first.

    Parameters
    ----------
    side
        Receptors along the side of a square that shares a level.
    louder
        Lines with more power than pruning allowed for.
    """
    settings = manifest.settings
    known = [OBSTACLES.format(settings=settings.words)]
    if side > 1 and isinstance(region.receptors, Grid):
        known.append(SHARED.format(apart=side * region.receptors.spacing))
    if options.noise_range != settings.reach:
        known.append(OTHER_RANGE.format(reach=settings.reach, asked=options.noise_range))
    if louder and settings.tolerance:
        limits = {"headroom": settings.headroom, "tolerance": settings.tolerance}
        known.append(LOUDER.format(count=louder, **limits))
    return tuple(known)


def stamped(manifest: Manifest) -> dict[str, object]:
    """The transfer as the stamp tells of it."""
    settings = manifest.settings
    return {
        "reach_m": settings.reach,
        "reflection_order": settings.order,
        "reflection_search_m": settings.search,
        "pruning_tolerance_db": settings.tolerance,
        "pruning_headroom": settings.headroom,
        "spacing_m": settings.spacing,
        "line_sources": settings.sources,
        "storage": STORAGE,
        "bytes_per_receptor": round(manifest.bytes_per_receptor),
        "made_of": manifest.parts,
    }
