"""Two-way TLS over real sockets: accepted certificates, and the exact alerts for others."""

from __future__ import annotations

import contextlib
import logging
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from mock_sei import JournalEntry, MockSei
from mock_sei.testing.certificate import Certificate
from tests.e2e.handshakes import (
    NAMES,
    TLS_1_2,
    TLS_1_3,
    alert,
    both_versions,
    client_hello,
    everything_from,
    handshake_entry,
    is_let_in,
    only,
    port_of,
    status,
    tcp,
    tls,
)
from tests.e2e.serving import run

pytestmark = pytest.mark.usefixtures("either_loop")

# The alerts of RFC 8446 section 6.2, in Python's words.
WRONG_IN_ONE_WAY = [
    pytest.param("expired", "SSLV3_ALERT_CERTIFICATE_EXPIRED", "has expired", id="expired"),
    pytest.param("not-yet-valid", "SSLV3_ALERT_BAD_CERTIFICATE", "not valid yet", id="not-yet"),
    pytest.param("untrusted", "TLSV1_ALERT_UNKNOWN_CA", "a CA this server does not", id="stranger"),
    pytest.param("self-signed", "TLSV1_ALERT_UNKNOWN_CA", "is self-signed", id="self-signed"),
]


def assert_alert(entry: JournalEntry, told: str) -> None:
    """The journal names the alert that the client got."""
    assert entry.alert == f"{told.partition('_ALERT_')[2].lower()}, sent by the server"


@both_versions
def test_the_account_s_certificate_is_let_in_and_no_certificate_is_not(
    mock_sei: MockSei, version: ssl.TLSVersion
) -> None:
    assert is_let_in(mock_sei.two_way_url, only(mock_sei.ssl_context("svc-demo"), version))
    assert mock_sei.journal.last.tls_version == NAMES[version]
    assert not is_let_in(mock_sei.two_way_url, only(mock_sei.ssl_context(), version))


@pytest.mark.parametrize(
    ("version", "told"),
    [
        (TLS_1_2, "SSLV3_ALERT_HANDSHAKE_FAILURE"),
        (TLS_1_3, "TLSV13_ALERT_CERTIFICATE_REQUIRED"),
    ],
    ids=NAMES.get,
)
def test_a_client_without_a_certificate_is_told_so(
    mock_sei: MockSei, caplog: pytest.LogCaptureFixture, version: ssl.TLSVersion, told: str
) -> None:
    assert alert(mock_sei.two_way_url, only(mock_sei.ssl_context(), version)) == told
    entry = handshake_entry(mock_sei)
    assert_alert(entry, told)
    assert [(each.check, each.result) for each in entry.checks] == [
        ("TLS", "passed"),
        ("client certificate", "refused"),
    ]
    assert (entry.listener, entry.source_address) == ("two-way", "127.0.0.1")
    assert entry.tls_version == NAMES[version]
    assert entry.certificate is None
    assert entry.refused_by == "client certificate"
    assert entry.refused_because is not None
    assert "sent no certificate" in entry.refused_because
    assert (entry.expected, entry.actual) == ("a client certificate", "none")
    assert entry.request is None
    assert entry.response is None
    assert logged(caplog, "sent no certificate")


@both_versions
@pytest.mark.parametrize(("variant", "told", "because"), WRONG_IN_ONE_WAY)
def test_a_wrong_certificate_gets_its_alert_and_an_entry_that_names_it(
    mock_sei: MockSei,
    caplog: pytest.LogCaptureFixture,
    version: ssl.TLSVersion,
    variant: str,
    told: str,
    because: str,
) -> None:
    certificate = mock_sei.certificate("svc-demo", variant)  # type: ignore[arg-type]  # parametrized
    context = only(mock_sei.ssl_context(certificate), version)
    assert alert(mock_sei.two_way_url, context) == told
    expect_entry(mock_sei, certificate, version, because)
    assert_alert(mock_sei.journal.last, told)
    assert logged(caplog, because)


