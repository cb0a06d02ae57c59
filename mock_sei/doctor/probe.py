"""The doctor's network side: connects as the client would, and notes what happens.

Credentials go to a server whose certificate was verified, name included, and to no other. Failed
handshakes are part of the examination; a mock-sei has them in its journal.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlencode

from cryptography.hazmat.primitives.serialization import Encoding

from mock_sei.doctor.answers import is_key_pair_refusal
from mock_sei.doctor.material import certificates_in, key_file, pair_is_usable
from mock_sei.doctor.observed import Answer, Ended, Handshake, Observed, Reached, Trust
from mock_sei.doctor.setup import Setup
from mock_sei.doctor.wire import looks_like_tls, read_flight
from mock_sei.oauth.metadata import METADATA_PATH

T = TypeVar("T")

USER_AGENT = "mock-sei-doctor"
_LARGEST_ANSWER = 65_536
_ALERT = re.compile(r"ALERT_(\w+)$")
_NO_COMMON_VERSION = frozenset(
    {
        "UNSUPPORTED_PROTOCOL",
        "NO_PROTOCOLS_AVAILABLE",
        "TLSV1_ALERT_PROTOCOL_VERSION",
        "WRONG_SSL_VERSION",
    }
)


def observe(setup: Setup) -> Observed:
    """Connects, shakes hands twice, verifies, and asks for a token where everything is given."""
    started = time.monotonic()

    def after() -> timedelta:
        return timedelta(seconds=time.monotonic() - started)

    reached = _reach(setup)
    if reached.reached is not Reached.CONNECTED:
        return reached
    newer = replace(_shake_hands(setup, ssl.TLSVersion.TLSv1_3), after=after())
    older = replace(_shake_hands(setup, ssl.TLSVersion.TLSv1_2), after=after())
    seen = replace(reached, newer=newer, older=older)
    if not seen.speaks_tls:
        return _ask_plainly(setup, seen)
    if not seen.chain:
        return seen
    seen = replace(seen, trust=_verify(setup))
    admitted = Ended.ANSWERED in (newer.ended, older.ended)
    if seen.trust != Trust() or not admitted or not setup.can_ask_for_a_token:
        return seen
    answer = _ask_for_token(setup, swapped=False)
    if answer is None:
        return seen
    answer = replace(answer, after=after())
    if not is_key_pair_refusal(answer):
        return replace(seen, answer=answer)
    return replace(seen, answer=answer, swapped_answer=_ask_for_token(setup, swapped=True))


def _reach(setup: Setup) -> Observed:
    host, port = setup.target.host, setup.target.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        problem = getattr(error, "strerror", None) or str(error)
        return Observed(reached=Reached.UNRESOLVED, problem=problem)
    addresses = tuple(dict.fromkeys(str(each[4][0]) for each in found))
    seen = Observed(reached=Reached.CONNECTED, addresses=addresses)
    try:
        _connect(setup).close()
    except ConnectionRefusedError as error:
        return replace(seen, reached=Reached.REFUSED, problem=error.strerror or "refused")
    except TimeoutError:
        return replace(seen, reached=Reached.TIMED_OUT)
    except OSError as error:
        return replace(seen, reached=Reached.UNREACHABLE, problem=error.strerror or str(error))
    return seen


def _connect(setup: Setup) -> socket.socket:
    address = (setup.target.host, setup.target.port)
    return socket.create_connection(address, timeout=setup.options.timeout.total_seconds())


def _trusting_context(setup: Setup) -> ssl.SSLContext:
    """As the client would make it: ``--cacert`` alone, or what the system trusts."""
    authorities = certificates_in(setup.ca)
    if setup.ca is None:
        context = ssl.create_default_context()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        pem = "".join(each.public_bytes(Encoding.PEM).decode() for each in authorities)
        context.load_verify_locations(cadata=pem)
    _show_certificate(context, setup)
    return context


def _show_certificate(context: ssl.SSLContext, setup: Setup) -> bool:
    key = key_file(setup)
    if setup.certificate is None or key is None or not pair_is_usable(setup):
        return False
    # Always with a passphrase: without one OpenSSL asks for it at the terminal.
    passphrase = setup.options.passphrase or ""
    # Too weak a key, for one: that is the file checks' to find.
    with contextlib.suppress(OSError, ValueError):
        context.load_cert_chain(setup.certificate.path, key.path, password=passphrase)
        return True
    return False


class _Conversation:
    """TLS over a socket by hand, so that what the server sent in the clear can be read."""

    def __init__(self, raw: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._raw = raw
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self.received = bytearray()

    def run(self, step: Callable[[], T]) -> T:
        """Raises what the step raises, ``EOFError`` where the server closes, ``OSError``."""
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
    def peer(self) -> bytes | None:
        """The server's certificate, DER; None before the end of the handshake."""
        try:
            return self.tls.getpeercert(binary_form=True)
        except ValueError:
            return None

    def _flush(self) -> None:
        # A server that closed already may have said why: it is read next.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._raw.sendall(self._outgoing.read())


