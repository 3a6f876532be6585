"""Reading what the Dutch monitoring instrument CIMLK exports."""

import gzip

import numpy as np
import pytest
from roadside_server.emissions.exhaust import daily_volumes
from roadside_server.errors import InvalidInputError
from roadside_server.region.cimlk import DAY_PROFILE, read_cimlk
from shapely import Point

ROADS = {
    "identificatie": "r1",
    "straatnaam": "Kade",
    "rekenmethode": "SRM1",
    "wegsoort": "c",
    "tunnelfactor": "1.0000",
    "hoogte": "-999",
    "taludSoort": "",
    "overdrachtLinksSoort": "",
    "overdrachtLinksAfstand": "-999",
    "overdrachtLinksHoogte": "-999",
    "overdrachtRechtsSoort": "",
    "overdrachtRechtsAfstand": "-999",
    "overdrachtRechtsHoogte": "-999",
    "maximumsnelheid": "50",
    "maximumsnelheidDynamisch": "-999",
    "intensiteitLichtVerkeer": "1000",
    "intensiteitLichtVerkeerDynamisch": "-999",
    "intensiteitMiddelzwaarVerkeer": "100",
    "intensiteitZwaarVerkeer": "10",
    "intensiteitBusVerkeer": "-999",
    "stagnatiefactorLichtVerkeer": "0.1000",
    "stagnatiefactorMiddelzwaarVerkeer": "0.1000",
    "stagnatiefactorZwaarVerkeer": "0.1000",
    "stagnatiefactorBusVerkeer": "-999",
    "geometrie": "LINESTRING(120000 480000,120100 480000)",
}
RECEPTORS = {
    "identificatie": "p1",
    "wegdeelIdentificatie": "r1",
    "bebouwingstype": "2",
    "bomenfactor": "1.25",
    "geometrie": "POINT(120050 480010)",
}
MEASURES = {
    "stof": "NOx",
    "voertuigtype": "l",
    "wegsoort": "c",
    "schalingsfactor": "0.8000",
    "geometrie": "POLYGON((119900 479900,120200 479900,120200 480100,119900 480100,119900 479900))",
}
CORRECTIONS = {
    "receptorIdentificatie": "",
    "stof": "PM2.5",
    "correctie": "-0.21",
    "geometrie": "POLYGON((0 0,1 0,1 1,0 0))",
}


