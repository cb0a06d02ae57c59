"""Certificates that expire while clients keep sessions and connections open."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509

from mock_sei import MockSei
from mock_sei.testing.certificate import Certificate
from tests.e2e.handshakes import (
    TLS_1_2,
    TLS_1_3,
    alert,
    answer,
    both_versions,
    handshake_entry,
    is_let_in,
    only,
    status,
    tls,
)

pytestmark = pytest.mark.usefixtures("either_loop")

TWO_YEARS_AND_A_DAY = timedelta(days=732)


class TestKeptSessions:
    """A client presents the session of an open connection, so that the server still knows it."""

    def test_a_tls_1_2_session_does_not_outlive_a_revocation(self, mock_sei: MockSei) -> None:
        certificate = mock_sei.certificate("svc-demo")
        context = only(mock_sei.ssl_context(certificate), TLS_1_2)
        url = mock_sei.two_way_url
        with tls(url, context) as first:
            assert status(first) == 401
            with tls(url, context, session=first.session) as resumed:
                assert resumed.session_reused, "nothing is shown if the server resumes nothing"
                assert status(resumed) == 401
                certificate.revoke()
                told = alert(url, context, session=first.session)
        assert told == "SSLV3_ALERT_CERTIFICATE_REVOKED"
        entry = handshake_entry(mock_sei)
        assert entry.tls_version == "TLSv1.2"
        assert entry.certificate == certificate.identity.peer
        assert "was revoked" in str(entry.refused_because)

    def test_a_tls_1_2_session_does_not_outlive_its_certificate(self, mock_sei: MockSei) -> None:
        context = only(mock_sei.ssl_context("svc-demo"), TLS_1_2)
        url = mock_sei.two_way_url
        with tls(url, context) as first:
            assert status(first) == 401
            with tls(url, context, session=first.session) as resumed:
                assert resumed.session_reused
                assert status(resumed) == 401
                mock_sei.clock.advance(TWO_YEARS_AND_A_DAY)
                assert resumption_ends(url, context, first.session)
        assert "has expired" in str(handshake_entry(mock_sei).refused_because)

    def test_a_tls_1_3_session_is_never_resumed(self, mock_sei: MockSei) -> None:
        certificate = mock_sei.certificate("svc-demo")
        context = only(mock_sei.ssl_context(certificate), TLS_1_3)
        url = mock_sei.two_way_url
        with tls(url, context) as first:
            assert status(first) == 401  # tickets come after the handshake: read past them
            with tls(url, context, session=first.session) as second:
                assert status(second) == 401
                assert not second.session_reused
                certificate.revoke()
                told = alert(url, context, session=first.session)
        assert told == "SSLV3_ALERT_CERTIFICATE_REVOKED"


@both_versions
class TestKeptConnections:
    def test_one_ends_at_the_first_request_after_a_revocation(
        self, mock_sei: MockSei, version: ssl.TLSVersion
    ) -> None:
        certificate = mock_sei.certificate("svc-demo")
        other = mock_sei.certificate("svc-web")
        url = mock_sei.two_way_url
        with (
            tls(url, only(mock_sei.ssl_context(certificate), version)) as revoked,
            tls(url, only(mock_sei.ssl_context(other), version)) as untouched,
        ):
            assert [status(revoked), status(revoked), status(untouched)] == [401, 401, 401]
            certificate.revoke()
            assert ends_at_next_request(revoked)
            assert status(untouched) == 401
        entry = handshake_entry(mock_sei)
        assert entry.certificate == certificate.identity.peer
        assert "was revoked" in str(entry.refused_because)

    def test_one_ends_once_its_certificate_has_expired(
        self, mock_sei: MockSei, version: ssl.TLSVersion
    ) -> None:
        certificate = mock_sei.certificate("svc-demo")
        context = only(mock_sei.ssl_context(certificate), version)
        with tls(mock_sei.two_way_url, context) as kept:
            assert status(kept) == 401
            mock_sei.clock.set(certificate.not_after - timedelta(minutes=1))
            assert status(kept) == 401
            mock_sei.clock.set(certificate.not_after + timedelta(seconds=1))
            assert ends_at_next_request(kept)
        entry = handshake_entry(mock_sei)
        assert "has expired" in str(entry.refused_because)
        assert entry.tls_version in ("TLSv1.2", "TLSv1.3")

    def test_one_outlives_a_reset(self, mock_sei: MockSei, version: ssl.TLSVersion) -> None:
        with tls(mock_sei.two_way_url, only(mock_sei.ssl_context("svc-demo"), version)) as kept:
            assert status(kept) == 401
            mock_sei.reset()
            assert status(kept) == 401


@both_versions
class TestMovedClock:
    def test_a_certificate_ends_after_two_years_and_a_second(
        self, mock_sei: MockSei, version: ssl.TLSVersion
    ) -> None:
        certificate = mock_sei.certificate("svc-demo")
        context = only(mock_sei.ssl_context(certificate), version)
        mock_sei.clock.set(certificate.not_after - timedelta(minutes=1))
        assert is_let_in(mock_sei.two_way_url, context)
        mock_sei.journal.clear()
        mock_sei.clock.set(certificate.not_after + timedelta(seconds=1))
        assert is_closed_unasked(mock_sei.two_way_url, context)
        entry = handshake_entry(mock_sei)
        assert entry.certificate == certificate.identity.peer
        assert entry.refused_by == "client certificate"
        assert "has expired" in str(entry.refused_because)
        assert entry.expected == f"not after {certificate.not_after.isoformat()}"

    def test_a_certificate_renewed_on_the_moved_clock_is_let_in_until_a_reset(
        self, mock_sei: MockSei, tmp_path: Path, version: ssl.TLSVersion
    ) -> None:
        """OpenSSL's own clock finds the new certificate not valid yet."""
        original = mock_sei.certificate("svc-demo")
        mock_sei.clock.advance(TWO_YEARS_AND_A_DAY)
        renewed = renew(mock_sei, tmp_path)
        assert renewed.not_before > datetime.now(UTC) + timedelta(days=700)
        url = mock_sei.two_way_url
        assert is_let_in(url, only(mock_sei.ssl_context(renewed), version))
        assert not is_let_in(url, only(mock_sei.ssl_context(original), version))

        mock_sei.reset()
        context = only(mock_sei.ssl_context(renewed), version)
        assert alert(url, context) == "SSLV3_ALERT_BAD_CERTIFICATE"  # not valid yet
        assert is_let_in(url, only(mock_sei.ssl_context(original), version))
        assert mock_sei.certificate("svc-demo").serial_number == original.serial_number

    def test_a_certificate_of_the_past_is_let_in_when_the_clock_is_set_back(
        self, mock_sei: MockSei, version: ssl.TLSVersion
    ) -> None:
        expired = mock_sei.certificate("svc-demo", "expired")
        current = mock_sei.certificate("svc-demo")
        mock_sei.clock.set(expired.not_after - timedelta(days=1))
        assert is_let_in(mock_sei.two_way_url, only(mock_sei.ssl_context(expired), version))
        assert not is_let_in(mock_sei.two_way_url, only(mock_sei.ssl_context(current), version))
        assert "not valid yet" in str(mock_sei.journal.last.refused_because)

    @pytest.mark.parametrize(
        ("variant", "told"),
        [
            ("untrusted", "TLSV1_ALERT_UNKNOWN_CA"),
            ("self-signed", "TLSV1_ALERT_UNKNOWN_CA"),
            ("revoked", "SSLV3_ALERT_CERTIFICATE_REVOKED"),
        ],
    )
    def test_everything_but_dates_is_judged_as_before(
        self, mock_sei: MockSei, version: ssl.TLSVersion, variant: str, told: str
    ) -> None:
        mock_sei.clock.advance(days=1)
        if variant == "revoked":
            certificate = mock_sei.certificate("svc-demo")
            certificate.revoke()
        else:
            certificate = mock_sei.certificate("svc-demo", variant)  # type: ignore[arg-type]  # parametrized
        context = only(mock_sei.ssl_context(certificate), version)
        assert alert(mock_sei.two_way_url, context) == told

    def test_no_certificate_is_refused_as_before(
        self, mock_sei: MockSei, version: ssl.TLSVersion
    ) -> None:
        mock_sei.clock.advance(days=1)
        told = alert(mock_sei.two_way_url, only(mock_sei.ssl_context(), version))
        assert told in ("SSLV3_ALERT_HANDSHAKE_FAILURE", "TLSV13_ALERT_CERTIFICATE_REQUIRED")

    def test_after_a_reset_openssl_judges_dates_again(
        self, mock_sei: MockSei, version: ssl.TLSVersion
    ) -> None:
        expired = mock_sei.certificate("svc-demo", "expired")
        mock_sei.clock.advance(days=1)
        assert not is_let_in(mock_sei.two_way_url, only(mock_sei.ssl_context(expired), version))
        mock_sei.reset()
        context = only(mock_sei.ssl_context(expired), version)
        assert alert(mock_sei.two_way_url, context) == "SSLV3_ALERT_CERTIFICATE_EXPIRED"


