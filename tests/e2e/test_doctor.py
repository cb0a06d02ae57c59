"""``mock-sei doctor`` and its connections: it finds each mistake of a client, and nothing more."""

from __future__ import annotations

import socket
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mock_sei import MockSei
from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.store import CertificateStore
from mock_sei.doctor.findings import Level
from mock_sei.faults.faults import TlsFault
from tests.e2e.handshakes import (
    TLS_1_2,
    TLS_1_3,
    both_versions,
    only,
)
from tests.e2e.patients import Patient, saying, speaking
from tests.e2e.serving import environment, wait_for
from tests.patience import PATIENCE

SHORT = timedelta(milliseconds=200)
"""For a server that never answers."""


@pytest.fixture
def patient(mock_sei: MockSei) -> Patient:
    return Patient(mock_sei)


def test_a_right_setup_is_told_how_right_it_is(patient: Patient) -> None:
    findings = patient.findings()
    assert [each.name for each in findings if each.name] == []
    told = [each.check for each in findings if each.level is Level.RIGHT]
    assert told == [
        *("URL", "CA file", "certificate file", "private key", "certificate", "certificate"),
        *("credentials", "connection", "server certificate", "server certificate"),
        *("handshake", "clock", "token request"),
    ]
    assert "TLSv1.2 and TLSv1.3, the client certificate is accepted" in findings[-3].what
    assert "the server issued a token" in findings[-1].what


def test_it_leaves_no_failed_handshake_where_nothing_is_wrong() -> None:
    with MockSei() as server:  # of its own: a shared one may still be writing of the last test
        assert Patient(server).found() == []
        entries = server.journal.entries
    assert {each.kind for each in entries} == {"exchange"}
    assert {each.response.status for each in entries if each.response} == {200}


def test_it_needs_no_option(patient: Patient) -> None:
    patient.given = {}
    assert patient.found() == ["ca-not-trusted", "alert-certificate-required"]


