"""Scripted answers: what the next calls of an operation get instead of the operation's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, WithJsonSchema

from mock_sei.errors import Rejected, UnknownAnswer
from mock_sei.faults.answer_checks import make_answer, make_function_answer
from mock_sei.faults.answer_queues import QueuedAnswer, use_of
from mock_sei.faults.answers import AnswerFunction, ScriptedAnswer
from mock_sei.matching.part_schema import PART_SCHEMAS, PARTS_SCHEMA
from mock_sei.matching.parts import RequestParts
from mock_sei.matching.targets import CallTarget
from mock_sei.operations.kinds import MOST_LISTED, Flag, Limit, Operation, Start, Whole
from mock_sei.operations.requests import Fields, Request
from mock_sei.rules.standards import Listener

if TYPE_CHECKING:
    from mock_sei.platform import Platform

Identifier = Annotated[int, Field(examples=[1])]
Application = Annotated[str | None, Field(examples=["demo-server"])]
Query = Annotated[
    Mapping[str, Any] | None,
    WithJsonSchema(PART_SCHEMAS["query"]),
    Field(examples=[{"cursor": "abc"}]),
]
Parts = Annotated[
    Mapping[str, Any] | None,
    WithJsonSchema(PARTS_SCHEMA),
    Field(examples=[{"headers": {"Accept": "application/json"}}]),
]
Times = Annotated[Whole | None, Field(examples=[1])]
When = Annotated[Mapping[str, str | None] | None, Field(examples=[{"payment": "pending"}])]
Then = Annotated[Mapping[str, str | None] | None, Field(examples=[{"payment": "done"}])]


class WaitingAnswers(Fields):
    """The identifier of a scripted answer, and how many scripted answers wait."""

    id: Identifier
    """The identifier of the answer."""
    waiting: Annotated[int, Field(examples=[1])]
    """How many scripted answers wait for calls."""


class EnqueueAnswer(Request[WaitingAnswers]):
    """Sets the answer of the next calls of an operation; the usual checks of the call come first.

    Of the answers for a call those with ``times`` come first, the oldest of them before the others;
    then those that stay until they are removed, the newest of them before the others.

    Placeholders are ``{{request.method}}``, ``{{request.path}}``, ``{{request.path.NAME}}`` (the
    segment ``{NAME}`` of the operation, or one by its number from 0), ``{{request.query.NAME}}``,
    ``{{request.headers.NAME}}``, ``{{request.json}}`` and ``{{request.json/POINTER}}`` (RFC 6901),
    ``{{request.body}}``, ``{{clock.now}}``, ``{{counter.NAME}}``, ``{{random.uuid}}`` and
    ``{{state.NAME}}``. If a request lacks a value, its client gets status 500, and the journal says
    which.

    Raises :class:`~mock_sei.errors.Rejected` for what cannot be sent.
    """

    operation: Operation
    """Method and path; ``{name}`` stands for one segment, ``*`` for any characters."""
    application: Application = None
    """Only this application's calls: its name, AppKey or service account."""
    listener: Annotated[Listener | None, Field(examples=["two-way"])] = None
    """Only calls of this listener."""
    query: Query = None
    """Only calls whose query has these parameters, possibly with others."""
    request: Parts = None
    """Only calls whose request has these ``headers``, this part of its ``json``, or this
    ``body``."""
    status: Annotated[Whole, Field(examples=[200])] = 200
    """The status of the answer."""
    json: Annotated[Any, Field(examples=[{"investors": []}])] = None
    """The body, as JSON."""
    text: Annotated[str | None, Field(examples=[None])] = None
    """The body, as text, instead of ``json``."""
    headers: Annotated[Mapping[str, str] | None, Field(examples=[{"X-Example": "1"}])] = None
    """Further headers of the answer."""
    times: Times = 1
    """How many calls get it; null: all, until it is removed."""
    when: When = None
    """Only while each of these states has this value; null: it is not set."""
    then: Then = None
    """The states that are set when it is given; null unsets one."""
    required: Annotated[Flag, Field(examples=[False])] = False
    """True to make the test fail if calls do not get it as often as ``times`` says."""
    template: Annotated[Flag, Field(examples=[True])] = True
    """Whether placeholders such as ``{{request.query.limit}}`` are replaced in ``text``,
    ``headers`` and the texts of ``json``."""

    def answer(self) -> ScriptedAnswer:
        """Raises :class:`~mock_sei.errors.Rejected`."""
        return make_answer(
            self.operation,
            application=self.application,
            listener=self.listener,
            query=self.query,
            request=self.request,
            status=self.status,
            json_body=self.json,
            text=self.text,
            headers=self.headers,
            times=self.times,
            when=self.when,
            then=self.then,
            required=self.required,
            template=self.template,
        )

    def check(self) -> None:
        self.answer()

    def perform(self, platform: Platform) -> WaitingAnswers:
        return _enqueued(platform, self.answer())


class EnqueueFunction(Request[WaitingAnswers]):
    """Sets a function that makes the answer, in the process of the platform.

    No call of the control API performs it.
    """

    operation: str
    application: str | None = None
    listener: Listener | None = None
    query: Mapping[str, Any] | None = None
    request: Mapping[str, Any] | None = None
    times: int | None = 1
    when: Mapping[str, str | None] | None = None
    then: Mapping[str, str | None] | None = None
    required: bool = False
    function: AnswerFunction

    def answer(self) -> ScriptedAnswer:
        """Raises :class:`~mock_sei.errors.Rejected`."""
        return make_function_answer(
            self.operation,
            self.function,
            application=self.application,
            listener=self.listener,
            query=self.query,
            request=self.request,
            times=self.times,
            when=self.when,
            then=self.then,
            required=self.required,
        )

    def check(self) -> None:
        """Another process cannot call a function of this one."""
        self.answer()
        raise Rejected(
            {
                "answer": "a function works only where the server runs in the process of the test "
                "(MockSei, not forked); this server runs elsewhere: use json, text and headers "
                "with placeholders such as {{request.query.limit}}, and when and then for states"
            }
        )

    def perform(self, platform: Platform) -> WaitingAnswers:
        return _enqueued(platform, self.answer())


