"""Entries of the journal: a request with its answer, or a failed handshake.

An entry keeps the bytes as they were sent. Secrets are hidden when an entry is read, so that
recording is fast.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from itertools import accumulate, chain
from sys import getsizeof
from typing import Any, Literal, TypeVar

from mock_sei.errors import Explanation, one_line
from mock_sei.journal.chain import CheckStep, steps_of
from mock_sei.journal.hiding import (
    HIDDEN,
    LOOK_AHEAD,
    NO_SECRETS,
    Field,
    Secrets,
    find_sent,
    hide_beginnings,
    hide_values,
    show,
    show_once,
)
from mock_sei.journal.redaction import body_field, query_field, show_message, shows_text
from mock_sei.matching.sent import NOTHING_SENT, SentRequest
from mock_sei.rules.connection import ClientCertificate, Connection, Findings
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener

BODY_SHOWN = 16 * 1024
"""The journal shows so many bytes of a body."""
LONG_BODY = 2048
"""A body of so many bytes or more is remembered as it is shown."""
BODY_KEPT = BODY_SHOWN + LOOK_AHEAD
"""The journal keeps so many bytes of a body."""
QUERY_SHOWN = 16 * 1024
PATH_SHOWN = 4 * 1024
VALUE_SHOWN = 8 * 1024
"""The journal shows so many bytes of a header's name and of its value."""
HEADERS_KEPT = 100
"""The journal keeps so many headers of a request or an answer, trailers included."""
HEAD_KEPT = 16 * 1024
"""The journal keeps the headers that begin in the first bytes, so many, of all headers."""
NOTES_KEPT = 50
NOTES_SIZE = 8 * 1024
"""The largest number of characters in all notes of an entry. The newest note is always kept."""
SENTENCE_SHOWN = 1000
"""The largest number of characters in a note and in a reason."""
VALUE_OF_REFUSAL_SHOWN = 200
"""The largest number of characters in each of the two values that differ, and in each reason if
there are several."""
LINE_PATH = 200
"""The largest number of characters of a path in a log line."""
LOG_SHOWN = 2 * 1024
"""The largest number of bytes of each text in a JSON log line. Requests wait while it is
written."""

BODY_SEARCHED = 1024
"""A search looks at so many bytes of a body, and at so many characters of a path."""

LET_GO = "<let go: all entries of the journal together have a limit>"
"""The journal shows this in place of a body that it had to delete because it was full."""
HEAD_LET_GO = "headers and query were let go: all entries of the journal together have a limit"

HEADER_SIZE = 140
ENTRY_SIZE = 1600
"""The bytes of memory that a header and an entry take besides their texts."""

_Text = TypeVar("_Text", str, bytes)
RawHeaders = Sequence[tuple[bytes, bytes]]


