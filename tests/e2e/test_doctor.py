"""``mock-sei doctor`` against real sockets: each mistake of a client, and nothing else found."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import shlex
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mock_sei import MockSei
from mock_sei.bench.journal import Entry
from mock_sei.certificates.authority import Authority, new_authority_pem
from mock_sei.certificates.store import CertificateStore
from mock_sei.doctor.examination import examine
from mock_sei.doctor.findings import Finding, Level
from mock_sei.doctor.probe import observe
from mock_sei.doctor.setup import Options, read_setup
from mock_sei.records import Application
from tests.e2e.handshakes import (
    TLS_1_2,
    TLS_1_3,
    both_versions,
    everything_from,
    only,
    port_of,
)
from tests.e2e.serving import MOCK_SEI, PATIENCE, environment, run, wait_for

SHORT = timedelta(milliseconds=200)
"""For a server that never answers."""


class Patient:
    """A client of one platform, right until told otherwise."""

    def __init__(self, server: MockSei) -> None:
        self.server = server
        account, certificate = server.service_account("svc-demo"), server.certificate("svc-demo")
        self.url = server.two_way_url
        self.environ: Mapping[str, str] = {}
        self.now: datetime | None = None
        self.given: dict[str, Any] = {
            "cacert": server.ca_file,
            "cert": certificate.cert_file,
            "key": certificate.key_file,
            "app_key": account.app_key,
            "app_secret": account.app_secret,
            "username": account.username,
            "password": account.password,
        }

    def with_certificate(self, account: str, variant: Any = "valid") -> None:
        certificate = self.server.certificate(account, variant)
        self.given |= {"cert": certificate.cert_file, "key": certificate.key_file}

    def with_application(self, application: Application | str) -> None:
        """Its pair, its account and the account's certificate."""
        account = self.server.service_account(application)
        self.given |= {
            "app_key": account.app_key,
            "app_secret": account.app_secret,
            "username": account.username,
            "password": account.password,
        }
        self.with_certificate(account.username)

    def findings(self) -> list[Finding]:
        setup = read_setup(self.url, Options(**self.given), environ=self.environ, now=self.now)
        return examine(setup, observe)

    def found(self) -> list[str]:
        return [each.name for each in self.findings() if each.name]

    @property
    def last_exchange(self) -> Entry:
        return [each for each in self.server.journal.entries if each.kind == "exchange"][-1]

    def command(self) -> list[object]:
        options = [
            part
            for name, value in self.given.items()
            for part in (f"--{name.replace('_', '-')}", value)
        ]
        return [MOCK_SEI, "doctor", self.url, *options]


@pytest.fixture
def patient(mock_sei: MockSei) -> Patient:
    return Patient(mock_sei)


