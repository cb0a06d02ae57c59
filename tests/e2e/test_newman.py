"""Postman's own runner on what ``mock-sei postman`` writes, by the line that it prints."""

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
from tests.e2e.serving import MOCK_SEI, environment, run

pytestmark = pytest.mark.needs("node", "npm")

ASSERTIONS = re.compile(r"assertions\s*│\s*(\d+)\s*│\s*(\d+)")
CERTIFICATE_OPTIONS = ("--ssl-client-cert", "--ssl-client-key")

Write = Callable[[str], list[str]]
"""An application's name to the words of the line that ``mock-sei postman`` prints for it."""
Newman = Callable[[list[str]], subprocess.CompletedProcess[str]]


@pytest.fixture
def write(mock_sei: MockSei, tmp_path: Path) -> Write:
    def written(application: str) -> list[str]:
        finished = run(
            *(MOCK_SEI, "postman", "--application", application),
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


@pytest.mark.parametrize(
    ("application", "asks_for_a_token"),
    [
        pytest.param("demo-server", True, id="client_credentials"),
        pytest.param("demo-internal", True, id="password"),
        pytest.param("demo-web", False, id="a token of the log-in page"),
        pytest.param("demo-spa", False, id="no certificate"),
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


@pytest.mark.parametrize("application", ["demo-server", "demo-internal", "demo-web"])
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


@pytest.mark.parametrize("application", ["demo-server", "demo-internal", "demo-web"])
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


def test_an_application_registered_a_moment_ago_is_written_and_runs(
    mock_sei: MockSei, write: Write, newman: Newman, tmp_path: Path
) -> None:
    with control_of(mock_sei.control_url) as control:
        register(control)
    assert assertions(newman(write("orders"))) == (written_tests(tmp_path), 0)


def test_postman_is_told_of_a_certificate_only_where_there_is_one(
    mock_sei: MockSei, tmp_path: Path
) -> None:
    command = (MOCK_SEI, "postman", "--control-url", mock_sei.control_url, "--application")
    two_way = run(*command, "demo-server", cwd=tmp_path).stdout
    one_way = run(*command, "demo-spa", cwd=tmp_path).stdout
    host = mock_sei.two_way_url.removeprefix("https://")
    assert f"host {host}, certificate.crt and privatekey.key (not a .pfx), ca.pem as CA" in two_way
    assert "Settings, Certificates: ca.pem as CA" in one_way
    assert "certificate.crt" not in one_way
