"""Pictures: what they show of a grid, of free points, of part of the quantities."""

import numpy as np
import pytest
import xarray as xr
from roadside.v1.region_service_pb2 import Road
from roadside_client import measures, read_scenario_text

pytest.importorskip("matplotlib")

from roadside_cli.map_features import is_inside, map_features, middle
from roadside_cli.picture import draw_picture, save_picture
from roadside_cli.picture_text import caption
from roadside_cli.picture_values import layers, thinned

CAVEATS = ("no re-routing: the traffic vanishes", "volumes are assumed on 3 of 3 roads")
SCENARIO = read_scenario_text("""
measures:
  - roads: {polygon: {ring: [{x: 0, y: 0}, {x: 200, y: 0}, {x: 200, y: 150}]}}
    set_speed: {speed: 30}
  - roads: {names: {names: [Main street]}}
    close: {}
""")
ROADS = [
    Road(id="1", street="Main street", road_class="primary", line=[0, 50, 300, 50]),
    Road(id="2", street="Side street", road_class="residential", line=[150, 0, 150, 300]),
]
BUILDING = np.array([(20.0, 60.0), (60, 60), (60, 100), (20, 60)])


def unprojected(corners, _crs):
    return corners


def grid(rows=30, columns=40):
    y, x = np.mgrid[:rows, :columns] * 10.0
    baseline = 15 + 20 * np.exp(-(((y - 50) / 30) ** 2))
    baseline[2, 3] = np.nan
    difference = -0.3 * (baseline - 15)
    values = {
        "no2_baseline": baseline,
        "no2_difference": difference,
        "lden_baseline": baseline + 40,
        "lden_difference": difference,
    }
    units = {"n": "ug m-3", "l": "dB"}
    return xr.Dataset(
        {
            name: (("y", "x"), array.astype("f4"), {"units": units[name[0]]})
            for name, array in values.items()
        },
        {"x": x[0], "y": y[:, 0]},
        {
            "title": "Main street closed",
            "stamp": {
                "region": {"name": "toytown"},
                "year": 2025,
                "caveats": list(CAVEATS),
                "attribution": ["OpenStreetMap"],
            },
        },
    )


def points():
    whole = grid()
    return whole.stack(receptor=("y", "x"), create_index=False).isel(receptor=slice(0, 1200, 7))


def features():
    return map_features(ROADS, SCENARIO, unprojected, [BUILDING])


def panels(figure):
    return [axes for axes in figure.axes if axes.get_label() != "colour bar"]


def bars(figure):
    return [axes for axes in figure.axes if axes.get_label() == "colour bar"]


def words(figure):
    return " ".join(text.get_text() for text in figure.texts)


@pytest.mark.parametrize("result", [grid(), points()], ids=["grid", "points"])
def test_baselines_and_changes_are_drawn_with_units(result):
    figure = draw_picture(result, features())
    titles = [axes.get_title(loc="left") for axes in panels(figure)]
    assert titles == [
        "NO$_2$, baseline",
        "Change in NO$_2$",
        "L$_\\mathrm{den}$, baseline",
        "Change in L$_\\mathrm{den}$",
    ]
    assert [bar.get_xlabel() for bar in bars(figure)] == ["µg/m³", "µg/m³", "dB(A)", "dB(A)"]


def test_colour_bars_of_changes_are_centred_on_no_change():
    for bar in bars(draw_picture(grid()))[1::2]:
        low, high = bar.get_xlim()
        assert low == -high


def test_no_change_is_clear_and_more_is_red():
    change = layers(grid())[1]
    assert change.colours(0.5)[3] == 0
    red, _, blue, _ = change.colours(1.0)
    assert red > blue


def test_changes_too_small_to_measure_do_not_fill_the_scale():
    result = grid()
    result["no2_difference"] = result["no2_difference"] * 1e-4
    assert layers(result)[1].norm.vmax == pytest.approx(0.1)


def test_no_rerouting_is_written_on_the_picture():
    assert "no re-routing" in words(draw_picture(grid(), features()))
    rerouted = grid()
    rerouted.attrs["stamp"] |= {"caveats": ["volumes are assumed"]}
    assert "no re-routing" not in words(draw_picture(rerouted, features()))


def test_the_caption_is_honest():
    text = caption(grid(), CAVEATS, ["no2_baseline", "lden_difference"])
    assert "Volumes are assumed on 3 of 3 roads." in text
    assert "flat ground" in text
    assert "indicative" in text
    assert "OpenStreetMap" in text


def test_a_long_caption_ends_with_where_to_read_on():
    text = caption(grid(), [f"assumption {i} " * 10 for i in range(30)], ["no2_baseline"])
    assert "More in the stamp" in text


def test_a_result_of_noise_alone_shows_noise_alone():
    figure = draw_picture(grid()[["lden_difference"]])
    assert [axes.get_title(loc="left") for axes in panels(figure)] == [
        "Change in L$_\\mathrm{den}$"
    ]


def test_a_baseline_alone_is_drawn():
    figure = draw_picture(grid()[["no2_baseline"]])
    assert [axes.get_title(loc="left") for axes in panels(figure)] == ["NO$_2$, baseline"]


def test_a_result_without_maps_is_refused():
    with pytest.raises(ValueError, match="no array that can be drawn"):
        draw_picture(grid()[[]])


def test_a_result_without_any_value_is_drawn_empty(tmp_path):
    save_picture(grid() * np.nan, tmp_path / "empty.png")
    assert (tmp_path / "empty.png").stat().st_size > 10_000


def test_a_large_grid_is_thinned_to_means_that_leave_out_gaps():
    values = np.ones((2001, 900), "f4")
    values[0, 0] = np.nan
    values[:, 450:] = 3
    thin = thinned(values)
    assert thin.shape == (667, 300)
    assert thin[0, 0] == 1
    assert np.isnan(thinned(np.full((3000, 3000), np.nan, "f4"))).all()


def test_closed_streets_and_zones_are_found_from_the_scenario():
    found = features()
    assert len(found.streets) == 2
    assert [line.tolist() for line in found.closed] == [[[0, 50], [300, 50]]]
    assert [zone.label for zone in found.zones] == ["30 km/h zone"]


def test_what_a_scenario_puts_up_is_drawn_where_it_stands():
    line, ring = [(0, 0), (9, 0)], [(0, 0), (9, 0), (9, 9)]
    built = measures.scenario(
        "regions/x", measures.add_barrier(line, 3), measures.add_building(ring, 9)
    )
    found = map_features([], built, lambda places, _: places + 1)
    assert [barrier.tolist() for barrier in found.barriers] == [[[1, 1], [10, 1]]]
    assert [footprint.tolist() for footprint in found.built] == [[[1, 1], [10, 1], [10, 10]]]


def test_half_way_along_a_line_and_inside_a_ring():
    line = np.array([(0.0, 0.0), (10, 0), (10, 30)])
    assert middle(line).tolist() == [10, 10]
    ring = np.array([(0.0, 0.0), (20, 0), (20, 20), (0, 20)])
    assert is_inside(np.array([10.0, 10.0]), ring)
    assert not is_inside(np.array([30.0, 10.0]), ring)
