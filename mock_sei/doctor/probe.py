"""Connects to the server as the client would, and records what happens.

Credentials are sent only to a server whose certificate was verified, including its name. The probe
tries handshakes that may fail; a mock-sei records these in its journal.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import ssl
import sys
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

from mock_sei.doctor.answers import is_key_pair_refusal
from mock_sei.doctor.handshakes import (
    NO_COMMON_VERSION,
    USER_AGENT,
    connect,
    shake_hands,
    show_certificate,
)
from mock_sei.doctor.observed import (
    Ended,
    Observed,
    ObservedAnswer,
    ObservedHandshake,
    Reached,
    Trust,
)
from mock_sei.doctor.setup import Setup
from mock_sei.oauth.metadata import TOKEN_PATH
from mock_sei.rules import machine
from mock_sei.runtime.contexts import PlainContext
from mock_sei.values.alerts import find_alert

_LARGEST_ANSWER = 65_536


def observe(setup: Setup) -> Observed:
    """Connects, does two handshakes, verifies the server, and requests a token if all is given."""
    started = machine.monotonic()

    def after() -> timedelta:
        return timedelta(seconds=machine.monotonic() - started)

    reached = _reach(setup)
    if reached.reached is not Reached.CONNECTED:
        return reached
    newer = replace(shake_hands(setup, ssl.TLSVersion.TLSv1_3), after=after())
    older = replace(shake_hands(setup, ssl.TLSVersion.TLSv1_2), after=after())
    seen = replace(reached, newer=newer, older=older)
    if not seen.speaks_tls:
        return _ask_plainly(setup, seen)
    if not seen.chain:
        return seen
    seen = replace(seen, trust=_verify(setup))
    admitted = Ended.ANSWERED in (newer.ended, older.ended)
    if seen.trust != Trust() or not admitted or not setup.can_ask_for_a_token:
        return seen
    path = setup.target.path if setup.target.path.strip("/") else _known_path(newer, older)
    answer = _ask_for_token(setup, path, swapped=False)
    if answer is None:
        return seen
    answer = replace(answer, after=after())
    if not is_key_pair_refusal(answer):
        return replace(seen, answer=answer)
    return replace(seen, answer=answer, swapped_answer=_ask_for_token(setup, path, swapped=True))


def _known_path(*handshakes: ObservedHandshake) -> str:
    """The path of the token endpoint: the documented one, unless the metadata has another."""
    return next(filter(None, (each.token_path for each in handshakes)), TOKEN_PATH)


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
        connect(setup).close()
    except ConnectionRefusedError as error:
        return replace(seen, reached=Reached.REFUSED, problem=error.strerror or "refused")
    except TimeoutError:
        return replace(seen, reached=Reached.TIMED_OUT)
    except OSError as error:
        return replace(seen, reached=Reached.UNREACHABLE, problem=error.strerror or str(error))
    return seen


def trusting_context(setup: Setup) -> ssl.SSLContext:
    """A TLS context that trusts only ``--cacert``, or, without it, the system's CAs."""
    context = PlainContext(ssl.PROTOCOL_TLS_CLIENT)
    if setup.ca is None:
        # ssl.create_default_context() would fail if SSLKEYLOGFILE cannot be written.
        context.load_default_certs()
        if sys.version_info >= (3, 13):
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    else:
        with setup.ca.located() as path:
            context.load_verify_locations(path)
    show_certificate(context, setup)
    return context


def _ask_plainly(setup: Setup, seen: Observed) -> Observed:
    """The answer of a port without TLS to a request in plain HTTP."""
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
    return isinstance(content, dict) and content.keys() >= {"status", "version"}


def _verify(setup: Setup) -> Trust | None:
    """Verifies the server's chain without its name. None if the result is not known.

    Another check compares the name.
    """
    try:
        context = trusting_context(setup)
    except OSError:  # the check of the CA's file reports the reason
        return None
    context.check_hostname = False
    try:
        with connect(setup) as raw, context.wrap_socket(raw, server_hostname=setup.target.host):
            return Trust()
    except ssl.SSLCertVerificationError as error:
        return Trust(code=error.verify_code, message=error.verify_message)
    except (
        ssl.SSLError
    ) as error:  # the server refused the client after the client had verified the server
        if find_alert(error.reason or "") and error.reason not in NO_COMMON_VERSION:
            return Trust()
        return Trust(failure=(error.reason or str(error)).replace("_", " ").lower())
    except OSError as error:
        return Trust(failure=error.strerror or str(error) or type(error).__name__)


def _ask_for_token(setup: Setup, path: str, *, swapped: bool) -> ObservedAnswer | None:
    """Requests a token. None if the server's certificate has another name; then nothing is sent."""
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
        context=trusting_context(setup),
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
            connection.request("POST", path, urlencode(form, errors="surrogateescape"), headers)
            answer = connection.getresponse()
            body = answer.read(_LARGEST_ANSWER)
        except ssl.SSLCertVerificationError:
            return None
        except TimeoutError:
            return ObservedAnswer(failure="no answer in time")
        except (OSError, http.client.HTTPException) as error:
            return ObservedAnswer(failure=str(error) or type(error).__name__)
    return ObservedAnswer(
        status=answer.status,
        body=body.decode("utf-8", "replace"),
        tracking_id=answer.headers["RequestTrackingId"],
        date=answer.headers["Date"],
        location=answer.headers["Location"],
        source_address=source,
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode(errors="surrogateescape")).decode()