@both_versions
def test_a_revoked_certificate_gets_its_alert_at_the_next_connection(
    mock_sei: MockSei, caplog: pytest.LogCaptureFixture, version: ssl.TLSVersion
) -> None:
    certificate = mock_sei.certificate("svc-demo")
    context = only(mock_sei.ssl_context(certificate), version)
    assert is_let_in(mock_sei.two_way_url, context)
    certificate.revoke()
    assert alert(mock_sei.two_way_url, context) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    expect_entry(mock_sei, certificate, version, "was revoked")
    assert_alert(mock_sei.journal.last, "SSLV3_ALERT_CERTIFICATE_REVOKED")
    assert logged(caplog, "was revoked")


def test_each_further_revocation_reaches_the_running_listener(mock_sei: MockSei) -> None:
    """OpenSSL keeps the older of two lists with one date; the third would be let in."""
    for account in ("svc-demo", "svc-web", "svc-limited"):
        certificate = mock_sei.certificate(account)
        context = mock_sei.ssl_context(certificate)
        assert is_let_in(mock_sei.two_way_url, context)
        certificate.revoke()
        assert alert(mock_sei.two_way_url, context) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert is_let_in(mock_sei.two_way_url, mock_sei.ssl_context("svc-internal"))


@both_versions
def test_a_server_s_certificate_is_none_for_clients(
    mock_sei: MockSei, version: ssl.TLSVersion
) -> None:
    context = only(mock_sei.ssl_context(), version)
    folder = mock_sei.ca_file.parent
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    assert alert(mock_sei.two_way_url, context) == "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE"
    entry = handshake_entry(mock_sei)
    assert_alert(entry, "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE")
    assert entry.refused_because is not None
    assert "not meant for clients" in entry.refused_because
    assert entry.certificate is not None
    assert entry.certificate.common_name == "localhost"


@both_versions
@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    ("variant", "told"),
    [("expired", "certificate expired"), ("untrusted", "unknown ca"), ("valid", None)],
)
def test_openssl_prints_the_alert(
    mock_sei: MockSei, version: ssl.TLSVersion, variant: str, told: str | None
) -> None:
    certificate = mock_sei.certificate("svc-demo", variant)  # type: ignore[arg-type]  # parametrized
    finished = run(
        *("openssl", "s_client", "-connect", f"127.0.0.1:{port_of(mock_sei.two_way_url)}"),
        *("-tls1_2" if version is TLS_1_2 else "-tls1_3", "-CAfile", mock_sei.ca_file),
        *("-cert", certificate.cert_file, "-key", certificate.key_file, "-verify_return_error"),
        *() if variant == "valid" else ("-ign_eof",),
    )
    if told is None:
        assert "Verify return code: 0 (ok)" in finished.stdout
        assert "alert" not in finished.stderr
    else:
        assert f"alert {told}" in finished.stderr


@pytest.mark.needs("curl")
@pytest.mark.parametrize(
    ("limits", "told"),
    [(["--tls-max", "1.2"], "handshake failure"), (["--tlsv1.3"], "certificate required")],
    ids=["TLSv1.2", "TLSv1.3"],
)
def test_curl_prints_the_alert_though_it_sends_its_request_at_once(
    mock_sei: MockSei, limits: list[str], told: str
) -> None:
    body = "x" * 500_000  # more than the socket's buffers: unread, it would reset the connection
    request = mock_sei.ca_file.with_name("request.txt")
    request.write_text(body)
    finished = run(
        *("curl", "-sS", *limits, "--cacert", mock_sei.ca_file, "-H", "Expect:"),
        *("--data-binary", f"@{request}", f"{mock_sei.two_way_url}/v2/oauthtoken"),
    )
    assert finished.returncode != 0
    assert finished.stdout == ""
    assert f"alert {told}" in finished.stderr


