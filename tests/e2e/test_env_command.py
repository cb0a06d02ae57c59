"""Each variable of ``mock-sei env`` alone, with the clients that read it."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.serving import COMPILERS_PATIENCE, MOCK_SEI, Serving, environment, run, run_mock_sei
from tests.e2e.snippets import read, section


@dataclass(frozen=True)
class Client:
    """A program that requests the address in its argument, with its default trust."""

    command: tuple[str, ...]
    file: str = ""
    text: str = ""

    def ask(self, url: str, folder: Path, **variables: str) -> int:
        if self.file:
            (folder / self.file).write_text(self.text, encoding="utf-8")
        return run(
            *self.command,
            url,
            cwd=folder,
            environ=environment() | variables,
            patience=COMPILERS_PATIENCE,
        ).returncode


def python(text: str) -> Client:
    return Client((sys.executable, "-c", f"import sys\nurl = sys.argv[1]\n{text}"))


CLIENTS = {
    "curl": Client(("curl", "-sS")),
    "urllib": python("import urllib.request; urllib.request.urlopen(url)"),
    "httpx2": python("import httpx2; httpx2.get(url)"),
    "requests": python("import requests; requests.get(url)"),
    "aiohttp": python(
        "import aiohttp, asyncio\n"
        "async def ask():\n"
        "    async with aiohttp.request('GET', url): pass\n"
        "asyncio.run(ask())"
    ),
    "node": Client(("node", "-e", "https.get(process.argv[1], (answer) => answer.resume())")),
    "go": Client(
        ("go", "run", "ask.go"),
        "ask.go",
        'package main\nimport ("net/http"; "os")\n'
        "func main() { if _, err := http.Get(os.Args[1]); err != nil { panic(err) } }\n",
    ),
    "java": Client(
        ("java", "Ask.java"),
        "Ask.java",
        "class Ask { public static void main(String[] urls) throws Exception {\n"
        "  new java.net.URL(urls[0]).openStream().close(); } }\n",
    ),
}

READ_BY = [
    ("SSL_CERT_FILE", "urllib"),
    ("SSL_CERT_FILE", "httpx2"),
    ("SSL_CERT_FILE", "aiohttp"),
    ("SSL_CERT_FILE", "go"),
    ("REQUESTS_CA_BUNDLE", "requests"),
    ("CURL_CA_BUNDLE", "curl"),
    ("CURL_CA_BUNDLE", "requests"),
    ("NODE_EXTRA_CA_CERTS", "node"),
    ("JAVA_TOOL_OPTIONS", "java"),
]
TOOLS = {"curl", "node", "go", "java"}


def printed(certs_dir: str) -> dict[str, str]:
    finished = run_mock_sei("env", "--certs-dir", certs_dir)
    assert finished.returncode == 0, finished.stderr
    words = [shlex.split(line) for line in finished.stdout.splitlines()]
    assert {each[0] for each in words} == {"export"}
    return dict(each[1].split("=", 1) for each in words)


@pytest.fixture
def odd_folder(running: Serving, tmp_path: Path) -> Path:
    """A certs folder with blanks and quotes of both kinds in its path."""
    folder = tmp_path / 'it\'s "my"  certs'
    shutil.copytree(running.ready["certs_dir"], folder)
    return folder


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        pytest.param(*each, marks=pytest.mark.needs(*{each[1]} & TOOLS), id=" ".join(each))
        for each in READ_BY
    ],
)
def test_a_client_trusts_the_ca_by_this_variable_alone(
    running: Serving, odd_folder: Path, tmp_path: Path, variable: str, name: str
) -> None:
    url = f"{running.ready['url']}/.well-known/jwks.json"
    value = printed(str(odd_folder))[variable]
    assert CLIENTS[name].ask(url, tmp_path, **{variable: value}) == 0
    assert CLIENTS[name].ask(url, tmp_path) != 0


@pytest.mark.needs("sh")
def test_a_shell_takes_the_lines_as_they_are_printed(odd_folder: Path, tmp_path: Path) -> None:
    names = list(printed(str(odd_folder)))
    shown = " ".join(f'"${name}"' for name in names)
    script = f'eval "$({MOCK_SEI} env --certs-dir "$FOLDER")"; printf "%s\\n" {shown}'
    finished = run(
        "sh", "-c", script, cwd=tmp_path, environ=environment() | {"FOLDER": str(odd_folder)}
    )
    assert finished.stdout.splitlines() == list(printed(str(odd_folder)).values()), finished.stderr


def test_the_document_tells_of_every_variable(running: Serving) -> None:
    text = section(read("docs/clients.md"), "The CA by the environment")
    rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    assert rows == list(printed(running.ready["certs_dir"]))
    assert {variable for variable, _ in READ_BY} == set(rows)
