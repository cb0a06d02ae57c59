"""Functions of tests that make answers, and what surrounds them."""

from __future__ import annotations

import asyncio
from typing import Any

from mock_sei.faults.answers import ReadyAnswer, ReceivedRequest
from mock_sei.faults.functions import FunctionFailure, call_function
from mock_sei.rules.standards import Listener

REQUEST = ReceivedRequest(
    method="GET",
    path="/",
    path_values={},
    query={},
    headers={},
    body=b"[1]",
    application=None,
    listener=Listener.TWO_WAY.value,
)


async def later(request: ReceivedRequest) -> Any:
    await asyncio.sleep(0)
    return request.json()


class Later:
    async def __call__(self, request: ReceivedRequest) -> Any:
        return await later(request)


def test_an_async_function_runs_in_a_loop_of_its_own() -> None:
    for function in (later, Later()):
        ready = call_function(function, REQUEST)
        assert isinstance(ready, ReadyAnswer)
        assert ready.content == b"[1]"


def test_an_async_function_beside_a_running_loop_is_refused_in_plain_words() -> None:
    """As where gevent makes greenlets of threads."""

    async def call() -> Any:
        return call_function(later, REQUEST)

    failure = asyncio.run(call())

    assert isinstance(failure, FunctionFailure)
    assert "cannot be called beside gevent; use a plain one" in failure.because
