"""JSON bodies: only what can be answered again is taken in."""

from __future__ import annotations

from typing import Any

import pytest

from mock_sei.apis.bodies import parse_json
from mock_sei.errors import MalformedRequest


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": "\\ud800"}',
        b'{"\\uDFFF": 1}',
        b'{"a": "\xed\xa0\x80"}',
        b"\xff\xfe{\x00}\x00",
        b'"\xe9"',
        b"[" * 100_000,
        b"9" * 5000,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_no_whole_json_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedRequest) as refused:
        parse_json(body)

    assert [(each.field, each.location) for each in refused.value.faults] == [("", "body")]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1e40}', {"a": 1e40}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ("\ufeff[]".encode(), []),
        (b'"\\\\ud800"', "\\ud800"),
        ('"\u00e9"'.encode(), "\u00e9"),
    ],
)
def test_a_body_that_is_whole_is_read(body: bytes, value: Any) -> None:
    assert parse_json(body) == value