@both_versions
def test_a_reset_forgets_a_revocation(mock_sei: MockSei, version: ssl.TLSVersion) -> None:
    certificate = mock_sei.certificate("svc-demo")
    context = only(mock_sei.ssl_context(certificate), version)
    for _ in range(2):  # the second time there is an older list with the same serial number
        assert is_let_in(mock_sei.two_way_url, context)
        certificate.revoke()
        assert alert(mock_sei.two_way_url, context) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
        mock_sei.reset()
    assert is_let_in(mock_sei.two_way_url, context)


def test_a_certificate_is_revoked_through_the_control_listener(mock_sei: MockSei) -> None:
    certificate = mock_sei.certificate("svc-demo")
    context = mock_sei.ssl_context(certificate)
    assert is_let_in(mock_sei.two_way_url, context)
    path = f"/service-accounts/svc-demo/certificates/{certificate.serial_number:x}/revoke"
    with httpx2.Client(base_url=mock_sei.control_url, trust_env=False) as control:
        assert control.post(path).status_code == 204
        listed = x509.load_pem_x509_crl(control.get("/crl.pem").content)
    assert [each.serial_number for each in listed] == [certificate.serial_number]
    assert alert(mock_sei.two_way_url, context) == "SSLV3_ALERT_CERTIFICATE_REVOKED"


