"""A result as a Zarr v3 store: its metadata documents and coordinates, all but the tiles.

zarr-python itself writes them, so that they are right for the version that is installed.
Attributes follow CF-1.12 (https://cfconventions.org) and the Zarr conventions `proj:` and
`spatial:` (https://github.com/zarr-conventions).
"""

import json
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np
import zarr
from numpy.typing import NDArray
from pyproj import CRS
from zarr.storage import MemoryStore

from roadside_server.computation.arrays import (
    MASKED,
    NEAR_AXIS,
    NO2_GUARD,
    NO_ROAD,
    NOT_EVALUATED,
    ResultArray,
)
from roadside_server.computation.job import Job
from roadside_server.region.schema import Grid, Points
from roadside_server.results.chunks import (
    DEFAULT_CODEC,
    FILL_VALUES,
    ROOT,
    chunk_shape,
    zarr_compressors,
)

SOFTWARE = f"roadside {version('roadside')}"
Attributes = dict[str, Any]

#: Units as UDUNITS spells them.
UDUNITS = {"ug/m3": "ug m-3", "days": "d", "dB": "dB", "": "1"}

#: Names of the CF standard name table, version 90, for the quantities that have one.
STANDARD_NAMES = {
    "no2": "mass_concentration_of_nitrogen_dioxide_in_air",
    "pm10": "mass_concentration_of_pm10_ambient_aerosol_particles_in_air",
    "pm25": "mass_concentration_of_pm2p5_ambient_aerosol_particles_in_air",
    "ec": "mass_concentration_of_elemental_carbon_dry_aerosol_particles_in_air",
}

#: Bits of the array `flags` and their meanings.
FLAG_MEANINGS = {
    MASKED: "masked_by_building_or_area",
    NEAR_AXIS: "nearer_than_3.5_m_to_open_road_axis",
    NO2_GUARD: "no2_rule_guarded",
    NO_ROAD: "no_road_within_range",
    NOT_EVALUATED: "unchanged_and_not_evaluated",
}

PROJ = {
    "schema_url": "https://raw.githubusercontent.com/zarr-conventions/geo-proj/refs/tags/v1/schema.json",
    "spec_url": "https://github.com/zarr-conventions/geo-proj/blob/v1/README.md",
    "uuid": "f17cb550-5864-4468-aeb7-f3180cfb622f",
    "name": "proj:",
    "description": "Coordinate reference system information for geospatial data",
}
SPATIAL = {
    "schema_url": "https://raw.githubusercontent.com/zarr-conventions/spatial/refs/tags/v1/schema.json",
    "spec_url": "https://github.com/zarr-conventions/spatial/blob/v1/README.md",
    "uuid": "689b58e2-cf7b-45e0-9fff-9cfc0883d6b4",
    "name": "spatial:",
    "description": "Spatial coordinate information",
}


class StoreParts(NamedTuple):
    """A result's store without its computed values: keys and bytes."""

    documents: dict[str, bytes]  # sent before the tiles
    coordinates: dict[tuple[int, ...], dict[str, bytes]]  # of free points: sent with each tile


def store_parts(job: Job) -> StoreParts:
    """Metadata documents of a job's result, consolidated, and its coordinates."""
    values = _written(job)
    values[ROOT] = _consolidated(values)
    if isinstance(job.region.receptors, Grid):
        return StoreParts(values, {})
    return _apart(values)


def chunk_key(array: str, chunk: tuple[int, ...]) -> str:
    """Key of a chunk in the store: "no2_baseline/c/0/1"."""
    return "/".join((array, "c", *map(str, chunk)))


def codec_of(job: Job) -> str:
    """Compression that was asked, or the default."""
    return job.scenario.options.codec or DEFAULT_CODEC


def _written(job: Job) -> dict[str, bytes]:
    """What zarr-python writes: a group, empty arrays, coordinates."""
    values: dict[str, Any] = {}
    group = zarr.create_group(MemoryStore(values), attributes=_root_attributes(job))
    for array in job.arrays:
        _create_result_array(group, array, job)
    _write_coordinates(group, job.region.receptors)
    _write_variable(group, "spatial_ref", np.int64(0), (), _crs_attributes(job))
    if job.scenario.options.keep_bits:
        attributes = {"algorithm": "BitRound", "implementation": SOFTWARE}
        _write_variable(group, "quantization", np.int64(0), (), attributes)
    return {key: value.to_bytes() for key, value in sorted(values.items())}


def _consolidated(values: dict[str, bytes]) -> bytes:
    """The root document with those of all arrays in it, so that one read opens the store."""
    root = json.loads(values[ROOT])
    arrays = {
        key.removesuffix(f"/{ROOT}"): json.loads(value)
        for key, value in values.items()
        if key.endswith(f"/{ROOT}")
    }
    inline = {"kind": "inline", "must_understand": False, "metadata": arrays}
    return json.dumps(root | {"consolidated_metadata": inline}, indent=2).encode()


def _apart(values: dict[str, bytes]) -> StoreParts:
    """Documents, and the chunks of coordinates by the tile they belong to."""
    documents, coordinates = {}, dict[tuple[int, ...], dict[str, bytes]]()
    for key, value in values.items():
        array, _, place = key.partition("/c/")
        if place and array in {"x", "y", "label"}:
            coordinates.setdefault((int(place),), {})[key] = value
        else:
            documents[key] = value
    return StoreParts(documents, coordinates)


