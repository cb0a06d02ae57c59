"""Looks into a state in a Redis server, copies it to a text and back, and empties it.

An import is written beside the state first, and takes its place at once.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from mock_sei.errors import ConfigurationError, StoreAway
from mock_sei.rules import machine
from mock_sei.state import redis_scripts as scripts
from mock_sei.state.archive import Description, area_of
from mock_sei.state.configuration import CONFIGURATION, VERSION
from mock_sei.state.exports import (
    FORMAT,
    entry_line,
    fact_line,
    first_line,
    plain,
    record_line,
    take_over,
)
from mock_sei.state.redis import BEAT_LASTS, STATE_KEYS, RedisStore, key_of, names_of, text_of
from mock_sei.state.redis_line import Line, complaining
from mock_sei.state.units import LASTING
from mock_sei.state.urls import RedisAddress

PATIENCE = 30.0
"""Seconds that a command waits: the whole state is read at once."""
TOGETHER = 500
"""So many records are written at once."""
LEFTOVERS_LAST = 3600
"""Seconds after which Redis removes what an import left that was killed."""


class RedisArchive:
    """A state under a namespace of a Redis server."""

    def __init__(self, address: RedisAddress) -> None:
        """Raises :class:`ConfigurationError` naming the server and what is wrong with it."""
        self.name = str(address)
        self._address = address
        self._line = Line(address, patience=PATIENCE)
        with complaining(self.name):
            self._line.require_single()
            self._format = self._line.call("HGET", self._key("head"), "format")
        if self._format not in (None, str(FORMAT)):
            raise ConfigurationError(
                f"its format is number {self._format}, and this version of mock-sei reads "
                f"{FORMAT}; choose another namespace",
                source=self.name,
            )

    def _key(self, name: str) -> str:
        return key_of(self._address.namespace, name)

    def close(self) -> None:
        self._line.close()

    def _is_in_use(self) -> bool:
        with complaining(self.name):
            now = self._line.call("TIME")[0]
            since = int(now) - BEAT_LASTS
            return bool(self._line.call("ZCOUNT", self._key("servers"), f"({since}", "+inf"))

    def _require_state(self) -> None:
        if self._format is None:
            raise ConfigurationError("there is no state under this namespace", source=self.name)

    def _read(self) -> list[Any]:
        """Head, facts, records, records that last, and journal, all of one moment."""
        self._require_state()
        keys = [self._key(each) for each in ("head", "facts", "records", "lasting", "journal")]
        with complaining(self.name):
            found = self._line.run(scripts.SNAPSHOT, keys)
        return [*(dict(zip(each[::2], each[1::2], strict=True)) for each in found[:4]), found[4]]

    def describe(self) -> Description:
        """What the state has."""
        head, facts, records, lasting, journal = self._read()
        counted: Counter[str] = Counter()
        for field, value in {**records, **lasting}.items():
            if text_of(value) is not None:
                counted[area_of(names_of(field)[0])] += 1
        return Description(
            version=plain(facts.get(VERSION)),
            format=FORMAT,
            epoch=int(head["epoch"]),
            size=self._size(),
            in_use=self._is_in_use(),
            configuration=plain(facts.get(CONFIGURATION)),
            records=dict(sorted(counted.items())),
            journal=len(journal),
        )

    def _size(self) -> int:
        """The bytes that the state takes in the memory of Redis."""
        with complaining(self.name):
            sizes = [self._line.call("MEMORY", "USAGE", self._key(each)) for each in STATE_KEYS]
            return sum(int(each or 0) for each in sizes)

    def export(self) -> Iterator[str]:
        """The lines of an export. Each is JSON; the first one says what follows."""
        head, facts, records, lasting, journal = self._read()
        rows = sorted({**records, **lasting}.items(), key=lambda row: int(row[1].split(" ", 1)[0]))
        kept = [row for row in rows if text_of(row[1]) is not None or _stays(row[1])]
        recorded = int(head["recorded"])
        yield first_line(
            facts=facts,
            epoch=int(head["epoch"]),
            changes=json.loads(head["changes"]),
            recorded=recorded,
            records=len(kept),
            entries=len(journal),
        )
        yield from (fact_line(name, value) for name, value in facts.items())
        for field, value in kept:
            yield record_line(*names_of(field), text_of(value), stays=_stays(value))
        for number, value in enumerate(journal, recorded - len(journal) + 1):
            yield entry_line(number, value)

    def clear(self) -> None:
        """Removes everything: the next server begins a new state.

        Raises :class:`ConfigurationError` while a server uses the state.
        """
        self._require_state()
        if self._is_in_use():
            raise self._in_use("cleared")
        with complaining(self.name):
            store = RedisStore(self._address)
            try:
                store.reserve()
                store.empty()
                store.keep({})
            finally:
                store.close()

    def _in_use(self, what: str) -> ConfigurationError:
        return ConfigurationError(
            f"a server uses this state, or did within the last {BEAT_LASTS} seconds; stop it, then "
            f"the state can be {what}. After a server that was killed, wait {BEAT_LASTS} seconds. "
            "`mock-sei reset` works with the running server",
            source=self.name,
        )

    def take_over(self, lines: Iterable[str], source: object, *, replace: bool) -> None:
        """Makes the state of an export, if there is none yet or with ``replace``. Raises
        :class:`ConfigurationError`; then nothing has changed."""
        if self._is_in_use():
            raise self._in_use("replaced")
        new = _RedisImport(self._line, self._key(f"import:{secrets.token_hex(8)}"))
        try:
            with complaining(self.name):
                take_over(new, lines, source)
                found = self._line.run(
                    scripts.PUT_IN_PLACE,
                    [
                        *(self._key(each) for each in STATE_KEYS),
                        *(new.key(each) for each in STATE_KEYS),
                        *(self._key(each) for each in ("servers", "owner", "lock")),
                    ],
                    BEAT_LASTS,
                    int(replace),
                )
        finally:
            with suppress(StoreAway):
                self._line.call("UNLINK", *(new.key(each) for each in STATE_KEYS))
        if found == "used":
            raise self._in_use("replaced")
        if found == "there":
            raise ConfigurationError(
                "it has a state already; --replace puts the export in its place",
                source=self.name,
            )


class _RedisImport:
    """Keys beside a state that take over an export."""

    def __init__(self, line: Line, prefix: str) -> None:
        self._line, self._prefix = line, prefix
        self._seen: set[tuple[str, str]] = set()
        self._rows: dict[str, list[str]] = {}
        """What is not written yet, by the name of its key."""

    def key(self, name: str) -> str:
        return f"{self._prefix}:{name}"

    def put_fact(self, name: str, value: str) -> None:
        self._put("facts", name, value)

    def put_entry(self, number: int, value: str) -> None:  # noqa: ARG002  # its place in the list
        self._add("journal", value)

    def put_record(
        self, area: str, key: str, value: str | None, *, stays: bool, sequence: int
    ) -> None:
        written = f"{sequence} {int(stays)}{'-' if value is None else '+'}{value or ''}"
        name = "lasting" if area.startswith(LASTING) else "records"
        self._put(name, f"{area}\0{key}", written)

    def _put(self, name: str, field: str, value: str) -> None:
        if (name, field) in self._seen:
            raise ValueError("it is there twice")
        self._seen.add((name, field))
        self._add(name, field, value)

    def _add(self, name: str, *values: str) -> None:
        waiting = self._rows.setdefault(name, [])
        waiting += values
        if len(waiting) >= TOGETHER:
            self._write(name)

    def _write(self, name: str) -> None:
        values = self._rows.pop(name, [])
        if values:
            command = "RPUSH" if name == "journal" else "HSET"
            self._line.call(command, self.key(name), *values)
            self._line.call("EXPIRE", self.key(name), LEFTOVERS_LAST)

    def finish(
        self, *, epoch: int, sequence: int, recorded: int, size: int, changes: Mapping[str, Any]
    ) -> None:
        head = {
            "format": FORMAT,
            "epoch": max(epoch + 1, int(machine.timestamp())),  # others see that all is new
            "sequence": sequence,
            "recorded": recorded,
            "clearings": 0,
            "swept": sequence,
            "changes": json.dumps(changes),
            "journal_size": size,
            "revision": 0,
        }
        for name in list(self._rows):
            self._write(name)
        for each in head.items():
            self._add("head", *map(str, each))
        self._write("head")


def _stays(value: str) -> bool:
    return value.partition(" ")[2].startswith("1")
