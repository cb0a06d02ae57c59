"""TLS of the two platform listeners: contexts, exact alerts, and our own check after OpenSSL's.

asyncio drops a connection whose handshake fails without sending the alert that says why
(python/cpython issue 98078), and OpenSSL reads the machine's clock. Both are mended in
:class:`Handshake`, the public hook ``SSLContext.sslobject_class``: it holds a failure back until
the loop has flushed the alert, and judges an accepted certificate by the platform's clock and
revocations, resumed sessions included.
"""

from __future__ import annotations

import contextlib
import contextvars
import os
import ssl
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from mock_sei.certificates.accounts import Trusted
from mock_sei.certificates.bundles import Identity, describe_der
from mock_sei.errors import Explanation
from mock_sei.journal.diagnosis import ABANDONED, HELLO_TOO_LARGE, STALLED, HandshakeFailure
from mock_sei.platform import Platform
from mock_sei.rules.connection import TLS_VERSIONS, ClientCertificate, Connection
from mock_sei.rules.standards import Listener
from mock_sei.runtime.contexts import IN_C, PlainContext
from mock_sei.runtime.limits import HELLO_LIMIT

NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME, which the ``ssl`` module does not name."""

NO_ALERT_REASONS = frozenset({"HTTP_REQUEST", "HTTPS_PROXY_REQUEST"})
"""The client does not speak TLS and would wait for an answer it cannot read."""

TLS_1_2_SUITES = ":".join(
    f"ECDHE-ECDSA-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
)
"""Those of Mozilla's intermediate profile, for a server whose key is EC; OpenSSL would add CBC."""

_DESCRIPTORS = "/proc/self/fd"

_LARGEST_SHOWN = 16 * 1024
"""Bytes of a refused certificate that the journal tells the subject of; OpenSSL reads 100 KB."""

_HANDSHAKE_CONTENT, _CERTIFICATE_MESSAGE, _TLS_1_3 = 22, 11, 0x0304


class CertificateRefused(ssl.SSLError):
    """Our own check refused a certificate that OpenSSL accepted; no alert can be sent then."""


class RecordedBug(Exception):
    """mock-sei itself failed during a handshake, and the traceback is kept already."""


class HelloTooLarge(ssl.SSLError):
    """A client sends more of its first message than is read of one."""


class PendingConnection:
    """One connection from accept to the end of its handshake."""

    def __init__(self, platform: Platform, listener: Listener, source_address: str) -> None:
        self._platform = platform
        self._listener = listener
        self._source_address = source_address
        self.shown_certificate: ClientCertificate | None = None
        """What the client sent, accepted or not, where it could be seen."""
        self.shown_chain: tuple[bytes, ...] = ()
        """That certificate and what came with it, DER, where it could be seen."""
        self.tls_version: str | None = None
        """The version agreed on, as far as the handshake got and it could be seen."""
        self.refused = False
        self.heard = False
        """True once the client sent a byte; a bare connect is no failed handshake."""
        self.end: Callable[[], object] = lambda: None
        """Called when a refusal's alert is on its way and nothing more will be read."""
        self.abort: Callable[[], object] = lambda: None
        """Called after a failure of our own: the connection ends at once."""

    def judge(self, certificate: ClientCertificate) -> Explanation | None:
        return self._platform.judge_certificate(certificate, self.shown_chain)

    def refuse(self, failure: HandshakeFailure) -> None:
        if not self.refused:
            why = self._platform.explain_handshake(
                failure, self.shown_certificate, self.shown_chain
            )
            self.record(why)

    def record(self, why: Explanation) -> None:
        """At most one entry a connection: the first reason is the true one."""
        if self.refused:
            return
        self.refused = True
        connection = Connection(
            listener=self._listener,
            source_address=self._source_address,
            certificate=self.shown_certificate,
        )
        self._platform.record_handshake(connection, why, self.tls_version)

    def record_bug(self, error: Exception) -> None:
        """Ends the connection too: the loop may keep one open whose first step failed."""
        self._platform.record_bug("".join(traceback.format_exception(error)))
        self.refused = True
        self.abort()

    def let_go(self) -> None:
        """The handshake is over: the connection must not keep the state of its beginning."""
        self.end = self.abort = lambda: None
        self.refused = True  # or it was accepted: no entry follows
        self.shown_chain = ()
        del self._platform

    def closed(self, error: BaseException) -> None:
        """The handshake ended without OpenSSL finding fault."""
        if self.heard:
            timed_out = isinstance(error, ConnectionAbortedError | TimeoutError)
            self.refuse(HandshakeFailure(reason=STALLED if timed_out else ABANDONED))


pending_connection: contextvars.ContextVar[PendingConnection] = contextvars.ContextVar(
    "pending_connection"
)
"""Set by whoever accepts a socket, read when the loop makes the connection's SSL object."""


