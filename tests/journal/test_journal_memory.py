"""The memory limits of the journal, and its notes about deleted parts."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections.abc import Callable

import pytest

from mock_sei.errors import Explanation
from mock_sei.journal.entries import (
    BODY_KEPT,
    HEAD_KEPT,
    HEAD_LET_GO,
    HEADERS_KEPT,
    LET_GO,
    NOTES_KEPT,
    NOTES_SIZE,
    PATH_SHOWN,
    SENTENCE_SHOWN,
    VALUE_SHOWN,
    Entry,
    HttpRequest,
    HttpResponse,
)
from mock_sei.journal.hiding import LOOK_AHEAD
from mock_sei.journal.journal import MEMORY_LIMIT, ServerJournal
from mock_sei.journal.recorded import read_entry
from mock_sei.rules.connection import Connection
from mock_sei.rules.standards import Listener

pytestmark = pytest.mark.slow


LIMIT = 1024 * 1024


def exchange(number: int = 0, **options: object) -> Entry:
    given: dict[str, object] = {"method": "GET", "path": f"/v1/{number}"}
    return Entry(
        kind="exchange",
        timestamp=1_800_000_000.0 + number,
        connection=Connection(listener=Listener.ONE_WAY, source_address=f"192.0.2.{number % 200}"),
        tracking_id=f"{number:036}",
        request=HttpRequest(**given | options),  # type: ignore[arg-type]  # each is of its field
        response=HttpResponse(status=200),
    )


def with_body(number: int) -> Entry:
    headers = [(b"content-type", b"application/json"), (b"x-number", b"%d" % number)]
    body = b'["%s"]' % (b"a" * 9000)
    return exchange(number, raw_headers=headers, raw_body=body, raw_query=b"a=%d" % number)


def many_headers(number: int, count: int = 13_000) -> Entry:
    return exchange(number, raw_headers=[(b"a%d" % each, b"b" * 9) for each in range(count)])


def long_everything(number: int) -> Entry:
    entry = exchange(
        number,
        path=f"/{number}" + "\N{SNOWMAN}" * 60_000,
        raw_query=b"a" * 60_000,
        raw_headers=[(b"a" * 30_000, b"b" * 30_000)] * 3,
        raw_body=b"c" * BODY_KEPT,
    )
    entry.findings.notes += [f"note {each} {'d' * 300}" for each in range(500)]
    entry.refuse(
        Explanation(check="a", because="e " * 90_000, expected="f " * 90_000, actual="g " * 90_000)
    )
    return entry


def bare(number: int) -> Entry:
    return exchange(number)


MAKERS: dict[str, tuple[Callable[[int], Entry], int]] = {
    "bodies": (with_body, 400),
    "headers": (lambda number: many_headers(number, 10 * HEADERS_KEPT), 80),
    "everything": (long_everything, 40),
    "nothing": (bare, 2000),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_the_memory_of_all_entries_stays_below_its_limit(kind: str) -> None:
    make, number = MAKERS[kind]
    journal = ServerJournal(size=1_000_000, limit=LIMIT)
    gc.collect()
    tracemalloc.start()
    try:
        for each in range(number):
            journal.add(make(each))
        gc.collect()
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used < 1.1 * LIMIT
    assert journal.memory <= LIMIT
    assert journal.memory > LIMIT / 3  # it lets go of no more than it must
    assert journal.memory == sum(each.size for each in journal.entries)


def test_the_limit_is_32_mebibytes() -> None:
    assert MEMORY_LIMIT == 32 * 1024 * 1024


def test_the_oldest_lose_their_bodies_first_and_say_so() -> None:
    journal = ServerJournal(size=1000, limit=LIMIT)
    for number in range(300):
        journal.add(with_body(number))

    entries = journal.entries
    assert len(entries) == len(journal) == 300
    assert journal.dropped == 0
    oldest, newest = entries[0].to_json(), entries[-1].to_json()
    assert oldest["request"]["body"] == LET_GO
    assert "limit" in LET_GO
    assert oldest["request"]["headers"]["x-number"] == "0"
    assert oldest["request"]["query"] == "a=0"
    assert newest["request"]["body"].startswith('["aaa')
    assert [each.request.path for each in entries if each.request] == [
        f"/v1/{number}" for number in range(300)
    ]
    without = [each.to_json()["request"]["body"] == LET_GO for each in entries]
    assert without == sorted(without, reverse=True)


def test_then_their_headers_so_that_the_counts_stay_right() -> None:
    journal = ServerJournal(size=1000, limit=LIMIT)
    for number in range(600):
        journal.add(exchange(number, raw_headers=[(b"a", b"b" * 8000)], raw_query=b"a" * 200))

    journal.assert_called("GET /v1/*", times=600, status=200)
    oldest = journal.entries[0].to_json()
    assert (oldest["request"]["headers"], oldest["request"]["query"]) == ({}, "")
    assert oldest["notes"] == [HEAD_LET_GO]
    assert oldest["request"]["path"] == "/v1/0"
    assert HEAD_LET_GO in str(journal.entries[0])
    assert "b" * 8000 in journal.last.to_json()["request"]["headers"]["a"]


def test_then_the_entries_themselves_and_they_are_counted() -> None:
    journal = ServerJournal(size=1_000_000, limit=LIMIT)
    for number in range(2000):
        journal.add(exchange(number))

    told = journal.to_json(limit=1)
    assert told["last"] == 2000
    assert told["dropped"] == 2000 - len(journal) > 0
    assert journal.entries[-1].timestamp == 1_800_000_000.0 + 1999


def test_an_entry_that_was_let_go_reads_back_as_it_is_shown() -> None:
    journal = ServerJournal(size=1000, limit=LIMIT)
    for number in range(600):
        journal.add(with_body(number) if number else long_everything(number))
    for entry in (journal.entries[0], journal.entries[1]):
        told = json.loads(json.dumps(entry.to_json()))
        assert read_entry(told).to_json() == told
        assert str(read_entry(told)) == str(entry)


def test_an_emptied_journal_has_its_memory_again() -> None:
    journal = ServerJournal(size=1000, limit=LIMIT)
    for number in range(300):
        journal.add(with_body(number))
    journal.clear()

    assert (journal.memory, len(journal), journal.dropped) == (0, 0, 0)
    journal.add(with_body(1))
    assert journal.last.to_json()["request"]["body"] != LET_GO


def test_of_one_entry_a_bounded_part_is_kept_and_the_rest_is_counted() -> None:
    journal = ServerJournal(size=1)
    journal.add(many_headers(1))
    shown = journal.last.to_json()
    assert len(shown["request"]["headers"]) == HEADERS_KEPT
    assert shown["notes"] == [f"{13_000 - HEADERS_KEPT} more headers of the request are not kept"]

    journal.add(long_everything(1))
    entry = journal.last
    assert entry.request
    assert len(entry.request.path) <= PATH_SHOWN + LOOK_AHEAD
    assert len(entry.request.raw_headers) == 1
    assert len(entry.request.raw_headers[0][1]) <= VALUE_SHOWN + LOOK_AHEAD < HEAD_KEPT
    assert 20 < len(entry.notes) <= NOTES_KEPT
    assert entry.notes[0] == f"{500 + 1 - len(entry.notes) + 1} earlier notes are not kept"
    assert sum(map(len, entry.notes)) < NOTES_SIZE + 100
    for text in (entry.refused_because, entry.expected, entry.actual):
        assert text
        assert len(text) <= SENTENCE_SHOWN
    assert entry.size < 200_000


def test_a_body_that_is_as_long_as_is_shown_is_shown_whole() -> None:
    content_type = [(b"content-type", b"application/json")]
    body = b'["%s"]' % (b"a" * (16 * 1024 - 4))
    assert len(exchange(raw_headers=content_type, raw_body=body).to_json()["request"]["body"]) == (
        16 * 1024
    )
    longer = exchange(raw_headers=content_type, raw_body=body + b" " * 100).to_json()
    assert longer["request"]["body"] == body.decode()
    text = exchange(raw_headers=[(b"content-type", b"text/plain")], raw_body=body + b" ")
    assert text.to_json()["request"]["body"] == "<more than 16384 bytes of text/plain>"
