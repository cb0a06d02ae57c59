"""Starts and stops the measured servers, each in a process of its own on its own core."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from performance.benchmarks.calls_life import CallsLife
from performance.benchmarks.document_life import DocumentLife
from performance.benchmarks.fixture_life import FixtureLife
from performance.benchmarks.growth import Costs
from performance.benchmarks.load import Plan, Result
from performance.benchmarks.machine import Cores, pinned
from performance.benchmarks.peers import HERE, Missing, Peer, interpreter, jar_of, last_line
from performance.benchmarks.peers.jars import JARS, Place
from performance.benchmarks.requests import ACCOUNT, TOKEN_REQUEST

START_LIMIT = 60.0
_CHECKOUT = Path(__file__).parents[2]


class ClientFiles(NamedTuple):
    """The files of a client with the demo account."""

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
    """A running server, and how to call it."""

    pid: int
    port: int
    begun: float
    """The start of its process, by ``time.perf_counter``."""
    started_in: float
    """Seconds from the start of the process until the server answered."""
    token_request: str = TOKEN_REQUEST
    files: ClientFiles | None
    """The files of a client; None for plain HTTP."""
    one_way_port: int = 0
    control_url: str = ""


class Runner:
    """Starts processes on the chosen cores. All of them write to one folder."""

    def __init__(self, cores: Cores, folder: Path, python: str = sys.executable) -> None:
        """``python`` is the interpreter of the mock-sei that is measured."""
        self.cores = cores
        self.python = python
        self.folder = folder
        self._numbers = itertools.count(1)

    def new_certs(self) -> Path:
        """Creates a complete certs folder."""
        certs = self.folder / "full-certs"
        with self.mock_sei(certs):
            pass  # also compiles modules that are imported for the first time
        return certs

    @contextmanager
    def mock_sei(
        self,
        certs: Path,
        fixtures: Path | None = None,
        apis: Path | None = None,
        options: Sequence[str] = (),
    ) -> Iterator[Server]:
        """Starts ``mock-sei serve`` and waits for its ready file. Its log is dropped."""
        ready = self.folder / f"ready-{next(self._numbers)}.json"
        command = [self.python, "-m", "mock_sei", "serve", "--certs-dir", str(certs), *options]
        if fixtures is not None:
            command += ["--fixtures", str(fixtures)]
        if apis is not None:
            command += ["--apis", str(apis)]
        for listener in ("one-way", "two-way", "control"):
            command += [f"--{listener}-port", "0"]
        with self._ready([*command, "--ready-file", str(ready)], ready) as (process, begun):
            started_in = time.perf_counter() - begun
            told = json.loads(ready.read_bytes())
            yield Server(
                pid=process.pid,
                port=urlsplit(told["two_way_url"]).port or 443,
                one_way_port=urlsplit(told["url"]).port or 443,
                begun=begun,
                started_in=started_in,
                files=ClientFiles.of(certs),
                control_url=told["control_url"],
            )

    @contextmanager
    def bare(
        self, certs: Path, page: Path | None = None, *, loop: str = "asyncio"
    ) -> Iterator[Server]:
        """Starts the bare application with server certificate and signing key of a certs folder.

        With ``page``, it is only uvicorn, which sends the bytes of this file. ``loop`` is the name
        of uvicorn's event loop.
        """
        command = [sys.executable, "-m", "performance.benchmarks.bare_app", loop, str(certs)]
        command.append(str(self._client_ca(certs)))
        if page is not None:
            command.append(str(page))
        with self._announced(command, ClientFiles.of(certs), TOKEN_REQUEST) as server:
            yield server

    @contextmanager
    def bare_proxy(self, certs: Path, upstream: Server) -> Iterator[Server]:
        """Starts the bare TLS reverse proxy in front of a server with the same certs folder."""
        command = [sys.executable, "-m", "performance.benchmarks.bare_proxy", str(certs)]
        command += [str(self._client_ca(certs)), str(upstream.port)]
        with self._announced(command, ClientFiles.of(certs), TOKEN_REQUEST) as server:
            yield server

    @contextmanager
    def recorder(self, certs: Path, upstream: Server) -> Iterator[Server]:
        """Starts ``mock-sei record`` in front of a server with the same certs folder."""
        number = next(self._numbers)
        ready = self.folder / f"recorder-{number}.json"
        account = certs / ACCOUNT
        files = f"{account / 'certificate.crt'},{account / 'privatekey.key'}"
        command = [self.python, "-m", "mock_sei", "record", "--certs-dir", str(certs)]
        command += ["--upstream", f"https://localhost:{upstream.one_way_port}"]
        command += ["--two-way-upstream", f"https://localhost:{upstream.port}"]
        command += ["--identity", f"{ACCOUNT}={files}", "--cacert", str(certs / "ca.pem")]
        command += ["--out", str(self.folder / f"recording-{number}"), "--ready-file", str(ready)]
        command += ["--one-way-port", "0", "--two-way-port", "0"]
        with self._ready(command, ready) as (process, begun):
            told = json.loads(ready.read_bytes())
            yield Server(
                pid=process.pid,
                port=urlsplit(told["two_way_url"]).port or 443,
                one_way_port=urlsplit(told["url"]).port or 443,
                begun=begun,
                started_in=time.perf_counter() - begun,
                files=ClientFiles.of(certs),
            )

    @contextmanager
    def _ready(
        self, command: Sequence[str], ready: Path
    ) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
        """Starts a command of ours and waits for its ready file. Its log is dropped."""
        with pinned(self.cores.server):
            begun = time.perf_counter()
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=environment(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        with _ended(process):
            while not ready.exists():
                if process.poll() is not None or time.perf_counter() - begun > START_LIMIT:
                    raise RuntimeError(f"mock-sei {command[3]} did not start")
                time.sleep(0.001)
            yield process, begun

    @contextmanager
    def peer(self, peer: Peer, certs: Path) -> Iterator[Server]:
        """Starts a peer. If it uses TLS, it gets server certificate and CA from a certs folder."""
        if peer.jar:
            with self._jar(peer, certs) as server:
                yield server
            return
        file, *arguments = peer.script
        command = [interpreter(peer.registry), str(HERE / file)]
        paths = {"certs": certs, "client_ca": self._client_ca(certs)}
        command += [argument.format_map(paths) for argument in arguments]
        files = ClientFiles.of(certs) if peer.two_way_tls else None
        with self._announced(command, files, peer.token_request) as server:
            yield server

    @contextmanager
    def _jar(self, peer: Peer, certs: Path) -> Iterator[Server]:
        """Starts a peer's jar and waits until its port takes connections."""
        folder = self.folder / f"jar-{next(self._numbers)}"
        folder.mkdir()
        place = Place(
            jar=jar_of(peer),
            certs=certs,
            client_ca=self._client_ca(certs),
            folder=folder,
            port=_free_port(),
        )
        _, command_of = JARS[peer.package]
        log = folder / "log.txt"
        command = command_of(place)
        with pinned(self.cores.server), log.open("wb") as output:
            begun = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=folder, env=environment(), stdout=output, stderr=subprocess.STDOUT
            )
        with _ended(process):
            while not _takes_connections(place.port):
                if process.poll() is not None or time.perf_counter() - begun > START_LIMIT:
                    raise Missing(last_line(log.read_text(encoding="utf-8", errors="replace")))
                time.sleep(0.001)
            yield Server(
                pid=process.pid,
                port=place.port,
                begun=begun,
                started_in=time.perf_counter() - begun,
                token_request=peer.token_request,
                files=ClientFiles.of(certs),
            )

    def _client_ca(self, certs: Path) -> Path:
        file = self.folder / "client-ca.pem"
        parts = ("ca.pem", "issuing-ca.pem")
        file.write_bytes(b"".join((certs / part).read_bytes() for part in parts))
        return file

    @contextmanager
    def _announced(
        self, command: list[str], files: ClientFiles | None, token_request: str
    ) -> Iterator[Server]:
        """Starts a server that prints its port when it answers. Otherwise raises ``Missing``."""
        errors = self.folder / "errors.txt"
        with pinned(self.cores.server), errors.open("wb") as stderr:
            begun = time.perf_counter()
            process = subprocess.Popen(
                command, cwd=_CHECKOUT, env=environment(), stdout=subprocess.PIPE, stderr=stderr
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
            return Result(
                **self._json("performance.benchmarks.load", stdin=json.dumps(asdict(plan)))
            )

    def fixture_life(self, resets: int, peer: Peer | None = None) -> FixtureLife:
        """Measures the fixture. It is not pinned to a core, as in a user's test suite."""
        if peer is None:
            return FixtureLife(**self._json("performance.benchmarks.fixture_life", str(resets)))
        life = self._json(
            "performance.benchmarks.peers.fixture_life",
            peer.package,
            str(resets),
            python=interpreter(peer.registry),
        )
        return FixtureLife(**life)

    def calls_life(self, calls: int, entries: int) -> CallsLife:
        """Not pinned, as the fixture is not."""
        return CallsLife(
            **self._json("performance.benchmarks.calls_life", str(calls), str(entries))
        )

    def document_life(self) -> DocumentLife:
        return DocumentLife(**self._json("performance.benchmarks.document_life"))

    def foreign(self, what: str, folder: Path) -> dict[str, float]:
        """Runs one measurement of ``foreign_life.py``."""
        found: dict[str, float] = self._json(
            "performance.benchmarks.foreign_life", what, str(folder)
        )
        return found

    def growth(self, seconds: float, divisor: int) -> list[Costs]:
        """Measures the growth: ``seconds`` for each measurement, with all sizes divided."""
        found = self._json("performance.benchmarks.growth", str(seconds), str(divisor))["found"]
        return [Costs(**each) for each in found]

    def pages(self, applications: int, entries: int, visits: int) -> list[dict[str, Any]]:
        """Measures the pages that people look at."""
        sizes = map(str, (applications, entries, visits))
        found: list[dict[str, Any]] = self._json("performance.benchmarks.pages", *sizes)
        return found

    def doctor(self, server: Server) -> float:
        """Seconds of ``mock-sei doctor``, from its start to its end, without problems to report."""
        assert server.files is not None
        files = zip(("--cacert", "--cert", "--key"), server.files, strict=True)
        command = [sys.executable, "-m", "mock_sei", "doctor", f"https://localhost:{server.port}"]
        begun = time.perf_counter()
        subprocess.run(
            [*command, *itertools.chain.from_iterable(files)],
            env=environment(),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - begun

    @staticmethod
    def _json(module: str, *arguments: str, stdin: str = "", python: str = sys.executable) -> Any:
        ended = subprocess.run(
            [python, "-m", module, *arguments],
            cwd=_CHECKOUT,
            env=environment(),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            print(ended.stderr, file=sys.stderr)
            raise RuntimeError(f"{module}: {last_line(ended.stderr)}")
        return json.loads(ended.stdout)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _takes_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def environment() -> dict[str, str]:
    """The environment of the processes: without this user's settings, and Node in production mode.

    Python's bytecode is kept, as for an installed package, so that a start does not compile.
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
