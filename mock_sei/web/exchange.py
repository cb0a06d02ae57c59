"""One request and its answer on a platform listener: identity, limits, journal entry.

Every answer carries ``RequestTrackingId``, or the header that an assumption names instead. If the
client sent a GUID, that GUID is used (API-standards FAQ). The journal entry is closed before the
last byte is sent, so that a test that has its answer finds the entry.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from starlette.types import Message, Scope

from mock_sei.assumptions.moved import MovedPaths
from mock_sei.certificates.bundles import describe_pem
from mock_sei.errors import (
    BODY_TOO_LARGE,
    HEAD_TOO_LARGE,
    STORE_AWAY,
    Explanation,
    Refusal,
    RefusalKind,
    StoreAway,
    Words,
)
from mock_sei.journal.entries import BODY_KEPT, Entry, HttpRequest, HttpResponse, RawHeaders
from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.rules.addresses import LIVE_PATH
from mock_sei.rules.connection import TLS_VERSIONS, ClientCertificate, Connection, Findings
from mock_sei.rules.randomness import make_random
from mock_sei.rules.standards import Listener
from mock_sei.web.cross_origin import cross_origin_headers
from mock_sei.web.packed_headers import kept_headers

BODY_LIMIT = 1024 * 1024
"""Bytes of a form for the platform's own pages and endpoints; a larger one gets status 413."""

READ_ON_LIMIT = 32 * 1024 * 1024
"""Bytes that are still read of a body after it passed its limit and was refused."""

SCOPE_KEY = "mock_sei.exchange"
REFUSED = "mock_sei.refused"
"""The key in a scope for the :class:`Refusal` of a request that went over a limit."""

REFUSED_HEAD = "mock_sei.refused_head"
"""The key in a scope for the :class:`Refusal` of a request with a wrong head. It is sent before
any other check."""

AWAY = "mock_sei.away"
"""The key in a scope for the :class:`Refusal` of a request that began while the state could not be
reached."""

STALLED = "mock_sei.stalled"
"""The key that marks the scope of a request that is deliberately never answered."""

TOO_LARGE = frozenset({BODY_TOO_LARGE, HEAD_TOO_LARGE})
"""The kinds of refusals after which a client may still send."""
_TOO_LARGE_STATUSES = frozenset(each.status for each in TOO_LARGE)
"""A fault and a scripted answer may have these, too."""

PINNED_KEY = "mock_sei.pinned"
"""The key in a scope for the platform that the request works on; the connection sets it."""

CONTROL_KEY = "mock_sei.platform"
"""The key in a scope for the platform of a call of the control API; its listener sets it."""

T = TypeVar("T")

_GUID = re.compile(rb"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}")


@dataclass(frozen=True, kw_only=True)
class BodyLimit:
    """How large a body may be."""

    size: int
    """Largest size in bytes."""
    advice: str
    """What to do about a larger body; the journal shows this sentence."""


OWN_BODY = BodyLimit(
    size=BODY_LIMIT,
    advice="A form of the platform has some kilobytes; send no file to it.",
)


