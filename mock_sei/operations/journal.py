"""The journal: every exchange, and every handshake that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from json import dumps as write_json
from json import loads as read_json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from mock_sei.errors import Rejected
from mock_sei.journal.entries import Entry
from mock_sei.journal.hiding import hide_values
from mock_sei.journal.journal import LONGEST_WAIT, Told
from mock_sei.journal.search import NEAREST, Wanted, explain_absence, find_disorder, nearest_to
from mock_sei.journal.watches import Watch
from mock_sei.matching.part_schema import PART_SCHEMAS
from mock_sei.matching.parts import PART_EXAMPLES, PARTS
from mock_sei.operations.kinds import Number, Operation
from mock_sei.operations.requests import Fields, PatientRequest, Request
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener

if TYPE_CHECKING:
    from mock_sei.platform import Platform


MOST_OF_ORDER = 100
"""The most calls of one order."""

After = Annotated[int, Field(examples=[0])]
Newest = Annotated[int | None, Field(ge=1, examples=[100])]


class WantedEntries(Fields):
    """Which entries are meant: what is left out matches every entry."""

    operation: Operation | None = None
    """Method and path; ``{name}`` stands for one segment, ``*`` for any characters."""
    status: Annotated[int | None, Field(examples=[200])] = None
    """The status of the answer."""
    kind: Annotated[Literal["exchange", "handshake"] | None, Field(examples=["exchange"])] = None
    """An exchange, or a handshake that failed."""
    listener: Annotated[Listener | None, Field(examples=["two-way"])] = None
    """The listener that was called."""
    application: Annotated[str | None, Field(examples=["demo-server"])] = None
    """What concerns one application, by name, AppKey or service account: its exchanges, and the
    handshakes of its certificate."""
    service_account: Annotated[str | None, Field(examples=["svc-demo"])] = None
    """The service account that the exchange stands on."""
    refused_by: Annotated[str | None, Field(examples=["certificate name"])] = None
    """The name of the check that refused."""

    def wanted(self) -> Wanted:
        """What is looked for in the fields of an entry; the application is looked up apart."""
        return Wanted(
            **{name: getattr(self, name) for name in _CRITERIA if name in type(self).names}
        )

    def check(self) -> None:
        problems = self.wanted().parts.problems()
        if problems:
            raise Rejected(problems)

    def find(self, platform: Platform, *, after: int = 0, limit: int | None = None) -> Told:
        """The entries that fit. Raises :class:`~mock_sei.errors.UnknownApplication`."""
        self.check()
        of = self.find_application(platform)
        return platform.journal.tell(self.compared(of), after, of=of, limit=limit)

    def compared(self, of: Application | None) -> Wanted:
        """What entries are compared with. ``of`` is the application that was found, for which the
        journal looks itself."""
        return self.wanted() if of else replace(self.wanted(), application=self.application)

    def told(self, of: Application | None) -> Wanted:
        """What is looked for, for a message."""
        return replace(self.wanted(), application=of.name if of else self.application)

    def find_application(self, platform: Platform) -> Application | None:
        """The application that is meant; None without one, and for one that was removed.

        Raises :class:`~mock_sei.errors.UnknownApplication` for a name that no entry has either.
        """
        name = self.application
        if not name:
            return None
        registry = platform.registry
        found = registry.find_named(name)
        if found is None and not any(each.application == name for each in platform.journal.entries):
            raise registry.unknown_application(name)
        return found


_CRITERIA = tuple(each.name for each in fields(Wanted) if each.name != "application")


class WantedCalls(WantedEntries):
    """Which entries are meant, by what the client sent too."""

    query: Annotated[
        Mapping[str, Any] | None,
        WithJsonSchema(PART_SCHEMAS["query"]),
        Field(examples=[PART_EXAMPLES["query"]]),
    ] = None
    """Parameters that the query has, possibly with others."""
    headers: Annotated[
        Mapping[str, Any] | None,
        WithJsonSchema(PART_SCHEMAS["headers"]),
        Field(examples=[PART_EXAMPLES["headers"]]),
    ] = None
    """Headers that the request has, by names in upper or lower case."""
    json: Annotated[Any, Field(examples=[PART_EXAMPLES["json"]])] = None
    """A part of the JSON body: members that it has."""
    body: Annotated[
        Any, WithJsonSchema(PART_SCHEMAS["body"]), Field(examples=[PART_EXAMPLES["body"]])
    ] = None
    """The whole body, as text. A value of these four may be a regular expression:
    ``{"matches": "^2026-"}``."""


_WRITTEN = {name: write_json(example) for name, example in PART_EXAMPLES.items()}


class WantedInQuery(WantedEntries):
    """Which entries are meant, where the words stand in the query of a GET."""

    query: Annotated[str | None, Field(examples=[_WRITTEN["query"]])] = None
    """Parameters that the query of the request has, as JSON."""
    headers: Annotated[str | None, Field(examples=[_WRITTEN["headers"]])] = None
    """Headers that the request has, as JSON."""
    json: Annotated[str | None, Field(examples=[_WRITTEN["json"]])] = None
    """A part of the JSON body of the request."""
    body: Annotated[str | None, Field(examples=[_WRITTEN["body"]])] = None
    """The whole body of the request, as JSON: a text in quotes, or ``{"matches": "…"}``."""

    def wanted(self) -> Wanted:
        parts = {name: self._part(name) for name in PARTS}
        return replace(super().wanted(), **parts)

    def _part(self, name: str) -> Any:
        """Raises :class:`~mock_sei.errors.Rejected` for what is no JSON."""
        text = getattr(self, name)
        try:
            return None if text is None else read_json(text)
        except (ValueError, RecursionError):
            raise Rejected({name: "must be JSON; put a text into quotes"}) from None


class ReadJournal(WantedInQuery, Request[Told]):
    """The entries of the journal, oldest first: exchanges, and handshakes that failed."""

    knows_its_query = True
    after: After = 0
    """Only entries with a higher number are given."""
    limit: Newest = None
    """How many entries are given at most: the newest ones."""

    def perform(self, platform: Platform) -> Told:
        return self.find(platform, after=self.after, limit=self.limit)


class SearchJournal(WantedCalls, Request[Told]):
    """The entries that fit, oldest first, as ``GET /journal`` gives them."""

    after: After = 0
    """Only entries with a higher number are given."""
    limit: Newest = None
    """How many entries are given at most: the newest ones."""

    def perform(self, platform: Platform) -> Told:
        return self.find(platform, after=self.after, limit=self.limit)


class Verification(Fields):
    """Whether the journal has the entries that were expected."""

    found: Annotated[int, Field(examples=[1])]
    """How many entries fit."""
    problem: Annotated[str | None, Field(examples=[None])] = None
    """Why the expectation is not met, with the nearest entries, as text."""
    nearest: Annotated[Sequence[Any], Field(examples=[[]])] = ()
    """The recorded exchanges that are most like the expected ones."""
    entries: Annotated[Sequence[Any], Field(examples=[[]])] = ()
    """The entries that were waited for."""


class VerifyJournal(WantedCalls, Request[Verification]):
    """Checks that calls were made: 200, or 409 with the nearest recorded exchanges."""

    times: Annotated[int | None, Field(ge=0, examples=[1])] = None
    """How many entries must fit: 0 means that there is none; left out, at least one."""

    def perform(self, platform: Platform) -> Verification:
        found = [each for _, each in self.find(platform).entries]
        return _verified(platform, self, self.times, found)


class VerifyOrder(Request[Verification]):
    """Checks that calls were made in an order: 200, or 409 with what is missing.

    Other exchanges may stand between them.
    """

    calls: Annotated[
        Sequence[WantedCalls],
        Field(
            min_length=2,
            max_length=MOST_OF_ORDER,
            examples=[[{"operation": "POST /v2/oauthtoken"}, {"operation": "GET /v2/investors"}]],
        ),
    ]
    """The calls, the first one first: each as in ``POST /journal/search``."""

    def check(self) -> None:
        for number, each in enumerate(self.calls, 1):
            problems = each.wanted().parts.problems()
            if problems:
                raise Rejected(
                    {f"call {number}, {name}": problem for name, problem in problems.items()}
                )

    def perform(self, platform: Platform) -> Verification:
        self.check()
        found = [dict(each.find(platform).entries) for each in self.calls]
        entries = platform.journal.newest().entries
        told = [each.told(each.find_application(platform)) for each in self.calls]
        count, problem = find_disorder(told, found, entries)
        problem = problem and _hidden(problem, platform)
        return Verification(found=count, problem=problem)


class WaitForCalls(WantedCalls, PatientRequest[Verification]):
    """Waits until calls were made: 200 with their entries, or 409 when the time is over or the
    server ends.

    Entries that are there already count. The answer comes with the entry that completes it.
    """

    times: Annotated[int, Field(ge=1, examples=[1])] = 1
    """How many entries must fit."""
    timeout: Annotated[Number, Field(gt=0, le=LONGEST_WAIT, examples=[5])] = 5.0
    """The most seconds to wait."""

    def begin(self, platform: Platform) -> Watch:
        """Begins to wait. The caller must give the result to :meth:`end`."""
        self.check()
        of = self.find_application(platform)
        return platform.journal.watch(self.compared(of).fits, self.times, of=of)

    def end(self, platform: Platform, wait: Watch) -> Verification:
        """The answer, whether the time is over or not."""
        platform.journal.end_watch(wait)
        found = list(wait.found)
        if len(found) >= self.times:
            return Verification(found=len(found), entries=found)
        answer = _verified(platform, self, self.times, found)
        waited = f"waited {self.timeout:g} seconds"
        if platform.readiness.is_ending:
            waited = "waited until the server ended"
        return Verification(**{**vars(answer), "problem": f"{waited}\n{answer.problem}"})


def _verified(
    platform: Platform, asked: WantedCalls, times: int | None, found: Sequence[Entry]
) -> Verification:
    if found if times is None else len(found) == times:
        return Verification(found=len(found))
    of = asked.find_application(platform)
    own = [each for _, each in platform.journal.tell(of=of).entries]
    entries, wanted = own or platform.journal.entries, asked.told(of)
    problem = explain_absence(wanted, times, len(found), entries)
    nearest = found[-NEAREST:] if found else nearest_to(wanted, entries)
    return Verification(found=len(found), problem=_hidden(problem, platform), nearest=nearest)


def _hidden(problem: str, platform: Platform) -> str:
    """A problem without secrets: a test may look for one."""
    return hide_values(problem, platform.state.secrets())


class ClearJournal(Request[None]):
    """Removes every entry."""

    def perform(self, platform: Platform) -> None:
        with platform.before_reset() as is_now:
            if is_now:
                platform.journal.clear()
