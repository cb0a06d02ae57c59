"""A client's connection and certificate, and what the checks find out about the caller.

This module only holds values. The client's certificate is a :class:`ClientCertificate`, never an
SSL object, so that a test can make one without a socket.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from mock_sei.rules import checks
from mock_sei.rules.checks import Course
from mock_sei.rules.standards import Listener

TLS_VERSIONS = {0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}
"""The TLS versions that the server accepts, by their numbers in the protocol."""


@dataclass(frozen=True, kw_only=True)
class ClientCertificate:
    """The certificate that a client presented, with the fields that the platform's checks need."""

    common_name: str
    serial_number: int
    not_before: datetime
    not_after: datetime
    fingerprint: str
    """SHA-256 of the DER encoding, lower-case hexadecimal."""
    issuer: str = ""
    """Subject of the CA that signed it, in the form of RFC 4514. It proves nothing: any CA can
    have this name."""
    der: bytes = field(default=b"", repr=False, compare=False)
    """The whole certificate, for a check of its signature; empty if it is not known."""


class ChainProblemKind(StrEnum):
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
class ChainProblem:
    """What is wrong with one certificate of a client's chain."""

    kind: ChainProblemKind
    position: int
    """0 is the client's own certificate, 1 the CA that issued it, and so on upward."""
    subject: str
    """The certificate's subject, in the form of RFC 4514."""
    not_before: datetime
    not_after: datetime
    problem: str
    """A clause about the certificate, such as ``it expired on 2026-01-01``."""
    expected: str
    actual: str
    """``expected`` and ``actual`` are the two values that differ."""


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The listener that a request came to, its source address and its client certificate."""

    listener: Listener
    source_address: str
    certificate: ClientCertificate | None = None


@dataclass(kw_only=True, slots=True)
class Findings:
    """What the checks find out about a caller, one after the other. The journal entry shows it."""

    application: str | None = None
    service_account: str | None = None
    notes: list[str] = field(default_factory=list)
    """Sentences about details that were accepted but may be a mistake of the client."""
    course: Course = field(default=checks.UNKNOWN, repr=False, compare=False)
    """The checks of this kind of call."""
    passed: list[str] = field(default_factory=list)
    """The names of the checks that the call passed, in the order in which they ran."""

    def passes(self, check: str) -> None:
        """Notes that the call passed a check."""
        self.passed.append(check)
