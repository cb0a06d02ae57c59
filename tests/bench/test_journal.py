"""The journal: bounded, honest about what it let go, one readable line an entry."""

from __future__ import annotations

import pytest

from mock_sei.bench.journal import Entry, Journal, Request, Response
from mock_sei.errors import Explanation
from mock_sei.peer import Connection, Findings
from mock_sei.standards import Listener

CONNECTION = Connection(listener=Listener.TWO_WAY, source_address="192.0.2.1")


def exchange(path: str = "/v2/oauthtoken", body: bytes = b"") -> Entry:
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    return Entry(
        kind="exchange",
        timestamp=1_800_000_000.25,
        connection=CONNECTION,
        tls_version="TLSv1.3",
        tracking_id="an-id",
        request=Request(method="POST", path=path, raw_headers=form, raw_body=body),
        response=Response(status=200),
        findings=Findings(application="demo-server", service_account="svc-demo"),
    )


def test_it_keeps_the_last_and_says_how_many_it_dropped() -> None:
    journal = Journal(size=2)
    for path in ("/1", "/2", "/3"):
        journal.add(exchange(path))

    assert [entry.request.path for entry in journal.entries if entry.request] == ["/2", "/3"]
    assert journal.dropped == journal.to_json()["dropped"] == 1
    assert journal.last is journal.entries[-1]


def test_an_empty_one_says_so() -> None:
    with pytest.raises(LookupError, match="no request and no handshake"):
        _ = Journal(size=1).last


def test_clearing_forgets_what_was_dropped_too() -> None:
    journal = Journal(size=1)
    journal.add(exchange())
    journal.add(exchange())
    journal.clear()

    assert journal.to_json() == {"entries": [], "dropped": 0}


def test_an_entry_has_the_fields_that_the_control_api_names() -> None:
    """Acceptance row J4."""
    entry = exchange().to_json()

    assert entry.keys() >= {
        "kind",
        "time",
        "listener",
        "tls_version",
        "certificate",
        "application",
        "service_account",
        "tracking_id",
        "request",
        "response",
        "fault",
        "refused_by",
        "refused_because",
        "expected",
        "actual",
    }
    assert entry["time"] == "2027-01-15T08:00:00.250+00:00"
    assert entry["source_address"] == "192.0.2.1"


def test_secrets_are_hidden_when_it_is_read() -> None:
    entry = exchange(body=b"grant_type=password&password=hunter2")

    assert "hunter2" not in str(entry.to_json())
    assert "hunter2" not in repr(entry)
    assert entry.request is not None
    assert entry.request.body == "grant_type=password&password=***"


def test_a_refusal_is_told_in_one_line() -> None:
    entry = exchange()
    entry.refuse(
        Explanation(check="certificate name", because="Not the one.", expected="a", actual="b")
    )

    assert str(entry) == (
        "two-way POST /v2/oauthtoken 200 demo-server/svc-demo refused by certificate name: "
        "Not the one. [expected a, actual b]"
    )


def test_a_request_cannot_forge_a_line_of_the_log() -> None:
    line = str(exchange("/x\r\n12:00:00 two-way POST /v2/oauthtoken 200"))

    assert "\n" not in line
    assert "\\x0d\\x0a" in line
