"""The load generator: a process that reads a plan from stdin and prints its results.

It needs little CPU, so that the server is measured: it uses blocking sockets, prepares the request
once, and reads only status and length of an answer. It uses only the standard library. On
kept-alive connections each connection always has one request under way, so the server always has a
request waiting. New connections are opened one after the other, as by a client.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import ssl
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Self

TIME_LIMIT = 20.0
"""Most seconds to wait for one answer. A server that does not answer ends the run."""

_CHUNK = 65536
_LAST_CHUNK = b"\r\n0\r\n\r\n"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One measurement: the server, the requests, and the duration."""

    port: int
    ca_file: str = ""
    """The CA file of the server; empty for plain HTTP."""
    cert_file: str = ""
    key_file: str = ""
    request: str
    """The whole request, with head and body."""
    wanted: str = ""
    """A text that each answer to the request must contain."""
    status: int = 200
    """The status that each answer to the request must have."""
    then: str = ""
    """A second request, sent after each answer on the same connection; both count as one.

    What ``taken`` finds in the answer replaces ``{taken}``."""
    taken: str = '"access_token": ?"([^"]+)"'
    """A regular expression with one group, for the answer's head and body."""
    new_connections: bool = False
    """Whether each request uses a new connection."""
    connections: int = 4
    warm_up: int = 100
    """Requests before the measurement begins."""
    count: int
    seconds: float
    """Most seconds. The measurement ends after ``count`` requests or ``seconds``."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The results of one measurement."""

    count: int
    seconds: float
    cpu_seconds: float
    """CPU time of the load generator. If it is close to ``seconds``, it was the bottleneck."""
    latencies: list[float] = field(default_factory=list)
    """The seconds of each request that had a connection of its own."""

    @property
    def rate(self) -> float:
        return self.count / self.seconds


class Connection:
    """A client connection, with TLS if there is a context."""

    def __init__(self, plan: Plan, context: ssl.SSLContext | None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", plan.port), timeout=TIME_LIMIT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        self._expected = (f"HTTP/1.1 {plan.status}".encode(), plan.wanted.encode())

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        self._socket.sendall(request)

    def read_answer(self) -> bytes:
        """The body of the answer. Raises ``ConnectionError`` if it is not what the plan expects."""
        return self.read_expected()[1]

    def read_expected(self) -> tuple[bytes, bytes]:
        """Head and body of an answer that the plan expects. Raises ``ConnectionError``."""
        return self.read_whole_answer(*self._expected)

    def read_whole_answer(self, begin: bytes, wanted: bytes = b"") -> tuple[bytes, bytes]:
        """Head and body of the answer.

        Raises ``ConnectionError`` if the answer is incomplete, begins with other bytes, or does
        not contain ``wanted``.
        """
        data = self._receive()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._receive()
        whole_head, body = data[:end], data[end + 4 :]
        head = whole_head.lower()
        if b"\r\ntransfer-encoding: chunked" in head:
            while not body.endswith(_LAST_CHUNK):  # the chunk sizes are not removed from the body
                body += self._receive()
        else:
            length = _content_length(head)
            while len(body) < length:
                body += self._receive()
        if not data.startswith(begin) or wanted not in body:
            raise ConnectionError(f"not the expected answer: {data[:500]!r}")
        return whole_head, body

    def _receive(self) -> bytes:
        data = self._socket.recv(_CHUNK)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _content_length(head: bytes) -> int:
    name = b"\r\ncontent-length:"
    start = head.find(name)
    if start < 0:
        raise ConnectionError(f"an answer without Content-Length: {head!r}")
    return int(head[start + len(name) :].partition(b"\r\n")[0])


def run(plan: Plan) -> Result:
    context = client_context(plan.ca_file, plan.cert_file, plan.key_file) if plan.ca_file else None
    measure = _new_connections if plan.new_connections else _kept_alive
    return measure(plan, lambda: Connection(plan, context))


def client_context(ca_file: str, cert_file: str, key_file: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=ca_file)
    if cert_file:
        context.load_cert_chain(cert_file, key_file)
    return context


def _kept_alive(plan: Plan, connect: Callable[[], Connection]) -> Result:
    with ExitStack() as opened:
        connections = [opened.enter_context(connect()) for _ in range(plan.connections)]
        if plan.warm_up:
            _exchange(plan, connections, plan.warm_up, float("inf"))
        started, cpu_started = time.perf_counter(), time.process_time()
        answered = _exchange(plan, connections, plan.count, started + plan.seconds)
        seconds = time.perf_counter() - started
        cpu_seconds = time.process_time() - cpu_started
    return Result(count=answered, seconds=seconds, cpu_seconds=cpu_seconds)


def _exchange(plan: Plan, connections: Sequence[Connection], count: int, deadline: float) -> int:
    """Requests and answers, or pairs of them, on whichever connection has an answer first.

    Returns how many, at most ``count``. With an answer that takes long, a connection has fewer, as
    those of a busier process of a server.
    """
    request, taken = plan.request.encode(), re.compile(plan.taken.encode())
    has_second: set[Connection] = set()
    sent = answered = 0
    with selectors.DefaultSelector() as selector:
        for each in connections[:count]:
            selector.register(each, selectors.EVENT_READ, each)
            each.send(request)
            sent += 1
        while answered < sent:
            ready = [key.data for key, _ in selector.select(TIME_LIMIT)]
            if not ready:
                raise TimeoutError(f"no answer within {TIME_LIMIT:g} s")
            for each in ready:
                if each in has_second:
                    each.read_whole_answer(b"HTTP/1.1 200")
                    has_second.remove(each)
                else:
                    head, body = each.read_expected()
                    if plan.then:
                        found = taken.search(head) or taken.search(body)
                        if found is None:
                            raise ConnectionError(f"no {plan.taken} in {head!r} {body[:500]!r}")
                        each.send(plan.then.replace("{taken}", found[1].decode()).encode())
                        has_second.add(each)
                        continue
                answered += 1
                if sent < count and time.perf_counter() < deadline:
                    each.send(request)
                    sent += 1
    return answered


def _new_connections(plan: Plan, connect: Callable[[], Connection]) -> Result:
    request = plan.request.encode()

    def one() -> float:
        started = time.perf_counter()
        with connect() as connection:
            connection.send(request)
            connection.read_answer()
            return time.perf_counter() - started

    for _ in range(plan.warm_up):
        one()
    started, cpu_started = time.perf_counter(), time.process_time()
    latencies: list[float] = []
    while len(latencies) < plan.count and time.perf_counter() - started < plan.seconds:
        latencies.append(one())
    return Result(
        count=len(latencies),
        seconds=time.perf_counter() - started,
        cpu_seconds=time.process_time() - cpu_started,
        latencies=latencies,
    )


if __name__ == "__main__":
    json.dump(asdict(run(Plan(**json.load(sys.stdin)))), sys.stdout)
