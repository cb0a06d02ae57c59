"""Search for entries of the journal, and the message of a failed assertion about them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from heapq import nlargest
from typing import Any, Literal, Protocol, TypedDict, TypeVar

from mock_sei.errors import Rejected
from mock_sei.matching.targets import CallTarget
from mock_sei.rules.arguments import find_choice_problem, kind_of, unknown_names
from mock_sei.rules.standards import Listener

NEAREST = 3
"""A failed assertion shows so many entries."""
LOOKED_AT = 1000
"""The nearest entries are searched among the newest ones, so many."""
LIKELY = 30
COMPARED = 200
"""Operations are compared by their first characters, so many."""


class Searched(Protocol):
    """The fields of an entry that a search uses."""

    @property
    def kind(self) -> str: ...
    @property
    def listener(self) -> Any: ...
    @property
    def application(self) -> str | None: ...
    @property
    def service_account(self) -> str | None: ...
    @property
    def refused_by(self) -> str | None: ...
    @property
    def called(self) -> str | None: ...
    @property
    def status(self) -> int | None: ...


ListenerName = Literal["one-way", "two-way"]
"""The two TLS listeners."""
KindName = Literal["exchange", "handshake"]
"""What an entry of the journal is."""


class WantedFields(TypedDict, total=False):
    """Which entries of the journal are meant."""

    status: int | None
    """The status of the answer."""
    kind: KindName | None
    """An exchange, or a handshake that failed."""
    listener: ListenerName | Listener | None
    """The listener that was called."""
    application: str | None
    """The name of the application."""
    service_account: str | None
    """The service account that the exchange stands on."""
    refused_by: str | None
    """The name of the check that refused."""


S = TypeVar("S", bound=Searched)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The criteria of a search. A field that is None matches every entry."""

    operation: str | None = None
    """``METHOD /path``. ``{name}`` stands for one segment, ``*`` for any characters."""
    status: int | None = None
    kind: str | None = None
    """``exchange`` or ``handshake``."""
    listener: str | None = None
    application: str | None = None
    service_account: str | None = None
    refused_by: str | None = None
    """The name of the check that refused the request or handshake."""

    def fits(self, entry: Searched) -> bool:
        """True if an entry matches all criteria."""
        for each in fields(self):
            value = getattr(self, each.name)
            if value is None or each.name == "operation":
                continue
            if getattr(entry, each.name) != value:
                return False
        called = entry.called if self.operation is not None else ""
        return called is not None and self._target.matches(called)

    @cached_property
    def _target(self) -> CallTarget:
        """The operation, parsed once for all entries."""
        return CallTarget(operation=self.operation)

    def __str__(self) -> str:
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return ", ".join(f"{name}={value}" for name, value in shown.items() if value is not None)


def read_wanted(operation: str | None, wanted: Mapping[str, Any]) -> Wanted:
    """The criteria of a search from a caller's arguments.

    Raises :class:`Rejected` for an unknown field, and for a value that no entry can have.
    """
    names = [each.name for each in fields(Wanted)]
    problems = unknown_names(wanted, names, what="field")
    for name, value in {"operation": operation, **wanted}.items():
        if name not in problems and value is not None:
            problem = _find_problem(name, value)
            if problem is not None:
                problems[name] = problem
    if problems:
        raise Rejected(problems)
    return Wanted(operation=operation, **wanted)


def _find_problem(name: str, value: object) -> str | None:
    if name == "status":
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return None if is_number else f"must be a whole number, not {kind_of(value)}"
    if name in _CHOICES:
        return find_choice_problem(value, _CHOICES[name])
    return None if isinstance(value, str) else f"must be a text, not {kind_of(value)}"


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "kind": ("exchange", "handshake"),
    "listener": tuple(each.value for each in Listener),
}


def explain_absence(
    wanted: Wanted, times: int | None, found: int, entries: Sequence[Searched]
) -> str:
    """The message of a failed assertion, with the recorded entries that are nearest to it.

    ``times`` is the expected number of entries, None for at least one; ``found`` is the real one.
    """
    expected = "at least one" if times is None else f"{times}"
    lines = [f"expected {expected} of: {wanted or 'anything'}", f"recorded: {found}"]
    if not entries:
        return "\n".join([*lines, "the journal is empty: the server saw no request"])
    if found and times is not None:
        nearest: Iterable[Searched] = [each for each in entries if wanted.fits(each)][-NEAREST:]
        lines.append("the last of them:")
    else:
        nearest = nearest_to(wanted, entries)
        lines.append("the nearest recorded:")
    return "\n".join([*lines, *(f"  {each}" for each in nearest)])


def nearest_to(wanted: Wanted, entries: Sequence[S]) -> list[S]:
    """The entries whose operation and status are most similar to the wanted ones.

    A fast comparison selects the candidates for the exact one, which is slower.
    """
    entries = entries[-LOOKED_AT:]
    asked = f"{wanted.operation or wanted.kind or ''} {wanted.status or ''}"[:COMPARED]
    by_text = {
        f"{(each.called or each.kind)[:COMPARED]} {each.status or ''}": each for each in entries
    }
    matcher = difflib.SequenceMatcher(b=asked)

    def likeness(text: str) -> float:
        matcher.set_seq1(text)
        return matcher.quick_ratio()

    likely = nlargest(LIKELY, by_text, key=likeness)
    chosen = difflib.get_close_matches(asked, likely, n=NEAREST, cutoff=0.0)
    return [by_text[text] for text in chosen]
