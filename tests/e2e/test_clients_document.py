"""The programs of docs/clients.md as printed, each refused as it should be; its shell commands."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mock_sei.certificates.store import CertificateStore
from tests.e2e.programs import (
    CURL,
    DOCUMENT,
    GO,
    JAVA,
    NODE,
    NPM,
    PROGRAMS,
    REQUESTS,
    RUNTIMES,
    Program,
)
from tests.e2e.serving import THOROUGH, Serving, environment, run, wait_for
from tests.e2e.snippets import ROOT, read, section, snippets

RECORDS = json.loads((ROOT / "fixtures/data/trade-tickets.json").read_text(encoding="utf-8"))
TICKETS = [str(each["tradeTicketId"]) for each in RECORDS[:2]]


@pytest.fixture(
    params=[
        pytest.param(each, id=each.heading, marks=pytest.mark.needs(*each.tools))
        for each in PROGRAMS
    ]
)
def program(request: pytest.FixtureRequest) -> Program:
    each: Program = request.param
    return each


@pytest.fixture
def folder(request: pytest.FixtureRequest, program: Program, tmp_path: Path) -> Path:
    """The folder in which a program is written and run."""
    if program.packages:
        packages: Path = request.getfixturevalue(program.packages)
        if program.packages == NPM:
            (tmp_path / "node_modules").symlink_to(packages / "node_modules")
    return tmp_path


@pytest.fixture
def certs(running: Serving, tmp_path: Path) -> Path:
    """A copy of the server's folder that a test can damage."""
    return Path(shutil.copytree(running.ready["certs_dir"], tmp_path / "copy"))


@pytest.fixture
def other_ca(tmp_path: Path) -> Path:
    """The certs folder of another server."""
    return CertificateStore(tmp_path / "other").folder


@pytest.fixture
def dead_proxy() -> Iterator[dict[str, str]]:
    """The environment of a machine whose proxy does not answer: the port is held, no more."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield dict.fromkeys(
            ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"),
            f"http://127.0.0.1:{held.getsockname()[1]}",
        )


def ids(output: str) -> list[str]:
    return re.findall(r"\d+", output)


def journal(serving: Serving) -> list[Mapping[str, Any]]:
    answer = httpx2.get(f"{serving.ready['control_url']}/journal", trust_env=False)
    entries: list[Mapping[str, Any]] = answer.raise_for_status().json()["entries"]
    return entries


def handshake(serving: Serving) -> str:
    """Why one failed, and nothing came over the two-way listener; the server may be behind."""

    def failed() -> list[Mapping[str, Any]]:
        return [each for each in journal(serving) if each["kind"] == "handshake"]

    wait_for(failed)
    others = [each for each in journal(serving) if each["kind"] != "handshake"]
    assert {each["listener"] for each in others} <= {"one-way"}
    return str(failed()[0]["refused_because"])


def refused(*compiled: Program) -> pytest.MarkDecorator:
    """Who is refused. It is the runtime's TLS that complains; every program is run as printed.

    ``compiled`` are those among them whose compiler takes seconds: each is refused in one way with
    each change.
    """
    programs = PROGRAMS if THOROUGH else (CURL, REQUESTS, NODE, *compiled)
    rows = [
        pytest.param(each, id=each.heading, marks=pytest.mark.needs(*each.tools))
        for each in programs
    ]
    return pytest.mark.parametrize("program", rows, indirect=True)


class TestPrograms:
    def test_as_printed_it_prints_the_tickets_whatever_proxy_there_is(
        self, running: Serving, program: Program, folder: Path, dead_proxy: dict[str, str]
    ) -> None:
        not_asked = {"NO_PROXY": "localhost"} if program.asks_a_proxy else {}
        finished = program.run(folder, running.ready, variables=dead_proxy | not_asked)
        assert finished.returncode == 0, finished.stderr
        assert ids(finished.stdout) == TICKETS
        assert [each["service_account"] for each in journal(running)[-2:]] == ["svc-demo"] * 2

    @refused(GO)
    def test_without_its_certificate_it_does_not_get_in(
        self, running: Serving, program: Program, folder: Path
    ) -> None:
        finished = program.run(folder, running.ready, text=program.text_without_certificate)
        assert finished.returncode != 0
        assert finished.stdout == ""
        assert "sent no certificate" in handshake(running)

    @refused()
    def test_with_another_accounts_certificate_it_gets_no_token(
        self, running: Serving, program: Program, folder: Path, certs: Path
    ) -> None:
        shutil.rmtree(certs / "svc-demo")
        (certs / "svc-limited").rename(certs / "svc-demo")
        finished = program.run(folder, running.ready, certs=certs)
        assert finished.returncode != 0
        assert finished.stdout == ""
        assert re.search(r"(?i)\b403\b|\bunauthorized_?client\b", finished.stderr)  # it says why
        assert journal(running)[-1]["refused_by"] == "certificate name"

    @refused(JAVA)
    def test_with_another_ca_it_does_not_trust_this_server(
        self, running: Serving, program: Program, folder: Path, certs: Path, other_ca: Path
    ) -> None:
        for name in ("ca.pem", "truststore.p12"):
            shutil.copy(other_ca / name, certs)
        finished = program.run(folder, running.ready, certs=certs)
        assert finished.returncode != 0
        assert finished.stdout == ""
        assert "does not trust" in handshake(running)


@pytest.mark.needs(*CURL.tools)
def test_curl_asks_a_proxy_unless_told_not_to(
    running: Serving, tmp_path: Path, dead_proxy: dict[str, str]
) -> None:
    assert CURL.run(tmp_path, running.ready, variables=dead_proxy).returncode != 0
    assert journal(running) == []
    told = CURL.text.replace("two_way=(", "two_way=(--noproxy '*' ")
    assert ids(CURL.run(tmp_path, running.ready, text=told, variables=dead_proxy).stdout) == TICKETS


def test_requests_takes_the_ca_of_its_environment_unless_told_not_to(
    running: Serving, tmp_path: Path, other_ca: Path
) -> None:
    overridden = {"REQUESTS_CA_BUNDLE": str(other_ca / "ca.pem")}
    assert ids(REQUESTS.run(tmp_path, running.ready, variables=overridden).stdout) == TICKETS
    trusting, count = re.subn(r" *session\.trust_env = .*\n", "", REQUESTS.text)
    assert count == 1
    finished = REQUESTS.run(tmp_path, running.ready, text=trusting, variables=overridden)
    assert finished.returncode != 0
    assert "CERTIFICATE_VERIFY_FAILED" in finished.stderr
    wait_for(lambda: journal(running)[-1]["kind"] == "handshake")


@pytest.mark.needs(*CURL.tools)
@pytest.mark.parametrize(
    "program",
    [
        REQUESTS,
        pytest.param(JAVA, marks=pytest.mark.needs(*JAVA.tools)),
    ],
    ids=lambda each: str(each.heading),
)
def test_the_control_listener_hands_out_the_files(
    running: Serving, tmp_path: Path, program: Program
) -> None:
    """Those in PEM to one program, those in PKCS#12 to the other."""
    (commands,) = snippets(section(read(DOCUMENT), "Files from afar"), "sh")
    told = {
        "MOCK_SEI_CONTROL_URL": running.ready["control_url"],
        "SEI_CERTS": str(tmp_path / "fetched"),
    }
    fetched = run(
        *RUNTIMES["sh"].command, "-c", commands, cwd=tmp_path, environ=environment() | told
    )
    assert fetched.returncode == 0, fetched.stderr
    finished = program.run(tmp_path, running.ready, certs=tmp_path / "fetched")
    assert ids(finished.stdout) == TICKETS, finished.stderr


