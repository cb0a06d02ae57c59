"""A simple HTTP client over TLS that counts its attempts: each must be one entry of the journal."""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

PATIENCE = 30.0
"""Most seconds to wait for an answer, far more than a working server needs."""
STALL_PATIENCE = 5.0
"""Most seconds to wait for an answer while a fault stalls answers."""
KEPT = 100
"""Number of answers that are looked up in the journal afterwards."""


class Lost(Exception):  # not an error of this client, so the name has no suffix
    """The connection ended before the answer was complete."""

    def __init__(self, problem: str, *, by_kill: bool = False, unsent: bool = False) -> None:
        super().__init__(problem)
        self.by_kill = by_kill
        """Whether the soak killed the process that had the connection."""
        self.unsent = unsent
        """Whether the connection could not be opened, so that the request had no effect."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer."""

    status: int
    headers: Mapping[bytes, bytes]
    body: bytes

    @property
    def tracking_id(self) -> str:
        return self.headers.get(b"requesttrackingid", b"").decode()

    @property
    def json(self) -> Any:
        """The body read as JSON; None if it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(kw_only=True)
class Ledger:
    """The counts and answers of all clients in one phase."""

    answers: int = 0
    lost: int = 0
    """Attempts without a complete answer."""
    gave_up: int = 0
    """Lost attempts to which no answer came in time."""
    killed: int = 0
    """Lost attempts of which the soak killed the server."""
    unconnected: int = 0
    """Attempts, not counted as such, that found no server while the soak started it again."""
    statuses: Counter[int] = field(default_factory=Counter)
    newest: deque[tuple[str, int]] = field(default_factory=lambda: deque(maxlen=KEPT))
    """Tracking id and status of the newest answers."""
    patience: float = PATIENCE

    @property
    def attempts(self) -> int:
        """The number of attempts. Each is an entry of the journal, with or without an answer; those
        that a kill broke may have no entry."""
        return self.answers + self.lost


@dataclass(kw_only=True)
class Outage:
    """Whether the whole server is away, because the soak has killed its parent."""

    lasts: bool = False


class Connection:
    """A client that connects again when its connection has ended."""

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext | None,
        outage: Outage | None = None,
        *,
        host: str = "127.0.0.1",
    ) -> None:
        """Without a context the connection is not encrypted."""
        self._host, self._port = host, port
        self._context = context
        self._outage = outage or Outage()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._is_opening = False
        self._by_kill = False
        self.local_port: int | None = None
        """The client's port; None without a connection."""

    def server_killed(self, ports: Collection[int] | None) -> None:
        """A process was killed that held the connections of these client ports; None: all."""
        if ports is None or self._is_opening or self.local_port in ports:
            self._by_kill = True

    async def ask(
        self,
        ledger: Ledger,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> Answer:
        """Sends a request and returns the answer. Raises :class:`Lost`."""
        tracking_id = str(uuid.uuid4())
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"RequestTrackingId: {tracking_id}"]
        if body or method in ("POST", "PATCH"):
            lines.append(f"Content-Length: {len(body)}")
        answer = await self.say(ledger, "\r\n".join((*lines, "", "")).encode() + body)
        ledger.newest.append((tracking_id, answer.status))
        return answer

    async def say(self, ledger: Ledger, text: bytes) -> Answer:
        """Sends these bytes and returns the answer. Raises :class:`Lost`."""
        try:
            async with asyncio.timeout(ledger.patience):
                answer = await self._exchange(text)
        except TimeoutError:
            ledger.gave_up += 1
            raise self._lose(ledger, "no answer came in time") from None
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            is_refused = isinstance(error, ConnectionRefusedError)
            problem = f"{type(error).__name__}: {error}"
            raise self._lose(ledger, problem, is_refused=is_refused) from None
        ledger.answers += 1
        ledger.statuses[answer.status] += 1
        return answer

    def _lose(self, ledger: Ledger, problem: str, *, is_refused: bool = False) -> Lost:
        by_kill = self._by_kill or self._outage.lasts
        lost = Lost(problem, by_kill=by_kill, unsent=self._writer is None)
        self.drop()
        if by_kill and is_refused:
            ledger.unconnected += 1
        else:
            ledger.lost += 1
            ledger.killed += by_kill
        return lost

    async def open(self) -> None:
        """Connects. Raises ``OSError``."""
        self._is_opening, self._by_kill = True, self._outage.lasts
        try:
            self._reader, self._writer = await asyncio.open_connection(
                self._host,
                self._port,
                ssl=self._context,
                server_hostname="localhost" if self._context else None,
            )
        finally:
            self._is_opening = False
        name = self._writer.get_extra_info("sockname")
        self.local_port = name[1] if name else 0  # 0: it was closed at once

    async def _exchange(self, text: bytes) -> Answer:
        if self._reader is None or self._writer is None:
            await self.open()
        assert self._reader is not None
        assert self._writer is not None
        self._writer.write(text)
        head = await self._reader.readuntil(b"\r\n\r\n")
        first, *lines = head[:-4].split(b"\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip()
        body = await self._reader.readexactly(int(headers.get(b"content-length", 0)))
        if headers.get(b"connection") == b"close":
            self.drop()
        return Answer(status=int(first.split(b" ", 2)[1]), headers=headers, body=body)

    def drop(self) -> None:
        """Closes the connection, so that the next request opens a new one."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = self.local_port = None


class Spread(Connection):
    """A client with several connections, which may lead to different workers. Each request takes
    one of them."""

    def __init__(self, connections: Sequence[Connection], random: Random) -> None:
        self._connections = connections
        self._random = random

    async def say(self, ledger: Ledger, text: bytes) -> Answer:
        return await self._random.choice(self._connections).say(ledger, text)

    def drop(self) -> None:
        for each in self._connections:
            each.drop()
