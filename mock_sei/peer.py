"""What the platform knows of the other side of a connection, and what it finds out on the way.

Values only. The client's certificate travels upward as :class:`PeerCertificate`, never as an SSL
object, so that a test can hand one in without a socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from mock_sei.standards import Listener

TLS_VERSIONS = {0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
"""Wire numbers of the versions that are spoken here."""


@dataclass(frozen=True, kw_only=True)
class PeerCertificate:
    """The certificate a client showed, reduced to what the platform's rules ask for."""

    common_name: str
    serial_number: int
    not_before: datetime
    not_after: datetime
    fingerprint: str
    """SHA-256 of the DER encoding, lower-case hexadecimal."""
    issuer: str = ""
    """Subject of the CA that signed it, as RFC 4514 writes it. Anybody can name a CA so."""
    der: bytes = field(default=b"", repr=False, compare=False)
    """The certificate itself, for who must check its signature; empty where it is not at hand."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Where a request came in, from whom."""

    listener: Listener
    source_address: str
    certificate: PeerCertificate | None = None


@dataclass(kw_only=True, slots=True)
class Findings:
    """What the checks learn about a caller on the way; the journal entry shows it."""

    application: str | None = None
    service_account: str | None = None
    notes: list[str] = field(default_factory=list)
    """Sentences about what was accepted but deserves a look."""
