"""The journal's pages: a list with a filter and a timeline, and a page for each entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from fastapi import Response

from mock_sei.errors import NOT_FOUND, Refusal
from mock_sei.journal.entries import LINE_PATH, Entry
from mock_sei.journal.highlighting import highlighted
from mock_sei.journal.journal import Told
from mock_sei.operations.journal_files import curl_lines, lines_of_test
from mock_sei.rules.checks import KNOWN
from mock_sei.values.texts import spelled
from mock_sei.web.portal.journal_filter import (
    MOST_LOOKED_AT,
    Filter,
    Found,
    Search,
    page_of,
    read_filter,
)
from mock_sei.web.portal.marks import LABEL, Marks, timeline_of
from mock_sei.web.portal.time_line import stamp
from mock_sei.web.portal.visit import JOURNAL, PAGE, Visit, events_of
from mock_sei.web.requests import header_text

PAGE_SIZE = 100_000
"""Characters of the entries on a page. The entry that exceeds this size is the last of the page."""
MARKUP = 900
"""Characters of the elements of an entry, besides its texts and checks."""
MARKUP_OF_CHECK = 110
NOTES_SHOWN, NOTE_SHOWN = 3, 300
"""The list shows so many notes of an entry, and so many characters of each; its page shows all."""
TEXT_SHOWN = 4 * 1024
"""Bytes shown of each body; the control API returns more."""
HEADERS_SIZE = 16 * 1024
"""Characters, as they are escaped, of all headers that are shown of a request or an answer."""
FILE_SIZE = 150_000
"""Characters, as they are escaped, of the curl lines and of the test."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Which entries of the journal a page shows, by their numbers; without all, the newest."""

    before: int | None
    after: int | None
    down_to: int
    """The number of the oldest entry, 0 without a limit: a mark of the timeline leads here."""

    @property
    def is_newest(self) -> bool:
        return self.before is None and self.after is None and not self.down_to

    @property
    def query(self) -> dict[str, int]:
        """Its fields in a query."""
        given = {"before": self.before, "after": self.after, "down_to": self.down_to or None}
        return {name: value for name, value in given.items() if value is not None}


def journal(visit: Visit) -> Response:
    """The page of the journal."""
    asked = visit.request.query_params
    wanted = read_filter(asked)
    place = _Place(
        before=_number(asked.get("before")),
        after=_number(asked.get("after")),
        down_to=_number(asked.get("down_to")) or 0,
    )
    before, after, down_to = place.before, place.after, place.down_to
    problem = wanted.problem()
    told = visit.platform.journal.stretch(before=before, after=after, count=MOST_LOOKED_AT)
    shown = [each for each in told.entries if each[0] >= down_to] if down_to else told.entries
    entries = shown if after is not None else shown[::-1]
    fitting = Search((), Filter()) if problem else Search(entries, wanted)
    found = page_of(fitting, _row, limit=PAGE, size_of=_size_of, size=PAGE_SIZE)
    rows = found.rows if after is None else found.rows[::-1]
    newest, oldest = _ends(found, entries[0][0] if entries else 0, upwards=after is not None)
    has_older = oldest > max(told.dropped + 1, down_to)
    ended_early = has_older and after is None and len(rows) < PAGE
    more = {"down_to": down_to} if down_to else {}
    seen = _number(asked.get("seen"))
    newer = 0 if seen is None or problem else _newer(visit, wanted, seen)
    query = wanted.query() if place.is_newest else wanted.query(**place.query, seen=told.last)
    return visit.show(
        "journal.html",
        status=200 if problem is None else 400,
        events=events_of("journal", query) if problem is None else None,
        news=_news(rows) if place.is_newest else f"{newer:,} new entries." if newer else "",
        is_newest=place.is_newest,
        newer=newer,
        entries=rows,
        timeline=_timeline(visit, wanted, found, (told, fitting) if place.is_newest else None),
        dropped=told.dropped,
        wanted=wanted,
        problem=problem,
        checks=sorted(KNOWN),
        searched_to=oldest if ended_early else None,
        newest=None if place.is_newest else JOURNAL + wanted.query(),
        later=JOURNAL + wanted.query(after=newest) if 0 < newest < told.last else None,
        earlier=JOURNAL + wanted.query(before=oldest, **more) if has_older else None,
        stretch=down_to,
        beyond=JOURNAL + wanted.query(**({} if before is None else {"before": before})),
        shown=_shown(rows),
    )


