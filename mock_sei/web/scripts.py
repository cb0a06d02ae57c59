"""Which scripted answer an exchange gets, and how it is made: as it is, filled or by a function."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import TypeVar

from starlette.responses import Response
from starlette.types import Scope

from mock_sei.errors import Refusal, RefusalKind
from mock_sei.faults.answers import AnswerFunction, ReadyAnswer, ReceivedRequest
from mock_sei.faults.functions import FunctionFailure, call_function
from mock_sei.faults.scripts import GivenAnswer
from mock_sei.faults.templates import LARGEST_READ, CannotFill, Values
from mock_sei.matching.sent import SentRequest
from mock_sei.matching.targets import Caller
from mock_sei.web.exchange import Exchange
from mock_sei.web.faults import as_head, caller_of
from mock_sei.web.heads import only_looks

logger = logging.getLogger("mock_sei")

CHECK = "scripted answer"
SCRIPT_FAILED = RefusalKind(
    status=500,
    code="gateway.fault",
    message="The service is not available",
    error="server_error",
    description="The scripted answer could not be made.",
)
LONGEST_TRACE = 20_000
"""Most characters of a traceback in the log."""

ReadBody = Callable[[], Awaitable[bytes]]
T = TypeVar("T")


async def find_script(exchange: Exchange, scope: Scope, *, strict: bool) -> GivenAnswer | None:
    """The scripted answer for an exchange; None if there is none.

    It counts as used; a HEAD only looks at the answer of the next GET and leaves it for the GET.
    With ``strict``, a call without a scripted answer is recorded as a failure if the test asked
    for that (functional calls only).
    """
    if exchange.platform.scripts.is_quiet:
        return None
    return await exchange.work(lambda: _take(exchange, scope, strict=strict))


def _take(exchange: Exchange, scope: Scope, *, strict: bool) -> GivenAnswer | None:
    scripts = exchange.platform.scripts
    caller = caller_of(exchange, scope)
    if only_looks(scope):
        found = scripts.take_named(as_head(caller))
        return _foreseen(exchange, caller) if found is None else found
    found = scripts.take(caller) if strict else scripts.take_for_oauth(caller)
    if found is not None:
        exchange.entry.findings.notes.append("answered from a script")
    return found


def _foreseen(exchange: Exchange, caller: Caller) -> GivenAnswer | None:
    found = exchange.platform.scripts.foresee(caller)
    notes = exchange.entry.findings.notes
    if found is None:
        return None
    if found.answer.function is not None:
        notes.append("a function answers the next GET; a HEAD does not call it")
        return None
    notes.append("answered from the script of the next GET; a HEAD does not use it up")
    return found


async def scripted_response(
    exchange: Exchange, scope: Scope, given: GivenAnswer, read_body: ReadBody
) -> Response:
    """The response that a test scripted. Raises :class:`Refusal` if it cannot be made."""
    if given.answer.function is not None:
        ready = await _called(exchange, scope, given, given.answer.function, read_body)
    elif given.answer.template is not None:
        ready = await _filled(exchange, scope, given, read_body)
    else:
        ready = given.answer.ready
    return Response(
        ready.content, ready.status, headers=dict(ready.headers), media_type=ready.media_type
    )


async def _filled(
    exchange: Exchange, scope: Scope, given: GivenAnswer, read_body: ReadBody
) -> ReadyAnswer:
    template = given.answer.template
    caller = _caller_of(exchange, scope, given)
    body = b""
    if template is not None and template.reads_body:
        body = await _body_of(exchange, scope, read_body)
    try:
        if len(body) > LARGEST_READ:
            raise CannotFill(
                "request.body",
                f"the body has more than {LARGEST_READ} bytes, and placeholders read no more",
                actual=f"{len(body)} bytes",
            )
        return given.answer.fill(
            Values(
                method=caller.method,
                path=caller.path,
                segments=given.answer.segments.read(caller.path),
                sent=_sent_by(scope, body),
                now=exchange.platform.clock.now(),
                counters=given.counters,
                states=given.states,
                uuids=given.uuids,
            )
        )
    except CannotFill as failed:
        raise _cannot_fill(given, failed) from None


def _cannot_fill(given: GivenAnswer, failed: CannotFill) -> Refusal:
    named = f"{{{{{failed.placeholder}}}}}" if failed.placeholder else None
    return Refusal(
        SCRIPT_FAILED,
        check=CHECK,
        because=f"The scripted answer for {given.answer.target} cannot be filled: "
        f"{f'{named}: ' if named else ''}{failed.because}.",
        expected=None if named is None else f"a value for {named}",
        actual=failed.actual,
    )


async def _called(
    exchange: Exchange,
    scope: Scope,
    given: GivenAnswer,
    function: AnswerFunction,
    read_body: ReadBody,
) -> ReadyAnswer:
    caller = _caller_of(exchange, scope, given)
    body = await _body_of(exchange, scope, read_body)
    sent = _sent_by(scope, body)
    application = caller.application
    request = ReceivedRequest(
        method=caller.method,
        path=caller.path,
        path_values=MappingProxyType(given.answer.segments.read(caller.path)),
        query=MappingProxyType({name: tuple(each) for name, each in sent.query.items()}),
        headers=MappingProxyType({name: tuple(each) for name, each in sent.headers.items()}),
        body=body,
        application=None if application is None else application.name,
        listener=exchange.listener.value,
    )
    made = await _in_a_thread(lambda: call_function(function, request))
    if isinstance(made, FunctionFailure):
        raise _function_failed(exchange, given, made)
    ready: ReadyAnswer = made
    return ready


def _function_failed(exchange: Exchange, given: GivenAnswer, failure: FunctionFailure) -> Refusal:
    because = f"The function of the scripted answer for {given.answer.target} {failure.because}"
    told = exchange.entry.hide([because])[0]
    trace = exchange.entry.hide([failure.trace], LONGEST_TRACE)[0]
    logger.error("%s\n%s", told, trace)
    return Refusal(SCRIPT_FAILED, check=CHECK, because=because)


async def _in_a_thread(work: Callable[[], T]) -> T:
    """The result of ``work``, which raises nothing, from a thread of its own.

    In a pool with a largest size, functions that call the platform themselves could wait for each
    other. The thread does not keep the process alive.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T) -> None:
        if not done.done():
            done.set_result(result)

    def run() -> None:
        result = work()
        with contextlib.suppress(RuntimeError):  # the server was stopped meanwhile
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=run, name="mock-sei-scripted-answer", daemon=True).start()
    return await done


def _caller_of(exchange: Exchange, scope: Scope, given: GivenAnswer) -> Caller:
    """A HEAD is answered as the GET that it looks at, unless the answer is for HEAD itself."""
    caller = caller_of(exchange, scope)
    is_head = only_looks(scope) and given.answer.target.names("HEAD")
    return as_head(caller) if is_head else caller


async def _body_of(exchange: Exchange, scope: Scope, read_body: ReadBody) -> bytes:
    if only_looks(scope):
        return b""
    return await read_body() if exchange.whole_body is None else exchange.whole_body


def _sent_by(scope: Scope, body: bytes) -> SentRequest:
    return SentRequest(raw_query=scope["query_string"], raw_headers=scope["headers"], body=body)
