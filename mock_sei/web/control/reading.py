"""How the control API reads a call, and what it says of one that cannot be read.

A body is JSON that can be kept and sent again: what is let in here comes out again in an answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import islice
from math import isfinite
from typing import Any

from fastapi import HTTPException, Request, Response
from fastapi.routing import APIRoute

from mock_sei.apis.bodies import parse_json
from mock_sei.errors import MalformedRequest, Rejected, RepeatedMember
from mock_sei.rules.arguments import plain_problem
from mock_sei.values.sendable import check_depth
from mock_sei.values.texts import is_text, sendable
from mock_sei.web.control.problems import problem

MOST_PROBLEMS = 20
"""Entries about one body, of which each member can be wrong."""
_LONGEST = 200
"""Characters of a name or a reason that are repeated."""

Place = tuple[str | int, ...]
"""Names and indices that lead to a value, ``body`` or ``query`` first."""


class UnreadableBody(HTTPException):
    """A body that is no JSON, or that has no text where text is.

    The framework lets exceptions of this class alone pass while it reads a body.
    """

    def __init__(self, answer: dict[str, Any], status: int) -> None:
        super().__init__(status)
        self.answer = answer


class CallRequest(Request):
    async def json(self) -> Any:
        """Raises :class:`UnreadableBody`."""
        body = await self.body()
        try:
            return parse_json(body)
        except RepeatedMember as refusal:
            problems = {"body": refusal.faults[0].reason}
            raise UnreadableBody(rejection(Rejected(problems)), 400) from None
        except MalformedRequest as refusal:
            return _read_all_the_same(body, refusal.faults[0].reason)


class CallRoute(APIRoute):
    """A call whose body is read as :class:`CallRequest` reads it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        handle = super().get_route_handler()

        async def read(request: Request) -> Response:
            scope = {**request.scope, "headers": _as_json(request.scope["headers"])}
            return await handle(CallRequest(scope, request.receive))

        return read


def _as_json(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers of a call whose body is JSON, whatever its content type says.

    ``curl -d`` says that a body is a form.
    """
    others = [each for each in headers if each[0].lower() != b"content-type"]
    return [*others, (b"content-type", b"application/json")]


def rejection(error: Rejected) -> dict[str, Any]:
    """The answer that a client of the control API raises as the very exception."""
    return problem(Rejected.__name__, str(error), error.problems)


def validation_answer(errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where and why values do not fit; not the values, which may be long, or secrets.

    ``errors`` are as pydantic reports them: ``loc``, ``msg``, ``type``, ``ctx``.
    """
    problems: dict[str, str] = {}
    for each in errors[:MOST_PROBLEMS]:
        place = [_cut(part) for part in each["loc"][:MOST_PROBLEMS]]
        name = ".".join(map(str, place[1:] or place))
        problems.setdefault(name, _cut(plain_problem({**each, "input": None})))
    return rejection(Rejected(problems))


def _cut(value: Any) -> Any:
    return value[:_LONGEST] if isinstance(value, str) else value


def _read_all_the_same(body: bytes, reason: str) -> Any:
    """What cannot be kept as it is, so that the value at fault can be named, not the whole body.

    Where only numbers are at fault (``NaN``, ``1e400``), whoever takes the value says so: Python's
    JSON has them. Raises :class:`UnreadableBody` for everything else.
    """
    try:
        value = json.loads(body)
    except RecursionError:
        raise UnreadableBody(rejection(Rejected({"body": reason})), 400) from None
    except ValueError:
        invalid = {"loc": ("body",), "msg": reason, "type": "json_invalid"}
        raise UnreadableBody(validation_answer([invalid]), 422) from None
    try:
        check_depth(value)
    except ValueError:
        raise UnreadableBody(rejection(Rejected({"body": reason})), 400) from None
    places = list(islice(_without_text(value, ("body",)), MOST_PROBLEMS))
    if places:
        problem = "half a surrogate pair, which is no text"
        errors = [{"loc": each, "msg": problem, "type": "string_unicode"} for each in places]
        raise UnreadableBody(validation_answer(errors), 422)
    if not _is_infinite(value):
        raise UnreadableBody(rejection(Rejected({"body": reason})), 400)
    return value


def _is_infinite(value: object) -> bool:
    """Whether a number in it is one that JSON has not."""
    if isinstance(value, dict):
        return any(map(_is_infinite, value.values()))
    if isinstance(value, list):
        return any(map(_is_infinite, value))
    return isinstance(value, float) and not isfinite(value)


def _without_text(value: object, place: Place) -> Iterator[Place]:
    """Where names and values cannot be sent as UTF-8; of a value that is not deep."""
    if isinstance(value, str):
        if not is_text(value):
            yield place
    elif isinstance(value, dict):
        for name, each in value.items():
            inner = (*place, sendable(name))
            if inner[-1] != name:
                yield inner
            yield from _without_text(each, inner)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _without_text(each, (*place, index))