class Exchange:
    """What handlers need in addition to the request: the caller, and the journal entry to fill."""

    __slots__ = (
        "_body_ended",
        "_body_is_file",
        "_body_limit",
        "_body_size",
        "_closed",
        "_failed",
        "_found",
        "_is_too_large",
        "_reads_ahead",
        "_started",
        "connection",
        "endpoint",
        "entry",
        "listener",
        "moved_to",
        "platform",
        "refused",
        "tracking_id",
        "whole_body",
    )

    def __init__(self, platform: Platform, listener: Listener, scope: Scope) -> None:
        self.platform = platform = platform_of(scope, platform)
        """The platform with the state in which the request began, even if it was reset since."""
        self.listener = listener
        self.moved_to: str | None = None
        """Where the path of this request is now, if an assumption moved it."""
        moved = platform.state.moved_paths
        wire_path = None if moved is None else self._follow(moved, scope)
        self._started = machine.monotonic()
        self._body_size = 0
        self._body_ended = False
        self._body_limit = OWN_BODY
        self._body_is_file = False
        self._reads_ahead = False
        self.whole_body: bytes | None = None
        """The body, if it was read before the request is handled, as armed faults may need it."""
        self._is_too_large = False
        """Whether the request was refused since it is too large."""
        self.refused: RefusalKind | None = None
        """The kind of the refusal as the error table has it, None if nothing refused."""
        self.endpoint: str | None = None
        """The path template of the functional operation; None if it is none, or not found."""
        self._failed = False
        self._closed = False
        self._found: Findings | None = None
        """What was found before the present work."""
        tls = scope.get("extensions", {}).get("tls") or {}
        client = scope.get("client")
        self.connection = Connection(
            listener=listener,
            source_address=client[0] if client else "127.0.0.1",
            certificate=_certificate_of(tls),
        )
        headers = scope["headers"]
        tracking = platform.state.tracking
        sent = {value for name, value in headers if name == tracking.lower}
        own = sent.pop() if len(sent) == 1 else None
        guid = own is not None and _GUID.fullmatch(own) is not None
        self.tracking_id = own.decode() if own and guid else _new_tracking_id(scope, platform)
        self.entry = Entry(
            kind="exchange",
            timestamp=platform.clock.timestamp(),
            connection=self.connection,
            tls_version=TLS_VERSIONS.get(tls.get("tls_version", 0)),
            tracking_id=self.tracking_id,
            request=HttpRequest(
                secrets=platform.state.secrets,
                method=scope["method"],
                path=scope["path"],
                wire_path=wire_path,
                path_is_whole=not _has_escaped_slash(scope.get("raw_path") or b""),
                raw_headers=kept_headers(headers),
                raw_query=scope["query_string"],
            ),
            response=HttpResponse(secrets=platform.state.secrets),
            releases=platform.journal.releases,
        )
        if own is not None and not guid:
            self.entry.notes.append(f"{tracking.text} is not a GUID; a new GUID replaces it")
        if sent:
            note = f"{tracking.text} came with different values; a new GUID replaces them"
            self.entry.notes.append(note)

    def _follow(self, moved: MovedPaths, scope: Scope) -> str | None:
        """Gives a request to a moved operation the path that all handlers know.

        Returns the path on the wire, None if it is no path of a moved operation.
        """
        path: str = scope["path"]
        name = moved.name_of(path)
        if name is None:
            new = moved.find_new(path)
            self.moved_to = None if new is None else f"{new[1]} (assumption {new[0]})"
            return None
        scope["path"], scope["raw_path"] = name, quote(name).encode()
        return path

    @property
    def called_path(self) -> str:
        """The path that the client called."""
        request = self.entry.request
        return "" if request is None else request.wire_path or request.path

    async def work(self, work: Callable[[], T]) -> T:
        """Runs work on the platform's state as a unit. Raises what ``work`` raises, and a
        :class:`Refusal` if the state cannot be reached.

        If another server changed the state meanwhile, the work runs again: so ``work`` must not
        read from the connection, and what it noted in the journal entry is taken back.
        """
        units = self.platform.units
        if not units.is_shared:
            return work()
        try:
            return await units.run_on_loop(self.repeatable(work))
        except StoreAway as error:
            self.take_back()
            raise store_away(error) from None

    def repeatable(self, work: Callable[[], T]) -> Callable[[], T]:
        """``work``, which finds the journal entry as it is now, also if it runs again."""
        findings = self.entry.findings
        self._found = replace(findings, notes=[*findings.notes], passed=[*findings.passed])

        def again() -> T:
            self.take_back()
            return work()

        return again

    def take_back(self) -> None:
        """Takes back what work noted in the journal entry that runs again, or was not kept."""
        findings, found = self.entry.findings, self._found
        if found is not None:  # the object stays: the application that is called has it
            findings.application = found.application
            findings.service_account = found.service_account
            findings.notes = [*found.notes]
            findings.passed = [*found.passed]

    def cross_origin_headers(self) -> list[tuple[bytes, bytes]]:
        """The CORS headers of the answer; empty on the two-way listener."""
        request = self.entry.request
        if self.listener is not Listener.ONE_WAY or request is None:
            return []
        origin = find_header(request.raw_headers, b"origin")
        if origin is None:
            return []
        headers = cross_origin_headers(
            request.path,
            origin.decode("latin-1"),
            self.platform.state.registry,
            preflight=is_preflight(request),
            tracking=self.platform.state.tracking.text,
        )
        return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]

    @property
    def passes_preflight(self) -> bool:
        """True for a preflight of an allowed origin; it is answered before the gateway's checks."""
        request = self.entry.request
        if request is None or not is_preflight(request):
            return False
        allowed = b"Access-Control-Allow-Origin"
        return any(name == allowed for name, _ in self.cross_origin_headers())

    @property
    def words(self) -> Words:
        """The words with which the platform answers refusals."""
        return self.platform.state.assumptions.refusal.words

    def refuse(self, refusal: Refusal) -> RefusalKind:
        """Notes a refusal in the journal entry, and returns what the client gets of it."""
        self.entry.refuse(refusal.why)
        self.refused = refusal.kind
        self._is_too_large = refusal.kind in TOO_LARGE
        return self.words.of(refusal)

    def record_bug(self, trace: str) -> None:
        """Records a bug with its traceback. Only the first of an exchange counts.

        An exception may pass here twice: in the application, and again in the listener.
        """
        if not self._failed:
            self._failed = True
            self.platform.record_bug(trace)

    def expect_body(self, limit: BodyLimit, announced: int, *, is_file: bool) -> None:
        """Sets how large the body may be, before it is read.

        ``announced`` is the size in bytes that ``Content-Length`` gives. For a file, the journal
        keeps only the size. Raises :class:`Refusal` if ``announced`` is over the limit.
        """
        self._body_limit, self._body_is_file = limit, is_file
        request = self.entry.request
        if is_file and request is not None:
            request.raw_body = b""  # of what was read ahead
        refuse_size(announced, limit)

    def received(self, message: Message) -> None:
        """Counts and keeps a piece of the body. Raises :class:`Refusal` over the limit."""
        piece: bytes = message.get("body", b"")
        self._body_ended = not message.get("more_body", False)
        request = self.entry.request
        if request is not None:
            if self._body_size < BODY_KEPT and not self._body_is_file:
                request.raw_body += piece[: BODY_KEPT - self._body_size]
            request.body_size += len(piece)
        self._body_size += len(piece)
        if not self._reads_ahead:
            self.refuse_large_body()

    def refuse_large_body(self) -> None:
        """Raises :class:`Refusal` if more of the body has come than the limit allows."""
        if self._body_size > self._body_limit.size:
            raise body_too_large(self._body_limit, f"more than {self._body_limit.size}")

    @contextlib.contextmanager
    def reading_ahead(self) -> Iterator[None]:
        """Meanwhile no body is too large: its limit is known when the request is handled."""
        self._reads_ahead = True
        try:
            yield
        finally:
            self._reads_ahead = False

    @property
    def has_answered(self) -> bool:
        """Whether the answer has begun."""
        response = self.entry.response
        return response is None or response.status != 0

    @property
    def has_whole_body(self) -> bool:
        """Whether the whole request body has come."""
        return self._body_ended

    @property
    def most_read_on(self) -> int:
        """Bytes that are still read of a body that is too large, after its refusal was sent."""
        return READ_ON_LIMIT + self._body_limit.size

    @property
    def leaves_client_sending(self) -> bool:
        """True if the request is too large, and is answered while the client still sends it."""
        response = self.entry.response
        has_status = response is not None and response.status in _TOO_LARGE_STATUSES
        return (self._is_too_large or has_status) and not self._body_ended

    def sending(self, message: MutableMapping[str, Any]) -> None:
        """Adds the tracking id; records the answer, and closes the entry at its last piece."""
        response = self.entry.response
        if response is None or self._closed:
            return
        if message["type"] == "http.response.start":
            headers = list(message["headers"])
            own = {name.lower() for name, _ in headers}
            tracking = self.platform.state.tracking
            if tracking.lower in own:  # of a scripted answer
                headers = [each for each in headers if each[0].lower() != tracking.lower]
            headers.append((tracking.name, self.tracking_id.encode()))
            # A scripted header replaces ours: a browser refuses an answer that has one twice.
            headers += [
                (name, value)
                for name, value in self.cross_origin_headers()
                if name == b"Vary" or name.lower() not in own
            ]
            message["headers"] = headers
            response.status = message["status"]
            response.raw_headers = headers
            return
        piece: bytes = message.get("body", b"")
        kept = len(response.raw_body)
        if kept < BODY_KEPT:
            response.raw_body += piece[: BODY_KEPT - kept]
        response.body_size += len(piece)
        if not message.get("more_body", False):
            self._close()

    def leave_out(self) -> None:
        """The journal gets no entry of this exchange: nobody made it, and it has no end."""
        self._closed = True

    def end_unanswered(self) -> None:
        """Closes the journal entry of an answer that will never be complete."""
        self._close()

    def client_left(self) -> None:
        """Records that the client left before its request was complete, so no answer is sent."""
        request = self.entry.request
        announced = find_header(request.raw_headers if request else (), b"content-length")
        because = (
            "The request ended before its body was complete: the client left, or was too slow."
        )
        self.entry.refuse(
            Explanation(
                check="request",
                because=because,
                expected=f"{announced.decode('latin-1')[:20]} bytes" if announced else None,
                actual=f"{self._body_size} bytes",
            )
        )
        self._close()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            self.entry.duration_ms = round((machine.monotonic() - self._started) * 1000, 3)
            refused = self.refused
            code = None if refused is None else refused.code
            self.platform.record(self.entry, endpoint=self.endpoint, code=code)


