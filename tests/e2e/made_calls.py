"""One call of each operation of a document, with values that are made from its own schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx2

from mock_sei.apis.directions import for_answers, for_requests
from mock_sei.apis.misfits import find_misfits
from mock_sei.apis.operations import Operation, Parameter
from mock_sei.apis.patterns import Budget
from mock_sei.apis.samples import sample
from mock_sei.certificates.store import CertificateStore
from mock_sei.document_files import DocumentFile
from mock_sei.fixtures import load_fixtures
from mock_sei.platform import Platform
from mock_sei.settings import Behaviour
from tests.support import Served


def platform_of(files: Sequence[DocumentFile], store: CertificateStore) -> Platform:
    """A platform whose user brings some documents."""
    fixtures = replace(load_fixtures(), brought=tuple(files))
    return Platform(fixtures=fixtures, store=store, behaviour=Behaviour(seed=1))


@dataclass(frozen=True, kw_only=True)
class _Content:
    """A body of a request."""

    media_type: str = ""
    content: bytes = b""
    is_valid: bool = True
    """Whether it fits its own schema: there are some that nothing fits."""


class Caller:
    """Calls operations with values made from their own schemas."""

    def __init__(self, served: Served) -> None:
        self._platform = served
        self._http = served.client()
        self._http.follow_redirects = False
        self._headers = served.headers()

    def find_misfit(self, operation: Operation) -> str | None:
        """What is wrong with the answer; None where it is as documented, or noted in the journal.

        No value fits some schemas, such as a oneOf of equal parts: to be refused is right then.
        """
        body = _body_of(operation)
        parameters = [each for each in operation.parameters.values() if _is_sent(each)]
        is_valid = body.is_valid and all(
            operation.document.checker(each.schema).is_valid(sample_of(each, operation))
            for each in parameters
        )
        answer = self._call(operation, parameters, body)
        if answer.status_code == 400 and not is_valid:
            return None
        if answer.status_code != operation.success:
            return f"{answer.status_code} {answer.text[:500]}"
        media = _media_of(operation, answer)
        if media is None or not answer.content or "schema" not in media:
            return None
        document, schema = for_answers(operation.document, media["schema"])
        misfits = find_misfits(document, schema, answer.json(), Budget())
        if not misfits or self._platform.platform.journal.last.notes:
            return None
        return misfits[0].describe()

    def _call(
        self, operation: Operation, parameters: Sequence[Parameter], body: _Content
    ) -> httpx2.Response:
        path, headers = operation.path, dict(self._headers)
        query: list[tuple[str, str | int | float | bool | None]] = []
        for each in parameters:
            value = sample_of(each, operation)
            if each.place == "path":
                path = path.replace(f"{{{each.name}}}", quote(_styled(each, value) or "x", safe=""))
            elif each.place == "query":
                query += _fields_of(each, value)
            elif each.place == "cookie":
                headers["Cookie"] = f"{each.name}={quote(_styled(each, value))}"
            else:
                headers[each.name] = quote(_styled(each, value), safe=" !#$&'()*+,/:;=?@[]\"{}")
        if body.media_type:
            headers["Content-Type"] = body.media_type
        return self._http.request(
            operation.method, path, params=query, headers=headers, content=body.content
        )


def _is_sent(parameter: Parameter) -> bool:
    return parameter.place == "path" or parameter.required


def sample_of(parameter: Parameter, operation: Operation) -> Any:
    return sample(parameter.schema, operation.document).value


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _fields_of(parameter: Parameter, value: Any) -> list[tuple[str, str]]:
    """A value as the style of a query parameter writes it."""
    spelling, name = parameter.spelling, parameter.name
    if parameter.content is not None:
        return [(name, json.dumps(value))]
    if isinstance(value, dict) and spelling.is_deep:
        return [(f"{name}[{key}]", _text_of(each)) for key, each in value.items()]
    if isinstance(value, dict) and spelling.explode:
        return [(key, _text_of(each)) for key, each in value.items()]
    if isinstance(value, list) and spelling.explode:
        return [(name, _text_of(each)) for each in value]
    separator = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(spelling.style, ",")
    return [(name, separator.join(_listed(value)))]


def _styled(parameter: Parameter, value: Any) -> str:
    """A value as the style of a parameter of the path, a header or a cookie writes it."""
    if parameter.content is not None:
        return json.dumps(value)
    spelling, name = parameter.spelling, parameter.name
    mark = {"label": ".", "matrix": ";"}.get(spelling.style, "")
    apart = (mark or ",") if spelling.explode else ","
    if isinstance(value, dict):
        equals = "=" if spelling.explode else ","
        text = apart.join(f"{key}{equals}{_text_of(each)}" for key, each in value.items())
        return f";{name}={text}" if mark == ";" and not spelling.explode else f"{mark}{text}"
    items = value if isinstance(value, list) else [value]
    if mark == ";" and spelling.explode:
        return "".join(f";{name}={_text_of(each)}" for each in items)
    text = apart.join(map(_text_of, items))
    return f";{name}={text}" if mark == ";" else f"{mark}{text}"


def _listed(value: Any) -> list[str]:
    """The texts that a separator stands between."""
    if isinstance(value, dict):
        return [_text_of(part) for pair in value.items() for part in pair]
    return [_text_of(each) for each in value] if isinstance(value, list) else [_text_of(value)]


def _body_of(operation: Operation) -> _Content:
    """A body: JSON if the operation accepts it, otherwise a form, otherwise unchecked bytes."""
    body = operation.document.follow(operation.raw.get("requestBody") or {}, "")
    content = body.get("content") or {}
    for media_type in sorted(content, key=lambda each: ("json" not in each, "form" not in each)):
        schema = operation.document.follow(content[media_type], "").get("schema", True)
        document, schema = for_requests(operation.document, schema)
        value = sample(schema, document).value
        is_valid = document.checker(schema).is_valid(value)
        if "json" in media_type:
            text = json.dumps(value).encode()
            return _Content(media_type=media_type, content=text, is_valid=is_valid)
        if "form" in media_type and isinstance(value, dict):
            encoding = operation.document.follow(content[media_type], "").get("encoding") or {}
            is_sent = is_valid and not any(map(_has_empty, value.values()))
            return replace(_form(value, media_type, encoding), is_valid=is_sent)
        plain = value if isinstance(value, str) else "something"
        return _Content(media_type=media_type.replace("*", "x"), content=plain.encode())
    return _Content()


def _form(value: dict[str, Any], media_type: str, encoding: Mapping[str, Any]) -> _Content:
    """An object as a form; lists as a field for each item unless their encoding says otherwise."""
    fields: list[tuple[str, str]] = []
    for name, each in value.items():
        how = encoding.get(name) or {}
        if "json" in how.get("contentType", ""):
            fields.append((name, json.dumps(each)))
        elif how.get("style") == "deepObject":
            fields += _bracketed(name, each)
        else:
            items = each if isinstance(each, list) else [each]
            fields += [(name, _text_of(item)) for item in items]
    if media_type != "multipart/form-data":
        return _Content(media_type=media_type, content=urlencode(fields).encode())
    head = '--cut\r\nContent-Disposition: form-data; name="'
    parts = "".join(f'{head}{name}"\r\n\r\n{text}\r\n' for name, text in fields)
    return _Content(
        media_type=f"{media_type}; boundary=cut", content=f"{parts}--cut--\r\n".encode()
    )


def _has_empty(value: Any) -> bool:
    """Whether an empty list or object is in it, which no form can say."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return not value or any(map(_has_empty, inner))


