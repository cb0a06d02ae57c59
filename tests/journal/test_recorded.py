"""A journal entry that is read from its JSON equals the original."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.errors import Explanation
from mock_sei.journal.entries import Entry, HttpRequest, HttpResponse
from mock_sei.journal.recorded import read_entry, snapshot
from mock_sei.rules.connection import ClientCertificate, Connection, Findings
from mock_sei.rules.standards import Listener
from tests.journal.entries import JSON, exchange

CERTIFICATE = ClientCertificate(
    common_name="svc-demo",
    serial_number=255,
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2028, 1, 1, tzinfo=UTC),
    fingerprint="ab12",
    issuer="CN=mock-sei",
)


def entry(body: bytes = b"password=hunter2", path: str = "/v2/oauthtoken") -> Entry:
    made = Entry(
        kind="exchange",
        timestamp=1_800_000_000.25,
        connection=Connection(
            listener=Listener.TWO_WAY, source_address="192.0.2.1", certificate=CERTIFICATE
        ),
        tls_version="TLSv1.3",
        tracking_id="an-id",
        request=HttpRequest(
            method="POST",
            path=path,
            raw_query=b"code=hunter2",
            raw_headers=[
                (b"content-type", b"application/x-www-form-urlencoded"),
                (b"authorization", b"Bearer hunter2"),
            ],
            raw_body=body,
        ),
        response=HttpResponse(
            status=403, raw_headers=[(b"content-type", b"application/json")], raw_body=b"{"
        ),
        findings=Findings(application="demo-server", service_account="svc-demo", notes=["a note"]),
        duration_ms=1.5,
        fault="status 403",
    )
    made.refuse(Explanation(check="name", because="Not it.", expected="a", actual="b"))
    return made


def told(made: Entry) -> Entry:
    return read_entry(json.loads(json.dumps(made.to_json())))


def test_it_has_the_same_attributes() -> None:
    made, read = entry(), told(entry())

    for name in (
        "kind", "time", "listener", "source_address", "certificate", "connection", "tls_version",
        "tracking_id", "application", "service_account", "notes", "operation", "status", "fault",
        "duration_ms", "refused_by", "refused_because", "expected", "actual",
    ):  # fmt: skip
        assert getattr(read, name) == getattr(made, name), name
    assert made.request is not None
    assert read.request is not None
    assert made.response is not None
    assert read.response is not None
    assert read.request.headers == made.request.headers
    assert read.request.body == made.request.body == "password=***"
    assert read.request.query == made.request.query == "code=***"
    assert read.response.headers == made.response.headers
    assert read.response.body == made.response.body
    assert str(read) == str(made)


def test_a_handshake_has_no_request_and_no_answer() -> None:
    connection = Connection(listener=Listener.ONE_WAY, source_address="192.0.2.1")
    read = told(Entry(kind="handshake", timestamp=0, connection=connection))

    assert (read.request, read.response, read.certificate) == (None, None, None)


@given(
    body=st.binary(max_size=50),
    path=st.text(max_size=20),
    timestamp=st.floats(min_value=1e9, max_value=8e9),  # later, a float has no whole microseconds
)
def test_nothing_is_hidden_or_changed_a_second_time(
    body: bytes, path: str, timestamp: float
) -> None:
    made = entry(body, path)
    made.timestamp = timestamp

    assert told(made).to_json() == made.to_json()


@pytest.mark.parametrize("body", [b"password=%2A", b'{"password": "***", "x": 1', b"a=***"])
def test_what_was_hidden_reads_the_same(body: bytes) -> None:
    assert told(entry(body)).to_json() == entry(body).to_json()


def test_a_snapshot_stays_as_it_was_when_the_journal_lets_go_of_the_body() -> None:
    entry = exchange("POST", headers=JSON, body='{"password": "hunter22"}')
    taken = snapshot(entry)
    entry.let_go_of_bodies()

    assert taken.request is not None
    assert taken.request.body == '{"password": "***"}'
    assert taken.request.incomplete == []
    assert snapshot(taken) is taken
