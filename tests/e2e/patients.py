"""A client that the doctor examines, and servers of a test."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from mock_sei import MockSei
from mock_sei.doctor.examination import examine
from mock_sei.doctor.findings import Finding
from mock_sei.doctor.probe import observe
from mock_sei.doctor.setup import Options, read_setup
from mock_sei.journal.entries import Entry
from mock_sei.rules.records import Application
from tests.e2e.handshakes import (
    everything_from,
)
from tests.patience import PATIENCE


class Patient:
    """A correct client of one platform, which tests change."""

    def __init__(self, server: MockSei) -> None:
        self.server = server
        account, certificate = server.service_account("svc-demo"), server.certificate("svc-demo")
        self.url = server.two_way_url
        self.environ: Mapping[str, str] = {}
        self.now: datetime | None = None
        self.given: dict[str, Any] = {
            "cacert": server.ca_file,
            "cert": certificate.cert_file,
            "key": certificate.key_file,
            "app_key": account.app_key,
            "app_secret": account.app_secret,
            "username": account.username,
            "password": account.password,
        }

    def with_certificate(self, account: str, variant: Any = "valid") -> None:
        certificate = self.server.certificate(account, variant)
        self.given |= {"cert": certificate.cert_file, "key": certificate.key_file}

    def with_application(self, application: Application | str) -> None:
        """Its pair, its account and the account's certificate."""
        account = self.server.service_account(application)
        self.given |= {
            "app_key": account.app_key,
            "app_secret": account.app_secret,
            "username": account.username,
            "password": account.password,
        }
        self.with_certificate(account.username)

    def findings(self) -> list[Finding]:
        setup = read_setup(self.url, Options(**self.given), environ=self.environ, now=self.now)
        return examine(setup, observe)

    def found(self) -> list[str]:
        return [each.name for each in self.findings() if each.name]

    @property
    def last_exchange(self) -> Entry:
        return [each for each in self.server.journal.entries if each.kind == "exchange"][-1]

    def command(self) -> list[object]:
        options = [
            part
            for name, value in self.given.items()
            for part in (f"--{name.replace('_', '-')}", value)
        ]
        return ["doctor", self.url, *options]


@contextlib.contextmanager
def speaking(
    answer: Callable[[socket.socket], object], *, context: ssl.SSLContext | None = None
) -> Iterator[int]:
    """A server of a test on a free port. ``answer`` handles each connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), connection:
                    connection.settimeout(PATIENCE)
                    if context is None:
                        answer(connection)
                        continue
                    with context.wrap_socket(connection, server_side=True) as wrapped:
                        answer(wrapped)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)


def saying(words: bytes) -> Callable[[socket.socket], object]:
    def answer(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(words)
        everything_from(connection)  # unread, the rest of a request would reset the connection

    return answer
