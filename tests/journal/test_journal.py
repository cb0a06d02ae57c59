"""The journal: its limits, its count of dropped entries, and one line for each entry."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from mock_sei.errors import Explanation
from mock_sei.journal.entries import Entry, HttpRequest, HttpResponse
from mock_sei.journal.journal import ServerJournal
from mock_sei.rules.connection import ClientCertificate, Connection, Findings
from mock_sei.rules.secret_index import SecretIndex
from mock_sei.rules.standards import Listener
from tests.cases import every_case

CERTIFICATE = ClientCertificate(
    common_name="svc-demo",
    serial_number=255,
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2028, 1, 1, tzinfo=UTC),
    fingerprint="ab12",
    issuer="CN=mock-sei",
)
CONNECTION = Connection(listener=Listener.TWO_WAY, source_address="192.0.2.1")


def exchange(path: str = "/v2/oauthtoken", body: bytes = b"") -> Entry:
    form = [(b"content-type", b"application/x-www-form-urlencoded")]
    return Entry(
        kind="exchange",
        timestamp=1_800_000_000.25,
        connection=CONNECTION,
        tls_version="TLSv1.3",
        tracking_id="an-id",
        request=HttpRequest(method="POST", path=path, raw_headers=form, raw_body=body),
        response=HttpResponse(status=200),
        findings=Findings(application="demo-server", service_account="svc-demo"),
    )


def test_it_keeps_the_last_and_says_how_many_it_dropped() -> None:
    journal = ServerJournal(size=2)
    for path in ("/1", "/2", "/3"):
        journal.add(exchange(path))

    assert [entry.request.path for entry in journal.entries if entry.request] == ["/2", "/3"]
    assert journal.dropped == journal.to_json()["dropped"] == 1
    assert journal.last is journal.entries[-1]


def test_an_empty_one_says_so() -> None:
    with pytest.raises(LookupError, match="no request and no handshake"):
        _ = ServerJournal(size=1).last


def test_clearing_forgets_what_was_dropped_too() -> None:
    journal = ServerJournal(size=1)
    journal.add(exchange())
    journal.add(exchange())
    journal.clear()

    assert journal.to_json() == {"entries": [], "dropped": 0, "last": 0}


def test_an_entry_has_the_fields_that_the_control_api_names() -> None:
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


def handshake(certificate: ClientCertificate | None = None) -> Entry:
    connection = Connection(
        listener=Listener.TWO_WAY, source_address="192.0.2.1", certificate=certificate
    )
    return Entry(kind="handshake", timestamp=1_800_000_000.0, connection=connection)


def test_the_clients_certificate_is_shown_by_name_serial_number_and_dates() -> None:
    assert handshake(CERTIFICATE).to_json()["certificate"] == {
        "common_name": "svc-demo",
        "serial_number": "ff",
        "not_before": "2026-01-01T00:00:00+00:00",
        "not_after": "2028-01-01T00:00:00+00:00",
        "fingerprint": "ab12",
        "issuer": "CN=mock-sei",
    }
    assert handshake().to_json()["certificate"] is None


def test_a_failed_handshake_has_no_request_and_a_line_of_its_own() -> None:
    entry = handshake(CERTIFICATE)
    entry.refuse(Explanation(check="client certificate", because="It was revoked."))

    assert entry.to_json()["request"] is None
    assert entry.to_json()["response"] is None
    assert str(entry) == (
        "two-way handshake CN svc-demo refused by client certificate: It was revoked."
    )


def test_everything_it_says_is_json() -> None:
    journal = ServerJournal(size=3)
    journal.add(exchange(body=b"a=\xff"))
    journal.add(handshake(CERTIFICATE))

    assert json.loads(json.dumps(journal.to_json())) == journal.to_json()


def test_a_request_is_shown_as_it_came_but_for_its_secrets() -> None:
    entry = Entry(
        kind="exchange",
        timestamp=0,
        connection=CONNECTION,
        request=HttpRequest(
            method="GET",
            path="/v2/oauth/authorize",
            raw_query=b"client_id=k&code=hunter2",
            raw_headers=[(b"accept", b"*/*"), (b"authorization", b"Bearer hunter2")],
        ),
        response=HttpResponse(
            status=302, raw_headers=[(b"location", b"https://x/cb?code=hunter2&state=1")]
        ),
    )

    assert entry.to_json()["request"] == {
        "method": "GET",
        "path": "/v2/oauth/authorize",
        "query": "client_id=k&code=***",
        "headers": {"accept": "*/*", "authorization": "Bearer ***"},
        "body": "",
        "body_size": 0,
        "incomplete": [],
    }
    assert entry.to_json()["response"] == {
        "status": 302,
        "headers": {"location": "https://x/cb?code=***&state=1"},
        "body": "",
        "body_size": 0,
        "incomplete": [],
    }


def test_known_secrets_are_hidden_in_the_reason_too() -> None:
    """A client that swaps its key pair sends the AppSecret as the AppKey, which is shown."""
    request = HttpRequest(method="POST", path="/", secrets=lambda: SecretIndex(["hunter2-hunter2"]))
    entry = Entry(kind="exchange", timestamp=0, connection=CONNECTION, request=request)
    entry.refuse(
        Explanation(
            check="key pair",
            because="No application has hunter2-hunter2.",
            expected="an AppKey",
            actual="hunter2-hunter2",
        )
    )

    assert entry.refused_because == "No application has ***."
    assert (entry.expected, entry.actual) == ("an AppKey", "***")


def test_what_was_let_through_with_a_note_says_the_note() -> None:
    entry = exchange()
    entry.notes.append("the parameters came in the query string")

    assert str(entry) == (
        "two-way POST /v2/oauthtoken 200 demo-server/svc-demo "
        "note: the parameters came in the query string"
    )
    assert entry.to_json()["notes"] == ["the parameters came in the query string"]


def test_secrets_and_links_are_hidden_in_a_note_a_path_and_a_reason() -> None:
    link = "/portal/certificates/bFUdegFvgFBcEKIZRTsmNR"
    request = HttpRequest(
        method="POST",
        path=f"{link}/hunter2-hunter2",
        secrets=lambda: SecretIndex(["hunter2-hunter2"]),
    )
    response = HttpResponse(status=405)
    entry = Entry(
        kind="exchange", timestamp=0, connection=CONNECTION, request=request, response=response
    )
    entry.refuse(
        Explanation(check="method", because=f"{link} takes GET.", expected="GET", actual=link)
    )
    entry.note(f"form refused: hunter2-hunter2, {link}")

    shown = f"{entry} {entry.to_json()}"
    assert "hunter2" not in shown
    assert "FvgFBcEKIZRTsmNR" not in shown
    assert entry.actual == "/portal/certificates/bFUdeg***"
    assert entry.notes == ["form refused: ***, /portal/certificates/bFUdeg***"]


def test_a_long_path_does_not_make_a_long_line() -> None:
    assert len(str(exchange("/" + "x" * 10_000))) < 300


@every_case("character", ["\n", "\r", "\x1b", "\x00", "\x7f", "\x85", "\u2028"])
def test_no_character_of_control_reaches_the_log(character: str) -> None:
    line = str(exchange(f"/a{character}b"))

    assert character not in line
    assert ("\\u2028" if character == "\u2028" else f"\\x{ord(character):02x}") in line


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
