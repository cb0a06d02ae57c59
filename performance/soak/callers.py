"""The base of the load's clients. Each knows what it did, so it knows the expected answers.

A caller has its own connections and tokens and makes one request after the other, so it needs no
lock to know the state of a token.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from weakref import WeakSet

from mock_sei.errors import STORE_AWAY
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Listener
from performance.soak.faults import FAULT_STATUSES, breaks
from performance.soak.oracle import Oracle, Span
from performance.soak.platform import Platform
from performance.soak.report import Report
from performance.soak.wire import Answer, Connection, Ledger, Lost, Outage, Spread

NO_500 = "no answer is a 500"
NOT_HONOURED = "the server accepts no token that it must refuse"
NOT_REFUSED = "the server refuses no token that it must accept"
AS_TOLD = "every request gets the documented answer"
WHOLE = "an answer is cut off only if a fault was armed, or its worker was killed"
KEPT_OUT = "the server refuses revoked and wrong certificates"
NEVER_AWAY = "no answer says that the state is away"
HEALS = "the server heals by itself after a kill"

STORE_AWAY_TEXT = STORE_AWAY.message.encode()
HEALING_PATIENCE = 60.0
"""Most seconds that a client tries again after a kill."""
RETRY_PAUSE = 0.05
"""Seconds after which a client tries again."""


@dataclass(kw_only=True)
class World:
    """The objects that all callers share."""

    platform: Platform
    registry: Registry
    oracle: Oracle
    report: Report
    folder: Path
    ledger: Ledger = field(default_factory=Ledger)
    armed: list[dict[str, Any]] = field(default_factory=list)
    losses: int = 0
    """Attempts of this phase that were expected to end without an answer."""
    outage: Outage = field(default_factory=Outage)
    connections: WeakSet[Connection] = field(default_factory=WeakSet)
    """All connections of callers."""

    def connect(self, listener: Listener, context: ssl.SSLContext) -> Connection:
        """A client of a listener, with as many connections as the server has workers."""
        many = [self.connect_once(listener, context) for _ in range(self.platform.workers)]
        return many[0] if len(many) == 1 else Spread(many, Random(id(many)))

    def connect_once(self, listener: Listener, context: ssl.SSLContext | None) -> Connection:
        """A client with one connection."""
        connection = Connection(self.platform.ports[listener], context, self.outage)
        self.connections.add(connection)
        return connection


class Reply(NamedTuple):
    """The answer to a request, None if the connection ended first, and the time of the request."""

    answer: Answer | None
    span: Span

    @property
    def is_fault(self) -> bool:
        """Whether a fault replaced the answer: it was lost, or has the status of a fault."""
        return self.answer is None or self.answer.status in FAULT_STATUSES

    @property
    def is_refused(self) -> bool:
        """Whether the answer says that what was sent gives no tokens."""
        return self.answer is not None and self.answer.status == 400

    @property
    def happened(self) -> bool:
        """False if a fault answered, so that the request had no effect; True for a lost answer."""
        return self.answer is None or self.answer.status not in FAULT_STATUSES


Actions = Mapping[Callable[[], Awaitable[None]], int]
"""The actions of a caller, each with its relative frequency."""


class Caller:
    """One client of the load."""

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.random = random
        self._actions = self.actions()

    def actions(self) -> Actions:
        raise NotImplementedError

    async def run(self, until: float) -> None:
        """Does random actions one after the other until ``time.monotonic()`` reaches ``until``."""
        actions, weights = list(self._actions), list(self._actions.values())
        while time.monotonic() < until:
            await self.random.choices(actions, weights)[0]()

    def forget(self) -> None:
        """Drops what does not exist after a reset of the platform."""

    async def ask(
        self,
        connection: Connection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> Reply:
        """Makes a request. After a kill, a client tries again what it could not send, and what it
        may send twice."""
        began = time.time()
        while True:
            try:
                answer = await connection.ask(self.world.ledger, method, path, headers, body)
            except Lost as error:
                may_repeat = error.by_kill and (error.unsent or method == "GET")
                if may_repeat and time.time() < began + HEALING_PATIENCE:
                    await asyncio.sleep(RETRY_PAUSE)
                    continue
                if may_repeat:
                    self.world.report.broken(HEALS, f"{method} {path}: {error}")
                self.judge_loss(error, f"{method} {path}: {error}")
                return Reply(None, self.span_since(began))
            self.look_at(answer, f"{method} {path}")
            return Reply(answer, self.span_since(began))

    def look_at(self, answer: Answer, request: str) -> None:
        """Reports an answer that no request may get."""
        what = f"{request}: {answer.status} {answer.body[:300]!r}"
        if answer.status == 500:
            self.world.report.broken(NO_500, what)
        if STORE_AWAY_TEXT in answer.body:
            self.world.report.broken(NEVER_AWAY, what)
        statuses = {fault.get("status") for fault in self.world.armed}
        if answer.status in FAULT_STATUSES - statuses:
            self.world.report.broken(AS_TOLD, what)

    def span_since(self, began: float) -> Span:
        return self.world.platform.clock.span(began, time.time())

    def expect(self, reply: Reply, status: int, what: str) -> bool:
        """Whether the answer has the expected status. The answer of a fault is ignored."""
        if reply.answer is None or reply.is_fault:
            return False
        if reply.answer.status != status:
            shown = f"{what}: {reply.answer.status} {reply.answer.body[:300]!r}, not {status}"
            self.world.report.broken(AS_TOLD, shown)
            return False
        return True

    def judge_loss(self, lost: Lost, what: str) -> None:
        if not lost.by_kill and not any(map(breaks, self.world.armed)):
            self.world.report.broken(WHOLE, what)
