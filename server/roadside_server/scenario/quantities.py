"""What can be computed, with the units and words that results carry."""

from dataclasses import dataclass

OUTPUTS = ("baseline", "scenario", "difference")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that a map can show."""

    name: str
    unit: str
    long_name: str
    kind: str  # air or noise
    on_request: bool = False  # computed only where it is named


def _air(name: str, long_name: str, unit: str = "ug/m3") -> Quantity:
    return Quantity(name, unit, long_name, "air")


def _noise(name: str, long_name: str, *, on_request: bool = False) -> Quantity:
    return Quantity(name, "dB", long_name, "noise", on_request)


#: In the order of the contract's enumeration.
QUANTITIES: dict[str, Quantity] = {
    quantity.name: quantity
    for quantity in (
        _air("no2", "annual mean concentration of NO2"),
        _air("nox", "annual mean concentration of NOx, as NO2"),
        _air("pm10", "annual mean concentration of PM10"),
        _air("pm25", "annual mean concentration of PM2.5"),
        _air("ec", "annual mean concentration of elemental carbon"),
        _air("pm10_days", "days a year with a daily mean of PM10 above 50 ug/m3", "days"),
        _noise("lden", "day-evening-night level Lden, A-weighted"),
        _noise("lday", "day level Lday, A-weighted"),
        _noise("levening", "evening level Levening, A-weighted"),
        _noise("lnight", "night level Lnight, A-weighted"),
        _noise("laeq", "equivalent level LAeq of 24 hours, A-weighted", on_request=True),
    )
}

#: What is computed where no quantity is named.
DEFAULT_QUANTITIES = tuple(q.name for q in QUANTITIES.values() if not q.on_request)
AIR_QUANTITIES = tuple(q.name for q in QUANTITIES.values() if q.kind == "air")
NOISE_QUANTITIES = tuple(q.name for q in QUANTITIES.values() if q.kind == "noise")
