"""Redirect addresses: which is meant, whether it is registered, and what is added to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit, urlunsplit

_LOOPBACK = ("127.0.0.1", "::1")


def is_registered(address: str, registered: Sequence[str]) -> bool:
    """Exactly as registered, but for the port of a loopback address (RFC 8252 section 7.3)."""
    if address in registered:
        return True
    # What is registered is ASCII; other characters cost urlsplit the square of their number.
    return address.isascii() and any(_differs_in_port_only(address, each) for each in registered)


def _differs_in_port_only(address: str, registered: str) -> bool:
    """The registered address with the sent port put in must be the sent address, to the letter."""
    try:
        sent, known = urlsplit(address), urlsplit(registered)
        port = sent.port
    except ValueError:
        return False
    if known.scheme != "http" or known.hostname not in _LOOPBACK:
        return False
    host = f"[{known.hostname}]" if ":" in known.hostname else known.hostname
    with_port = known._replace(netloc=host if port is None else f"{host}:{port}")
    return urlunsplit(with_port) == address


def with_query(address: str, parameters: Mapping[str, str]) -> str:
    """The address with parameters added to its query (RFC 6749 section 4.1.2)."""
    separator = "&" if urlsplit(address).query else "?"
    return f"{address}{separator}{_encode(parameters)}"


def with_fragment(address: str, parameters: Mapping[str, str]) -> str:
    """The address with parameters as its fragment (RFC 6749 section 4.2.2)."""
    return f"{address}#{_encode(parameters)}"


def _encode(parameters: Mapping[str, str]) -> str:
    """Bytes that were no UTF-8 travel as surrogates and come back as they came."""
    return urlencode(parameters, errors="surrogateescape")
