"""What a scripted answer is, before and after it is filled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mock_sei.faults.placeholders import SegmentReader, Slot
from mock_sei.faults.templates import AnswerTemplate, CannotFill, Values
from mock_sei.matching.parts import RequestParts
from mock_sei.matching.targets import CallTarget
from mock_sei.values.cached import cached_property
from mock_sei.values.sendable import LARGEST_HEAD, find_header_problem, json_content

LARGEST_CONTENT = 16 * 1024 * 1024
"""The largest body of a scripted answer, in bytes."""
SMALLEST_SIZE = 1024
"""An answer counts as so many bytes at least."""
_LARGEST_KEPT = 4096
"""The parts of a request are kept of an answer that was used up, if they have at most so many
bytes."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a function of a test answers a call with: ``Answer(status=202, json={"id": 7})``."""

    status: int = 200
    """The status, from 200 to 599."""
    json: Any = None
    """The body, as JSON."""
    text: str | None = None
    """The body, as text, instead of ``json``."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further headers of the answer."""


@dataclass(frozen=True, kw_only=True)
class ReceivedRequest:
    """The call that a function of a test answers. It cannot be changed."""

    method: str
    """Such as ``"POST"``."""
    path: str
    """The whole path, without the query."""
    path_values: Mapping[str, str]
    """The segments of the path, by their names in the operation of the answer."""
    query: Mapping[str, Sequence[str]]
    """All values of each parameter of the query."""
    headers: Mapping[str, Sequence[str]]
    """All values of each header, by its name in lower case."""
    body: bytes = field(repr=False)
    """The bytes of the body."""
    application: str | None
    """The name of the application that has the AppKey of the call; None without one."""
    listener: str
    """``"one-way"`` or ``"two-way"``."""

    def json(self) -> Any:
        """The body as JSON. Raises ``ValueError`` if it is no JSON."""
        return json.loads(self.body)


AnswerFunction = Callable[[ReceivedRequest], Any]


@dataclass(frozen=True, kw_only=True)
class ReadyAnswer:
    """An answer as it is sent."""

    status: int = 200
    content: bytes = field(default=b"", repr=False)
    media_type: str | None = "application/json"
    """The media type of the body, None if there is no body."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ScriptedAnswer:
    """What a test sets as the answer of some calls."""

    target: CallTarget
    """The calls that may get it."""
    ready: ReadyAnswer = field(default_factory=ReadyAnswer)
    """The answer. With a template or a function it is made when it is given."""
    times: int | None = 1
    """How many calls get it. None: all, until it is removed."""
    when: Mapping[str, str | None] = field(default_factory=dict)
    """The value that each of these states must have; None: not set."""
    then: Mapping[str, str | None] = field(default_factory=dict)
    """The states that are set when it is given; None unsets one."""
    required: bool = False
    """True to make the test fail if it is not used."""
    template: AnswerTemplate | None = None
    """None if it is sent as it is."""
    function: AnswerFunction | None = None
    """What makes the answer."""
    digest: str = ""
    """Tells it from other answers, also after a reset, which gives their identifiers again."""

    @property
    def operation(self) -> str:
        return self.target.operation or ""

    @cached_property
    def size(self) -> int:
        """How much it counts, in bytes, among all answers that wait."""
        headers = sum(map(len, (*self.ready.headers, *self.ready.headers.values())))
        template = 0 if self.template is None else self.template.size
        content = len(self.ready.content)
        return max(SMALLEST_SIZE, content + template + headers + self._size_of_request)

    @cached_property
    def _size_of_request(self) -> int:
        parts = [getattr(self.target.parts, name) for name in self.target.parts.given]
        states = [dict(self.when), dict(self.then)]
        return sum(map(_size_of, (*parts, *filter(None, states))))

    @cached_property
    def segments(self) -> SegmentReader:
        """Reads the segments of a path."""
        return SegmentReader(self.operation)

    def is_for(self, states: Mapping[str, str]) -> bool:
        """Whether each state has the value that is asked for."""
        return all(states.get(name) == value for name, value in self.when.items())

    def without_body(self) -> ScriptedAnswer:
        """What is kept of an answer that was used up, for tests to look up."""
        light = replace(
            self, ready=ReadyAnswer(status=self.ready.status), template=None, function=None
        )
        if self._size_of_request <= _LARGEST_KEPT:
            return light
        return replace(light, target=replace(self.target, parts=RequestParts()), when={}, then={})

    def fill(self, values: Values) -> ReadyAnswer:
        """The answer for one call. Raises :class:`CannotFill`."""
        template, ready = self.template, self.ready
        if template is None:
            return ready
        headers = dict(ready.headers)
        for name, parts in template.headers.items():
            headers[name] = values.fill(parts, most=LARGEST_HEAD, what=f"the header {name}")
        content = ready.content
        if template.body is not None:
            content = values.fill(template.body, most=LARGEST_CONTENT, what="the body").encode()
        if problem := find_header_problem(headers, ready.status, len(content)):
            raise CannotFill(
                _placeholder_of(template, headers, ready.status, len(content)),
                f"the headers cannot be sent: {problem}",
            )
        return replace(ready, headers=headers, content=content)


def _placeholder_of(
    template: AnswerTemplate, headers: Mapping[str, str], status: int, size: int
) -> str:
    """A placeholder of the first header that cannot be sent."""
    for name, parts in template.headers.items():
        if find_header_problem({name: headers[name]}, status, size) is not None:
            return next(each.placeholder.text for each in parts if isinstance(each, Slot))
    return ""


def _size_of(value: Any) -> int:
    """About how many bytes a value takes that stands in a request."""
    try:
        return len(json_content(value))
    except ValueError:  # such as NaN, which a query may have as a text
        return SMALLEST_SIZE
