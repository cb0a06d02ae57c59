"""Tables of records that several servers may share: every change of one is noted by its key.

The domain keeps its records in these tables, and derives everything else from them: a table calls
``changed`` after each change, whoever made it, so that indexes follow. The domain does not know in
which store the records are. A server with a state of its own notes nothing (``note`` is None).

In a shared state, ``note`` is called before each change. It may raise, so that the work runs again
from its beginning: nothing may have been changed before the first note.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    ItemsView,
    Iterable,
    Iterator,
    KeysView,
    Mapping,
    ValuesView,
)
from types import MappingProxyType
from typing import Any, Generic, Protocol, TypeVar, overload

from mock_sei.values.codecs import PLAIN, Codec

R = TypeVar("R")
D = TypeVar("D")

Note = Callable[[str, str], None]
"""Called with the name of a table and a key, before the record with this key changes."""
Row = tuple[str, str, str | None]
"""The name of a table, a key, and the record as JSON text; None if there is none any more."""


class StoredTable(Protocol):
    """What a store needs of a table."""

    @property
    def name(self) -> str: ...
    @property
    def is_seeded(self) -> bool:
        """True if the table has records from its beginning, which no store keeps."""

    def written(self, key: str) -> str | None:
        """The record with this key as JSON text, None if there is none."""

    def apply(self, key: str, text: str | None) -> None:
        """Takes over what another server did. This is not noted."""


class Stored:
    """All tables of one platform state, by name, and what notes their changes."""

    def __init__(
        self, rows: Iterable[Row] = (), *, is_shared: bool = False, prefix: str = ""
    ) -> None:
        """``rows`` are the records of the store. A table gets its own when it is made. The names
        of this class's own tables begin with ``prefix``."""
        self.is_shared = is_shared
        """True if other servers may have the same records."""
        self.note: Note | None = None
        """None while changes are not noted: without a store, and while this state is built."""
        self.announce: Callable[[], None] | None = None
        """Called after each change, also after one that another server made; None while nobody can
        follow."""
        self.has_ended = False
        """True if a reset replaced these tables, so that no store keeps their changes any more."""
        self._tables: dict[str, StoredTable] = {}
        self._waiting: dict[str, dict[str, str | None]] = {}
        """Rows of tables that do not exist yet: those of an application that comes with them."""
        self.is_being_built = True
        """True until the state is complete. Changes until then go to the store with it, but for
        the seeds of tables."""
        self.begun: dict[tuple[str, str], None] = {}
        """Table and key of what was changed while a shared state was built."""
        self.is_applying = False
        """True while tables take over what other servers did. What derives something from a table
        may change no other one then: the change of the other one comes from the store too."""
        for name, key, text in rows:
            self.apply(name, key, text)
        self.numbers: Table[int] = Table(self, f"{prefix}numbers")
        self._secrets: Table[str] = Table(self, f"{prefix}secrets")

    def add(self, table: StoredTable) -> None:
        """Takes in a new table, and gives it the rows that wait for it."""
        self._tables[table.name] = table
        self._give(table, self._waiting.pop(table.name, {}))

    def remove(self, name: str) -> None:
        """Forgets a table whose owner is gone."""
        self._tables.pop(name, None)

    def apply(self, name: str, key: str, text: str | None) -> None:
        """Takes over a record that another server wrote."""
        table = self._tables.get(name)
        if table is None:
            self._waiting.setdefault(name, {})[key] = text
        else:
            self._give(table, {key: text})

    def _give(self, table: StoredTable, rows: Mapping[str, str | None]) -> None:
        outer, self.is_applying = self.is_applying, True
        try:
            for key, text in rows.items():
                table.apply(key, text)
        finally:
            self.is_applying = outer

    def written(self, name: str, key: str) -> tuple[str | None, bool]:
        """A record as JSON text, and whether its table is seeded. A removed table has none."""
        table = self._tables.get(name)
        return (None, False) if table is None else (table.written(key), table.is_seeded)

    def changing(self, name: str, key: str) -> None:
        """Notes a change of a record. Every table calls it before the change."""
        if self.note is not None:
            self.note(name, key)
        elif self.is_shared and self.is_being_built:
            self.begun[name, key] = None

    def changed(self) -> None:
        """Announces a change of a record. Every table calls it after the change."""
        if self.announce is not None:
            self.announce()

    def next_number(self, kind: str) -> int:
        """One more than the last number of this kind, from 1; each number is given once."""
        number = (self.numbers.get(kind) or 0) + 1
        self.numbers[kind] = number
        return number

    def secret(self, name: str, make: Callable[[], bytes]) -> bytes:
        """A secret of this state that all its servers know. ``make`` makes it for the first one."""
        found = self._secrets.get(name)
        if found is None:
            found = self._secrets[name] = make().hex()
        return bytes.fromhex(found)


