"""The state in a Redis server: servers on many machines share it.

A reservation is a lease: a key that ends after :data:`LEASE` seconds, so that others wait no longer
for a server that was killed or frozen. It decides only who waits. The commit, one script that Redis
runs as a whole, is refused if anybody reserved the state after its server did. So a server that was
frozen meanwhile loses nothing of others: its work runs again.

Each call waits for the network, so :class:`~mock_sei.state.remote.RemoteUnits` makes them in a
thread. Each waits only a moment.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.rules import machine
from mock_sei.state import redis_scripts as scripts
from mock_sei.state.configuration import CONFIGURATION
from mock_sei.state.redis_line import Line, complaining
from mock_sei.state.redis_scripts import Script
from mock_sei.state.store import Change, Head, Loaded, StoreBusy
from mock_sei.state.units import LASTING
from mock_sei.state.urls import RedisAddress

FORMAT = 1
"""The number of this module's keys."""
LEASE = 2.0
"""Seconds that others wait for a server that has reserved the state and does not end that."""
LATE = 0.4
"""Seconds after which Redis refuses a commit that was sent. Its client gets another answer after
:data:`~mock_sei.state.redis_line.PATIENCE`, which is longer, so that no commit comes after that."""
REMOVALS_KEPT = 10_000
"""A server that is more changes behind loads everything; older removals are forgotten."""
JOURNAL_LIMIT = 64 * 1024 * 1024
"""The largest number of bytes of all journal entries; the oldest are removed."""
ROWS_TOGETHER = 500
"""So many records are read at once, so that Redis serves others in between."""
MOST_LOADS = 5
"""So often all records are read at most, if the state begins anew meanwhile."""
BEATS_EVERY = 3.0
"""Seconds between two notes that a server uses the state."""
BEAT_LASTS = 10
"""Seconds after its last note in which a server counts as there."""

STATE_KEYS = ("head", "records", "lasting", "changed", "journal", "facts")
"""The names of the keys that a state has."""


class RedisClock:
    """The clock of a Redis server. Between its answers, this machine's monotonic clock goes on."""

    def __init__(self) -> None:
        self._ahead: float | None = None
        """Seconds by which it is ahead of the monotonic clock; None before the first answer."""
        self._least = 0.0
        """At least so many, by the last answer."""

    def learn(self, now: float, *, sent: float, received: float) -> None:
        """It showed ``now`` between two moments of the monotonic clock. What is known is changed
        only if it contradicts this, so that time does not jump with the network's delays."""
        self._least, most = now - received, now - sent
        known = (self._least + most) / 2 if self._ahead is None else self._ahead
        self._ahead = min(max(known, self._least), most)

    def timestamp(self) -> float:
        """Its time in seconds since the epoch; this machine's before the first answer."""
        return machine.timestamp() if self._ahead is None else machine.monotonic() + self._ahead

    def earliest(self) -> float:
        """Its time, or a little earlier, but never later."""
        return machine.monotonic() + self._least


