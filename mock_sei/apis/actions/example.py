"""``example``: for documents that users bring, which have no rule of ours.

From records that were put there for the path, else from the document's examples, else made from the
schema. Bodies are checked against the schema and not kept.
"""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any

from mock_sei.apis.bodies import check_media_type, is_json, media_type_of
from mock_sei.apis.calls import ApiAnswer, ApiCall, not_there
from mock_sei.apis.foreign_bodies import check_body
from mock_sei.apis.operations import Operation
from mock_sei.apis.records import Order, texts
from mock_sei.apis.samples import sample
from mock_sei.apis.spooled import Body
from mock_sei.errors import Fault, MalformedRequest
from mock_sei.sendable import WITHOUT_BODY, is_media_type

ACTION = "example"


def act(call: ApiCall) -> ApiAnswer:
    operation = call.operation
    _check_body(call)
    content = _response(operation).get("content") or {}
    if operation.method == "GET" and call.state.collections.table(operation.rule.collection):
        return ApiAnswer(body=_from_records(call), status=operation.success)
    if not content or operation.success in WITHOUT_BODY:
        return ApiAnswer(status=operation.success, content=b"")
    sendable = list(filter(is_media_type, content))
    media_type = _wanted(sendable, call.accept) if sendable else "application/octet-stream"
    media = content.get(media_type, next(iter(content.values())))
    value = _example(operation.document.follow(media, operation.name), operation)
    if is_json(media_type):
        return ApiAnswer(body=value, status=operation.success, media_type=media_type)
    text = value if isinstance(value, str) else json.dumps(value)
    return ApiAnswer(content=text.encode(), status=operation.success, media_type=media_type)


def _check_body(call: ApiCall) -> None:
    operation = call.operation
    if "requestBody" not in operation.raw:
        return
    body = operation.document.follow(operation.raw["requestBody"], operation.name)
    if call.upload is not None or call.body:
        media_type = check_media_type(operation, call.content_type)
        sent = call.upload if call.upload is not None else Body.of(call.body)
        check_body(operation, sent, call.content_type, media_type, call.budget)
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
    return "application/json" if "*" in found else found


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


def _example(media: Any, operation: Operation) -> Any:
    if "example" in media:
        return media["example"]
    for each in (media.get("examples") or {}).values():
        found = operation.document.follow(each, operation.name)
        if "value" in found:
            return found["value"]
    return sample(media.get("schema", True), operation.document)
