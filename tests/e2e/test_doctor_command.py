"""``mock-sei doctor`` as a user runs it, and as the documents print it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from mock_sei import MockSei
from mock_sei.doctor.probe import observe
from tests.e2e.handshakes import (
    port_of,
)
from tests.e2e.patients import Patient
from tests.e2e.serving import MOCK_SEI, environment, run, run_mock_sei


@pytest.fixture
def patient(mock_sei: MockSei) -> Patient:
    return Patient(mock_sei)


class TestTheCommand:
    def test_nothing_wrong(self, patient: Patient) -> None:
        finished = run_mock_sei(*patient.command())
        assert finished.returncode == 0, finished.stdout
        assert finished.stderr == ""
        assert finished.stdout.endswith("No problem was found.\n")
        assert finished.stdout.startswith("\u2713 URL")
        assert "-" not in {line[0] for line in finished.stdout.splitlines() if line}

    def test_something_wrong_and_no_secret_told(self, patient: Patient) -> None:
        patient.given |= {"password": "very wrong", "passphrase": "unused one"}
        for more in ([], ["--json"], ["--verbose"]):
            finished = run_mock_sei(*patient.command(), *more)
            assert finished.returncode == 1
            assert "answer-account" in finished.stdout
            for secret in ("very wrong", "unused one", "demo-server-secret"):
                assert secret not in finished.stdout

    @pytest.mark.parametrize("option", ["cacert", "cert", "key"])
    def test_a_file_that_cannot_be_read(
        self, patient: Patient, tmp_path: Path, option: str
    ) -> None:
        patient.given[option] = tmp_path / "nowhere.pem"
        finished = run_mock_sei(*patient.command())
        assert finished.returncode == 2
        assert "nowhere.pem does not exist" in finished.stdout
        assert "\u2713 URL" in finished.stdout  # the rest is looked at all the same

    def test_what_is_no_url(self) -> None:
        finished = run_mock_sei("doctor", "localhost:444")
        assert (finished.returncode, finished.stdout) == (2, "")
        assert "not a URL; it begins with https://" in finished.stderr

    def test_json(self, patient: Patient) -> None:
        patient.url = "https://localhost:1"
        finished = run_mock_sei(*patient.command(), "--json")
        findings = json.loads(finished.stdout)["findings"]
        assert findings[-1]["name"] == "port-closed"
        assert findings[0]["level"] == "right"

    def test_the_format_is_text_unless_json_is_asked_for(self, patient: Patient) -> None:
        patient.url = "https://localhost:1"
        text, asked = (
            run_mock_sei(*patient.command(), "--format", form).stdout for form in ("text", "json")
        )
        assert asked == run_mock_sei(*patient.command(), "--json").stdout
        assert text == run_mock_sei(*patient.command()).stdout
        assert json.loads(asked)["findings"]

    @pytest.mark.parametrize("with_ca", [True, False])
    def test_a_key_log_that_cannot_be_written_is_a_finding(
        self, patient: Patient, with_ca: bool
    ) -> None:
        """Libraries that create a default context would fail because of it."""
        if not with_ca:
            del patient.given["cacert"]
        environ = environment() | {"SSLKEYLOGFILE": "/nonexistent/folder/keys"}
        finished = run_mock_sei(*patient.command(), environ=environ)
        assert (finished.returncode, finished.stderr) == (1, "")
        assert "[key-log-unwritable]" in finished.stdout
        assert ("[ca-not-trusted]" in finished.stdout) is not with_ca

    def test_openssl_s_settings_of_this_machine_are_no_distrust(
        self, patient: Patient, tmp_path: Path
    ) -> None:
        settings = tmp_path / "openssl.cnf"
        settings.write_text(
            "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n[tls]\n"
            "MaxProtocol = TLSv1.1\n"
        )
        finished = run(
            *(MOCK_SEI, *patient.command()),
            environ=environment() | {"OPENSSL_CONF": str(settings)},
        )
        assert (finished.returncode, finished.stderr) == (1, "")
        assert "[openssl-conf]" in finished.stdout
        assert "[server-not-verified]" in finished.stdout
        assert finished.stdout.index("[openssl-conf]") < finished.stdout.index("[server-not-")
        assert "not trusted" not in finished.stdout
        assert "could not be verified" in finished.stdout

    def test_the_client_in_use_is_told_what_it_needs(self, patient: Patient) -> None:
        finished = run_mock_sei(*patient.command(), "--client", "go")
        assert finished.returncode == 0, finished.stdout
        assert "tls.LoadX509KeyPair" in finished.stdout
        unknown = run_mock_sei(*patient.command(), "--client", "perl")
        assert unknown.returncode == 2
        assert "'curl', 'requests', 'httpx', 'node', 'java', 'dotnet', 'go'" in unknown.stderr

    def test_a_terminal_of_plain_ascii(self, patient: Patient) -> None:
        plain = environment() | {"PYTHONIOENCODING": "ascii"}
        finished = run(MOCK_SEI, *patient.command(), environ=plain)
        assert finished.returncode == 0, finished.stdout
        assert finished.stdout.isascii()
        assert finished.stdout.startswith("ok URL")

    def test_details_on_request(self, patient: Patient) -> None:
        assert "is sent without the CAs above it" not in run_mock_sei(*patient.command()).stdout
        verbose = run_mock_sei(*patient.command(), "--verbose").stdout
        assert "is sent without the CAs above it" in verbose

    def test_a_running_server_needs_no_control_listener(self, patient: Patient) -> None:
        port = port_of(patient.server.control_url)
        source = Path(observe.__code__.co_filename).parent
        assert str(port) not in run_mock_sei(*patient.command()).stdout
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
    r"differs by \d+ s ": "differs by 0 s ",
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
    """The output without the parts that differ from run to run."""
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
        finished = run_mock_sei(*words[1:], cwd=folder)
        assert finished.returncode == 1, finished.stderr
        output = steady(finished.stdout).splitlines()
        missing = [line for line in lines if line != "..." and steady(line) not in output]
        assert missing == []
