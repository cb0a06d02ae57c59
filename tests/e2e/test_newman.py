"""Postman's own runner with the files and the command line of ``mock-sei postman``."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from mock_sei import MockSei
from tests.e2e.registering import control_of, register
from tests.e2e.serving import environment, run, run_mock_sei

pytestmark = pytest.mark.needs("node", "npm")

ASSERTIONS = re.compile(r"assertions\s*│\s*(\d+)\s*│\s*(\d+)")
VARIABLE = "$MOCK_SEI_PASSPHRASE"
CERTIFICATE_OPTIONS = ("--ssl-client-cert", "--ssl-client-key")

Write = Callable[..., list[str]]
"""An application's name, and options, to the words of the line that ``mock-sei postman`` prints."""
Newman = Callable[[list[str]], subprocess.CompletedProcess[str]]


@pytest.fixture
def write(mock_sei: MockSei, tmp_path: Path) -> Write:
    def written(application: str, *options: str) -> list[str]:
        finished = run_mock_sei(
            *("postman", "--application", application, *options),
            *("--control-url", mock_sei.control_url),
            cwd=tmp_path,
        )
        assert finished.returncode == 0, finished.stderr
        line = finished.stdout.splitlines()[-1]
        assert line.startswith("newman run ")
        return shlex.split(line)

    return written


@pytest.fixture
def newman(npm_packages: Path, tmp_path: Path) -> Newman:
    folder = npm_packages / "node_modules" / ".bin"

    def runs(line: list[str]) -> subprocess.CompletedProcess[str]:
        environ = environment()
        environ["PATH"] = f"{folder}{os.pathsep}{environ['PATH']}"
        return run(*(folder / line[0], *line[1:]), cwd=tmp_path, environ=environ)

    return runs


def assertions(finished: subprocess.CompletedProcess[str]) -> tuple[int, int]:
    """How many were made, and how many of them failed."""
    found = ASSERTIONS.search(finished.stdout)
    assert found, finished.stdout + finished.stderr
    return int(found[1]), int(found[2])


AT_NIGHT = [
    pytest.param(each, marks=pytest.mark.nightly)
    for each in ("demo-server", "demo-internal", "demo-web")
]
"""Each run of newman takes seconds, and a certificate means one thing for all applications."""


@pytest.mark.parametrize(
    ("application", "asks_for_a_token"),
    [
        pytest.param("demo-server", True, id="client_credentials"),
        pytest.param("demo-internal", True, id="password", marks=pytest.mark.nightly),
        pytest.param("demo-web", False, id="a token of the log-in page", marks=pytest.mark.nightly),
        pytest.param("demo-spa", False, id="no certificate", marks=pytest.mark.nightly),
    ],
)
def test_every_assertion_of_the_collection_holds(
    write: Write, newman: Newman, tmp_path: Path, application: str, asks_for_a_token: bool
) -> None:
    line = write(application)
    assert all((each in line) is (application != "demo-spa") for each in CERTIFICATE_OPTIONS)
    finished = newman(line)
    assert assertions(finished) == (written_tests(tmp_path), 0), finished.stdout
    assert ("a token came" in finished.stdout) is asks_for_a_token
    assert "the call was let in" in finished.stdout
    assert finished.returncode == 0
    assert finished.stderr == ""


def written_tests(folder: Path) -> int:
    text = (folder / "postman" / "mock-sei.postman_collection.json").read_text()
    return text.count("pm.test(")


@pytest.mark.nightly  # the collection is run with the right one beside it
@pytest.mark.parametrize("application", ["demo-server", *AT_NIGHT[1:]])
def test_another_account_s_certificate_fails_it(
    mock_sei: MockSei, write: Write, newman: Newman, tmp_path: Path, application: str
) -> None:
    line = write(application)
    other = mock_sei.certificate("svc-limited")
    (tmp_path / "postman" / "certificate.crt").write_bytes(other.cert_file.read_bytes())
    (tmp_path / "postman" / "privatekey.key").write_bytes(other.key_file.read_bytes())
    finished = newman(line)
    assert finished.returncode != 0
    assert assertions(finished)[1] > 0
    assert "403 Forbidden" in finished.stdout
    assert "certificate name" in {each.refused_by for each in mock_sei.journal.entries}


