"""JSON bodies of every broken kind."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.bodies import parse_json
from mock_sei.apis.misfits import MOST as MOST_FAULTS
from mock_sei.errors import MalformedRequest
from mock_sei.sendable import DEEPEST_JSON
from tests.apis.engine import JSON, Engine, operation

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


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "missing"),
        (b" ", "not valid JSON: Expecting value"),
        (b"{", "not valid JSON: Expecting property name"),
        (b'{"a": 1} x', "not valid JSON: Extra data"),
        (b"{'a': 1}", "not valid JSON: Expecting property name"),
        (b'{"a": NaN}', "not valid JSON: NaN is no JSON"),
        (b"-Infinity", "not valid JSON: -Infinity is no JSON"),
        (b"1e999", "not valid JSON: 1e999 is out of range"),
        (b"9" * 5000, "not valid JSON: Exceeds the limit"),
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


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
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
        ('{"name": "x", "made": "2026-02-30"}', [("made", "'2026-02-30' is not a 'date'")]),
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


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=latin-1",
        " application/json ;",
    ],
)
def test_a_media_type_is_known_by_its_name_alone(content_type: str) -> None:
    """RFC 8259: JSON is UTF-8 and has no charset parameter; one that comes has no effect."""
    answer = Engine.of(CREATE).post('{"name": "é"}', headers={"content-type": content_type})

    assert answer.body["name"] == "é"


@pytest.mark.parametrize("content_type", [None, "", "text/plain", "application/jsonx", "x" * 500])
def test_another_media_type_is_refused(content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}

    ((field, location, why),) = Engine.of(CREATE).faults(method="POST", body="{}", headers=headers)

    assert (field, location) == ("content-type", "header")
    assert why.startswith("must be application/json, not ")
