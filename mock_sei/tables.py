"""Tables that are read while another thread changes them, at a cost that does not grow with them.

Writers take turns by a lock of their own; readers take none. Each step that a reader depends on is
one call of the interpreter's own dictionaries, which no other thread can come between.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Generic, TypeVar, overload

R = TypeVar("R")
D = TypeVar("D")


class Table(Mapping[str, R], Generic[R]):
    """Records by their key, in the order in which they came; a change of the key keeps the place.

    What is iterated is the table as it was when the iteration began.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, tuple[int, R]] = {}
        """Place and record."""
        self._rows: dict[int, tuple[str, R]] = {}
        """Key and record by place; a dictionary keeps the order of its keys."""
        self._next_place = 0
        self._version = 0
        self._seen: tuple[int, tuple[tuple[str, R], ...]] = (0, ())
        """The rows as they were listed last, and of which version."""

    # Read by any thread

    def __getitem__(self, key: str) -> R:
        return self._by_key[key][1]

    @overload
    def get(self, key: str, /) -> R | None: ...
    @overload
    def get(self, key: str, /, default: R | D) -> R | D: ...
    def get(self, key: str, /, default: object = None) -> object:
        found = self._by_key.get(key)
        return default if found is None else found[1]

    def __contains__(self, key: object) -> bool:
        return key in self._by_key

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter([key for key, _ in self.rows()])

    def values(self) -> ValuesView[R]:
        return dict(self.rows()).values()

    def items(self) -> ItemsView[str, R]:
        return dict(self.rows()).items()

    def rows(self) -> tuple[tuple[str, R], ...]:
        """Key and record of each, listed once after a change, so that a page of them is cheap."""
        version = self._version  # before the rows: a change meanwhile makes this listing old
        seen_version, seen = self._seen
        if seen_version == version:
            return seen
        rows = tuple(self._rows.values())
        self._seen = (version, rows)
        return rows

    # Changed by one thread at a time

    def add(self, key: str, record: R) -> None:
        """The key must be free."""
        self._put(self._next_place, key, record)
        self._next_place += 1

    def replace(self, key: str, record: R, *, new_key: str | None = None) -> None:
        """Raises ``KeyError``. The new key must be free, or the old one."""
        place, _ = self._by_key[key]
        self._put(place, key if new_key is None else new_key, record)
        if new_key not in (None, key):
            del self._by_key[key]

    def remove(self, key: str) -> None:
        """Raises ``KeyError``."""
        place, _ = self._by_key.pop(key)
        del self._rows[place]
        self._version += 1

    def copy(self) -> Table[R]:
        """A table of its own with the same records."""
        twin: Table[R] = Table()
        twin._by_key, twin._rows = self._by_key.copy(), self._rows.copy()
        twin._next_place, twin._version, twin._seen = self._next_place, self._version, self._seen
        return twin

    def _put(self, place: int, key: str, record: R) -> None:
        self._by_key[key] = (place, record)
        self._rows[place] = (key, record)
        self._version += 1


class Counts:
    """Texts, and how often each was added."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts = dict(counts or {})

    def __contains__(self, text: object) -> bool:
        return text in self._counts

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._counts))

    def add(self, text: str) -> None:
        self._counts[text] = self._counts.get(text, 0) + 1

    def discard(self, text: str) -> None:
        """Takes one of it away."""
        left = self._counts.get(text, 0) - 1
        if left > 0:
            self._counts[text] = left
        else:
            self._counts.pop(text, None)

    def copy(self) -> Counts:
        return Counts(self._counts)
