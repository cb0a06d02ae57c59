"""A server that gets SIGTERM: what it has begun ends, nothing new begins, and it ends in time."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from mock_sei.journal.journal import LONGEST_WAIT
from mock_sei.oauth.metadata import JWKS_PATH
from mock_sei.rules.addresses import LIVE_PATH
from mock_sei.rules.readiness import ENDING
from mock_sei.runtime.limits import DRAIN
from tests.e2e.serving import Serving, wait_for
from tests.patience import PATIENCE, patient

SLOW = 4.0
"""Seconds of an answer that is in progress: less than a server that ends gives it."""
WAIT = {"operation": "GET /v2/investors", "timeout": LONGEST_WAIT}
"""For a call that nobody makes."""
DOCKER = patient(10)
"""Seconds after which Docker kills."""


class Client:
    """Calls of a running server, each over a connection of its own."""

    def __init__(self, serving: Serving) -> None:
        self.one_way, self.control = (
            urlsplit(serving.ready[name]) for name in ("url", "control_url")
        )
        self.trusting = ssl.create_default_context(cafile=serving.ready["ca_file"])
        self.opened = ExitStack()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.opened.close()

    def connect(self) -> http.client.HTTPSConnection:
        """A connection to the one-way listener, after its handshake."""
        connection = http.client.HTTPSConnection(
            self.one_way.netloc, context=self.trusting, timeout=PATIENCE
        )
        self.opened.callback(connection.close)
        connection.connect()
        return connection

    def connect_to_control(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self.control.netloc, timeout=PATIENCE)
        self.opened.callback(connection.close)
        return connection

    def keep(self) -> http.client.HTTPSConnection:
        """A connection that has had an answer, and is kept."""
        kept = self.connect()
        kept.request("GET", JWKS_PATH)
        kept.getresponse().read()
        return kept

    def begin(self) -> http.client.HTTPSConnection:
        """A connection with a request that has begun, and whose body does not come."""
        begun = self.connect()
        begun.putrequest("POST", "/v2/oauthtoken")
        begun.putheader("Content-Length", "10")
        begun.endheaders(b"grant")
        return begun

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """The status and the JSON of a control call."""
        connection = self.connect_to_control()
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content) if content else None

    def arm(self, **fault: Any) -> None:
        assert self.ask("POST", "/faults", {"operation": f"GET {JWKS_PATH}", **fault})[0] == 201

    def has_met(self) -> bool:
        """Whether a call has met the armed fault."""
        return bool(self.ask("GET", "/faults")[1][0]["met"])

    def is_refused(self) -> bool:
        """Whether the one-way listener takes no connection."""
        with socket.socket() as tried:
            address = (str(self.one_way.hostname), self.one_way.port)
            return tried.connect_ex(address) != 0


def ends_with_eof(connection: http.client.HTTPConnection) -> bool:
    assert connection.sock is not None
    with suppress(ConnectionResetError):
        return connection.sock.recv(1) == b""
    return True


@pytest.fixture
def client(server: Serving) -> Iterator[Client]:
    with Client(server) as client:
        yield client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Serving]:
    with Serving.start(tmp_path) as serving:
        yield serving


def end(serving: Serving, number: signal.Signals = signal.SIGTERM) -> float:
    serving.process.send_signal(number)
    return time.monotonic()


def exited(serving: Serving, since: float) -> float:
    """Seconds until the server has ended. Its exit status is good."""
    assert serving.process.wait(timeout=PATIENCE) == 0, serving.errors
    assert "mock-sei failed" not in serving.errors
    return time.monotonic() - since


def test_what_is_in_progress_is_answered_while_nothing_new_begins(
    server: Serving, client: Client
) -> None:
    kept, asking = client.keep(), client.connect()
    client.arm(latency=SLOW)
    asking.request("GET", JWKS_PATH)
    wait_for(client.has_met)
    assert client.ask("GET", "/health/ready")[0] == 200

    end(server)
    wait_for(client.is_refused)
    status, told = client.ask("GET", "/health/ready")
    live, _ = client.ask("GET", "/health/live")
    assert ends_with_eof(kept), "an idle connection was kept"
    answer = asking.getresponse()
    keys = json.loads(answer.read())["keys"]

    assert (status, told["reason"]) == (503, ENDING)
    assert live == 200
    assert answer.status == 200
    assert answer.getheader("Connection") == "close"
    assert keys
    assert server.process.wait(timeout=PATIENCE) == 0


def test_a_handshake_in_progress_ends_and_its_first_request_is_answered(
    server: Serving, client: Client
) -> None:
    came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = client.trusting.wrap_bio(came, goes, server_hostname=client.one_way.hostname)
    plain = client.opened.enter_context(
        socket.create_connection((str(client.one_way.hostname), client.one_way.port), PATIENCE)
    )

    def exchanged(step: Callable[[], Any]) -> Any:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                plain.sendall(goes.read())
                came.write(plain.recv(65536))

    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = goes.read()
    plain.sendall(hello[:50])
    end(server)
    wait_for(client.is_refused)
    plain.sendall(hello[50:])
    exchanged(tls.do_handshake)
    tls.write(f"GET {JWKS_PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    plain.sendall(goes.read())
    answer = exchanged(lambda: tls.read(65536))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()
    assert server.process.wait(timeout=PATIENCE) == 0


@pytest.mark.nightly  # it waits for the whole time limit
def test_a_request_that_never_ends_is_cut_before_docker_would_kill(
    server: Serving, client: Client
) -> None:
    begun = client.begin()

    took = exited(server, end(server))

    assert DRAIN <= took < DOCKER
    assert ends_with_eof(begun)


def test_a_second_signal_ends_at_once(server: Serving, client: Client) -> None:
    begun = client.begin()

    began = end(server)
    wait_for(client.is_refused)
    end(server)

    assert exited(server, began) < DRAIN
    assert ends_with_eof(begun)


def test_what_waits_ends_at_once(server: Serving, client: Client) -> None:
    """A live page, a wait and a stalled answer are nothing in progress, nor is an idle
    connection."""
    kept, live, stalled = client.keep(), client.connect(), client.connect()
    live.request("GET", f"{LIVE_PATH}?page=dashboard")
    page = live.getresponse()
    waiting = client.connect_to_control()
    waiting.request("POST", "/journal/wait", json.dumps(WAIT))
    client.arm(stall=True)
    stalled.request("GET", JWKS_PATH)
    wait_for(client.has_met)

    took = exited(server, end(server, signal.SIGINT))
    answer = waiting.getresponse()
    problem = json.loads(answer.read())["detail"]
    page.read()  # its end is that of the last chunk, or it would fail

    assert took < DRAIN
    assert answer.status == 409
    assert "waited until the server ended" in problem
    assert page.status == 200
    assert ends_with_eof(kept)
    assert ends_with_eof(stalled)


@pytest.mark.nightly  # test_workers.py shows that a signal ends the workers
def test_workers_end_in_the_same_way(tmp_path: Path) -> None:
    with (
        Serving.start(tmp_path, "--workers", "2", "--state", "sqlite:platform.db") as server,
        Client(server) as client,
    ):
        client.arm(latency=SLOW)
        asking = client.connect()
        asking.request("GET", JWKS_PATH)
        wait_for(client.has_met)

        began = end(server)
        wait_for(client.is_refused)
        answer = asking.getresponse()
        answer.read()

        assert (answer.status, answer.getheader("Connection")) == (200, "close")
        assert exited(server, began) < DOCKER
