"""The bank look-up: a name or a code is required, and dates need their kind."""

from __future__ import annotations

from tests.apis.products.calls import Api, Record

PATH = "/v1/financialinstitutions/lookup"
ALL = f"{PATH}?name=a"


def test_a_part_of_a_name_or_of_a_code_finds_banks(reading: Api) -> None:
    by_name = reading.every(f"{PATH}?name=mock%20s")
    by_code = reading.every(f"{PATH}?code=demozz3")

    assert {each["name"][:10] for each in by_name} == {"Mock Savin"}
    assert by_code
    assert all(each["code"].startswith("DEMOZZ3") for each in by_code)
    assert reading.read(f"{PATH}?name=mock&code=demozz2a")["paging"]["totalCount"] < len(by_code)


def test_filters_pick_banks(reading: Api) -> None:
    def made(each: Record) -> bool:
        return "2025-03-01" <= str(each["createDate"]) < "2025-09-01"

    def changed(each: Record) -> bool:
        return "2025-10-01" <= str(each["changeDate"]) < "2026-02-01"

    reading.check_filters(
        ALL,
        {
            "type=ABA": lambda each: each["type"] == "ABA",
            "type=SWIFT": lambda each: each["type"] == "SWIFT",
            "code=0000": lambda each: "0000" in each["code"],
            "dateType=created&startDate=2025-03-01&endDate=2025-08-31": made,
            "dateType=modified&startDate=2025-10-01&endDate=2026-01-31": changed,
        },
    )


def test_inactive_banks_come_only_where_they_are_asked_for(reading: Api) -> None:
    silent, active, inactive = (
        reading.every(f"{ALL}{more}") for more in ("", "&active=true", "&active=false")
    )

    assert silent == active
    assert all(each["active"] for each in active)
    assert inactive
    assert not any(each["active"] for each in inactive)


def test_an_end_date_counts_to_the_last_moment_of_its_day(reading: Api) -> None:
    first = reading.every(ALL)[0]
    day = first["createDate"][:10]

    found = reading.every(f"{ALL}&dateType=created&startDate={day}&endDate={day}")

    assert first in found


def test_dates_without_their_kind_pick_nothing(reading: Api) -> None:
    assert reading.every(f"{ALL}&startDate=2030-01-01") == reading.every(ALL)


def test_what_is_needed_and_missing_is_named(reading: Api) -> None:
    reading.check_wrong(PATH, {"": ("name", "query"), "type=ABA": ("name", "query")})
    reading.check_wrong(
        ALL,
        {
            "dateType=created": [("startDate", "query"), ("endDate", "query")],
            "dateType=created&startDate=2026-01-01": ("endDate", "query"),
            "dateType=changed": ("dateType", "query"),
            "dateType=created&startDate=2026-01-01T00:00:00&endDate=x": [
                ("startDate", "query"),
                ("endDate", "query"),
            ],
            "type=IBAN&active=maybe": ("type", "query"),
            "limit=ten": ("limit", "query"),
        },
    )


def test_the_walk_gives_every_bank_once(reading: Api) -> None:
    reading.check_walk(ALL, "id", 7)


def test_the_examples_of_the_page_find_something(reading: Api) -> None:
    (bank,) = reading.every(f"{PATH}?type=SWIFT&name=New%20York")
    assert bank["address"]["city"] == "New York"

    assert reading.every(f"{PATH}?type=ABA&code=001")
