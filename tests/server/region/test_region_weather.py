"""Weather comes from a file whose every number is plausible, or is assumed and says so."""

import numpy as np
import pytest
from roadside_server.errors import InvalidInputError
from roadside_server.region.build import BuildSettings
from roadside_server.region.weather import read_weather, roughness_class

HEADER = "direction_deg,frequency,wind_speed,ozone,favourable_day"
ROWS = ["0,0.2,3.5,50,0.4", "90,0.2,3.0,48,0.3", "180,0.35,5.0,44,0.6", "270,0.25,4.5,52,0.7"]


def settings(tmp_path, rows, header=HEADER, **changes):
    path = tmp_path / "rose.csv"
    path.write_text("\n".join(["# measured 2020", header, *rows]) + "\n")
    return BuildSettings(name="x", weather=path, **changes)


def test_no_weather_is_assumed_uniform_and_said_so():
    weather, assumptions = read_weather(BuildSettings(name="x", sectors=36))
    assert weather.frequency.shape == (36,)
    assert weather.frequency.sum() == pytest.approx(1.0)
    assert set(weather.speed) == {4.0} == {weather.annual_speed}
    assert np.isnan(weather.ozone).all()
    assert "4 m/s" in assumptions[0]
    assert "50% by day, 75% by evening, 100% by night" in assumptions[1]


def test_a_file_gives_the_rose(tmp_path):
    weather, assumptions = read_weather(settings(tmp_path, ROWS))
    assert weather.frequency.tolist() == [0.2, 0.2, 0.35, 0.25]
    assert weather.ozone.tolist() == [50, 48, 44, 52]
    assert weather.annual_speed == pytest.approx(0.2 * 3.5 + 0.2 * 3 + 0.35 * 5 + 0.25 * 4.5)
    assert weather.favourable[0].tolist() == [0.4, 0.3, 0.6, 0.7]
    assert weather.favourable[2].tolist() == [1, 1, 1, 1]
    assert len(assumptions) == 1
    assert "day" not in assumptions[0]


def test_frequencies_rounded_in_print_are_made_to_add_up(tmp_path):
    rows = ["0,0.333,4", "120,0.333,4", "240,0.333,4"]
    with pytest.raises(InvalidInputError, match="3 sectors, must be 4"):
        read_weather(settings(tmp_path, rows, "direction_deg,frequency,wind_speed"))
    rows = [f"{60 * i},0.1667,4" for i in range(6)]
    weather, _ = read_weather(settings(tmp_path, rows, "direction_deg,frequency,wind_speed"))
    assert weather.frequency.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("270,0.25,nan,52,0.7", r"rose\.csv sector 3: wind_speed: nan"),
        ("270,0.25,-4,52,0.7", r"wind_speed: .*-4.*must be 0\.1 to 40"),
        ("270,-0.25,4,52,0.7", "frequency: .*must be 0 to 1"),
        ("270,0.75,4,52,0.7", r"frequency: add up to 1\.5, must be 1"),
        ("270,0.25,4,5200,0.7", "ozone: .*must be 0 to 300"),
        ("270,0.25,4,52,7", "favourable_day: .*must be 0 to 1"),
        ("271,0.25,4,52,0.7", "direction_deg: .*must be 270"),
        ("270,0.25,calm,52,0.7", "wind_speed: calm"),
    ],
)  # fmt: skip
def test_a_bad_number_is_refused_with_its_sector_and_column(tmp_path, row, message):
    with pytest.raises(InvalidInputError, match=message):
        read_weather(settings(tmp_path, [*ROWS[:3], row]))


def test_a_missing_column_file_or_sector_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"rose\.csv: wind_speed: the column is missing"):
        read_weather(settings(tmp_path, ["0,1"], "direction_deg,frequency"))
    with pytest.raises(InvalidInputError, match=r"nowhere\.csv: cannot be read"):
        read_weather(BuildSettings(name="x", weather=tmp_path / "nowhere.csv"))
    with pytest.raises(InvalidInputError, match=r"sectors: 36, but rose\.csv has 4 rows"):
        read_weather(settings(tmp_path, ROWS, sectors=36))


@pytest.mark.parametrize(
    ("roughness", "expected"), [(0.01, 0.03), (0.055, 0.1), (0.2, 0.3), (0.55, 1.0), (2.0, 1.0)]
)
def test_roughness_falls_in_one_of_four_classes(roughness, expected):
    assert roughness_class(roughness) == expected


@pytest.mark.parametrize("field", ["roughness", "temperature", "humidity", "ground_factor"])
@pytest.mark.parametrize("value", [float("nan"), -50.0, 1000.0])
def test_an_implausible_setting_is_refused(field, value):
    with pytest.raises(InvalidInputError, match=f"{field}: {value}, must be"):
        read_weather(BuildSettings(name="x", **{field: value}))
