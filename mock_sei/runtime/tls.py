"""TLS of the two platform listeners: contexts, exact alerts, and our own check after OpenSSL's.

asyncio drops a connection whose handshake fails without sending the alert that gives the reason
(python/cpython issue 98078), and OpenSSL uses the machine's clock. :class:`Handshake`, set with the
public hook ``SSLContext.sslobject_class``, corrects both: it delays a failure until the event loop
has sent the alert, and it checks an accepted certificate against the platform's clock and
revocations, also when a session is resumed.
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
from mock_sei.journal.diagnosis import (
    ABANDONED,
    HELLO_TOO_LARGE,
    STALLED,
    HandshakeFailure,
    find_alert,
)
from mock_sei.platform import Platform
from mock_sei.rules.connection import TLS_VERSIONS, ClientCertificate, Connection
from mock_sei.rules.standards import Listener
from mock_sei.runtime import proxy_header
from mock_sei.runtime.contexts import IN_C, PlainContext
from mock_sei.runtime.limits import HELLO_LIMIT

NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME; the ``ssl`` module has no name for it."""

NO_ALERT_REASONS = frozenset({"HTTP_REQUEST", "HTTPS_PROXY_REQUEST"})
"""OpenSSL's reasons after which no alert is sent: the client does not speak TLS."""

NOT_TLS = "WRONG_VERSION_NUMBER"
"""OpenSSL's reason if the first bytes are no TLS record."""

TLS_1_2_SUITES = ":".join(
    f"ECDHE-ECDSA-{cipher}"
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
)
"""The TLS 1.2 cipher suites of Mozilla's intermediate profile, for a server with an EC key. Without
this list, OpenSSL would also allow CBC suites."""

_DESCRIPTORS = "/proc/self/fd"

_LARGEST_SHOWN = 16 * 1024
"""Largest refused certificate, in bytes, that the journal describes; OpenSSL reads up to 100 KB."""

_HANDSHAKE_CONTENT, _CERTIFICATE_MESSAGE, _TLS_1_3 = 22, 11, 0x0304


class CertificateRefused(ssl.SSLError):
    """Our own check refused a certificate that OpenSSL accepted. No alert can be sent for it."""


class RecordedBug(Exception):
    """mock-sei has a bug that failed a handshake. Its traceback was already recorded."""


class HelloTooLarge(ssl.SSLError):
    """A client's first message is larger than ``limits.HELLO_LIMIT``."""


class PendingConnection:
    """A connection from its accept to the end of its handshake."""

    def __init__(
        self,
        platform: Platform,
        listener: Listener,
        source_address: str,
        *,
        proxy: str | None = None,
    ) -> None:
        """``proxy`` is the trusted proxy whose header named the source address."""
        self._platform = platform
        self._listener = listener
        self._source_address = source_address
        self._proxy = proxy
        self.shown_certificate: ClientCertificate | None = None
        """The certificate the client sent, accepted or not; None if it is not known."""
        self.shown_chain: tuple[bytes, ...] = ()
        """All certificates the client sent, its own first, DER; empty if they are not known."""
        self.tls_version: str | None = None
        """The negotiated TLS version; None before it is negotiated, or if it is not known."""
        self.refused = False
        self.heard = False
        """True after the client sent a byte. Without one, this is not a failed handshake."""
        self.end: Callable[[], object] = lambda: None
        """Called after a refusal's alert was sent: the connection ends after a short wait."""
        self.abort: Callable[[], object] = lambda: None
        """Called after a bug of ours: the connection ends at once."""

    def judge(self, certificate: ClientCertificate) -> Explanation | None:
        """Why a certificate is refused by our own check; None if it is accepted."""
        return self._platform.judge_certificate(certificate, self.shown_chain)

    def refuse(self, failure: HandshakeFailure) -> None:
        """Records why the handshake failed."""
        if not self.refused:
            why = self._platform.explain_handshake(
                failure, self.shown_certificate, self.shown_chain
            )
            self.record(why, find_alert(failure, self.tls_version))

    def refuse_proxy_header(self) -> None:
        """Records that a PROXY header came in place of TLS."""
        self.record(proxy_header.not_expected(self._source_address, self._proxy))

    def record(self, why: Explanation, alert: str | None = None) -> None:
        """Records a failed handshake, once for a connection: only the first reason is the cause."""
        if self.refused:
            return
        self.refused = True
        connection = Connection(
            listener=self._listener,
            source_address=self._source_address,
            certificate=self.shown_certificate,
        )
        self._platform.record_handshake(connection, why, self.tls_version, alert=alert)

    def record_bug(self, error: Exception) -> None:
        """Records a bug and ends the connection, which the event loop might leave open."""
        self._platform.record_bug("".join(traceback.format_exception(error)))
        self.refused = True
        self.abort()

    def let_go(self) -> None:
        """Drops what is not needed after the handshake, so that a reset state can be freed."""
        self.end = self.abort = lambda: None
        self.refused = True  # whether it was refused or accepted, no further entry is written
        self.shown_chain = ()
        del self._platform

    def closed(self, error: BaseException) -> None:
        """Records a handshake that the client broke off, or that took too long."""
        if self.heard:
            timed_out = isinstance(error, ConnectionAbortedError | TimeoutError)
            self.refuse(HandshakeFailure(reason=STALLED if timed_out else ABANDONED))


