"""What the control API's own OpenAPI document says of answers that no handler's type tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from starlette.responses import Response

from mock_sei.web.downloads import media_type_of

REFUSALS = {
    "400": "what was sent cannot be used; nothing was changed",
    "403": "a web page of another origin, or a Host that may be a stranger's",
    "404": "nothing of that name is here",
    "413": "the body is too large",
}
"""By status; a call that takes no value can be refused for its caller alone."""

_PROBLEM = {
    "type": "object",
    "required": ["detail"],
    "properties": {
        "detail": {"type": "string", "description": "one sentence"},
        "error": {"type": "string", "description": "the exception that MockSei raises for it"},
        "problems": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "by field, where several are wrong",
        },
    },
}


def file_answer(*names: str) -> dict[str, Any]:
    """Arguments of a route that answers with one of some files."""
    content: dict[str, Any] = {media_type_of(name): {} for name in names}
    return {"response_class": Response, "responses": {200: {"content": content}}}


def add_refusals(document: dict[str, Any]) -> dict[str, Any]:
    """The same document, with the refusals of each call beside its good answer."""
    document["components"]["schemas"]["Problem"] = _PROBLEM
    for item in document["paths"].values():
        for operation in item.values():
            for status in _possible(operation):
                operation["responses"].setdefault(status, _refusal(REFUSALS[status]))
    return document


def _possible(operation: Mapping[str, Any]) -> Iterable[str]:
    yield "403"
    if "parameters" in operation or "requestBody" in operation:
        yield from ("400", "404")
    if "requestBody" in operation:
        yield "413"


def _refusal(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
