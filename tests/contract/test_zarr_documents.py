"""The metadata of a result: what zarr-python writes, and CF and GeoZarr ask."""

import json
import warnings

import pytest
import zarr
from google.protobuf.json_format import ParseDict
from pyproj import CRS
from region_factory import small_points, small_region, street_links
from roadside.v1 import scenario_pb2
from roadside_server.computation.job import prepare
from roadside_server.results.zarr_format import store_parts
from roadside_server.scenario.reading import read_scenario
from zarr.core.buffer import default_buffer_prototype
from zarr.storage import MemoryStore


def parts(region, **fields):
    fields = {"region": f"regions/{region.name}", "quantities": ["QUANTITY_NO2"]} | fields
    message = ParseDict(fields, scenario_pb2.Scenario())
    return store_parts(prepare(region, read_scenario(message, region)))


@pytest.fixture(scope="module")
def documents():
    return parts(
        small_region(),
        title="Quiet night",
        quantities=["QUANTITY_NO2", "QUANTITY_PM10_DAYS", "QUANTITY_LNIGHT"],
        outputs=["OUTPUT_BASELINE", "OUTPUT_DIFFERENCE"],
        measures=[{"close": {}}],
        options={"keep_bits": 10},
    ).documents


def attributes(documents, array=""):
    return json.loads(documents[f"{array}/zarr.json" if array else "zarr.json"])["attributes"]


def store_of(documents):
    buffer = default_buffer_prototype().buffer
    return MemoryStore({key: buffer.from_bytes(value) for key, value in documents.items()})


def test_the_root_holds_what_zarr_itself_would_consolidate(documents):
    root = json.loads(documents["zarr.json"])
    store = store_of(documents | {"zarr.json": without_consolidated(root)})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Consolidated metadata is currently not part")
        zarr.consolidate_metadata(store)
    assert json.loads(store._store_dict["zarr.json"].to_bytes()) == root


def without_consolidated(root):
    return json.dumps({k: v for k, v in root.items() if k != "consolidated_metadata"}).encode()


def test_arrays_have_the_chunks_of_a_tile(documents):
    group = zarr.open_group(store_of(documents), mode="r")
    assert group["no2_baseline"].shape == (50, 60)
    assert group["no2_baseline"].chunks == (256, 256)
    assert str(group["flags"].dtype) == "uint8"


@pytest.mark.parametrize(
    ("array", "units"), [("no2_baseline", "ug m-3"), ("pm10_days_baseline", "d")]
)
def test_units_are_those_of_udunits(documents, array, units):
    assert attributes(documents, array)["units"] == units


def test_only_values_themselves_have_a_standard_name(documents):
    name = "mass_concentration_of_nitrogen_dioxide_in_air"
    assert attributes(documents, "no2_baseline")["standard_name"] == name
    assert "standard_name" not in attributes(documents, "no2_difference")
    assert "cell_methods" not in attributes(documents, "lnight_baseline")


def test_flags_say_what_their_bits_mean(documents):
    flags = attributes(documents, "flags")
    assert flags["flag_masks"] == [1, 2, 4, 8, 16]
    assert len(flags["flag_meanings"].split()) == 5


def test_kept_bits_are_told_as_cf_asks(documents):
    assert attributes(documents, "quantization")["algorithm"] == "BitRound"
    assert attributes(documents, "no2_baseline")["quantization_nsb"] == 10


def test_the_crs_can_be_read_back(documents):
    assert CRS.from_wkt(attributes(documents, "spatial_ref")["crs_wkt"]).to_epsg() == 31370
    assert attributes(documents)["proj:code"] == "EPSG:31370"


def test_cells_lie_around_their_receptors(documents):
    root = attributes(documents)
    assert root["spatial:bbox"] == [103_995.0, 192_995.0, 104_595.0, 193_495.0]
    assert root["spatial:transform"] == [10.0, 0.0, 103_995.0, 0.0, 10.0, 192_995.0]
    assert {convention["name"] for convention in root["zarr_conventions"]} == {"proj:", "spatial:"}


def test_the_stamp_and_title_travel_along(documents):
    assert attributes(documents)["title"] == "Quiet night"
    assert attributes(documents)["stamp"]


def test_places_of_free_points_come_with_their_tile():
    points = small_points()
    region = small_region()
    links = street_links(region.roads, points)
    found = parts(small_region(receptors=points, street_links=links))
    assert set(found.coordinates) == {(0,)}
    assert set(found.coordinates[0,]) == {"x/c/0", "y/c/0", "label/c/0"}
    assert not [key for key in found.documents if "/c/" in key]
