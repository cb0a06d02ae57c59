"""Does a client's TLS handshake step by step, to see the server's messages and the end."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from mock_sei.doctor.keys import KeyState
from mock_sei.doctor.loading import load_pair
from mock_sei.doctor.observed import Ended, ObservedHandshake
from mock_sei.doctor.setup import Setup
from mock_sei.doctor.wire import looks_like_tls, read_flight
from mock_sei.oauth.metadata import METADATA_PATH
from mock_sei.runtime.contexts import PlainContext

T = TypeVar("T")

USER_AGENT = "mock-sei-doctor"
_LARGEST_HEAD = 65_536
ALERT = re.compile(r"ALERT_(\w+)$")
"""The end of the reason of an ``SSLError`` that reports an alert from the server."""
NO_COMMON_VERSION = frozenset(
    {
        "UNSUPPORTED_PROTOCOL",
        "NO_PROTOCOLS_AVAILABLE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "WRONG_SSL_VERSION",
    }
)
"""OpenSSL's reasons for a handshake without a common TLS version."""


def connect(setup: Setup) -> socket.socket:
    """Connects. Each step waits at most ``setup.timeout``. Raises ``OSError``."""
    address = (setup.target.host, setup.target.port)
    return socket.create_connection(address, timeout=setup.options.timeout.total_seconds())


def show_certificate(context: ssl.SSLContext, setup: Setup) -> bool:
    """Loads the client's certificate into the context. False if OpenSSL refuses it."""
    certificate, key = setup.certificate, setup.key_file
    if certificate is None or key is None or setup.key_reading.state is KeyState.TOO_SLOW:
        return False
    # The checks of the files report the reason
    with contextlib.suppress(OSError), certificate.located() as shown, key.located() as own:
        load_pair(context, shown, own, setup.options.passphrase)
        return True
    return False


class _Conversation:
    """TLS over a socket, step by step, so that the server's unencrypted messages can be read."""

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.received = bytearray()

    def run(self, step: Callable[[], T]) -> T:
        """Repeats a step until it is done, and exchanges bytes with the server.

        Raises what the step raises, ``EOFError`` if the server closes, and ``OSError``.
        """
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
            except ssl.SSLError:
                self._flush()
                raise
            else:
                self._flush()
                return result
            piece = self._raw.recv(65_536)
            if not piece:
                raise EOFError
            self.received += piece
            self._incoming.write(piece)

    @property
    def server_certificate(self) -> bytes | None:
        """The server's certificate, DER; None before the end of the handshake."""
        try:
            return self.tls.getpeercert(binary_form=True)
        except ValueError:
            return None

    def _flush(self) -> None:
        # A server that has closed may have sent the reason before; it is read next.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._raw.sendall(self._outgoing.read())


def shake_hands(setup: Setup, newest: ssl.TLSVersion) -> ObservedHandshake:
    """A handshake and a harmless request, because in TLS 1.3 a refusal comes after the handshake.

    ``newest`` is the highest TLS version to offer.
    """
    context = PlainContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    showed = show_certificate(context, setup)
    try:
        raw = connect(setup)
    except TimeoutError:
        return ObservedHandshake(ended=Ended.TIMED_OUT)
    except OSError:
        return ObservedHandshake(ended=Ended.RESET)
    with raw:
        talk = _Conversation(raw, context, setup.target.host)
        ended, word, date = _talk(talk, setup.target.host)
        return ObservedHandshake(
            ended=ended,
            alert=word,
            version=talk.tls.version(),
            showed_certificate=showed,
            flight=read_flight(bytes(talk.received)),
            server_certificate=talk.server_certificate,
            date=date,
        )


def _talk(talk: _Conversation, host: str) -> tuple[Ended, str, str | None]:
    """How the handshake ended, its alert or reason, and the ``Date`` of the answer."""
    request = (
        f"GET {METADATA_PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\n"
        "Connection: close\r\n\r\n"
    )
    head = b""
    try:
        talk.run(talk.tls.do_handshake)
        talk.run(lambda: talk.tls.write(request.encode()))
        while b"\r\n\r\n" not in head and len(head) < _LARGEST_HEAD:
            piece = talk.run(lambda: talk.tls.read(4096))
            if not piece:
                break
            head += piece
    except ssl.SSLZeroReturnError:
        pass
    except ssl.SSLError as error:
        return *_reason(error, bytes(talk.received)), None
    except TimeoutError:
        return Ended.TIMED_OUT, "", None
    except EOFError:
        pass
    except OSError:
        return Ended.RESET, "", None
    if not head:
        return Ended.CLOSED, "", None
    date = re.search(rb"(?im)^date:[ \t]*([^\r\n]*)", head)
    return Ended.ANSWERED, "", date[1].decode("latin-1") if date else None


def _reason(error: ssl.SSLError, received: bytes) -> tuple[Ended, str]:
    reason = error.reason or type(error).__name__
    if received and not looks_like_tls(received):
        return Ended.NOT_TLS, ""
    if reason in NO_COMMON_VERSION:
        return Ended.NO_COMMON_VERSION, reason.lower()
    alert = ALERT.search(reason)
    if alert:
        return Ended.ALERT, alert[1].lower()
    return Ended.FAILED, reason.lower()