@pytest.fixture
def export(tmp_path):
    """Writes a table from changes to its template row: ``export("Wegdelen", ROADS, {...})``."""

    def write(name, template, *rows):
        lines = [";".join(template)]
        lines += [";".join({**template, **row}.values()) for row in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return tmp_path

    return write


@pytest.fixture(scope="module")
def amsterdam(shared_data):
    return read_cimlk(shared_data / "cimlk_amsterdam")


def test_amsterdam_has_the_roads_and_receptors_that_were_exported(amsterdam):
    assert len(amsterdam.roads) == 3449
    assert amsterdam.receptors.size == 8063
    # 10,469 rows, of which 308 name no road and 3 a road that is not there.
    assert len(amsterdam.links) == 10_158
    assert (amsterdam.roads["method"] == "srm1").sum() == 3334
    assert len(amsterdam.corrections) == 3


def test_a_receptor_may_have_several_roads(amsterdam):
    assert amsterdam.links.groupby("receptor").size().max() > 1
    assert not amsterdam.links.duplicated(["receptor", "road_id"]).any()


def test_the_periods_give_the_daily_traffic_back(export):
    folder = export("Wegdelen", ROADS, {})
    assert daily_volumes(read_cimlk(folder).roads)[:, 0] == pytest.approx(
        [1000, 100, 10, 0], rel=1e-14
    )
    for shares in DAY_PROFILE.values():
        assert sum(shares.values()) == pytest.approx(1.0, rel=1e-15)


def test_a_rural_road_takes_profile_and_barriers(export):
    row = {
        "rekenmethode": "SRM2", "wegsoort": "92", "hoogte": "3", "taludSoort": "sz",
        "overdrachtLinksSoort": "s", "overdrachtLinksAfstand": "5", "overdrachtLinksHoogte": "2.5",
        "overdrachtRechtsSoort": "w", "overdrachtRechtsAfstand": "8", "overdrachtRechtsHoogte": "4",
    }  # fmt: skip
    road = read_cimlk(export("Wegdelen", ROADS, row)).roads.iloc[0]
    assert (road.method, road.speed_class) == ("srm2", "b")
    assert (road.elevation, road.elevation_profile) == (3.0, "dike_above_45")
    assert (road.barrier_left, road.barrier_left_height, road.barrier_left_distance) == (
        "screen", 2.5, 5.0,
    )  # fmt: skip
    assert (road.barrier_right, road.barrier_right_height) == ("wall", 4.0)


def test_a_tunnel_factor_of_zero_is_the_tube_itself(export):
    rows = {"tunnelfactor": "0.0000"}, {"identificatie": "r2", "tunnelfactor": "6.2"}
    roads = read_cimlk(export("Wegdelen", ROADS, *rows)).roads
    assert roads.tunnel.tolist() == [True, False]
    assert roads.tunnel_factor.tolist() == [0.0, 6.2]


def test_a_dynamic_limit_raises_the_mean_speed_of_all_light_traffic(export):
    row = {
        "rekenmethode": "SRM2", "wegsoort": "93", "maximumsnelheid": "100",
        "maximumsnelheidDynamisch": "130", "intensiteitLichtVerkeerDynamisch": "500",
    }  # fmt: skip
    roads = read_cimlk(export("Wegdelen", ROADS, row)).roads
    assert roads.speed[0] == pytest.approx(110.0)
    assert daily_volumes(roads)[0, 0] == pytest.approx(1500.0)
    assert roads.road_class[0] == "motorway"


def test_links_carry_street_type_and_tree_factor(export):
    export("Wegdelen", ROADS, {}, {"identificatie": "r2"})
    other = {"wegdeelIdentificatie": "r2", "bebouwingstype": "4", "bomenfactor": "1"}
    found = read_cimlk(export("Receptoren", RECEPTORS, {}, other))
    assert found.receptors.label.tolist() == ["p1"]
    assert found.links.to_dict("list") == {
        "receptor": [0, 0],
        "road_id": ["r1", "r2"],
        "street_type": [2, 4],
        "tree_factor": [1.25, 1.0],
    }
    assert found.roads.street_type.tolist() == [2, 4]


def test_a_link_to_an_unknown_road_is_left_out_and_said(export):
    export("Wegdelen", ROADS, {})
    found = read_cimlk(export("Receptoren", RECEPTORS, {"wegdeelIdentificatie": "gone"}))
    assert found.receptors.size == 1
    assert len(found.links) == 0
    assert any("1 links" in sentence for sentence in found.assumptions)


def test_open_roads_reach_receptors_without_links(export):
    export("Wegdelen", ROADS, {"rekenmethode": "SRM2", "wegsoort": "92"})
    found = read_cimlk(export("Receptoren", RECEPTORS, {"bebouwingstype": ""}))
    assert len(found.links) == 0
    assert found.roads.street_type.tolist() == [0]


def test_of_several_measures_the_largest_holds_where_the_road_has_its_middle(export):
    outside = "LINESTRING(120150 480000,125000 480000)"
    export("Wegdelen", ROADS, {}, {"identificatie": "r2", "geometrie": outside})
    folder = export("Maatregelen", MEASURES, {}, {"schalingsfactor": "0.9"}, {"wegsoort": "e"})
    scale = read_cimlk(folder).emission_scale
    assert scale.values.tolist() == [[0, "light", "nox", 0.9]]


def test_a_correction_without_polygon_holds_at_its_receptor(export):
    export("Wegdelen", ROADS, {})
    export("Receptoren", RECEPTORS, {})
    row = {"receptorIdentificatie": "p1", "geometrie": ""}
    corrections = read_cimlk(export("Correcties", CORRECTIONS, {}, row)).corrections
    assert corrections.pollutant.tolist() == ["pm25", "pm25"]
    assert corrections.geometry.iloc[1].contains(Point(120050, 480010))


def test_roads_alone_are_a_region(export):
    found = read_cimlk(export("Wegdelen", ROADS, {}))
    assert found.receptors is None
    assert found.links is None
    assert len(found.emission_scale) == len(found.corrections) == 0


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("wegsoort", "x", "row 3, column wegsoort: 'x', must be one of b, c, d, e, 92, 93, 94"),
        ("rekenmethode", "SRM3", "column rekenmethode: 'SRM3', must be one of SRM1, SRM2"),
        ("taludSoort", "q", r"must be one of \(empty\), zvz"),
        ("maximumsnelheid", "-999", "column maximumsnelheid: '-999', is missing"),
        ("maximumsnelheid", "500", "'500', must be a number, 5 to 130"),
        ("intensiteitZwaarVerkeer", "many", "column intensiteitZwaarVerkeer: 'many', must be a nu"),
        ("intensiteitLichtVerkeer", "-5", "'-5', must be a number, 0 to 500000"),
        ("stagnatiefactorLichtVerkeer", "1.5", "must be a number, 0 to 1"),
        ("geometrie", "POINT(1 1)", "column geometrie: 'POINT.1 1.', must be a LINESTRING"),
        ("geometrie", "LINESTRING(0 0,1e999 1)", "must be a LINESTRING in well-known text"),
        ("geometrie", "LINESTRING(0 0", "must be a LINESTRING in well-known text"),
        ("geometrie", "LINESTRING(1 1,1 1)", "must be a LINESTRING in well-known text"),
        ("geometrie", "", "column geometrie: '', must be a LINESTRING"),
        ("identificatie", "", "column identificatie: '', must not be empty"),
        ("identificatie", "r1", "column identificatie: 'r1', repeats"),
    ],
)
def test_a_wrong_cell_of_a_road_is_named(export, column, value, message):
    folder = export("Wegdelen", ROADS, {}, {"identificatie": "r2", column: value})
    with pytest.raises(InvalidInputError, match=rf"Wegdelen\.csv, .*{message}"):
        read_cimlk(folder)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"bebouwingstype": ""}], "column bebouwingstype: '', must be 1, 2, 3 or 4"),
        ([{"bebouwingstype": "7"}], "column bebouwingstype: '7', must be a number, 1 to 4"),
        ([{"bomenfactor": "2"}], "column bomenfactor: '2', must be a number, 1 to 1.5"),
        ([{}, {"geometrie": "POINT(0 0)"}], "row 3, column identificatie: 'p1', stands at two"),
        ([{"geometrie": "POINT EMPTY"}], "column geometrie: 'POINT EMPTY', must be a POINT"),
    ],
)
def test_a_wrong_cell_of_a_receptor_is_named(export, rows, message):
    export("Wegdelen", ROADS, {})
    with pytest.raises(InvalidInputError, match=rf"Receptoren\.csv, .*{message}"):
        read_cimlk(export("Receptoren", RECEPTORS, *rows))