class RedisStore:
    """A state under a namespace of a Redis server, which is made if it does not exist."""

    is_remote = True

    def __init__(
        self, address: RedisAddress, *, journal_size: int = 1000, replace: bool = False
    ) -> None:
        """``replace`` is True if :meth:`empty` will be called: the state may have another format.
        Raises :class:`ConfigurationError` naming the server and what is wrong with it."""
        self.name = str(address)
        self._namespace = address.namespace
        self._journal_size = journal_size
        self._line = Line(address)
        self._server = secrets.token_hex(8)
        self._beats_at = 0.0
        self._token: str | None = None
        """That of the reservation that this server has."""
        self._reserved = Head(0, 0, 0, 0)
        """How far the store had come then, with what the reservation will change."""
        self._clock = RedisClock()
        self._begun: Mapping[str, Any] | None = None
        self._epoch: int | None = None
        self._clearings = 0
        self._is_emptied = False
        self._unsure: tuple[str, list[tuple[int, str]]] | None = None
        """Entries that may have been written, with their token: the connection was lost before the
        answer."""
        with complaining(self.name):
            self._line.require_single()
            made_with, made = self._run(scripts.MAKE, ("head",), FORMAT)
        self._is_made = bool(made)
        if made_with != str(FORMAT) and not replace:
            raise ConfigurationError(
                f"its format is number {made_with or 'unknown'}, and this version of mock-sei "
                f"writes {FORMAT}; choose another namespace, or start with --replace-state",
                source=self.name,
            )

    def _key(self, name: str) -> str:
        return key_of(self._namespace, name)

    def _run(self, script: Script, names: Sequence[str], *arguments: object) -> Any:
        return self._line.run(script, [self._key(each) for each in names], *arguments)

    # Beginning and end

    def empty(self) -> None:
        """Removes everything, in a reservation, at its end."""
        self._require_reservation()
        self._is_emptied = True

    def abandon(self) -> None:
        """Lets go after a start that failed. What this start made is removed, if no other server
        keeps something in it."""
        if self._is_made:
            with suppress(StoreAway, StoreBusy):
                self.reserve()
                if CONFIGURATION not in self.facts():
                    keys = (*STATE_KEYS, "owner", "lock", "servers")
                    self._run(scripts.DROP, keys, self._token)
                self.release()
        self.close()

    def close(self) -> None:
        with suppress(StoreAway):
            self._line.call("ZREM", self._key("servers"), self._server)
        self._line.close()

    # Units of work

    def begin(self) -> Head:
        if self._token is not None:
            return self._reserved  # nobody else changes it, or the commit is refused
        self._beat()
        return self._head_of(self._timed(scripts.BEGIN, ("head",)))

    def timestamp(self) -> float:
        """The time of Redis, in seconds since the epoch."""
        return self._clock.timestamp()

    def _timed(self, script: Script, names: Sequence[str], *arguments: object) -> Any:
        """What a script returns beside the time of Redis."""
        sent = machine.monotonic()
        found = self._run(script, names, *arguments)
        if found is None:
            return None
        (seconds, microseconds), rest = found
        now = int(seconds) + int(microseconds) / 1e6
        self._clock.learn(now, sent=sent, received=machine.monotonic())
        return rest

    @staticmethod
    def _head_of(found: Sequence[str | None]) -> Head:
        return Head(*(int(each or 0) for each in found))

    def _beat(self) -> None:
        """Notes from time to time that this server uses the state."""
        if machine.monotonic() >= self._beats_at:
            self._beats_at = machine.monotonic() + BEATS_EVERY
            with suppress(StoreAway):  # who only reads goes on with a store that is full
                self._run(scripts.BEAT, ("servers",), self._server, BEAT_LASTS)

    def load(self, since: Head | None) -> Loaded:
        for _ in range(MOST_LOADS):
            found: dict[str, str] = {}
            after, count = (0, 0) if since is None else (since.sequence, ROWS_TOGETHER)
            head, swept, changes, page = self._page(after, count)
            epoch = head.epoch
            is_whole = since is None or since.epoch != epoch or since.sequence < swept
            if is_whole:
                for name in ("records", "lasting"):
                    found.update(self._line.scan(self._key(name), ROWS_TOGETHER))
                after = head.sequence
                head, swept, changes, page = self._page(after, ROWS_TOGETHER)
            # Each record that changes while pages are read comes again in a later page.
            while head.epoch == epoch and swept <= after:
                for field, value, sequence in page:
                    found.pop(field, None)
                    found[field] = value
                    after = int(sequence)
                if len(page) < ROWS_TOGETHER:
                    rows = sorted(found.items(), key=_place) if is_whole else found.items()
                    return Loaded(
                        head=head,
                        rows=[(*names_of(field), text_of(value)) for field, value in rows],
                        is_whole=is_whole,
                        changes=json.loads(changes),
                    )
                head, swept, changes, page = self._page(after, ROWS_TOGETHER)
        raise StoreAway(f"{self.name} has a state that began anew again and again meanwhile")

    def _page(self, after: int, count: int) -> tuple[Head, int, str, list[tuple[str, str, str]]]:
        names = ("head", "changed", "records", "lasting")
        head, rows = self._run(scripts.PAGE, names, after, count)
        *numbers, swept, changes = head
        page = list(zip(rows[::3], rows[1::3], rows[2::3], strict=True))
        return self._head_of(numbers), int(swept or 0), changes or "{}", page

    def reserve(self) -> None:
        token = secrets.token_hex(8)
        names = ("head", "lock", "owner")
        head = self._timed(scripts.RESERVE, names, token, int(LEASE * 1000))
        if head is None:
            raise StoreBusy
        self._reserved = self._head_of(head)
        self._token = token

    def release(self) -> None:
        token, self._token = self._token, None
        self._begun, self._epoch, self._clearings, self._is_emptied = None, None, 0, False
        if token is not None:
            with suppress(StoreAway):  # then its lease ends it
                self._run(scripts.RELEASE, ("lock",), token)

    def _require_reservation(self) -> str:
        if self._token is None:
            raise StoreAway(f"{self.name}: an error before ended this change")
        return self._token

    def commit(self, changes: Iterable[Change]) -> int:
        return self._commit(changes, {})

    def _commit(self, changes: Iterable[Change], facts: Mapping[str, str]) -> int:
        token = self._require_reservation()
        arguments: list[object] = [
            token,
            int((self._clock.earliest() + LATE) * 1000),
            "" if self._epoch is None else self._epoch,
            json.dumps(dict(self._begun or {})),
            self._clearings,
            FORMAT if self._is_emptied else "",
            LASTING,
            REMOVALS_KEPT,
            len(facts),
        ]
        for fact in facts.items():
            arguments += fact
        for name, key, text, stays in changes:
            arguments.append(f"{name}\0{key}")
            arguments.append(f"{int(stays)}{'-' if text is None else '+'}{text or ''}")
        try:
            sequence = self._run(
                scripts.COMMIT, (*STATE_KEYS, "owner", "lock", f"done:{token}"), *arguments
            )
        except BaseException:
            self.release()
            raise
        if sequence is None:  # somebody else has reserved it since
            self.release()
            raise StoreBusy
        self._token = None  # the script has ended the reservation
        self.release()
        return int(sequence)

    def begin_epoch(self, changes: Mapping[str, Any]) -> int:
        self._require_reservation()
        self._epoch, self._begun = self._reserved.epoch + 1, changes
        self._reserved = self._reserved._replace(epoch=self._epoch, recorded=0)
        return self._epoch

    # The journal

    def add_entries(self, entries: Sequence[tuple[int, str]]) -> None:
        new = list(entries)
        if self._unsure is not None:
            token, before = self._unsure
            if new[: len(before)] == before:  # otherwise a reset has dropped them
                # Redis may have written them, or may do so later, when it reads what a connection
                # that is lost had sent: under one token it writes them once.
                self._add(token, before)
                new = new[len(before) :]
            self._unsure = None
        if new:
            self._add(secrets.token_hex(8), new)

    def _add(self, token: str, entries: list[tuple[int, str]]) -> None:
        try:
            self._run(
                scripts.ADD_ENTRIES,
                ("head", "journal", f"done:{token}"),
                self._journal_size,
                JOURNAL_LIMIT,
                *(each for entry in entries for each in entry),
            )
        except StoreAway:
            self._unsure = token, entries
            raise

    def entries_after(self, number: int, most: int) -> Sequence[tuple[int, str]]:
        if self._token is not None and (self._clearings or self._epoch is not None):
            return []
        recorded, texts = self._run(scripts.ENTRIES, ("head", "journal"), number, most)
        return list(enumerate(texts, int(recorded) - len(texts) + 1))

    def try_to_write(self) -> None:
        self.reserve()
        self.release()

    def clear_journal(self) -> None:
        self._require_reservation()
        self._clearings += 1
        clearings = self._reserved.clearings + 1
        self._reserved = self._reserved._replace(recorded=0, clearings=clearings)

    def look(self) -> int:
        return int(self._line.call("HGET", self._key("head"), "revision") or 0)

    # Facts

    def facts(self) -> dict[str, str]:
        """What is kept beside the records: the version, the configuration, files of the CA."""
        if self._is_emptied:
            return {}
        return dict(self._line.pairs("HGETALL", self._key("facts")))

    def keep(self, facts: Mapping[str, str]) -> None:
        """Writes facts. It needs a reservation, and ends it."""
        self._commit([], facts)


def key_of(namespace: str, name: str) -> str:
    """A key of a state."""
    return f"{{{namespace}}}:{name}"


def names_of(field: str) -> tuple[str, str]:
    """The name of a table and a key, of the field of a hash."""
    name, _, key = field.partition("\0")
    return name, key


def _place(row: tuple[str, str]) -> int:
    return int(row[1].partition(" ")[0])


def text_of(value: str) -> str | None:
    """A record as JSON text, None if it was removed, of the value of a hash's field."""
    _, _, rest = value.partition(" ")
    return rest[2:] if rest[1] == "+" else None