def is_closed_unasked(url: str, context: ssl.SSLContext) -> bool:
    """True where the server ends a connection before it was asked anything."""
    try:
        with tls(url, context) as connected:
            return connected.recv(1) == b""
    except (ConnectionError, ssl.SSLEOFError):
        return True


def resumption_ends(url: str, context: ssl.SSLContext, session: ssl.SSLSession | None) -> bool:
    """True where a resumed connection gets no answer."""
    try:
        with tls(url, context, session=session) as connected:
            assert connected.session_reused
            return ends_at_next_request(connected)
    except (ConnectionError, ssl.SSLEOFError):
        return True


def ends_at_next_request(connected: ssl.SSLSocket) -> bool:
    """True where a request gets no byte of an answer."""
    try:
        connected.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer(connected)
    except (ConnectionError, ssl.SSLEOFError):
        return True
    return False


def renew(server: MockSei, folder: Path) -> Certificate:
    """A new certificate by the control listener, as a container's client asks for one."""
    answered = httpx2.post(
        f"{server.control_url}/service-accounts/svc-demo/certificates", trust_env=False
    )
    assert answered.status_code == 201
    current = server.platform.certificates.identity("svc-demo")
    assert answered.json()["serial_number"] == f"{current.serial_number:x}"
    cert_file, key_file = folder / "certificate.crt", folder / "privatekey.key"
    cert_file.write_text(answered.json()["certificate"])
    key_file.write_text(answered.json()["private_key"])
    return Certificate(
        cert_file=cert_file,
        key_file=key_file,
        identity=current,
        performer=server,
        account="svc-demo",
    )
