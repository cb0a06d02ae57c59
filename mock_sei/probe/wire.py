"""Sends a request of a probe as it is, on a connection of its own, and records what happens.

Order and case of headers stay, and a header may come twice. Each exchange ends within a bound of
time and of bytes, whatever the other side does.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import h11

from mock_sei.probe.asking import ProbeAsk, ProbeIdentity
from mock_sei.recordings.exchanges import (
    BLANK,
    NO_BODY,
    Listener,
    RecordedBody,
    RecordedExchange,
    RecordedRequest,
    RecordedResponse,
    RecordedTls,
)
from mock_sei.recordings.proxies import (
    NO_HTTP,
    EnvironmentProxy,
    connect_request,
    find_connect_problem,
)
from mock_sei.rules import machine
from mock_sei.values.alerts import find_alert

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer's body that are kept."""
LARGEST_WHOLE = 16 * 1024
"""Bytes of a request's body that are kept. Only fillers are larger, and nobody needs these."""
_CLOSED = "the connection was closed without an answer"
_CUT = "the connection was closed in the middle of the answer"
_LARGEST_HEAD = 256 * 1024
_LARGEST_PROXY_HEAD = 64 * 1024
_PIECE = 64 * 1024
_LONGEST = timedelta(seconds=60)
"""The longest exchange, unless a probe waits for longer."""
_CODED = "its Content-Encoding is not decoded here"


@dataclass(frozen=True, kw_only=True)
class ShownIdentity:
    """A client certificate as a TLS context, and its CN."""

    context: ssl.SSLContext
    common_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One listener of the real platform."""

    host: str
    port: int
    origin: str
    """As in ``https://test.example.com:444``, without the usual port."""
    proxy: EnvironmentProxy | None = None

    @property
    def authority(self) -> str:
        """What ``Host`` says."""
        return self.origin.partition("://")[2]


class UpstreamProblem(Exception):
    """No answer came. ``alert`` is the TLS alert with which the platform refused, if it did."""

    def __init__(self, problem: str, *, alert: str | None = None) -> None:
        super().__init__(problem)
        self.alert = alert


class NothingSent(UpstreamProblem):
    """The platform is not reached, or its certificate is not accepted, so the run ends."""


@dataclass(kw_only=True)
class _Course:
    """What is known of one exchange so far."""

    version: str | None = None
    status: int = 0
    reason: str = ""
    http_version: str = "HTTP/1.1"
    headers: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    is_whole: bool = False


@dataclass(frozen=True, kw_only=True)
class SocketTransport:
    """Sends requests to the upstream by sockets."""

    endpoints: Mapping[Listener, Endpoint]
    identities: Mapping[ProbeIdentity, ShownIdentity]
    timeout: timedelta

    def send(self, ask: ProbeAsk) -> RecordedExchange:
        """Sends one request. What goes wrong stands in the exchange.

        Raises :class:`NothingSent`; everything that the other side does later is an answer.
        """
        endpoint = self.endpoints[ask.listener]
        identity = self.identities[ask.identity]
        headers = sent_headers(ask, endpoint.authority)
        started, begun = machine.now(), machine.monotonic()
        course, failure, alert = _Course(), None, None
        try:
            self._converse(endpoint, identity, ask, headers, course)
        except NothingSent:
            raise
        except UpstreamProblem as problem:
            failure, alert = str(problem), problem.alert
        request = RecordedRequest(
            method=ask.method,
            url=f"{endpoint.origin}{ask.target}",
            headers=headers,
            body=request_body(ask),
        )
        return RecordedExchange(
            started=started,
            milliseconds=(machine.monotonic() - begun) * 1000,
            listener=ask.listener,
            request=request,
            response=_response(course) if course.status else None,
            tls=RecordedTls(
                client_common_name=identity.common_name, version=course.version, alert=alert
            ),
            failure=failure,
        )

    def _converse(
        self,
        endpoint: Endpoint,
        identity: ShownIdentity,
        ask: ProbeAsk,
        headers: tuple[tuple[str, str], ...],
        course: _Course,
    ) -> None:
        longest = ask.patience or _LONGEST
        end = machine.monotonic() + longest.total_seconds()
        patience = (ask.patience or self.timeout).total_seconds()
        raw = self._connect(endpoint)
        with (
            _saying_what_happened(endpoint.origin),
            raw,
            identity.context.wrap_socket(raw, server_hostname=endpoint.host) as tls,
        ):
            course.version = tls.version()
            tls.settimeout(patience)
            # A server that refuses early may close before everything is sent; its answer is
            # read in spite of that.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                tls.sendall(request_bytes(ask, headers))
            _read(tls, ask, course, end)

    def _connect(self, endpoint: Endpoint) -> socket.socket:
        """A connection without TLS. Raises :class:`NothingSent`."""
        seconds, proxy = self.timeout.total_seconds(), endpoint.proxy
        there = (endpoint.host, endpoint.port) if proxy is None else (proxy.host, proxy.port)
        try:
            raw = socket.create_connection(there, timeout=seconds)
            try:
                if proxy is not None:
                    _open_tunnel(raw, endpoint, proxy)
            except BaseException:
                raw.close()
                raise
        except TimeoutError:
            raise NothingSent(f"{endpoint.origin} does not answer in time") from None
        except OSError as error:
            reason = error.strerror or str(error) or type(error).__name__
            through = "" if proxy is None else f" through the proxy {proxy.host}"
            raise NothingSent(f"{endpoint.origin} is not reached{through}: {reason}") from None
        return raw