def test_a_measure_of_an_unknown_vehicle_is_named(export):
    export("Wegdelen", ROADS, {})
    with pytest.raises(InvalidInputError, match=r"Maatregelen\.csv, row 2, column voertuigtype"):
        read_cimlk(export("Maatregelen", MEASURES, {"voertuigtype": "q"}))


def test_a_correction_without_place_is_refused(export):
    export("Wegdelen", ROADS, {})
    with pytest.raises(InvalidInputError, match="column receptorIdentificatie: '', must be a rec"):
        read_cimlk(export("Correcties", CORRECTIONS, {"geometrie": ""}))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("Wegdelen.csv", b"", "is empty"),
        ("Wegdelen.csv", b"\xff\xfe", "is not UTF-8"),
        ("Wegdelen.csv.gz", b"no gzip", "cannot be read"),
        ("Wegdelen.csv.gz", gzip.compress(b"a;b\n1;2\n")[:-9], "cannot be read"),
        ("Wegdelen.csv", b"a;b\n1;2;3\n", "row 2: has 3 cells, must have 2"),
        ("Wegdelen.csv", b"a;a\n1;2\n", "repeats the column a"),
        ("Wegdelen.csv", b"a;b\n1;2\n", "lacks the column identificatie"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInputError, match=rf"{name}.*{message}"):
        read_cimlk(tmp_path)


def test_a_line_with_heights_is_read_without_them(export):
    row = {"geometrie": "LINESTRING Z(0 0 1,3 4 2)"}
    road = read_cimlk(export("Wegdelen", ROADS, row)).roads.geometry.iloc[0]
    assert not road.has_z
    assert road.length == 5.0


def test_a_folder_without_roads_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match=r"holds no Wegdelen\.csv or Wegdelen\.csv\.gz"):
        read_cimlk(tmp_path)


def test_a_compressed_table_reads_like_a_plain_one(export):
    folder = export("Wegdelen", ROADS, {})
    plain = read_cimlk(folder).roads
    path = folder / "Wegdelen.csv"
    (folder / "Wegdelen.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert read_cimlk(folder).roads.equals(plain)
    assert np.isfinite(plain.speed).all()
