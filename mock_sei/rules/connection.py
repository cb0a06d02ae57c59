"""What the platform knows of the other side of a connection, and what it finds out on the way.

Values only. The client's certificate travels upward as :class:`PeerCertificate`, never as an SSL
object, so that a test can hand one in without a socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mock_sei.rules.standards import Listener

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


class FaultKind(StrEnum):
    """What can be wrong with one certificate of a chain."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    SIGNATURE = "signature"
    WEAK_SIGNATURE = "weak signature"
    WEAK_KEY = "weak key"
    NOT_A_CA = "not a CA"
    PURPOSE = "purpose"
    PATH_LENGTH = "path length"
    CRITICAL_EXTENSION = "critical extension"


@dataclass(frozen=True, kw_only=True)
class ChainFault:
    """What is wrong with one certificate of a client's chain."""

    kind: FaultKind
    position: int
    """0 is the client's own certificate, 1 the CA that issued it, and so on upward."""
    subject: str
    """As RFC 4514 writes it."""
    not_before: datetime
    not_after: datetime
    problem: str
    """A sentence about the certificate, as ``it expired on 2026-01-01``."""
    expected: str
    actual: str
    """The two values that differ."""


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
