"""``submit-report`` and ``collect-report``: in progress, then JSON or CSV."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from tests.apis.engine import JSON, Engine

TEXT = """
paths:
  /v1/reports:
    post:
      x-mock-sei:
        action: submit-report
        collection: reports
        key: reportName
        polls: 2
        seconds: 5
        reports: {Positions: positions, Nothing: nothing}
      requestBody: {content: {application/json: {schema: {type: object}}}}
      responses: {"202": {description: taken in}}
  /v1/reports/{requestId}:
    get:
      x-mock-sei: {action: collect-report, collection: reports, key: requestId}
      parameters: [{name: requestId, in: path}]
"""
POSITIONS: list[dict[str, Any]] = [
    {"id": 1, "name": 'a "b", c', "deep": {"x": 1}},
    {"id": 2, "name": None, "more": 5},
]


def submitted(name: str = "Positions") -> tuple[Engine, str]:
    engine = Engine.of(TEXT, positions=POSITIONS)
    answer = engine.post(f'{{"reportName": "{name}"}}', "/v1/reports")
    assert answer.status == 202
    return engine, f"/v1/reports/{answer.body['requestId']}"


def test_a_report_is_in_progress_and_then_there() -> None:
    engine, target = submitted()

    answers = [engine.call(target).body for _ in range(4)]

    assert [each["status"] for each in answers] == ["In Progress"] * 2 + ["Completed"] * 2
    assert answers[2]["data"] == POSITIONS
    assert answers[2]["reportName"] == "Positions"


def test_the_platforms_clock_makes_a_report_ready() -> None:
    engine, target = submitted()
    engine.now += timedelta(seconds=5)

    assert engine.call(target).body["status"] == "Completed"


@pytest.mark.parametrize("accept", ["text/csv", "text/csv;q=0.9, */*"])
def test_csv_is_given_where_it_is_asked_for(accept: str) -> None:
    engine, target = submitted()
    engine.now += timedelta(seconds=5)

    answer = engine.call(target, headers={"accept": accept})

    assert answer.media_type.startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO((answer.content or b"").decode())))
    assert rows == [{"id": "1", "name": 'a "b", c'}, {"id": "2", "name": ""}]


def test_an_empty_report_is_an_empty_table() -> None:
    engine, target = submitted("Nothing")
    engine.now += timedelta(seconds=5)

    assert engine.call(target).body["data"] == []
    assert engine.call(target, headers={"accept": "text/csv"}).content == b"\r\n"


@pytest.mark.parametrize("body", ["{}", '{"reportName": "Other"}', '{"reportName": 5}'])
def test_an_unknown_report_names_the_ones_there_are(body: str) -> None:
    ((field, location, reason),) = Engine.of(TEXT).faults(
        "/v1/reports", method="POST", body=body, headers=JSON
    )

    assert (field, location) == ("reportName", "body")
    assert reason.endswith("the reports are Positions, Nothing")


def test_an_unknown_request_is_404() -> None:
    assert Engine.of(TEXT).refusal("/v1/reports/x").kind.status == 404