pending_connection: contextvars.ContextVar[PendingConnection] = contextvars.ContextVar(
    "pending_connection"
)
"""The connection whose socket was accepted. It is read when the loop creates its SSL object."""


class ListenerContext(PlainContext):
    """A server context that follows the platform's clock.

    For any other change (trusted certificates, revocations) a new context is created.
    """

    platform: Platform
    wants_certificate: bool

    @classmethod
    def create(
        cls, platform: Platform, identity: Identity, *, client_certificates: bool
    ) -> ListenerContext:
        """Creates the context. Raises ``OSError`` or ``ValueError`` if a part cannot be loaded.

        The time it takes grows with the number of registered and revoked certificates.
        """
        context = cls(ssl.PROTOCOL_TLS_SERVER)
        context.platform = platform
        context.sslobject_class = Handshake
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(TLS_1_2_SUITES)
        context.num_tickets = 0  # OP_NO_TICKET does not switch off the tickets of TLS 1.3
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
        """Creates a connection's SSL object. asyncio calls this before each handshake."""
        if self.wants_certificate:
            self._follow_clock()
        wrapped = super().wrap_bio(incoming, outgoing, *args, **kwargs)
        if isinstance(wrapped, Handshake):
            wrapped.incoming, wrapped.outgoing = incoming, outgoing
            wrapped.connection = pending_connection.get()
        return wrapped

    def _follow_clock(self) -> None:
        if self.platform.clock.is_openssls:
            if self.verify_flags & NO_CHECK_TIME:
                self.verify_flags = ssl.VerifyFlags(self.verify_flags & ~NO_CHECK_TIME)
        elif not self.verify_flags & NO_CHECK_TIME:
            self.verify_flags = ssl.VerifyFlags(self.verify_flags | NO_CHECK_TIME)


class TlsWatcher(Protocol):
    """The object that a :class:`Handshake` notifies when a client stops sending.

    It is called while the event loop reads from the connection.
    """

    def client_ended(self) -> None:
        """The client closed its sending side. This is called again each time the loop reads."""

    def tls_failed(self, failure: HandshakeFailure) -> None:
        """The client sent bytes that are not valid TLS. An alert is being sent to it."""


class Handshake(ssl.SSLObject):
    """The server side of the TLS of one connection."""

    incoming: ssl.MemoryBIO
    outgoing: ssl.MemoryBIO
    connection: PendingConnection
    _failed = False
    _hello: int | None = 0
    """Bytes of the client's first message so far; None after it was answered."""
    _calls = 0
    _der: bytes | None = None
    _watcher: TlsWatcher | None = None

    def do_handshake(self) -> None:
        """Does the next step of the handshake. A failure is raised only after its alert was sent.

        A bug of ours is recorded before asyncio closes the connection, because the client's test
        may end right after that.
        """
        try:
            self._shake_hands()
        except OSError:  # all TLS errors are of this class
            raise
        except Exception as error:
            self.connection.record_bug(error)
            raise RecordedBug from error

    def _shake_hands(self) -> None:
        self._calls += 1
        self.connection.heard = self._calls > 1
        if self._failed:
            self.incoming.read()  # the client may be sending: unread bytes would cause a reset
            raise ssl.SSLWantReadError
        received = self.incoming.pending
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            self._limit_hello(received)
            raise
        except ssl.SSLError as error:
            if error.reason == NOT_TLS and proxy_header.was_taken_for_tls(self.incoming):
                self.connection.refuse_proxy_header()
            self.connection.refuse(_failure(error))
            if error.reason in NO_ALERT_REASONS:
                raise
            self._failed = True
            self.connection.end()
            raise ssl.SSLWantReadError from None
        self._check_accepted()

    def _limit_hello(self, received: int) -> None:
        """Raises :class:`HelloTooLarge`. OpenSSL found no error, so it sends no alert."""
        if self._hello is None or self.outgoing.pending:
            self._hello = None
            return
        self._hello += received
        if self._hello > HELLO_LIMIT:
            self.connection.refuse(HandshakeFailure(reason=HELLO_TOO_LARGE))
            raise HelloTooLarge(HELLO_TOO_LARGE)

    def watch(self, watcher: TlsWatcher | None) -> None:
        """Sets the watcher that is notified when the client stops sending; None removes it."""
        self._watcher = watcher

    def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002  # its name
        """Reads decrypted bytes, and hides two events from asyncio that would end the connection.

        After the client's ``close_notify``, asyncio would drop all answers, although the other
        direction stays open (RFC 8446 section 6.1). After an error it would drop the alert.
        """
        if self._failed:
            self.incoming.read()
            raise ssl.SSLWantReadError
        try:
            received = super().read(len, buffer)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, ssl.SSLZeroReturnError):
            raise  # the client's close_notify after ours, which ends the connection as usual
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
        """The client's certificate as DER, read only once; None if decoded.

        asyncio asks for the decoded certificate of each connection, but nobody uses it.
        """
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
    """Makes a context accept certificates of the platform's issuing CA, and clients' own ones.

    The commands that the vendor documents extract only the client's certificate, so clients do not
    send the issuing CA: the context must trust it directly. It must not trust the root: then any CA
    below the root that a client sends would be accepted, and OpenSSL would send no alert.
    """
    context.verify_mode = ssl.CERT_REQUIRED
    # A chain may end at any trusted certificate. So one certificate of a client's own CA can be
    # trusted without trusting that CA, and our chain need not be followed up to its root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if trusted.crl_pem:
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    # Loaded from a file: the ssl module lets other threads run while OpenSSL reads a file.
    with as_file(issuing_pem + trusted.own_pem + trusted.crl_pem) as path:
        context.load_verify_locations(cafile=path)