class ListenerContext(PlainContext):
    """A server context that follows the sandbox's clock; for the rest it is made anew."""

    platform: Platform
    wants_certificate: bool

    @classmethod
    def create(
        cls, platform: Platform, identity: Identity, *, client_certificates: bool
    ) -> ListenerContext:
        """Raises ``OSError`` or ``ValueError`` where a part cannot be loaded.

        It costs what is registered and revoked.
        """
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context.platform = platform
        context.sslobject_class = Handshake
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(TLS_1_2_SUITES)
        context.num_tickets = 0  # TLS 1.3; OP_NO_TICKET alone leaves them on
        context.options |= ssl.OP_NO_TICKET
        load_identity(context, identity)
        context.wants_certificate = client_certificates
        if client_certificates:
            context.verify_mode = ssl.CERT_REQUIRED
            trust_clients(context, platform.authority.pem.issuing, platform.certificates.trusted())
            _watch_certificates(context)
        return context

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **kwargs: Any
    ) -> ssl.SSLObject:
        """Called by the loop for each connection, before its handshake."""
        if self.wants_certificate:
            self._follow_clock()
        wrapped = super().wrap_bio(incoming, outgoing, *args, **kwargs)
        if isinstance(wrapped, Handshake):
            wrapped.incoming, wrapped.outgoing = incoming, outgoing
            wrapped.connection = pending_connection.get()
        return wrapped

    def _follow_clock(self) -> None:
        if self.platform.clock.is_machine:
            if self.verify_flags & NO_CHECK_TIME:
                self.verify_flags = ssl.VerifyFlags(self.verify_flags & ~NO_CHECK_TIME)
        elif not self.verify_flags & NO_CHECK_TIME:
            self.verify_flags = ssl.VerifyFlags(self.verify_flags | NO_CHECK_TIME)


class TlsWatcher(Protocol):
    """Who deals with the end of what a client sends; called in the middle of the loop's reading."""

    def client_ended(self) -> None:
        """The client said that it sends nothing more. Called again whenever the loop reads."""

    def tls_failed(self, failure: HandshakeFailure) -> None:
        """What came is no TLS of this connection; an alert is on its way to the client."""


class Handshake(ssl.SSLObject):
    """The server's side of one connection's TLS."""

    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO
    connection: PendingConnection
    _failed = False
    _hello: int | None = 0
    """Bytes of the client's first message so far; None once it was answered."""
    _calls = 0
    _der: bytes | None = None
    _watcher: TlsWatcher | None = None

    def do_handshake(self) -> None:
        """As the library's, but the alert of a failure goes out before the failure is raised.

        A failure of our own is recorded before the loop closes the connection because of it: the
        client's test may end at once.
        """
        try:
            self._shake_hands()
        except OSError:  # every error of TLS is one
            raise
        except Exception as error:
            self.connection.record_bug(error)
            raise RecordedBug from error

    def _shake_hands(self) -> None:
        self._calls += 1
        self.connection.heard = self._calls > 1
        if self._failed:
            self.incoming.read()  # the client may be half through its request: read, do not reset
            raise ssl.SSLWantReadError
        received = self.incoming.pending
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._limit_hello(received)
            raise
        except ssl.SSLError as error:
            self.connection.refuse(_failure(error))
            if error.reason in NO_ALERT_REASONS:
                raise
            self._failed = True
            self.connection.end()
            raise ssl.SSLWantReadError from None
        self._check_accepted()

    def _limit_hello(self, received: int) -> None:
        """Raises :class:`HelloTooLarge`; OpenSSL has found no fault yet, so no alert is sent."""
        if self._hello is None or self.outgoing.pending:
            self._hello = None
            return
        self._hello += received
        if self._hello > HELLO_LIMIT:
            self.connection.refuse(HandshakeFailure(reason=HELLO_TOO_LARGE))
            raise HelloTooLarge(HELLO_TOO_LARGE)

    def watch(self, watcher: TlsWatcher | None) -> None:
        """From now on the end of what the client sends is the watcher's to deal with; None lets go
        of it."""
        self._watcher = watcher

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002  # its name
        """As the library's, but for two ends that the loop would make too much of.

        After the client's farewell (``close_notify``) the loop would drop every answer, though the
        other direction stays open (RFC 8446 section 6.1); after an error it would drop the alert.
        """
        if self._failed:
            self.incoming.read()
            raise ssl.SSLWantReadError
        try:
            received = super().read(len, buffer)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLZeroReturnError):
            raise  # the last one: the client's farewell after ours, as it should be
        except ssl.SSLError as error:
            if self._watcher is None:
                raise
            self._failed = True
            self._watcher.tls_failed(_failure(error))
            raise ssl.SSLWantReadError from None
        if received or self._watcher is None:
            return received
        self._watcher.client_ended()
        raise ssl.SSLWantReadError

    def getpeercert(self, binary_form: bool = False) -> Any:
        """DER, read once. Decoded there is none: the loop asks at each connection, for nobody."""
        if not binary_form:
            return None
        if self._der is None:
            self._der = super().getpeercert(binary_form=True)
        return self._der

    def _check_accepted(self) -> None:
        der = self.getpeercert(binary_form=True)
        if der is None:
            return
        certificate = self.connection.shown_certificate = describe_der(der)
        why = self.connection.judge(certificate)
        if why is not None:
            self.connection.tls_version = self.version()
            self.connection.record(why)
            raise CertificateRefused(why.because)