def _bracketed(name: str, value: Any) -> list[tuple[str, str]]:
    """``name[key][0]=…``, as many clients write objects within objects."""
    if not isinstance(value, dict | list):
        return [(name, _text_of(value))]
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    return [one for key, each in entries for one in _bracketed(f"{name}[{key}]", each)]


def _media_of(operation: Operation, answer: httpx2.Response) -> Mapping[str, Any] | None:
    """What the document says of a JSON answer."""
    responses = operation.raw.get("responses") or {}
    found = responses.get(str(answer.status_code), responses.get("default", {}))
    content = operation.document.follow(found, "").get("content") or {}
    media_type = answer.headers.get("Content-Type", "").partition(";")[0]
    for known, media in content.items():
        if media_type.endswith(("/json", "+json")) and known.partition(";")[0] in (
            media_type,
            "*/*",
        ):
            found_media: Mapping[str, Any] = operation.document.follow(media, "")
            return found_media
    return None


_OF_ANY_TEXT = {"type", "title", "description", "example", "examples", "name", "in", "required"}
"""Keywords of a parameter and its schema that every text fits."""


def can_be_wrong(definition: Mapping[str, Any]) -> bool:
    """Whether a request can be wrong.

    It cannot where an operation takes only texts, in its path or in headers that may be absent:
    schemathesis makes hundreds of values before it gives up.
    """
    parameters = definition.get("parameters", [])
    return (
        "requestBody" in definition or not parameters or not all(map(_takes_any_text, parameters))
    )


def _takes_any_text(parameter: Mapping[str, Any]) -> bool:
    place, schema = parameter.get("in"), parameter.get("schema", parameter)
    is_optional_header = place == "header" and not parameter.get("required")
    is_any_text = schema.get("type") == "string" and schema.keys() <= _OF_ANY_TEXT
    return is_any_text and (place == "path" or is_optional_header)
