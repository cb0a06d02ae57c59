"""``example``: answers operations of users' documents, which have no rule of ours.

The answer comes from records that a test put there for the path, or from the document's examples,
or is made from the schema. Bodies are checked against the schema but not stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from mock_sei.apis.accepted import choose
from mock_sei.apis.bodies import check_media_type, is_json
from mock_sei.apis.calls import ApiAnswer, ApiCall
from mock_sei.apis.directions import for_answers
from mock_sei.apis.examples import answer_value, schema_of
from mock_sei.apis.foreign_bodies import check_body, may_be_empty
from mock_sei.apis.headers import answer_headers
from mock_sei.apis.misfits import find_problems, shown
from mock_sei.apis.operations import Operation
from mock_sei.apis.record_answers import records_answer
from mock_sei.apis.references import Document
from mock_sei.apis.samples import Sample
from mock_sei.apis.spooled import Body
from mock_sei.apis.written import written
from mock_sei.errors import InvalidValue, MalformedRequest
from mock_sei.values.json_texts import json_bytes
from mock_sei.values.sendable import WITHOUT_BODY, is_media_type

ACTION = "example"


def act(call: ApiCall) -> ApiAnswer:
    """Checks the request against the document, and answers as the document declares."""
    operation = call.operation
    _check_body(call)
    response = _response(operation)
    if response is _NOTHING and operation.raw.get("responses"):
        call.notes.append(
            f"{operation.name} declares only errors, so its answer is empty, with the status "
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
    """The key of the record in an answer, by which later calls find it; used after a record was
    made."""
    value = body.get("id") if isinstance(body, Mapping) else None
    return quote(str(value), safe="") if isinstance(value, str | int) else None


_READING = ("GET", "HEAD")
_NOTHING: Mapping[str, Any] = {}
"""The media type object of an answer without ``content``. It is one object, because values are
remembered by identity."""


def _content(call: ApiCall, response: Mapping[str, Any]) -> ApiAnswer:
    operation, document = call.operation, call.operation.document
    content = response.get("content") or {}
    has_records = bool(call.state.collections.table(operation.rule.collection))
    if has_records and operation.method not in _READING:
        has_records = False
        call.notes.append(
            f"{operation.name} is answered as its document says, but changes no record of "
            f"{operation.rule.collection}: a test must change them itself"
        )
    is_bare = not content and (operation.method == "HEAD" or not has_records)
    if operation.success in WITHOUT_BODY or is_bare:
        return ApiAnswer(status=operation.success, content=b"")
    media_type, media = _media(content, call) if content else ("application/json", _NOTHING)
    if has_records:
        found = _from_records(call, media, answer_value(media, document, media_type))
        sent = _sent(found, media_type, media, document)
    else:
        found, sent = _remembered(media_type, media, document)
    call.notes.extend(f"the answer of {operation.name} is {each}" for each in found.problems)
    return ApiAnswer(
        body=found.value if is_json(media_type) else None,
        content=sent,
        status=operation.success,
        media_type=media_type,
    )


def _remembered(
    media_type: str, media: Mapping[str, Any], document: Document
) -> tuple[Sample, bytes]:
    """An answer's value and its bytes. Both are made by the first call and then remembered."""

    def make() -> dict[str, Any]:
        found = answer_value(media, document, media_type)
        return {"found": found, "sent": _sent(found, media_type, media, document)}

    kept = document.derived(f"sent as {media_type}", media, make)
    return kept["found"], kept["sent"]


def _sent(found: Sample, media_type: str, media: Mapping[str, Any], document: Document) -> bytes:
    if is_json(media_type):
        return json_bytes(found.value)
    return written(found, media_type, media, document)


def _media(content: Mapping[str, Any], call: ApiCall) -> tuple[str, Mapping[str, Any]]:
    """The media type of the answer, and what the document declares for it."""
    sendable = list(filter(is_media_type, content))
    choice = choose(sendable or ["application/octet-stream"], call.accept)
    if not choice.is_accepted and sendable:
        call.notes.append(
            f"{call.operation.name} is answered in {choice.media_type}, since its document has no "
            f"media type that the header Accept asks for, only {shown(', '.join(sendable))}"
        )
    entry = content.get(choice.key, next(iter(content.values())))
    media: Mapping[str, Any] = call.operation.document.follow(entry, call.operation.name)
    return choice.media_type, media


def _from_records(call: ApiCall, media: Mapping[str, Any], wrapper: Sample) -> Sample:
    schema = schema_of(media, call.operation.document)
    value = records_answer(call, schema, wrapper.value)
    return Sample(value=value, problems=_misfits_of_records(call, schema, value))


def _misfits_of_records(call: ApiCall, schema: Any, value: Any) -> tuple[str, ...]:
    document, schema = for_answers(call.operation.document, schema)
    problems = find_problems(document, schema, value, call.budget)
    return tuple(f"from records that do not fit its schema: {each}" for each in problems)


def _check_body(call: ApiCall) -> None:
    operation = call.operation
    if "requestBody" not in operation.raw:
        return
    body = operation.document.follow(operation.raw["requestBody"], operation.name)
    is_there = call.upload is not None or bool(call.body)
    is_empty = not is_there and body.get("required", False) and may_be_empty(call.content_type)
    if is_there or is_empty:
        media_type = check_media_type(operation, call.content_type)
        sent = call.upload if call.upload is not None else Body.of(call.body)
        check_body(operation, sent, call.content_type, media_type, call.budget, call.notes)
    elif body.get("required", False):
        raise MalformedRequest([InvalidValue("", "body", "required and missing")])


def _response(operation: Operation) -> Any:
    code = operation.answered
    if code is None:
        return _NOTHING
    return operation.document.follow(operation.raw["responses"][code], operation.name)
