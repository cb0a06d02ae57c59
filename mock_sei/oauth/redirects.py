"""Redirect addresses: the check that one is registered, and adding parameters to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

_LOOPBACK = re.compile(
    r"(http://(?:127\.0\.0\.1|\[::1\]))(?::(0|[1-9][0-9]{0,4}))?((?:[/?#].*)?)", re.DOTALL
)
"""A loopback address in three parts: scheme and host, port, and all that follows."""
_HIGHEST_PORT = 65535


def is_registered(address: str, registered: Sequence[str]) -> bool:
    """True if an address is registered. A loopback address may have any port (RFC 8252, 7.3)."""
    if address in registered:
        return True
    sent = _without_port(address)
    return sent is not None and any(sent == _without_port(each) for each in registered)


def _without_port(address: str) -> tuple[str, str] | None:
    """The parts before and after the port of a loopback address, None for any other address."""
    found = _LOOPBACK.fullmatch(address)
    if found is None or int(found[2] or 0) > _HIGHEST_PORT:
        return None
    return found[1], found[3]


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """The address with parameters added to its query, if it has one (RFC 6749 section 3.1.2).

    The address has no fragment: no registered address has one.
    """
    _, mark, query = address.partition("?")
    separator = "&" if query and not query.endswith("&") else ""
    return f"{address}{separator if mark else '?'}{_encode(parameters)}"


def with_fragment(address: str, parameters: Mapping[str, str]) -> str:
    """The address with parameters as its fragment (RFC 6749 section 4.2.2)."""
    return f"{address}#{_encode(parameters)}"


def _encode(parameters: Mapping[str, str]) -> str:
    """Form-encoded parameters. A surrogate stands for a byte that was not UTF-8: it gives that byte
    again."""
    return urlencode(parameters, errors="surrogateescape")
