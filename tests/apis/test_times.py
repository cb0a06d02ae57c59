"""Times as clients write them: which texts are ISO 8601 times, and which moments they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NoReturn
from zoneinfo import ZoneInfoNotFoundError

import pytest

from mock_sei.apis.times import find_zone, read_time
from tests.cases import every_case

SPELLINGS = {
    "2025-01-28T15:48:25": "2025-01-28T15:48:25",
    "2025-01-28T15:48": "2025-01-28T15:48:00",
    "2025-01-28T15:48:25Z": "2025-01-28T15:48:25+00:00",
    "2025-01-28T15:48:25.1234567Z": "2025-01-28T15:48:25.123456+00:00",
    "2025-01-28T15:48:25,5Z": "2025-01-28T15:48:25.500000+00:00",
    "2025-01-28T10:48:25-05:00": "2025-01-28T10:48:25-05:00",
    "2025-01-28T10:48:25-0500": "2025-01-28T10:48:25-05:00",
    "2025-01-28T16:48:25+01": "2025-01-28T16:48:25+01:00",
    "2025-01-28T16:48:25 01:00": "2025-01-28T16:48:25+01:00",
}


@every_case("text", SPELLINGS)
def test_a_time_of_iso_8601_is_read(text: str) -> None:
    assert read_time(text).isoformat() == SPELLINGS[text]


@every_case(
    "text",
    [
        "",
        "2025-01-28",
        "2025-01-28 15:48:25",
        "2025-01-28T15",
        "2025-01-28T15:48:25.Z",
        "2025-01-28T15:48:25+1",
        "2025-01-28T15:48:25+25:00",
        "2025-02-30T15:48:25Z",
        "2025-01-28T25:48:25Z",
        "20250128T154825Z",
        "2025-01-28T15:48:25Z\n",
        "\u0662\u0660\u0662\u0665-01-28T15:48:25Z",
        "2025-01-28T15:48:61Z",
    ],
)
def test_what_is_no_time_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_time(text)


SUMMER = datetime(2026, 7, 15, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(("name", "hour"), [("America/New_York", 23), ("EST", 22)])
def test_new_york_has_daylight_time_and_est_has_none(name: str, hour: int) -> None:
    assert SUMMER.astimezone(find_zone(name)).hour == hour


def test_a_machine_without_data_about_zones_takes_est_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def find_nothing(name: str) -> NoReturn:
        raise ZoneInfoNotFoundError(name)

    monkeypatch.setattr("mock_sei.apis.times.ZoneInfo", find_nothing)
    assert SUMMER.astimezone(find_zone("America/New_York")).hour == 22
    assert "America/New_York" in caplog.text
    assert "tzdata" in caplog.text


def test_est_needs_no_data_about_zones(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("mock_sei.apis.times.ZoneInfo", None)
    assert SUMMER.astimezone(find_zone("EST")).hour == 22
    assert caplog.text == ""


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2025-01-28T15:48:25.1234569999999Z", "2025-01-28T15:48:25.123456Z"),
        ("2025-01-28t15:48:25z", "2025-01-28T15:48:25Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ],
)
def test_every_time_of_rfc_3339_is_read(text: str, same: str) -> None:
    assert read_time(text) == read_time(same)
