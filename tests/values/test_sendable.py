"""What HTTP can carry, and what it cannot."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.values.sendable import find_header_problem, find_status_problem, json_content, shown
from tests.cases import every_case


@every_case(
    ("headers", "problem"),
    [
        ({"": "a"}, "not a header name"),
        ({"X Y": "a"}, "not a header name"),
        ({"X:Y": "a"}, "not a header name"),
        ({"X\r\nY": "a"}, "not a header name"),
        ({"X\n": "a"}, "not a header name"),
        ({"Ä": "a"}, "not a header name"),
        ({"\ud800": "a"}, "not a header name"),
        ({1: "a"}, "name and value must be texts"),
        ({"X": None}, "name and value must be texts"),
        ({"X": 1}, "name and value must be texts"),
        ({"X": b"a"}, "name and value must be texts"),
        ({"X": "a\r\nY: b"}, "one line of Latin-1"),
        ({"X": "a\n"}, "one line of Latin-1"),
        ({"X": "\0"}, "one line of Latin-1"),
        ({"X": "\x7f"}, "one line of Latin-1"),
        ({"X": "\x1b[1m"}, "one line of Latin-1"),
        ({"X": "€"}, "one line of Latin-1"),
        ({"X": "\ud800"}, "one line of Latin-1"),
        ({"Content-Length": "5"}, "the body has 3 bytes"),
        ({"content-length": "abc"}, "the body has 3 bytes"),
        ({"Content-Length": "-1"}, "the body has 3 bytes"),
        ({"Content-Length": "03"}, "the body has 3 bytes"),
        ({"Transfer-Encoding": "chunked"}, "the answer is sent whole"),
        ({"Connection": "upgrade"}, "must be close or keep-alive"),
        ({"Upgrade": "h2c"}, "stays HTTP/1.1"),
        ({"Trailer": "X"}, "the server sends no trailers"),
        ({"TE": "trailers"}, "belongs to requests"),
        ({"Keep-Alive": "timeout=1"}, "belongs to the connection"),
        ({"Date": "Sat, 28 Nov 2026 12:00:00 GMT"}, "sends its own"),
        ({"requesttrackingid": "1"}, "every answer has its own"),
        ({"X-A": "1", "x-a": "2"}, "given twice"),
        ({f"X-{number}": "a" * 1000 for number in range(40)}, "at most 32768 bytes"),
        ([("X", "a")], "not list"),
    ],
)
def test_a_header_that_breaks_an_answer_is_refused_with_its_reason(
    headers: Any, problem: str
) -> None:
    assert problem in str(find_header_problem(headers, 200, 3))


@every_case(
    "headers",
    [
        {},
        {"X": ""},
        {"X": " a\tb "},
        {"X": "é\x80\xff"},
        {"!#$%&'*+-.^_`|~aZ09": "a"},
        {"Content-Length": "3"},
        {"Connection": "Close"},
        {"Server": "other"},
        {"Set-Cookie": "a=1", "set-cookie": "b=2"},
        {"Content-Type": "text/html", "Content-Encoding": "gzip"},
    ],
)
def test_a_header_that_can_be_sent_is_let_through(headers: dict[str, str]) -> None:
    assert find_header_problem(headers, 200, 3) is None


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_length_has_none(status: int) -> None:
    found = find_header_problem({"Content-Length": "0"}, status, 0)

    assert found == f"'Content-Length': an answer with status {status} must not have it"
    assert find_header_problem({"Content-Length": "0"}, 205, 0) is None


@every_case("status", [100, 199, 600, 99999, -1, True, "200", 200.0, None, int("9" * 4000)])
def test_what_is_no_status_of_an_answer_is_refused(status: object) -> None:
    assert find_status_problem(status) is not None


@every_case("status", [200, 204, 299, 418, 599])
def test_every_status_of_a_final_answer_is_let_through(status: int) -> None:
    assert find_status_problem(status) is None


def test_a_value_is_shown_short_and_in_text_that_can_be_sent() -> None:
    assert shown(10**9999) == "a whole number of many digits"
    assert shown("\ud800") == "'\\ud800'"
    assert len(shown("a" * 10_000)) < 110


def nested(levels: int) -> Any:
    value: Any = 1
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value


def test_json_is_as_deep_as_a_client_can_read() -> None:
    assert json_content(nested(100))
    with pytest.raises(ValueError, match="more than 100 levels"):
        json_content(nested(101))
    with pytest.raises(ValueError, match="cannot be sent as JSON"):
        json_content(nested(100_000))


def test_json_that_shares_a_part_many_times_is_looked_at_once_a_level() -> None:
    shared: Any = [1]
    for _ in range(12):
        shared = [shared, shared]

    assert json_content(shared).count(b"1") == 4096


def test_json_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)

    with pytest.raises(ValueError, match="Circular"):
        json_content(value)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_what_is_let_through_can_be_written_as_it_stands(headers: dict[str, str]) -> None:
    if find_header_problem(headers, 200, 0) is None:
        for name, value in headers.items():
            line = f"{name}: {value}".encode("latin-1")
            assert not set(line) & set(b"\r\n\0")
            assert name
