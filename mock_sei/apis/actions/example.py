"""``example``: for documents that users bring, which have no rule of ours.

From records that were put there for the path, else from the document's examples, else made from the
schema. Bodies are checked against the schema and not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from mock_sei.apis.bodies import check_media_type, is_json, media_type_of, read_json
from mock_sei.apis.calls import ApiAnswer, ApiCall, not_there
from mock_sei.apis.examples import answer_value
from mock_sei.apis.headers import answer_headers
from mock_sei.apis.operations import Operation
from mock_sei.apis.records import Order, texts
from mock_sei.apis.written import concrete, written
from mock_sei.errors import Fault, MalformedRequest
from mock_sei.sendable import WITHOUT_BODY, is_media_type

ACTION = "example"


def act(call: ApiCall) -> ApiAnswer:
    operation = call.operation
    _check_body(call)
    response = _response(operation)
    found = _content(call, response)
    name = _key_of(found.body)
    headers = answer_headers(
        response,
        operation.document,
        asked=call.headers,
        location=f"{call.url.rstrip('/')}/{name or 'elsewhere'}",
        notes=call.notes,
    )
    return replace(found, headers=headers)


def _key_of(body: Any) -> str | None:
    """By which an answer's record would be found; of use for one that was just made."""
    value = body.get("id") if isinstance(body, Mapping) else None
    return quote(str(value), safe="") if isinstance(value, str | int) else None


def _content(call: ApiCall, response: Mapping[str, Any]) -> ApiAnswer:
    operation = call.operation
    content = response.get("content") or {}
    if operation.method == "GET" and call.state.collections.table(operation.rule.collection):
        return ApiAnswer(body=_from_records(call), status=operation.success)
    if not content or operation.success in WITHOUT_BODY:
        return ApiAnswer(status=operation.success, content=b"")
    sendable = list(filter(is_media_type, content))
    media_type = _wanted(sendable, call.accept) if sendable else "application/octet-stream"
    entry = content.get(media_type, next(iter(content.values())))
    media = operation.document.follow(entry, operation.name)
    media_type = concrete(media_type)
    found = answer_value(media, operation.document, media_type)
    call.notes.extend(f"the answer of {operation.name} is {each}" for each in found.problems)
    if is_json(media_type):
        return ApiAnswer(body=found.value, status=operation.success, media_type=media_type)
    as_sent = written(found, media_type, media.get("schema", True), operation.document)
    return ApiAnswer(content=as_sent, status=operation.success, media_type=media_type)


def _check_body(call: ApiCall) -> None:
    operation = call.operation
    if "requestBody" not in operation.raw:
        return
    body = operation.document.follow(operation.raw["requestBody"], operation.name)
    if call.upload is not None:
        check_media_type(operation, call.content_type)
    elif call.body:
        media_type = check_media_type(operation, call.content_type)
        if is_json(media_type):
            read_json(operation, call.body, media_type, call.budget)
    elif body.get("required", False):
        raise MalformedRequest([Fault("", "body", "required and missing")])


def _response(operation: Operation) -> Any:
    responses = operation.raw.get("responses") or {}
    for code in (str(operation.success), operation.success, "2XX", "default"):
        if code in responses:
            return operation.document.follow(responses[code], operation.name)
    return {}


def _wanted(media_types: list[str], accept: str) -> str:
    asked = [media_type_of(each) for each in accept.split(",")]
    found = next((each for each in media_types if media_type_of(each) in asked), None)
    if found is None:  # JSON before the others, whatever their order in the document
        found = next(filter(is_json, media_types), media_types[0])
    return found


def _from_records(call: ApiCall) -> Any:
    """All; one where the path ends with a parameter, by whichever member has its value."""
    operation = call.operation
    table = call.state.collections.table(operation.rule.collection)
    if not operation.path.endswith("}"):
        return list(table.records)
    name = operation.path.rpartition("{")[2].rstrip("}")
    wanted = str(call.values[name])
    found = [next(table.with_key(Order(texts, (key,)), wanted), None) for key in (name, "id")]
    first = min(filter(None, found), key=itemgetter(0), default=None)
    if first is None:
        raise not_there(operation, name, wanted)
    return first[1]