def load_identity(context: ssl.SSLContext, identity: Identity) -> None:
    """Loads a certificate with its key. Raises ``OSError`` if no file can be created."""
    with as_file(identity.key_pem + identity.certificate_pem + identity.chain_pem) as path:
        context.load_cert_chain(path)


@contextlib.contextmanager
def as_file(content: bytes) -> Iterator[str]:
    """A path of a file with this content, for OpenSSL, which reads keys and lists only from files.

    If the system can do so, the file is in memory. Then a full disk or a deleted folder does no
    harm, and a killed process leaves no file behind. Raises ``OSError``.
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
    """The descriptor of a file in memory; None if the system has no such files or no path to it."""
    if sys.platform != "linux" or not Path(_DESCRIPTORS).is_dir():
        return None
    try:
        return os.memfd_create("mock-sei")
    except OSError:  # forbidden in a container, or no descriptors left: a temporary file is tried
        return None


def _failure(error: ssl.SSLError) -> HandshakeFailure:
    return HandshakeFailure(
        reason=error.reason or type(error).__name__,
        verify_code=getattr(error, "verify_code", 0),
        verify_message=getattr(error, "verify_message", ""),
    )


def _watch_certificates(context: ssl.SSLContext) -> None:
    """Notes the certificate a client sends, because a refused one cannot be read afterwards.

    This uses the ssl module's private message callback. It is set below its Python wrapper, which
    would do three enum look-ups for every record of every connection. Without the callback, the
    journal lacks the subject and dates of a refused certificate; nothing else depends on it.
    """
    hook = getattr(IN_C, "_msg_callback", None)
    if hook is None or not hasattr(hook, "__set__"):
        return

    def seen(
        ssl_object: object, direction: str, version: int, content: int, kind: int, data: bytes
    ) -> None:
        if content != _HANDSHAKE_CONTENT or not isinstance(ssl_object, Handshake):
            return  # every record of every connection passes here, so this comes first
        ssl_object.connection.tls_version = TLS_VERSIONS.get(version)
        if kind == _CERTIFICATE_MESSAGE and direction == "read":
            # OpenSSL itself refuses a certificate that cannot be read.
            with contextlib.suppress(Exception):
                chain = sent_chain(data, with_context=version == _TLS_1_3)
                ssl_object.connection.shown_chain = chain
                if chain and len(chain[0]) <= _LARGEST_SHOWN:
                    # The journal keeps this, so the bytes of an unknown client's certificate go.
                    described = replace(describe_der(chain[0]), der=b"")
                    ssl_object.connection.shown_certificate = described

    hook.__set__(context, seen)


def sent_chain(message: bytes, *, with_context: bool) -> tuple[bytes, ...]:
    """The certificates of a TLS Certificate message, DER, the sender's own first.

    Sources: RFC 8446 section 4.4.2 (extensions follow each certificate) and RFC 5246 section 7.4.2.
    An incomplete certificate at the end is left out.
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
