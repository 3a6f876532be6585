"""Gradients of roads on a slope."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from roadside_server.emissions.sound_power import road_sound_power
from roadside_server.errors import InvalidInputError
from roadside_server.region.build import BuildSettings, RegionInput, build_region
from roadside_server.region.gradients import with_gradients
from roadside_server.region.schema import Terrain

from tests.region_factory import CRS, SOUTH, WEST, small_roads

RURAL, MOTORWAY = 3, 4


def slope(east, north, spacing=50.0, size=40):
    """A plane that rises so much (%) eastwards and northwards, around the small region."""
    y, x = np.mgrid[:size, :size] * spacing
    altitude = (10.0 + (x * east + y * north) / 100.0).astype(np.float32)
    return Terrain(WEST - 700.0, SOUTH - 700.0, spacing, altitude)


def gradients(terrain, **columns):
    return with_gradients(small_roads().assign(**columns), terrain)[0]["gradient"].tolist()


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_a_road_has_the_gradient_of_its_direction(east, north):
    found = gradients(slope(east, north))
    # Float32 altitudes over 135 m and more, told to 0.1 %.
    assert found[:2] == pytest.approx([east, east], abs=0.051)
    assert found[RURAL] == pytest.approx(north, abs=0.051)


def test_gradients_end_where_they_change_no_sound():
    assert gradients(slope(0.0, 20.0))[RURAL] == 12.0
    assert gradients(slope(0.0, -20.0))[RURAL] == -12.0


def test_bridges_tunnels_short_roads_and_those_beyond_the_terrain_stay_level():
    rising = slope(5.0, 5.0)
    roads = small_roads()
    assert gradients(rising, bridge=True) == [0.0] * len(roads)
    assert gradients(rising, tunnel=True) == [0.0] * len(roads)
    assert gradients(slope(5.0, 5.0, spacing=500.0))[:2] == [0.0, 0.0]
    near = Terrain(WEST, SOUTH, 50.0, rising.altitude[:11, :13])
    found = gradients(near)
    assert found[MOTORWAY] == 0.0
    assert found[RURAL] == 5.0


def test_a_slope_is_louder_than_level_ground():
    roads = small_roads().assign(direction="forward")
    level, up = (with_gradients(roads, slope(0.0, g))[0] for g in (0.0, 8.0))
    power = [road_sound_power(some, temperature=10.0).sum(axis=1) for some in (level, up)]
    assert (power[1][:, RURAL] > power[0][:, RURAL]).all()
    np.testing.assert_array_equal(power[1][:, 0], power[0][:, 0])


def written(path):
    terrain = slope(0.0, 4.0)
    rows, columns = terrain.altitude.shape
    north = terrain.south + (rows - 0.5) * terrain.spacing
    place = Affine(50.0, 0.0, terrain.west - 25.0, 0.0, -50.0, north)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": CRS, "transform": place}
    with rasterio.open(path, "w", width=columns, height=rows, **profile) as raster:
        raster.write(terrain.altitude[::-1], 1)
    return path


def built(roads, **settings):
    extent = WEST, SOUTH, WEST + 100.0, SOUTH + 100.0
    source = RegionInput(source="a slope", roads=roads)
    return build_region(
        source, BuildSettings(name="slope", spacing=50.0, extent=extent, **settings)
    )


def test_a_region_takes_them_where_it_is_asked_and_its_source_has_none(tmp_path):
    terrain = written(tmp_path / "slope.tif")
    bare = small_roads().drop(columns="gradient")
    assert built(bare, terrain=terrain).roads["gradient"].eq(0.0).all()
    asked = built(bare, terrain=terrain, terrain_gradients=True)
    assert asked.roads["gradient"][RURAL] == 4.0
    assert any("Gradients of 100% of the roads" in told for told in asked.assumptions)
    own = built(small_roads().assign(gradient=1.5), terrain=terrain, terrain_gradients=True)
    assert own.roads["gradient"].eq(1.5).all()


def test_without_a_terrain_there_are_none():
    with pytest.raises(InvalidInputError, match="terrain_gradients: true, needs a terrain"):
        built(small_roads().drop(columns="gradient"), terrain_gradients=True)
