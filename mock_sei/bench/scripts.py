"""Scripted answers: what the next call of an operation is answered with.

A call is still checked by the gateway: a client with the wrong certificate is not answered from a
script. In strict mode an unscripted functional call is kept, so that the test fails.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_sei.bench.targets import Caller, Target
from mock_sei.bench.verdict import Kept
from mock_sei.errors import Rejected


@dataclass(frozen=True, kw_only=True)
class ScriptedAnswer:
    """One answer, for one call."""

    operation: str
    application: str | None = None
    """Whose call alone: name, AppKey or service account."""
    status: int = 200
    content: bytes = field(default=b"", repr=False)
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def make_answer(
    operation: str,
    *,
    application: str | None = None,
    status: int = 200,
    json_body: Any = None,
    text: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ScriptedAnswer:
    """Raises :class:`Rejected` for what cannot be sent."""
    problems: dict[str, str] = {}
    target = Target(operation=operation)
    if target.problem:
        problems["operation"] = f"{operation!r}: {target.problem}"
    if not 200 <= status <= 599:
        problems["status"] = f"{status}: a status, 200 to 599"
    content, media_type = b"", "application/json"
    if text is not None:
        content, media_type = text.encode(), "text/plain; charset=utf-8"
    else:
        try:
            content = b"" if json_body is None else json.dumps(json_body, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            problems["json"] = f"cannot be sent as JSON: {error}"
    for name, value in (headers or {}).items():
        if not (name.isascii() and value.isascii() and name.isprintable() and value.isprintable()):
            problems["headers"] = f"{name!r}: printable ASCII only"
    if problems:
        raise Rejected(problems)
    return ScriptedAnswer(
        operation=operation,
        application=application,
        status=status,
        content=content,
        media_type=media_type,
        headers=dict(headers or {}),
    )


class Scripts:
    """The scripted answers of one platform state."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: deque[ScriptedAnswer] = deque()
        self.strict = False
        """Whether an unscripted functional call fails the test."""
        self.unscripted = Kept()
        """Such calls."""

    def enqueue(self, answer: ScriptedAnswer) -> None:
        with self._lock:
            self._answers.append(answer)

    @property
    def waiting(self) -> list[ScriptedAnswer]:
        return list(self._answers)

    @property
    def is_quiet(self) -> bool:
        """True where no call is answered or missed: asked at every exchange."""
        return not self._answers and not self.strict

    def take(self, caller: Caller) -> ScriptedAnswer | None:
        """The oldest for this operation; each is given once."""
        found = self.take_for_oauth(caller)
        if found is None and self.strict:
            self.unscripted.add(caller.operation[:200])
        return found

    def take_for_oauth(self, caller: Caller) -> ScriptedAnswer | None:
        """The same where strict mode does not ask for a script."""
        if not self._answers:
            return None
        with self._lock:
            for answer in self._answers:
                target = Target(operation=answer.operation, application=answer.application)
                if target.fits(caller):
                    self._answers.remove(answer)
                    return answer
        return None