def _enqueued(platform: Platform, answer: ScriptedAnswer) -> WaitingAnswers:
    scripts = platform.scripts
    return WaitingAnswers(id=scripts.enqueue(answer).identifier, waiting=len(scripts))


class ListedAnswer(Fields):
    """A scripted answer without its body."""

    id: Identifier
    """Its identifier."""
    operation: Operation
    """The calls that get it."""
    application: Application
    """The application whose calls get it."""
    listener: Annotated[str | None, Field(examples=["two-way"])]
    """The listener whose calls get it."""
    query: Query
    """The parameters that the query of these calls has."""
    request: Parts
    """The other parts of the request that these calls have."""
    status: Annotated[int | None, Field(examples=[200])]
    """The status of the answer; null if a function makes it."""
    times: Annotated[int | None, Field(examples=[1])]
    """How many calls get it; null: all, until it is removed."""
    used: Annotated[int, Field(examples=[0])]
    """How many calls got it."""
    when: When
    """The values of the states that it asks for."""
    then: Then
    """The states that it sets."""
    required: Annotated[bool, Field(examples=[False])]
    """Whether the test fails if it is not used."""
    digest: Annotated[str, Field(examples=["9f86d081884c7d65"])]
    """Tells it from other answers: after a reset another answer can have its ``id``."""

    @classmethod
    def of(cls, queued: QueuedAnswer) -> ListedAnswer:
        answer = queued.answer
        target, parts = answer.target, answer.target.parts
        others = {name: getattr(parts, name) for name in parts.given if name != "query"}
        return cls(
            id=queued.identifier,
            operation=answer.operation,
            application=target.application,
            listener=None if target.listener is None else target.listener.value,
            query=parts.query,
            request=others or None,
            status=answer.ready.status if answer.function is None else None,
            times=answer.times,
            used=queued.used,
            when=answer.when or None,
            then=answer.then or None,
            required=answer.required,
            digest=answer.digest,
        )

    @property
    def is_used(self) -> bool:
        """Whether calls got it as often as it says; until it is removed: at least once."""
        return self.used >= (self.times or 1)

    def __str__(self) -> str:
        """The answer, as a failing test shows it."""
        target = CallTarget(
            operation=self.operation,
            application=self.application,
            listener=None if self.listener is None else Listener(self.listener),
            parts=RequestParts(query=self.query, **(self.request or {})),
        )
        when, then = self.when or {}, self.then or {}
        return use_of(target, when, then, used=self.used, times=self.times)


class Scripted(Fields):
    """What is scripted, and which calls found no script."""

    strict: Annotated[bool, Field(examples=[False])]
    """Whether a functional call without a script fails the test."""
    waiting: Annotated[list[str], Field(examples=[["GET /v2/investors"]])]
    """Operations whose next call is scripted, oldest first."""
    unscripted: Annotated[list[str], Field(examples=[[]])]
    """Calls that found no script in strict mode, the newest 1,000."""
    answers: list[ListedAnswer]
    """The scripted answers that wait, oldest first."""
    states: Annotated[Mapping[str, str], Field(examples=[{"payment": "pending"}])]
    """The states that are set, with their values."""


class ShowScripts(Request[Scripted]):
    """The scripted answers, the states, and the calls that found no script."""

    limit: Limit = MOST_LISTED
    """How many scripted answers are listed at most."""
    start: Start = 0
    """How many of the oldest are passed over."""
    after: Annotated[int, Field(ge=0, examples=[0])] = 0
    """Only answers with a higher id are listed: the id of the last one that was seen."""

    def perform(self, platform: Platform) -> Scripted:
        scripts = platform.scripts
        page = scripts.page(start=self.start, limit=self.limit, after=self.after)
        return Scripted(
            strict=scripts.strict,
            waiting=[each.answer.operation for each in page],
            unscripted=scripts.unscripted,
            answers=list(map(ListedAnswer.of, page)),
            states=scripts.states,
        )


class FindAnswer(Request[ListedAnswer]):
    """One scripted answer, with how many calls got it.

    The newest 10,000 that were used up are found, too. Raises
    :class:`~mock_sei.errors.UnknownAnswer`.
    """

    identifier: Identifier
    """The id of the answer."""

    def perform(self, platform: Platform) -> ListedAnswer:
        found = platform.scripts.find(self.identifier)
        if found is None:
            raise _unknown(self.identifier)
        return ListedAnswer.of(found)


class RemoveAnswer(Request[None]):
    """Removes one scripted answer. Raises :class:`~mock_sei.errors.UnknownAnswer`."""

    identifier: Identifier
    """The id of the answer."""

    def perform(self, platform: Platform) -> None:
        if not platform.scripts.remove(self.identifier):
            raise _unknown(self.identifier)


class ClearAnswers(Request[None]):
    """Removes every scripted answer. States and counters stay until a reset."""

    def perform(self, platform: Platform) -> None:
        platform.scripts.clear()


class RequireScripts(Request[None]):
    """Makes a functional call without a script fail the test, or not, until a reset."""

    strict: Annotated[Flag, Field(examples=[True])]
    """True: such a call fails the test."""

    def perform(self, platform: Platform) -> None:
        platform.scripts.strict = self.strict


def _unknown(identifier: int) -> UnknownAnswer:
    return UnknownAnswer(f"no answer {identifier}; GET /answers lists those that wait")
