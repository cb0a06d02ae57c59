"""The explanation of a failed TLS handshake, in words that a tester understands.

There are two tables: OpenSSL's verification codes for a refused client certificate, and the reasons
of its other errors. Each row says what is wrong and what to do. Codes and reasons are OpenSSL's
(``x509_vfy.h``, ``sslerr.h``); the alerts are those of RFC 8446 section 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from mock_sei.errors import Explanation
from mock_sei.rules.checks import CERTIFICATE
from mock_sei.rules.connection import ChainProblem, ChainProblemKind, ClientCertificate

CERTIFICATE_CHECK = CERTIFICATE
TLS_CHECK = "TLS handshake"


@dataclass(frozen=True, kw_only=True)
class HandshakeFailure:
    """A failed handshake, as the TLS library reports it."""

    reason: str
    """OpenSSL's reason, such as ``CERTIFICATE_VERIFY_FAILED``, or one of ours below."""
    verify_code: int = 0
    verify_message: str = ""


STALLED = "HANDSHAKE_STALLED"
ABANDONED = "HANDSHAKE_ABANDONED"
HELLO_TOO_LARGE = "HELLO_TOO_LARGE"

_VERIFY: Mapping[int, str] = {
    3: "There is no revocation list of the certificate's issuer, so no certificate of that CA is "
    "accepted.",
    7: "The client certificate's signature does not fit its content: the file was changed.",
    9: "The client certificate is not valid yet.",
    10: "The client certificate has expired; request a new one.",
    18: "The client certificate is self-signed; use the one this server issued for the account.",
    19: "This server does not know any CA in the client certificate's chain as an issuer of client "
    "certificates; use the certificate this server issued for the account.",
    20: "The client certificate was issued by a CA this server does not know: another mock-sei, "
    "an earlier certs folder, another CA below this server's own root, or a real one; use the "
    "certificate this server issued.",
    21: "The client certificate was issued by a CA this server does not know; use the certificate "
    "this server issued.",
    23: "The client certificate was revoked; request a new one.",
    24: "A certificate in the client's chain is not a CA.",
    25: "The CA that issued the client certificate is below another CA that may not have CAs below "
    "it, such as this server's issuing CA; use the certificate this server issued.",
    26: "The certificate is not meant for clients: it may be the server's, or a CA's.",
    34: "A certificate that the client sent has a critical extension that OpenSSL does not know.",
    66: "The client certificate's key is too weak.",
    67: "The key of a CA that the client sent with its certificate is too weak.",
    68: "A certificate that the client sent is signed with SHA-1 or MD5; use SHA-256 or better.",
}

_CODES: Mapping[ChainProblemKind, frozenset[int]] = {
    ChainProblemKind.SIGNATURE: frozenset({7}),
    ChainProblemKind.NOT_YET_VALID: frozenset({9}),
    ChainProblemKind.EXPIRED: frozenset({10}),
    ChainProblemKind.NOT_A_CA: frozenset({24, 26, 32, 79}),
    ChainProblemKind.PATH_LENGTH: frozenset({25}),
    ChainProblemKind.PURPOSE: frozenset({24, 26}),
    ChainProblemKind.CRITICAL_EXTENSION: frozenset({34}),
    ChainProblemKind.WEAK_KEY: frozenset({66, 67}),
    ChainProblemKind.WEAK_SIGNATURE: frozenset({68}),
}
"""OpenSSL's codes for each problem. OpenSSL does not say which certificate has the problem."""

_CURES: Mapping[ChainProblemKind, str] = {
    ChainProblemKind.EXPIRED: "send that CA's renewed certificate",
    ChainProblemKind.NOT_YET_VALID: "send the CA's certificate that is valid now",
    ChainProblemKind.SIGNATURE: "send the CA that issued the certificate below it",
    ChainProblemKind.WEAK_SIGNATURE: "have it signed with SHA-256 or better",
    ChainProblemKind.WEAK_KEY: "use a CA with a stronger key",
}
_USUAL_CURE = "use a certificate of a CA that may issue client certificates"

