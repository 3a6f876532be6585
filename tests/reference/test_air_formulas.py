"""Formulas against the published and the self-derived cases; tolerances from their SOURCES.md."""

import csv

import pytest
from roadside_kernels.air.chemistry import sector_no2, street_no2
from roadside_kernels.air.indicators import HOURLY_K, HOURLY_M, days_above_flemish
from roadside_kernels.air.plume import (
    dilution,
    roughness_class,
    sector_dilution,
    vertical_spread,
    wind_correction,
)
from roadside_kernels.air.street import canyon_dilution, theta
from roadside_kernels.physics import f32, in_double

POLLUTANTS = {
    "NOx": "Cb_NOx",
    "NO2": "Cb_NO2_direct",
    "PM10": "Cb_PM10",
    "PM25": "Cb_PM25",
    "EC": "Cb_EC",
}


def rows(path):
    with path.open(encoding="utf-8") as file:
        return [
            {name: _number(value) for name, value in row.items()} for row in csv.DictReader(file)
        ]


def _number(value):
    try:
        return float(value)
    except ValueError:
        return value


@pytest.fixture(scope="module")
def streets(shared_data):
    return rows(shared_data / "srm" / "srm1_carvl30_cases.csv")


@pytest.mark.parametrize(
    ("number", "precision", "tolerance"), [(float, in_double, 1e-9), (f32, lambda f: f, 2e-5)]
)
def test_streets_of_car_vlaanderen(streets, number, precision, tolerance):
    for street in streets:
        kind = int(street["road_type_srm1"])
        assert precision(theta)(number(street["distance_m"]), kind) == pytest.approx(
            street["theta"], rel=tolerance
        )
        diluted = precision(canyon_dilution)(
            number(street["distance_m"]),
            kind,
            number(street["tree_factor"]),
            number(street["windspeed_m_per_s"]),
        )
        for pollutant, column in POLLUTANTS.items():
            emission = number(street[f"E_{pollutant}_reg"]) + number(street[f"E_{pollutant}_cong"])
            assert emission * diluted == pytest.approx(street[column], rel=tolerance)
        no2 = precision(street_no2)(
            number(street["Cb_NOx"]), number(street["Cb_NO2_direct"]), number(street["bg_O3"])
        )
        assert no2 == pytest.approx(street["Cb_NO2"], rel=tolerance)
        days = precision(days_above_flemish)(number(street["Cjm_PM10"]))
        assert days == street["OD_PM10_carvl"]


@pytest.mark.parametrize("fraction", ["0.15", "0.10"])
def test_sector_chemistry_of_ops(shared_data, fraction):
    for row in rows(shared_data / "srm" / "srm2_no2_chemistry_12sector_ops.csv"):
        nox, share = row["C_NOx_sector_ugm3"], float(fraction)
        no2 = in_double(sector_no2)(nox, share * nox, row["C_O3_sector_ugm3"])
        assert no2 / nox == pytest.approx(row[f"r_NO2_NOx_ref_fNO2_{fraction}"], abs=1e-5)


def test_self_derived_points_of_srm2(shared_data):
    for row in rows(shared_data / "srm" / "srm2_selfderived_point_cases.csv"):
        terrain = roughness_class(row["z0_class_m"])
        distance, height = row["R_m"], row["z_rec_m"]
        spread = in_double(vertical_spread)(distance, row["sigma_z0_m"], terrain.a, terrain.b)
        wind = in_double(wind_correction)(spread, terrain.length, terrain.obukhov)
        assert spread == pytest.approx(row["sigma_z_m"], rel=1e-12)
        assert wind == pytest.approx(row["C_wind"], rel=1e-12)
        diluted = in_double(sector_dilution)(
            distance, spread, row["C_total"], row["U_m_per_s"], row["n_sectors"], height, 0.0
        )
        assert diluted * row["E_ugms"] * row["dw_m"] == pytest.approx(
            row["C_b_sector_ugm3"], rel=1e-12
        )
        unit = in_double(dilution)(
            distance, row["sigma_z0_m"], height, *terrain[:3], terrain.a, terrain.b
        )
        assert unit * row["n_sectors"] / row["U_m_per_s"] == pytest.approx(diluted, rel=1e-12)


def test_hourly_no2_has_the_published_table(shared_data):
    table = rows(shared_data / "srm" / "srm_no2_hourly_KM_fullprecision.csv")
    assert [row["K_i_ugm3"] for row in table] == pytest.approx(list(HOURLY_K), rel=1e-14)
    assert [row["M_i"] for row in table] == pytest.approx(list(HOURLY_M), rel=1e-14)
