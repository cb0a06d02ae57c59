"""The peers: what else a team could test its OAuth client against, where a registry has it.

One table. A peer is started by a script of this folder that prints its port when it answers, as
the bare application does. What npm brings goes into ``node_modules`` here, what PyPI brings into a
virtual environment of its own; a peer that is not there, or does not start, is a line of the
report.
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

from benchmarks.requests import ACCOUNT, form_request

HERE = Path(__file__).parent
CHECKOUT = HERE.parent.parent
VENV = CHECKOUT / ".venv-peers"

Registry = Literal["npm", "PyPI"]


@dataclass(frozen=True, kw_only=True)
class Peer:
    name: str
    registry: Registry
    package: str
    script: Sequence[str] = ()
    """A file of this folder and its arguments, with paths for ``{certs}`` and ``{client_ca}``.

    None: no server to start.
    """
    token_request: str = ""
    """None: it has no ``client_credentials``."""
    two_way_tls: bool = False
    """Plain HTTP otherwise."""
    fixture: bool = False
    """Python can start and stop it in process: a function of ``fixture_life.py`` here."""


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
    """Why a peer cannot be measured, in one line."""


def interpreter(registry: Registry) -> str:
    """Node as npm brought it, else this machine's; the Python that has the peers."""
    if registry == "PyPI":
        return str(VENV / "bin" / "python")
    brought = HERE / "node_modules" / ".bin" / "node"
    return str(brought) if brought.exists() else "node"


def node_version() -> str:
    return f"Node {_output((interpreter('npm'), '--version')).strip()}"


def install(peers: Sequence[Peer] = PEERS) -> Mapping[Registry, str]:
    """Brings what is not there yet; returns why a registry's peers could not be had."""
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
    """The installed version; raises ``Missing``."""
    try:
        if peer.registry == "npm":
            described = HERE / "node_modules" / peer.package / "package.json"
            return str(json.loads(described.read_bytes())["version"])
        script = f"from importlib.metadata import version; print(version({peer.package!r}))"
        return _output((interpreter("PyPI"), "-c", script)).strip()
    except (OSError, Missing):
        raise Missing("not installed; `make bench` does it") from None


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