class Table(Generic[R]):
    """Records by key, in the order in which they were added.

    Readers need no lock. A record may be changed in place, if :meth:`changing` is called before.
    """

    def __init__(
        self,
        stored: Stored,
        name: str,
        codec: Codec[R] = PLAIN,
        *,
        changed: Callable[[str, R | None, R | None], None] | None = None,
        is_seeded: bool = False,
        seeds: Mapping[str, R] = MappingProxyType({}),
    ) -> None:
        """``changed`` gets the key, the old and the new record after each change, also after one
        that another server made. ``seeds`` are records that every server has from its start. They
        come before the rows of the store, which may have changed or removed them."""
        self.name = name
        self.is_seeded = is_seeded or bool(seeds)
        self.by_key: dict[str, R] = {}
        """The records. Only this class changes the dictionary."""
        self._stored = stored
        self._codec = codec
        self._changed = changed
        for key, record in seeds.items():
            self._set(key, record)
        stored.add(self)

    def __getitem__(self, key: str) -> R:
        return self.by_key[key]

    @overload
    def get(self, key: str) -> R | None: ...
    @overload
    def get(self, key: str, default: D) -> R | D: ...
    def get(self, key: str, default: Any = None) -> Any:
        return self.by_key.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self.by_key

    def __len__(self) -> int:
        return len(self.by_key)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.by_key))

    def keys(self) -> KeysView[str]:
        return self.by_key.keys()

    def values(self) -> ValuesView[R]:
        return self.by_key.values()

    def items(self) -> ItemsView[str, R]:
        return self.by_key.items()

    def changing(self, key: str) -> None:
        """Notes a change of a record in place. Call it before the change."""
        self._stored.changing(self.name, key)

    def __setitem__(self, key: str, record: R) -> None:
        self.changing(key)
        self._set(key, record)

    def __delitem__(self, key: str) -> None:
        if key not in self.by_key:
            raise KeyError(key)
        self.pop(key)

    def pop(self, key: str) -> R | None:
        """Removes a record and returns it; None if there is none."""
        if key not in self.by_key:
            return None
        self.changing(key)
        return self._remove(key)

    def clear(self) -> None:
        """Removes all records."""
        for key in self:
            self.pop(key)

    # For the store

    def written(self, key: str) -> str | None:
        record = self.by_key.get(key)
        return None if record is None else self._codec.write(record)

    def apply(self, key: str, text: str | None) -> None:
        if text is not None:
            self._set(key, self._codec.read(text))
        elif key in self.by_key:
            self._remove(key)

    def _set(self, key: str, record: R) -> None:
        before = self.by_key.get(key)
        self.by_key[key] = record
        if self._changed is not None:
            self._changed(key, before, record)
        self._stored.changed()

    def _remove(self, key: str) -> R:
        record = self.by_key.pop(key)
        if self._changed is not None:
            self._changed(key, record, None)
        self._stored.changed()
        return record
