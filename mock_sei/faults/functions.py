"""Calls the function of a test that makes a scripted answer."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from mock_sei.errors import Rejected
from mock_sei.faults.answer_checks import make_ready
from mock_sei.faults.answers import Answer, AnswerFunction, ReadyAnswer, ReceivedRequest
from mock_sei.rules.arguments import kind_of


@dataclass(frozen=True, kw_only=True)
class FunctionFailure:
    """A function that gave no answer."""

    because: str
    """What it did instead. It may have secrets."""
    trace: str
    """The traceback, with the frames of the test, or where the function stands."""


def call_function(function: AnswerFunction, request: ReceivedRequest) -> Any:
    """The answer of a function, a :class:`ReadyAnswer`, or a :class:`FunctionFailure`.

    It raises nothing, whatever the function raises: the server must go on.
    """
    try:
        result = function(request)
        if inspect.isawaitable(result):
            result = _run(result)
    except BaseException as error:  # pytest.fail() raises such a one
        return FunctionFailure(because=f"raised {_told(error)}", trace=_trace_of(error))
    try:
        return _ready(result)
    except Rejected as rejected:
        returned = "an Answer" if isinstance(result, Answer) else kind_of(result)
        because = f"returned {returned} that cannot be sent: {rejected}"
        return FunctionFailure(because=because, trace=_place_of(function))


def _run(result: Awaitable[Any]) -> Any:
    """The result of an ``async`` function, from a loop of its own in this thread."""
    if not _has_running_loop():
        return asyncio.run(_awaited(result))
    if inspect.iscoroutine(result):
        result.close()
    # gevent's threads share the server's own thread, where its loop runs.
    raise RuntimeError("an async function cannot be called beside gevent; use a plain one")


def _has_running_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _ready(result: Any) -> ReadyAnswer:
    """Raises :class:`Rejected`."""
    if result is None:
        return ReadyAnswer(media_type=None)
    if not isinstance(result, Answer):
        return make_ready(json_body=result)
    return make_ready(
        status=result.status, json_body=result.json, text=result.text, headers=result.headers
    )


def _told(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # a class of the test, whose __str__ fails
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _trace_of(error: BaseException) -> str:
    """The traceback without the frames of this module and of those that it calls."""
    trace = error.__traceback__
    frames = trace
    while frames is not None:
        if frames.tb_frame.f_code.co_filename == __file__:
            trace = frames.tb_next
        frames = frames.tb_next
    try:
        return "".join(traceback.format_exception(type(error), error, trace)).rstrip()
    except Exception:  # as in _told
        return _told(error)


def _place_of(function: AnswerFunction) -> str:
    """Where a function stands: its file and line, if it has them."""
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{code.co_filename}:{code.co_firstlineno}: {name}" if code else name