async def begin(scope: Scope, platform: Platform) -> None:
    """Lets a request begin on the state that there is now, with what other servers did.

    A state that only this server has was taken at the request's first byte.
    """
    if PINNED_KEY in scope or not platform.units.is_shared:
        return
    try:
        await platform.units.refresh_on_loop()
    except StoreAway as error:
        scope[AWAY] = store_away(error)
    scope[PINNED_KEY] = platform.pinned()


def store_away(error: StoreAway) -> Refusal:
    """The refusal of a request while the state cannot be reached."""
    return Refusal(
        STORE_AWAY,
        check="state",
        because=f"The state of this platform cannot be reached: {error}. Send the request again "
        "when the store answers; the server heals by itself.",
        expected="a store that answers",
        actual=str(error),
        description="The test server cannot reach its state.",
    )


def platform_of(scope: Scope, platform: Platform) -> Platform:
    """The platform a request works on, in one state from the request's first byte to its last."""
    pinned: Platform | None = scope.get(PINNED_KEY)
    return pinned or platform.pinned()


def let_go(scope: Scope) -> None:
    """Removes our objects from a scope, which an idle connection keeps after its last request.

    Otherwise a state that was reset would stay in memory.
    """
    for key in (PINNED_KEY, SCOPE_KEY, CONTROL_KEY):
        scope.pop(key, None)