def sent_headers(ask: ProbeAsk, authority: str) -> tuple[tuple[str, str], ...]:
    """All headers of a request, in the order in which they are sent."""
    sent = [("Host", authority), *ask.headers]
    if ask.body:
        sent.append(("Content-Length", str(len(ask.body))))
    return (*sent, ("Connection", "close"))


def request_bytes(ask: ProbeAsk, headers: tuple[tuple[str, str], ...]) -> bytes:
    """A request as it is sent."""
    lines = [
        f"{ask.method} {ask.target} HTTP/1.1",
        *(f"{name}: {value}" for name, value in headers),
    ]
    head = "\r\n".join(lines).encode("utf-8", "surrogateescape")
    return head if ask.is_cut else head + b"\r\n\r\n" + ask.body


@contextlib.contextmanager
def _saying_what_happened(origin: str) -> Iterator[None]:
    """Turns each error of a socket into an :class:`UpstreamProblem`, without words of a peer."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise NothingSent(
            f"the certificate of {origin} is not accepted: {error.verify_message} (--cacert names "
            "the CA to trust)"
        ) from None
    except TimeoutError:
        raise UpstreamProblem("no answer in time") from None
    except ssl.SSLError as error:
        reason = error.reason or type(error).__name__
        if alert := find_alert(reason):
            raise UpstreamProblem(f"refused with the TLS alert {alert}", alert=alert) from None
        raise UpstreamProblem(f"TLS failed: {reason.lower()}") from None
    except h11.RemoteProtocolError:
        raise UpstreamProblem("what came is not HTTP") from None
    except OSError as error:
        raise UpstreamProblem(error.strerror or type(error).__name__) from None


def _read(tls: ssl.SSLSocket, ask: ProbeAsk, course: _Course, end: float) -> None:
    """Reads the answer. Raises ``OSError``, ``h11.RemoteProtocolError``, ``UpstreamProblem``."""
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LARGEST_HEAD)
    # h11 wants to know the request to which the answer belongs; what was sent stands elsewhere.
    method = ask.method if ask.method in ("GET", "HEAD") else "POST"
    http.send(h11.Request(method=method, target="/", headers=[("Host", "upstream")]))
    http.send(h11.EndOfMessage())
    is_closed = False
    while not course.is_whole and course.size <= LARGEST_ANSWER:
        try:
            event = http.next_event()
        except h11.RemoteProtocolError:
            if is_closed:
                raise UpstreamProblem(_CUT if course.status else _CLOSED) from None
            raise
        if event is h11.NEED_DATA:
            if machine.monotonic() > end:
                raise UpstreamProblem("the answer does not end")
            piece = tls.recv(_PIECE)
            is_closed = not piece
            http.receive_data(piece)
        elif isinstance(event, h11.Response):
            course.status, course.reason = event.status_code, event.reason.decode("latin-1")
            course.http_version = f"HTTP/{event.http_version.decode('ascii')}"
            raw_headers = event.headers.raw_items()
            course.headers += [(_text(name), _text(value)) for name, value in raw_headers]
        elif isinstance(event, h11.Data):
            course.pieces.append(bytes(event.data))
            course.size += len(event.data)
        elif isinstance(event, h11.EndOfMessage):
            course.is_whole = True
        elif isinstance(event, h11.ConnectionClosed):
            raise UpstreamProblem(_CLOSED)


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def request_body(ask: ProbeAsk) -> RecordedBody:
    """What is recorded of a request's body."""
    if not ask.body:
        return NO_BODY
    media_type = next((value for name, value in ask.headers if name == "Content-Type"), "")
    if len(ask.body) > LARGEST_WHOLE:
        return RecordedBody(media_type=media_type, size=len(ask.body), left_out=BLANK)
    return RecordedBody(media_type=media_type, size=len(ask.body), data=ask.body)


def _response(course: _Course) -> RecordedResponse:
    found = {name.lower(): value for name, value in reversed(course.headers)}
    media_type = found.get("content-type", "")
    body = RecordedBody(media_type=media_type, size=course.size, data=b"".join(course.pieces))
    problem = None
    if not course.is_whole:
        problem = "the connection ended in the middle of it, or it is too large"
    elif found.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        problem = _CODED
    if not course.size:
        body = RecordedBody(media_type=media_type)
    elif problem is not None:
        body = RecordedBody(media_type=media_type, size=course.size, left_out=problem)
    return RecordedResponse(
        status=course.status,
        reason=course.reason,
        http_version=course.http_version,
        headers=tuple(course.headers),
        body=body,
    )


def _open_tunnel(raw: socket.socket, endpoint: Endpoint, proxy: EnvironmentProxy) -> None:
    """Asks a proxy for a connection. Raises ``OSError``."""
    raw.sendall(connect_request(endpoint.host, endpoint.port, proxy))
    head = bytearray()
    while not head.endswith(b"\r\n\r\n"):
        # One byte at a time: what follows belongs to the platform.
        piece = raw.recv(1)
        if not piece or len(head) > _LARGEST_PROXY_HEAD:
            raise ConnectionError(NO_HTTP)
        head += piece
    problem = find_connect_problem(bytes(head))
    if problem is not None:
        raise ConnectionError(problem)
