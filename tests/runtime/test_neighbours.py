"""The error for a port in use names the program that uses it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mock_sei.runtime import neighbours
from mock_sei.runtime.neighbours import whose_port
from tests.cases import every_case
from tests.patience import PATIENCE

pytestmark = pytest.mark.long


@contextmanager
def answering(answer: Callable[[socket.socket], object]) -> Iterator[int]:
    """A program on a loopback port that answers one request with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            try:
                connection, _ = listening.accept()
            except OSError:  # nobody asked
                return
            with connection:
                connection.recv(65536)
                try:
                    answer(connection)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)


def details(**changes: object) -> Callable[[socket.socket], object]:
    told = {
        "url": "https://localhost",
        "two_way_url": "https://localhost:8444",
        "control_url": "http://127.0.0.1:8044",
        "pid": 1234,
    } | changes
    body = json.dumps(told).encode()
    return lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body)


@pytest.mark.parametrize("port", [443, 8444, 8044])
def test_a_mock_sei_that_has_the_port_is_named(port: int) -> None:
    with answering(details()) as control:
        assert whose_port(port, [control]) == (
            f"by the mock-sei with pid 1234 whose control URL is http://127.0.0.1:{control}"
        )


def test_in_a_container_the_process_has_a_number_that_says_nothing() -> None:
    with answering(details(pid=1)) as control:
        assert whose_port(443, [control]) == (
            f"by the mock-sei whose control URL is http://127.0.0.1:{control}"
        )


def test_a_mock_sei_with_other_ports_does_not_have_it() -> None:
    with answering(details()) as control:
        assert whose_port(5000, [control]) == "by another program"


@every_case(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n[]",
        b'HTTP/1.1 200 OK\r\n\r\n{"url": "https://localhost"}',
        b'HTTP/1.1 200 OK\r\n\r\n{"url": 1, "two_way_url": 2, "control_url": 3}',
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.1 200 OK\r\n\r\n\xff",
        b"x" * (neighbours.LARGEST_ANSWER + 1),
    ],
)
def test_another_program_is_another_program_whatever_it_answers(answer: bytes) -> None:
    with answering(lambda connection: connection.sendall(answer)) as control:
        assert whose_port(443, [control]) == "by another program"


def test_an_address_that_is_none_does_no_harm() -> None:
    with answering(details(url="https://localhost:port", control_url="x")) as control:
        assert whose_port(443, [control]) == "by another program"


@pytest.mark.slow
def test_nobody_is_waited_for_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "PATIENCE", 0.1)

    def drip(connection: socket.socket) -> None:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:  # until the other side closes
            connection.sendall(b"x")

    with answering(drip) as control:
        assert whose_port(443, [control]) == "by another program"


def test_a_control_port_that_is_free_or_not_chosen_yet_is_not_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        free = listening.getsockname()[1]
    assert whose_port(443, [0, free]) == "by another program"
