"""Checks of a request's head that httptools does not do: unknown methods, the target, ``Host``.

Sources: RFC 9110 sections 7.2 and 9.1, RFC 9112 section 3.2. The parser refuses methods that it
does not know, but a server must answer which methods a path allows (405), or that the path does not
exist (404).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import NamedTuple

from mock_sei.errors import NOT_HTTP, Refusal

CHECK = "Host"
VERSION_CHECK = "HTTP"

LONGEST_METHOD = 64
"""Most bytes of a method; a request with a longer one is refused as not being HTTP."""
_STAND_IN = b"POST"
"""The method that the parser is given in place of a method it may not know."""
_PARSED = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"})
_USUAL_STARTS = tuple(each + b" " for each in sorted(_PARSED))
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A method is a token (RFC 9110 section 5.6.2)."""

_NAME = rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+"
_AUTHORITY = re.compile(
    rb"(?:\[(?:(?P<ipv6>[0-9A-Fa-f:.]{2,45})(?:%[A-Za-z0-9._~%-]{1,64})?|[vV][0-9A-Fa-f]+\."
    rb"[A-Za-z0-9._~!$&'()*+,;=:-]+)\]|" + _NAME + rb")(?::(?P<port>[0-9]*+))?"
)
"""An authority of RFC 3986 section 3.2 without user information. The name may be empty, and may
contain underscores."""
_ABSOLUTE = re.compile(rb"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)")
_HIGHEST_PORT = 65_535
_VERSIONS = ("1.0", "1.1")


class Opening(NamedTuple):
    """The first bytes of a request, prepared for the parser."""

    ready: bytes
    """Bytes for the parser."""
    method: bytes = b""
    """The client's method, if ``ready`` has another one in its place; otherwise empty."""
    waiting: bytes = b""
    """Bytes of a method that is not complete yet, to be passed again with the next bytes."""


def open_request(received: bytes) -> Opening:
    """Prepares the first bytes of a request for the parser.

    ``received`` begins with a request, or with line breaks before a request.
    """
    if received.startswith(_USUAL_STARTS):
        return Opening(received)
    line = received.lstrip(b"\r\n")
    end = line.find(b" ", 0, LONGEST_METHOD + 1)
    method = line[: end if end >= 0 else LONGEST_METHOD + 1]
    if not _METHOD.fullmatch(method) or len(method) > LONGEST_METHOD or method in _PARSED:
        if end < 0 and method in _PARSED:
            return Opening(b"", waiting=received)
        return Opening(received)  # not a request: the parser refuses it
    if end < 0:
        return Opening(b"", waiting=received)
    return Opening(_STAND_IN + line[end:], method=method)


class RequestTarget(NamedTuple):
    """The parts of a request target in absolute form, such as ``https://localhost/v1/x?y=z``."""

    authority: bytes
    """Host and port; they replace the ``Host`` header (RFC 9112 section 3.2.2)."""
    path: bytes
    """Path and query string."""


def find_absolute(target: bytes) -> RequestTarget | None:
    """The parts of a target in absolute form; None for a target in any other form."""
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        return None
    rest = found["rest"]
    return RequestTarget(found["authority"], rest if rest.startswith(b"/") else b"/" + rest)


def find_head_problem(hosts: Sequence[bytes], version: str) -> Refusal | None:
    """Why a request with this HTTP version and these ``Host`` headers is refused; None if valid.

    An empty ``Host`` is valid: it is for a target without a host (RFC 9110 section 7.2).
    """
    if version not in _VERSIONS:
        return Refusal(
            NOT_HTTP,
            check=VERSION_CHECK,
            because=f"The request is HTTP/{version}; this server speaks HTTP/1.1 and HTTP/1.0.",
            expected="HTTP/1.1 or HTTP/1.0",
            actual=f"HTTP/{version}",
        )
    if not hosts:
        return _no_host() if version != "1.0" else None
    if len(hosts) > 1:
        return Refusal(
            NOT_HTTP,
            check=CHECK,
            because="The request has more than one Host header; send exactly one (RFC 9112 section "
            "3.2).",
            expected="one Host header",
            actual=f"{len(hosts)}: {', '.join(each.decode('latin-1') for each in hosts)}",
        )
    return find_authority_problem(hosts[0])


def find_authority_problem(authority: bytes) -> Refusal | None:
    """Why a ``Host`` header or the host of an absolute target is refused; None if it is valid."""
    found = _AUTHORITY.fullmatch(authority.strip(b" \t"))
    if found is not None and _is_ipv6(found["ipv6"]) and _is_port(found["port"]):
        return None
    return Refusal(
        NOT_HTTP,
        check=CHECK,
        because="The Host header is not a valid host: send a name or an address, with the port if "
        "it is not the usual one (RFC 9110 section 7.2).",
        expected="host or host:port",
        actual=authority.decode("latin-1"),
    )


def _is_ipv6(address: bytes | None) -> bool:
    if address is None:
        return True
    try:
        ipaddress.IPv6Address(address.decode())
    except ValueError:
        return False
    return True


def _is_port(port: bytes | None) -> bool:
    digits = (port or b"").lstrip(b"0")
    return len(digits) <= len(str(_HIGHEST_PORT)) and int(digits or b"0") <= _HIGHEST_PORT


def _no_host() -> Refusal:
    return Refusal(
        NOT_HTTP,
        check=CHECK,
        because="The request has no Host header; HTTP/1.1 requires exactly one (RFC 9112 section "
        "3.2).",
        expected="one Host header",
        actual="none",
    )
