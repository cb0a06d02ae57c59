"""Which entries of the journal a page of the portal shows, and the search for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Generic, TypeVar
from urllib.parse import urlencode

from mock_sei.journal.entries import Entry
from mock_sei.journal.search import read_wanted
from mock_sei.web.portal.visit import HOME

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


@dataclass(frozen=True, kw_only=True)
class Fitting:
    """The entries that fit a filter, of those that were looked at."""

    entries: Sequence[tuple[int, Entry]]
    is_whole: bool
    """False if it ended before the last entry."""


@dataclass(frozen=True, kw_only=True)
class Found(Generic[Row]):
    """The rows of one page."""

    rows: Sequence[Row]
    """In the order in which the entries were looked at."""
    last: int
    """The number of the last entry that was looked at, 0 if there was none."""


def all_that_fit(entries: Iterable[tuple[int, Entry]], wanted: Filter) -> Fitting:
    """All entries that fit, in their order. It ends at an entry whose text it would have to read
    for the first time, after it has read many."""
    fits, text = wanted.fitting(), wanted.text.encode(errors="replace").lower()
    if not text:
        return Fitting(entries=[each for each in entries if fits(each[1])], is_whole=True)
    found: list[tuple[int, Entry]] = []
    left = MOST_READ
    for number, entry in entries:
        if not fits(entry) or not entry.may_have(text):
            continue
        left -= entry.text is None
        if left < 0:
            return Fitting(entries=found, is_whole=False)
        if text in entry.to_search():
            found.append((number, entry))
    return Fitting(entries=found, is_whole=True)


def search(
    entries: Iterable[tuple[int, Entry]],
    wanted: Filter,
    row_of: Callable[[int, Entry], Row],
    *,
    limit: int,
    size_of: Callable[[Row], int],
    size: int,
) -> Found[Row]:
    """The rows of the first entries that fit: at most ``limit``, and not much more than ``size``.

    It ends earlier if it had to read many texts for the first time.
    """
    fits, text = wanted.fitting(), wanted.text.encode(errors="replace").lower()
    rows: list[Row] = []
    last, left = 0, MOST_READ
    for number, entry in entries:
        if len(rows) == limit or size <= 0 or left <= 0:
            break
        last = number
        if not fits(entry) or not entry.may_have(text):
            continue
        if text:
            left -= entry.text is None
            if text not in entry.to_search():
                continue
        rows.append(row_of(number, entry))
        size -= size_of(rows[-1])
    return Found(rows=rows, last=last)
