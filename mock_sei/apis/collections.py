"""The records behind the functional APIs, by collection; one set for the life of a state."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Record = Mapping[str, Any]


class Collections:
    """Named lists of records, seeded and never changed in place: a seed can be shared."""

    def __init__(self, seed: Mapping[str, Sequence[Record]]) -> None:
        self._records = dict(seed)
        self._ordered: dict[tuple[str, str], list[Record]] = {}

    @property
    def names(self) -> list[str]:
        return sorted(self._records)

    def ordered(self, name: str, key: str) -> list[Record]:
        """All records of a collection in the order of a field; sorted once."""
        found = self._ordered.get((name, key))
        if found is None:
            found = sorted(self._records.get(name, ()), key=lambda record: record[key])
            self._ordered[name, key] = found
        return found

    def select(self, name: str, key: str, wanted: Mapping[str, object]) -> list[Record]:
        """The records whose fields have the wanted values, in the order of ``key``."""
        records = self.ordered(name, key)
        if not wanted:
            return records
        return [
            record
            for record in records
            if all(record.get(field) == value for field, value in wanted.items())
        ]