@contextlib.contextmanager
def speaking(
    answer: Callable[[socket.socket], object], *, context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A server of a test's own on a free port: ``answer`` has each connection, then it ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), connection:
                    connection.settimeout(PATIENCE)
                    if context is None:
                        answer(connection)
                        continue
                    with context.wrap_socket(connection, server_side=True) as wrapped:
                        answer(wrapped)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def saying(words: bytes) -> Callable[[socket.socket], object]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(words)
        everything_from(connection)  # unread, the rest of a request would reset the connection

    return answer


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
    assert "a token came" in findings[-1].what


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

    @pytest.mark.parametrize("host", ["a" * 64, "no such host"])
    def test_a_name_that_does_not_resolve(self, patient: Patient, host: str) -> None:
        patient.url = f"https://{host}:444"  # neither gets as far as a name server
        assert patient.found() == ["name-unresolved"]

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
    def test_a_handshake_that_goes_wrong(self, patient: Patient, trouble: str, name: str) -> None:
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


class TestTheTokenRequest:
    @pytest.mark.parametrize(
        ("changes", "names"),
        [
            ({"app_secret": "wrong"}, ["answer-key-pair"]),
            ({"app_key": "wrong"}, ["answer-key-pair"]),
            ({"app_secret": "demo-web-secret"}, ["answer-key-pair"]),
            (
                {"app_key": "demo-server-secret", "app_secret": "demo-server-key"},
                ["pair-swapped"],
            ),
            ({"app_secret": "demo-server-secret\n"}, ["credential-spaces", "answer-key-pair"]),
            ({"app_secret": '"demo-server-secret"'}, ["credential-quotes", "answer-key-pair"]),
            (
                {"app_key": "ZGVtby1zZXJ2ZXIta2V5OmRlbW8tc2VydmVyLXNlY3JldA=="},
                ["pair-encoded", "answer-key-pair"],
            ),
            ({"password": "wrong"}, ["answer-account"]),
            ({"username": "nobody"}, ["certificate-name", "answer-account"]),
            ({"username": "svc-web"}, ["certificate-name", "answer-account"]),
        ],
    )
    def test_wrong_credentials(
        self, patient: Patient, changes: dict[str, str], names: list[str]
    ) -> None:
        patient.given |= changes
        findings = patient.findings()
        assert [each.name for each in findings if each.name] == names
        for secret in ("demo-server-secret", "svc-demo-password", "demo-web-secret"):
            assert secret not in repr(findings)

    def test_the_account_and_certificate_of_another_application(self, patient: Patient) -> None:
        patient.with_certificate("svc-web")
        patient.given |= {"username": "svc-web", "password": "svc-web-password"}
        assert patient.found() == ["answer-account"]

    @pytest.mark.parametrize("application", ["svc-web", "svc-internal"])
    def test_a_grant_of_another_row(self, patient: Patient, application: str) -> None:
        patient.with_application(application)
        assert patient.found() == ["answer-grant"]

    def test_another_environment(self, patient: Patient) -> None:
        patient.with_application("svc-limited")  # for the build environment alone
        assert patient.found() == ["answer-api-key"]

    @pytest.mark.parametrize(
        ("addresses", "names"),
        [(["127.0.0.0/8"], []), (["10.1.2.3"], ["answer-source-address"])],
    )
    def test_the_source_address(
        self, patient: Patient, addresses: list[str], names: list[str]
    ) -> None:
        application = patient.server.new_application(source_addresses=addresses)
        patient.with_application(application)
        findings = patient.findings()
        assert [each.name for each in findings if each.name] == names
        if names:
            assert findings[-1].actual == "127.0.0.1 (at this end)"

    @pytest.mark.parametrize("certificate", [("svc-demo", "wrong-cn"), ("svc-web", "valid")])
    def test_another_name(self, patient: Patient, certificate: tuple[str, str]) -> None:
        patient.with_certificate(*certificate)
        assert patient.found() == ["certificate-name", "answer-certificate-name"]

    def test_the_vendor_s_body_is_shown_with_its_tracking_id(self, patient: Patient) -> None:
        patient.given["password"] = "wrong"
        last = patient.findings()[-1]
        tracking_id = patient.last_exchange.tracking_id
        assert tracking_id
        assert f"tracking id for SEI: {tracking_id}" in last.what
        assert "Gateway Authentication Failed, Please validate Credentials" in last.what

    @pytest.mark.parametrize("path", ["/v2/oauthtoken", "/v3/oauthtoken"])
    def test_the_token_endpoint_s_own_url_is_as_good(self, patient: Patient, path: str) -> None:
        patient.url += path
        assert patient.found() == []
        request = patient.last_exchange.request
        assert request is not None
        assert (request.method, request.path) == ("POST", path)

    @pytest.mark.parametrize(
        ("answer", "name"),
        [
            ({"status": 502, "text": "<html>Bad gateway</html>"}, "answer-other"),
            ({"status": 302, "headers": {"Location": "https://x.example"}}, "answer-other"),
            (
                {
                    "status": 401,
                    "json": {
                        "code": "gateway.authentication.failure",
                        "message": "Access Token expired",
                        "errors": [],
                    },
                },
                "answer-expired",
            ),
            (
                {
                    "status": 400,
                    "json": {
                        "code": "gateway.authentication.failure",
                        "message": "Gateway Authentication Failed, Please validate Credentials",
                        "error": "invalid_request",
                    },
                },
                "answer-request",
            ),
        ],
    )
    def test_an_answer_out_of_the_ordinary(
        self, patient: Patient, answer: dict[str, Any], name: str
    ) -> None:
        patient.server.enqueue("POST /v2/oauthtoken", **answer)
        assert patient.found() == [name]

    def test_a_connection_that_is_cut(self, patient: Patient) -> None:
        patient.server.faults.add("POST /v2/oauthtoken", cut="before-headers")
        assert patient.found() == ["no-answer"]

    def test_an_answer_that_never_comes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def wait(_: object) -> None:
            raise TimeoutError

        monkeypatch.setattr(http.client.HTTPSConnection, "getresponse", wait)
        with MockSei() as server:  # of its own: it answers after the test has gone on
            (finding,) = (each for each in Patient(server).findings() if each.name)
        assert finding.name == "no-answer"
        assert "no answer in time" in finding.what

    def test_an_incomplete_request_is_not_made(self, patient: Patient) -> None:
        del patient.given["password"]
        assert patient.found() == ["pair-incomplete"]
        request = patient.last_exchange.request
        assert request is not None
        assert request.method == "GET"


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
        assert "valid by the server's clock alone" in skew.what


def test_the_environment_is_looked_at(patient: Patient, tmp_path: Path) -> None:
    other = CertificateStore(tmp_path / "certs").ca_file
    ca = patient.server.ca_file
    patient.environ = {"REQUESTS_CA_BUNDLE": str(ca), "NODE_EXTRA_CA_CERTS": str(ca)}
    assert patient.found() == []
    patient.environ = {"REQUESTS_CA_BUNDLE": str(other), "https_proxy": "http://proxy:1"}
    assert patient.found() == ["proxy-set", "requests-ca-bundle"]


class TestTheCommand:
    def test_nothing_wrong(self, patient: Patient) -> None:
        finished = run(*patient.command())
        assert finished.returncode == 0, finished.stdout
        assert finished.stderr == ""
        assert finished.stdout.endswith("Nothing wrong was found.\n")
        assert finished.stdout.startswith("\u2713 URL")
        assert "-" not in {line[0] for line in finished.stdout.splitlines() if line}

    def test_something_wrong_and_no_secret_told(self, patient: Patient) -> None:
        patient.given |= {"password": "very wrong", "passphrase": "unused one"}
        for more in ([], ["--json"], ["--verbose"]):
            finished = run(*patient.command(), *more)
            assert finished.returncode == 1
            assert "answer-account" in finished.stdout
            for secret in ("very wrong", "unused one", "demo-server-secret"):
                assert secret not in finished.stdout

    @pytest.mark.parametrize("option", ["cacert", "cert", "key"])
    def test_a_file_that_cannot_be_read(
        self, patient: Patient, tmp_path: Path, option: str
    ) -> None:
        patient.given[option] = tmp_path / "nowhere.pem"
        finished = run(*patient.command())
        assert finished.returncode == 2
        assert "nowhere.pem is not there" in finished.stdout
        assert "\u2713 URL" in finished.stdout  # the rest is looked at all the same

    def test_what_is_no_url(self) -> None:
        finished = run(MOCK_SEI, "doctor", "localhost:444")
        assert (finished.returncode, finished.stdout) == (2, "")
        assert "not a URL; it begins with https://" in finished.stderr

    def test_json(self, patient: Patient) -> None:
        patient.url = "https://localhost:1"
        finished = run(*patient.command(), "--json")
        findings = json.loads(finished.stdout)["findings"]
        assert findings[-1]["name"] == "port-closed"
        assert findings[0]["level"] == "right"

    def test_a_terminal_of_plain_ascii(self, patient: Patient) -> None:
        plain = environment() | {"PYTHONIOENCODING": "ascii"}
        finished = run(*patient.command(), environ=plain)
        assert finished.returncode == 0, finished.stdout
        assert finished.stdout.isascii()
        assert finished.stdout.startswith("ok URL")

    def test_details_on_request(self, patient: Patient) -> None:
        assert "comes alone" not in run(*patient.command()).stdout
        assert "comes alone" in run(*patient.command(), "--verbose").stdout

    def test_a_running_server_needs_no_control_listener(self, patient: Patient) -> None:
        port = port_of(patient.server.control_url)
        source = Path(observe.__code__.co_filename).parent
        assert str(port) not in run(*patient.command()).stdout
        assert not [each for each in source.glob("*.py") if "control_url" in each.read_text()]

    @pytest.mark.needs("openssl")
    def test_a_pfx_is_cured_by_the_commands_it_prints(
        self, patient: Patient, tmp_path: Path
    ) -> None:
        pfx = tmp_path / "my certificate.pfx"
        pfx.touch(mode=0o600)
        pfx.write_bytes(patient.server.certificate("svc-demo").pfx().read_bytes())
        patient.given |= {"cert": pfx, "key": pfx}
        findings = [each for each in patient.findings() if each.name]
        assert [each.name for each in findings] == [
            *("certificate-is-pkcs12", "key-is-pkcs12", "alert-certificate-required"),
        ]
        assert findings[0].cure is not None
        first, second, then = findings[0].cure.splitlines()
        for command in (first, second):
            done = run(*shlex.split(command), cwd=tmp_path, typed="mock-sei\n")
            assert done.returncode == 0, done.stderr
        words = then.split()
        patient.given |= {"cert": tmp_path / words[2], "key": tmp_path / words[4]}
        assert patient.found() == []


DOCUMENTS = [Path(__file__).resolve().parents[2] / name for name in ("docs/doctor.md", "README.md")]
VARYING = {
    r"https://localhost:\d+": "https://localhost:444",
    r"\bport \d+": "port 444",
    r"\d{4}-\d\d-\d\d": "DATE",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "ID",
    r"\d+ s apart": "0 s apart",
    r"\d+ days": "730 days",
}


def examples(document: Path) -> list[tuple[str, list[str]]]:
    """Commands a document prints, each with the output below it."""
    found = []
    for block in re.findall(r"```\n(\$ mock-sei doctor .*?)```", document.read_text(), re.DOTALL):
        command, _, output = block.replace("\\\n", "").partition("\n")
        found.append((command, output.splitlines()))
    return found


def steady(text: str) -> str:
    """Without what differs from run to run."""
    for pattern, stand_in in VARYING.items():
        text = re.sub(pattern, stand_in, text)
    return text


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_documents_print_what_it_prints(patient: Patient, document: Path) -> None:
    folder = patient.server.ca_file.parent.parent
    printed = examples(document)
    assert printed
    for command, lines in printed:
        words = shlex.split(
            command.removeprefix("$ ").replace("https://localhost:444", patient.url)
        )
        finished = run(MOCK_SEI, *words[1:], cwd=folder)
        assert finished.returncode == 1, finished.stderr
        output = steady(finished.stdout).splitlines()
        missing = [line for line in lines if line != "..." and steady(line) not in output]
        assert missing == []
