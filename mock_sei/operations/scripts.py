"""Scripted answers: what the next call of an operation gets instead of the operation's answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mock_sei.faults.scripts import ScriptedAnswer, make_answer
from mock_sei.operations.kinds import MOST_LISTED, Flag, Limit, Operation, Start, Whole
from mock_sei.operations.requests import Fields, Request

if TYPE_CHECKING:
    from mock_sei.platform import Platform


class WaitingAnswers(Fields):
    """How many scripted answers wait."""

    waiting: Annotated[int, Field(examples=[1])]
    """How many scripted answers no call has taken yet."""


class EnqueueAnswer(Request[WaitingAnswers]):
    """Sets the answer of the next call of an operation; the usual checks of the call come first.

    Raises :class:`~mock_sei.errors.Rejected` for what cannot be sent.
    """

    operation: Operation
    """Method and path; ``{name}`` stands for one segment, ``*`` for any characters."""
    application: Annotated[str | None, Field(examples=["demo-server"])] = None
    """Only this application's call: its name, AppKey or service account."""
    status: Annotated[Whole, Field(examples=[200])] = 200
    """The status of the answer."""
    json: Annotated[Any, Field(examples=[{"investors": []}])] = None
    """The body, as JSON."""
    text: Annotated[str | None, Field(examples=[None])] = None
    """The body, as text, instead of ``json``."""
    headers: Annotated[Mapping[str, str] | None, Field(examples=[{"X-Example": "1"}])] = None
    """Further headers of the answer."""

    def _answer(self) -> ScriptedAnswer:
        return make_answer(
            self.operation,
            application=self.application,
            status=self.status,
            json_body=self.json,
            text=self.text,
            headers=self.headers,
        )

    def check(self) -> None:
        self._answer()

    def perform(self, platform: Platform) -> WaitingAnswers:
        scripts = platform.scripts
        scripts.enqueue(self._answer())
        return WaitingAnswers(waiting=len(scripts))


class Scripted(Fields):
    """What is scripted, and which calls found no script."""

    strict: Annotated[bool, Field(examples=[False])]
    """Whether a functional call without a script fails the test."""
    waiting: Annotated[list[str], Field(examples=[["GET /v2/investors"]])]
    """Operations whose next call is scripted, oldest first."""
    unscripted: Annotated[list[str], Field(examples=[[]])]
    """Calls that found no script in strict mode, the newest 1,000."""


class ShowScripts(Request[Scripted]):
    """The scripted answers, and the calls that found no script."""

    limit: Limit = MOST_LISTED
    """How many scripted answers are listed at most."""
    start: Start = 0
    """How many of the oldest are passed over."""

    def perform(self, platform: Platform) -> Scripted:
        scripts = platform.scripts
        return Scripted(
            strict=scripts.strict,
            waiting=[each.operation for each in scripts.page(start=self.start, limit=self.limit)],
            unscripted=scripts.unscripted,
        )


class RequireScripts(Request[None]):
    """Makes a functional call without a script fail the test, or not, until a reset."""

    strict: Annotated[Flag, Field(examples=[True])]
    """True: such a call fails the test."""

    def perform(self, platform: Platform) -> None:
        platform.scripts.strict = self.strict