@pytest.mark.parametrize("application", AT_NIGHT)
def test_without_a_certificate_no_connection_is_made(
    mock_sei: MockSei, write: Write, newman: Newman, application: str
) -> None:
    line = write(application)
    for option in CERTIFICATE_OPTIONS:
        position = line.index(option)
        del line[position : position + 2]
    mock_sei.journal.clear()
    finished = newman(line)
    assert finished.returncode != 0
    assert {each.kind for each in mock_sei.journal.entries} == {"handshake"}
    assert "sent no certificate" in str(mock_sei.journal.last.refused_because)


@pytest.mark.nightly
def test_without_the_ca_the_server_is_not_trusted(
    mock_sei: MockSei, write: Write, newman: Newman
) -> None:
    line = write("demo-spa")
    position = line.index("--ssl-extra-ca-certs")
    del line[position : position + 2]
    assert newman(line).returncode != 0
    refused = mock_sei.journal.find(kind="handshake")
    assert refused  # one for each request
    assert all("not trust this server" in str(each.refused_because) for each in refused)


@pytest.mark.nightly
def test_an_application_registered_a_moment_ago_is_written_and_runs(
    mock_sei: MockSei, write: Write, newman: Newman, tmp_path: Path
) -> None:
    with control_of(mock_sei.control_url) as control:
        register(control)
    assert assertions(newman(write("orders"))) == (written_tests(tmp_path), 0)


def test_with_a_passphrase_the_key_is_encrypted(write: Write, tmp_path: Path) -> None:
    line = write("demo-server", "--passphrase", "-of my own")
    key = tmp_path / "postman" / "privatekey.key"
    assert "ENCRYPTED PRIVATE KEY" in key.read_text()
    opened = ("openssl", "pkey", "-in", key, "-noout", "-passin")
    assert run(*opened, "pass:-of my own").returncode == 0
    assert run(*opened, "pass:another").returncode != 0
    assert line[-1] == f"--ssl-client-passphrase={VARIABLE}"


@pytest.mark.nightly
def test_with_a_passphrase_the_collection_runs(
    write: Write, newman: Newman, tmp_path: Path
) -> None:
    line = write("demo-server", "--passphrase", "-of my own")
    by_shell = [*line[:-1], line[-1].replace(VARIABLE, "-of my own")]
    assert assertions(newman(by_shell)) == (written_tests(tmp_path), 0)
    assert newman(line[:-1]).returncode != 0  # without the passphrase


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ((), "leave empty"),
        (("--passphrase", ""), "leave empty"),
        (("--passphrase", "of my own"), "the --passphrase value"),
    ],
)
def test_the_fields_of_postman_s_settings_are_named(
    mock_sei: MockSei, tmp_path: Path, options: tuple[str, ...], field: str
) -> None:
    command = ("postman", "--control-url", mock_sei.control_url, *options)
    said = run_mock_sei(*command, cwd=tmp_path).stdout
    for line in (
        f"  Host: {mock_sei.two_way_url.removeprefix('https://')}",
        "  CRT file: postman/certificate.crt",
        "  KEY file: postman/privatekey.key",
        f"  Passphrase: {field}",
        "Settings, Proxy: the global (custom) proxy off, the system proxy off",
    ):
        assert f"{line}\n" in said
    assert "of my own" not in said
    encrypted = "ENCRYPTED" in (tmp_path / "postman" / "privatekey.key").read_text()
    assert encrypted is (field != "leave empty")


@pytest.mark.parametrize("passphrase", ["x" * 2000, "\udcff"])
def test_a_passphrase_that_no_key_can_have_is_refused_and_not_shown(
    mock_sei: MockSei, tmp_path: Path, passphrase: str
) -> None:
    command = ("postman", "--control-url", mock_sei.control_url)
    done = run_mock_sei(*command, "--passphrase", passphrase, cwd=tmp_path)
    assert done.returncode == 2
    assert "--passphrase: " in done.stderr
    assert passphrase not in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "postman").iterdir()) == []


def test_postman_is_told_of_a_certificate_only_where_there_is_one(
    mock_sei: MockSei, tmp_path: Path
) -> None:
    command = ("postman", "--control-url", mock_sei.control_url, "--application")
    two_way = run_mock_sei(*command, "demo-server", cwd=tmp_path).stdout
    one_way = run_mock_sei(*command, "demo-spa", cwd=tmp_path).stdout
    authority = "Settings, Certificates, CA certificates: PEM file postman/ca.pem"
    assert authority in two_way
    assert authority in one_way
    assert "Client certificates" in two_way
    for words in ("Client certificates", "certificate.crt", "Passphrase"):
        assert words not in one_way
