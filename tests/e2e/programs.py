"""The programs of docs/clients.md, and how to run each. All print the ids of two trade tickets."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.serving import COMPILERS_PATIENCE, environment, run
from tests.e2e.snippets import read, section, snippets

DOCUMENT = "docs/clients.md"

NPM = "npm_packages"
DEBIANS_GO = "go_packages"
GOPATH = Path("/usr/share/gocode")
"""Where Debian's packages of Go libraries are; no registry of modules is asked."""
IN_GOPATH = {"GO111MODULE": "off", "GOPATH": str(GOPATH)}


class Runtime(NamedTuple):
    file: str
    command: tuple[str, ...]
    tools: tuple[str, ...] = ()


RUNTIMES = {
    "sh": Runtime("tickets.sh", ("bash", "-euo", "pipefail"), ("bash", "curl")),
    "python": Runtime("tickets.py", (sys.executable, "-W", "error")),
    "java": Runtime("Tickets.java", ("java", "-Duser.language=en"), ("java",)),
    "js": Runtime("tickets.mjs", ("node",), ("node",)),
    "go": Runtime("tickets.go", ("go", "run"), ("go",)),
}


@dataclass(frozen=True)
class Program:
    """One block under its heading in the document."""

    heading: str
    language: str
    certificate: str
    """A pattern for the part of its text that sets the client certificate."""
    without: str = ""
    """The replacement text for a program without a client certificate."""
    asks_a_proxy: bool = False
    """Where the environment names one."""
    packages: str = ""
    """The fixture that has what it imports, where that is more than its runtime's own."""

    @property
    def runtime(self) -> Runtime:
        return RUNTIMES[self.language]

    @property
    def tools(self) -> tuple[str, ...]:
        return (*self.runtime.tools, "npm") if self.packages == NPM else self.runtime.tools

    @property
    def text(self) -> str:
        (text,) = snippets(section(read(DOCUMENT), self.heading), self.language)
        return text

    @property
    def text_without_certificate(self) -> str:
        text, count = re.subn(self.certificate, self.without, self.text)
        assert count == 1
        return text

    def run(
        self,
        folder: Path,
        ready: Mapping[str, Any],
        *,
        certs: Path | None = None,
        text: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Written into ``folder`` and run there, told where the server of this ready file is.

        As printed, with the server's certs folder, unless told otherwise.
        """
        (folder / self.runtime.file).write_text(text or self.text, encoding="utf-8")
        told = {
            "SEI_URL": ready["two_way_url"],
            "SEI_ISSUER": ready["url"],
            "SEI_CERTS": str(certs or ready["certs_dir"]),
        }
        command = (*self.runtime.command, self.runtime.file)
        packages = IN_GOPATH if self.packages == DEBIANS_GO else {}
        environ = environment() | packages | told | dict(variables or {})
        return run(*command, cwd=folder, environ=environ, patience=COMPILERS_PATIENCE)


_OF_A_SESSION = r" *session\.cert = .*\n"
_OF_A_CONTEXT = r" *context\.load_cert_chain\(.*\)\n"
_IN_NODE = r" *cert: .*\n *key: .*\n"

CURL = Program("curl", "sh", r"\n  --cert .* --key .*(?=\)\n)", asks_a_proxy=True)
REQUESTS = Program("requests", "python", _OF_A_SESSION)
JAVA = Program("Java", "java", r"own\.getKeyManagers\(\)", "null")
# Go compiles nothing that has a variable it does not use.
_IN_GO = (r"(?<=\[\]tls\.Certificate\{identity\})", "[:0]")

NODE = Program("Node", "js", _IN_NODE)
GO = Program("Go", "go", *_IN_GO)

PROGRAMS = (
    CURL,
    REQUESTS,
    Program("httpx2", "python", _OF_A_CONTEXT),
    Program("aiohttp", "python", _OF_A_CONTEXT),
    JAVA,
    NODE,
    GO,
    Program("Authlib", "python", _OF_A_SESSION),
    Program("requests-oauthlib", "python", _OF_A_SESSION),
    Program("requests-oauth2client", "python", _OF_A_SESSION),
    Program("openid-client", "js", _IN_NODE, packages=NPM),
    Program("oauth4webapi", "js", _IN_NODE, packages=NPM),
    Program("client-oauth2", "js", _IN_NODE, packages=NPM),
    Program("simple-oauth2", "js", _IN_NODE, packages=NPM),
    Program("golang.org/x/oauth2", "go", *_IN_GO, packages=DEBIANS_GO),
)
