"""Formats: one table for the query, the path, headers, cookies and bodies."""

from __future__ import annotations

import json
from contextlib import suppress
from urllib.parse import quote

import pytest

from mock_sei.apis.bodies import FORM_TYPE
from mock_sei.apis.formats import FORMATS, OF_THE_VENDOR
from mock_sei.errors import MalformedRequest
from tests.apis.engine import JSON, Engine
from tests.cases import every_case

pytestmark = pytest.mark.long

GOOD = [
    ("date", "2024-02-29"),
    ("date-time", "2026-03-31T13:30:00Z"),
    ("date-time", "2026-03-31T13:30:00.123456789Z"),
    ("date-time", "2026-03-31T13:30:00." + "1" * 40 + "-04:00"),
    ("date-time", "2026-03-31t13:30:00z"),
    ("date-time", "2016-12-31T23:59:60Z"),
    ("date-time", "2016-12-31T15:59:60.5-08:00"),
    ("time", "13:30:00Z"),
    ("duration", "P3DT12H"),
    ("uuid", "0D1F2A3B-4c5d-4e6f-8a9b-0c1d2e3f4a5b"),
    ("email", "a@example.com"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("uri", "https://example.com/a?b=c"),
    ("uri-reference", "/a"),
    ("byte", "YWI="),
    ("byte", ""),
    ("base64url", "YWI"),
    ("date", "0000-02-29"),
    ("time", "23:59:60Z"),
    ("time", "01:29:60.5+01:30"),
    ("date-time-local", "2026-03-31T13:30:00.5"),
    ("time-local", "13:30:00"),
    ("http-date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("http-date", "Sunday, 06-Nov-94 08:49:37 GMT"),
    ("http-date", "Sun Nov  6 08:49:37 1994"),
    ("media-range", "text/*; charset=utf-8"),
    ("media-range", 'a/b;c="d;e"'),
    ("char", "a"),
    ("char", "e\u0301"),
    ("decimal", "-1.50"),
    ("decimal128", "1E+6144"),
    ("sf-token", "*a/b:c"),
    ("sf-string", "a b"),
    ("sf-binary", ":YWI=:"),
    ("sf-boolean", "?1"),
    ("float", "no number"),
    ("int32", "no number"),
    ("html", "<b>"),
    ("commonmark", "*a*"),
    ("no-such-format", "anything"),
    ("password", "anything"),
]
BAD = [
    ("date", "2026-02-29"),
    ("date", "31.03.2026"),
    ("date-time", "2026-03-31"),
    ("date-time", "2026-03-31T13:30:00"),
    ("date-time", "2026-03-31T13:30Z"),
    ("date-time", "2026-03-31T24:00:00Z"),
    ("date-time", "2016-12-31T23:58:60Z"),
    ("date-time", "2026-03-31T13:30:00,5Z"),
    ("time", "13:30:00"),
    ("time", "noon"),
    ("duration", "3 days"),
    ("uuid", "zz"),
    ("email", "a.example.com"),
    ("ipv4", "192.0.2.256"),
    ("ipv6", "2001::db8::1"),
    ("uri", "/a"),
    ("byte", "YW"),
    ("byte", "a b="),
    ("base64url", "a+b"),
    ("date-time", "2026-03-31 13:30:00Z"),
    ("date-time", "2026-03-31T13:30:00+24:00"),
    ("date-time", "2026-03-31T13:30:00+0100"),
    ("date-time-local", "2026-03-31T13:30:00Z"),
    ("time-local", "13:30:00Z"),
    ("http-date", "06 Nov 1994"),
    ("media-range", "text"),
    ("media-range", "text/plain, text/html"),
    ("char", "ab"),
    ("decimal", "1,5"),
    ("decimal128", "one"),
    ("sf-token", "a b"),
    ("sf-boolean", "yes"),
]

GOOD_NUMBERS = [
    ("int8", 127), ("int8", -128), ("uint8", 255), ("int32", 2**31 - 1), ("int64", -(2**63)),
    ("uint64", 2**64 - 1), ("int32", 1.0), ("float", 3.4028235e38), ("float", 1e-300),
    ("double", 1.7e308), ("double-int", 2**53), ("decimal", 1.5), ("decimal128", 10**4299),
    ("sf-integer", 10**15 - 1), ("sf-decimal", 1.125), ("unixtime", 0), ("byte", 5),
    ("no-such-format", 10**4299),
]  # fmt: skip
BAD_NUMBERS = [
    ("int8", 128), ("int16", -32769), ("uint8", -1), ("uint16", 2**16), ("int32", 2**31),
    ("uint32", 2**32), ("int64", 2**63), ("uint64", 2**64), ("int32", 1.5), ("int64", 10**4299),
    ("float", 3.5e38), ("double", 10**4299), ("double-int", 0.5), ("sf-integer", 10**15),
    ("sf-decimal", 10**13),
]  # fmt: skip


def refusal_of(place: str, schema: str, text: str, value: object) -> str | None:
    """The reason why a place refuses a value."""
    parameter = f"{{name: a, in: {place}, required: true, schema: {schema}}}"
    members = f"schema: {{properties: {{a: {schema}}}}}"
    path = "/rocks/{a}" if place == "path" else "/rocks"
    engine = Engine.brought(f"""
paths:
  {path}:
    post:
      parameters: [{parameter if place not in ("json", "form") else ""}]
      requestBody: {{content: {{application/json: {{{members}}}, {FORM_TYPE}: {{{members}}}}}}}
      responses: {{"200": {{description: good}}}}
""")
    called, headers, body = f"/rocks?a={quote(text, safe='')}", {}, ""
    if place == "path":
        called = f"/rocks/{text}"
    elif place == "header":
        called, headers = "/rocks", {"a": text}
    elif place == "cookie":
        called, headers = "/rocks", {"cookie": f"a={quote(text)}"}
    elif place == "json":
        called, headers, body = "/rocks", JSON, json.dumps({"a": value})
    elif place == "form":
        called, headers = "/rocks", {"content-type": FORM_TYPE}
        body = f"a={quote(text, safe='')}"
    try:
        engine.call(called, method="POST", headers=headers, body=body)
    except MalformedRequest as error:
        return error.faults[0].reason
    return None


PLACES = ["query", "header", "cookie", "json", "form"]


@every_case("place", PLACES)
def test_what_has_its_format_passes_everywhere(place: str) -> None:
    refused = [
        (name, text, reason)
        for name, text in GOOD
        if (reason := refusal_of(place, f"{{type: string, format: {name}}}", text, text))
    ]

    assert refused == []


@every_case("place", PLACES)
def test_what_has_not_its_format_is_refused_everywhere(place: str) -> None:
    taken = [
        (name, text)
        for name, text in BAD
        if not refusal_of(place, f"{{type: string, format: {name}}}", text, text)
    ]

    assert taken == []


def test_a_path_is_held_against_a_format() -> None:
    schema = "{type: string, format: uuid}"

    assert refusal_of("path", schema, "zz", "zz") is not None
    good = "0d1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b"
    assert refusal_of("path", schema, good, good) is None


@every_case("place", [*PLACES, "path"])
@every_case(
    ("name", "fits", "fits_not"),
    [
        ("int32", 2**31 - 1, 2**31),
        ("int64", -(2**63), -(2**63) - 1),
        ("uint8", 255, -1),
    ],
)
def test_a_whole_number_is_bounded_by_its_format(
    place: str, name: str, fits: int, fits_not: int
) -> None:
    schema = f"{{type: integer, format: {name}}}"

    assert refusal_of(place, schema, str(fits), fits) is None
    reason = refusal_of(place, schema, str(fits_not), fits_not)
    assert reason == f"must be a whole number that fits {name}, not {fits_not}"


@every_case("place", [*PLACES, "path"])
def test_a_whole_number_without_a_format_has_no_bounds(place: str) -> None:
    assert refusal_of(place, "{type: integer}", "7" * 4300, int("7" * 4300)) is None


def test_a_plus_that_was_not_escaped_in_a_query_is_one() -> None:
    engine = Engine.brought("""
paths:
  /rocks:
    get:
      parameters: [{name: a, in: query, schema: {type: string, format: date-time}}]
      responses: {"200": {description: good}}
""")

    engine.call("/rocks?a=2026-03-31T13:30:00+02:00")
    with suppress(MalformedRequest):
        engine.call("/rocks?a=2026-03-31+13:30:00Z")
        pytest.fail("a blank for the T was taken")


@every_case("place", PLACES)
def test_a_number_is_held_against_its_format_everywhere(place: str) -> None:
    def refused(name: str, value: float) -> bool:
        schema = f"{{type: number, format: {name}}}"
        return refusal_of(place, schema, json.dumps(value), value) is not None

    assert [each for each in GOOD_NUMBERS if refused(*each)] == []
    assert [each for each in BAD_NUMBERS if not refused(*each)] == []


@every_case("name", FORMATS)
def test_what_is_made_for_a_format_has_it(name: str) -> None:
    engine = Engine.brought(f"""
paths:
  /rocks:
    get:
      responses:
        "200":
          description: good
          content:
            application/json:
              schema: {{prefixItems: [
                {{type: array, minItems: 12, items: {{type: string, format: {name}}}}},
                {{type: array, minItems: 12, items: {{type: number, format: {name}}}}},
                {{type: array, minItems: 12, items: {{type: integer, format: {name}}}}}],
                minItems: 3, type: array}}
""")

    engine.call("/rocks")

    assert engine.findings.notes == []


def test_the_formats_of_the_vendor_are_among_those_that_are_checked() -> None:
    assert [each for each in OF_THE_VENDOR if not FORMATS[each].decides] == []
