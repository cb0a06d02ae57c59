"""Starts and stops what is measured, each in a process of its own on its own core."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks.document_life import DocumentLife
from benchmarks.fixture_life import FixtureLife
from benchmarks.load import Plan, Result
from benchmarks.machine import Cores, pinned
from benchmarks.requests import ACCOUNT

START_LIMIT = 60.0
_CHECKOUT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers, and how long that took from the start of its process."""

    pid: int
    port: int
    started_in: float


class Bench:
    """Starts processes on the right cores; one folder for everything they write."""

    def __init__(self, cores: Cores, folder: Path) -> None:
        self.cores = cores
        self.folder = folder

    @contextmanager
    def mock_sei(self, certs: Path, fixtures: Path | None = None) -> Iterator[Server]:
        """``mock-sei serve`` until its ready file is there; its log goes nowhere."""
        ready = self.folder / "ready.json"
        command = [sys.executable, "-m", "mock_sei", "serve", "--certs-dir", str(certs)]
        if fixtures is not None:
            command += ["--fixtures", str(fixtures)]
        for listener in ("one-way", "two-way", "control"):
            command += [f"--{listener}-port", "0"]
        with pinned(self.cores.server):
            begun = time.perf_counter()
            process = self._popen([*command, "--ready-file", str(ready)], cwd=self.folder)
        with _ended(process):
            while not ready.exists():
                if process.poll() is not None or time.perf_counter() - begun > START_LIMIT:
                    raise RuntimeError("mock-sei serve did not start")
                time.sleep(0.001)
            started_in = time.perf_counter() - begun
            url = urlsplit(json.loads(ready.read_bytes())["two_way_url"])
            yield Server(pid=process.pid, port=url.port or 443, started_in=started_in)

    @contextmanager
    def bare(self, certs: Path, page: Path | None = None) -> Iterator[Server]:
        """The bare application, with the server certificate and signing key of a certs folder.

        With a page it is barer still: uvicorn alone, sending the bytes of this file.
        """
        client_ca = self.folder / "client-ca.pem"
        parts = ("ca.pem", "issuing-ca.pem")
        client_ca.write_bytes(b"".join((certs / part).read_bytes() for part in parts))
        command = [sys.executable, "-m", "benchmarks.bare_app", str(certs), str(client_ca)]
        if page is not None:
            command.append(str(page))
        with pinned(self.cores.server):
            begun = time.perf_counter()
            process = self._popen(command, cwd=_CHECKOUT, stdout=subprocess.PIPE)
        with _ended(process):
            assert process.stdout is not None
            port = process.stdout.readline()
            started_in = time.perf_counter() - begun
            if not port:
                raise RuntimeError("the bare application did not start")
            yield Server(pid=process.pid, port=int(port), started_in=started_in)

    def load(self, plan: Plan) -> Result:
        with pinned(self.cores.load):
            return Result(**self._json("benchmarks.load", stdin=json.dumps(asdict(plan))))

    def fixture_life(self, resets: int) -> FixtureLife:
        """Not pinned: a user's suite and its server share the cores as the system likes."""
        return FixtureLife(**self._json("benchmarks.fixture_life", str(resets)))

    def document_life(self) -> DocumentLife:
        return DocumentLife(**self._json("benchmarks.document_life"))

    def _popen(
        self, command: list[str], *, cwd: Path, stdout: int = subprocess.DEVNULL
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command, cwd=cwd, env=_environment(), stdout=stdout, stderr=subprocess.DEVNULL
        )

    @staticmethod
    def _json(module: str, *arguments: str, stdin: str = "") -> dict[str, Any]:
        ended = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=_CHECKOUT,
            env=_environment(),
            input=stdin,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        answer: dict[str, Any] = json.loads(ended.stdout)
        return answer


class ClientFiles(NamedTuple):
    """What a client of the demo account is configured with."""

    ca: str
    certificate: str
    key: str

    @classmethod
    def of(cls, certs: Path) -> ClientFiles:
        folder = certs / ACCOUNT
        return cls(
            ca=str(certs / "ca.pem"),
            certificate=str(folder / "certificate.crt"),
            key=str(folder / "privatekey.key"),
        )


def _environment() -> dict[str, str]:
    """Without this user's settings of the server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MOCK_SEI_")}


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
