"""The cost of hiding, storing and searching grows with the text, not with the secrets."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from functools import partial

import pytest

from mock_sei.commands.journal import line
from mock_sei.errors import Explanation
from mock_sei.journal.entries import HEAD_KEPT, Entry, HttpRequest, HttpResponse
from mock_sei.journal.hiding import KnownSecrets, find_sent, hide_beginnings, hide_values
from mock_sei.journal.journal import ServerJournal
from mock_sei.journal.redaction import redact_form
from mock_sei.journal.search import Wanted, explain_absence
from mock_sei.rules.connection import Connection, Findings
from mock_sei.rules.secret_index import SecretIndex
from mock_sei.rules.standards import Listener
from tests.growth import Action, assert_flat, assert_linear
from tests.journal.redacted import (
    redact_body,
    redact_headers,
    redact_json,
    redact_path,
    redact_query,
)

pytestmark = pytest.mark.slow


KNOWN = KnownSecrets(SecretIndex(["hunter2-hunter2", "secret one"]), lambda text: "x" in text)
NOISE = base64.b64encode(random.Random(1).randbytes(60_000)).decode()  # noqa: S311  # repeatable

PIECES = {
    "tokens that begin": "eyJ",
    "tokens that end early": "eyJabcdefgh.",
    "one word": "a",
    "parts": "&",
    "parameters": "a=&",
    "secret parameters": "code=&",
    "spaced names": "c o d e = &",
    "escaped names": "%63ode=1&",
    "no name": "=",
    "percent": "%41",
    "percent of percent": "%25",
    "percent of percent of percent": "25",
    "backslashes": "\\",
    "JSON escapes": "\\u0041",
    "quotes": '"',
    "escaped quotes": '\\"',
    "names without a value": '"code"',
    "names and spaces": '"code"   ',
    "names and objects": '"code":{',
    "objects": "{",
    "strings": '"code":"a"',
    "beginnings of secrets": "hunt",
    "most of a secret": "hunter2-hunter",
    "secrets": "hunter2-hunter2",
    "words of a secret": "secret ",
    "links": "/portal/certificates/",
    "private keys": "PRIVATE KEY-----",
    "beginnings of keys": "-----BEGIN ",
    "hexadecimal": "68756e74",
    "as long as what is issued": f"{'a' * 43}.",
    "a little longer": f"{'a' * 60}.",
    "dots": ".",
    "plus": "+",
    "plus and percent": "+%2B",
    "lines": "\n",
    "lines and spaces": "\n \r ",
    "not ASCII": "\xe4%41",
    "not Latin": "\u2603",
    "questions": "?",
    "hashes": "#",
    "slashes": "/",
    "controls": "\x00",
    "bytes that are no text": "\udcff",
}


def repeated(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size]


def headers(text: str) -> list[tuple[bytes, bytes]]:
    value = text.encode("latin-1", "replace")
    return [(name, value) for name in (b"location", b"authorization", b"cookie", b"x", value)]


def utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


READERS: dict[str, Callable[[str], object]] = {
    "hide_values": lambda text: hide_values(text, KNOWN),
    "hide_values, the beginning": lambda text: hide_values(text, KNOWN, shown=len(text) // 2),
    "find_sent": lambda text: find_sent([text, text], KNOWN),
    "hide_beginnings": lambda text: hide_beginnings(text, ["hunter2-hunter2x", "a" * 40]),
    "redact_path": redact_path,
    "redact_query": lambda text: redact_query(utf8(text), KNOWN),
    "redact_form": lambda text: redact_form(text, KNOWN),
    "redact_json": redact_json,
    "redact_headers": lambda text: redact_headers(headers(text), KNOWN),
    "JSON body": lambda text: redact_body("application/json", utf8("[" + text), KNOWN),
    "form": lambda text: redact_body("x-www-form-urlencoded", utf8(text), KNOWN),
    "content type": lambda text: redact_body(text, b"a=b", KNOWN),
}


@pytest.mark.parametrize("reader", READERS)
def test_reading_costs_what_the_text_is_long(reader: str) -> None:
    read = READERS[reader]
    problems = []
    for name, piece in PIECES.items():
        try:
            assert_linear(partial(_reading_pieces, read, piece), 1500)
        except AssertionError as error:
            problems.append(f"{name}: {error}")
    assert problems == []


@pytest.mark.parametrize("reader", READERS)
def test_reading_noise_costs_what_it_is_long(reader: str) -> None:
    assert_linear(lambda size: _reading(READERS[reader], NOISE[:size]), 4000)


def _reading_pieces(read: Callable[[str], object], piece: str, size: int) -> Action:
    return _reading(read, repeated(piece, size))


def _reading(read: Callable[[str], object], text: str) -> Action:
    return lambda: read(text)


# With many secrets


def secrets(number: int) -> KnownSecrets:
    return KnownSecrets(SecretIndex(f"secret-{each}" for each in range(number)), lambda _: False)


def exchange(known: KnownSecrets = KNOWN, path: str = "/v1/order", **options: object) -> Entry:
    made = Entry(
        kind="exchange",
        timestamp=1_800_000_000.0,
        connection=Connection(listener=Listener.TWO_WAY, source_address="192.0.2.1"),
        request=HttpRequest(
            method="POST",
            path=path,
            secrets=lambda: known,
            raw_query=b"limit=50&offset=100",
            raw_headers=[(b"content-type", b"application/json"), (b"appkey", b"demo-server-key")],
            raw_body=b'{"name": "secret-3", "client_secret": "secret-5"}',
        ),
        response=HttpResponse(status=200, secrets=lambda: known, raw_body=b'{"a": 1}'),
        findings=Findings(application="demo-server"),
    )
    for name, value in options.items():
        setattr(made.request, name, value)
    return made


WRITTEN: dict[str, Callable[[Entry], object]] = {
    "a line of the log": str,
    "an entry as JSON": Entry.to_json,
    "a note": lambda entry: entry.note("a note that repeats secret-3"),
    "a refusal": lambda entry: entry.refuse(
        Explanation(check="a", because="because of /v1/order/tradetickets", actual="secret-3")
    ),
}


@pytest.mark.parametrize("what", WRITTEN)
def test_what_is_written_costs_the_same_with_many_secrets(what: str) -> None:
    assert_flat(lambda number: _writing(WRITTEN[what], exchange(secrets(number))), many=5000)


def _writing(write: Callable[[Entry], object], entry: Entry) -> Action:
    def action() -> None:
        entry.findings.notes.clear()
        write(entry)

    return action


# With much that is sent


def test_a_line_costs_the_same_whatever_was_sent() -> None:
    def make(size: int) -> Action:
        entry = exchange(
            path="/" + "eyJ" * size,
            raw_query=b"&" * size,
            raw_headers=[(b"a", b"eyJ" * size)] * 9,
        )
        entry.settle()
        return lambda: str(entry)

    assert_flat(make, few=1000, many=30_000)


def test_an_entry_costs_the_same_whatever_was_sent_beyond_its_limits() -> None:
    def make(size: int) -> Action:
        entry = exchange(
            path="/" + "ab/" * size,
            raw_query=b"a=b&" * size,
            raw_headers=[(b"a", b"b c " * size)] * 3 + [(b"a", b"b")] * size,
            raw_body=b"a=b&" * size,
        )
        entry.settle()
        return entry.to_json

    assert_flat(make, few=2 * HEAD_KEPT, many=20 * HEAD_KEPT)


def test_a_refusal_costs_the_same_whatever_was_sent() -> None:
    why = Explanation(check="a", because="/v1/order/tradetickets " * 5000, actual="a" * 60_000)

    def make(size: int) -> Action:
        entry = exchange(
            path="/" + "ab/" * size,
            raw_query=b"a=b&" * size,
            raw_headers=[(b"a", b"b c " * size)] * 200,
            raw_body=b"a=b&" * size,
        )
        return lambda: entry.refuse(why)

    assert_flat(make, few=2 * HEAD_KEPT, many=20 * HEAD_KEPT)


# The journal


def full(number: int, path: str = "/v1/order") -> ServerJournal:
    journal = ServerJournal(size=number)
    for _ in range(number):
        journal.add(exchange(path=path))
    return journal


JOURNAL: dict[str, Callable[[ServerJournal], object]] = {
    "adding": lambda journal: journal.add(exchange()),
    "the newest": lambda journal: journal.last,
    "the number of entries": len,
    "the number of dropped ones": lambda journal: journal.dropped,
    "nothing new": lambda journal: journal.to_json(after=10**9),
    "one": lambda journal: journal.to_json(limit=1),
    "the newest that fits": lambda journal: journal.to_json(Wanted(status=200), limit=1),
}


@pytest.mark.parametrize("what", JOURNAL)
def test_a_call_of_the_journal_costs_the_same_in_a_full_one(what: str) -> None:
    def make(number: int) -> Action:
        journal = full(number)
        return lambda: JOURNAL[what](journal)

    if what == "the newest that fits":  # it has the references of all entries copied, no more
        assert_flat(make, few=100, many=800)
    else:
        assert_flat(make)


def test_adding_costs_the_same_in_a_journal_whose_memory_is_used_up() -> None:
    def make(number: int) -> Action:
        journal = ServerJournal(size=10**6, limit=number * 2000)
        for _ in range(3 * number):
            journal.add(exchange())
        return lambda: journal.add(exchange())

    assert_flat(make, few=100, many=2000)


def test_searching_costs_what_is_looked_at_and_hides_nothing() -> None:
    def looked_up() -> KnownSecrets:
        raise AssertionError("an entry was shown that is only looked at")

    journal = ServerJournal(size=10)
    for _ in range(10):
        journal.add(exchange())
    for entry in journal.entries:
        assert entry.request
        entry.request.secrets = looked_up
    assert journal.find("GET /v1/*", status=200) == []
    assert len(journal.find("POST /v1/*", application="demo-server", status=200)) == 10
    assert journal.to_json(Wanted(operation="GET /*"))["entries"] == []


@pytest.mark.parametrize("piece", ["a", "/", "ab", "eyJ"])
def test_a_failed_assertion_costs_the_same_whatever_the_paths(piece: str) -> None:
    def make(size: int) -> Action:
        entries = [exchange(path=f"/{number}/{piece * size}") for number in range(100)]
        for each in entries:
            each.settle()
        return lambda: explain_absence(Wanted(operation="GET /v1/" + piece * 300), None, 0, entries)

    assert_flat(make, few=1000, many=50_000)


def test_a_failed_assertion_costs_no_more_than_the_journal_is_long() -> None:
    def make(number: int) -> Action:
        entries = full(number).entries
        return lambda: explain_absence(Wanted(operation="GET /v1/ordre"), None, 0, entries)

    assert_linear(make, 500)


def test_a_line_of_the_command_costs_what_it_shows() -> None:
    def make(size: int) -> Action:
        entry = exchange(path="/" + "\x00" * size)
        return lambda: line(entry)

    assert_flat(make, few=1000, many=30_000)
