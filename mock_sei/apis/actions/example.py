"""``example``: for documents that users bring, which have no rule of ours.

From records that were put there for the path, else from the document's examples, else made from the
schema. Bodies are checked against the schema and not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from mock_sei.apis.bodies import check_media_type, is_json, media_type_of
from mock_sei.apis.calls import ApiAnswer, ApiCall, json_bytes
from mock_sei.apis.examples import answer_value
from mock_sei.apis.foreign_bodies import check_body
from mock_sei.apis.headers import answer_headers
from mock_sei.apis.misfits import find_misfits
from mock_sei.apis.operations import Operation
from mock_sei.apis.record_answers import records_answer
from mock_sei.apis.samples import MOST_SHOWN, Sample
from mock_sei.apis.spooled import Body
from mock_sei.apis.written import concrete, written
from mock_sei.errors import Fault, MalformedRequest
from mock_sei.sendable import WITHOUT_BODY, is_media_type

ACTION = "example"


def act(call: ApiCall) -> ApiAnswer:
    operation = call.operation
    _check_body(call)
    response = _response(operation)
    if response is _NOTHING and operation.raw.get("responses"):
        call.notes.append(
            f"{operation.name} declares errors only, so its answer is empty, with the status "
            f"{operation.success}"
        )
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


_NOTHING: Mapping[str, Any] = {}
"""What is known of an answer without ``content``; one object, by which its value is remembered."""


def _content(call: ApiCall, response: Mapping[str, Any]) -> ApiAnswer:
    operation, document = call.operation, call.operation.document
    content = response.get("content") or {}
    has_records = operation.method == "GET" and bool(
        call.state.collections.table(operation.rule.collection)
    )
    if operation.success in WITHOUT_BODY or not (content or has_records):
        return ApiAnswer(status=operation.success, content=b"")
    media_type, media = _media(content, call) if content else ("application/json", _NOTHING)
    schema = media.get("schema", True)
    found = answer_value(media, document, media_type)
    if has_records:
        value = records_answer(call, schema, found.value)
        found = Sample(value=value, problems=_misfits_of_records(call, schema, value))
    call.notes.extend(f"the answer of {operation.name} is {each}" for each in found.problems)

    def spell() -> dict[str, bytes]:
        if is_json(media_type):
            return {"bytes": json_bytes(found.value)}
        return {"bytes": written(found, media_type, schema, document)}

    kept = spell() if has_records else document.derived(f"as {media_type}", media, spell)
    return ApiAnswer(
        body=found.value if is_json(media_type) else None,
        content=kept["bytes"],
        status=operation.success,
        media_type=media_type,
    )


def _media(content: Mapping[str, Any], call: ApiCall) -> tuple[str, Mapping[str, Any]]:
    """The media type that is answered, and what the document says of it."""
    sendable = list(filter(is_media_type, content))
    media_type = _wanted(sendable, call.accept) if sendable else "application/octet-stream"
    entry = content.get(media_type, next(iter(content.values())))
    media: Mapping[str, Any] = call.operation.document.follow(entry, call.operation.name)
    return concrete(media_type), media


def _misfits_of_records(call: ApiCall, schema: Any, value: Any) -> tuple[str, ...]:
    misfits = find_misfits(call.operation.document, schema, value, call.budget)[:MOST_SHOWN]
    return tuple(f"from records that do not fit its schema: {each.describe()}" for each in misfits)


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
    for code in (str(operation.success), operation.success, "2XX", "2xx", "default"):
        if code in responses:
            return operation.document.follow(responses[code], operation.name)
    return _NOTHING


def _wanted(media_types: list[str], accept: str) -> str:
    asked = [media_type_of(each) for each in accept.split(",")]
    found = next((each for each in media_types if media_type_of(each) in asked), None)
    if found is None:  # JSON before the others, whatever their order in the document
        found = next(filter(is_json, media_types), media_types[0])
    return found
