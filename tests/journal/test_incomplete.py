"""Which parts of a message an entry names because the journal does not show them as they were."""

from __future__ import annotations

import json

from mock_sei.journal.entries import (
    BODY_SHOWN,
    HEADERS_KEPT,
    LOG_SHOWN,
    PATH_SHOWN,
    QUERY_SHOWN,
    VALUE_SHOWN,
    Entry,
)
from mock_sei.journal.recorded import read_entry
from tests.cases import every_case
from tests.journal.entries import FORM, JSON, exchange


def incomplete(entry: Entry) -> list[str]:
    """As the entry says it here, and where its JSON is read."""
    entry.settle()
    assert entry.request is not None
    elsewhere = read_entry(json.loads(json.dumps(entry.to_json())))
    assert elsewhere.request is not None
    assert elsewhere.request.incomplete == entry.request.incomplete
    assert elsewhere.request.body_size == entry.request.body_size
    return entry.request.incomplete


@every_case(
    "entry",
    [
        exchange(),
        exchange(headers={"a": "b"}, path="/x" * 10, query="a=b"),
        exchange("POST", headers=FORM, body="a=b&password=hunter22"),
        exchange("POST", headers=JSON | {"content-length": "4"}, body='"é"'.encode()),
        exchange("POST", headers={"content-length": "0"}),
    ],
    ids=["bare", "plain", "form", "json", "no body"],
)
def test_what_is_shown_whole_is_not_named(entry: Entry) -> None:
    assert incomplete(entry) == []


@every_case(
    ("entry", "parts"),
    [
        (exchange(path="/" + "x" * PATH_SHOWN), ["path"]),
        (exchange(path="/\ufffd"), ["path"]),
        (exchange(query="x" * (QUERY_SHOWN + 1)), ["query"]),
        (exchange(query=b"\xff"), ["query"]),
        (exchange(headers={"a": "x" * (VALUE_SHOWN + 1)}), ["headers"]),
        (exchange(headers={f"h{each}": "" for each in range(HEADERS_KEPT + 1)}), ["headers"]),
        (exchange(headers={"a": "1", "A": "2"}), ["headers"]),
        (exchange("POST", headers=JSON, body=" " * (BODY_SHOWN + 1)), ["body"]),
        (exchange("POST", headers=JSON, body=b'"\xff"'), ["body"]),
        (exchange("POST", headers=JSON, body=b"\0"), ["body"]),
        (exchange("POST", headers={"content-type": "image/png"}, body="a"), ["body"]),
        (exchange("POST", headers=JSON | {"content-encoding": "gzip"}, body="a"), ["body"]),
        (exchange("POST", headers=JSON | {"content-length": "5"}), ["body"]),
        (exchange("POST", headers=JSON | {"transfer-encoding": "chunked"}), ["body"]),
    ],
    ids=[
        "long path",
        "path that is no text",
        "long query",
        "query that is no text",
        "long header",
        "many headers",
        "repeated header",
        "long body",
        "body that is no text",
        "NUL",
        "binary",
        "compressed",
        "body that was not read",
        "chunks that were not read",
    ],
)
def test_what_is_not_shown_whole_is_named(entry: Entry, parts: list[str]) -> None:
    assert incomplete(entry) == parts


def test_what_was_let_go_is_named() -> None:
    entry = exchange("POST", headers=JSON, query="a=b", path="/" + "x" * 300, body="{}")
    entry.settle()

    entry.let_go_of_bodies()
    assert incomplete(entry) == ["body"]
    entry.let_go_of_head()
    assert entry.request is not None
    assert entry.request.incomplete == ["path", "query", "headers", "body"]


def test_a_line_of_the_log_names_what_only_the_log_cuts() -> None:
    entry = exchange("POST", headers=JSON, body=" " * (LOG_SHOWN + 1))

    assert entry.to_json()["request"]["incomplete"] == []
    assert entry.to_json(LOG_SHOWN)["request"]["incomplete"] == ["body"]


def test_an_answer_names_its_parts_too() -> None:
    entry = exchange(answer='{"a": 1}')
    assert entry.response is not None
    assert entry.to_json()["response"]["incomplete"] == []

    entry.response.body_size += 1
    assert entry.to_json()["response"]["incomplete"] == ["body"]
