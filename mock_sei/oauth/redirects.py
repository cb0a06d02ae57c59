"""Redirect addresses: which is meant, whether it is registered, and what is added to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

_LOOPBACK = re.compile(
    r"(http://(?:127\.0\.0\.1|\[::1\]))(?::(0|[1-9][0-9]{0,4}))?((?:[/?#].*)?)", re.DOTALL
)
"""A loopback address: scheme and host, port, and the rest to the letter."""
_HIGHEST_PORT = 65535


def is_registered(address: str, registered: Sequence[str]) -> bool:
    """Exactly as registered, but for the port of a loopback address (RFC 8252 section 7.3)."""
    if address in registered:
        return True
    sent = _without_port(address)
    return sent is not None and any(sent == _without_port(each) for each in registered)


def _without_port(address: str) -> tuple[str, str] | None:
    """What comes before and after the port of a loopback address, None of any other address."""
    found = _LOOPBACK.fullmatch(address)
    if found is None or int(found[2] or 0) > _HIGHEST_PORT:
        return None
    return found[1], found[3]


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """The address with parameters added to its query, which stays (RFC 6749 section 3.1.2).

    The query may be empty, or end with its separator. No registered address has a fragment.
    """
    _, mark, query = address.partition("?")
    separator = "&" if query and not query.endswith("&") else ""
    return f"{address}{separator if mark else '?'}{_encode(parameters)}"


def with_fragment(address: str, parameters: Mapping[str, str]) -> str:
    """The address with parameters as its fragment (RFC 6749 section 4.2.2)."""
    return f"{address}#{_encode(parameters)}"


def _encode(parameters: Mapping[str, str]) -> str:
    """Bytes that were no UTF-8 travel as surrogates and come back as they came."""
    return urlencode(parameters, errors="surrogateescape")