def _shake_hands(setup: Setup, newest: ssl.TLSVersion) -> Handshake:
    """A handshake and a harmless request: under TLS 1.3 a refusal comes after the handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = newest
    showed = _show_certificate(context, setup)
    try:
        raw = _connect(setup)
    except TimeoutError:
        return Handshake(ended=Ended.TIMED_OUT)
    except OSError:
        return Handshake(ended=Ended.RESET)
    with raw:
        talk = _Conversation(raw, context, setup.target.host)
        ended, word, date = _talk(talk, setup.target.host)
        return Handshake(
            ended=ended,
            alert=word,
            version=talk.tls.version(),
            showed_certificate=showed,
            flight=read_flight(bytes(talk.received)),
            peer=talk.peer,
            date=date,
        )


def _talk(talk: _Conversation, host: str) -> tuple[Ended, str, str | None]:
    """How it ended, the alert or reason, the answer's date."""
    request = (
        f"GET {METADATA_PATH} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\n"
        "Connection: close\r\n\r\n"
    )
    head = b""
    try:
        talk.run(talk.tls.do_handshake)
        talk.run(lambda: talk.tls.write(request.encode()))
        while b"\r\n\r\n" not in head and len(head) < _LARGEST_ANSWER:
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
    if reason in _NO_COMMON_VERSION:
        return Ended.NO_COMMON_VERSION, reason.lower()
    alert = _ALERT.search(reason)
    if alert:
        return Ended.ALERT, alert[1].lower()
    return Ended.FAILED, reason.lower()


def _ask_plainly(setup: Setup, seen: Observed) -> Observed:
    """What a port that does not speak TLS says to plain HTTP."""
    host, port = setup.target.host, setup.target.port
    line, body = None, b""
    connection = http.client.HTTPConnection(
        host, port, timeout=setup.options.timeout.total_seconds()
    )
    with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
        connection.request("GET", "/health", headers={"User-Agent": USER_AGENT})
        answer = connection.getresponse()
        line = f"HTTP/1.{answer.version % 10} {answer.status} {answer.reason}"
        body = answer.read(_LARGEST_ANSWER)
    return replace(seen, plain=line, is_control=_is_health_of_mock_sei(body))


def _is_health_of_mock_sei(body: bytes) -> bool:
    try:
        content = json.loads(body)
    except ValueError:
        return False
    return isinstance(content, dict) and content.keys() == {"status", "version"}


def _verify(setup: Setup) -> Trust | None:
    """Of the chain alone; the name is compared by its own check. None where it is not known."""
    if setup.ca is not None and not certificates_in(setup.ca):
        return None
    context = _trusting_context(setup)
    context.check_hostname = False
    try:
        with _connect(setup) as raw, context.wrap_socket(raw, server_hostname=setup.target.host):
            return Trust()
    except ssl.SSLCertVerificationError as error:
        return Trust(code=error.verify_code, message=error.verify_message)
    except ssl.SSLError as error:  # the server refused us, after we had accepted it
        return Trust() if _ALERT.search(error.reason or "") else None
    except OSError:
        return None


def _ask_for_token(setup: Setup, *, swapped: bool) -> Answer | None:
    """None where the server has another name: nothing was sent then."""
    given = setup.options
    pair = [given.app_key or "", given.app_secret or ""]
    form = {
        "grant_type": "client_credentials",
        "username": given.username,
        "password": given.password,
    }
    if swapped:
        pair.reverse()
    connection = http.client.HTTPSConnection(
        setup.target.host,
        setup.target.port,
        timeout=given.timeout.total_seconds(),
        context=_trusting_context(setup),
    )
    headers = {
        "Authorization": f"Basic {_base64(':'.join(pair))}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
    }
    with contextlib.closing(connection):
        try:
            connection.connect()
            source = str(connection.sock.getsockname()[0])
            connection.request(
                "POST", setup.target.token_path, urlencode(form, errors="surrogateescape"), headers
            )
            answer = connection.getresponse()
            body = answer.read(_LARGEST_ANSWER)
        except ssl.SSLCertVerificationError:
            return None
        except TimeoutError:
            return Answer(failure="no answer in time")
        except (OSError, http.client.HTTPException) as error:
            return Answer(failure=str(error) or type(error).__name__)
    return Answer(
        status=answer.status,
        body=body.decode("utf-8", "replace"),
        tracking_id=answer.headers["RequestTrackingId"],
        date=answer.headers["Date"],
        location=answer.headers["Location"],
        source_address=source,
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode(errors="surrogateescape")).decode()