@pytest.mark.parametrize("listener", ["one-way", "two-way"])
@pytest.mark.parametrize("offered", [b"\x03\x01", b"\x03\x02"], ids=["TLSv1.0", "TLSv1.1"])
def test_versions_below_1_2_are_refused_by_name(
    mock_sei: MockSei, listener: str, offered: bytes
) -> None:
    with tcp(mock_sei.url if listener == "one-way" else mock_sei.two_way_url) as raw:
        raw.sendall(client_hello(offered))
        record = raw.recv(7)
    assert (record[0], record[5:]) == (21, b"\x02\x46")  # an alert: fatal, protocol_version
    entry = handshake_entry(mock_sei)
    assert (entry.listener, entry.refused_by) == (listener, "TLS handshake")
    assert entry.refused_because is not None
    assert "TLS below 1.2" in entry.refused_because


@pytest.mark.parametrize("listener", ["one-way", "two-way"])
def test_plain_http_ends_with_its_reason(
    mock_sei: MockSei, caplog: pytest.LogCaptureFixture, listener: str
) -> None:
    with tcp(mock_sei.url if listener == "one-way" else mock_sei.two_way_url) as raw:
        raw.sendall(b"POST /v2/oauthtoken HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert everything_from(raw) == b""
    entry = handshake_entry(mock_sei)
    assert (entry.listener, entry.refused_by) == (listener, "TLS handshake")
    assert entry.refused_because is not None
    assert "plain HTTP" in entry.refused_because
    assert logged(caplog, "plain HTTP")


def test_what_is_not_tls_at_all_ends_with_its_reason(mock_sei: MockSei) -> None:
    with tcp(mock_sei.two_way_url) as raw:
        raw.sendall(b"\x00\xff" * 64)
        everything_from(raw)
    entry = handshake_entry(mock_sei)
    assert entry.refused_by == "TLS handshake"
    assert entry.refused_because == "What the client sent is not TLS."


def test_a_first_message_that_is_too_large_is_refused_before_it_is_whole(mock_sei: MockSei) -> None:
    """OpenSSL would keep 128 KiB of it, for each connection and as long as a handshake may take."""
    begun = b"\x01" + (130_000).to_bytes(3, "big") + b"\x03\x03" + bytes(16_378)
    record = b"\x16\x03\x01" + len(begun).to_bytes(2, "big")
    with tcp(mock_sei.two_way_url) as raw:
        with contextlib.suppress(OSError):  # closed in the middle
            raw.sendall(record + begun + (record + bytes(len(begun))) * 3)
        everything_from(raw)
    entry = handshake_entry(mock_sei)
    assert entry.refused_because is not None
    assert "first message, its ClientHello, is too large" in entry.refused_because


@both_versions
def test_a_large_first_message_of_a_correct_client_is_read(
    mock_sei: MockSei, version: ssl.TLSVersion
) -> None:
    context = only(mock_sei.ssl_context("svc-demo"), version)
    context.set_alpn_protocols([f"{number:0>250}" for number in range(100)])
    with tls(mock_sei.two_way_url, context) as connected:
        assert connected.version() is not None


@both_versions
@pytest.mark.parametrize("listener", ["one-way", "two-way"])
def test_a_client_that_does_not_trust_the_ca_is_explained(
    mock_sei: MockSei, version: ssl.TLSVersion, listener: str
) -> None:
    url = mock_sei.url if listener == "one-way" else mock_sei.two_way_url
    context = only(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), version)
    with pytest.raises(ssl.SSLCertVerificationError), tls(url, context):
        pytest.fail("trusted")
    entry = handshake_entry(mock_sei)
    assert entry.listener == listener
    assert entry.refused_because is not None
    assert "does not trust this server's certificate" in entry.refused_because
    assert entry.alert == "unknown_ca, sent by the client"


def test_a_client_that_leaves_in_the_middle_is_explained(mock_sei: MockSei) -> None:
    with tcp(mock_sei.two_way_url) as raw:
        raw.sendall(client_hello(b"\x03\x03")[:40])
    entry = handshake_entry(mock_sei)
    assert entry.refused_because is not None
    assert "ended the connection during the handshake" in entry.refused_because