def _new_tracking_id(scope: Scope, platform: Platform) -> str:
    """A GUID. That of a live page is not of the platform's own, which a seed may repeat."""
    if scope["path"] != LIVE_PATH:
        return platform.new_tracking_id()
    return str(UUID(int=make_random(None).getrandbits(128), version=4))


def _has_escaped_slash(path: bytes) -> bool:
    """Whether a path has a slash that is no separator: decoded, it cannot be told from one."""
    return b"%" in path and b"%2f" in path.lower()


def is_preflight(request: HttpRequest) -> bool:
    """Whether this is a CORS preflight, which a browser sends without token and AppKey."""
    asked = find_header(request.raw_headers, b"access-control-request-method")
    return request.method == "OPTIONS" and asked is not None


def find_header(headers: RawHeaders, name: bytes) -> bytes | None:
    """The first value of a header. ``name`` must be in lower case."""
    for each, value in headers:
        if each == name:
            return value
    return None


def refuse_size(announced: int, limit: BodyLimit) -> None:
    """Raises :class:`Refusal` for an announced size over the limit."""
    if announced > limit.size:
        raise body_too_large(limit, str(announced))


def body_too_large(limit: BodyLimit, actual: str) -> Refusal:
    """The refusal of a body over the limit; ``actual`` is its size in words."""
    return Refusal(
        BODY_TOO_LARGE,
        check="body size",
        because=f"The request body is larger than {limit.size} bytes. {limit.advice}",
        expected=f"at most {limit.size} bytes",
        actual=f"{actual} bytes",
    )


def _certificate_of(tls: MutableMapping[str, Any]) -> ClientCertificate | None:
    chain = tls.get("client_cert_chain")
    return describe_pem(chain[0]) if chain else None
