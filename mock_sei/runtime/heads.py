"""What the parser leaves open in the head of a request: unknown methods, the target, ``Host``.

RFC 9110 sections 7.2 and 9.1, RFC 9112 section 3.2. The parser refuses methods that it does not
know; a server must say which ones a path takes (405), or that there is no such path (404).
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
"""Bytes of a method; a longer one is no HTTP here."""
_STAND_IN = b"POST"
"""What the parser is given instead of a method that it may not know; the two read alike."""
_PARSED = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"})
_USUAL_STARTS = tuple(each + b" " for each in sorted(_PARSED))
_METHOD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 section 5.6.2, token."""

_NAME = rb"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*+"
_AUTHORITY = re.compile(
    rb"(?:\[(?:(?P<ipv6>[0-9A-Fa-f:.]{2,45})(?:%[A-Za-z0-9._~%-]{1,64})?|[vV][0-9A-Fa-f]+\."
    rb"[A-Za-z0-9._~!$&'()*+,;=:-]+)\]|" + _NAME + rb")(?::(?P<port>[0-9]*+))?"
)
"""RFC 3986 section 3.2 without user information; a name may be empty, and have an underscore."""
_ABSOLUTE = re.compile(rb"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)")
_HIGHEST_PORT = 65_535
_VERSIONS = ("1.0", "1.1")


class Opening(NamedTuple):
    """The bytes with which a request begins, made ready for the parser."""

    ready: bytes
    method: bytes = b""
    """The method of the client where another one stands for it."""
    waiting: bytes = b""
    """Bytes of a method that is not whole yet."""


def open_request(received: bytes) -> Opening:
    """``received`` begins with a request, or with line breaks before one."""
    if received.startswith(_USUAL_STARTS):
        return Opening(received)
    line = received.lstrip(b"\r\n")
    end = line.find(b" ", 0, LONGEST_METHOD + 1)
    method = line[: end if end >= 0 else LONGEST_METHOD + 1]
    if not _METHOD.fullmatch(method) or len(method) > LONGEST_METHOD or method in _PARSED:
        if end < 0 and method in _PARSED:
            return Opening(b"", waiting=received)
        return Opening(received)  # the parser refuses what is no request
    if end < 0:
        return Opening(b"", waiting=received)
    return Opening(_STAND_IN + line[end:], method=method)


class Target(NamedTuple):
    """A request target in absolute form, taken apart."""

    authority: bytes
    """Counts instead of the ``Host`` header (RFC 9112 section 3.2.2)."""
    path: bytes
    """With its query."""


def find_absolute(target: bytes) -> Target | None:
    """None for a target in any other form."""
    found = _ABSOLUTE.fullmatch(target)
    if found is None:
        return None
    rest = found["rest"]
    return Target(found["authority"], rest if rest.startswith(b"/") else b"/" + rest)


def find_head_problem(hosts: Sequence[bytes], version: str) -> Refusal | None:
    """Why a request of this version with these ``Host`` headers is refused, None where it is not.

    An empty one is good: it stands for a target that has no host (RFC 9110 section 7.2).
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
    """Why a ``Host`` or the host of an absolute target is none, None where it is one."""
    found = _AUTHORITY.fullmatch(authority.strip(b" \t"))
    if found is not None and _is_ipv6(found["ipv6"]) and _is_port(found["port"]):
        return None
    return Refusal(
        NOT_HTTP,
        check=CHECK,
        because="The Host is no host: send a name or an address, with a port where it is not the "
        "usual one, and nothing else (RFC 9110 section 7.2).",
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
        because="The request has no Host header; HTTP/1.1 wants exactly one (RFC 9112 section "
        "3.2).",
        expected="one Host header",
        actual="none",
    )