def trust_clients(context: ssl.SSLContext, issuing_pem: bytes, trusted: Trusted) -> None:
    """Lets in the clients of the platform's issuing CA, and clients' own certificates.

    The documented extraction writes the leaf alone, so clients do not send the intermediate: it
    must be among the trusted ones. The root must not: each CA below it that a client sends would
    be good too, and OpenSSL would send no alert.
    """
    context.verify_mode = ssl.CERT_REQUIRED
    # What is trusted by itself ends its chain. Of a client's own CA one certificate is, and the CA
    # lets nobody in; ours need not be followed up to its root each time.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if trusted.crl_pem:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    # From a file, since the library lets other threads run while OpenSSL reads one.
    with as_file(issuing_pem + trusted.own_pem + trusted.crl_pem) as path:
        context.load_verify_locations(cafile=path)


def load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    """Raises ``OSError`` where no file can be made."""
    with as_file(identity.key_pem + identity.certificate_pem + identity.chain_pem) as path:
        context.load_cert_chain(path)


@contextlib.contextmanager
def as_file(content: bytes) -> Iterator[str]:
    """A path for OpenSSL, which reads keys and lists from files only.

    Where the system can do so the file is in memory: no disk can be full, no folder be gone, and
    nothing is left by a process that is killed. Raises ``OSError``.
    """
    descriptor = _memory_file()
    if descriptor is None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "content.pem"
            file.touch(mode=0o600)
            file.write_bytes(content)
            yield str(file)
        return
    with os.fdopen(descriptor, "wb") as memory:
        memory.write(content)
        memory.flush()
        yield f"{_DESCRIPTORS}/{descriptor}"


def _memory_file() -> int | None:
    """None where the system has none, or no path by which one is opened."""
    if sys.platform != "linux" or not Path(_DESCRIPTORS).is_dir():
        return None
    try:
        return os.memfd_create("mock-sei")
    except OSError:  # forbidden in this container, or out of files: then the other way says so
        return None


def _failure(error: ssl.SSLError) -> HandshakeFailure:
    return HandshakeFailure(
        reason=error.reason or type(error).__name__,
        verify_code=getattr(error, "verify_code", 0),
        verify_message=getattr(error, "verify_message", ""),
    )


def _watch_certificates(context: ssl.SSLContext) -> None:
    """Notes the certificate a client sends, since a refused one cannot be read afterwards.

    The hook is the library's own private one, set below its Python wrapper, which would cost every
    record of every connection three enum look-ups. Without it the journal lacks the refused
    certificate's subject and dates; nothing else depends on it.
    """
    hook = getattr(IN_C, "_msg_callback", None)
    if hook is None or not hasattr(hook, "__set__"):
        return

    def seen(
        ssl_object: object, direction: str, version: int, content: int, kind: int, data: bytes
    ) -> None:
        if content != _HANDSHAKE_CONTENT or not isinstance(ssl_object, Handshake):
            return  # every record of every connection comes by here
        ssl_object.connection.tls_version = TLS_VERSIONS.get(version)
        if kind == _CERTIFICATE_MESSAGE and direction == "read":
            # One that cannot be read is OpenSSL's to refuse.
            with contextlib.suppress(Exception):
                chain = sent_chain(data, with_context=version == _TLS_1_3)
                ssl_object.connection.shown_chain = chain
                if chain and len(chain[0]) <= _LARGEST_SHOWN:
                    # The journal keeps what is shown, so not the whole of a stranger's certificate.
                    described = replace(describe_der(chain[0]), der=b"")
                    ssl_object.connection.shown_certificate = described

    hook.__set__(context, seen)


def sent_chain(message: bytes, *, with_context: bool) -> tuple[bytes, ...]:
    """A Certificate message's certificates, DER, the sender's own first.

    Source: RFC 8446 section 4.4.2, where extensions follow each, and RFC 5246 section 7.4.2. What
    is cut short is left out.
    """
    position = 4  # type and length of the message
    if with_context:
        position += 1 + message[position]
    position += 3  # length of the list
    chain: list[bytes] = []
    while position < len(message):
        size = int.from_bytes(message[position : position + 3], "big")
        position += 3
        der = message[position : position + size]
        if not size or len(der) != size:
            break
        chain.append(der)
        position += size
        if with_context:
            position += 2 + int.from_bytes(message[position : position + 2], "big")
    return tuple(chain)
