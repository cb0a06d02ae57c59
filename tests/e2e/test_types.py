"""What mypy and pyright say of a user's suite: right code passes, a wrong keyword is an error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mock_sei.testing.inputs import FaultFields
from tests.e2e.serving import run
from tests.patience import patient

SUITE = Path(__file__).parent / "typed_suite" / "suite.py"

WRONG = (
    'mock_sei.faults.add("GET /v2/investors", statsu=503)',
    'mock_sei.faults.add("GET /v2/investors", status="503")',
    'mock_sei.faults.add("GET /v2/investors", cut="in-the-body")',
    'mock_sei.faults.add("GET /v2/investors", listener="threeway")',
    'mock_sei.enqueue("GET /v2/investors", statsu=503)',
    'mock_sei.enqueue("GET /v2/investors", times="2")',
    'mock_sei.enqueue("GET /v2/investors", listener="threeway")',
    'mock_sei.enqueue("GET /v2/investors", request={"hedaers": {}})',
    'mock_sei.enqueue("GET /v2/investors", when={"step": 1})',
    'mock_sei.enqueue("GET /v2/investors", answer=lambda: None)',
    "sei.Answer(staus=503)",
    "mock_sei.journal.find(staus=503)",
    'mock_sei.journal.assert_called("GET /v2/investors", time=1)',
    "mock_sei.clock.advance(minute=31)",
    'mock_sei.clock.advance(minutes="31")',
    'mock_sei.new_application(product=["*"])',
    'mock_sei.new_application(type="server")',
    'mock_sei.new_application(own_data="yes")',
    'mock_sei.applications.change("demo-server", own_data=True)',
    "mock_sei.data.of(7)",
    'mock_sei.applications.change("demo-server", scope=["ilservices"])',
    'mock_sei.reset(dialekt="rfc")',
    'mock_sei.reset(approval="maybe")',
    'mock_sei.certificate("svc-demo", "outdated")',
    'mock_sei.server_certificate("not-yet-valid")',
    'mock_sei.diagnose("svc-demo", client="rust")',
    'mock_sei.certificate_link("svc-demo", format="zip")',
    "sei.MockSei(journal_sise=5000)",
    'sei.Attached("http://localhost:8044", one_way="https://localhost")',
)
"""Each is wrong in one keyword or value."""

HEAD = "import mock_sei as sei\n\n\ndef test_wrong(mock_sei: sei.MockSei) -> None:\n"
FIRST = HEAD.count("\n") + 1
"""The line of the first wrong call, counted from 1."""
EXPECTED = dict(enumerate(WRONG, FIRST))

pytestmark = pytest.mark.needs("node", "npm")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's project: a right suite and a wrong one, and the environment of these tests."""
    folder = tmp_path_factory.mktemp("typed")
    (folder / "right.py").write_text(SUITE.read_text(encoding="utf-8"), encoding="utf-8")
    wrong = HEAD + "".join(f"    {each}\n" for each in WRONG)
    (folder / "wrong.py").write_text(wrong, encoding="utf-8")
    environment = Path(sys.prefix)
    settings = {
        "typeCheckingMode": "strict",
        "venvPath": str(environment.parent),
        "venv": environment.name,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


@pytest.mark.nightly  # pyright says the same in half the time
def test_mypy_accepts_right_code_and_refuses_each_wrong_keyword(project: Path) -> None:
    command = (sys.executable, "-m", "mypy", "--strict", "--config-file=", "--output=json")

    done = run(*command, "right.py", "wrong.py", cwd=project, patience=patient(300))

    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    errors = [(each["file"], each["line"]) for each in told if each["severity"] == "error"]
    assert set(errors) == {("wrong.py", line) for line in EXPECTED}, done.stdout + done.stderr


def test_pyright_accepts_right_code_and_refuses_each_wrong_keyword(
    project: Path, npm_packages: Path
) -> None:
    program = npm_packages / "node_modules/pyright/index.js"

    done = run("node", program, "--outputjson", cwd=project, patience=patient(300))

    told = json.loads(done.stdout)["generalDiagnostics"]
    errors = {
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in told
        if each["severity"] == "error"
    }
    assert errors == {("wrong.py", line) for line in EXPECTED}, done.stdout


class LanguageServer:
    """A language server by its standard streams, as an editor talks to it."""

    def __init__(self, *command: object, cwd: Path) -> None:
        self._process = subprocess.Popen(
            [str(each) for each in command],
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._asked = 0

    def __enter__(self) -> LanguageServer:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def ask(self, method: str, parameters: object) -> Any:
        """The result of a request; what the server asks meanwhile gets no answer of substance."""
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": parameters})
        for message in self._received():
            if "method" in message and "id" in message:
                items = (message.get("params") or {}).get("items")
                self._send({"id": message["id"], "result": [{} for _ in items] if items else None})
            elif message.get("id") == self._asked:
                assert "error" not in message, message
                return message["result"]
        raise AssertionError("the language server ended")

    def tell(self, method: str, parameters: object) -> None:
        self._send({"method": method, "params": parameters})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _received(self) -> Iterator[dict[str, Any]]:
        stream = self._process.stdout
        assert stream
        while header := stream.readline():
            length = int(header.partition(b":")[2])
            while stream.readline().strip():
                pass
            yield json.loads(stream.read(length))


@pytest.mark.nightly  # pyright reads the same types for its command in the test before
def test_an_editor_completes_every_field_of_a_fault(project: Path, npm_packages: Path) -> None:
    """By pyright's language server, which Pylance and many other editors use."""
    line = '    mock_sei.faults.add("GET /v2/investors", '
    file = project / "edited.py"
    file.write_text(f"{HEAD}{line})\n", encoding="utf-8")
    program = npm_packages / "node_modules/pyright/langserver.index.js"

    with LanguageServer("node", program, "--stdio", cwd=project) as server:
        folder = {"uri": project.as_uri(), "name": "typed"}
        workspace = {"workspace": {"configuration": True, "workspaceFolders": True}}
        server.ask(
            "initialize",
            {"processId": None, "capabilities": workspace, "workspaceFolders": [folder]},
        )
        server.tell("initialized", {})
        document = {"uri": file.as_uri(), "languageId": "python", "version": 1}
        server.tell("textDocument/didOpen", {"textDocument": document | {"text": file.read_text()}})
        answer = server.ask(
            "textDocument/completion",
            {
                "textDocument": {"uri": file.as_uri()},
                "position": {"line": FIRST - 1, "character": len(line)},
            },
        )

    offered = {each["label"].removesuffix("=") for each in answer["items"]}
    assert {"application", *FaultFields.__annotations__} <= offered
