"""Calls the listeners of a platform in this process, without sockets and without TLS.

What TLS decides on a socket is decided here: the two-way listener refuses a client without a
certificate.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from mock_sei.certificates.authority import Authority
from mock_sei.errors import KINDS, Refusal, RefusalKind
from mock_sei.platform import Platform
from mock_sei.recordings.exchanges import Listener as ListenerName
from mock_sei.rules import machine
from mock_sei.rules.connection import TLS_VERSIONS
from mock_sei.rules.standards import Listener
from mock_sei.runtime.heads import find_head_problem
from mock_sei.runtime.limits import Meter
from mock_sei.web.exchange import REFUSED_HEAD, SCOPE_KEY, Exchange
from mock_sei.web.listener import PlatformListener

HOST = "localhost"
NO_CERTIFICATE = "certificate_required"
"""The alert of TLS 1.3 for a client without a certificate (RFC 8446 section 6.2)."""
LONGEST_NAME = 64
"""Characters of the longest CN (RFC 5280, ``ub-common-name``)."""

_LISTENERS: Mapping[ListenerName, Listener] = {
    "one-way": Listener.ONE_WAY,
    "two-way": Listener.TWO_WAY,
}
_NEWEST = max(TLS_VERSIONS)
_Message = MutableMapping[str, Any]
Application = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]
"""An ASGI application."""
_KIND_NAMES = {kind: name for name, kind in KINDS.items()}


@dataclass(frozen=True, kw_only=True)
class MockRequest:
    """A request as the mock gets it."""

    listener: ListenerName
    method: str
    target: str
    """Path and query, with percent escapes."""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    hosts: tuple[str, ...] = ()
    """Values of further ``Host`` headers, which no request may have."""
    common_name: str | None = None
    """The CN of the client certificate, None without one."""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]


@dataclass(frozen=True, kw_only=True)
class MockAnswer:
    """What the mock answered, and why."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = field(default=b"", repr=False)
    alert: str | None = None
    """The TLS alert that the client would have got in place of an answer."""
    check: str | None = None
    """The check that refused, None if none did."""
    because: str | None = None
    kind: str | None = None
    """The name of the refusal's kind in the error table, such as ``token_invalid``."""

    def find_header(self, name: str) -> str | None:
        """The first value of a header, whose name may have any case."""
        wanted = name.lower()
        return next((value for each, value in self.headers if each.lower() == wanted), None)

    def find_json(self) -> Any:
        """The body as a JSON value, None if it is none."""
        try:
            return json.loads(self.body) if self.body else None
        except (ValueError, RecursionError):
            return None


class InProcessCaller:
    """The clients of one platform."""

    def __init__(
        self, platform: Platform, app: Application, certificates: ClientCertificates
    ) -> None:
        self._certificates = certificates
        self._apps = {
            name: PlatformListener(app, platform, listener) for name, listener in _LISTENERS.items()
        }

    async def call(self, request: MockRequest) -> MockAnswer:
        """The answer to a request, or the alert in its place."""
        chain: list[str] = []
        if request.listener == "two-way":
            if request.common_name is None:
                because = "The client showed no certificate on the two-way listener."
                return MockAnswer(alert=NO_CERTIFICATE, check="client certificate", because=because)
            chain = [self._certificates.pem_of(request.common_name)]
        scope = _scope_of(request, chain)
        problem = _head_problem(scope)
        if problem is not None:
            scope[REFUSED_HEAD] = problem
        status, headers, body = await _run(self._apps[request.listener], scope, request.body)
        exchange: Exchange = scope[SCOPE_KEY]
        return MockAnswer(
            status=status,
            headers=headers,
            body=body,
            check=exchange.entry.refused_by,
            because=exchange.entry.refused_because,
            kind=_name_of(exchange.refused),
        )


class ClientCertificates:
    """Client certificates with any CN. All have one key: no handshake proves it."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority
        self._key = authority.new_ec_key()
        self._made: dict[str, str] = {}

    def pem_of(self, common_name: str) -> str:
        """A certificate as PEM, always the same one for a CN."""
        name = common_name[:LONGEST_NAME]
        if name not in self._made:
            made = self._authority.issue_identity(name, now=machine.now(), key=self._key)
            self._made[name] = made.certificate_pem.decode()
        return self._made[name]


def _name_of(kind: RefusalKind | None) -> str | None:
    return None if kind is None else _KIND_NAMES.get(kind)


def _scope_of(request: MockRequest, chain: list[str]) -> MutableMapping[str, Any]:
    path, _, query = request.target.partition("?")
    tls = {"client_cert_chain": chain, "tls_version": _NEWEST}
    host = [(b"host", _bytes(each)) for each in (HOST, *request.hosts)]
    sent = [(_bytes(name.lower()), _bytes(value)) for name, value in request.headers]
    length = [(b"content-length", b"%d" % len(request.body))] if request.body else []
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "https",
        "path": unquote(path),
        "raw_path": _bytes(path),
        "query_string": _bytes(query),
        "root_path": "",
        "headers": [*host, *sent, *length],
        "client": ("127.0.0.1", 50_000),
        "server": (HOST, 443),
        "extensions": {"tls": tls},
    }


def _head_problem(scope: _Message) -> Refusal | None:
    """Why the connection refuses the head of a request, before the platform sees it."""
    meter = Meter()
    meter.add_request_line(len(scope["method"]) + len(scope["raw_path"]))
    meter.add_request_line(len(scope["query_string"]))
    for name, value in scope["headers"]:
        meter.add_header(name, value)
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    return meter.find_excess() or find_head_problem(hosts, scope["http_version"])


async def _run(
    app: Application, scope: _Message, body: bytes
) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
    """Status, headers and body that an application answers."""
    answered = asyncio.Event()
    waiting = [{"type": "http.request", "body": body, "more_body": False}]
    status = 0
    headers: list[tuple[str, str]] = []
    pieces: list[bytes] = []

    async def receive() -> _Message:
        if waiting:
            return waiting.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: _Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            headers.extend((_text(name), _text(value)) for name, value in message["headers"])
            return
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            answered.set()

    await app(scope, receive, send)
    return status, tuple(headers), b"".join(pieces)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")