def _news(rows: Sequence[Row]) -> str:
    """What a live page says to somebody who does not see it."""
    if not rows:
        return "There is no entry."
    newest = rows[0]
    why = f", refused by {newest['refused_by']}" if newest["refused_by"] else ""
    return f"Newest entry: {newest['number']}, {newest['what']}{why}."


def _newer(visit: Visit, wanted: Filter, seen: int) -> int:
    """How many entries that fit came after the entry with the number ``seen``."""
    told = visit.platform.journal.newest(MOST_LOOKED_AT, after=seen)
    return sum(1 for _ in Search(reversed(told.entries), wanted))


def _timeline(
    visit: Visit, wanted: Filter, found: Found[Row], newest: tuple[Told, Search] | None
) -> Marks | None:
    """The timeline of all entries that fit, whichever of them this page shows.

    The page of the ``newest`` entries has begun to look for them.
    """
    if wanted.problem() is not None:
        return None
    entries = [] if newest is None else [*found.entries]
    if newest is None:
        told = visit.platform.journal.newest(MOST_LOOKED_AT)
        fitting = Search(reversed(told.entries), wanted)
    else:
        told, fitting = newest
    entries += fitting
    known = {row["number"]: row["what"] for row in found.rows}

    def what(number: int, entry: Entry) -> str:
        return _beginning(known.get(number) or _what(entry), LABEL)[0]

    is_whole = not fitting.ended_early and len(told.entries) == told.last - told.dropped
    return timeline_of(entries, wanted, what, is_whole=is_whole)


def _ends(found: Found[Row], first: int, *, upwards: bool) -> tuple[int, int]:
    """The numbers of the newest and of the oldest entry that were looked at."""
    return (found.last, first) if upwards else (first, found.last)


