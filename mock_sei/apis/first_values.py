"""The values with which a request begins: examples of the document, or values made to fit it.

A Postman collection and the form of an operation in the portal begin with them. Parameters and
bodies are given as the document has them, with references already followed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from mock_sei.apis.bodies import ANYTHING, FORM_TYPE
from mock_sei.apis.directions import for_requests
from mock_sei.apis.examples import shown_values
from mock_sei.apis.operations import FORM
from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample
from mock_sei.apis.styles import Spelling, spelling_of, text_of
from mock_sei.document_files import EXTENSION

Json = dict[str, Any]

_MOST_EXAMPLES = 20
"""Examples of one parameter or body of which the first one that fits is sought."""

BOUNDARY = "mock-sei-boundary"
_FILE = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="filename"; filename="note.txt"\r\n'
    f"Content-Type: text/plain\r\n\r\nA note.\r\n--{BOUNDARY}--\r\n"
)


def with_example(parameter: Mapping[str, Any], document: Document) -> Json:
    """A parameter with the value to send.

    The value of a required parameter is made if there is no example.
    """
    schema = document.follow(parameter.get("schema") or {}, "")
    schema = schema if isinstance(schema, Mapping) else {}
    content = parameter.get("content") or {}
    if content:
        media = document.follow(next(iter(content.values())), "")
        return {**parameter, "schema": schema, SENT: _shown(media, document)}
    for found in _fitting(_examples(parameter, schema), schema, document):
        return {**parameter, "schema": schema, SENT: found}
    if parameter.get("required") and parameter["in"] != "path" and schema:
        return {**parameter, "schema": schema, SENT: sample(schema, document).value}
    return {**parameter, "schema": schema, MADE: sample(schema, document).value if schema else ""}


SENT = "x-mock-sei-sent"
MADE = "x-mock-sei-made"
"""Keys of a parameter: the value to send, and a made value that fits the schema."""


def content_to_send(operation: Mapping[str, Any], document: Document) -> dict[str, Json]:
    """The media types of an operation's request body, each with an example to send."""
    body = document.follow(operation.get("requestBody") or {}, "")
    media_types = (body.get("content") or {}).items()
    content = {name: dict(document.follow(media, "")) for name, media in media_types}
    for media in content.values():
        media["example"] = _shown(media, document)
    return content


def _shown(media: Mapping[str, Any], document: Document) -> Any:
    """The example of a media type, or else a value that fits its schema."""
    shown = list(islice(shown_values(media, document), _MOST_EXAMPLES))
    if "schema" not in media:
        return shown[0] if shown else {}
    in_requests, schema = for_requests(document, media["schema"])
    for found in _fitting(shown, schema, in_requests):
        return found
    made = sample(schema, in_requests)
    return shown[0] if shown and made.problems else made.value


def _fitting(values: Iterable[Any], schema: Any, document: Document) -> Iterator[Any]:
    """The values that fit a schema. A document's examples are not always right about that.

    A number may be an example of a text: it is sent as a text anyway.
    """
    checker = document.checker(schema)
    for value in islice(values, _MOST_EXAMPLES):
        if any(checker.is_valid(each) for each in (value, text_of(value))):
            yield value


def _spelling(parameter: Mapping[str, Any]) -> Spelling:
    place, style, explode = parameter["in"], parameter.get("style"), parameter.get("explode")
    return spelling_of(parameter["name"], place, style, explode)


def text_to_send(parameter: Mapping[str, Any]) -> str:
    """The value to send in a path or a header; empty if none is known."""
    if SENT not in parameter:
        return ""
    if "content" in parameter:
        return text_of(parameter[SENT])
    return _spelling(parameter).text(parameter[SENT])


def pairs_to_send(parameter: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The pairs to send in a query or a cookie."""
    if SENT not in parameter:
        return [(parameter["name"], "")]
    if "content" in parameter:
        return [(parameter["name"], text_of(parameter[SENT]))]
    return _spelling(parameter).pairs(parameter[SENT])


def _examples(parameter: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Any]:
    for holder in (parameter, schema):
        if "example" in holder:
            yield holder["example"]
    named = parameter.get("examples")
    for each in named.values() if isinstance(named, Mapping) else ():
        if isinstance(each, Mapping) and "value" in each:
            yield each["value"]
    yield from schema.get("examples", ())
    if "default" in schema:
        yield schema["default"]
    yield from schema.get("enum", ())
    yield from (parameter.get(EXTENSION) or {}).get("values", ())


def body_to_send(operation: Mapping[str, Any]) -> tuple[str, str] | None:
    """The media type and the text of a request body."""
    content = (operation.get("requestBody") or {}).get("content") or {}
    if not content:
        return None
    media_type, media = next(iter(content.items()))
    found = media["example"]
    if media_type.startswith("multipart/"):
        text = _FILE if EXTENSION in operation or not found else _parts(found, media)
        return f"{media_type}; boundary={BOUNDARY}", text
    if media_type == FORM_TYPE and isinstance(found, Mapping):
        encoding = media.get("encoding") or {}
        return media_type, urlencode(
            [pair for name, each in found.items() for pair in _field(name, each, encoding)]
        )
    media_type = "application/json" if media_type == ANYTHING else media_type
    if media_type.startswith("text/"):
        return media_type, text_of(found)
    return media_type, json.dumps(found, indent=2)


def _field(name: str, value: Any, encoding: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A field of a form. An object without a style is JSON (OpenAPI, encoding)."""
    written = encoding.get(name) or {}
    if "style" not in written and isinstance(value, Mapping):
        return [(name, text_of(value))]
    return spelling_of(name, FORM, written.get("style"), written.get("explode")).pairs(value)


def _parts(found: Mapping[str, Any], media: Mapping[str, Any]) -> str:
    """The parts of a multipart body. A field that is binary by its schema is sent as a file."""
    schema = media.get("schema") or {}
    known = schema.get("properties") or {}
    lines = []
    for name, value in found.items():
        items = value if isinstance(value, list) else [value]
        is_file = isinstance(known.get(name), Mapping) and known[name].get("format") == "binary"
        more = '; filename="note.txt"' if is_file else ""
        lines += [
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
            f"{text_of(each)}\r\n"
            for each in items
        ]
    return f"{''.join(lines)}--{BOUNDARY}--\r\n"
