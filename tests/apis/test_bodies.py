"""JSON bodies that are broken in every way."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.bodies import MOST_VALUES, parse_json, refuse_many_values, takes_file
from mock_sei.apis.misfits import MOST as MOST_FAULTS
from mock_sei.errors import MalformedRequest, Refusal
from mock_sei.values.sendable import DEEPEST_JSON
from tests.apis.engine import JSON, Engine, operation
from tests.cases import every_case

BODY = """
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [name]
              properties:
                name: {type: string, maxLength: 5}
                parts: {type: array, items: {type: integer}}
                made: {type: string, format: date}
"""
CREATE = operation("{collection: widgets, key: id}", method="post").replace(
    "      parameters", f"{BODY}      parameters"
)


def reason(body: bytes) -> str:
    with pytest.raises(MalformedRequest) as caught:
        parse_json(body)
    ((field, location, why),) = caught.value.faults
    assert (field, location) == ("", "body")
    return why


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def refused_values(body: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        refuse_many_values(body)
    return caught.value


@pytest.mark.parametrize("mark", [b",", b"[", b"{"])
def test_commas_and_opening_brackets_are_counted_before_a_body_is_parsed(mark: bytes) -> None:
    refuse_many_values(mark * MOST_VALUES + b"x]}:" * MOST_VALUES)

    refusal = refused_values(mark * (MOST_VALUES + 1))

    assert refusal.kind.status == 413
    assert refusal.why.check == "body values"
    assert (refusal.why.expected, refusal.why.actual) == (
        "at most 100000 commas and opening brackets",
        "100001",
    )


def test_those_of_a_text_count_too() -> None:
    refused_values(json.dumps({"text": "," * MOST_VALUES, "other": 1}).encode())


def test_values_are_counted_whatever_else_is_wrong_with_a_call() -> None:
    refusal = Engine.of(CREATE).refusal(
        "/v1/widgets", method="POST", body=b"[" * (MOST_VALUES + 1), headers={"content-type": "a/b"}
    )

    assert refusal.kind.status == 413


FILES = """
paths:
  /v1/widgets:
    post:
      requestBody:
        content:
          application/json: {schema: {type: object}}
          application/*+json: {schema: {type: object}}
          application/x-www-form-urlencoded: {schema: {type: object}}
          multipart/form-data: {schema: {type: object}}
          image/*: {schema: {type: string, format: binary}}
          application/octet-stream: {}
      responses: {"200": {description: good}}
"""
UPLOAD = operation(
    "{action: upload, collection: files, key: id, content_types: [application/json]}", method="post"
)


@every_case(
    ("content_type", "is_file"),
    [
        ("application/json", False),
        ("application/json; charset=utf-8", False),
        ("application/merge-patch+json", False),
        ("application/x-www-form-urlencoded", False),
        ("Multipart/Form-Data; boundary=x", True),
        ("image/png", True),
        ("application/octet-stream", True),
        ("text/csv", False),
        ("", False),
        (None, False),
    ],
)
def test_a_body_is_a_file_where_the_document_of_a_user_says_so(
    content_type: str | None, is_file: bool
) -> None:
    found, _ = Engine.brought(FILES).catalogue.find("POST", "/v1/widgets")

    assert takes_file(found, content_type) is is_file


@pytest.mark.parametrize(
    ("content_type", "is_file"),
    [("multipart/form-data; boundary=x", True), ("application/json", True), ("text/csv", False)],
)
def test_a_body_is_a_file_where_the_operation_stores_one(content_type: str, is_file: bool) -> None:
    found, _ = Engine.of(UPLOAD).catalogue.find("POST", "/v1/widgets")

    assert takes_file(found, content_type) is is_file


def test_json_that_an_operation_parses_is_no_file_whatever_it_may_be_called() -> None:
    document = CREATE.replace("application/json:", '"*/*":')
    found, _ = Engine.of(document).catalogue.find("POST", "/v1/widgets")

    assert takes_file(found, "application/octet-stream") is False


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 102 + b"]" * 102 + b'"',
        b'{"a": "' + b'\\"[' * 200 + b'", "b": ' + b"[" * 102 + b"]" * 102 + b"}",
        b'{"a": "' + b"\\\\" * 200 + b'", "b": ' + b"[" * 102 + b"]" * 102 + b"}",
    ],
)
def test_levels_are_counted_outside_of_texts(body: bytes) -> None:
    assert "levels" in reason(body) or "Extra data" in reason(body)


@pytest.mark.parametrize("text", ["[" * 500, '\\"' * 500 + "{" * 500, "\\\\" * 500 + "[" * 500])
def test_brackets_in_a_text_are_no_levels(text: str) -> None:
    body = '{"a": "' + text + '"}'

    assert parse_json(body.encode()) == json.loads(body)


@given(st.recursive(st.text('[]{}\\",:a', max_size=8), lambda each: st.lists(each, max_size=3)))
def test_any_value_with_brackets_in_its_texts_is_read(value: object) -> None:
    many = [value, "[" * 150, '\\"[' * 10]

    assert parse_json(json.dumps(many).encode()) == many


