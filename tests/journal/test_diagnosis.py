"""The explanations of failed handshakes, for each row of the tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.journal import diagnosis
from mock_sei.journal.diagnosis import (
    HandshakeFailure,
    explain_handshake,
    find_alert,
    judge_certificate,
)
from mock_sei.rules.connection import ClientCertificate
from tests.cases import every_case

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CERTIFICATE = ClientCertificate(
    common_name="svc-demo",
    serial_number=255,
    not_before=NOW - timedelta(days=365),
    not_after=NOW + timedelta(days=365),
    fingerprint="00",
)


UNKNOWN_CODE = 9999


def verify_failure(code: int) -> HandshakeFailure:
    return HandshakeFailure(
        reason="CERTIFICATE_VERIFY_FAILED", verify_code=code, verify_message="openssl's words"
    )


@every_case(
    ("code", "words"),
    [
        (3, "no revocation list"),
        (7, "the file was changed"),
        (9, "not valid yet"),
        (10, "has expired; request a new one"),
        (18, "self-signed; use the one this server issued"),
        (19, "does not know any CA in the client certificate's chain"),
        (20, "issued by a CA this server does not know"),
        (21, "issued by a CA this server does not know"),
        (23, "was revoked; request a new one"),
        (24, "is not a CA"),
        (26, "not meant for clients"),
        (66, "key is too weak"),
        (UNKNOWN_CODE, "is refused: openssl's words."),
    ],
)
def test_every_refused_certificate_is_named_with_its_dates(code: int, words: str) -> None:
    why = explain_handshake(verify_failure(code), CERTIFICATE, NOW)

    assert why.check == "client certificate"
    assert words in why.because
    assert ("openssl" in why.because) is (code == UNKNOWN_CODE)
    assert "svc-demo" in why.because
    assert "2026-01-01 to 2028-01-01" in why.because


def test_a_certificate_that_could_not_be_seen_is_explained_without_its_name() -> None:
    why = explain_handshake(verify_failure(10), None, NOW)

    assert why.because == "The client certificate has expired; request a new one."
    assert (why.expected, why.actual) == (None, None)


@every_case(
    ("code", "year", "expected", "actual"),
    [
        (9, 2025, "not before 2026-01-01T00:00:00+00:00", "2025-01-01T00:00:00+00:00"),
        (10, 2029, "not after 2028-01-01T00:00:00+00:00", "2029-01-01T00:00:00+00:00"),
        (23, 2027, "a certificate that is not revoked", "serial number ff"),
        (20, 2027, None, None),
    ],
)
def test_the_two_values_that_differ_are_told_where_there_are_two(
    code: int, year: int, expected: str | None, actual: str | None
) -> None:
    why = explain_handshake(verify_failure(code), CERTIFICATE, NOW.replace(year=year))

    assert (why.expected, why.actual) == (expected, actual)


def test_a_missing_certificate_is_the_certificates_fault_not_tls() -> None:
    """The explanation of each code."""
    why = explain_handshake(HandshakeFailure(reason="PEER_DID_NOT_RETURN_A_CERTIFICATE"), None, NOW)

    assert why.check == "client certificate"
    assert (why.expected, why.actual) == ("a client certificate", "none")


@every_case(
    ("reason", "words"),
    [
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "sent no certificate"),
        ("HTTP_REQUEST", "plain HTTP"),
        ("HTTPS_PROXY_REQUEST", "switch the proxy off"),
        ("UNSUPPORTED_PROTOCOL", "TLS below 1.2"),
        ("VERSION_TOO_LOW", "TLS below 1.2"),
        ("WRONG_VERSION_NUMBER", "not TLS"),
        ("NO_SHARED_CIPHER", "cipher suite in common"),
        ("NO_SUITABLE_SIGNATURE_ALGORITHM", "signature algorithm in common"),
        ("NO_SHARED_GROUP", "key exchange group in common"),
        ("TLSV1_ALERT_UNKNOWN_CA", "does not trust this server's certificate; give it ca.pem"),
        ("SSLV3_ALERT_CERTIFICATE_UNKNOWN", "calls a name that the certificate does not have"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "wrong host name"),
        ("SSLV3_ALERT_CERTIFICATE_EXPIRED", "finds this server's certificate expired"),
        ("TLSV1_ALERT_DECRYPT_ERROR", "could not check this server's signature"),
        ("DIGEST_CHECK_FAILED", "changed on the way"),
        ("BAD_SIGNATURE", "does not belong to its certificate"),
        (diagnosis.STALLED, "did not finish"),
        (diagnosis.ABANDONED, "ended the connection"),
        ("SOME_NEW_REASON", "some new reason"),
    ],
)
def test_every_other_failure_is_told_in_words(reason: str, words: str) -> None:
    assert words in explain_handshake(HandshakeFailure(reason=reason), None, NOW).because


@pytest.mark.parametrize(
    ("now", "revoked", "words"),
    [
        (CERTIFICATE.not_after + timedelta(seconds=1), False, "has expired"),
        (CERTIFICATE.not_before - timedelta(seconds=1), False, "not valid yet"),
        (NOW, True, "was revoked"),
    ],
)
def test_an_accepted_certificate_is_judged_by_the_given_time(
    now: datetime, revoked: bool, words: str
) -> None:
    why = judge_certificate(CERTIFICATE, now, revoked=revoked)

    assert why is not None
    assert words in why.because
    assert why.expected
    assert why.actual


@pytest.mark.parametrize("now", [CERTIFICATE.not_before, NOW, CERTIFICATE.not_after])
def test_a_sound_certificate_is_let_in_to_its_last_second(now: datetime) -> None:
    assert judge_certificate(CERTIFICATE, now, revoked=False) is None


def test_one_of_a_clients_own_ca_is_judged_by_whether_it_is_registered() -> None:
    why = judge_certificate(CERTIFICATE, NOW, revoked=False, registered=False)

    assert why is not None
    assert "is not registered as a client's own certificate (any more)" in why.because
    assert CERTIFICATE.common_name in why.because
    assert why.expected == "a registered certificate"
    assert why.actual == f"serial number {CERTIFICATE.serial_number:x}"


@pytest.mark.parametrize(("code", "told"), [(9, "earlier"), (10, "later")])
def test_a_date_that_only_openssl_finds_wrong_is_told_as_such(code: int, told: str) -> None:
    """OpenSSL uses the machine's clock, and the platform's clock may show another time."""
    why = explain_handshake(verify_failure(code), CERTIFICATE, NOW)

    assert why.actual == (f"{told} by OpenSSL's clock; this server's clock says {NOW.isoformat()}")


def test_two_moments_of_one_second_do_not_read_alike() -> None:
    just_after = CERTIFICATE.not_after + timedelta(microseconds=500_000)
    why = judge_certificate(CERTIFICATE, just_after, revoked=False)

    assert why is not None
    assert why.expected == "not after 2028-01-01T00:00:00+00:00"
    assert why.actual == "2028-01-01T00:00:00.500000+00:00"


@every_case(
    ("reason", "version", "told"),
    [
        ("TLSV1_ALERT_UNKNOWN_CA", None, "unknown_ca, sent by the client"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "TLSv1.3", "bad_certificate, sent by the client"),
        ("NO_SHARED_CIPHER", None, "handshake_failure, sent by the server"),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "TLSv1.2", "handshake_failure, sent by the server"),
        (
            "PEER_DID_NOT_RETURN_A_CERTIFICATE",
            "TLSv1.3",
            "certificate_required, sent by the server",
        ),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", None, None),
        (diagnosis.STALLED, "TLSv1.3", None),
        ("HTTP_REQUEST", None, None),
    ],
)
def test_the_alert_is_named_with_its_sender_where_it_is_known(
    reason: str, version: str | None, told: str | None
) -> None:
    assert find_alert(HandshakeFailure(reason=reason), version) == told


def test_a_code_of_which_the_alert_is_not_known_names_none() -> None:
    assert find_alert(verify_failure(UNKNOWN_CODE), "TLSv1.3") is None
    assert find_alert(verify_failure(10), "TLSv1.3") == "certificate_expired, sent by the server"
