"""What the control API's own OpenAPI document says of answers, good and bad."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mock_sei.operations.answers import Files
from mock_sei.operations.places import mark_of
from mock_sei.operations.schemas import body_schema, descriptions, examples_of, without_references
from mock_sei.operations.server import ReadinessAnswer
from mock_sei.operations.table import TABLE, Row, VerifiedAnswer
from mock_sei.web.control.calls import status_of
from mock_sei.web.downloads import media_type_of

REFUSALS = {
    "400": "what was sent cannot be used; nothing was changed",
    "403": "a web page of another origin, or a Host that may be a stranger's",
    "404": "nothing of that name is here",
    "409": "the journal does not have what was expected; `nearest` are the nearest entries",
    "413": "the body is too large",
    "422": "a field is missing or unknown, or its value has another type than the call takes",
    "503": "the server takes no requests now: it starts, it ends, or its state cannot be reached",
}
"""By status. A call that takes no value can only be refused because of its caller."""

_PROBLEM = {
    "type": "object",
    "required": ["error", "detail", "problems"],
    "properties": {
        "error": {
            "type": "string",
            "description": "the exception that MockSei raises for it, or the name of the refusal",
        },
        "detail": {"type": "string", "description": "one sentence"},
        "problems": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "what is wrong with which field",
        },
    },
    "examples": [
        {
            "error": "Rejected",
            "detail": "seconds: must be a number",
            "problems": {"seconds": "must be a number"},
        }
    ],
}


def describe(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the good answers of each call, and with its refusals."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    document["paths"] = without_references(document["paths"], schemas)
    schemas.clear()
    schemas["Problem"] = _PROBLEM
    for row in TABLE:
        path = row.path.replace(":path}", "}")
        operation = document["paths"][path][row.method.lower()]
        _describe_call(operation, row)
        responses = operation["responses"]
        responses.pop("422", None)
        responses[str(status_of(row))] = _good_answer(row)
        for status in _possible(operation):
            responses.setdefault(status, _refusal(REFUSALS[status]))
        if isinstance(row.answer, VerifiedAnswer):
            responses["409"] = _refusal(REFUSALS["409"])
        if isinstance(row.answer, ReadinessAnswer):
            responses["503"] = {**_good_answer(row), "description": REFUSALS["503"]}
    return document


def _describe_call(operation: dict[str, Any], row: Row) -> None:
    request, placed = row.request, row.placed
    operation |= {"summary": row.summary, "description": row.description, "tags": [row.group]}
    told = descriptions(request)
    for parameter in operation.get("parameters", ()):
        name = parameter["name"]
        parameter |= {"description": told[name], "example": examples_of(request, name)[0]}
    if placed.whole is not None:
        mark = mark_of(request, placed.whole)
        schema = dict(mark.schema()) if mark.schema else {"type": ["object", "array"]}
        schema["examples"] = examples_of(request, placed.whole)
    elif placed.body:
        schema = body_schema(request, placed.body)
    else:
        return
    content = {"schema": schema, "example": example_of(schema)}
    required = operation["requestBody"].get("required", False)
    operation["requestBody"] = {"required": required, "content": {"application/json": content}}


def _good_answer(row: Row) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": row.summary}
    if isinstance(row.answer, Files):
        answer["content"] = {media_type_of(name): {} for name in row.answer.names}
    schema = row.answer.schema()
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema, "example": example_of(schema)}}
    return answer


def example_of(schema: Any) -> Any:
    """A value of a schema, put together from the examples of its parts."""
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    if "default" in schema:
        return schema["default"]
    if "properties" in schema:
        return {name: example_of(each) for name, each in schema["properties"].items()}
    if "items" in schema:
        return [example_of(schema["items"])]
    for each in schema.get("anyOf", ()):
        return example_of(each)
    return _EXAMPLES.get(schema.get("type", ""))


_EXAMPLES: Mapping[str, Any] = {
    "string": "text",
    "integer": 1,
    "number": 1.0,
    "boolean": True,
    "object": {},
    "array": [],
}


def _possible(operation: Mapping[str, Any]) -> Iterable[str]:
    yield "403"
    if "parameters" in operation or "requestBody" in operation:
        yield from ("400", "404", "422")
    if "requestBody" in operation:
        yield "413"


def _refusal(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
