"""Journal entries that are read from JSON, which another server returned.

That server has hidden all secrets, so these entries do not hide anything a second time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mock_sei.journal.entries import EVERYTHING, Entry, HttpRequest, HttpResponse
from mock_sei.matching.sent import SentRequest
from mock_sei.rules.connection import ClientCertificate, Connection, Findings
from mock_sei.rules.standards import Listener


@dataclass(slots=True, kw_only=True)
class ShownRequest(HttpRequest):
    """A request as another server's journal showed it."""

    as_shown: Mapping[str, Any] = field(repr=False)

    @property
    def shown_path(self) -> str:
        return self.path

    def path_beginning(self, shown: int) -> str:
        return self.path[:shown]

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.as_shown["headers"])

    @property
    def query(self) -> str:
        return str(self.as_shown["query"])

    @property
    def body(self) -> str:
        return str(self.as_shown["body"])

    @property
    def sent(self) -> SentRequest:
        """The shown texts: nothing else is known here."""
        return self.shown

    @property
    def incomplete(self) -> list[str]:
        return list(self.as_shown["incomplete"])

    def to_json(self, most: int = EVERYTHING) -> dict[str, Any]:  # noqa: ARG002  # as its base
        return dict(self.as_shown)


@dataclass(slots=True, kw_only=True)
class ShownResponse(HttpResponse):
    """An answer as another server's journal showed it."""

    shown: Mapping[str, Any] = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.shown["headers"])

    @property
    def body(self) -> str:
        return str(self.shown["body"])

    @property
    def incomplete(self) -> list[str]:
        return list(self.shown["incomplete"])

    def to_json(self, most: int = EVERYTHING) -> dict[str, Any]:  # noqa: ARG002  # as its base
        return dict(self.shown)


def read_entry(told: Mapping[str, Any]) -> Entry:
    """The entry whose ``to_json()`` returned this."""
    return Entry(
        kind=told["kind"],
        timestamp=datetime.fromisoformat(told["time"]).timestamp(),
        connection=Connection(
            listener=Listener(told["listener"]),
            source_address=told["source_address"],
            certificate=_certificate(told["certificate"]),
        ),
        tls_version=told["tls_version"],
        tracking_id=told["tracking_id"],
        request=_request(told["request"]),
        response=_response(told["response"]),
        findings=Findings(
            application=told["application"],
            service_account=told["service_account"],
            notes=list(told["notes"]),
        ),
        refused_by=told["refused_by"],
        refused_because=told["refused_because"],
        expected=told["expected"],
        actual=told["actual"],
        duration_ms=told["duration_ms"],
        fault=told["fault"],
    )


def snapshot(entry: Entry) -> Entry:
    """The entry as its journal shows it now, with secrets hidden.

    Reading it often costs little, and it stays as it is when the journal lets go of a body.
    """
    if isinstance(entry.request, ShownRequest):
        return entry
    return read_entry(entry.to_json())


def _request(told: Mapping[str, Any] | None) -> ShownRequest | None:
    if told is None:
        return None
    return ShownRequest(
        method=told["method"], path=told["path"], body_size=told["body_size"], as_shown=told
    )


def _response(told: Mapping[str, Any] | None) -> ShownResponse | None:
    if told is None:
        return None
    return ShownResponse(status=told["status"], body_size=told["body_size"], shown=told)


def _certificate(told: Mapping[str, Any] | None) -> ClientCertificate | None:
    if told is None:
        return None
    return ClientCertificate(
        common_name=told["common_name"],
        serial_number=int(told["serial_number"], 16),
        not_before=datetime.fromisoformat(told["not_before"]),
        not_after=datetime.fromisoformat(told["not_after"]),
        fingerprint=told["fingerprint"],
        issuer=told["issuer"],
    )