_REASONS: Mapping[str, str] = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "The client sent no certificate. Two-way TLS needs the "
    "service account's certificate and private key, as .crt and .key (curl --cert and --key).",
    "HTTP_REQUEST": "The client speaks plain HTTP on a TLS port; use https:// in the URL.",
    "HTTPS_PROXY_REQUEST": "The client takes this server for a proxy; switch the proxy off.",
    "UNSUPPORTED_PROTOCOL": "The client offers TLS below 1.2; this server speaks 1.2 and 1.3.",
    "VERSION_TOO_LOW": "The client offers TLS below 1.2; this server speaks 1.2 and 1.3.",
    "WRONG_VERSION_NUMBER": "What the client sent is not TLS.",
    "NO_SHARED_CIPHER": "Client and server have no cipher suite in common. This server's key is "
    "EC: a client of TLS 1.2 must offer an ECDHE-ECDSA suite with AES-GCM or ChaCha20, and one "
    "that is pinned to ECDHE-RSA suites finds none; let it offer its default suites, or TLS 1.3.",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "Client and server have no signature algorithm in common.",
    "NO_SHARED_GROUP": "Client and server have no key exchange group in common.",
    "TLSV1_ALERT_UNKNOWN_CA": "The client does not trust this server's certificate; give it ca.pem "
    "of the certs folder (curl --cacert, SSL_CERT_FILE, mock-sei env).",
    # Java sends this alert for both, if its HttpClient does not close the connection before.
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "The client does not trust this server's certificate, or "
    "calls a name that the certificate does not have; give it ca.pem of the certs folder, and "
    "check the host of its URL.",
    "SSLV3_ALERT_BAD_CERTIFICATE": "The client does not accept this server's certificate: wrong "
    "host name, or a CA it does not trust.",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "The client finds this server's certificate expired.",
    "TLSV1_ALERT_DECRYPT_ERROR": "The client could not check this server's signature.",
    "DIGEST_CHECK_FAILED": "The handshake's messages were changed on the way.",
    "BAD_SIGNATURE": "The client's private key does not belong to its certificate.",
    HELLO_TOO_LARGE: "The client's first message, its ClientHello, is too large: this server reads "
    "32 KiB of it at most.",
    STALLED: "The client did not finish the handshake in time.",
    ABANDONED: "The client ended the connection during the handshake without saying why. Often it "
    "does not trust this server's certificate: give it ca.pem of the certs folder.",
}

_ALERTS: Mapping[int, str] = {
    **dict.fromkeys((3, 18, 19, 20, 21, 25, 79), "unknown_ca"),
    **dict.fromkeys((9, 66, 67, 68), "bad_certificate"),
    7: "decrypt_error",
    10: "certificate_expired",
    23: "certificate_revoked",
    26: "unsupported_certificate",
}
"""The alert that OpenSSL sends for a verification code (``ssl_x509err2alert``)."""

_ALERTS_OF_REASONS: Mapping[str, str] = {
    "UNSUPPORTED_PROTOCOL": "protocol_version",
    "NO_SHARED_CIPHER": "handshake_failure",
    "NO_SUITABLE_SIGNATURE_ALGORITHM": "handshake_failure",
    "NO_SHARED_GROUP": "handshake_failure",
    "DIGEST_CHECK_FAILED": "decrypt_error",
    "BAD_SIGNATURE": "decrypt_error",
}
_REQUIRED: Mapping[str | None, str] = {
    "TLSv1.2": "handshake_failure",
    "TLSv1.3": "certificate_required",
}
"""The alert about a missing certificate, by the TLS version."""

_CLIENT_ALERT = re.compile(r"(?:SSLV3|TLSV1|TLSV13)_ALERT_(.+)")


def find_alert(failure: HandshakeFailure, tls_version: str | None) -> str | None:
    """The alert that ended a handshake and who sent it, such as ``unknown_ca, sent by the client``.

    None if no alert was sent, or if it is not known which one.
    """
    sent = _CLIENT_ALERT.fullmatch(failure.reason)
    if sent is not None:
        return f"{sent[1].lower()}, sent by the client"
    alert = _ALERTS.get(failure.verify_code) or _ALERTS_OF_REASONS.get(failure.reason)
    if failure.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        alert = _REQUIRED.get(tls_version)
    return f"{alert}, sent by the server" if alert else None


_EXPECTED: Mapping[str, tuple[str, str]] = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": ("a client certificate", "none"),
    "NO_SHARED_CIPHER": (
        (
            "TLS 1.3, or under TLS 1.2 one of ECDHE-ECDSA-AES128-GCM-SHA256, "
            "ECDHE-ECDSA-AES256-GCM-SHA384, ECDHE-ECDSA-CHACHA20-POLY1305"
        ),
        "the client offers none of these suites",
    ),
}


def explain_handshake(
    failure: HandshakeFailure,
    certificate: ClientCertificate | None,
    now: datetime,
    *,
    problems: Sequence[ChainProblem] = (),
) -> Explanation:
    """The explanation of a failed handshake, for the journal.

    ``now`` is the time by which the dates were checked. ``problems`` are all problems of the
    certificates that the client sent, those of its own certificate first.
    """
    if failure.verify_code:
        blamed = [each for each in problems if failure.verify_code in _CODES[each.kind]]
        if blamed and blamed[0].position:
            return _blame(blamed, certificate)
        sentence = _VERIFY.get(
            failure.verify_code,
            "The client certificate, or a CA that was sent with it, is refused: "
            f"{failure.verify_message}.",
        )
        if blamed and failure.verify_code not in _DATES:
            return Explanation(
                check=CERTIFICATE_CHECK,
                because=f"{sentence} About the client certificate: {blamed[0].problem}."
                + _subject(certificate),
                expected=blamed[0].expected,
                actual=blamed[0].actual,
            )
        expected, actual = _dates(failure.verify_code, certificate, now)
        return Explanation(
            check=CERTIFICATE_CHECK,
            because=sentence + _subject(certificate),
            expected=expected,
            actual=actual,
        )
    sentence = _REASONS.get(
        failure.reason, f"TLS failed: {failure.reason.replace('_', ' ').lower()}."
    )
    missing = failure.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE"
    expected, actual = _EXPECTED.get(failure.reason, (None, None))
    return Explanation(
        check=CERTIFICATE_CHECK if missing else TLS_CHECK,
        because=sentence,
        expected=expected,
        actual=actual,
    )


