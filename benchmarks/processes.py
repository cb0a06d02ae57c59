"""Starts and stops what is measured, each in a process of its own on its own core."""

from __future__ import annotations

import itertools
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

from benchmarks.calls_life import CallsLife
from benchmarks.document_life import DocumentLife
from benchmarks.fixture_life import FixtureLife
from benchmarks.growth import Costs
from benchmarks.load import Plan, Result
from benchmarks.machine import Cores, pinned
from benchmarks.peers import HERE, Missing, Peer, interpreter, last_line
from benchmarks.requests import ACCOUNT, TOKEN_REQUEST

START_LIMIT = 60.0
_CHECKOUT = Path(__file__).parent.parent


class ClientFiles(NamedTuple):
    """What a client of the demo account is configured with."""

    ca_file: str
    cert_file: str
    key_file: str

    @classmethod
    def of(cls, certs: Path) -> ClientFiles:
        folder = certs / ACCOUNT
        return cls(
            ca_file=str(certs / "ca.pem"),
            cert_file=str(folder / "certificate.crt"),
            key_file=str(folder / "privatekey.key"),
        )


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that answers, and how it is spoken to."""

    pid: int
    port: int
    begun: float
    """When its process was started, by ``time.perf_counter``."""
    started_in: float
    """Seconds from there until it answered."""
    token_request: str = TOKEN_REQUEST
    files: ClientFiles | None
    """None: plain HTTP."""
    control_url: str = ""


class Bench:
    """Starts processes on the right cores; one folder for everything they write."""

    def __init__(self, cores: Cores, folder: Path) -> None:
        self.cores = cores
        self.folder = folder
        self._numbers = itertools.count(1)

    def new_certs(self) -> Path:
        """A certs folder with everything in it."""
        certs = self.folder / "full-certs"
        with self.mock_sei(certs):
            pass  # also compiles whatever is imported for the first time
        return certs

    @contextmanager
    def mock_sei(
        self, certs: Path, fixtures: Path | None = None, apis: Path | None = None
    ) -> Iterator[Server]:
        """``mock-sei serve`` until its ready file is there; its log goes nowhere."""
        ready = self.folder / f"ready-{next(self._numbers)}.json"
        command = [sys.executable, "-m", "mock_sei", "serve", "--certs-dir", str(certs)]
        if fixtures is not None:
            command += ["--fixtures", str(fixtures)]
        if apis is not None:
            command += ["--apis", str(apis)]
        for listener in ("one-way", "two-way", "control"):
            command += [f"--{listener}-port", "0"]
        with pinned(self.cores.server):
            begun = time.perf_counter()
            process = subprocess.Popen(
                [*command, "--ready-file", str(ready)],
                cwd=self.folder,
                env=_environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        with _ended(process):
            while not ready.exists():
                if process.poll() is not None or time.perf_counter() - begun > START_LIMIT:
                    raise RuntimeError("mock-sei serve did not start")
                time.sleep(0.001)
            started_in = time.perf_counter() - begun
            told = json.loads(ready.read_bytes())
            yield Server(
                pid=process.pid,
                port=urlsplit(told["two_way_url"]).port or 443,
                begun=begun,
                started_in=started_in,
                files=ClientFiles.of(certs),
                control_url=told["control_url"],
            )

    @contextmanager
    def bare(self, certs: Path, page: Path | None = None) -> Iterator[Server]:
        """The bare application, with the server certificate and signing key of a certs folder.

        With a page it is barer still: uvicorn alone, sending the bytes of this file.
        """
        command = [sys.executable, "-m", "benchmarks.bare_app", str(certs)]
        command.append(str(self._client_ca(certs)))
        if page is not None:
            command.append(str(page))
        with self._announced(command, ClientFiles.of(certs), TOKEN_REQUEST) as server:
            yield server

    @contextmanager
    def peer(self, peer: Peer, certs: Path) -> Iterator[Server]:
        """A peer that takes client certificates has the server's own and CA from a certs folder."""
        file, *arguments = peer.script
        command = [interpreter(peer.registry), str(HERE / file)]
        paths = {"certs": certs, "client_ca": self._client_ca(certs)}
        command += [argument.format_map(paths) for argument in arguments]
        files = ClientFiles.of(certs) if peer.two_way_tls else None
        with self._announced(command, files, peer.token_request) as server:
            yield server

    def _client_ca(self, certs: Path) -> Path:
        file = self.folder / "client-ca.pem"
        parts = ("ca.pem", "issuing-ca.pem")
        file.write_bytes(b"".join((certs / part).read_bytes() for part in parts))
        return file

    @contextmanager
    def _announced(
        self, command: list[str], files: ClientFiles | None, token_request: str
    ) -> Iterator[Server]:
        """A server that prints its port when it answers; ``Missing`` when it does not."""
        errors = self.folder / "errors.txt"
        with pinned(self.cores.server), errors.open("wb") as stderr:
            begun = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=_CHECKOUT, env=_environment(), stdout=subprocess.PIPE, stderr=stderr
            )
        with _ended(process):
            assert process.stdout is not None
            port = process.stdout.readline()
            started_in = time.perf_counter() - begun
            if not port.strip().isdigit():
                raise Missing(last_line(errors.read_text(encoding="utf-8", errors="replace")))
            yield Server(
                pid=process.pid,
                port=int(port),
                begun=begun,
                started_in=started_in,
                token_request=token_request,
                files=files,
            )

    def load(self, plan: Plan) -> Result:
        with pinned(self.cores.load):
            return Result(**self._json("benchmarks.load", stdin=json.dumps(asdict(plan))))

    def fixture_life(self, resets: int, peer: Peer | None = None) -> FixtureLife:
        """Not pinned: a user's suite and its server share the cores as the system likes."""
        if peer is None:
            return FixtureLife(**self._json("benchmarks.fixture_life", str(resets)))
        life = self._json(
            "benchmarks.peers.fixture_life",
            peer.package,
            str(resets),
            python=interpreter(peer.registry),
        )
        return FixtureLife(**life)

    def calls_life(self, calls: int, entries: int) -> CallsLife:
        """Not pinned, as the fixture is not."""
        return CallsLife(**self._json("benchmarks.calls_life", str(calls), str(entries)))

    def document_life(self) -> DocumentLife:
        return DocumentLife(**self._json("benchmarks.document_life"))

    def foreign(self, what: str, folder: Path) -> dict[str, float]:
        """One of the figures of ``foreign_life.py``."""
        return self._json("benchmarks.foreign_life", what, str(folder))

    def growth(self, seconds: float, divisor: int) -> list[Costs]:
        """Of each subject; ``seconds`` are those of a measurement, sizes are divided."""
        found = self._json("benchmarks.growth", str(seconds), str(divisor))["found"]
        return [Costs(**each) for each in found]

    def doctor(self, server: Server) -> float:
        """Seconds of the command against a server with nothing wrong, from its start to its end."""
        assert server.files is not None
        files = zip(("--cacert", "--cert", "--key"), server.files, strict=True)
        command = [sys.executable, "-m", "mock_sei", "doctor", f"https://localhost:{server.port}"]
        begun = time.perf_counter()
        subprocess.run(
            [*command, *itertools.chain.from_iterable(files)],
            env=_environment(),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - begun

    @staticmethod
    def _json(
        module: str, *arguments: str, stdin: str = "", python: str = sys.executable
    ) -> dict[str, Any]:
        ended = subprocess.run(
            [python, "-m", module, *arguments],
            cwd=_CHECKOUT,
            env=_environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            print(ended.stderr, file=sys.stderr)
            raise RuntimeError(f"{module}: {last_line(ended.stderr)}")
        answer: dict[str, Any] = json.loads(ended.stdout)
        return answer


def _environment() -> dict[str, str]:
    """Without this user's settings of the server; Node's packages as in production.

    Bytecode is kept, as in any installed package: a start is not to measure a compiler.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MOCK_SEI_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    return kept | {"NODE_ENV": "production"}


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
