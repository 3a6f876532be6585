"""How this server reads the methods where a reading is open; every choice is in the stamp."""

from dataclasses import asdict, dataclass
from typing import Literal

from roadside_server.emissions.cnossos_tables import Edition
from roadside_server.region.schema import Region

#: Distance (m) within which SRM2 roads count, as in the Dutch calculation tool (InfoMil).
OPEN_ROAD_RANGE = 5000.0
#: How sound spreads, in the stamp.
FLAT_GROUND, OBSTACLES = "flat ground", "buildings, screens, terrain and ground"


@dataclass(frozen=True, slots=True)
class Methods:
    """Named choices, each with its default."""

    open_road_range: float = OPEN_ROAD_RANGE  # m
    cnossos_edition: Edition = "2021"
    pm10_days: Literal["dutch", "flemish"] = "dutch"

    def described(self, region: Region, sound: str = FLAT_GROUND) -> dict[str, object]:
        """The choices and what they rest on, for the stamp; ``sound``: how it spreads."""
        return {
            "street_canyons": "SRM1, Regeling beoordeling luchtkwaliteit 2007",
            "open_roads": "SRM2, Regeling beoordeling luchtkwaliteit 2007, reconstructed",
            "sound": f"CNOSSOS-EU, edition {self.cnossos_edition}, {sound}",
            "trench_share": "1/2 of the depth (law), not 1/4 (IMAER)",
            "wind_sectors": int(region.weather.frequency.size),
            "receptor_height_air_m": region.receptor_height_air,
            "receptor_height_noise_m": region.receptor_height_noise,
        } | asdict(self)
