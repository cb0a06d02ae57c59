"""Why a handshake failed, in words: every row of the tables explains itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mock_sei.bench import diagnosis
from mock_sei.bench.diagnosis import HandshakeFailure, explain_handshake, judge_certificate
from mock_sei.peer import PeerCertificate

NOW = datetime(2027, 1, 1, tzinfo=UTC)
CERTIFICATE = PeerCertificate(
    common_name="svc-demo",
    serial_number=255,
    not_before=NOW - timedelta(days=365),
    not_after=NOW + timedelta(days=365),
    fingerprint="00",
)


@pytest.mark.parametrize("code", [3, 7, 9, 10, 18, 19, 20, 21, 23, 24, 26, 66, 9999])
def test_every_refused_certificate_is_named_with_its_dates(code: int) -> None:
    failure = HandshakeFailure(
        reason="CERTIFICATE_VERIFY_FAILED", verify_code=code, verify_message="odd"
    )

    why = explain_handshake(failure, CERTIFICATE, NOW)

    assert why.check == "client certificate"
    assert "svc-demo" in why.because
    assert "2026-01-01 to 2028-01-01" in why.because


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "sent no certificate"),
        ("HTTP_REQUEST", "plain HTTP"),
        ("UNSUPPORTED_PROTOCOL", "TLS below 1.2"),
        ("TLSV1_ALERT_UNKNOWN_CA", "does not trust this server"),
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
def test_a_sound_certificate_is_let_in(now: datetime) -> None:
    assert judge_certificate(CERTIFICATE, now, revoked=False) is None