@dataclass(slots=True, kw_only=True)
class HttpMessage:
    """A request or an answer as it was sent. Its properties hide secrets."""

    secrets: Callable[[], Secrets] = field(default=lambda: NO_SECRETS, repr=False)
    """Returns the secrets to hide. It is called whenever the message is read."""
    raw_headers: RawHeaders = field(default=(), repr=False)
    raw_body: bytes = field(default=b"", repr=False)
    body_size: int = 0
    """The size of the whole body in bytes. :attr:`raw_body` has its beginning, or nothing."""
    body_let_go: bool = field(default=False, repr=False)
    head_is_whole: bool = field(default=True, repr=False)
    """False if headers were removed, or the whole head."""

    @property
    def is_answer(self) -> bool:
        """True for an answer, False for a request."""
        return False

    @property
    def headers(self) -> dict[str, str]:
        """The headers, with names in lower case. Of a repeated header it has the last value."""
        return dict(self._all_headers)

    @property
    def body(self) -> str:
        """The body as text, or a note in its place, such as ``<123 bytes of image/png>``."""
        return show([self._body(BODY_SHOWN)], self.secrets())[0]

    def body_beginning(self, shown: int) -> str:
        """The first ``shown`` characters of the body, or a note in its place."""
        return show([self._body(shown, shown + LOOK_AHEAD)], self.secrets())[0]

    def may_have(self, text: bytes) -> bool:
        """False if :meth:`body_beginning` of the first :data:`BODY_SEARCHED` characters has no such
        text, in lower case. It costs little, since it hides no secrets: never show it."""
        body = self.raw_body
        return bool(body) and text in body[: 2 * BODY_SEARCHED].lower()

    @property
    def incomplete(self) -> list[str]:
        """The parts that are not shown whole, or not as they were sent: ``headers``, ``body``, and
        of a request also ``path`` and ``query``. A hidden secret does not count."""
        return self._incomplete(EVERYTHING)

    def _incomplete(self, most: int) -> list[str]:
        longest = min(VALUE_SHOWN, most)
        fits = all(max(map(len, each)) <= longest for each in self.raw_headers)
        is_whole = fits and self.head_is_whole and not self._repeats_headers()
        headers = [] if is_whole else ["headers"]
        return headers if self._shows_body(min(BODY_SHOWN, most)) else [*headers, "body"]

    def _repeats_headers(self) -> bool:
        """True if two headers have one name: :attr:`headers` shows only the last of them."""
        return len({name.lower() for name, _ in self.raw_headers}) < len(self.raw_headers)

    @property
    def repeated_headers(self) -> list[tuple[str, str]]:
        """All headers, if some have one name; an empty list otherwise."""
        return self._all_headers if self._repeats_headers() else []

    @property
    def _all_headers(self) -> list[tuple[str, str]]:
        return show_message((), self.raw_headers, self.secrets(), shown=VALUE_SHOWN)[1]

    def _shows_body(self, most: int) -> bool:
        """True if the body is shown whole and as it was sent."""
        body = self.raw_body
        if not body:
            return not self.body_size and not self.body_let_go
        content_type, encoded = self._body_kind()
        is_cut = len(body) > most or self.body_size > len(body)
        return not is_cut and shows_text(content_type, body, encoded=encoded) and _is_utf8(body)

    @property
    def has_body(self) -> bool:
        """True if the journal still has the body, or its beginning."""
        return bool(self.raw_body)

    def settle(self) -> int:
        """Removes headers beyond the limits. Returns the number of removed headers."""
        headers = self.raw_headers
        if len(headers) <= HEADERS_KEPT and _size_of(headers) <= VALUE_SHOWN:  # as nearly always
            self.raw_headers = tuple(headers)
            return 0
        kept: list[tuple[bytes, bytes]] = []
        size = 0
        for name, value in headers:
            if len(kept) == HEADERS_KEPT or size > HEAD_KEPT:
                break
            kept.append((_beginning(name, VALUE_SHOWN), _beginning(value, VALUE_SHOWN)))
            size += len(name) + len(value)
        left = len(headers) - len(kept)
        self.head_is_whole = not left
        self.raw_headers = tuple(kept)
        return left

    def let_go_of_body(self) -> None:
        """Deletes the body, to free memory."""
        if self.raw_body:
            self.body_let_go = True  # first, since another thread may read the body now
            self.raw_body = b""

    def let_go_of_head(self) -> None:
        """Deletes the headers, to free memory."""
        self.head_is_whole = False  # first, since another thread may read the headers now
        self.raw_headers = ()

    def measure(self) -> int:
        """The bytes of memory that headers and body take."""
        headers = self.raw_headers
        return len(self.raw_body) + _size_of(headers) + HEADER_SIZE * len(headers)

    def _body(self, shown: int, read: int = BODY_KEPT) -> Field:
        body = self.raw_body[:read]
        if self.body_let_go and not body:
            return Field(LET_GO)
        content_type, encoded = self._body_kind()
        make = partial(
            body_field,
            content_type,
            body,
            encoded=encoded,
            of_answer=self.is_answer,
            shown=shown,
            size=self.body_size,
        )
        if len(body) < LONG_BODY:
            return make()
        digest = blake2b(body).digest()
        key = (content_type, encoded, self.is_answer, shown, self.body_size, digest)
        return show_once(key, make, self.secrets())

    def _body_kind(self) -> tuple[str, bool]:
        """The ``Content-Type``, and whether a header says that the body is compressed."""
        names = {name: value for name, value in self.raw_headers if name in _ABOUT_BODY}
        coding = names.get(b"content-encoding", b"identity").strip().lower()
        return names.get(b"content-type", b"").decode("latin-1"), coding != b"identity"

    def _show(self, most: int, *fields: Field) -> tuple[list[str], dict[str, str]]:
        """The texts of the body and of some fields, and the headers."""
        shown, headers = show_message(
            [self._body(min(BODY_SHOWN, most)), *fields],
            self.raw_headers,
            self.secrets(),
            shown=min(VALUE_SHOWN, most),
        )
        return shown, dict(headers)


