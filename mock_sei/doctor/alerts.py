"""The TLS alerts with which a server ends a handshake: their meaning, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from mock_sei.rules.connection import ChainProblemKind


class Alert(NamedTuple):
    """The explanation of a TLS alert."""

    finding: str
    what: str
    cure: str


ALERTS: Mapping[str, Alert] = {
    "certificate_required": Alert(
        "alert-certificate-required",
        "The server requires a client certificate and got none.",
        "give --cert and --key, both PEM; without a certificate only the one-way listener answers.",
    ),
    "unknown_ca": Alert(
        "alert-unknown-ca",
        "The server does not know the CA of the client certificate.",
        "use the certificate that this platform issued: of this environment, and of this mock-sei "
        "(another certs folder has another CA).",
    ),
    "certificate_expired": Alert(
        "alert-certificate-expired",
        "The server finds the client certificate expired.",
        "ask for a new certificate; if it is not expired here, compare the clocks.",
    ),
    "bad_certificate": Alert(
        "alert-bad-certificate",
        "The server finds the client certificate bad: often it is not valid yet.",
        "compare its dates with the clock; if they are right, ask for a new certificate.",
    ),
    "certificate_revoked": Alert(
        "alert-certificate-revoked",
        "The client certificate was revoked.",
        "ask for a new certificate.",
    ),
    "unsupported_certificate": Alert(
        "alert-unsupported-certificate",
        "The server does not accept this kind of certificate: it may be a server certificate.",
        "use the account's own certificate.",
    ),
    "handshake_failure": Alert(
        "alert-handshake-failure",
        "The server ended the handshake without giving the reason: there may be no common cipher, "
        "or it may not accept the certificate.",
        "check the certificate's findings above; let the client offer its default ciphers.",
    ),
}
"""The alerts of RFC 8446 section 6.2, each with the finding, its meaning and what to do."""

BLAMED: Mapping[str, frozenset[ChainProblemKind]] = {
    "certificate_expired": frozenset({ChainProblemKind.EXPIRED}),
    "bad_certificate": frozenset(
        {ChainProblemKind.NOT_YET_VALID, ChainProblemKind.WEAK_KEY, ChainProblemKind.WEAK_SIGNATURE}
    ),
    "unsupported_certificate": frozenset({ChainProblemKind.PURPOSE, ChainProblemKind.NOT_A_CA}),
    "unknown_ca": frozenset({ChainProblemKind.NOT_A_CA, ChainProblemKind.PATH_LENGTH}),
    "decrypt_error": frozenset({ChainProblemKind.SIGNATURE}),
    "certificate_unknown": frozenset(ChainProblemKind),
}
"""The faults of a chain for which OpenSSL sends each alert (``ssl_x509err2alert``). The alert does
not say which certificate of the chain has the fault."""