def _create_result_array(group: zarr.Group, array: ResultArray, job: Job) -> None:
    receptors = job.region.receptors
    shape = _shape(receptors)
    group.create_array(
        array.name,
        shape=shape,
        chunks=chunk_shape(len(shape)),
        dtype=array.dtype,
        fill_value=FILL_VALUES[array.dtype],
        filters=(),
        compressors=zarr_compressors(codec_of(job), array.dtype),
        dimension_names=_dimensions(receptors),
        attributes=_array_attributes(array, job),
    )


def _shape(receptors: Grid | Points) -> tuple[int, ...]:
    if isinstance(receptors, Grid):
        return (receptors.rows, receptors.columns)
    return (receptors.size,)


def _dimensions(receptors: Grid | Points) -> tuple[str, ...]:
    return ("y", "x") if isinstance(receptors, Grid) else ("receptor",)


def _array_attributes(array: ResultArray, job: Job) -> Attributes:
    """CF attributes of a quantity, or of the flags."""
    attributes: Attributes = {"long_name": array.long_name, "grid_mapping": "spatial_ref"}
    if isinstance(job.region.receptors, Points):
        attributes["coordinates"] = "x y label"
    if array.quantity == "flags":
        meanings = " ".join(FLAG_MEANINGS.values())
        return attributes | {"flag_masks": list(FLAG_MEANINGS), "flag_meanings": meanings}
    attributes |= {
        "units": UDUNITS[array.unit],
        "cell_methods": "time: mean" if array.unit == "ug/m3" else "time: sum",
        "ancillary_variables": "flags",
    }
    if array.unit == "dB":
        # An energetic mean, for which CF has no method.
        del attributes["cell_methods"]
    # The table has no names for changes.
    if array.output != "difference" and array.quantity in STANDARD_NAMES:
        attributes["standard_name"] = STANDARD_NAMES[array.quantity]
    if bits := job.scenario.options.keep_bits:
        attributes |= {"quantization": "quantization", "quantization_nsb": bits}
    return attributes


def _root_attributes(job: Job) -> Attributes:
    """Title and stamp, and where the arrays lie."""
    attributes: Attributes = {
        "Conventions": "CF-1.12",
        "title": job.scenario.title or f"Traffic scenario, {job.region.name}",
        "source": SOFTWARE,
        "stamp": job.stamp,
        "zarr_conventions": [PROJ],
        "proj:code": job.region.crs,
    }
    if isinstance(job.region.receptors, Grid):
        attributes["zarr_conventions"] = [PROJ, SPATIAL]
        attributes |= _spatial_attributes(job.region.receptors)
    return attributes


def _spatial_attributes(grid: Grid) -> Attributes:
    """Outer edges of the cells (m); rows ascend from the south."""
    west, south = grid.west - grid.spacing / 2, grid.south - grid.spacing / 2
    east, north = west + grid.columns * grid.spacing, south + grid.rows * grid.spacing
    return {
        "spatial:dimensions": ["y", "x"],
        "spatial:shape": [grid.rows, grid.columns],
        "spatial:bbox": [west, south, east, north],
        "spatial:transform": [grid.spacing, 0.0, west, 0.0, grid.spacing, south],
        "spatial:registration": "pixel",
    }


def _crs_attributes(job: Job) -> Attributes:
    """CF grid mapping of the region's coordinate reference system."""
    mapping: Attributes = CRS.from_user_input(job.region.crs).to_cf()
    return mapping | {"spatial_ref": mapping["crs_wkt"]}


def _write_coordinates(group: zarr.Group, receptors: Grid | Points) -> None:
    """Places (m) of the receptors, and the names of free points."""
    if isinstance(receptors, Grid):
        x = receptors.west + receptors.spacing * np.arange(receptors.columns)
        y = receptors.south + receptors.spacing * np.arange(receptors.rows)
        _write_variable(group, "x", x, ("x",), _axis_attributes("x") | {"axis": "X"})
        _write_variable(group, "y", y, ("y",), _axis_attributes("y") | {"axis": "Y"})
        return
    for name, values in (("x", receptors.x), ("y", receptors.y)):
        _write_variable(group, name, values, ("receptor",), _axis_attributes(name))
    _write_labels(group, receptors)


def _axis_attributes(axis: str) -> Attributes:
    return {
        "standard_name": f"projection_{axis}_coordinate",
        "long_name": "easting" if axis == "x" else "northing",
        "units": "m",
    }


def _write_variable(
    group: zarr.Group,
    name: str,
    values: NDArray[Any] | np.generic,
    dimensions: tuple[str, ...],
    attributes: Attributes,
) -> None:
    """Write a small array whole, or one of free points in the chunks of their tiles."""
    chunks = chunk_shape(1) if dimensions == ("receptor",) else values.shape
    array = group.create_array(
        name,
        shape=values.shape,
        chunks=chunks,
        dtype=values.dtype,
        fill_value=np.nan if values.dtype.kind == "f" else 0,
        dimension_names=dimensions,
        attributes=attributes,
    )
    array[...] = values


def _write_labels(group: zarr.Group, points: Points) -> None:
    array = group.create_array(
        "label",
        shape=(points.size,),
        chunks=chunk_shape(1),
        dtype=str,
        dimension_names=("receptor",),
        attributes={"long_name": "name of the receptor"},
    )
    array[...] = points.label.astype(object)