def test_a_bare_connect_is_no_failed_handshake(mock_sei: MockSei) -> None:
    with tcp(mock_sei.two_way_url):
        pass
    with tcp(mock_sei.two_way_url) as raw:  # one that says something, so that there is an end
        raw.sendall(b"\x00\xff" * 64)
        everything_from(raw)
    assert handshake_entry(mock_sei).refused_because == "What the client sent is not TLS."


@both_versions
@pytest.mark.parametrize("with_chain", [False, True], ids=["leaf alone", "with its chain"])
def test_a_leaf_is_let_in_alone_and_with_its_chain(
    mock_sei: MockSei, tmp_path: Path, version: ssl.TLSVersion, with_chain: bool
) -> None:
    certificate = mock_sei.certificate("svc-demo")
    sent = tmp_path / "certificate.crt"
    identity = certificate.identity
    sent.write_bytes(identity.certificate_pem + (identity.chain_pem if with_chain else b""))
    context = only(mock_sei.ssl_context(), version)
    context.load_cert_chain(sent, certificate.key_file)
    assert is_let_in(mock_sei.two_way_url, context)


@both_versions
@pytest.mark.parametrize("variant", [None, "valid", "expired", "untrusted"])
def test_the_one_way_listener_asks_for_no_certificate_and_ignores_one(
    mock_sei: MockSei, version: ssl.TLSVersion, variant: str | None
) -> None:
    certificate = None
    if variant is not None:
        certificate = mock_sei.certificate("svc-demo", variant)  # type: ignore[arg-type]  # parametrized
    context = only(mock_sei.ssl_context(certificate), version)
    assert is_let_in(mock_sei.url, context)
    entry = mock_sei.journal.last
    assert (entry.kind, entry.listener, entry.certificate) == ("exchange", "one-way", None)


def test_client_credentials_on_the_one_way_listener_are_refused(mock_sei: MockSei) -> None:
    account = mock_sei.service_account("svc-demo")
    form = {
        "grant_type": "client_credentials",
        "username": account.username,
        "password": account.password,
    }
    pair = (account.app_key, account.app_secret)
    certificate = mock_sei.certificate(account)
    with mock_sei.client(certificate, base_url=mock_sei.url) as http:
        refused = http.post("/v2/oauthtoken", auth=pair, data=form)
    with mock_sei.client(certificate) as http:
        granted = http.post("/v2/oauthtoken", auth=pair, data=form)
    assert (refused.status_code, refused.json()["code"]) == (403, "gateway.access.failure")
    assert refused.json()["errors"] == [{"reason": "The incoming traffic pattern is invalid."}]
    assert granted.status_code == 200


def test_another_account_s_certificate_is_let_in_by_tls_and_refused_by_name(
    mock_sei: MockSei,
) -> None:
    account = mock_sei.service_account("svc-demo")
    with mock_sei.client("svc-web") as http:
        refused = http.post(
            "/v2/oauthtoken",
            auth=(account.app_key, account.app_secret),
            data={
                "grant_type": "client_credentials",
                "username": account.username,
                "password": account.password,
            },
        )
    assert refused.status_code == 403
    assert refused.json()["errors"] == [{"reason": "Authorization Failed."}]
    assert mock_sei.journal.last.certificate is not None
    assert mock_sei.journal.last.certificate.common_name == "svc-web"


