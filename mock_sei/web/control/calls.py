"""The calls of the control API, made from the table of operations."""

from __future__ import annotations

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import Callable, Iterator
from inspect import Parameter, Signature
from typing import Annotated, Any

from fastapi import Body, FastAPI, Path, Query, Request, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from mock_sei.operations.answers import File, Nothing, WrittenAnswer
from mock_sei.operations.places import Placed
from mock_sei.operations.requests import Fields, PatientRequest, Place
from mock_sei.operations.requests import Request as OperationRequest
from mock_sei.operations.schemas import hint_of, model_with, values_of
from mock_sei.operations.table import TABLE, Row
from mock_sei.platform import Platform
from mock_sei.rules.arguments import refuse_unknown
from mock_sei.web.control.problems import PlainJson
from mock_sei.web.downloads import attachment, headers_of, media_type_of
from mock_sei.web.ending import end_of
from mock_sei.web.exchange import CONTROL_KEY
from mock_sei.web.heads import only_looks

BODY = "whole_body"
"""The name of the parameter that has the body of a call."""


def add_calls(app: FastAPI) -> None:
    """Adds a route for each row of the table."""
    for row in TABLE:
        app.add_api_route(
            row.path,
            _endpoint(row),
            methods=[row.method],
            status_code=status_of(row),
            name=row.name,
            operation_id="-".join((row.name, *(row.fixed or {}).values())),
            response_model=None,
        )


def status_of(row: Row) -> int:
    """The status of the good answer."""
    if row.status is not None:
        return row.status
    return 204 if isinstance(row.answer, Nothing) else 200


def _endpoint(row: Row) -> Callable[..., Any]:
    placed = row.placed
    parameters = [
        Parameter("request", Parameter.KEYWORD_ONLY, annotation=Request),
        *_parameters(row, placed),
    ]

    def asked(request: Request, values: dict[str, Any]) -> OperationRequest[Any]:
        if row.request.knows_its_query:
            refuse_unknown(request.query_params, placed.query, what="parameter")
        values |= row.fixed or {}
        body = values.pop(BODY, None)
        if placed.whole is not None:
            values[placed.whole] = body
        elif isinstance(body, BaseModel):
            values |= values_of(row.request, body)
        for name, where in placed.given.items():
            values[name] = _given(request, where)
        return row.request(**values)

    def answered(request: Request, answer: object) -> Response:
        return sent(row.answer.write(answer, request.scope[CONTROL_KEY]), status_of(row))

    def performing(request: Request, values: dict[str, Any]) -> Callable[[], Response]:
        platform, wanted = platform_of_call(request), asked(request, values)
        return lambda: answered(request, wanted.perform(platform.reloaded()))

    async def on_loop(request: Request, **values: Any) -> Response:
        work = performing(request, values)
        if not row.request.in_unit:
            return work()
        return await platform_of_call(request).units.run_on_loop(work)

    def in_thread(request: Request, **values: Any) -> Response:
        work = performing(request, values)
        return platform_of_call(request).units.run(work) if row.request.in_unit else work()

    async def waiting(request: Request, **values: Any) -> Response:
        return answered(request, await _waited(request, asked(request, values)))

    endpoint: Callable[..., Any] = on_loop if row.on_loop else in_thread
    if issubclass(row.request, PatientRequest):
        endpoint = waiting
    endpoint.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
    return endpoint


def platform_of_call(request: Request) -> Platform:
    """The platform that a call of the control API works on."""
    platform: Platform = request.scope[CONTROL_KEY]
    return platform


async def _waited(request: Request, asked: Any) -> Any:
    """The answer of an operation that waits: when it has come, the time is over, the client has
    left, or the server ends."""
    platform: Platform = request.scope[CONTROL_KEY]
    wait = asked.begin(platform)
    try:
        come = asyncio.wrap_future(wait.done)
        left = asyncio.ensure_future(request.receive())
        left.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        with end_of(platform) as ending:
            ends = {come, left, ending}
            await asyncio.wait(ends, timeout=asked.timeout, return_when=FIRST_COMPLETED)
        left.cancel()
    finally:
        answer = asked.end(platform, wait)
    return answer


def _given(request: Request, where: Place) -> object:
    return request.headers.get("host") if where is Place.HOST else not only_looks(request.scope)


def _parameters(row: Row, placed: Placed) -> Iterator[Parameter]:
    for name in placed.path:
        yield _parameter(row.request, name, Path)
    if placed.whole is not None:
        hint = getattr(hint_of(row.request, placed.whole), "__origin__", Any)
        default = row.request.usual.get(placed.whole, Parameter.empty)
        yield _body(hint, default)
    elif placed.body:
        model: Any = model_with(row.request, placed.body)
        optional = all(not each.is_required() for each in model.model_fields.values())
        yield _body(model, None if optional else Parameter.empty)
    for name in placed.query:
        yield _parameter(row.request, name, Query)


def _body(kind: Any, default: object) -> Parameter:
    annotation = Annotated[kind, Body()]
    return Parameter(BODY, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def _parameter(kind: type[Fields], name: str, where: Callable[[], Any]) -> Parameter:
    annotation = Annotated[hint_of(kind, name), where()]  # type: ignore[valid-type]  # run time
    default = kind.usual.get(name, Parameter.empty)
    return Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)


def sent(written: WrittenAnswer, status: int) -> Response:
    """The answer as the framework sends it."""
    answer: Response
    if written.pieces is not None:
        answer = _streamed(written.pieces, written.name)
    elif written.file is not None:
        answer = _saved(written.file)
    elif status == 204:
        answer = Response(status_code=204)
    else:
        answer = PlainJson(written.json, written.status or status)
    answer.headers.update(written.headers)
    return answer


def _streamed(pieces: Iterator[str], name: str | None) -> Response:
    if name is None:
        return StreamingResponse(pieces, media_type="application/json")
    return StreamingResponse(pieces, media_type=media_type_of(name), headers=headers_of(name))


def _saved(file: File) -> Response:
    return attachment(file.name, file.content)
