"""Refusals whose words differ: what the rows ``refusal.KIND.*`` must be.

A kind that the mock names by its own check can have words of another kind: then the other platform
refused by another check, since the request has two faults. Such words count last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from mock_sei.assumptions.table import ROWS
from mock_sei.comparison.calling import MockAnswer
from mock_sei.errors import RefusalKind
from mock_sei.recordings.exchanges import RecordedResponse


@dataclass(frozen=True, kw_only=True)
class SeenWords:
    """The public part of one refusal, as a client sees it."""

    status: int
    code: str
    message: str
    reason: str | None
    transient: bool


@dataclass(kw_only=True)
class _Votes:
    count: int = 0
    first: tuple[int, ...] = ()


class RefusalVotes:
    """The words of the recorded refusals, by the kind of the mock's own refusal."""

    def __init__(self) -> None:
        self._by_kind: dict[str, dict[SeenWords, _Votes]] = {}
        self._statuses: dict[str, dict[int, _Votes]] = {}

    def note(self, number: int, response: RecordedResponse, answer: MockAnswer) -> None:
        """Takes in an exchange that both refused."""
        if answer.kind is None or f"refusal.{answer.kind}.status" not in ROWS:
            return
        words = read_words(response)
        votes: dict[Any, _Votes] = self._by_kind.setdefault(answer.kind, {})
        key: Any = words
        if words is None:
            votes, key = self._statuses.setdefault(answer.kind, {}), response.status
        found = votes.setdefault(key, _Votes())
        found.count += 1
        if len(found.first) < _SHOWN:
            found.first = (*found.first, number)

    @property
    def kinds(self) -> set[str]:
        """The kinds of which something was seen."""
        return {*self._by_kind, *self._statuses}

    def rows(self, kinds: Mapping[str, RefusalKind]) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
        """Each row of a refusal that must change, its value, and the exchanges that show it.

        ``kinds`` are the kinds as the mock answers them now.
        """
        sole = [next(iter(each)) for each in self._by_kind.values() if len(each) == 1]
        for name, votes in self._by_kind.items():
            words, found = max(
                votes.items(),
                key=lambda each: (
                    len(votes) == 1 or each[0] not in sole,
                    each[1].count,
                    each[0] == _words_of(kinds[name]),
                ),
            )
            yield from _changed(name, words, kinds[name], found.first)
        for name, statuses in self._statuses.items():
            if name in self._by_kind:
                continue
            status, found = max(statuses.items(), key=lambda each: each[1].count)
            if status != kinds[name].status:
                yield f"refusal.{name}.status", status, found.first


_SHOWN = 5


def _changed(
    name: str, words: SeenWords, kind: RefusalKind, numbers: tuple[int, ...]
) -> Iterator[tuple[str, Any, tuple[int, ...]]]:
    now = _words_of(kind)
    for each in fields(SeenWords):
        value = getattr(words, each.name)
        if value != getattr(now, each.name):
            yield f"refusal.{name}.{each.name}", value, numbers


def kind_with(words: SeenWords | None, kinds: Mapping[str, RefusalKind]) -> str | None:
    """The name of the first kind that has these words, None if no kind has them."""
    return next((name for name, each in kinds.items() if _words_of(each) == words), None)


def _words_of(kind: RefusalKind) -> SeenWords:
    return SeenWords(
        status=kind.status,
        code=kind.code,
        message=kind.message,
        reason=kind.reason,
        transient=kind.transient,
    )


def read_words(response: RecordedResponse) -> SeenWords | None:
    """The words of a recorded refusal; None if its body is not one of this platform."""
    value = response.body.find_json()
    if not isinstance(value, dict):
        return None
    code, message = value.get("code"), value.get("message")
    transient = value.get("transient")
    if not isinstance(code, str) or not isinstance(message, str):
        return None
    return SeenWords(
        status=response.status,
        code=code,
        message=message,
        reason=_reason(value.get("errors")),
        transient=transient if isinstance(transient, bool) else False,
    )


def _reason(errors: Any) -> str | None:
    """The only reason of ``errors``, None if there is none or one for each wrong value."""
    if not isinstance(errors, list) or not errors:
        return None
    first = errors[0]
    if len(errors) == 1 and isinstance(first, dict) and set(first) == {"reason"}:
        text = first["reason"]
        return text if isinstance(text, str) else None
    return None
