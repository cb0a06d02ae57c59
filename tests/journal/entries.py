"""Entries for tests of what is written from a journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mock_sei.journal.entries import Entry, HttpRequest, HttpResponse
from mock_sei.journal.hiding import NO_SECRETS, Secrets
from mock_sei.journal.targets import Origins
from mock_sei.rules.connection import ClientCertificate, Connection, Findings
from mock_sei.rules.standards import Listener

ORIGINS = Origins(one_way="https://localhost:1443", two_way="https://localhost:1444")
FORM = {"content-type": "application/x-www-form-urlencoded"}
JSON = {"content-type": "application/json"}

CERTIFICATE = ClientCertificate(
    common_name="svc-demo",
    serial_number=255,
    not_before=datetime(2026, 1, 1, tzinfo=UTC),
    not_after=datetime(2028, 1, 1, tzinfo=UTC),
    fingerprint="ab12",
    issuer="CN=mock-sei",
)


def raw(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


def exchange(
    method: str = "GET",
    path: str = "/v2/investors",
    *,
    query: str | bytes = b"",
    headers: Mapping[str, str] | None = None,
    body: str | bytes = b"",
    status: int = 200,
    answer: str = "",
    secrets: Secrets = NO_SECRETS,
    two_way: bool = True,
    **fields: Any,
) -> Entry:
    """An exchange of the demo application; ``fields`` are further fields of the entry."""
    content = body.encode() if isinstance(body, str) else body
    told = answer.encode()
    return Entry(
        kind="exchange",
        timestamp=1_800_000_000.25,
        connection=Connection(
            listener=Listener.TWO_WAY if two_way else Listener.ONE_WAY,
            source_address="192.0.2.1",
            certificate=CERTIFICATE if two_way else None,
        ),
        request=HttpRequest(
            method=method,
            path=path,
            raw_query=query.encode() if isinstance(query, str) else query,
            raw_headers=raw(headers or {}),
            raw_body=content,
            body_size=len(content),
            secrets=lambda: secrets,
        ),
        response=HttpResponse(
            status=status,
            raw_headers=raw(JSON if answer else {}),
            raw_body=told,
            body_size=len(told),
            secrets=lambda: secrets,
        ),
        **{
            "tls_version": "TLSv1.3",
            "tracking_id": "an-id",
            "findings": Findings(application="demo-server", service_account="svc-demo"),
            **fields,
        },
    )


def handshake() -> Entry:
    return Entry(
        kind="handshake",
        timestamp=1_800_000_000.25,
        connection=Connection(listener=Listener.TWO_WAY, source_address="192.0.2.1"),
        refused_by="client certificate",
        refused_because="The client sent no certificate.",
    )
