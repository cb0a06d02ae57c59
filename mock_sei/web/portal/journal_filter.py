"""Which entries of the journal a page of the portal shows, and the search for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Generic, TypeVar
from urllib.parse import urlencode

from mock_sei.journal.entries import Entry
from mock_sei.journal.search import read_wanted
from mock_sei.rules.addresses import HOME

MOST_LOOKED_AT = 10_000
"""So many entries are looked at for one page, if a filter is set."""
MOST_READ = 40
"""So many texts are read for the first time for one page: secrets must be hidden in each."""
LONGEST = 200
"""The most characters of a field of the filter; the rest is ignored."""

_STATUS = re.compile(r"[0-9x]{3}")

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """The fields of the filter, as texts. An empty text matches every entry."""

    application: str = ""
    operation: str = ""
    status: str = ""
    check: str = ""
    text: str = ""
    refused: str = ""
    nobody: str = ""
    portal: str = ""

    @property
    def is_set(self) -> bool:
        """True if a field of the form is set."""
        return self != Filter()

    def query(self, **more: int) -> str:
        """The query string of a page with this filter."""
        values = {each.name: getattr(self, each.name) for each in fields(self)} | more
        return "?" + urlencode({name: value for name, value in values.items() if value})

    def problem(self) -> str | None:
        """What is wrong with a field; None if all can be used."""
        if self.status and not _STATUS.fullmatch(self.status):
            return "Status is a number such as 403, or 4xx for all from 400 to 499."
        return None

    def fitting(self) -> Callable[[Entry], bool]:
        """Compares entries with all fields but the text."""
        tests: list[Callable[[Entry], bool]] = []
        if not self.portal:
            tests.append(lambda each: not is_view_of_portal(each))
        if self.refused:
            tests.append(lambda each: each.refused_by is not None)
        if self.check:
            tests.append(lambda each: each.refused_by == self.check)
        if self.application:
            tests.append(lambda each: self.application in _names_of(each))
        if self.nobody:
            tests.append(lambda each: each.application is None)
        if self.status:
            wanted = re.compile(self.status.replace("x", "[0-9]"))
            tests.append(lambda each: wanted.fullmatch(str(each.status)) is not None)
        if self.operation:
            tests.append(read_wanted(self.operation, {}).fits)
        return lambda each: all(test(each) for test in tests)


def read_filter(query: Mapping[str, str]) -> Filter:
    """The filter that the query of a page's address has."""
    return Filter(
        **{each.name: query.get(each.name, "").strip()[:LONGEST] for each in fields(Filter)}
    )


def is_view_of_portal(entry: Entry) -> bool:
    """True if somebody only viewed a page of the portal."""
    request = entry.request
    return request is not None and request.path.startswith(HOME) and not entry.refused_by


def _names_of(entry: Entry) -> Sequence[str | None]:
    shown = entry.certificate
    return (entry.application, entry.service_account, shown.common_name if shown else None)


class Search:
    """Looks at entries one after the other, and gives those that fit.

    It ends early at an entry whose text it would have to read for the first time, after it has read
    many.
    """

    def __init__(self, entries: Iterable[tuple[int, Entry]], wanted: Filter) -> None:
        self._fitting = self._find(entries, wanted)
        self.last = 0
        """The number of the last entry that was looked at, 0 if there was none."""
        self.ended_early = False

    def __iter__(self) -> Iterator[tuple[int, Entry]]:
        """Goes on where it stopped."""
        return self._fitting

    def _find(
        self, entries: Iterable[tuple[int, Entry]], wanted: Filter
    ) -> Iterator[tuple[int, Entry]]:
        fits, text = wanted.fitting(), wanted.text.encode(errors="replace").lower()
        left = MOST_READ
        for number, entry in entries:
            if fits(entry) and (not text or entry.may_have(text)):
                left -= bool(text) and entry.text is None
                if left < 0:
                    self.ended_early = True
                    return
                self.last = number
                if not text or text in entry.to_search():
                    yield number, entry
            self.last = number


@dataclass(frozen=True, kw_only=True)
class Found(Generic[Row]):
    """The rows of one page."""

    rows: Sequence[Row]
    """In the order in which the entries were looked at."""
    entries: Sequence[tuple[int, Entry]]
    """The entries of the rows, with their numbers."""
    last: int
    """The number of the last entry that was looked at, 0 if there was none."""


def page_of(
    fitting: Search,
    row_of: Callable[[int, Entry], Row],
    *,
    limit: int,
    size_of: Callable[[Row], int],
    size: int,
) -> Found[Row]:
    """The rows of the first entries that fit: at most ``limit``, not much more than ``size``."""
    rows: list[Row] = []
    entries: list[tuple[int, Entry]] = []
    for number, entry in fitting:
        rows.append(row_of(number, entry))
        entries.append((number, entry))
        size -= size_of(rows[-1])
        if len(rows) == limit or size <= 0:
            break
    return Found(rows=rows, entries=entries, last=fitting.last)
