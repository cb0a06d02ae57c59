"""Scripted answers: a test says what the next call of an operation gets as its answer.

The gateway still checks the call: a client with the wrong certificate gets no scripted answer. In
strict mode, a functional call without a scripted answer makes the test fail.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_sei.errors import Rejected
from mock_sei.matching.targets import Caller, CallTarget, names_of
from mock_sei.matching.waiting import Waiting
from mock_sei.rules.records import Application
from mock_sei.values.sendable import (
    LONGEST_TEXT,
    WITHOUT_BODY,
    find_header_problem,
    find_status_problem,
    json_content,
)
from mock_sei.values.texts import is_text

LARGEST_CONTENT = 16 * 1024 * 1024
"""The largest body of a scripted answer, in bytes."""
MOST_CONTENT = 4 * LARGEST_CONTENT
"""The largest size of all waiting bodies together, in bytes."""
MOST_UNSCRIPTED = 1000
"""Of the calls without a script, the newest are kept, so many."""


@dataclass(frozen=True, kw_only=True)
class ScriptedAnswer:
    """One scripted answer, for one call."""

    operation: str
    application: str | None = None
    """The application whose call gets it: name, AppKey or service account. None for all."""
    status: int = 200
    content: bytes = field(default=b"", repr=False)
    media_type: str | None = "application/json"
    """The media type of the body, None if there is no body."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def target(self) -> CallTarget:
        """The calls that may get it."""
        return CallTarget(operation=self.operation, application=self.application)


def make_answer(
    operation: str,
    *,
    application: str | None = None,
    status: int = 200,
    json_body: Any = None,
    text: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ScriptedAnswer:
    """A scripted answer with a JSON body, a text or no body.

    Raises :class:`Rejected` if it cannot be sent; the error names every wrong field.
    """
    problems = CallTarget(operation=operation, application=application).problems()
    if problem := find_status_problem(status):
        problems["status"] = problem
    member, content = ("json", b"") if text is None else ("text", b"")
    try:
        if text is not None:
            content = _text_content(text, json_body)
        elif json_body is not None:
            content = json_content(json_body)
    except ValueError as error:
        problems[member] = str(error)
    if len(content) > LARGEST_CONTENT:
        problems[member] = f"{len(content)} bytes; at most {LARGEST_CONTENT}"
    bodiless = "status" not in problems and status in WITHOUT_BODY
    if content and bodiless:
        problems[member] = f"an answer with status {status} has no body"
    if problem := find_header_problem(headers or {}, status, len(content)):
        problems["headers"] = problem
    if problems:
        raise Rejected(problems)
    media_type = "application/json" if text is None else "text/plain; charset=utf-8"
    return ScriptedAnswer(
        operation=operation,
        application=application,
        status=status,
        content=content,
        media_type=None if bodiless else media_type,
        headers=dict(headers or {}),
    )


def _text_content(text: object, json_body: object) -> bytes:
    """The bytes of a text body. Raises ``ValueError`` with the reason if it cannot be sent."""
    if json_body is not None:
        raise ValueError("either json or text, not both")
    if not isinstance(text, str):
        raise ValueError(f"must be a text, not {type(text).__name__}")
    if not is_text(text):
        raise ValueError("cannot be sent: half a surrogate pair is no text")
    return text.encode()


class Scripts:
    """The scripted answers of one platform state."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._answers: OrderedDict[int, ScriptedAnswer] = OrderedDict()
        self._waiting: Waiting[tuple[int, ScriptedAnswer]] = Waiting()
        self._size = 0
        self.strict = False
        """True if a functional call without a scripted answer makes the test fail."""
        self._unscripted: deque[str] = deque(maxlen=MOST_UNSCRIPTED)

    def enqueue(self, answer: ScriptedAnswer) -> None:
        """Adds an answer. Raises :class:`Rejected` if all waiting bodies would be too large."""
        with self._lock:
            size = self._size + len(answer.content)
            if size > MOST_CONTENT:
                reason = f"{self._size} bytes of answers wait already; at most {MOST_CONTENT}"
                is_text_body = (answer.media_type or "").startswith("text/")
                raise Rejected({"text" if is_text_body else "json": reason})
            number = next(self._numbers)
            self._answers[number] = answer
            self._waiting.add(number, answer.target, (number, answer))
            self._size = size

    @property
    def unscripted(self) -> list[str]:
        """The newest calls in strict mode that had no script, at most :data:`MOST_UNSCRIPTED`."""
        return list(self._unscripted)

    def __len__(self) -> int:
        """The number of waiting answers."""
        return len(self._answers)

    @property
    def waiting(self) -> list[ScriptedAnswer]:
        """The answers that no call has got yet, the oldest first."""
        with self._lock:
            return list(self._answers.values())

    def page(self, *, start: int, limit: int) -> list[ScriptedAnswer]:
        """The waiting answers from the index ``start`` on, at most ``limit``, the oldest first."""
        with self._lock:
            return list(itertools.islice(self._answers.values(), start, start + limit))

    @property
    def is_quiet(self) -> bool:
        """True if there are no answers and no strict mode. It is asked for each call."""
        return not self._answers and not self.strict

    def need_body(self, operation: str) -> bool:
        """Whether the body of a call decides which answer it gets."""
        with self._lock:
            return self._waiting.need_body(operation)

    def take(self, caller: Caller) -> ScriptedAnswer | None:
        """The oldest answer for a functional call. It is removed, so that one call gets it.

        In strict mode, a call for which there is none is remembered.
        """
        found = self.take_for_oauth(caller)
        if found is None and self.strict:
            self._unscripted.append(caller.operation[:LONGEST_TEXT])
        return found

    def take_for_oauth(self, caller: Caller) -> ScriptedAnswer | None:
        """The oldest answer for an OAuth call, which needs no script even in strict mode."""
        if not self._answers:
            return None
        with self._lock:
            found = next(self._waiting.fitting(caller), None)
            if found is None:
                return None
            self._take_out(*found)
            return found[1]

    def take_named(self, caller: Caller) -> ScriptedAnswer | None:
        """The oldest answer for a call whose method its operation names. It is removed."""
        with self._lock:
            fitting = self._waiting.fitting(caller)
            found = next((each for each in fitting if each[1].target.names(caller.method)), None)
            if found is None:
                return None
            self._take_out(*found)
            return found[1]

    def foresee(self, caller: Caller) -> ScriptedAnswer | None:
        """The answer that such a call would get. It is not removed."""
        with self._lock:
            found = next(self._waiting.fitting(caller), None)
            return None if found is None else found[1]

    def drop_application(self, application: Application) -> None:
        """Removes the answers for an application that was removed.

        So a later application of the same name does not get them.
        """
        with self._lock:
            for number, answer in self._waiting.of_applications(names_of(application)):
                self._take_out(number, answer)

    def _take_out(self, number: int, answer: ScriptedAnswer) -> None:
        del self._answers[number]
        self._waiting.remove(number, answer.target)
        self._size -= len(answer.content)
