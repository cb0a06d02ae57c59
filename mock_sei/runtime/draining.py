"""What is still in progress at a server that ends, and which connections it closes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable

from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.limits import BEGINNING, DRAIN, LEAVING
from mock_sei.runtime.tls import PendingConnection


class Draining:
    """The end of one server, which began at a time of its loop's clock."""

    def __init__(self, began: float) -> None:
        self._began = began
        self._idle: set[asyncio.Protocol] = set()
        """Connections that were closed without an answer. Their clients may notice it much later,
        so nothing waits for them."""
        self._leaving: dict[asyncio.Protocol, float] = {}
        """Connections that end after their answer, with the time at which that was first seen."""

    def goes_on(
        self,
        now: float,
        connections: Iterable[asyncio.Protocol],
        connecting: Collection[PendingConnection | None],
    ) -> bool:
        """Whether something is in progress, and there is time for it. Closes connections on which
        nothing is. ``connecting`` are the connections that HTTP has not got yet."""
        if now - self._began >= DRAIN:
            return False
        # All of them are looked at, since those without a request are closed here.
        in_use = [self._is_in_use(each, now) for each in list(connections)]
        is_new = now - self._began < BEGINNING
        return any(in_use) or any(
            is_new if each is None else is_new or each.heard for each in connecting
        )

    def _is_in_use(self, connection: asyncio.Protocol, now: float) -> bool:
        if not isinstance(connection, LimitedProtocol) or connection in self._idle:
            return False
        transport = connection.transport
        if transport.is_closing():
            since = self._leaving.setdefault(connection, now)
            return now - since < LEAVING or transport.get_write_buffer_size() > 0
        if connection.is_in_use:
            return True
        self._idle.add(connection)
        transport.close()
        return False
