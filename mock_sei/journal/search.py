"""Search for entries of the journal, and the message of a failed assertion about them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from heapq import nlargest
from typing import Any, Literal, Protocol, TypeVar

from mock_sei.errors import Rejected
from mock_sei.matching.fields import RequestFields
from mock_sei.matching.parts import PARTS, RequestParts, plain_part
from mock_sei.matching.sent import SentRequest
from mock_sei.matching.targets import CallTarget
from mock_sei.rules.arguments import find_choice_problem, kind_of, unknown_names
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from mock_sei.values.cached import cached_property

NEAREST = 3
"""A failed assertion shows so many entries."""
LOOKED_AT = 1000
"""The nearest entries are searched among the newest ones, so many."""
LIKELY = 30
MOST_OF_ORDER = 10
"""A failed assertion about an order shows so many entries."""
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
    @property
    def sent(self) -> SentRequest: ...
    @property
    def shown(self) -> SentRequest: ...


ListenerName = Literal["one-way", "two-way"]
"""The two TLS listeners."""
KindName = Literal["exchange", "handshake"]
"""What an entry of the journal is."""


class WantedFields(RequestFields, total=False):
    """Which entries of the journal are meant."""

    status: int | None
    """The status of the answer."""
    kind: KindName | None
    """An exchange, or a handshake that failed."""
    listener: ListenerName | Listener | None
    """The listener that was called."""
    application: Application | str | None
    """The application: itself, its name, its AppKey or its service account."""
    service_account: str | None
    """The service account that the exchange stands on."""
    refused_by: str | None
    """The name of the check that refused."""


class WantedCall(WantedFields, total=False):
    """One of the calls of an order."""

    operation: str
    """``METHOD /path``, as elsewhere."""


S = TypeVar("S", bound=Searched)
Numbered = tuple[int, Searched]
"""An entry with its number."""


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
    query: Mapping[str, Any] | None = None
    """Parameters that the query has. ``matching/parts.py`` compares this and the next three."""
    headers: Mapping[str, Any] | None = None
    json: Any = None
    body: Any = None

    def fits(self, entry: Searched) -> bool:
        """True if an entry matches all criteria."""
        for name, value in self._plain.items():
            if getattr(entry, name) != value:
                return False
        called = entry.called if self._asks_for_request else ""
        if called is None or not self._target.matches(called):
            return False
        return not self.parts.given or self.parts.fits(entry.sent)

    @cached_property
    def parts(self) -> RequestParts:
        """What the request must have."""
        return RequestParts(**{name: getattr(self, name) for name in PARTS})

    @cached_property
    def _plain(self) -> Mapping[str, Any]:
        """The fields that an entry has by the same name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: value
            for name, value in values.items()
            if value is not None and name not in ("operation", *PARTS)
        }

    @property
    def _asks_for_request(self) -> bool:
        return self.operation is not None or bool(self.parts.given)

    @cached_property
    def _target(self) -> CallTarget:
        """The operation, parsed once for all entries."""
        return CallTarget(operation=self.operation)

    def differences_of(self, entry: Searched) -> int:
        """How many parts of the request of an entry differ."""
        return sum(1 for _ in self.parts.differences(entry.sent, entry.shown))

    def __str__(self) -> str:
        plain = {"operation": self.operation, **self._plain}
        texts = [f"{name}={value}" for name, value in plain.items() if value is not None]
        return ", ".join([*texts, str(self.parts)] if self.parts.given else texts)


def read_calls(calls: Iterable[object]) -> list[Wanted]:
    """The criteria of calls in an order: each is an operation, or names with their values.

    Raises :class:`Rejected`, which names the call by its number.
    """
    found: list[Wanted] = []
    for number, call in enumerate(calls, 1):
        if not isinstance(call, str | Mapping):
            reason = f"must be an operation or a dict, not {kind_of(call)}"
            raise Rejected({f"call {number}": reason})
        given = {"operation": call} if isinstance(call, str) else dict(call)
        try:
            found.append(read_wanted(given.pop("operation", None), given))
        except Rejected as error:
            raise Rejected(
                {f"call {number}, {name}": problem for name, problem in error.problems.items()}
            ) from None
    return found


