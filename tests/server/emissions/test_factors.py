"""Emission factors: packaged tables, years, and a user's own table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from roadside_server.emissions.factors import FACTOR_SETS, load_factors
from roadside_server.errors import InvalidInputError
from roadside_server.region.schema import AIR_CLASSES, POLLUTANTS

HEADER = "year,vehicle_class,speed_class,nox,no2,pm10,pm25,ec"


def factor(name, year, pollutant, vehicle, speed_class):
    factors = load_factors(name=name).at(year).of_class(speed_class)
    return factors[POLLUTANTS.index(pollutant), AIR_CLASSES.index(vehicle)]


def own_table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "own.csv"
    path.write_text("\n".join(["# source: a test", header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("file", "columns", "name"),
    [
        ("nl_srm1_emission_factors_2014_2030.csv", "speed_class_car", "nl-2015"),
        ("nl_srm2_emission_factors_2015_2030.csv", "speed_limit_kmh", "nl-2015"),
    ],
)
def test_dutch_factors_are_those_of_the_sheets(shared_data, file, columns, name):
    sheet = pd.read_csv(shared_data / "srm" / file)
    sheet = sheet[sheet.pollutant.isin(["NOx", "NO2", "PM10", "PM25"])]
    for row in sheet.itertuples():
        place = getattr(row, columns)
        if columns == "speed_limit_kmh":
            place = "motorway_congested" if row.flow == "congested" else f"motorway_{place}"
        ours = factor(name, row.year, row.pollutant.lower(), row.vehicle_class, place)
        assert ours == pytest.approx(row.value, rel=1e-9)


def test_flemish_factors_are_those_of_the_workbook(shared_data):
    workbook = pd.read_csv(shared_data / "srm" / "carvl30_emission_factors.csv")
    for row in workbook.itertuples():
        ours = load_factors(name="flanders-carvl3").at(row.year).of_class(row.speed_class)
        theirs = [row.NOx_g_per_km, row.NO2_g_per_km, row.PM10_g_per_km, row.PM25_g_per_km]
        column = ours[:, AIR_CLASSES.index(row.vehicle_class)]
        assert column.tolist() == [*theirs, row.EC_g_per_km]


@pytest.mark.parametrize("name", FACTOR_SETS)
def test_no_part_exceeds_its_whole(name):
    factors = load_factors(name=name)
    nox, no2, pm10, pm25, ec = np.moveaxis(factors.values, 1, 0)
    known = ~np.isnan(nox)
    for part, whole in [(no2, nox), (pm25, pm10), (ec, pm25)]:
        assert (part[known] <= whole[known]).all()


@pytest.mark.parametrize("name", FACTOR_SETS)
def test_every_class_has_factors_from_2015_to_2030(name):
    for year in range(2015, 2031):
        assert np.isfinite(load_factors(name=name).at(year).values).all()


def test_between_two_years_factors_are_linear():
    before, after = (factor("nl-2015", year, "nox", "light", "c") for year in (2020, 2030))
    middle = factor("nl-2015", 2024, "nox", "light", "c")
    assert middle == pytest.approx(before + 0.4 * (after - before))


def test_the_description_says_where_elemental_carbon_comes_from():
    for name in FACTOR_SETS:
        assert "elemental carbon" in load_factors(name=name).description


@pytest.mark.parametrize("year", [2013, 2031])
def test_a_year_outside_the_table_is_refused_with_its_range(year):
    with pytest.raises(InvalidInputError, match=f"year: {year}, must be 2014 to 2030"):
        load_factors().at(year)


def test_an_unknown_set_is_refused_with_the_known_ones():
    with pytest.raises(InvalidInputError, match=r"'nl-2035', must be one of nl-2015, flanders"):
        load_factors(name="nl-2035")


def test_a_users_table_replaces_the_packaged_one(tmp_path):
    path = own_table(tmp_path, "2025,light,c,0.5,0.1,0.03,0.01,0.002")
    factors = load_factors(path)
    assert factors.name == "own"
    assert factors.at(2025).of_class("c")[:, 0].tolist() == [0.5, 0.1, 0.03, 0.01, 0.002]
    assert np.isnan(factors.at(2025).of_class("b")).all()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("2025,light,c,0.5,0.1,0.03,x,0.002", r"own.csv, row 3, column pm25: 'x', must be a num"),
        ("2025,light,c,-1,0.1,0.03,0.01,0", r"row 3, column nox: '-1', must be a number"),
        ("2025,light,c,nan,0.1,0.03,0.01,0", r"row 3, column nox: 'nan'"),
        ("2025,light,c,0.5,0.6,0.03,0.01,0", r"row 3, column no2: 0.6, must not exceed nox"),
        ("2025,lorry,c,0.5,0.1,0.03,0.01,0", r"column vehicle_class: 'lorry', must be one of l"),
        ("2025,light,f,0.5,0.1,0.03,0.01,0", r"column speed_class: 'f', must be one of b, c"),
        ("2025.5,light,c,1,0.1,0.03,0.01,0", r"column year: '2025.5', must be a whole year"),
        ("25,light,c,1,0.1,0.03,0.01,0", r"column year: '25', must be a whole year"),
        ("2025,light,c,1,0.1,0.03,0.01", r"row 3: 7 values, must be 8 as in the header"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(tmp_path, row, message):
    with pytest.raises(InvalidInputError, match=message):
        load_factors(own_table(tmp_path, row))


def test_a_repeated_row_is_refused(tmp_path):
    row = "2025,light,c,0.5,0.1,0.03,0.01,0.002"
    with pytest.raises(InvalidInputError, match=r"row 4: repeats 2025, light, c"):
        load_factors(own_table(tmp_path, row, row))


def test_a_missing_column_is_named(tmp_path):
    path = own_table(tmp_path, "2025,light,c,1", header="year,vehicle_class,speed_class,nox")
    with pytest.raises(InvalidInputError, match="lacks the column no2, pm10, pm25, ec"):
        load_factors(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", HEADER.encode()])
def test_a_file_without_factors_is_refused(tmp_path, content):
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"own\.csv"):
        load_factors(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="no such file"):
        load_factors(tmp_path / "none.csv")