class TestTheServersCertificate:
    NAMES = (
        "localhost",
        "mock-sei",
        "api.seic.com",
        "anything.api.seic.com",
        "mtls.api.seic.com",
        "anything.mtls.api.seic.com",
        "127.0.0.1",
        "::1",
    )

    @pytest.mark.parametrize("listener", ["one-way", "two-way"])
    @pytest.mark.parametrize("name", NAMES)
    def test_a_strict_client_is_content_with_each_name(
        self, mock_sei: MockSei, listener: str, name: str
    ) -> None:
        url = mock_sei.url if listener == "one-way" else mock_sei.two_way_url
        context = mock_sei.ssl_context("svc-demo")
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        with tls(url, context, name=name) as connected:
            assert status(connected) == 401

    def test_a_name_it_has_not_is_refused_by_the_client(self, mock_sei: MockSei) -> None:
        context = mock_sei.ssl_context("svc-demo")
        with (
            pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"),
            tls(mock_sei.two_way_url, context, name="sandbox.example.com"),
        ):
            pytest.fail("accepted")
        entry = handshake_entry(mock_sei)
        assert entry.refused_because is not None
        assert "calls a name" in entry.refused_because or "host name" in entry.refused_because

    def test_a_further_host_name_is_in_it(self, tmp_path: Path) -> None:
        with MockSei(hostname=["sandbox.example.com"], certs_dir=tmp_path / "certs") as server:
            context = server.ssl_context()
            with tls(server.url, context, name="sandbox.example.com") as connected:
                assert status(connected) == 401

    @pytest.mark.needs("openssl")
    @pytest.mark.parametrize(
        ("name", "accepted"),
        [("-verify_ip 127.0.0.1", True), ("-verify_ip ::1", True)]
        + [(f"-verify_hostname {each}", True) for each in ("localhost", "a.api.seic.com")]
        + [("-verify_hostname api.example.com", False), ("-verify_ip 127.0.0.2", False)],
    )
    def test_openssl_verifies_it_strictly(
        self, mock_sei: MockSei, name: str, accepted: bool
    ) -> None:
        server = mock_sei.ca_file.with_name("server.pem")
        finished = run(
            *("openssl", "verify", "-x509_strict", "-purpose", "sslserver", *name.split()),
            *("-CAfile", mock_sei.ca_file, "-untrusted", server, server),
        )
        assert (finished.returncode == 0) is accepted, finished.stderr

    @pytest.mark.needs("openssl")
    def test_openssl_verifies_identity_certificates_strictly(self, mock_sei: MockSei) -> None:
        certificate = mock_sei.certificate("svc-demo").cert_file
        issuing = mock_sei.ca_file.with_name("issuing-ca.pem")
        command = ("openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile")
        finished = run(*command, mock_sei.ca_file, "-untrusted", issuing, certificate)
        assert finished.returncode == 0, finished.stderr
        assert run(*command, mock_sei.ca_file, certificate).returncode != 0  # the chain is needed

    def test_its_extensions_are_those_of_the_profile(self, mock_sei: MockSei) -> None:
        with tls(mock_sei.url, mock_sei.ssl_context()) as connected:
            der = connected.getpeercert(binary_form=True)
        assert der is not None
        extensions = x509.load_der_x509_certificate(der).extensions
        names = extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
        assert not names.critical
        extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_KEY_IDENTIFIER)
        extensions.get_extension_for_oid(ExtensionOID.SUBJECT_KEY_IDENTIFIER)


def expect_entry(
    server: MockSei, certificate: Certificate, version: ssl.TLSVersion, because: str
) -> None:
    """The journal names the reason, the version and the very certificate with its dates."""
    entry = handshake_entry(server)
    assert entry.refused_by == "client certificate"
    assert entry.refused_because is not None
    assert because in entry.refused_because
    assert f"{certificate.not_after:%Y-%m-%d}" in entry.refused_because
    assert entry.tls_version == NAMES[version]
    assert entry.certificate == certificate.identity.peer
    shown = entry.to_json()["certificate"]
    assert shown["common_name"] == "svc-demo"
    assert shown["not_before"] == certificate.not_before.isoformat()
    assert shown["not_after"] == certificate.not_after.isoformat()


def logged(caplog: pytest.LogCaptureFixture, words: str) -> bool:
    """One warning for the handshake, with these words."""
    (line,) = (each for each in caplog.records if " handshake " in each.message)
    return line.levelno == logging.WARNING and words in line.message
