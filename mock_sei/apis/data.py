"""Records that a test puts into a collection, checked before they are let in.

Only collections that an operation reads: a misspelt one would never be seen again.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mock_sei.apis.bodies import DEEPEST_BODY, check_depth
from mock_sei.apis.collections import Collections, Record
from mock_sei.apis.documents import Catalogue
from mock_sei.errors import Rejected, UnknownCollection


class Data:
    """The collections of one platform state. Each call raises :class:`UnknownCollection`."""

    def __init__(self, collections: Collections, catalogue: Catalogue) -> None:
        self._collections = collections
        self._catalogue = catalogue

    @property
    def names(self) -> list[str]:
        """Of every collection that an operation reads or that has records."""
        return sorted({*self._catalogue.collections, *self._collections.names})

    def all(self, name: str) -> tuple[Record, ...]:
        return self._collections.all(self._known(name))

    def first_keys(self) -> dict[str, str]:
        """Of each collection with records, the key that finds its first one."""
        found = {}
        for name in self.names:
            records = self._collections.all(name)
            keys = sorted(self._catalogue.keys_of(name))
            if records and keys:
                found[name] = str(records[0].get(keys[0], ""))
        return found

    def add(self, name: str, records: Sequence[Any]) -> None:
        """Raises :class:`~mock_sei.errors.Rejected` and then adds none of them."""
        name = self._known(name)
        self._check(name, records)
        copies = _copies(records)

        def added(before: tuple[Record, ...]) -> tuple[Record, ...]:
            self._check_keys(name, copies, before)
            return (*before, *copies)

        self._collections.change(name, added)

    def replace(self, name: str, records: Sequence[Any]) -> None:
        """These instead of all there are. Raises :class:`~mock_sei.errors.Rejected`."""
        self._check(self._known(name), records)
        copies = _copies(records)
        self._check_keys(name, copies, ())
        self._collections.change(name, lambda _: tuple(copies))

    def clear(self, name: str) -> None:
        self._collections.change(self._known(name), lambda _: ())

    def _known(self, name: str) -> str:
        if name not in self.names:
            near = difflib.get_close_matches(name, self.names, n=3, cutoff=0.3) or self.names
            raise UnknownCollection(
                f"no operation reads a collection {name[:100]!r}; there are {', '.join(near)}"
            )
        return name

    def _check(self, name: str, records: Sequence[Any]) -> None:
        keys = sorted(self._catalogue.keys_of(name))
        problems: dict[str, str] = {}
        for index, record in enumerate(records):
            if not isinstance(record, Mapping):
                problems[f"{index}"] = f"a record is an object, not {type(record).__name__}"
                continue
            for key in keys:
                if record.get(key) is None:
                    problems[f"{index}.{key}"] = f"missing; {name} is ordered and found by it"
            problem = _find_problem(record)
            if problem is not None:
                problems[f"{index}"] = f"cannot be sent as JSON: {problem}"
        if problems:
            raise Rejected(problems)

    def _check_keys(self, name: str, records: Sequence[Record], beside: Iterable[Record]) -> None:
        """Only where one key identifies a record for every operation."""
        keys = list(self._catalogue.keys_of(name))
        problems = _repeated(keys[0], records, beside) if len(keys) == 1 else {}
        if problems:
            raise Rejected(problems)


def _find_problem(record: Mapping[Any, Any]) -> str | None:
    """Why a record could be kept, but not be sent: by the control API, by a functional answer."""
    try:
        text = json.dumps(record, allow_nan=False, ensure_ascii=False)
        text.encode()
        check_depth(json.loads(text))
    except RecursionError:
        return f"more than {DEEPEST_BODY} levels"
    except (TypeError, ValueError) as error:
        return str(error)
    return None


def _repeated(key: str, records: Sequence[Record], beside: Iterable[Record]) -> dict[str, str]:
    seen = {str(each.get(key)) for each in beside}
    problems = {}
    for index, record in enumerate(records):
        value = str(record[key])
        if value in seen:
            problems[f"{index}.{key}"] = f"{value[:100]} is there already"
        seen.add(value)
    return problems


def _copies(records: Sequence[Any]) -> list[Record]:
    """What a test changes in its own object afterwards is not the platform's."""
    copies: list[Record] = json.loads(json.dumps(list(records)))
    return copies
