"""What the tags of an OpenStreetMap way say about a road; keys and values as in the OSM wiki."""

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from roadside_server.region.traffic import assumed_traffic

#: Values of the access tags that keep the public's motor traffic out.
NO_ACCESS = frozenset(
    (
        "no",
        "private",
        "agricultural",
        "forestry",
        "customers",
        "emergency",
        "psv",
        "bus",
        "restricted",
        "military",
        "permit",
        "employees",
        "service",
    )
)
#: From the particular to the general: the first that is tagged decides.
ACCESS_TAGS = ("motorcar", "motor_vehicle", "vehicle", "access")
ROUNDABOUTS = ("roundabout", "circular")
NO_BRIDGE = ("", "no", "abandoned", "proposed")

KMH_PER_MPH = 1.609344
#: A vehicle among pedestrians ("walk"): the German reading of Schrittgeschwindigkeit (km/h).
WALKING = 7.0
#: German motorways without a limit: the advisory speed (km/h).
UNLIMITED = 130.0
#: Implicit limits (km/h) by zone and by country and zone ("FI:urban").
ZONE_SPEED = {
    "urban": 50.0,
    "rural": 90.0,
    "living_street": 20.0,
    "motorway": 120.0,
    "trunk": 100.0,
    "bicycle_road": 30.0,
    "nsl_single": 60 * KMH_PER_MPH,
    "nsl_dual": 70 * KMH_PER_MPH,
    "AT:rural": 100.0,
    "AT:motorway": 130.0,
    "BE-VLG:rural": 70.0,
    "CZ:motorway": 130.0,
    "DE:rural": 100.0,
    "DE:motorway": UNLIMITED,
    "DE:living_street": WALKING,
    "FI:rural": 80.0,
    "FR:rural": 80.0,
    "FR:motorway": 130.0,
    "NL:rural": 80.0,
    "NL:living_street": 15.0,
    "NL:motorway": 100.0,
    "UK:motorway": 70 * KMH_PER_MPH,
    "GB:motorway": 70 * KMH_PER_MPH,
}
SPEED_TAGS = (
    "maxspeed",
    "maxspeed:forward",
    "maxspeed:backward",
    "maxspeed:type",
    "zone:maxspeed",
    "source:maxspeed",
    "maxspeed:advisory",
)
#: Limits outside this range (km/h) are taken for mistakes.
SLOWEST, FASTEST = 5.0, 140.0
MOST_LANES = 12
NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?")
FEET = re.compile(r"(\d+(?:\.\d+)?)\s*(?:ft|'(?:\s*(\d+(?:\.\d+)?)\s*\")?)")
METRES_PER_FOOT = 0.3048


def carries_traffic(tags: Mapping[str, str]) -> bool:
    """Whether the public may drive here: by class and access, not driveways or parking aisles."""
    if tags.get("highway") not in assumed_traffic().index or tags.get("area") == "yes":
        return False
    if tags["highway"] == "service" and "service" in tags:
        return False
    access = next((tags[key] for key in ACCESS_TAGS if key in tags), "yes")
    return access not in NO_ACCESS


def speed_limit(tags: Mapping[str, str]) -> float | None:
    """Speed limit (km/h) of a way; None where no tag tells."""
    limits = (parsed_speed(tags[key]) for key in SPEED_TAGS if key in tags)
    return next((limit for limit in limits if limit is not None), None)


def parsed_speed(text: str) -> float | None:
    """Speed (km/h) of a value such as 50, "30 mph", "FI:urban", "DE:zone:30", "walk" or "50;30"."""
    text = text.partition(";")[0].strip()
    if text == "none":
        return UNLIMITED
    if text == "walk" or text.endswith(":walk"):
        return WALKING
    country, _, zone = text.rpartition(":")
    for key in (text, zone if country else ""):
        if key in ZONE_SPEED:
            return ZONE_SPEED[key]
    return _in_range(NUMBER.fullmatch(zone.removeprefix("zone")))


def _in_range(match: re.Match[str] | None) -> float | None:
    if match is None:
        return None
    speed = float(match[1]) * (KMH_PER_MPH if match[2] == "mph" else 1.0)
    return speed if SLOWEST <= speed <= FASTEST else None


def lane_count(tags: Mapping[str, str]) -> int | None:
    """Lanes of a way, both directions together; None where no tag tells."""
    text = tags.get("lanes", "").split(";")[0].strip()
    lanes = int(text) if text.isascii() and text.isdigit() else 0
    return lanes if 0 < lanes <= MOST_LANES else None


def direction(tags: Mapping[str, str]) -> str:
    """Both, forward or backward along the way."""
    oneway = tags.get("oneway", "")
    if oneway in ("-1", "reverse"):
        return "backward"
    if oneway in ("yes", "true", "1"):
        return "forward"
    implied = is_roundabout(tags) or tags.get("highway") == "motorway"
    return "forward" if implied and oneway != "no" else "both"


def is_roundabout(tags: Mapping[str, str]) -> bool:
    """Whether the way is the ring of a roundabout."""
    return tags.get("junction") in ROUNDABOUTS


def is_bridge(tags: Mapping[str, str]) -> bool:
    """Whether the way stands on a bridge."""
    return tags.get("bridge", "") not in NO_BRIDGE


def is_tunnel(tags: Mapping[str, str]) -> bool:
    """Whether the way is in a tunnel; a short passage through a building is none."""
    return tags.get("tunnel") == "yes"


def layer(tags: Mapping[str, str]) -> int:
    """Layer of a way, 0 where there is none or it is no number."""
    text = tags.get("layer", "0").strip()
    return int(text) if re.fullmatch(r"[-+]?\d{1,2}", text, re.ASCII) else 0


def length_tag(text: str) -> float | None:
    """Length (m) of a value such as 12, "12.5 m" or "40 ft"; None if it is none."""
    text = text.strip().lower().replace(",", ".")
    if feet := FEET.fullmatch(text):
        return (float(feet[1]) + float(feet[2] or 0) / 12.0) * METRES_PER_FOOT
    metres = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:m|metres?|meters?)?", text, re.ASCII)
    return float(metres[1]) if metres else None


@cache
def _surfaces() -> dict[str, str]:
    text = files("roadside_server.region").joinpath("osm_surfaces.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["surface"]: row["cnossos"] for row in rows}


def cnossos_surface(tags: Mapping[str, str]) -> str:
    """Surface of CNOSSOS-EU Table F-4; the first value of a list, without its suffix, decides."""
    value = tags.get("surface", "").split(";")[0].strip()
    known = _surfaces()
    return known.get(value) or known.get(value.split(":")[0]) or "DEF"
