"""NO2 of open roads in a wind sector against the figures of RIVM's OPS."""

import json

import pytest
from roadside_server.errors import InvalidInputError
from roadside_server.validation import no2_sectors


def test_every_sector_meets_the_figure_of_ops(shared_data):
    report = no2_sectors.validate(shared_data / "srm")
    assert report.passed, report.as_text()
    # 12 sectors, two shares of emitted NO2, two precisions.
    assert len(report.judged) == 48


def test_the_report_is_also_json(shared_data):
    report = no2_sectors.validate(shared_data / "srm" / no2_sectors.CASES_FILE)
    document = json.loads(report.as_json())
    assert document["passed"] is True
    assert len(document["rows"]) == 48
    assert document["worst"]["deviation"] == report.worst.deviation


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="path"):
        no2_sectors.validate(tmp_path / "none.csv")
