"""The peers: other servers from npm or PyPI against which a team could test its OAuth client.

A script in this folder starts a peer, and prints its port when it answers, like the bare
application. Packages of npm are installed into ``node_modules`` in this folder, packages of PyPI
into a virtual environment of their own. The report has a line for each peer that is not installed
or does not start.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from performance.benchmarks.peers.jars import JARS
from performance.benchmarks.requests import ACCOUNT, TOKEN_REQUEST, form_request

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[2]
VENV = CHECKOUT / ".venv-peers"

Registry = Literal["npm", "PyPI"]


@dataclass(frozen=True, kw_only=True)
class Peer:
    name: str
    registry: Registry
    package: str
    script: Sequence[str] = ()
    """A file of this folder with its arguments. ``{certs}`` and ``{client_ca}`` become paths.

    It is empty if there is no server to start.
    """
    token_request: str = ""
    """The token request; empty if the peer has no ``client_credentials``."""
    two_way_tls: bool = False
    """Whether the peer uses two-way TLS; otherwise it uses plain HTTP."""
    jar: bool = False
    """Whether it is a jar of ``jars.py``, which gives each token request the same answer."""
    fixture: bool = False
    """Whether Python can start and stop it in process, by a function of ``fixture_life.py``."""

    @property
    def is_server(self) -> bool:
        return bool(self.script) or self.jar


_BASIC = form_request("/token", "grant_type=client_credentials", basic=f"{ACCOUNT}:secret")

PEERS = (
    Peer(
        name="oauth2-mock-server",
        registry="npm",
        package="oauth2-mock-server",
        script=("oauth2_mock_server.js", "RS256"),
        token_request=_BASIC,
    ),
    Peer(
        name="oauth2-mock-server with ES256",
        registry="npm",
        package="oauth2-mock-server",
        script=("oauth2_mock_server.js", "ES256"),
        token_request=_BASIC,
    ),
    Peer(
        name="oidc-provider",
        registry="npm",
        package="oidc-provider",
        script=("oidc_provider.js", "{certs}", "{client_ca}"),
        token_request=form_request(
            "/token", f"grant_type=client_credentials&client_id={ACCOUNT}&scope=ilservices"
        ),
        two_way_tls=True,
    ),
    Peer(
        name="MockServer",
        registry="npm",
        package="mockserver-node",
        token_request=TOKEN_REQUEST,
        two_way_tls=True,
        jar=True,
    ),
    Peer(
        name="WireMock",
        registry="npm",
        package="wiremock",
        token_request=TOKEN_REQUEST,
        two_way_tls=True,
        jar=True,
    ),
    Peer(
        name="oidc-provider-mock",
        registry="PyPI",
        package="oidc-provider-mock",
        script=("oidc_provider_mock_server.py",),
        fixture=True,
    ),
    Peer(
        name="pytest-httpserver",
        registry="PyPI",
        package="pytest-httpserver",
        fixture=True,
    ),
)


class Missing(RuntimeError):
    """A peer cannot be measured. The message is one line with the reason."""


def interpreter(registry: Registry) -> str:
    """The program that runs the peers of a registry.

    It is the Node that npm installed, or this machine's Node; or the Python of the peers.
    """
    if registry == "PyPI":
        return str(VENV / "bin" / "python")
    brought = HERE / "node_modules" / ".bin" / "node"
    return str(brought) if brought.exists() else "node"


def node_version() -> str:
    return f"Node {_output((interpreter('npm'), '--version')).strip()}"


def java_version() -> str:
    """Java's own line about its version. Raises ``Missing``."""
    return _output(("java", "--version")).splitlines()[0]


def jar_of(peer: Peer) -> Path:
    """The jar in the peer's npm package. Raises ``Missing``, also without Java."""
    if shutil.which("java") is None:
        raise Missing("no java on this machine")
    pattern, _ = JARS[peer.package]
    package = HERE / "node_modules" / peer.package
    found = sorted(package.glob(pattern))
    if not found:
        raise Missing(f"no {pattern} in its npm package")
    return found[-1]


def install(peers: Sequence[Peer] = PEERS) -> Mapping[Registry, str]:
    """Installs missing peers. Returns, for each registry that failed, the reason."""
    packages = [each.package for each in peers if each.registry == "PyPI"]
    pip = (interpreter("PyPI"), "-m", "pip", "install", "--disable-pip-version-check", *packages)
    commands: Mapping[Registry, Sequence[Sequence[str]]] = {
        "npm": [("npm", "install", "--no-audit", "--no-fund", "--no-package-lock")],
        "PyPI": [(sys.executable, "-m", "venv", str(VENV)), pip],
    }
    reasons: dict[Registry, str] = {}
    for registry in dict.fromkeys(each.registry for each in peers if not _is_there(each)):
        try:
            for command in commands[registry]:
                _output(command, cwd=HERE)
        except Missing as reason:
            reasons[registry] = str(reason)
    return reasons


def require_version(peer: Peer) -> str:
    """The installed version of a peer. Raises ``Missing``."""
    try:
        if peer.registry == "npm":
            described = HERE / "node_modules" / peer.package / "package.json"
            return str(json.loads(described.read_bytes())["version"])
        script = f"from importlib.metadata import version; print(version({peer.package!r}))"
        return _output((interpreter("PyPI"), "-c", script)).strip()
    except (OSError, Missing):
        raise Missing("not installed; `make bench` installs it") from None


def _is_there(peer: Peer) -> bool:
    try:
        require_version(peer)
    except Missing:
        return False
    return True


def _output(command: Sequence[str], cwd: Path = CHECKOUT) -> str:
    if shutil.which(command[0]) is None:
        raise Missing(f"no {Path(command[0]).name} on this machine")
    ended = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise Missing(f"{' '.join(command[:4])}: {last_line(ended.stderr)}")
    return ended.stdout


def last_line(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
