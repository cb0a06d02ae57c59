"""Entries of the journal: an exchange, or a handshake that failed, and the reason if there is one.

They keep what came off the wire and hide the secrets when they are read, so that recording costs
next to nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from mock_sei.bench.redaction import (
    Secrets,
    hide_values,
    redact_body,
    redact_headers,
    redact_path,
    redact_query,
)
from mock_sei.errors import Explanation, one_line
from mock_sei.peer import Connection, Findings, PeerCertificate
from mock_sei.records import Application
from mock_sei.standards import Listener

BODY_KEPT = 16 * 1024
"""Bytes of a body that the journal keeps."""

RawHeaders = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True, kw_only=True)
class Message:
    """A request or an answer as it came off the wire; its properties hide secrets."""

    secrets: Callable[[], Secrets] = field(default=frozenset, repr=False)
    """Asked when the message is read: values to hide wherever they stand."""
    raw_headers: RawHeaders = field(default=(), repr=False)
    raw_body: bytes = field(default=b"", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Names in lower case; of a repeated one the last."""
        return dict(redact_headers(self.raw_headers, self.secrets()))

    @property
    def body(self) -> str:
        content_type = self.headers.get("content-type", "")
        return redact_body(content_type, self.raw_body, self.secrets())


@dataclass(slots=True, kw_only=True)
class Request(Message):
    method: str
    path: str
    raw_query: bytes = field(default=b"", repr=False)

    @property
    def shown_path(self) -> str:
        """Without the secret of a certificate link and other secrets that strayed there."""
        return hide_values(redact_path(self.path), self.secrets())

    @property
    def query(self) -> str:
        return redact_query(self.raw_query, self.secrets())

    def to_json(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "path": self.shown_path,
            "query": self.query,
            "headers": self.headers,
            "body": self.body,
        }


@dataclass(slots=True, kw_only=True)
class Response(Message):
    status: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"status": self.status, "headers": self.headers, "body": self.body}


@dataclass(slots=True, kw_only=True)
class Entry:
    """One exchange, or one handshake that failed."""

    kind: Literal["exchange", "handshake"]
    timestamp: float
    """Seconds since the epoch on the platform's clock, when it began."""
    connection: Connection
    tls_version: str | None = None
    tracking_id: str | None = None
    request: Request | None = None
    response: Response | None = None
    findings: Findings = field(default_factory=Findings)
    refused_by: str | None = None
    """Name of the check that refused, None for what was let through."""
    refused_because: str | None = None
    expected: str | None = None
    actual: str | None = None
    duration_ms: float | None = None
    fault: str | None = None

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp, UTC)

    @property
    def listener(self) -> Listener:
        return self.connection.listener

    @property
    def source_address(self) -> str:
        return self.connection.source_address

    @property
    def certificate(self) -> PeerCertificate | None:
        return self.connection.certificate

    @property
    def application(self) -> str | None:
        return self.findings.application

    @property
    def service_account(self) -> str | None:
        return self.findings.service_account

    @property
    def operation(self) -> str | None:
        """``METHOD /path``, None for a handshake."""
        return f"{self.request.method} {self.request.shown_path}" if self.request else None

    @property
    def status(self) -> int | None:
        """Of the answer; 0 where the connection was reset before one."""
        return self.response.status if self.response else None

    @property
    def notes(self) -> list[str]:
        return self.findings.notes

    def concerns(self, application: Application) -> bool:
        """Whether an application was named, or the certificate of its account was shown."""
        if self.application == application.name:
            return True
        shown = self.certificate.common_name if self.certificate else None
        return shown is not None and shown == application.service_account

    def refuse(self, why: Explanation) -> None:
        self.refused_by = why.check
        self.refused_because = self._shown(why.because)
        self.expected = why.expected
        self.actual = None if why.actual is None else self._shown(why.actual)

    def note(self, sentence: str) -> None:
        """Adds a sentence about what deserves a look, and may repeat what the client sent."""
        self.findings.notes.append(self._shown(sentence))

    def _shown(self, text: str) -> str:
        secrets = self.request.secrets() if self.request else ()
        return redact_path(hide_values(text, secrets))

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "time": self.time.isoformat(timespec="milliseconds"),
            "listener": self.listener,
            "source_address": self.source_address,
            "tls_version": self.tls_version,
            "certificate": certificate_json(self.certificate),
            "application": self.application,
            "service_account": self.service_account,
            "tracking_id": self.tracking_id,
            "request": self.request.to_json() if self.request else None,
            "response": self.response.to_json() if self.response else None,
            "duration_ms": self.duration_ms,
            "fault": self.fault,
            "refused_by": self.refused_by,
            "refused_because": self.refused_because,
            "expected": self.expected,
            "actual": self.actual,
            "notes": self.notes,
        }

    def __str__(self) -> str:
        """One line for a person."""
        what = "handshake"
        if self.request and self.response:
            what = f"{self.request.method} {self.request.shown_path[:200]} {self.response.status}"
        words: list[str] = [f"{self.listener} {what}"]
        who = "/".join(filter(None, (self.application, self.service_account)))
        if who:
            words.append(who)
        elif self.certificate:
            words.append(f"CN {self.certificate.common_name}")
        if self.refused_by:
            words.append(f"refused by {self.refused_by}: {self.refused_because}")
            if self.expected is not None or self.actual is not None:
                words.append(f"[expected {self.expected}, actual {self.actual}]")
        if self.fault:
            words.append(f"fault: {self.fault}")
        words.extend(f"note: {note}" for note in self.notes)
        return one_line(" ".join(words))


def certificate_json(certificate: PeerCertificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    return {
        "common_name": certificate.common_name,
        "serial_number": f"{certificate.serial_number:x}",
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
        "fingerprint": certificate.fingerprint,
        "issuer": certificate.issuer,
    }