def _shown(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    return f"{rows[0]['number']:,} to {rows[-1]['number']:,}"


def entry(visit: Visit) -> Response:
    """The page of one entry."""
    number, found = _find(visit)
    return visit.show(
        "journal_entry.html",
        **shown_entry(number, found),
        has_bodies="bodies" in visit.request.query_params,
        address=f"{JOURNAL}/{number}",
        earlier=_neighbour(visit, number - 1),
        later=_neighbour(visit, number + 1),
    )


def shown_entry(number: int, found: Entry) -> dict[str, Any]:
    """What the page of an entry shows of it, with its secrets hidden."""
    everything = found.to_json(TEXT_SHOWN)
    return {
        "entry": _row(number, found),
        "notes": everything["notes"],
        "because": everything["refused_because"],
        "certificate": everything["certificate"],
        "ends": stamp(found.certificate.not_after) if found.certificate else None,
        "messages": [
            _message(title, everything[part])
            for title, part in (("Request", "request"), ("Answer", "response"))
            if everything[part] is not None
        ],
    }


def as_curl(visit: Visit) -> Response:
    """The page with the lines that repeat one entry with curl."""
    number, found = _find(visit)
    host = header_text(visit.request.scope["headers"], b"host")
    lines = curl_lines([found], visit.platform, visit.platform.addresses.seen_by(host))
    about = "A secret is a variable: the comments say how to set it."
    return _file(visit, number, "As curl", about, lines)


def as_test(visit: Visit) -> Response:
    """The page with the test that makes the call of one entry."""
    number, found = _find(visit)
    about = "The fixture mock_sei has the secrets."
    return _file(
        visit, number, "As a test for pytest", about, lines_of_test([found], visit.platform)
    )


def _file(visit: Visit, number: int, title: str, about: str, lines: Sequence[str]) -> Response:
    text, is_cut = _beginning("\n".join(lines), FILE_SIZE)
    return visit.show(
        "journal_file.html",
        number=number,
        title=f"{title}: entry {number}",
        about=about,
        text=text,
        is_cut=is_cut,
        address=f"{JOURNAL}/{number}",
    )


def _find(visit: Visit) -> tuple[int, Entry]:
    """The entry that the address names. Raises :class:`Refusal` if the journal does not have it."""
    text = visit.request.path_params["number"]
    number = _number(text)
    found = None if number is None else visit.platform.journal.find_numbered(number)
    if number is None or found is None:
        because = f"The journal has no entry {spelled(text)}: it never had it, or has deleted it."
        raise Refusal(NOT_FOUND, check="path", because=because)
    return number, found


def _neighbour(visit: Visit, number: int) -> str | None:
    found = visit.platform.journal.find_numbered(number)
    return None if found is None else f"{JOURNAL}/{number}"


def _number(text: str | None) -> int | None:
    """The number of an entry; None if the text is no such number."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 15:
        return None
    return int(text)


def _what(found: Entry) -> str:
    """What an entry is called, with secrets hidden."""
    request = found.request
    if request is None:
        return "Handshake failed"
    path = request.path_beginning(LINE_PATH)
    return f"{request.method[:LINE_PATH]} {path} {found.status or 'no answer'}"


def _row(number: int, found: Entry) -> Row:
    notes = [_beginning(each, NOTE_SHOWN)[0] for each in found.notes[:NOTES_SHOWN]]
    shown = found.certificate
    names = [found.application, found.service_account]
    names += [f"certificate of {shown.common_name}"] if shown else []
    return {
        "number": number,
        "address": f"{JOURNAL}/{number}",
        "what": _what(found),
        "time": f"{found.time:%Y-%m-%d %H:%M:%S}",
        "listener": found.listener,
        "tls_version": found.tls_version,
        "source_address": found.source_address,
        "application": found.application,
        "who": ", ".join(name[:LINE_PATH] for name in names if name),
        "refused_by": found.refused_by,
        "because": _beginning(found.refused_because or "", NOTE_SHOWN)[0],
        "expected": found.expected,
        "actual": found.actual,
        "alert": found.alert,
        "checks": found.checks,
        "fault": found.fault and found.fault[:NOTE_SHOWN],
        "recorded": found.recorded and found.recorded[:NOTE_SHOWN],
        "notes": notes,
        "more_notes": len(found.notes) - len(notes),
        "duration": found.duration_ms,
    }


def _size_of(row: Row) -> int:
    texts = [str(each) for each in row.values() if isinstance(each, str)] + list(row["notes"])
    return MARKUP + MARKUP_OF_CHECK * len(row["checks"]) + len(escape("".join(texts)))


def _message(title: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """A request or an answer for the page of its entry."""
    headers: list[tuple[str, str]] = []
    left = HEADERS_SIZE
    for name, value in told["headers"].items():
        left -= len(escape(name + value))
        if left < 0:
            break
        headers.append((name, value))
    return {
        "title": title,
        "status": told.get("status"),
        "query": told.get("query"),
        "headers": headers,
        "headers_left_out": len(told["headers"]) - len(headers),
        "size": told["body_size"],
        "body": highlighted(told["body"], is_cut="body" in told["incomplete"]),
        "incomplete": told["incomplete"],
    }


def _beginning(text: str, most: int) -> tuple[str, bool]:
    """The beginning of a text that takes at most so many characters when it is escaped, and whether
    something is left out."""
    if len(text) * _LONGEST_ESCAPE <= most or len(escape(text)) <= most:
        return text, False
    size = 0
    for index, character in enumerate(text):
        size += len(escape(character))
        if size >= most:
            return f"{text[:index]}…", True
    return text, False


_LONGEST_ESCAPE = 6