_ABOUT_BODY = frozenset({b"content-type", b"content-encoding"})
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
EVERYTHING = max(BODY_SHOWN, QUERY_SHOWN, PATH_SHOWN, VALUE_SHOWN)


@dataclass(slots=True, kw_only=True)
class HttpRequest(HttpMessage):
    """A request of an entry."""

    method: str
    path: str
    """The path by which the operation is known."""
    wire_path: str | None = None
    """The path that the client called, if an assumption moved the operation there."""
    raw_query: bytes = field(default=b"", repr=False)
    path_is_whole: bool = field(default=True, repr=False)
    """False if the path was cut, or had a ``%2F``, which :attr:`path` shows as a slash."""
    query_let_go: bool = field(default=False, repr=False)

    @property
    def shown_path(self) -> str:
        """The path, with secrets hidden, such as that of a certificate link."""
        return self.path_beginning(PATH_SHOWN)

    def path_beginning(self, shown: int) -> str:
        """The first ``shown`` characters of the path, with secrets hidden."""
        return hide_values(self.path, self.secrets(), shown=shown)

    @property
    def query(self) -> str:
        """The query string, with secrets hidden."""
        return show([query_field(self.raw_query, shown=QUERY_SHOWN)], self.secrets())[0]

    @property
    def sent(self) -> SentRequest:
        """What the client sent, for comparisons. It may have secrets: never show it."""
        is_whole = len(self.raw_body) == self.body_size and not self.body_let_go
        return SentRequest(
            raw_query=self.raw_query,
            raw_headers=self.raw_headers,
            body=self.raw_body if is_whole else None,
        )

    @property
    def shown(self) -> SentRequest:
        """What the client sent, with secrets hidden."""
        return SentRequest(
            raw_query=self.query.encode(),
            raw_headers=[
                (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
                for name, value in self.headers.items()
            ],
            body=self.body.encode(errors="replace"),
        )

    def _incomplete(self, most: int) -> list[str]:
        path, query = self.path, self.raw_query
        lost = []
        if len(path) > min(PATH_SHOWN, most) or "\ufffd" in path or not self.path_is_whole:
            lost.append("path")
        if len(query) > min(QUERY_SHOWN, most) or not _is_utf8(query) or self.query_let_go:
            lost.append("query")
        # Not with super(): a dataclass with slots is another class than the one in this source.
        lost += HttpMessage._incomplete(self, most)  # noqa: SLF001  # of its base
        return lost if "body" in lost or self._has_received_body() else [*lost, "body"]

    def _has_received_body(self) -> bool:
        """False if the body was not read, as of a request that was refused before."""
        announced = {name: value for name, value in self.raw_headers if name in _FRAMING}
        length = announced.get(b"content-length", b"0").strip()
        if b"transfer-encoding" in announced:
            return self.body_size > 0
        return not length.isdigit() or self.body_size >= int(length[:20])

    def settle(self) -> int:
        self.path = _beginning(self.path, PATH_SHOWN)
        self.raw_query = _beginning(self.raw_query, QUERY_SHOWN)
        # Not with super(): a dataclass with slots is another class than the one in this source.
        return HttpMessage.settle(self)

    def let_go_of_head(self) -> None:
        """Deletes headers, query and the end of a long path, to free memory."""
        HttpMessage.let_go_of_head(self)
        self.query_let_go = bool(self.raw_query)
        self.raw_query = b""
        if len(self.path) > LINE_PATH:
            self.path_is_whole = False
            self.path = self.path_beginning(LINE_PATH)

    def measure(self) -> int:
        """The bytes of memory that path, query, headers and body take."""
        return HttpMessage.measure(self) + getsizeof(self.path) + len(self.raw_query)

    def to_json(self, most: int = EVERYTHING) -> dict[str, Any]:
        """The request as the control API returns it. ``most`` limits the size of each text."""
        path = Field(self.path, shown=min(PATH_SHOWN, most))
        query = query_field(self.raw_query, shown=min(QUERY_SHOWN, most))
        shown, headers = self._show(most, path, query)
        return {
            "method": self.method,
            "path": shown[1],
            **({} if self.wire_path is None else {"wire_path": self.wire_path}),
            "query": shown[2],
            "headers": headers,
            "body": shown[0],
            "body_size": self.body_size,
            "incomplete": self._incomplete(most),
        }


@dataclass(slots=True, kw_only=True)
class HttpResponse(HttpMessage):
    """An answer of an entry."""

    status: int = 0

    @property
    def is_answer(self) -> bool:
        return True

    def to_json(self, most: int = EVERYTHING) -> dict[str, Any]:
        """The answer as the control API returns it. ``most`` limits the size of each text."""
        shown, headers = self._show(most)
        return {
            "status": self.status,
            "headers": headers,
            "body": shown[0],
            "body_size": self.body_size,
            "incomplete": self._incomplete(most),
        }


@dataclass(slots=True, kw_only=True)
class Entry:
    """A request with its answer, or a failed handshake."""

    kind: Literal["exchange", "handshake"]
    """``"exchange"``, or ``"handshake"`` for a TLS handshake that failed."""
    timestamp: float
    """Its beginning, in seconds since the epoch on the platform's clock."""
    connection: Connection
    tls_version: str | None = None
    """Such as ``TLSv1.3``; None on a listener without TLS."""
    tracking_id: str | None = None
    """The ``RequestTrackingId`` of the answer."""
    request: HttpRequest | None = None
    """The request: ``method``, ``shown_path``, ``query``, ``headers``, ``body``. None for a
    handshake."""
    response: HttpResponse | None = None
    """The answer: ``status``, ``headers``, ``body``. None for a handshake."""
    findings: Findings = field(default_factory=Findings)
    refused_by: str | None = None
    """The name of the check that refused the request or handshake, None if none did."""
    refused_because: str | None = None
    """Why it was refused, and what to do: a sentence or two."""
    expected: str | None = None
    """The value that the check wanted, where two values differ."""
    actual: str | None = None
    """The value that came instead."""
    duration_ms: float | None = None
    """How many milliseconds the exchange took."""
    fault: str | None = None
    """The fault that the exchange met, in words."""
    recorded: str | None = None
    """The exchange of a recording that gave the answer, such as ``exchange 12 of
    exchanges-0001.har``."""
    alert: str | None = None
    """The TLS alert that ended the handshake and who sent it, such as ``unknown_ca, sent by the
    client``. None for an exchange, or if there was none."""
    releases: int | None = field(default=None, repr=False, compare=False)
    """:attr:`Journal.releases` when this entry began."""
    size: int = field(default=0, repr=False, compare=False)
    """The bytes of memory that the journal counts for this entry."""
    text: bytes | None = field(default=None, repr=False, compare=False)
    """What :meth:`to_search` found, since hiding secrets is dear; None before."""

    @property
    def time(self) -> datetime:
        """Its beginning on the platform's clock, in UTC."""
        return datetime.fromtimestamp(self.timestamp, UTC)

    @property
    def listener(self) -> Listener:
        """The listener that the client connected to."""
        return self.connection.listener

    @property
    def source_address(self) -> str:
        """The client's IP address."""
        return self.connection.source_address

    @property
    def certificate(self) -> ClientCertificate | None:
        """The client certificate, None if the client sent none."""
        return self.connection.certificate

    @property
    def application(self) -> str | None:
        """The name of the application, None if it is unknown."""
        return self.findings.application

    @property
    def service_account(self) -> str | None:
        """The user name of the service account, None if there is none or it is unknown."""
        return self.findings.service_account

    @property
    def operation(self) -> str | None:
        """``METHOD /path`` with secrets hidden, None for a handshake."""
        return f"{self.request.method} {self.request.shown_path}" if self.request else None

    @property
    def called(self) -> str | None:
        """``METHOD /path`` as it was sent, None for a handshake. It may have secrets: never show
        it."""
        return f"{self.request.method} {self.request.path}" if self.request else None

    @property
    def sent(self) -> SentRequest:
        """What the client sent, for comparisons; nothing for a handshake. It may have secrets:
        never show it."""
        return self.request.sent if self.request else NOTHING_SENT

    @property
    def shown(self) -> SentRequest:
        """What the client sent, with secrets hidden."""
        return self.request.shown if self.request else NOTHING_SENT

    @property
    def status(self) -> int | None:
        """The status of the answer; 0 if the connection was closed without one."""
        return self.response.status if self.response else None

    @property
    def notes(self) -> list[str]:
        """Sentences about details that were accepted but may be a mistake of the client."""
        return self.findings.notes

    @property
    def checks(self) -> list[CheckStep]:
        """The checks of the request or handshake in their order: those that it passed, the one that
        refused it, and those that it therefore did not reach."""
        return steps_of(self.connection, self.tls_version, self.findings, self.refused_by)

    def concerns(self, application: Application) -> bool:
        """True if the request was an application's, or the certificate was its account's."""
        if self.application == application.name:
            return True
        shown = self.certificate.common_name if self.certificate else None
        return shown is not None and shown == application.service_account

    def refuse(self, why: Explanation) -> None:
        """Notes why the request or handshake was refused, with secrets hidden."""
        self.refused_by = why.check
        if why.reasons:
            reasons = "; ".join(self.hide(why.reasons, VALUE_OF_REFUSAL_SHOWN))
            self.refused_because = reasons[:SENTENCE_SHOWN]
        else:
            self.refused_because = self.hide([why.because])[0]
        values = [why.expected or "", why.actual or ""]
        expected, actual = self.hide(values, VALUE_OF_REFUSAL_SHOWN)
        self.expected = None if why.expected is None else printed(expected)
        self.actual = None if why.actual is None else printed(actual)

    def note(self, sentence: str) -> None:
        """Adds a note. Secrets that it repeats from the request are hidden."""
        self.findings.notes += self.hide([sentence])

    def settle(self) -> None:
        """Removes headers and notes beyond the limits, and hides the secrets in the notes."""
        for message, of in ((self.request, "request"), (self.response, "answer")):
            left = message.settle() if message else 0
            if left:
                self.findings.notes.append(f"{left} more headers of the {of} are not kept")
        notes = self.findings.notes
        if notes:
            # The newest are kept: they say which headers were left out above.
            newest = reversed(notes[-NOTES_KEPT:])
            sizes = accumulate(min(len(each), SENTENCE_SHOWN) for each in newest)
            kept = sum(1 for size in sizes if size <= NOTES_SIZE) or 1
            self.findings.notes = self.hide(notes[-kept:])
            if len(notes) > kept:
                self.findings.notes.insert(0, f"{len(notes) - kept} earlier notes are not kept")

    def may_have(self, text: bytes) -> bool:
        """False if :meth:`to_search` surely has no such text. It costs little, but does not hide
        secrets: an entry that may have the text is looked at again."""
        request, response = self.request, self.response
        if request is not None:
            method, path = request.method.encode(), request.path.encode(errors="replace")
            if text in (b"%b %b" % (method, path)).lower() or request.may_have(text):
                return True
        if response is not None and response.may_have(text):
            return True
        named = f"{self.refused_by}\n{self.findings.application}"
        return text in named.encode(errors="replace").lower() or _HIDDEN in text

    def to_search(self) -> bytes:
        """The text in which a search looks: path, check, application and the beginning of the
        bodies, in lower case and without secrets. It is made once, and kept."""
        made = self.text  # another thread may let go of it
        if made is None:
            request = self.request
            parts = [self.refused_by, self.application]
            if request is not None:
                parts.append(f"{request.method} {request.path_beginning(BODY_SEARCHED)}")
            parts += [
                each.body_beginning(BODY_SEARCHED)
                for each in (self.request, self.response)
                if each and each.body_size
            ]
            made = "\n".join(filter(None, parts)).encode(errors="replace").lower()
            self.text = made
        return made

    def let_go_of_bodies(self) -> None:
        """Deletes the bodies, to free memory."""
        self.text = None
        for message in filter(None, (self.request, self.response)):
            message.let_go_of_body()

    def let_go_of_head(self) -> None:
        """Deletes headers, query and notes, to free memory. Searches still find the entry."""
        self.text = None
        for message in filter(None, (self.request, self.response)):
            message.let_go_of_head()
        self.findings.notes = [HEAD_LET_GO]

    def measure(self) -> int:
        """The bytes of memory that the entry takes now, approximately."""
        size = ENTRY_SIZE + 8 * len(self.findings.passed)
        for text in (self.refused_because, self.expected, self.actual, *self.findings.notes):
            if text is not None and text is not HEAD_LET_GO:
                size += getsizeof(text)
        # The text to search is counted before it is made.
        for message in (self.request, self.response):
            if message is not None:
                size += message.measure()
                size += min(message.body_size, BODY_SEARCHED) if message.has_body else 0
        return size + (min(len(self.request.path), BODY_SEARCHED) if self.request else 0)

    def hide(self, texts: Sequence[str], most: int = SENTENCE_SHOWN) -> list[str]:
        """The first ``most`` characters of texts about the request, with secrets hidden.

        The texts may repeat what the client sent, or its beginning. The caller must not cut them: a
        secret that was cut is not recognised any more.
        """
        if self.request is None:
            return [each[:most] for each in texts]
        secrets = self.request.secrets()
        shown = show([Field(each, shown=most) for each in texts], secrets)
        if not any(_LONG_WORD.search(each) for each in shown):
            return shown
        sent = find_sent(self._sent(), secrets)
        return [hide_beginnings(each, sent) for each in shown]

    def _sent(self) -> list[str]:
        """The parts of the request from which a check may have repeated a value, up to a limit."""
        request = self.request
        if request is None:
            return []
        values = b"\0".join(value[:HEAD_KEPT] for _, value in request.raw_headers[:HEADERS_KEPT])
        raw = (request.raw_query, request.raw_body, values)
        return [
            request.path[:PATH_SHOWN],
            *(each[:HEAD_KEPT].decode("utf-8", "replace") for each in raw),
        ]

    def to_json(self, most: int = EVERYTHING) -> dict[str, Any]:
        """The entry as the control API returns it. ``most`` limits each text that was sent."""
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
            "request": self.request.to_json(most) if self.request else None,
            "response": self.response.to_json(most) if self.response else None,
            "duration_ms": self.duration_ms,
            "fault": self.fault,
            "recorded": self.recorded,
            "alert": self.alert,
            "checks": [each.to_json() for each in self.checks],
            "refused_by": self.refused_by,
            "refused_because": self.refused_because,
            "expected": self.expected,
            "actual": self.actual,
            "notes": self.notes,
        }

    def __str__(self) -> str:
        """The entry as one line for the log and for messages."""
        what = "handshake"
        if self.request and self.response:
            path = self.request.path_beginning(LINE_PATH)
            what = f"{self.request.method} {path} {self.response.status}"
        words: list[str] = [f"{self.listener} {what}"]
        who = "/".join(filter(None, (self.application, self.service_account)))
        if who:
            words.append(who)
        elif self.certificate:
            words.append(f"CN {self.certificate.common_name}")
        if self.refused_by:
            words.append(f"refused by {self.refused_by}: {self.refused_because}")
            words += difference(self.expected, self.actual)
        if self.fault:
            words.append(f"fault: {self.fault}")
        if self.recorded:
            words.append(f"recorded: {self.recorded}")
        words.extend(f"note: {note}" for note in self.notes)
        return one_line(" ".join(words))


