"""Which requests fit what is looked for in their query, headers, JSON and body."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.matching.parts import BODY_COMPARED, RequestParts, plain_part
from mock_sei.matching.sent import SentRequest
from tests.cases import every_case
from tests.growth import Action, assert_linear

PATTERN = {"matches": "^a+$"}


def sent(query: bytes = b"", body: bytes | None = b"", **headers: str) -> SentRequest:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return SentRequest(raw_query=query, raw_headers=raw, body=body)


def parts(**given: Any) -> RequestParts:
    found = RequestParts(**{name: plain_part(value) for name, value in given.items()})
    assert found.problems() == {}
    return found


@every_case(
    ("wanted", "hit", "missed"),
    [
        ({"cursor": "abc"}, b"limit=5&cursor=abc", b"limit=5"),
        ({"cursor": "abc"}, b"cursor=x&cursor=abc", b"cursor=abcd"),
        ({"cursor": "a b&c"}, b"cursor=a+b%26c", b"cursor=a+b&c"),
        ({"cursor": "\xfc"}, b"cursor=%C3%BC", b"cursor=%FC"),
        ({"cursor": ""}, b"cursor=", b""),
        ({"cursor": None}, b"limit=5", b"cursor="),
        ({"limit": 50}, b"limit=50", b"limit=050"),
        ({"full": True}, b"full=true", b"full=1"),
        ({"id": ["1", "2"]}, b"id=2&id=1&id=3", b"id=1"),
        ({"id": re.compile("^a+$")}, b"id=b&id=aa", b"id=aab"),
        ({"id": re.compile("^A", re.IGNORECASE)}, b"id=ab", b"id=ba"),
        ({"id": PATTERN, "limit": "5"}, b"id=a&limit=5", b"id=a&limit=6"),
        ({}, b"", None),
    ],
)
def test_a_query_has_these_parameters_and_possibly_others(
    wanted: dict[str, Any], hit: bytes, missed: bytes | None
) -> None:
    assert parts(query=wanted).fits(sent(hit))
    assert missed is None or not parts(query=wanted).fits(sent(missed))


def test_names_of_headers_have_no_case() -> None:
    wanted = parts(headers={"X-Request-ID": "7", "accept": re.compile("json")})
    assert wanted.fits(sent(x_request_id="7", Accept="application/json"))
    assert not wanted.fits(sent(x_request_id="7", Accept="text/html"))
    assert parts(headers={"accept": None}).fits(sent(x_other="1"))
    assert not parts(headers={"ACCEPT": None}).fits(sent(accept="*/*"))


def test_a_header_that_is_no_ascii_is_compared_in_latin_1_and_in_utf_8() -> None:
    name = "J\xfcrgen"
    latin = SentRequest(raw_headers=[(b"x-name", name.encode("latin-1"))])
    utf8 = SentRequest(raw_headers=[(b"x-name", name.encode())])
    assert all(parts(headers={"X-Name": name}).fits(each) for each in (latin, utf8))


@every_case(
    ("wanted", "hit", "missed"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, {"b": 1}),
        ({"a": {"b": "x"}}, {"a": {"b": "x", "c": 1}}, {"a": {"b": "y"}}),
        ({"a": 1}, {"a": 1.0}, {"a": True}),
        ({"a": True}, {"a": True}, {"a": 1}),
        ({"a": None}, {"a": None}, {}),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 2, "c": 3}]}, {"a": [1, {"b": 2}, 3]}),
        ({"a": []}, {"a": []}, {"a": {}}),
        ({"a": {}}, {"a": {"b": 1}}, {"a": []}),
        ({"a": PATTERN}, {"a": "aaa"}, {"a": "ab"}),
        ({"a": PATTERN}, {"a": "a"}, {"a": 1}),
        ({"matches": {"matches": "^x$"}}, {"matches": "x"}, {"matches": "y"}),
        ([1, 2], [1, 2], [2, 1]),
        ("text", "text", "texts"),
        (10**30, 10**30, 10**30 + 1),
    ],
)
def test_json_has_these_members(wanted: Any, hit: Any, missed: Any) -> None:
    assert parts(json=wanted).fits(sent(body=json.dumps(hit).encode()))
    assert not parts(json=wanted).fits(sent(body=json.dumps(missed).encode()))


@every_case("body", [b"", b"{", b"\xff", None, b"[" * 100_000, b"1" * 5000, b"a=1&b=2"])
def test_what_is_no_json_fits_no_json(body: bytes | None) -> None:
    assert not parts(json={"a": 1}).fits(sent(body=body))


@every_case(
    ("wanted", "hit", "missed"),
    [
        ("grant_type=a", b"grant_type=a", b"grant_type=a&b=1"),
        (b"\x00\xff", b"\x00\xff", b"\x00"),
        ({"base64": "AP8="}, b"\x00\xff", b"AP8="),
        (re.compile("type=a"), b"grant_type=a&b=1", b"grant_type=b"),
        (re.compile(b"type=a"), b"grant_type=a&b=1", b"grant_type=b"),
        ("", b"", b" "),
    ],
)
def test_a_body_is_compared_as_a_whole(wanted: Any, hit: bytes, missed: bytes) -> None:
    assert parts(body=wanted).fits(sent(body=hit))
    assert not parts(body=wanted).fits(sent(body=missed))
    assert not parts(body=wanted).fits(sent(body=None))


@every_case(
    ("part", "value", "problem"),
    [
        ("query", "x", "must be names with their values"),
        ("query", {"a": {"b": 1}}, "must be a text, a number"),
        ("query", {"a": [None]}, "must be a text, a number"),
        ("query", {"a": "\ud800"}, "surrogate"),
        ("query", {"\ud800": "a"}, "a name must be a text"),
        ("query", {1: "a"}, "a name must be a text"),
        ("query", {"a": "x" * 70_000}, "at most 65536 characters"),
        ("query", {str(each): "" for each in range(200)}, "at most 100 names, not 200"),
        ("query", {"a": ["x"] * 200}, "at most 100 values, not 200"),
        ("query", {"a": {"matches": "("}}, "is no regular expression"),
        ("query", {"a": {"matches": "x" * 3000}}, "at most 2000 characters"),
        ("query", {"a": {"matches": "((a{900}){900}){900}"}}, "is no regular expression"),
        ("headers", {"a b": "x"}, "no header has this name"),
        ("headers", ["a"], "must be names with their values"),
        ("json", {"a": float("nan")}, "JSON"),
        ("json", {"a": {1, 2}}, "JSON"),
        ("json", {"a": {"matches": "[z-a]"}}, "is no regular expression"),
        ("json", "x" * (BODY_COMPARED + 1), "at most 1048576 bytes"),
        ("json", [{"matches": "a"}] * 101, "at most 100 patterns, not 101"),
        ("body", 5, "must be a text, bytes"),
        ("body", {"base64": "?"}, "no Base64"),
        ("body", {"other": "x"}, "must be a text, bytes"),
        ("body", "\ud800", "surrogate"),
        ("body", "x" * (BODY_COMPARED + 1), "at most 1048576 bytes"),
    ],
)
def test_what_cannot_be_compared_is_named(part: str, value: Any, problem: str) -> None:
    found = RequestParts(**{part: plain_part(value)}).problems()
    assert list(found) == [part]
    assert problem in found[part]
    assert len(found[part]) < 500


def test_nothing_recursive_is_looked_for() -> None:
    circle: dict[str, Any] = {}
    circle["a"] = circle
    deep: Any = 1
    for _ in range(5000):
        deep = {"a": deep}
    for value in (circle, deep):
        assert "json" in RequestParts(json=plain_part(value)).problems()


def test_a_difference_names_the_place_and_both_values() -> None:
    wanted = parts(
        query={"cursor": "abc"},
        headers={"Accept": "text/html"},
        json={"a": {"b": [1, {"c": "x"}]}},
        body=re.compile("^z"),
    )
    came = sent(b"cursor=x", json.dumps({"a": {"b": [1, {"c": "y"}]}}).encode())
    assert list(wanted.differences(came, came)) == [
        "query cursor: expected 'abc', came 'x'",
        "headers Accept: expected 'text/html', came nothing",
        'json: /a/b/1/c: expected "x", came "y"',
        'body: expected a match of \'^z\', came \'{"a": {"b": [1, {"c": "y"}]}}\'',
    ]


def test_a_difference_shows_only_what_may_be_shown() -> None:
    wanted = parts(query={"code": "abc"})
    [told] = wanted.differences(sent(b"code=secret"), sent(b"code=***"))
    assert told == "query code: expected 'abc', came '***'"
    [told] = wanted.differences(sent(b"code=secret"), sent(b"code=abc"))
    assert told == "query code: differs where it is hidden"


HOSTILE = ("(a+)+$", "(a|a)*b", "(?=(a+)+$)b", r"(a+)\1+b", "(.*)*x", "(?<=(a+)+)b")


@pytest.mark.long
@every_case("pattern", HOSTILE)
def test_a_pattern_costs_what_the_text_is_long(pattern: str) -> None:
    """Or, where the engine must go back, at most a bound: its search then counts as not found."""
    wanted = parts(query={"a": {"matches": pattern}})
    assert not wanted.fits(sent(b"a=" + b"a" * 50_000 + b"!"))


@pytest.mark.long
def test_reading_a_request_costs_what_it_is_long() -> None:
    wanted = parts(query={"x": "y"}, json={"x": {"y": 1}}, body=re.compile("q"))

    def compare(size: int) -> Action:
        query = b"&".join(b"a%d=b" % each for each in range(size))
        body = json.dumps({f"a{each}": {"b": each} for each in range(size)}).encode()

        def act() -> object:
            came = sent(query, body)
            keys = [list(came.keys(part)) for part in ("query", "json", "body")]
            return keys, wanted.fits(came)

        return act

    assert_linear(compare, 2000)


names = st.text(alphabet="ab", min_size=1, max_size=2)
scalars = st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.text("ab", max_size=2))
values = st.recursive(
    scalars, lambda each: st.lists(each, max_size=2) | st.dictionaries(names, each, max_size=3)
)


@given(st.dictionaries(names, values, max_size=3), st.dictionaries(names, values, max_size=3))
def test_what_fits_has_the_key_that_is_filed(wanted: dict[str, Any], other: dict[str, Any]) -> None:
    asked = parts(json=wanted)
    for body in ({**other, **wanted}, {**wanted, **other}, other, wanted):
        came = sent(body=json.dumps(body).encode())
        if asked.fits(came) and asked.key is not None:
            assert asked.key in set(came.keys(asked.key[0]))
    assert asked.fits(sent(body=json.dumps({**other, **wanted}).encode()))
