"""The benchmarks run and report all rows; the tests do not check how fast.

Nothing is installed: peers that are on this machine are measured, and tests create small ones for
the rest.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mock_sei.testing.in_process import MockSei
from performance.benchmarks import contestants, peers, processes
from performance.benchmarks.contestants import line_up
from performance.benchmarks.growth import SUBJECTS
from performance.benchmarks.load import Plan, run
from performance.benchmarks.machine import Cores
from performance.benchmarks.measurements import QUICK
from performance.benchmarks.peers import Peer
from performance.benchmarks.peers.jars import JARS
from performance.benchmarks.processes import Runner
from performance.benchmarks.requests import (
    CODE_REQUEST,
    CODE_TAKEN,
    LOGIN_REQUEST,
    TOKEN_REQUEST,
    form_request,
    functional_request,
)
from performance.benchmarks.table import BARE, BARE_UVLOOP, Against, Limit, Row, markdown
from tests.benchmark_rows import benchmark_rows
from tests.patience import patient

pytestmark = pytest.mark.nightly

CHECKOUT = Path(__file__).parents[2]
BASELINES = [BARE, *([BARE_UVLOOP] if find_spec("uvloop") else [])]

PEER_SERVER = """
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"10\\r\\n{\\"ANSWER\\":\\r\\n")
        self.wfile.flush()
        self.wfile.write(b"5\\r\\n\\"abc\\"\\r\\n1\\r\\n}\\r\\n0\\r\\n\\r\\n")

server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def rows_of(table: str) -> list[list[str]]:
    """Without the headings."""
    return [cells_of(line) for line in table.splitlines()[2:]]


