"""The data of the functional APIs that a reset replaces: records, jobs, uploaded files."""

from __future__ import annotations

import threading
from collections import OrderedDict, UserDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from random import Random

from mock_sei.apis.collections import Collections
from mock_sei.apis.jobs import Jobs
from mock_sei.apis.spooled import Content
from mock_sei.assumptions.groups import PagingRules, RequestRules


class Shelf:
    """All uploaded files of one platform state, the oldest first, with their total size.

    The shared records and the own records of each application have their :class:`Contents` here,
    so that the limits of files hold for all of them together.
    """

    def __init__(self) -> None:
        self.size = 0
        """The bytes that all files take."""
        self.lock = threading.RLock()
        """Held by each change of a :class:`Contents`."""
        self._places: OrderedDict[tuple[int, str], Contents] = OrderedDict()

    def __len__(self) -> int:
        """The number of files."""
        return len(self._places)

    def put(self, contents: Contents, key: str, size: int) -> None:
        """Notes that a file was added. The caller holds the lock."""
        self._places[id(contents), key] = contents
        self.size += size

    def take(self, contents: Contents, key: str, size: int) -> None:
        """Notes that a file was removed. The caller holds the lock."""
        del self._places[id(contents), key]
        self.size -= size

    def let_go_of_oldest(self) -> bool:
        """Removes the oldest file. Returns False if there was none."""
        with self.lock:
            oldest = next(iter(self._places.items()), None)
            if oldest is None:
                return False
            (_, key), contents = oldest
            del contents[key]
            return True


class Contents(UserDict[str, Content]):
    """Uploaded files by their keys, the oldest first. A file that is removed is closed."""

    def __init__(self, shelf: Shelf | None = None) -> None:
        super().__init__()
        self.shelf = Shelf() if shelf is None else shelf
        """These files, and those of all other records of the platform state."""
        self._is_over = False

    def __setitem__(self, key: str, content: Content) -> None:
        with self.shelf.lock:
            if self._is_over:
                return  # these records have ended: the file is closed with its call
            self.drop(key)
            content.keep()
            super().__setitem__(key, content)
            self.shelf.put(self, key, content.held)

    def __delitem__(self, key: str) -> None:
        with self.shelf.lock:
            content = self.data.pop(key)
            self.shelf.take(self, key, content.held)
            content.close()

    def drop(self, key: str) -> None:
        """Removes a file if it is there."""
        with self.shelf.lock:
            if key in self.data:
                del self[key]

    def end(self) -> None:
        """Removes all files and keeps no new ones: the records that they belong to have ended."""
        with self.shelf.lock:
            self._is_over = True
            self.clear()


@dataclass(kw_only=True)
class ApiState:
    """The data of the functional APIs that a reset replaces: the data that applications share, or
    the own data of one application."""

    collections: Collections
    jobs: Jobs
    random: Random
    zone: tzinfo
    """The time zone of times in records that have no offset."""
    paging: PagingRules = field(default_factory=PagingRules)
    """Names and sizes of pages."""
    requests: RequestRules = field(default_factory=RequestRules)
    """What a call may hold."""
    contents: Contents = field(default_factory=Contents)
    """Uploaded files, by the key of their record. No operation of the products gives a file
    back."""
    is_own: bool = False
    """Whether only the calls of one application use it."""
    wire_names: Mapping[str, str | None] = field(init=False)
    """Names of a query that are not those of the documents."""

    def __post_init__(self) -> None:
        self.wire_names = _wire_names(self.paging)

    @property
    def table_names(self) -> list[str]:
        """The names of its tables of the store."""
        return [each.name for each in (self.collections, *self.jobs.tables)]

    def leave_store(self) -> None:
        """Removes everything from the store, before this data ends."""
        self.collections.leave_store()
        for each in self.jobs.tables:
            each.clear()


def _wire_names(rules: PagingRules) -> Mapping[str, str | None]:
    """For names of a query on the wire, the names that the documents have; None for a name of the
    documents that nobody reads. Empty if both are the same."""
    names = {"limit": rules.limit, "cursor": rules.cursor}
    changed = {own: wire for own, wire in names.items() if own != wire}
    return {**dict.fromkeys(changed), **{wire: own for own, wire in changed.items()}}
