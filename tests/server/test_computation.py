"""A scenario from traffic to tiles: sums add up, what does not change stays, nothing leaks."""

from dataclasses import replace

import numpy as np
import pytest
from roadside_server.computation.arrays import MASKED, NEAR_AXIS, NO_ROAD
from roadside_server.computation.job import prepare
from roadside_server.errors import ComputationCancelledError, InvalidInputError
from roadside_server.region.schema import Background, Grid
from roadside_server.scenario.quantities import DEFAULT_QUANTITIES
from roadside_server.scenario.reading import read_scenario
from shapely import affinity, box

from tests.region_factory import (
    SOUTH,
    SPACING,
    WEST,
    no_street_links,
    small_points,
    small_region,
    street_links,
)
from tests.scenario_factory import scenario_message

#: Float32 sums over some thousand pieces, as against the same sums in another order.
SUMS = 1e-5

REGION = small_region()
CLOSE_ALL = {"close": {}}
CLOSE_LONG = {"roads": {"names": {"names": ["Long street"]}}, "close": {}}
TRAFFIC = ["QUANTITY_NOX", "QUANTITY_PM10", "QUANTITY_EC"]
NO_BACKGROUND = Background({"no2": 0.0, "o3": 45.0, "pm10": 0.0, "pm25": 0.0, "ec": 0.0})


def job_of(*measures, region=REGION, **fields):
    scenario = read_scenario(scenario_message(*measures, **fields), region)
    return prepare(region, scenario)


def maps(*measures, region=REGION, **fields):
    """All arrays of the whole grid, from its tiles."""
    job = job_of(*measures, region=region, **fields)
    grid = region.receptors
    shape = (grid.rows, grid.columns) if isinstance(grid, Grid) else (grid.size,)
    whole = {array.name: np.zeros(shape, array.dtype) for array in job.arrays}
    for result in job.results():
        start = result.tile.start
        place = tuple(slice(a, a + n) for a, n in zip(start, result.tile.shape, strict=True))
        for name, values in result.values.items():
            assert values.dtype == whole[name].dtype
            whole[name][place] = values
    return whole


def only(*road_ids, region=REGION):
    """The region with some of its roads, all else equal."""
    roads = region.roads[region.roads["road_id"].isin(road_ids)].reset_index(drop=True)
    return replace(region, roads=roads, street_links=street_links(roads, region.receptors))


@pytest.fixture(scope="module")
def closed_long():
    return maps(CLOSE_LONG)


@pytest.fixture(scope="module")
def baseline():
    return maps()


def test_every_array_is_named_by_quantity_and_output(closed_long):
    outputs = ("baseline", "scenario", "difference")
    expected = {f"{quantity}_{output}" for quantity in DEFAULT_QUANTITIES for output in outputs}
    assert set(closed_long) == expected | {"flags"}


def test_values_are_finite_wherever_nothing_is_built(closed_long):
    free = ~REGION.receptors.masked
    for name, values in closed_long.items():
        if name != "flags":
            assert np.isfinite(values[free]).all(), name
            assert np.isnan(values[~free]).all(), name
    assert ((closed_long["flags"] & MASKED > 0) == ~free).all()


def test_the_baseline_is_the_same_with_measures_and_without(closed_long, baseline):
    for quantity in DEFAULT_QUANTITIES:
        name = f"{quantity}_baseline"
        np.testing.assert_allclose(closed_long[name], baseline[name], rtol=SUMS)


def test_closing_all_roads_leaves_the_background():
    closed = maps(CLOSE_ALL, quantities=["QUANTITY_NO2", "QUANTITY_NOX", "QUANTITY_PM10"])
    free = ~REGION.receptors.masked
    assert (closed["no2_scenario"][free] == 15.0).all()
    assert (closed["nox_scenario"][free] == 0.0).all()
    assert (closed["pm10_scenario"][free] == 17.0).all()


def test_closing_all_roads_leaves_no_level_of_sound():
    closed = maps(CLOSE_ALL, quantities=["QUANTITY_LDEN"])
    assert np.isnan(closed["lden_scenario"]).all()
    assert np.isnan(closed["lden_difference"]).all()
    assert np.isfinite(closed["lden_baseline"]).any()


