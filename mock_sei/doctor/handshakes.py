"""Does a client's TLS handshake step by step, to see the server's messages and the end."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from mock_sei.assumptions.kinds import PATH
from mock_sei.doctor.keys import KeyState
from mock_sei.doctor.loading import load_pair
from mock_sei.doctor.observed import Ended, ObservedHandshake
from mock_sei.doctor.setup import Setup
from mock_sei.doctor.wire import looks_like_tls, read_flight
from mock_sei.oauth.metadata import METADATA_PATH
from mock_sei.runtime.contexts import PlainContext
from mock_sei.values.alerts import find_alert

T = TypeVar("T")

USER_AGENT = "mock-sei-doctor"
_LARGEST_ANSWER = 65_536
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
        told = _talk(talk, setup.target.host)
        return ObservedHandshake(
            ended=told.ended,
            alert=told.word,
            version=talk.tls.version(),
            showed_certificate=showed,
            flight=read_flight(bytes(talk.received)),
            server_certificate=talk.server_certificate,
            date=told.date,
            token_path=told.token_path,
        )


@dataclass(frozen=True, kw_only=True)
class _Talk:
    """How a handshake and the request behind it ended."""

    ended: Ended
    word: str = ""
    """The alert or the reason."""
    date: str | None = None
    token_path: str | None = None


def _talk(talk: _Conversation, host: str) -> _Talk:
    request = (
        f"GET {METADATA_PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\n"
        "Connection: close\r\n\r\n"
    )
    answer = bytearray()
    failed: _Talk | None = None
    try:
        talk.run(talk.tls.do_handshake)
        talk.run(lambda: talk.tls.write(request.encode()))
        while not _is_complete(answer) and len(answer) < _LARGEST_ANSWER:
            piece = talk.run(lambda: talk.tls.read(4096))
            if not piece:
                break
            answer += piece
    except (ssl.SSLZeroReturnError, EOFError):
        pass
    except ssl.SSLError as error:
        ended, word = _reason(error, bytes(talk.received))
        failed = _Talk(ended=ended, word=word)
    except TimeoutError:
        failed = _Talk(ended=Ended.TIMED_OUT)
    except OSError:
        failed = _Talk(ended=Ended.RESET)
    head, ends, body = bytes(answer).partition(_END_OF_HEAD)
    if failed is not None and not ends:
        return failed
    if not head:
        return _Talk(ended=Ended.CLOSED)
    date = re.search(rb"(?im)^date:[ \t]*([^\r\n]*)", head)
    return _Talk(
        ended=Ended.ANSWERED,
        date=date[1].decode("latin-1") if date else None,
        token_path=_find_token_path(body),
    )


_END_OF_HEAD = b"\r\n\r\n"


def _is_complete(answer: bytearray) -> bool:
    """Whether the head of an answer has come, and its body, if the head tells how long it is."""
    head, ends, body = bytes(answer).partition(_END_OF_HEAD)
    length = re.search(rb"(?im)^content-length:[ \t]*([0-9]{1,9})[ \t]*\r?$", head)
    return bool(ends) and (length is None or len(body) >= int(length[1]))


def _find_token_path(body: bytes) -> str | None:
    """The path of the token endpoint in the metadata; None without readable metadata."""
    try:
        told = json.loads(body)
        path = urlsplit(told["token_endpoint"]).path
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return path if PATH.fits(path) else None


def _reason(error: ssl.SSLError, received: bytes) -> tuple[Ended, str]:
    reason = error.reason or type(error).__name__
    if received and not looks_like_tls(received):
        return Ended.NOT_TLS, ""
    if reason in NO_COMMON_VERSION:
        return Ended.NO_COMMON_VERSION, reason.lower()
    alert = find_alert(reason)
    if alert:
        return Ended.ALERT, alert
    return Ended.FAILED, reason.lower()