class TestRealHostNames:
    HOST = "test.mtls.api.seic.com"

    @pytest.fixture
    def commands(self) -> str:
        """They go on from the program's."""
        (text,) = snippets(section(read(DOCUMENT), "The real host names"), "sh")
        assert text.count(self.HOST) == 4
        return CURL.text + text

    @pytest.mark.needs(*CURL.tools)
    def test_curl_reaches_the_mock_under_them(
        self, running: Serving, tmp_path: Path, commands: str
    ) -> None:
        finished = CURL.run(tmp_path, running.ready, text=commands)
        assert finished.returncode == 0, finished.stderr
        assert finished.stdout.count(f'"tradeTicketId":{TICKETS[0]}') == 3
        hosts = [each["request"]["headers"]["host"] for each in journal(running)[-2:]]
        assert [each.partition(":")[0] for each in hosts] == [self.HOST] * 2

    @pytest.mark.needs(*CURL.tools)
    def test_under_another_name_curl_does_not_trust_it(
        self, running: Serving, tmp_path: Path, commands: str
    ) -> None:
        stranger = commands.replace(self.HOST, "mtls.example.com")
        finished = CURL.run(tmp_path, running.ready, text=stranger)
        assert finished.returncode == 60  # the peer's certificate cannot be verified
        assert "mtls.example.com" in finished.stderr


def test_no_block_of_the_document_is_forgotten() -> None:
    text = read(DOCUMENT)
    headings = re.findall(r"^##+ (.*)$", text, re.MULTILINE)
    with_code = {
        each for each in headings if re.search(r"^```(?!text)\w", section(text, each), re.MULTILINE)
    }
    elsewhere = {"Auth.js", "SAML assertions"}
    not_run = {".NET", "Spring Security"}
    here = {"Files from afar", "The real host names"} | {each.heading for each in PROGRAMS}
    assert with_code == here | elsewhere | not_run