def _blame(problems: Sequence[ChainProblem], certificate: ClientCertificate | None) -> Explanation:
    """The explanation for wrong CAs above the client certificate, with the name and dates of
    each."""
    first = problems[0]
    reasons = tuple(
        f"{each.subject}, valid from {each.not_before:%Y-%m-%d} to {each.not_after:%Y-%m-%d}: "
        f"{each.problem}"
        for each in problems
    )
    whose = (
        _VERIFY[25]
        if first.kind is ChainProblemKind.PATH_LENGTH
        else "A CA in the chain of the client certificate is wrong, not the client certificate."
    )
    return Explanation(
        check=CERTIFICATE_CHECK,
        because=f"{whose} {'. '.join(reasons)}; {_CURES.get(first.kind, _USUAL_CURE)}."
        + _subject(certificate, whose="The client certificate's"),
        expected=f"{first.subject}: {first.expected}",
        actual=f"{first.subject}: {first.actual}",
        reasons=reasons if len(reasons) > 1 else (),
    )


def judge_certificate(
    certificate: ClientCertificate,
    now: datetime,
    *,
    revoked: bool,
    registered: bool = True,
    is_ca: bool = False,
    problems: Sequence[ChainProblem] = (),
) -> Explanation | None:
    """Why the platform refuses a certificate that OpenSSL has accepted; None if it does not.

    OpenSSL has checked the signature and the chain. But it uses the machine's clock, and it does
    not check the newest revocation list for a resumed session or an open connection.

    ``registered`` is False if neither our issuing CA signed the certificate nor a client registered
    it. ``is_ca`` is True for our CA's own certificate. ``problems`` are the present problems of the
    CAs above the certificate.
    """
    if is_ca:
        return Explanation(
            check=CERTIFICATE_CHECK,
            because="The client certificate is that of this server's issuing CA, not that of a "
            "service account; use the certificate that this server issued for the account."
            + _subject(certificate),
            expected="the certificate of a service account",
            actual="the certificate of the issuing CA",
        )
    if not registered:
        return Explanation(
            check=CERTIFICATE_CHECK,
            because="This server's issuing CA did not issue the client certificate, and it is not "
            "registered as a client's own certificate (any more); use the certificate that this "
            "server issued, or submit the client's own with its CA on the application's page in "
            "the portal." + _subject(certificate),
            expected="a registered certificate",
            actual=f"serial number {certificate.serial_number:x}",
        )
    code = 23 if revoked else 0
    if now > certificate.not_after:
        code = 10
    elif now < certificate.not_before:
        code = 9
    if not code:
        return _blame(problems, certificate) if problems else None
    return explain_handshake(
        HandshakeFailure(reason="CERTIFICATE_VERIFY_FAILED", verify_code=code), certificate, now
    )


def _subject(certificate: ClientCertificate | None, *, whose: str = "Its") -> str:
    if certificate is None:
        return ""
    return (
        f" {whose} CN is {certificate.common_name}, it is valid from "
        f"{certificate.not_before:%Y-%m-%d} to {certificate.not_after:%Y-%m-%d}."
    )


_DATES = frozenset({9, 10})
"""The codes that :func:`_dates` explains, also if OpenSSL's clock differs from the platform's."""


def _dates(
    code: int, certificate: ClientCertificate | None, now: datetime
) -> tuple[str | None, str | None]:
    if certificate is None:
        return None, None
    if code == 10:
        limit, actual = certificate.not_after, _moment(now, certificate.not_after)
        if now <= limit:
            actual = f"later by OpenSSL's clock; this server's clock says {actual}"
        return f"not after {limit.isoformat()}", actual
    if code == 9:
        limit, actual = certificate.not_before, _moment(now, certificate.not_before)
        if now >= limit:
            actual = f"earlier by OpenSSL's clock; this server's clock says {actual}"
        return f"not before {limit.isoformat()}", actual
    if code == 23:
        return "a certificate that is not revoked", f"serial number {certificate.serial_number:x}"
    return None, None


def _moment(now: datetime, limit: datetime) -> str:
    """``now`` to the second, or more exactly if it would otherwise equal ``limit``."""
    same = now.replace(microsecond=0) == limit.replace(microsecond=0)
    return now.isoformat(timespec="auto" if same else "seconds")