def printed(text: str) -> str:
    """A value for a message. If it has invisible characters, it is in quotes and has escapes."""
    if text == text.strip() and text.isprintable():
        return text
    return f'"{one_line(text)}"'


def difference(expected: str | None, actual: str | None) -> list[str]:
    """The values of a refusal for a log line, such as ``[expected a, actual b]``.

    It is a list with one text, or an empty list if there are no values.
    """
    values = (("expected", expected), ("actual", actual))
    told = [f"{name} {value or 'nothing'}" for name, value in values if value is not None]
    return [f"[{', '.join(told)}]"] if told else []


def _size_of(headers: RawHeaders) -> int:
    """The number of bytes of all names and values."""
    return sum(map(len, chain.from_iterable(headers)))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


_HIDDEN = HIDDEN[:1].encode()

_LONG_WORD = re.compile(r"[^\s]{16}")
"""A word that is long enough to be the beginning of a secret."""


def _beginning(text: _Text, shown: int) -> _Text:
    """The part of a text to keep, to recognise secrets in its first ``shown`` characters."""
    kept = shown + LOOK_AHEAD
    return text if len(text) <= kept else text[:kept]


def certificate_json(certificate: ClientCertificate | None) -> dict[str, Any] | None:
    """A client certificate as the control API returns it."""
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
