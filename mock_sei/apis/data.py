"""Records that a test puts into a collection. They are checked before they are stored.

Only collections that an operation reads are accepted. Nothing would ever read a misspelt one.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from mock_sei.apis.collections import Collections
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.records import AS_PUT_IN, Order, Record, RecordTable, texts
from mock_sei.errors import Rejected, UnknownCollection
from mock_sei.values.sendable import json_content
from mock_sei.values.texts import spelled

MOST_PROBLEMS = 20
"""How many problems one call reports at most. A body of a megabyte could have half a million."""


class ServerData:
    """The collections of one platform state. All methods raise :class:`UnknownCollection`."""

    def __init__(self, collections: Collections, catalogue: Catalogue) -> None:
        self._collections = collections
        self._catalogue = catalogue

    @property
    def names(self) -> list[str]:
        """The names of all collections that an operation reads or that have records."""
        return sorted({*self._catalogue.keys_by_collection, *self._collections.names})

    def all(self, name: str) -> tuple[Record, ...]:
        """All records of a collection. Raises :class:`UnknownCollection`."""
        return self._collections.all(self._known(name))

    def size(self, name: str) -> int:
        """The number of records of a collection."""
        return len(self._collections.table(self._known(name)))

    def page(self, name: str, *, start: int, limit: int) -> Sequence[Record]:
        """Up to ``limit`` records in the order in which they were added, from position ``start``
        on."""
        return self._collections.table(self._known(name)).between(AS_PUT_IN)[start : start + limit]

    def first_keys(self) -> dict[str, str]:
        """For each collection with records, the key that finds its first record."""
        found = {}
        for name in self.names:
            records = self._collections.table(name).between(AS_PUT_IN)
            keys = self._keys_of(name)
            if records and keys:
                found[name] = str(records[0].get(keys[0], ""))
        return found

    def add(self, name: str, records: Sequence[Any]) -> None:
        """Adds records.

        Raises :class:`~mock_sei.errors.Rejected` and adds none if one of them is wrong.
        """
        name = self._known(name)
        copies = self._checked(name, records)
        self._collections.add(name, copies, lambda there: self._check_keys(name, copies, there))

    def replace(self, name: str, records: Sequence[Any]) -> None:
        """Replaces all records of a collection. Raises :class:`~mock_sei.errors.Rejected`."""
        copies = self._checked(self._known(name), records)
        self._check_keys(name, copies, RecordTable.of(()))
        self._collections.change(name, lambda _: tuple(copies))

    def clear(self, name: str) -> None:
        """Removes all records of a collection. Raises :class:`UnknownCollection`."""
        self._collections.change(self._known(name), lambda _: ())

    def _known(self, name: str) -> str:
        if name not in self._catalogue.keys_by_collection and not self._collections.has(name):
            near = difflib.get_close_matches(name[:100], self.names, n=3, cutoff=0.3)
            known = ", ".join(self.names)
            hint = f"did you mean {' or '.join(near)}?" if near else f"the collections are {known}"
            raise UnknownCollection(f"no operation reads a collection {spelled(name)}; {hint}")
        return name

    def _keys_of(self, name: str) -> Sequence[str]:
        return self._catalogue.keys_by_collection.get(name, ())

    def _checked(self, name: str, records: Sequence[Any]) -> list[Record]:
        """Copies of the records, so that a later change of the test's own object does not reach the
        platform."""
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
            reason = f"missing; records of {name} are found and ordered by it"
            problems |= {f"{index}.{key}": reason for key in keys if record.get(key) is None}
        if problems:
            raise Rejected(problems)
        return copies

    def _check_keys(self, name: str, records: Sequence[Record], there: RecordTable) -> None:
        """Checks keys for repetition, if one key identifies a record for every operation."""
        keys = self._keys_of(name)
        problems = _repeated(keys[0], records, there) if len(keys) == 1 else {}
        if problems:
            raise Rejected(problems)


def _are_enough(problems: dict[str, str]) -> bool:
    """Whether the limit of problems is reached. If so, a remark about it is added to them."""
    if len(problems) < MOST_PROBLEMS:
        return False
    problems["and so on"] = f"the check stopped after {MOST_PROBLEMS} problems"
    return True


def _repeated(key: str, records: Sequence[Record], there: RecordTable) -> dict[str, str]:
    seen: set[str] = set()
    problems: dict[str, str] = {}
    order = Order(texts, (key,))
    for index, record in enumerate(records):
        if _are_enough(problems):
            break
        value = str(record[key])
        if value in seen or next(there.with_key(order, value), None) is not None:
            problems[f"{index}.{key}"] = f"a record with {value} exists already"
        seen.add(value)
    return problems
