"""The checks that a scripted answer can be sent, and that it says what it is for."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mock_sei.errors import Rejected
from mock_sei.faults.answers import (
    LARGEST_CONTENT,
    AnswerFunction,
    ReadyAnswer,
    ScriptedAnswer,
)
from mock_sei.faults.placeholders import (
    MOST_PLACEHOLDERS,
    Part,
    PlaceholderError,
    has_placeholder,
    json_parts,
    segment_names,
    text_parts,
)
from mock_sei.faults.templates import AnswerTemplate
from mock_sei.matching.parts import PARTS, RequestParts
from mock_sei.matching.targets import CallTarget
from mock_sei.rules.arguments import find_choice_problem, kind_of, suggestion
from mock_sei.rules.standards import Listener
from mock_sei.values.sendable import (
    LONGEST_TEXT,
    WITHOUT_BODY,
    find_header_problem,
    find_status_problem,
    json_content,
    shown,
)
from mock_sei.values.texts import is_text

MOST_TIMES = 2**63 - 1
MOST_STATES = 100
"""Most states that one answer asks for, and most that it sets."""
DIGEST = 16
"""Characters of the digest of an answer."""


def make_ready(
    *,
    status: int = 200,
    json_body: Any = None,
    text: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ReadyAnswer:
    """An answer with a JSON body, a text or no body.

    Raises :class:`Rejected` if it cannot be sent; the error names every wrong field.
    """
    problems: dict[str, str] = {}
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
    return ReadyAnswer(
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


def make_answer(
    operation: str,
    *,
    application: str | None = None,
    listener: Listener | str | None = None,
    query: Mapping[str, Any] | None = None,
    request: Mapping[str, Any] | None = None,
    status: int = 200,
    json_body: Any = None,
    text: str | None = None,
    headers: Mapping[str, str] | None = None,
    times: int | None = 1,
    when: Mapping[str, str | None] | None = None,
    then: Mapping[str, str | None] | None = None,
    required: bool = False,
    template: bool = True,
) -> ScriptedAnswer:
    """A scripted answer; ``request`` has the parts of the request that the answer has, too.

    Raises :class:`Rejected`; the error names every wrong field.
    """
    target, problems = _read_target(operation, application, listener, query, request)
    problems |= _find_rule_problems(times, when, then, required=required, template=template)
    ready, found = ReadyAnswer(), None
    try:
        ready = make_ready(
            status=status,
            json_body=json_body,
            text=text,
            headers=_without_placeholders(headers) if template is True else headers,
        )
    except Rejected as rejected:
        problems |= rejected.problems
    else:
        ready = replace(ready, headers=dict(headers or {}))
        if template is True and "operation" not in problems:
            found = _read_template(ready, operation, is_json=text is None, problems=problems)
    if problems:
        raise Rejected(problems)
    content = ready.content
    if found is not None and found.body is not None:
        ready = replace(ready, content=b"")  # the template has it
    return _digested(
        content,
        target=target,
        ready=ready,
        times=times,
        when=dict(when or {}),
        then=dict(then or {}),
        required=required,
        template=found,
    )


def make_function_answer(
    operation: str,
    function: AnswerFunction,
    *,
    application: str | None = None,
    listener: Listener | str | None = None,
    query: Mapping[str, Any] | None = None,
    request: Mapping[str, Any] | None = None,
    times: int | None = 1,
    when: Mapping[str, str | None] | None = None,
    then: Mapping[str, str | None] | None = None,
    required: bool = False,
) -> ScriptedAnswer:
    """An answer that a function makes at each call.

    Raises :class:`Rejected`; the error names every wrong field.
    """
    target, problems = _read_target(operation, application, listener, query, request)
    problems |= _find_rule_problems(times, when, then, required=required)
    if problem := _find_function_problem(function):
        problems["answer"] = problem
    if problems:
        raise Rejected(problems)
    return _digested(
        str(id(function)).encode(),
        target=target,
        times=times,
        when=dict(when or {}),
        then=dict(then or {}),
        required=required,
        function=function,
    )


def _digested(content: bytes, **fields: Any) -> ScriptedAnswer:
    """The answer with these fields, and with the digest of all of them."""
    answer = ScriptedAnswer(**fields)
    target, ready, parts = answer.target, answer.ready, answer.target.parts
    told = [
        [target.operation, target.application, target.listener],
        {name: getattr(parts, name) for name in parts.given},
        [ready.status, ready.media_type, ready.headers, answer.template is None],
        [answer.times, answer.when, answer.then, answer.required],
    ]
    digest = hashlib.sha256(json.dumps(told, default=repr).encode() + content).hexdigest()
    return replace(answer, digest=digest[:DIGEST])


def _find_function_problem(function: object) -> str | None:
    if not callable(function):
        return f"must be a function that takes the request, not {kind_of(function)}"
    try:
        inspect.signature(function).bind(object())
    except TypeError:
        return "must be a function that takes one argument, the request"
    except ValueError:  # a function that tells nothing of its arguments
        return None
    return None


def _read_target(
    operation: str,
    application: str | None,
    listener: Listener | str | None,
    query: Mapping[str, Any] | None,
    request: object,
) -> tuple[CallTarget, dict[str, str]]:
    """The calls that are meant, and what is wrong, by the name of the field."""
    problems: dict[str, str] = {}
    if listener is not None and (problem := find_choice_problem(listener, list(Listener))):
        problems["listener"] = problem
        listener = None
    given: dict[str, Any] = {}
    if isinstance(request, Mapping):
        given = dict(request)
    elif request is not None:
        problems["request"] = f"must be parts of the request, not {kind_of(request)}"
    for name in [each for each in given if each not in PARTS]:
        del given[name]
        problems["request"] = f"{shown(name)}: no such part; {suggestion(name, PARTS)}"
    names = {name: f"request.{name}" for name in given}
    if query is not None and given.get("query") is not None:
        problems["query"] = "given twice: as query, and in request"
    elif query is not None:
        given["query"], names["query"] = query, "query"
    target = CallTarget(
        operation=operation,
        application=application,
        listener=None if listener is None else Listener(listener),
        parts=RequestParts(**given),
    )
    found = target.problems()
    return target, problems | {names.get(name, name): each for name, each in found.items()}


def _find_rule_problems(
    times: object, when: object, then: object, **flags: object
) -> dict[str, str]:
    """What is wrong with how often and when an answer is given."""
    problems: dict[str, str] = {}
    if times is not None:
        if isinstance(times, bool) or not isinstance(times, int):
            problems["times"] = f"{shown(times)}: must be a whole number, or None until removed"
        elif not 1 <= times <= MOST_TIMES:
            problems["times"] = f"{shown(times)}: must be at least 1, or None until removed"
    for name, flag in flags.items():
        if not isinstance(flag, bool):
            problems[name] = f"must be true or false, not {kind_of(flag)}"
    for name, states in (("when", when), ("then", then)):
        if states is not None and (problem := _find_states_problem(states)):
            problems[name] = problem
    return problems


def _find_states_problem(states: object) -> str | None:
    if not isinstance(states, Mapping):
        return f"must be states with their values, not {kind_of(states)}"
    if len(states) > MOST_STATES:
        return f"at most {MOST_STATES} states, not {len(states)}"
    for name, value in states.items():
        if not is_text(name) or not 0 < len(name) <= LONGEST_TEXT:
            return f"{shown(name)}: a state has a name of 1 to {LONGEST_TEXT} characters"
        if value is not None and (not is_text(value) or len(value) > LONGEST_TEXT):
            return (
                f"{shown(name)}: must be a text of at most {LONGEST_TEXT} characters, or None "
                "for not set"
            )
    return None


def _without_placeholders(headers: Any) -> Any:
    """Headers as they can be checked before their values are known."""
    if not isinstance(headers, Mapping):
        return headers
    return {
        name: "x" if isinstance(value, str) and has_placeholder(value) else value
        for name, value in headers.items()
    }


def _read_template(
    ready: ReadyAnswer, operation: str, *, is_json: bool, problems: dict[str, str]
) -> AnswerTemplate | None:
    """The placeholders of an answer; None if it has none."""
    segments = segment_names(operation)
    body: list[Part] | None = None
    headers: dict[str, list[Part]] = {}
    field_name = "json" if is_json else "text"
    try:
        content = ready.content.decode()
        if has_placeholder(content):
            body = (json_parts if is_json else text_parts)(content, segments)
        field_name = "headers"
        for name, value in ready.headers.items():
            if has_placeholder(value):
                headers[name] = text_parts(value, segments)
    except PlaceholderError as error:
        problems[field_name] = str(error)
        return None
    template = AnswerTemplate(body=body, headers=headers)
    count = len(template.placeholders)
    if count > MOST_PLACEHOLDERS:
        problems["headers" if body is None else "json" if is_json else "text"] = (
            f"{count} placeholders; at most {MOST_PLACEHOLDERS} in one answer"
        )
    return template if count else None
