"""An example of an operation's answer, for people who look at the operation.

The operation is answered as a call would be. One that only reads is answered from the records that
are there now, one that changes something works on records of its own, which are then thrown away.
Where that gives no answer, it is the document's example, or is made from its schema.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mock_sei.apis.answering import ApiRequest, answer
from mock_sei.apis.api_state import ApiState
from mock_sei.apis.bodies import is_json
from mock_sei.apis.calls import ApiAnswer
from mock_sei.apis.examples import answer_value
from mock_sei.apis.operations import CHANGING, Operation
from mock_sei.apis.trial_requests import TrialRequest
from mock_sei.errors import Refusal
from mock_sei.rules.connection import Findings
from mock_sei.values.json_texts import json_bytes
from mock_sei.values.sendable import WITHOUT_BODY

READING = frozenset({"list", "read", "example"})
"""Actions that change nothing."""
WRITING = CHANGING - {"upload"}
"""Actions that are performed on records of their own. An upload would need a file."""
ITEMS_SHOWN = 2
"""So many items of each list are shown."""
TEXT_SHOWN = 200
"""So many characters of each text are shown."""
LEVELS_SHOWN = 20
LARGEST_READ = 1024 * 1024
"""Bytes of JSON that are read to leave out items. Of larger JSON only the beginning is shown."""
SIZE_SHOWN = 8 * 1024
"""Bytes that are shown of an answer."""


@dataclass(frozen=True, kw_only=True)
class ExampleAnswer:
    """An answer as a page shows it."""

    status: int
    media_type: str
    text: str
    """The beginning of the body; empty if there is none."""
    is_cut: bool
    """Whether items of lists, or the end of the body, are left out."""
    is_of_call: bool
    """Whether a call got this answer. Otherwise it is the document's example, or made."""


@dataclass(frozen=True, kw_only=True)
class ExampleData:
    """The records that an example answer is made of."""

    present: ApiState
    """Those that are there now. Nothing changes them."""
    scratch: Callable[[], ApiState]
    """Makes records that nobody else uses."""


def example_answer(
    operation: Operation,
    request: TrialRequest | None,
    path: Mapping[str, str],
    data: ExampleData,
    now: datetime,
) -> ExampleAnswer:
    """The answer to an example request, whose path has these values.

    Without a request, or if it would be refused, the answer that the document declares.
    """
    found, action = None, operation.rule.action
    if request is not None and action in READING | WRITING:
        state = data.present if action in READING else data.scratch()
        try:
            found = _called(operation, request, path, state, now)
        except Refusal:
            found = None
    if found is not None:
        return _shown(found.status, found.media_type, _value_of(found), is_of_call=True)
    return _declared(operation)


def _called(
    operation: Operation,
    request: TrialRequest,
    path: Mapping[str, str],
    state: ApiState,
    now: datetime,
) -> ApiAnswer:
    headers = {name.lower(): (value,) for name, value in request.headers.items()}
    asked = ApiRequest(
        operation=operation,
        path=path,
        query=request.query,
        headers=headers,
        body=request.body or b"",
        url=f"https://localhost{request.path}",
        user="an end user",
        findings=Findings(),
        only_looks=operation.rule.action in READING,
    )
    return answer(asked, state, now)


def _value_of(found: ApiAnswer) -> Any:
    """A JSON value, or else the bytes of the body."""
    if found.body is not None or found.content is None:
        return found.body
    if not is_json(found.media_type) or len(found.content) > LARGEST_READ:
        return found.content
    try:
        return json.loads(found.content)
    except ValueError:
        return found.content


def _declared(operation: Operation) -> ExampleAnswer:
    document, code = operation.document, operation.answered
    responses = operation.raw.get("responses") or {}
    response = document.follow(responses[code], operation.name) if code is not None else {}
    content = response.get("content") or {}
    if not content or operation.success in WITHOUT_BODY:
        return _shown(operation.success, "", b"", is_of_call=False)
    media_type, entry = next(iter(content.items()))
    found = answer_value(document.follow(entry, operation.name), document, media_type)
    return _shown(operation.success, media_type, found.value, is_of_call=False)


def _shown(status: int, media_type: str, value: Any, *, is_of_call: bool) -> ExampleAnswer:
    left_out = False
    if isinstance(value, bytes):
        body = value
    else:
        shortened, left_out = _shortened(value, LEVELS_SHOWN)
        body = shortened.encode() if isinstance(shortened, str) else json_bytes(shortened)
    return ExampleAnswer(
        status=status,
        media_type=media_type if body else "",
        text=body[:SIZE_SHOWN].decode("utf-8", "replace"),
        is_cut=left_out or len(body) > SIZE_SHOWN,
        is_of_call=is_of_call,
    )


def _shortened(value: Any, levels: int) -> tuple[Any, bool]:
    """A value with the first items of each list and the beginning of each text, and whether
    something is left out."""
    if isinstance(value, str):
        return (value, False) if len(value) <= TEXT_SHOWN else (f"{value[:TEXT_SHOWN]}…", True)
    if isinstance(value, Mapping):
        if not levels:
            return {}, bool(value)
        members = {name: _shortened(each, levels - 1) for name, each in value.items()}
        return (
            {name: each for name, (each, _) in members.items()},
            any(is_cut for _, is_cut in members.values()),
        )
    if isinstance(value, list | tuple):
        if not levels:
            return [], bool(value)
        items = [_shortened(each, levels - 1) for each in value[:ITEMS_SHOWN]]
        is_cut = len(value) > ITEMS_SHOWN or any(is_cut for _, is_cut in items)
        return [each for each, _ in items], is_cut
    return value, False