class TestWhereItConnects:
    def test_the_one_way_listener(self, patient: Patient) -> None:
        patient.url = patient.server.url
        assert patient.found() == ["one-way-listener", "answer-listener"]

    def test_the_one_way_listener_without_a_certificate(self, patient: Patient) -> None:
        patient.url = patient.server.url
        patient.given = {"cacert": patient.server.ca_file, "app_key": "demo-spa-key"}
        assert patient.found() == []

    def test_the_control_listener(self, patient: Patient) -> None:
        patient.url = patient.server.control_url.replace("http:", "https:")
        assert patient.found() == ["port-control"]

    def test_plain_http(self, patient: Patient) -> None:
        with speaking(saying(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")) as port:
            patient.url = f"https://localhost:{port}"
            assert patient.found() == ["port-plain-http"]

    def test_another_protocol(self, patient: Patient) -> None:
        with speaking(saying(b"220 mail.example ready\r\n")) as port:
            patient.url = f"https://localhost:{port}"
            assert patient.found() == ["port-not-tls"]

    def test_nothing_there(self, patient: Patient) -> None:
        with socket.create_server(("127.0.0.1", 0)) as gone:
            port = gone.getsockname()[1]
        patient.url = f"https://127.0.0.1:{port}"
        assert patient.found() == ["port-closed"]

    @pytest.mark.parametrize(
        ("host", "found"),
        [
            ("a" * 64, ["name-unresolved"]),
            ("no such host", ["url-white-space", "name-unresolved"]),
        ],
    )
    def test_a_name_that_does_not_resolve(
        self, patient: Patient, host: str, found: list[str]
    ) -> None:
        patient.url = f"https://{host}:444"  # neither gets as far as a name server
        assert patient.found() == found

    @pytest.mark.parametrize(
        ("error", "name"),
        [(TimeoutError(), "connection-timeout"), (OSError(101, "no network"), "unreachable")],
    )
    def test_what_the_network_says(
        self, patient: Patient, monkeypatch: pytest.MonkeyPatch, error: OSError, name: str
    ) -> None:
        def connect(*_: object, **__: object) -> socket.socket:
            raise error

        monkeypatch.setattr(socket, "create_connection", connect)
        assert patient.found() == [name]


class TestTheServersCertificate:
    @pytest.mark.parametrize(
        ("variant", "name"),
        [
            ("expired", "server-expired"),
            ("self-signed", "server-self-signed"),
            ("untrusted", "ca-another-mock-sei"),
            ("wrong-host", "host-not-in-certificate"),
        ],
    )
    def test_credentials_go_to_none_that_is_wrong(
        self, patient: Patient, variant: Any, name: str
    ) -> None:
        patient.server.server_certificate(variant)
        assert patient.found() == [name]
        requests = [each.request for each in patient.server.journal.entries if each.request]
        assert {each.method for each in requests} == {"GET"}

    def test_the_ca_of_another_mock_sei(self, patient: Patient, tmp_path: Path) -> None:
        patient.given["cacert"] = CertificateStore(tmp_path / "certs").ca_file
        assert patient.found() == ["ca-another-mock-sei"]

    def test_no_ca_at_all_names_the_one_that_is_missing(self, patient: Patient) -> None:
        del patient.given["cacert"]
        (finding,) = (each for each in patient.findings() if each.name)
        assert finding.name == "ca-not-trusted"
        assert finding.expected is not None
        assert "mock-sei root CA" in finding.expected
        assert "valid 2000-01-01 to 3000-01-01" in finding.expected

    @pytest.mark.parametrize(
        ("name", "names"),
        [
            ("server.pem", []),  # it has its CAs behind it
            ("ca.key", ["ca-not-pem"]),
            ("issuing-ca.pem", ["ca-not-root"]),
        ],
    )
    def test_another_file_of_the_certs_folder(
        self, patient: Patient, name: str, names: list[str]
    ) -> None:
        patient.given["cacert"] = patient.server.ca_file.with_name(name)
        assert patient.found() == names


class TestTheHandshake:
    @pytest.mark.parametrize(
        ("variant", "names"),
        [
            ("expired", ["certificate-expired", "alert-certificate-expired"]),
            ("not-yet-valid", ["certificate-not-yet-valid", "alert-bad-certificate"]),
            ("untrusted", ["alert-unknown-ca"]),
            ("self-signed", ["certificate-self-signed", "alert-unknown-ca"]),
        ],
    )
    def test_a_wrong_certificate(self, patient: Patient, variant: str, names: list[str]) -> None:
        patient.with_certificate("svc-demo", variant)
        assert patient.found() == names

    def test_a_revoked_certificate(self, patient: Patient) -> None:
        patient.server.certificate("svc-demo").revoke()
        assert patient.found() == ["alert-certificate-revoked"]

    def test_the_server_s_certificate_shown_by_a_client(self, patient: Patient) -> None:
        folder = patient.server.ca_file.parent
        patient.given |= {"cert": folder / "server.pem", "key": folder / "server.key"}
        assert patient.found() == [
            *("certificate-name", "certificate-purpose", "alert-unsupported-certificate"),
        ]

    def test_no_certificate(self, patient: Patient) -> None:
        del patient.given["cert"], patient.given["key"]
        assert patient.found() == ["alert-certificate-required"]

    def test_a_certificate_that_cannot_be_used_is_as_none(self, patient: Patient) -> None:
        patient.given["key"] = patient.server.certificate("svc-web").key_file
        assert patient.found() == ["key-not-of-certificate", "alert-certificate-required"]

    def test_an_encrypted_key_never_asks_at_the_terminal(
        self, patient: Patient, tmp_path: Path
    ) -> None:
        key = tmp_path / "locked.key"
        key.touch(mode=0o600)
        identity = patient.server.certificate("svc-demo").identity
        key.write_bytes(identity.encrypted_key_pem("open sesame"))
        patient.given["key"] = key
        assert patient.found() == ["passphrase-missing", "alert-certificate-required"]
        patient.given["passphrase"] = "sesame"
        assert patient.found() == ["passphrase-wrong", "alert-certificate-required"]
        patient.given["passphrase"] = "open sesame"
        assert patient.found() == []

    def test_a_platform_whose_clock_was_moved_closes_without_an_alert(
        self, patient: Patient
    ) -> None:
        patient.server.clock.advance(days=800)
        assert patient.found() == ["handshake-closed"]

    @pytest.mark.parametrize(
        ("trouble", "name"), [("close", "handshake-closed"), ("stall", "handshake-timeout")]
    )
    def test_a_handshake_that_goes_wrong(
        self, patient: Patient, trouble: TlsFault, name: str
    ) -> None:
        patient.server.faults.add(listener="two-way", tls=trouble)
        patient.given["timeout"] = SHORT if trouble == "stall" else timedelta(seconds=PATIENCE)
        assert patient.found() == [name]

    def test_a_server_that_hangs_up_at_once(self, patient: Patient) -> None:
        with speaking(lambda connection: connection.recv(1)) as port:
            patient.url = f"https://localhost:{port}"
            assert patient.found() == ["handshake-closed"]

    @pytest.mark.parametrize(
        ("alert", "name"),
        [
            (40, "alert-handshake-failure"),
            (43, "alert-unsupported-certificate"),
            (70, "tls-version"),
            (80, "alert-other"),
        ],
    )
    def test_an_alert_before_anything_else(self, patient: Patient, alert: int, name: str) -> None:
        with speaking(saying(b"\x15\x03\x01\x00\x02\x02" + bytes([alert]))) as port:
            patient.url = f"https://localhost:{port}"
            assert patient.found() == [name]

    @both_versions
    def test_a_server_of_one_version_of_tls_is_right(
        self, patient: Patient, version: ssl.TLSVersion
    ) -> None:
        folder = patient.server.ca_file.parent
        context = only(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), version)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        answer = saying(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        with speaking(answer, context=context) as port:
            patient.url = f"https://localhost:{port}"
            # TLS 1.3 hides whether a certificate was asked for
            expected = {TLS_1_2: ["one-way-listener", "answer-other"], TLS_1_3: ["answer-other"]}
            assert patient.found() == expected[version]

    @pytest.mark.needs("openssl")
    def test_the_cas_a_server_names(self, patient: Patient, tmp_path: Path) -> None:
        stranger = tmp_path / "stranger.pem"
        stranger.write_bytes(Authority(new_authority_pem()).pem.root)
        folder = patient.server.ca_file.parent
        with (tmp_path / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                [
                    *("openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-Verify", "5"),
                    *("-verify_return_error", "-CAfile", stranger),
                    *("-cert", folder / "server.pem", "-key", folder / "server.key"),
                    *("-cert_chain", folder / "server.pem"),
                ],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                env=environment(),
            )
        try:

            def port() -> str:
                lines = (tmp_path / "output.txt").read_text().splitlines()
                return next((each.rpartition(":")[2] for each in lines if "ACCEPT" in each), "")

            patient.url = (
                f"https://localhost:{wait_for(port, still=lambda: process.poll() is None)}"
            )
            patient.given["cacert"] = patient.server.ca_file
            findings = [each for each in patient.findings() if each.name]
        finally:
            process.kill()
            process.wait(PATIENCE)
        assert [each.name for each in findings] == ["certificate-other-ca"]
        assert findings[0].expected == "OU=mock-sei root CA,O=mock-sei (test only)"


@pytest.mark.parametrize(
    ("days", "names"),
    [
        (0, []),
        (10, ["clock-skew"]),
        (-10, ["certificate-not-yet-valid", "clock-skew"]),
    ],
)
def test_the_clocks_are_compared(patient: Patient, days: int, names: list[str]) -> None:
    patient.now = datetime.now(UTC) + timedelta(days=days)
    findings = patient.findings()
    assert [each.name for each in findings if each.name] == names
    if days < 0:
        skew = next(each for each in findings if each.name == "clock-skew")
        assert "valid only by the server's clock" in skew.what


def test_the_environment_is_looked_at(patient: Patient, tmp_path: Path) -> None:
    other = CertificateStore(tmp_path / "certs").ca_file
    ca = patient.server.ca_file
    patient.environ = {"REQUESTS_CA_BUNDLE": str(ca), "NODE_EXTRA_CA_CERTS": str(ca)}
    assert patient.found() == []
    patient.environ = {"REQUESTS_CA_BUNDLE": str(other), "https_proxy": "http://proxy:1"}
    assert patient.found() == ["requests-ca-bundle", "proxy-set"]