def read_wanted(operation: str | None, wanted: Mapping[str, Any]) -> Wanted:
    """The criteria of a search from a caller's arguments.

    Raises :class:`Rejected` for an unknown field, and for a value that no entry can have.
    """
    names = [each.name for each in fields(Wanted)]
    problems = unknown_names(wanted, names, what="field")
    given = {"operation": operation, **wanted}
    given |= {name: plain_part(given[name]) for name in PARTS if name in given}
    if isinstance(given.get("application"), Application):
        given["application"] = given["application"].name
    for name, value in given.items():
        if name not in problems and name not in PARTS and value is not None:
            problem = _find_problem(name, value)
            if problem is not None:
                problems[name] = problem
    search = Wanted(**{name: value for name, value in given.items() if name not in problems})
    problems |= search.parts.problems()
    if problems:
        raise Rejected(problems)
    return search


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


def find_absence(
    wanted: Wanted, times: int | None, found: Sequence[Searched], entries: Sequence[Searched]
) -> str | None:
    """Why the found entries are not as many as expected; None if they are."""
    if found if times is None else len(found) == times:
        return None
    return explain_absence(wanted, times, len(found), entries)


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
    fitting = [each for each in entries if wanted.fits(each)][-NEAREST:]
    if fitting:
        lines += ["the last of them:", *(f"  {each}" for each in fitting)]
    if times is None or found < times:
        others = nearest_to(wanted, [each for each in entries if not wanted.fits(each)])
        lines += ["the nearest recorded:"] if others else []
        for each in others:
            lines.append(f"  {each}")
            differences = wanted.parts.differences(each.sent, each.shown)
            lines += [f"    {difference}" for difference in differences]
    return "\n".join(lines)


def find_disorder(
    wanted: Sequence[Wanted], found: Sequence[Mapping[int, Searched]], entries: Sequence[Numbered]
) -> tuple[int, str | None]:
    """How many calls of an order are there, and why not all of them are; None if they are.

    ``found`` has the entries that fit each of the calls, by their numbers, which grow. Other
    entries may stand between those of the order, and none counts twice. ``entries`` are all of
    them, for the message.
    """
    last, count = 0, 0
    for fitting in found:
        number = next((number for number in fitting if number > last), None)
        if number is None:
            break
        last, count = number, count + 1
    if count == len(wanted):
        return count, None
    lines = ["expected in this order:"]
    for index, each in enumerate(wanted):
        came = "recorded" if index < count else "not recorded after that"
        came = "not recorded" if index == count == 0 else came
        lines.append(f"  {index + 1}. {each or 'anything'}: {came}")
    earlier = list(found[count].values())
    if earlier:
        lines += [f"number {count + 1} was recorded only earlier:", f"  {earlier[-1]}"]
    lines.append("recorded, the newest last:" if entries else "the journal is empty")
    lines += [f"  {each}" for _, each in entries[-MOST_OF_ORDER:]]
    return count, "\n".join(lines)


def nearest_to(wanted: Wanted, entries: Sequence[S]) -> list[S]:
    """The entries that are most similar to the wanted ones.

    If some entries differ only in parts of the request, those with the fewest differences are the
    nearest. Otherwise the operations and statuses are compared: a fast comparison selects the
    candidates for the exact one, which is slower.
    """
    entries = entries[-LOOKED_AT:]
    if wanted.parts.given:
        of_operation = replace(wanted, **dict.fromkeys(PARTS))
        alike = [each for each in entries if of_operation.fits(each)][-LIKELY:]
        if alike:
            return sorted(alike, key=wanted.differences_of)[:NEAREST]
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
