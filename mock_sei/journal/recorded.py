"""Journal entries that are read from JSON: another server returned it, or a log keeps it.

The server that saw the exchange has hidden all secrets, so these entries do not hide anything a
second time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from sys import getsizeof
from typing import Any

from mock_sei.journal.chain import CheckStep, findings_of
from mock_sei.journal.entries import (
    BODY_SEARCHED,
    EVERYTHING,
    HEADER_SIZE,
    LET_GO,
    LINE_PATH,
    Entry,
    HttpRequest,
    HttpResponse,
)
from mock_sei.matching.sent import SentRequest
from mock_sei.rules.connection import ClientCertificate, Connection, Findings
from mock_sei.rules.standards import Listener

SHOWN_SIZE = 500
"""The bytes of memory that a message takes besides its texts."""


@dataclass(slots=True, kw_only=True)
class ShownRequest(HttpRequest):
    """A request as a journal showed it."""

    as_shown: Mapping[str, Any] = field(repr=False)
    all_headers: Sequence[tuple[str, str]] = field(default=(), repr=False)
    """All headers, if some have one name and this is known."""

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

    def body_beginning(self, shown: int) -> str:
        return self.body[:shown]

    def may_have(self, text: bytes) -> bool:
        return text in self.body_beginning(BODY_SEARCHED).encode(errors="replace").lower()

    @property
    def has_body(self) -> bool:
        return self.body not in ("", LET_GO)

    @property
    def sent(self) -> SentRequest:
        """The shown texts: nothing else is known here."""
        shown = self.shown
        if self.all_headers:
            shown.raw_headers = [
                (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                for name, value in self.all_headers
            ]
        if "body" in self.as_shown["incomplete"]:
            shown.body = None
        return shown

    @property
    def incomplete(self) -> list[str]:
        return list(self.as_shown["incomplete"])

    def to_json(self, most: int = EVERYTHING) -> dict[str, Any]:
        return _beginning_of(self.as_shown, most)

    def let_go_of_body(self) -> None:
        self.as_shown = _without_body(self.as_shown)

    def let_go_of_head(self) -> None:
        self.all_headers = ()
        lost = ["headers"]
        if self.query:
            lost.append("query")
        if len(self.path) > LINE_PATH:
            lost.append("path")
            self.path = self.path[:LINE_PATH]
        rest = {"path": self.path, "query": "", "headers": {}}
        self.as_shown = _with_lost({**self.as_shown, **rest}, lost)

    def measure(self) -> int:
        repeated = sum(
            getsizeof(name) + getsizeof(value) + HEADER_SIZE for name, value in self.all_headers
        )
        texts = getsizeof(self.path) + getsizeof(self.query) + repeated
        return _measure(self.as_shown) + texts


@dataclass(slots=True, kw_only=True)
class ShownResponse(HttpResponse):
    """An answer as a journal showed it."""

    shown: Mapping[str, Any] = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.shown["headers"])

    @property
    def body(self) -> str:
        return str(self.shown["body"])

    def body_beginning(self, shown: int) -> str:
        return self.body[:shown]

    def may_have(self, text: bytes) -> bool:
        return text in self.body_beginning(BODY_SEARCHED).encode(errors="replace").lower()

    @property
    def has_body(self) -> bool:
        return self.body not in ("", LET_GO)

    @property
    def incomplete(self) -> list[str]:
        return list(self.shown["incomplete"])

    def to_json(self, most: int = EVERYTHING) -> dict[str, Any]:
        return _beginning_of(self.shown, most)

    def let_go_of_body(self) -> None:
        self.shown = _without_body(self.shown)

    def let_go_of_head(self) -> None:
        self.shown = _with_lost({**self.shown, "headers": {}}, ["headers"])

    def measure(self) -> int:
        return _measure(self.shown)


_PARTS = ("path", "query", "headers", "body")
"""The parts that may be incomplete, in the order in which they are listed."""


def _with_lost(told: Mapping[str, Any], lost: list[str]) -> dict[str, Any]:
    """A message with further incomplete parts."""
    parts = {*told["incomplete"], *lost}
    return {**told, "incomplete": [each for each in _PARTS if each in parts]}


def _without_body(told: Mapping[str, Any]) -> dict[str, Any]:
    return _with_lost({**told, "body": LET_GO}, ["body"]) if told["body"] else dict(told)


def _beginning_of(told: Mapping[str, Any], most: int) -> dict[str, Any]:
    """A message with the first ``most`` characters of each text."""
    if most >= EVERYTHING:
        return dict(told)
    texts = {name: told[name][:most] for name in ("path", "query", "body") if name in told}
    headers = {name[:most]: value[:most] for name, value in told["headers"].items()}
    shorter = {**texts, "headers": headers}
    lost = [name for name, value in shorter.items() if value != told[name]]
    return _with_lost({**told, **shorter}, lost)


def _measure(told: Mapping[str, Any]) -> int:
    headers = sum(
        getsizeof(name) + getsizeof(value) + HEADER_SIZE for name, value in told["headers"].items()
    )
    return SHOWN_SIZE + getsizeof(told["body"]) + headers


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
        findings=_findings(told),
        refused_by=told["refused_by"],
        refused_because=told["refused_because"],
        expected=told["expected"],
        actual=told["actual"],
        duration_ms=told["duration_ms"],
        fault=told["fault"],
        alert=told["alert"],
    )


def snapshot(entry: Entry) -> Entry:
    """The entry as its journal shows it now, with secrets hidden.

    Reading it often costs little, and it stays as it is when the journal lets go of a body.
    """
    if isinstance(entry.request, ShownRequest):
        return entry
    return read_entry(entry.to_json())


def apart(entry: Entry) -> Entry:
    """A copy of an entry, to let go of parts of it: readers of the entry still have them."""
    return replace(
        entry,
        request=copy(entry.request),
        response=copy(entry.response),
        findings=copy(entry.findings),
    )


def _findings(told: Mapping[str, Any]) -> Findings:
    passed, course = findings_of([CheckStep(**each) for each in told["checks"]])
    return Findings(
        application=told["application"],
        service_account=told["service_account"],
        notes=list(told["notes"]),
        course=course,
        passed=passed,
    )


def _request(told: Mapping[str, Any] | None) -> ShownRequest | None:
    if told is None:
        return None
    return ShownRequest(
        method=told["method"],
        path=told["path"],
        wire_path=told.get("wire_path"),
        body_size=told["body_size"],
        as_shown=told,
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
