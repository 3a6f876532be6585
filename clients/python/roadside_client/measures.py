"""Scenarios in a few words: what roads, and what changes on or beside them."""

from collections.abc import Iterable, Sequence

from roadside.v1 import scenario_pb2 as messages

VehicleClass = messages.VehicleClass
#: Names of vehicle classes as the measures here take them.
CLASSES = {
    name.removeprefix("VEHICLE_CLASS_").lower(): number
    for name, number in VehicleClass.items()
    if number
}


def streets(*names: str) -> messages.RoadSelection:
    """The roads of streets, named exactly as in the region."""
    return messages.RoadSelection(names=messages.RoadNames(names=names))


def roads(*ids: str) -> messages.RoadSelection:
    """Roads by their id in the region."""
    return messages.RoadSelection(ids=messages.RoadIds(ids=ids))


def road_classes(*classes: str) -> messages.RoadSelection:
    """All roads of classes: "primary", "residential", ..."""
    return messages.RoadSelection(classes=messages.RoadClasses(classes=classes))


def area(ring: Iterable[Sequence[float]], crs: str = "EPSG:4326") -> messages.RoadSelection:
    """The roads whose middle lies in a polygon: (longitude, latitude), or (x, y) in another CRS."""
    return messages.RoadSelection(polygon=messages.Polygon(ring=_points(ring), crs=crs))


def close(selection: messages.RoadSelection) -> messages.Measure:
    """No vehicles at all. Traffic is not re-routed: bring the new volumes with set_volumes()."""
    return messages.Measure(roads=selection, close=messages.Close())


def set_speed(selection: messages.RoadSelection | None, speed: float) -> messages.Measure:
    """All vehicles at a speed (km/h); no selection: on all roads."""
    return messages.Measure(roads=selection, set_speed=messages.SetSpeed(speed=speed))


def set_volumes(
    selection: messages.RoadSelection | None, vehicles_per_day: dict[str, float]
) -> messages.Measure:
    """New volumes (vehicles in 24 hours) by vehicle class: {"light": 8000, "heavy": 100}."""
    volumes = [
        messages.ClassVolume(vehicle_class=_class(name), vehicles_per_day=volume)
        for name, volume in vehicles_per_day.items()
    ]
    return messages.Measure(roads=selection, set_volumes=messages.SetVolumes(volumes=volumes))


def scale_volumes(
    selection: messages.RoadSelection | None, factors: dict[str, float]
) -> messages.Measure:
    """Volumes times a factor by vehicle class: {"heavy": 0.5}."""
    scaled = [
        messages.ClassFactor(vehicle_class=_class(name), factor=factor)
        for name, factor in factors.items()
    ]
    return messages.Measure(roads=selection, scale_volumes=messages.ScaleVolumes(factors=scaled))


def low_emission_zone(
    selection: messages.RoadSelection | None, factors: dict[str, float]
) -> messages.Measure:
    """Exhaust emission of all pollutants times a factor by vehicle class: {"light": 0.7}."""
    scaled = [
        messages.EmissionFactor(vehicle_class=_class(name), factor=factor)
        for name, factor in factors.items()
    ]
    zone = messages.LowEmissionZone(factors=scaled)
    return messages.Measure(roads=selection, low_emission_zone=zone)


def add_barrier(
    line: Iterable[Sequence[float]],
    height: float,
    *,
    absorption: float = 0.0,
    crs: str = "EPSG:4326",
) -> messages.Measure:
    """A barrier along a line: height (m), share of the sound energy that it absorbs (0 to 1)."""
    drawn = messages.Line(points=_points(line), crs=crs)
    barrier = messages.AddBarrier(line=drawn, height=height, absorption=absorption)
    return messages.Measure(add_barrier=barrier)


def add_building(
    ring: Iterable[Sequence[float]], height: float, crs: str = "EPSG:4326"
) -> messages.Measure:
    """A building with a flat roof, from the corners of its footprint and its height (m)."""
    footprint = messages.Polygon(ring=_points(ring), crs=crs)
    return messages.Measure(add_building=messages.AddBuilding(footprint=footprint, height=height))


def remove_buildings(*points: Sequence[float], crs: str = "EPSG:4326") -> messages.Measure:
    """No buildings any more where these points are."""
    places = messages.Points(points=_points(points), crs=crs)
    return messages.Measure(remove_building=messages.RemoveBuilding(points=places))


def remove_buildings_in(
    ring: Iterable[Sequence[float]], crs: str = "EPSG:4326"
) -> messages.Measure:
    """No buildings any more whose centre of gravity lies in a polygon."""
    area = messages.Polygon(ring=_points(ring), crs=crs)
    return messages.Measure(remove_building=messages.RemoveBuilding(polygon=area))


def scenario(
    region: str,
    *measures: messages.Measure,
    title: str = "",
    options: messages.Options | None = None,
) -> messages.Scenario:
    """A scenario of every quantity, with measures in their order."""
    return messages.Scenario(region=region, measures=measures, title=title, options=options)


def _points(places: Iterable[Sequence[float]]) -> list[messages.Point]:
    return [messages.Point(x=x, y=y) for x, y in places]


def _class(name: str) -> "messages.VehicleClass.ValueType":
    if name not in CLASSES:
        message = f"vehicle class {name!r}: must be one of {', '.join(CLASSES)}"
        raise ValueError(message)
    return CLASSES[name]
