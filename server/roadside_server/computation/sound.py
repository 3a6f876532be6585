"""How the sound of a scenario spreads: by the region's transfer, or over flat ground."""

from roadside_kernels.launch import Device

from roadside_server.computation.caveats import FLAT_GROUND
from roadside_server.computation.methods import Methods
from roadside_server.computation.noise import NoiseModel, noise_model
from roadside_server.computation.site import Site
from roadside_server.computation.transfer.model import TransferModel, transfer_model
from roadside_server.computation.transfer.noise_points import side_of_squares
from roadside_server.computation.transfer.words import sentences
from roadside_server.scenario.measures import Traffic
from roadside_server.scenario.reading import Scenario

Sound = NoiseModel | TransferModel


def sound_model(
    site: Site, scenario: Scenario, traffic: Traffic, methods: Methods, device: Device
) -> Sound:
    """Everything about the sound of a scenario that is the same for all tiles."""
    if site.transfer is not None:
        built = scenario.construction
        return transfer_model(site, site.transfer, traffic, built, methods=methods, device=device)
    reach = scenario.options.noise_range
    return noise_model(site, traffic, reach=reach, methods=methods, device=device)


def said_of_sound(site: Site, scenario: Scenario, sound: Sound | None) -> tuple[str, ...]:
    """How noise was computed, in words."""
    if not isinstance(sound, TransferModel):
        return (site.note, FLAT_GROUND)
    manifest = sound.transfer.manifest
    side = side_of_squares(site.region.receptors, manifest.settings.spacing)
    return sentences(site.region, manifest, side, scenario.options, sound.louder)