def test_a_quick_run_prints_a_row_for_every_measurement() -> None:
    ended = subprocess.run(
        [
            sys.executable,
            "-m",
            "performance.benchmarks",
            "--quick",
            "--machine",
            "the machine's name",
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=patient(600),
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "- machine: the machine's name\n" in ended.stdout
    _, *tables = ended.stdout.split("\n\n")
    calls = [each.call for each in SUBJECTS]
    names = benchmark_rows(QUICK)
    if "- missing environment of users' suites: " in ended.stdout:
        del names["suites"]
    assert [[cells[0] for cells in rows_of(each)] for each in tables] == [*names.values(), calls]
    assert all(cells[1] for each in tables for cells in rows_of(each)), "a row without a figure"
    (table, *_) = tables
    headings = cells_of(table.splitlines()[0])
    assert headings[:4] == ["measured", "mock-sei", "spread", "bare FastAPI"]
    for peer in peers.PEERS:
        is_missing = f"- missing peer: {peer.name} (" in ended.stdout
        assert (peer.name in headings) != is_missing, "neither a column nor a line"


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(Cores(None, None), tmp_path)


@pytest.fixture
def certs(tmp_path: Path) -> Path:
    """The files of a certs folder that a peer gets."""
    for name in ("ca.pem", "issuing-ca.pem"):
        (tmp_path / name).touch()
    return tmp_path


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The script of a peer that counts as installed and is run by this Python."""
    monkeypatch.setattr(processes, "interpreter", lambda _: sys.executable)
    monkeypatch.setattr(contestants, "require_version", lambda _: "1.2.3")
    return tmp_path / "peer.py"


def made_up_peer(script: Path) -> Peer:
    return Peer(
        name="made up",
        registry="PyPI",
        package="made-up",
        script=(str(script),),
        token_request=form_request("/token", "grant_type=client_credentials"),
    )


def test_a_peer_that_is_not_installed_is_a_line_with_the_reason(
    runner: Runner, certs: Path
) -> None:
    absent = Peer(name="absent", registry="npm", package="not-a-package-of-anybody")
    untried = line_up(runner, certs, {}, [absent])
    failed = line_up(runner, certs, {"npm": "no npm on this machine"}, [absent])
    assert untried.missing == ["absent (npm): not installed; `make bench` installs it"]
    assert failed.missing == ["absent (npm): no npm on this machine"]
    assert failed.names == BASELINES


@pytest.mark.parametrize("peer", [each for each in peers.PEERS if each.jar], ids=lambda it: it.name)
def test_a_package_without_its_jar_and_a_machine_without_java_are_lines_with_the_reason(
    peer: Peer, runner: Runner, certs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "HERE", certs)
    package = certs / "node_modules" / peer.package
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"version": "1.2.3"}')
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    (no_jar,) = line_up(runner, certs, {}, [peer]).missing
    assert no_jar == f"{peer.name} (npm): no {JARS[peer.package][0]} in its npm package"
    monkeypatch.setattr(shutil, "which", lambda _: None)
    (no_java,) = line_up(runner, certs, {}, [peer]).missing
    assert no_java == f"{peer.name} (npm): no java on this machine"


def test_a_peer_that_does_not_start_is_a_line_with_its_last_words(
    runner: Runner, certs: Path, made_up: Path
) -> None:
    made_up.write_text("raise SystemExit('needs a newer machine')")
    field = line_up(runner, certs, {}, [made_up_peer(made_up)])
    assert field.missing == ["made up (PyPI): needs a newer machine"]


def test_a_peer_that_answers_in_chunks_over_plain_http_takes_part(
    runner: Runner, certs: Path, made_up: Path
) -> None:
    made_up.write_text(PEER_SERVER.replace("ANSWER", "access_token"))
    field = line_up(runner, certs, {}, [made_up_peer(made_up)])
    assert field.missing == []
    assert field.versions == ["made-up 1.2.3"]
    assert [each.name for each in field.with_tokens] == ["mock-sei", *BASELINES, "made up"]


def test_a_peer_whose_answer_holds_no_token_does_not_take_part(
    runner: Runner, certs: Path, made_up: Path
) -> None:
    made_up.write_text(PEER_SERVER.replace("ANSWER", "access_tokex"))
    (line,) = line_up(runner, certs, {}, [made_up_peer(made_up)]).missing
    assert line.startswith("made up (PyPI): not the expected answer: ")


def test_the_load_uses_each_token_it_obtained() -> None:
    with MockSei() as server:
        certificate = server.certificate("svc-demo")
        plan = Plan(
            port=urlsplit(server.two_way_url).port or 0,
            ca_file=str(server.ca_file),
            cert_file=str(certificate.cert_file),
            key_file=str(certificate.key_file),
            request=TOKEN_REQUEST,
            wanted='"access_token"',
            then=functional_request("{taken}"),
            warm_up=0,
            count=5,
            seconds=patient(60),
        )
        assert run(plan).count == 5
        assert len(server.journal.find("POST /v2/oauthtoken", status=200)) == 5
        assert len(server.journal.find("GET /v1/order/*", status=200)) == 5


def test_the_load_logs_in_and_takes_the_code_of_each_round() -> None:
    with MockSei() as server:
        plan = Plan(
            port=urlsplit(server.url).port or 0,
            ca_file=str(server.ca_file),
            request=LOGIN_REQUEST,
            status=303,
            then=CODE_REQUEST,
            taken=CODE_TAKEN,
            warm_up=0,
            connections=2,
            count=3,
            seconds=patient(60),
        )
        assert run(plan).count == 3
        assert len(server.journal.find("POST /v2/oauth/authorize", status=303)) == 3
        assert len(server.journal.find("POST /v2/oauthtoken", status=200)) == 3


def test_an_answer_that_a_plan_does_not_expect_ends_the_load() -> None:
    with MockSei() as server:
        plan = Plan(
            port=urlsplit(server.url).port or 0,
            ca_file=str(server.ca_file),
            request=LOGIN_REQUEST,
            then=CODE_REQUEST,
            count=3,
            seconds=patient(60),
        )
        with pytest.raises(ConnectionError, match="303 See Other"):
            run(plan)


def test_each_target_is_judged_by_itself_and_an_absent_peer_by_none() -> None:
    row = Row(
        measured="tokens",
        form="{:.0f}/s",
        ours=[10, 30, 20],
        others={BARE: [20, 60, 40], "slow": [5, 6, 5]},
        notes={"slow": "plain HTTP"},
        targets=[
            Limit(words="at most 25", at_most=25),
            Against(words="0.7 of bare", names=[BARE], at_least=0.7),
            Against(words="ahead of all", names=["slow", "absent"], at_least=1),
            Against(words="ahead of absent", names=["absent"], at_least=1),
        ],
    )
    assert markdown([row], [BARE, "slow", "absent"]).splitlines()[2] == (
        "| tokens | 20/s | 10/s to 30/s | 40/s (0.50) | 5/s, plain HTTP (4.00) |  "
        "| at most 25; 0.7 of bare; ahead of all; ahead of absent "
        "| yes; **no**; yes; not measured |"
    )
