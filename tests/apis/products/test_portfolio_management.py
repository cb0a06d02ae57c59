"""Portfolio management: reports that are asked for and collected later."""

from __future__ import annotations

import csv
import io

import pytest

from tests.apis.products.calls import Api

REPORTS = "/v2/reports"
METADATA = "/v2/reports/metadata"


def submit(api: Api, name: str = "Positions") -> str:
    answer = api.call("POST", REPORTS, json={"reportName": name})
    assert answer.status_code == 202
    return f"{REPORTS}/{answer.json()['requestId']}"


def test_reports_are_listed_and_found_by_name(reading: Api) -> None:
    reading.check_filters(
        METADATA, {"reportName=Positions": lambda each: each["reportName"] == "Positions"}
    )
    reading.check_walk(METADATA, "reportName", 2)
    assert len(reading.read(f"{METADATA}?limit=x")["data"]) == len(reading.read(METADATA)["data"])


@pytest.mark.long
def test_every_listed_report_can_be_collected(api: Api) -> None:
    for report in api.every(METADATA):
        path = submit(api, report["reportName"])
        api.read(path)
        body = api.read(path)
        assert (body["status"], body["reportName"]) == ("Completed", report["reportName"])
        assert body["data"]


def test_a_report_is_in_progress_until_it_was_asked_for_again(api: Api) -> None:
    api.stop_clock(2026, 10, 1)
    path = submit(api)

    assert api.read(path) == {"requestId": path.rpartition("/")[2], "status": "In Progress"}
    first, again = api.read(path), api.read(path)
    assert first["status"] == "Completed"
    assert first == again


def test_a_report_is_ready_after_a_second_of_the_platforms_clock(api: Api) -> None:
    api.stop_clock(2026, 10, 1)
    early, late = submit(api), submit(api)

    api.served.platform.clock.advance(seconds=0.9)
    assert api.read(early)["status"] == "In Progress"
    api.served.platform.clock.advance(seconds=0.1)
    assert api.read(late)["status"] == "Completed"


@pytest.mark.long
def test_a_report_holds_the_records_of_its_time_of_collection(api: Api) -> None:
    path = submit(api, "Transaction History")
    api.read(path)

    body = api.read(path)

    daily = "transactions?reportingPeriod=Daily&includeSecurities=true"
    expected = [
        each
        for number in range(1, 7)
        for each in api.every(f"/v1/portfolio/PRT-{number:02}/{daily}")
    ]
    assert body["data"] == expected


def test_a_report_comes_as_csv_when_asked_for(api: Api) -> None:
    path = submit(api)
    waiting = api.call("GET", path, headers={"Accept": "text/csv"})
    plain = api.read(path)["data"]

    answer = api.call("GET", path, headers={"Accept": "text/csv"})

    assert waiting.json()["status"] == "In Progress"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [each["id"] for each in rows] == [each["id"] for each in plain]
    assert rows[0] == {
        name: str(value) for name, value in plain[0].items() if not isinstance(value, dict)
    }


@pytest.mark.parametrize("body", [{}, {"reportName": "Secrets"}, {"reportName": 7}])
def test_an_unknown_report_is_refused_by_name(reading: Api, body: dict[str, object]) -> None:
    assert reading.faults(REPORTS, "POST", json=body) == [("reportName", "body")]


def test_an_unknown_request_is_not_found(reading: Api) -> None:
    assert "requestId" in reading.missing(f"{REPORTS}/5ee3a2c8-6c5f-4ab4-9d21-0d6a1f7b9b11")


def test_two_requests_are_kept_apart(api: Api) -> None:
    positions, portfolios = submit(api), submit(api, "Portfolio List")

    api.read(positions)

    assert api.read(portfolios)["status"] == "In Progress"
    assert api.read(portfolios)["reportName"] == "Portfolio List"
    assert api.read(positions)["reportName"] == "Positions"
