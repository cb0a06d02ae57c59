"""Which media type of a document answers a request with an ``Accept`` header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.accepted import ChosenMediaType, choose
from tests.cases import every_case
from tests.growth import Action, assert_linear

XML_AND_JSON = ["application/xml", "application/json"]
VERSIONS = ["application/vnd.crate.v1+json", "application/vnd.crate.v2+json"]


@every_case(
    ("declared", "accept", "chosen"),
    [
        (XML_AND_JSON, "", "application/json"),
        (XML_AND_JSON, "*/*", "application/json"),
        (XML_AND_JSON, "*", "application/json"),
        (XML_AND_JSON, "application/*", "application/json"),
        (XML_AND_JSON, "application/xml", "application/xml"),
        (XML_AND_JSON, "Application/XML ; charset=utf-8", "application/xml"),
        (XML_AND_JSON, "application/xml;q=0.5, application/json", "application/json"),
        (XML_AND_JSON, "application/json;q=0.5, application/xml", "application/xml"),
        (XML_AND_JSON, "application/json;q=0, */*", "application/xml"),
        (XML_AND_JSON, "*/*;q=0.1, application/xml;q=0.2", "application/xml"),
        (XML_AND_JSON, "application/xml, */*", "application/xml"),
        (XML_AND_JSON, "application/json, text/plain, */*", "application/json"),
        (XML_AND_JSON, "text/html, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        (XML_AND_JSON, "application/xml;q=high, application/json;q=0.9", "application/xml"),
        (["text/csv", "text/plain"], "text/*", "text/csv"),
        (["text/csv", "text/plain"], "text/*;q=0.5, text/plain;q=0.4", "text/csv"),
        (VERSIONS, "application/vnd.crate.v2+json", VERSIONS[1]),
        (VERSIONS, "*/*", VERSIONS[0]),
        (["application/json;v=1", "application/json;v=2"], "application/json;v=2", None),
        (["application/json;v=2", "application/json;v=1"], "application/json", None),
        (["application/json"], "application/json; odata.metadata=none", "application/json"),
        (["application/json; charset=utf-8"], "application/json", None),
    ],
)
def test_what_the_client_wants_most_is_chosen(
    declared: list[str], accept: str, chosen: str | None
) -> None:
    if chosen is None:  # of two entries, the one with the parameter "v=2"
        chosen = next((each for each in declared if "v=2" in each), declared[0])

    assert choose(declared, accept) == ChosenMediaType(key=chosen, media_type=chosen)


@every_case(
    ("key", "accept", "media_type"),
    [
        ("*/*", "", "application/json"),
        ("*/*", "application/xml", "application/xml"),
        ("*/*", "application/xml;q=0.1, application/json", "application/json"),
        ("image/*", "*/*", "image/png"),
        ("image/*", "image/gif", "image/gif"),
        ("image/*", "image/*, image/jpeg;q=0.4", "image/png"),
        ("text/*", "text/csv", "text/csv"),
        ("application/*", "text/csv, application/pdf", "application/pdf"),
    ],
)
def test_a_range_is_answered_in_what_the_client_wants_of_it(
    key: str, accept: str, media_type: str
) -> None:
    assert choose([key], accept) == ChosenMediaType(key=key, media_type=media_type)


@every_case(
    ("declared", "accept", "media_type"),
    [
        (XML_AND_JSON, "text/csv", "application/json"),
        (["text/csv", "application/xml"], "application/json", "text/csv"),
        (XML_AND_JSON, "*/*;q=0", "application/json"),
        (VERSIONS, "application/json", VERSIONS[0]),
        (["*/*"], "video/mp4", "application/json"),
    ],
)
def test_where_the_client_wants_none_json_or_the_first_is_chosen_and_said_to_be_unwanted(
    declared: list[str], accept: str, media_type: str
) -> None:
    found = choose(declared, accept)

    assert (found.media_type, found.is_accepted) == (media_type, False)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4), st.text(max_size=60))
def test_any_texts_have_a_choice(declared: list[str], accept: str) -> None:
    assert choose(declared, accept).key in declared


@pytest.mark.slow
def test_a_long_accept_costs_no_more_than_its_size() -> None:
    def asking(ranges: int) -> Action:
        accept = f"{'text/csv;q=0.1,' * ranges}text/html"
        return lambda: choose(["*/*", "image/*"], accept)

    assert_linear(asking, 2_000)
