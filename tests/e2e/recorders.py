"""Recorders in this process, and real platforms that answer what a test says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from mock_sei.certificates.store import CertificateStore
from mock_sei.commands.record import PreparedRecorder, RecordOptions, prepare_recorder
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.files import read_recording
from mock_sei.rules import machine
from mock_sei.runtime.loops import new_event_loop
from tests.patience import PATIENCE

Handler = Callable[[ssl.SSLSocket], object]


class RunningRecorder:
    """A recorder that answers."""

    def __init__(self, made: PreparedRecorder) -> None:
        self._made = made
        self.url = made.recorder.urls[0][1]
        self.two_way_url = made.recorder.urls[-1][1]
        self.folder = made.store.folder
        self.ca_file = made.store.ca_file

    def certificate(self, account: str) -> tuple[Path, Path]:
        folder = self.folder / account
        return folder / "certificate.crt", folder / "privatekey.key"

    def context(self, account: str | None = None) -> ssl.SSLContext:
        """The TLS of a client, with the mock's certificate of an account."""
        context = ssl.create_default_context(cafile=self.ca_file)
        if account is not None:
            context.load_cert_chain(*self.certificate(account))
        return context

    def client(self, account: str | None = None) -> httpx2.Client:
        return httpx2.Client(
            verify=self.context(account),
            base_url=self.url if account is None else self.two_way_url,
            trust_env=False,
        )

    @contextlib.contextmanager
    def connection(self, account: str | None = None) -> Iterator[ssl.SSLSocket]:
        """A connection for bytes, to the one-way listener, or with an account to the other."""
        port = urlsplit(self.url if account is None else self.two_way_url).port
        plain = socket.create_connection(("127.0.0.1", port or 0), timeout=PATIENCE)
        with self.context(account).wrap_socket(plain, server_hostname="localhost") as connection:
            yield connection

    def talk(self, sent: bytes) -> bytes:
        """What one connection gets after it sent these bytes, until the recorder ends it."""
        with self.connection() as connection:
            connection.sendall(sent)
            return received(connection)


def received(connection: ssl.SSLSocket) -> bytes:
    """All bytes until the end of a connection, however it ends."""
    pieces = []
    with contextlib.suppress(OSError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


@contextlib.contextmanager
def recording(  # what the command's options are
    out: Path,
    upstream: str,
    *,
    two_way_upstream: str | None = None,
    identity: Sequence[str] = (),
    cacert: Path | None = None,
    redact: Sequence[str] = (),
    bodies: str = "full",
    certs_dir: Path,
    new_loop: Callable[[], asyncio.AbstractEventLoop] = new_event_loop,
) -> Iterator[RunningRecorder]:
    """A recorder. At the end, everything is written."""
    options = RecordOptions(
        upstream=upstream,
        two_way_upstream=two_way_upstream,
        identity=identity,
        passphrase=None,
        cacert=cacert,
        out=out,
        redact=redact,
        bodies=bodies,
        apis=None,
        certs_dir=certs_dir,
        one_way_port=0,
        two_way_port=0,
        ready_file=None,
    )
    ready, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def run(made: PreparedRecorder) -> None:
        loops.append(asyncio.get_running_loop())
        await made.recorder.start()
        ready.set()
        await stop.wait()
        await made.recorder.stop()

    with contextlib.ExitStack() as undo:
        made = prepare_recorder(options, undo)
        made.recording.start()

        def run_loop() -> None:
            with asyncio.Runner(loop_factory=new_loop) as runner:
                runner.run(run(made))

        thread = threading.Thread(target=run_loop)
        thread.start()
        try:
            assert ready.wait(PATIENCE)
            yield RunningRecorder(made)
        finally:
            loops[0].call_soon_threadsafe(stop.set)
            thread.join()
            made.recording.end()
    assert made.recording.lost == 0


def exchanges(out: Path) -> list[RecordedExchange]:
    return list(read_recording(out))


class ScriptedPlatform:
    """A platform that does with each connection what a function does."""

    def __init__(self, folder: Path, handle: Handler, *, wants_certificate_of: Path | None) -> None:
        store = CertificateStore(folder)
        identity = store.server_identity(["localhost", "127.0.0.1"], now=machine.now())
        assert identity is not None
        self.ca_file = store.ca_file
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem", folder / "server.key")
        if wants_certificate_of is not None:
            self._context.load_verify_locations(cafile=wants_certificate_of)
            self._context.verify_mode = ssl.CERT_REQUIRED
        self._handle = handle
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"https://localhost:{self.port}"
        self.connections = 0
        self.failed: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listening.accept()
            except OSError:
                return
            accepted.settimeout(PATIENCE)
            self._open.append(accepted)
            thread = threading.Thread(target=self._talk, args=(accepted,))
            self._threads.append(thread)
            thread.start()

    def _talk(self, accepted: socket.socket) -> None:
        try:
            with self._context.wrap_socket(accepted, server_side=True) as connection:
                self._open.append(connection)
                self.connections += 1
                self._handle(connection)
        except OSError:
            pass
        except BaseException as error:
            self.failed.append(error)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()
        assert self.failed == []


def head_of(connection: ssl.SSLSocket) -> bytes:
    """The bytes up to the end of a head; empty at the end of the connection."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        piece = connection.recv(1)
        if not piece:
            return b""
        data += piece
    return data


def answering(answer: bytes, heads: list[bytes] | None = None) -> Handler:
    """Answers each request without a body with these bytes."""

    def handle(connection: ssl.SSLSocket) -> None:
        while head := head_of(connection):
            if heads is not None:
                heads.append(head)
            connection.sendall(answer)

    return handle


@contextlib.contextmanager
def scripted(
    folder: Path, handle: Handler, *, wants_certificate_of: Path | None = None
) -> Iterator[ScriptedPlatform]:
    platform = ScriptedPlatform(folder, handle, wants_certificate_of=wants_certificate_of)
    try:
        yield platform
    finally:
        platform.close()


def json_of(answer: bytes) -> Any:
    """The JSON body of an answer with a length."""
    return json.loads(answer.partition(b"\r\n\r\n")[2])