def test_a_closed_street_makes_nothing_worse(closed_long):
    free = ~REGION.receptors.masked
    for quantity in DEFAULT_QUANTITIES:
        change = closed_long[f"{quantity}_difference"][free]
        assert change.max() <= 0.0, quantity
        assert change.min() < 0.0, quantity


@pytest.mark.parametrize(
    "measure",
    [
        {"scale_volumes": {"factors": [{"factor": 1.0}]}},
        {"roads": {"ids": {"ids": ["long-1"]}}, "set_speed": {"speed": 50}},
        {"low_emission_zone": {"factors": [{"factor": 1.0}]}},
        {"roads": {"ids": {"ids": ["long-1"]}}, "set_surface": {"surface": "DEF"}},
    ],
)
def test_a_measure_that_changes_nothing_differs_in_no_bit(measure):
    same = maps(measure)
    free = ~REGION.receptors.masked
    for quantity in DEFAULT_QUANTITIES:
        assert (same[f"{quantity}_difference"][free] == 0.0).all()
        before, after = same[f"{quantity}_baseline"], same[f"{quantity}_scenario"]
        assert before.tobytes() == after.tobytes()


def test_contributions_are_linear_in_volumes():
    double = {"scale_volumes": {"factors": [{"factor": 2.0}]}}
    found = maps(double, region=replace(REGION, background=NO_BACKGROUND), quantities=TRAFFIC)
    for quantity in ("nox", "pm10", "ec"):
        once, twice = found[f"{quantity}_baseline"], found[f"{quantity}_scenario"]
        np.testing.assert_allclose(twice, 2 * once, rtol=SUMS)


def test_twice_the_volume_is_three_decibels_more():
    double = {"scale_volumes": {"factors": [{"factor": 2.0}]}}
    found = maps(double, quantities=["QUANTITY_LNIGHT"])["lnight_difference"]
    np.testing.assert_allclose(found[~REGION.receptors.masked], 10 * np.log10(2), atol=1e-4)


def test_roads_together_contribute_the_sum_of_each():
    region = replace(REGION, background=NO_BACKGROUND)
    together = maps(region=region, quantities=TRAFFIC)
    parts = [
        maps(region=only(*roads, region=region), quantities=TRAFFIC)
        for roads in (("long-1", "long-2"), ("cross", "rural", "motorway"))
    ]
    for name in ("nox_baseline", "pm10_baseline", "ec_baseline"):
        np.testing.assert_allclose(together[name], parts[0][name] + parts[1][name], rtol=SUMS)


def test_closing_a_road_is_as_if_it_were_not_there(closed_long):
    without = maps(region=only("cross", "rural", "motorway"))
    for quantity in DEFAULT_QUANTITIES:
        expected = without[f"{quantity}_baseline"]
        np.testing.assert_allclose(closed_long[f"{quantity}_scenario"], expected, rtol=SUMS)


def test_moving_region_and_roads_together_changes_nothing(baseline):
    east, north = 4096.0, -8192.0  # whole metres, which float64 adds exactly
    roads, junctions = REGION.roads.copy(), REGION.junctions.copy()
    for table in (roads, junctions):
        table.geometry = [affinity.translate(line, east, north) for line in table.geometry]
    grid = replace(REGION.receptors, west=WEST + east, south=SOUTH + north)
    moved = maps(region=replace(REGION, roads=roads, junctions=junctions, receptors=grid))
    for name, values in baseline.items():
        np.testing.assert_array_equal(moved[name], values, err_msg=name)


def test_the_order_of_measures_matters_where_they_meet():
    volumes = {"vehicle_class": "VEHICLE_CLASS_LIGHT", "vehicles_per_day": 9000}
    open_again = {"roads": CLOSE_LONG["roads"], "set_volumes": {"volumes": [volumes]}}
    asked = {"quantities": ["QUANTITY_EC"], "outputs": ["OUTPUT_SCENARIO"]}
    closed = maps(open_again, CLOSE_LONG, **asked)["ec_scenario"]
    opened = maps(CLOSE_LONG, open_again, **asked)["ec_scenario"]
    np.testing.assert_array_equal(closed, maps(CLOSE_LONG, **asked)["ec_scenario"])
    assert np.nanmax(opened - closed) > 0.0


