"""Reads the unencrypted first messages of a TLS 1.2 server: its certificates, the CAs it accepts.

The ``ssl`` module shows neither the server's chain nor the CAs it accepts for clients. The first
messages of a TLS 1.2 handshake contain both (RFC 5246 sections 7.4.2 and 7.4.4).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_CHANGE_CIPHER_SPEC, _ALERT, _HANDSHAKE = 20, 21, 22
_CERTIFICATE, _CERTIFICATE_REQUEST = 11, 13
_CONTENT_TYPES = range(_CHANGE_CIPHER_SPEC, 24)

_ATTRIBUTES = {
    bytes.fromhex("550403"): "CN",
    bytes.fromhex("550406"): "C",
    bytes.fromhex("55040a"): "O",
    bytes.fromhex("55040b"): "OU",
}
"""The attributes that are shown of a name, by their encoded object identifier 2.5.4.*."""


@dataclass(frozen=True, kw_only=True)
class Flight:
    """The content of a server's first messages that could be read."""

    chain: tuple[bytes, ...] = ()
    """The server's certificates, DER, its own first."""
    wants_certificate: bool | None = None
    """Whether the server asks for a client certificate; None if it is not known, as in TLS 1.3."""
    accepted_cas: tuple[bytes, ...] = ()
    """Names (DER) of the CAs whose client certificates are accepted. Empty means any CA."""


def looks_like_tls(data: bytes) -> bool:
    """Whether the bytes begin with a TLS record."""
    return len(data) >= 2 and data[0] in _CONTENT_TYPES and data[1] == 3


def read_flight(data: bytes) -> Flight:
    """Reads a server's first messages. Incomplete or malformed parts are left out."""
    chain: tuple[bytes, ...] = ()
    accepted: tuple[bytes, ...] = ()
    wants: bool | None = None
    for kind, body in _messages(data):
        if kind == _CERTIFICATE:
            chain, wants = tuple(_vectors(body[3:], 3)), False
        elif kind == _CERTIFICATE_REQUEST:
            wants, accepted = True, _accepted_cas(body)
    return Flight(chain=chain, wants_certificate=wants, accepted_cas=accepted)


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The handshake messages before the first encrypted record, each with its type."""
    stream = b""
    while len(data) >= 5 and data[0] in (_ALERT, _HANDSHAKE):
        size = int.from_bytes(data[3:5], "big")
        if data[0] == _HANDSHAKE:
            stream += data[5 : 5 + size]
        data = data[5 + size :]
    while len(stream) >= 4:
        size = int.from_bytes(stream[1:4], "big")
        if len(stream) < 4 + size:
            return
        yield stream[0], stream[4 : 4 + size]
        stream = stream[4 + size :]


def _vectors(data: bytes, width: int) -> Iterator[bytes]:
    """The pieces of a list in which each piece follows its length of ``width`` bytes."""
    while len(data) > width:
        size = int.from_bytes(data[:width], "big")
        yield data[width : width + size]
        data = data[width + size :]


def _accepted_cas(body: bytes) -> tuple[bytes, ...]:
    """The accepted CAs of a CertificateRequest.

    They follow the certificate types (one length byte) and the signature algorithms (two).
    """
    if not body:
        return ()
    rest = body[1 + body[0] :]
    rest = rest[2 + int.from_bytes(rest[:2], "big") :]
    return tuple(_vectors(rest[2:], 2))


def readable_name(der: bytes) -> str:
    """A distinguished name in the order of RFC 4514, with its usual attributes only."""
    parts: list[str] = []
    for _, relative in _elements(b"".join(content for _, content in _elements(der))):
        for _, pair in _elements(relative):
            values = [content for _, content in _elements(pair)]
            if len(values) == 2 and values[0] in _ATTRIBUTES:
                parts.append(f"{_ATTRIBUTES[values[0]]}={values[1].decode('utf-8', 'replace')}")
    return ",".join(reversed(parts))


def _elements(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each DER element (X.690 section 8.1). It ends at a malformed element."""
    while len(der) >= 2:
        tag, size, start = der[0], der[1], 2
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[2:start], "big")
        if len(der) < start + size:
            return
        yield tag, der[start : start + size]
        der = der[start + size :]