@pytest.mark.parametrize("opening", [101, 150, 5000])
def test_more_closing_brackets_than_opening_ones_are_no_json(opening: int) -> None:
    assert reason(b"[" * opening + b"]" * (2 * opening + 1))


@every_case(
    ("body", "why"),
    [
        (b"", "missing"),
        (b" ", "not valid JSON: Expecting value"),
        (b"{", "not valid JSON: Expecting property name"),
        (b'{"a": 1} x', "not valid JSON: Extra data"),
        (b"{'a': 1}", "not valid JSON: Expecting property name"),
        (b'{"a": NaN}', "not valid JSON: NaN is not JSON"),
        (b"-Infinity", "not valid JSON: -Infinity is not JSON"),
        (b"1e999", "not valid JSON: 1e999 is out of range"),
        (b"9" * 5000, "not valid JSON: a whole number of more than 4300 digits"),
        (b'{"a": 1, "b": {"c": 2, "c": 3}}', "not valid JSON: 'c' is in one object twice"),
        (b'{"a": "\xff"}', "not valid JSON: not UTF-8"),
        ('{"a": "é"}'.encode("latin-1"), "not valid JSON: not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not valid JSON: not UTF-8"),
        (b'{"a": "\\ud800"}', "not valid JSON: not UTF-8, or half a surrogate pair"),
        (b'{"\xed\xa0\x80": 1}', "not valid JSON: not UTF-8"),
        (b'"a\nb"', "not valid JSON: Invalid control character"),
        (nested(DEEPEST_JSON + 1), f"more than {DEEPEST_JSON} levels"),
        (nested(100_000), f"more than {DEEPEST_JSON} levels"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, f"more than {DEEPEST_JSON} levels"),
    ],
)
def test_a_body_that_is_no_json_is_refused(body: bytes, why: str) -> None:
    assert why in reason(body)


@every_case(
    ("body", "value"),
    [
        (b'{"a": 1e40}', {"a": 1e40}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"\xef\xbb\xbf[]", []),
        (b'"\\\\ud800"', "\\ud800"),
        ('"\u00e9"'.encode(), "\u00e9"),
    ],
)
def test_a_body_that_is_whole_is_read(body: bytes, value: object) -> None:
    assert parse_json(body) == value


def test_a_body_may_be_as_deep_as_that() -> None:
    assert parse_json(nested(DEEPEST_JSON)) is not None


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_comes_is_json_or_refused(body: bytes) -> None:
    try:
        value = parse_json(body)
    except MalformedRequest:
        return
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()


@every_case(
    ("body", "faults"),
    [
        ("{}", [("name", "required and missing")]),
        ('{"name": 7}', [("name", "7 is not of type 'string'")]),
        ('{"name": null}', [("name", "null is not of type 'string'")]),
        ('{"name": true}', [("name", "true is not of type 'string'")]),
        ('{"name": [null, false]}', [("name", "[null, false] is not of type 'string'")]),
        ('{"name": "longer"}', [("name", "'longer' is too long")]),
        (
            '{"name": "x", "parts": [1, "y", 2.5]}',
            [("parts.1", "'y' is not of type 'integer'"), ("parts.2", "2.5 is not of")],
        ),
        ('{"name": "x", "made": "2026-02-30"}', [("made", "must be a date such as")]),
        ("[]", [("", "[] is not of type 'object'")]),
    ],
)
def test_a_body_that_does_not_fit_its_schema(body: str, faults: list[tuple[str, str]]) -> None:
    engine = Engine.of(CREATE)

    found = engine.faults(method="POST", body=body, headers=JSON)

    assert [each.field for each in found] == [field for field, _ in faults]
    assert all(each.location == "body" for each in found)
    for each, (_, why) in zip(found, faults, strict=True):
        assert each.reason.startswith(why)
    assert engine.state.collections.all("widgets") == ()


def test_a_body_has_a_bounded_number_of_faults() -> None:
    body = json.dumps({"name": "x", "parts": ["y"] * 1000})

    assert len(Engine.of(CREATE).faults(method="POST", body=body, headers=JSON)) == MOST_FAULTS


@every_case(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=latin-1",
        " application/json ;",
    ],
)
def test_a_media_type_is_known_by_its_name_alone(content_type: str) -> None:
    """RFC 8259: JSON is UTF-8 and has no charset parameter. Such a parameter has no effect."""
    answer = Engine.of(CREATE).post('{"name": "é"}', headers={"content-type": content_type})

    assert answer.body["name"] == "é"


@every_case("content_type", [None, "", "text/plain", "application/jsonx", "x" * 500])
def test_another_media_type_is_refused(content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}

    ((field, location, why),) = Engine.of(CREATE).faults(method="POST", body="{}", headers=headers)

    assert (field, location) == ("content-type", "header")
    assert why.startswith("must be application/json, not ")