def test_a_low_emission_zone_leaves_the_sound():
    zone = {"low_emission_zone": {"factors": [{"quantity": "QUANTITY_NOX", "factor": 0.5}]}}
    found = maps(zone, quantities=["QUANTITY_NOX", "QUANTITY_PM10", "QUANTITY_LDEN"])
    free = ~REGION.receptors.masked
    assert (found["lden_difference"][free] == 0.0).all()
    assert (found["pm10_difference"][free] == 0.0).all()
    np.testing.assert_allclose(found["nox_scenario"], 0.5 * found["nox_baseline"], rtol=SUMS)


def test_a_quieter_surface_leaves_the_air():
    surface = {"roads": {"ids": {"ids": ["rural"]}}, "set_surface": {"surface": "NL02"}}
    found = maps(surface, quantities=["QUANTITY_NO2", "QUANTITY_LDEN"])
    free = ~REGION.receptors.masked
    assert (found["no2_difference"][free] == 0.0).all()
    assert np.nanmin(found["lden_difference"]) < -1.0


def test_differences_are_scenario_minus_baseline(closed_long):
    for quantity in DEFAULT_QUANTITIES:
        expected = closed_long[f"{quantity}_scenario"] - closed_long[f"{quantity}_baseline"]
        np.testing.assert_array_equal(closed_long[f"{quantity}_difference"], expected)


def test_a_correction_is_added_within_its_polygon(baseline):
    south = box(WEST - 1, SOUTH - 1, WEST + 1000, SOUTH + 99)
    corrections = REGION.corrections.__class__(
        {"pollutant": ["pm10", "ec"], "correction": [-1.5, 9.0]},
        geometry=[south, affinity.translate(south, 1e5)],
        crs=REGION.crs,
    )
    corrected = maps(region=replace(REGION, corrections=corrections))
    change = corrected["pm10_baseline"] - baseline["pm10_baseline"]
    assert change[:10][~REGION.receptors.masked[:10]] == pytest.approx(-1.5, abs=1e-5)
    assert np.nanmax(np.abs(change[10:])) == 0.0
    np.testing.assert_array_equal(corrected["ec_baseline"], baseline["ec_baseline"])


def test_a_background_may_differ_from_receptor_to_receptor(baseline):
    ramp = np.arange(REGION.receptors.size, dtype=np.float32) / 1000
    values = REGION.background.values | {"pm10": ramp}
    found = maps(region=replace(REGION, background=Background(values)))
    shape = found["pm10_baseline"].shape
    change = found["pm10_baseline"] - (baseline["pm10_baseline"] - 17.0)
    free = ~REGION.receptors.masked
    np.testing.assert_allclose(change[free], ramp.reshape(shape)[free], atol=1e-4)


def test_points_and_grid_agree_where_they_meet(baseline):
    points = small_points()
    region = replace(REGION, receptors=points, street_links=street_links(REGION.roads, points))
    found = maps(region=region)
    row = ((points.y - SOUTH) / SPACING).astype(int)
    column = ((points.x - WEST) / SPACING).astype(int)
    there = (points.y - SOUTH) % SPACING == 0
    for quantity in DEFAULT_QUANTITIES:
        name = f"{quantity}_baseline"
        expected = baseline[name][row, column][there]
        # Pieces differ with the block that a receptor is in: 0.02 % of its sums.
        np.testing.assert_allclose(found[name][there], expected, rtol=5e-4)


def test_receptors_beside_the_axis_of_an_open_road_are_flagged(baseline):
    x = np.arange(REGION.receptors.columns) * SPACING
    row = baseline["flags"][10]
    assert ((row & NEAR_AXIS > 0) == (np.abs(x - 30.0) < 3.5)).all()


def test_receptors_that_no_method_reaches_are_flagged_and_keep_the_background():
    far = replace(REGION.receptors, west=WEST + 4_805.0)
    links = no_street_links(far)
    found = maps(
        region=replace(only("long-1", "rural"), receptors=far, street_links=links),
        quantities=["QUANTITY_PM10"],
    )
    y, x = np.mgrid[: far.rows, : far.columns] * SPACING
    # The rural road runs north from (30, 20) to (30, 480).
    beyond = np.hypot(x + 4_805.0 - 30.0, y - np.clip(y, 20.0, 480.0)) > 5000.0
    flagged = found["flags"] & NO_ROAD > 0
    assert (flagged == (beyond & ~far.masked)).all()
    assert (found["pm10_baseline"][flagged] == 17.0).all()


