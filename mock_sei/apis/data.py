"""Records that a test puts into a collection, checked before they are let in.

Only collections that an operation reads: a misspelt one would never be seen again.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mock_sei.apis.collections import Collections
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.records import AS_PUT_IN, Order, Record, Table, texts
from mock_sei.errors import Rejected, UnknownCollection
from mock_sei.values.sendable import json_content
from mock_sei.values.texts import spelled

MOST_PROBLEMS = 20
"""Problems that one call names at most: a body of a megabyte could have half a million."""


class Data:
    """The collections of one platform state. Each call raises :class:`UnknownCollection`."""

    def __init__(self, collections: Collections, catalogue: Catalogue) -> None:
        self._collections = collections
        self._catalogue = catalogue

    @property
    def names(self) -> list[str]:
        """Of every collection that an operation reads or that has records."""
        return sorted({*self._catalogue.keys_by_collection, *self._collections.names})

    def all(self, name: str) -> tuple[Record, ...]:
        return self._collections.all(self._known(name))

    def size(self, name: str) -> int:
        """How many records it has."""
        return len(self._collections.table(self._known(name)))

    def page(self, name: str, *, start: int, limit: int) -> Sequence[Record]:
        """So many of them, as they were put in, from a position on."""
        return self._collections.table(self._known(name)).between(AS_PUT_IN)[start : start + limit]

    def first_keys(self) -> dict[str, str]:
        """Of each collection with records, the key that finds its first one."""
        found = {}
        for name in self.names:
            records = self._collections.table(name).between(AS_PUT_IN)
            keys = self._keys_of(name)
            if records and keys:
                found[name] = str(records[0].get(keys[0], ""))
        return found

    def add(self, name: str, records: Sequence[Any]) -> None:
        """Raises :class:`~mock_sei.errors.Rejected` and then adds none of them."""
        name = self._known(name)
        copies = self._checked(name, records)
        self._collections.add(name, copies, lambda there: self._check_keys(name, copies, there))

    def replace(self, name: str, records: Sequence[Any]) -> None:
        """These instead of all there are. Raises :class:`~mock_sei.errors.Rejected`."""
        copies = self._checked(self._known(name), records)
        self._check_keys(name, copies, Table.of(()))
        self._collections.change(name, lambda _: tuple(copies))

    def clear(self, name: str) -> None:
        self._collections.change(self._known(name), lambda _: ())

    def _known(self, name: str) -> str:
        if name not in self._catalogue.keys_by_collection and not self._collections.has(name):
            near = difflib.get_close_matches(name[:100], self.names, n=3, cutoff=0.3)
            raise UnknownCollection(
                f"no operation reads a collection {spelled(name)}; there are "
                f"{', '.join(near or self.names)}"
            )
        return name

    def _keys_of(self, name: str) -> Sequence[str]:
        return self._catalogue.keys_by_collection.get(name, ())

    def _checked(self, name: str, records: Sequence[Any]) -> list[Record]:
        """Copies: what a test changes in its own object afterwards is not the platform's."""
        keys = self._keys_of(name)
        problems: dict[str, str] = {}
        copies: list[Record] = []
        for index, record in enumerate(records):
            if _are_enough(problems):
                break
            if not isinstance(record, Mapping):
                problems[f"{index}"] = f"a record is an object, not {type(record).__name__}"
                continue
            try:
                copies.append(json.loads(json_content(dict(record))))
            except ValueError as error:
                problems[f"{index}"] = str(error)
                continue
            for key in keys:
                if record.get(key) is None:
                    problems[f"{index}.{key}"] = f"missing; {name} is ordered and found by it"
        if problems:
            raise Rejected(problems)
        return copies

    def _check_keys(self, name: str, records: Sequence[Record], there: Table) -> None:
        """Only where one key identifies a record for every operation."""
        keys = self._keys_of(name)
        problems = _repeated(keys[0], records, there) if len(keys) == 1 else {}
        if problems:
            raise Rejected(problems)


def _are_enough(problems: dict[str, str]) -> bool:
    """Whether nobody reads more of them; then they say so."""
    if len(problems) < MOST_PROBLEMS:
        return False
    problems["and so on"] = f"after {MOST_PROBLEMS} problems no further record was looked at"
    return True


def _repeated(key: str, records: Sequence[Record], there: Table) -> dict[str, str]:
    seen: set[str] = set()
    problems: dict[str, str] = {}
    order = Order(texts, (key,))
    for index, record in enumerate(records):
        if _are_enough(problems):
            break
        value = str(record[key])
        if value in seen or next(there.with_key(order, value), None) is not None:
            problems[f"{index}.{key}"] = f"{value} is there already"
        seen.add(value)
    return problems