def test_canyon_roads_reach_beyond_their_street_only_if_asked():
    asked = {"quantities": ["QUANTITY_NOX"], "outputs": ["OUTPUT_BASELINE"]}
    region = only("long-1", "long-2", "cross")
    within = maps(region=region, **asked)
    beyond = maps(region=region, options={"canyon_roads_beyond_street": True}, **asked)
    links = np.diff(region.street_links.start).reshape(within["flags"].shape)
    free = ~REGION.receptors.masked
    assert (within["nox_baseline"][free & (links == 0)] == 0.0).all()
    assert (beyond["nox_baseline"][free & (links == 0)] > 0.0).all()
    # Where SRM1 links both streets, nothing is counted twice.
    both = free & (links == 2)
    assert (within["flags"][links == 0] > 0).all()
    assert (beyond["nox_baseline"][both] >= within["nox_baseline"][both]).all()


def test_a_canyon_does_not_reach_its_own_street_twice():
    asked = {"quantities": ["QUANTITY_NOX"], "outputs": ["OUTPUT_BASELINE"]}
    region = only("long-1", "long-2")  # one street in two stretches
    within = maps(region=region, **asked)["nox_baseline"]
    beyond = maps(region=region, options={"canyon_roads_beyond_street": True}, **asked)
    linked = np.diff(region.street_links.start).reshape(within.shape) > 0
    np.testing.assert_array_equal(beyond["nox_baseline"][linked], within[linked])


def test_sums_from_memory_are_those_evaluated_anew():
    job = job_of(CLOSE_LONG)
    assert job.air.key is not None
    direct = replace(job, air=replace(job.air, key=None), noise=replace(job.noise, key=None))
    (tile,) = job.tiles()
    kept, anew = job.compute(tile), direct.compute(tile)
    for name, values in anew.values.items():
        # Levels near 70 dB differ in their last bits: 8e-6 dB each.
        np.testing.assert_allclose(kept.values[name], values, rtol=SUMS, atol=4e-5, err_msg=name)


def test_a_second_scenario_costs_what_it_changes():
    slower = {"roads": CLOSE_LONG["roads"], "set_speed": {"speed": 30}}
    grid = replace(REGION.receptors, spacing=11.0)  # that no other test computed
    region = replace(REGION, receptors=grid)
    pairs = [
        sum(result.pairs for result in job_of(measure, region=region).results())
        for measure in (CLOSE_LONG, slower)
    ]
    everything = sum(result.pairs for result in job_of(CLOSE_ALL, region=region).results())
    assert pairs[1] < pairs[0]
    assert pairs[1] < everything


def test_only_what_is_asked_is_computed():
    assert job_of(quantities=["QUANTITY_LDEN"]).air is None
    assert job_of(quantities=["QUANTITY_NO2"]).noise is None
    assert job_of(CLOSE_LONG, outputs=["OUTPUT_SCENARIO"]).states == ("scenario",)


def test_tiles_do_not_depend_on_their_order():
    job = job_of(quantities=["QUANTITY_NO2", "QUANTITY_LDEN"])
    (tile,) = job.tiles()
    first, second = job.compute(tile), job.compute(tile)
    for name, values in first.values.items():
        assert values.tobytes() == second.values[name].tobytes()


def test_a_cancelled_tile_is_not_finished():
    job = job_of(quantities=["QUANTITY_LDEN"])
    with pytest.raises(ComputationCancelledError):
        job.compute(job.tiles()[0], cancelled=lambda: True)


def test_kept_bits_are_those_asked():
    found = maps(quantities=["QUANTITY_LDEN"], options={"keep_bits": 7})
    words = found["lden_baseline"][~REGION.receptors.masked].view(np.uint32)
    assert (words & 0xFFFF == 0).all()


def test_no2_cannot_exceed_the_nox_that_it_is_part_of():
    zone = {"low_emission_zone": {"factors": [{"quantity": "QUANTITY_NO2", "factor": 90}]}}
    with pytest.raises(InvalidInputError, match="more NO2 than NOx"):
        job_of(zone)
