"""A foreign client writes values in every style, and the parameters are read as they were meant.

schemathesis makes the values and writes them; requests makes the request. No socket is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from mock_sei.apis.answering import ApiRequest, answer
from mock_sei.apis.bodies import FORM_TYPE, MULTIPART
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.spooled import Body
from mock_sei.errors import MalformedRequest
from tests.apis.engine import NOON, Document, Engine

pytestmark = pytest.mark.hypothesis

EXAMPLES = 8
"""Requests for an operation, for each hundred examples of the profile."""

WORD = {"type": "string", "pattern": "^[A-Z]{1,4}$"}
COUNT = {"type": "integer", "minimum": -5, "maximum": 10**20}
VALUES: dict[str, Any] = {
    "count": COUNT,
    "number": {"type": "number", "minimum": 0, "multipleOf": 0.01, "maximum": 1000},
    "flag": {"type": "boolean"},
    "word": WORD,
    "choice": {"enum": [1, "X", True]},
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "either": {"anyOf": [COUNT, WORD]},
}
EXACT: dict[str, Any] = {"exact": {"const": 5}}
"""schemathesis has none for headers, cookies and paths."""
ARRAYS: dict[str, Any] = {
    "counts": {"type": "array", "items": COUNT, "minItems": 1, "maxItems": 3},
    "words": {"type": "array", "items": WORD, "minItems": 1, "uniqueItems": True},
    "pair": {"type": "array", "prefixItems": [WORD, COUNT], "minItems": 2, "items": False},
}
POINT: dict[str, Any] = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "boolean"}},
    "required": ["x"],
    "additionalProperties": False,
}
JSON: dict[str, Any] = {**VALUES, **ARRAYS, "point": POINT}

STYLES: Mapping[tuple[str, str], tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    ("query", "form"): (VALUES | EXACT | ARRAYS, {"point": POINT}),
    ("query", "spaceDelimited"): (ARRAYS, {}),
    ("query", "pipeDelimited"): (ARRAYS, {}),
    ("query", "deepObject"): ({}, {"point": POINT}),
    ("path", "simple"): (VALUES | ARRAYS, {"point": POINT}),
    ("path", "label"): ({"count": COUNT, "word": WORD, **ARRAYS}, {"point": POINT}),
    ("path", "matrix"): (VALUES | ARRAYS, {"point": POINT}),
    ("header", "simple"): (VALUES | ARRAYS, {"point": POINT}),
    ("cookie", "form"): (VALUES | ARRAYS, {"point": POINT}),
}
"""What is written in which style: values and arrays, and objects."""


def operation(place: str, parameters: Mapping[str, Any], **how: Any) -> tuple[str, Any]:
    """A path, and an operation that must have these parameters."""
    names = "".join(f"/{{{name}}}" for name in parameters) if place == "path" else ""
    path = f"/{place}-{'-'.join(map(str, how.values()))}-{'-'.join(parameters)}{names}"
    declared = [
        {"name": name, "in": place, "required": True}
        | (
            {**how, "schema": schema}
            if how
            else {"content": {"application/json": {"schema": schema}}}
        )
        for name, schema in parameters.items()
    ]
    return path, {"get": {"parameters": declared, "responses": {"200": {"description": "good"}}}}


def form(media_type: str, fields: Mapping[str, Any]) -> tuple[str, Any]:
    schema = {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
    body = {"required": True, "content": {media_type: {"schema": schema}}}
    responses = {"200": {"description": "good"}}
    path = f"/{media_type.partition('/')[2]}-{'-'.join(fields)}"
    return path, {"post": {"requestBody": body, "responses": responses}}


def documented(paths: Mapping[str, Any]) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "Styles", "version": "1"}, "paths": paths}


def right_paths() -> Iterator[tuple[str, Any]]:
    """Every style with every value, some in one operation."""
    for (place, style), (values, objects) in STYLES.items():
        for explode in (False, True) if style != "deepObject" else (True,):
            if values:
                yield operation(place, values, style=style, explode=explode)
            if objects:
                yield operation(place, objects, style=style, explode=explode)
    for place in ("query", "header", "cookie"):
        yield operation(place, JSON)
    for media_type in (FORM_TYPE, MULTIPART):
        yield form(media_type, JSON)


UNMISTAKABLE: dict[str, Any] = VALUES | EXACT | {"point": POINT}
"""Values that, once they are wrong, no style writes as a right one."""


def wrong_paths() -> Iterator[tuple[str, Any]]:
    """One parameter in each operation, so that it must be the wrong one."""
    for name, schema in UNMISTAKABLE.items():
        style = "deepObject" if name == "point" else "form"
        yield operation("query", {name: schema}, style=style, explode=True)
        yield form(FORM_TYPE, {name: schema})
    for place, style in (("path", "matrix"), ("header", "simple"), ("cookie", "form")):
        yield operation(place, {"count": COUNT}, style=style, explode=False)
        yield operation(place, {"word": WORD}, style=style, explode=True)
    yield operation("query", {"counts": ARRAYS["counts"]})
    yield form(MULTIPART, {"count": COUNT})


class Client:
    """Sends what schemathesis wrote to the engine."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.engine = Engine.of("paths: {}")
        self.engine.catalogue = Catalogue((), [Document(content=content)])
        assert self.engine.catalogue.problems == []
        assert self.engine.catalogue.unchecked == []

    def refusal(self, case: Case[Any]) -> str | None:
        """Why a call is refused; None where it is answered."""
        known = case.as_transport_kwargs(base_url="http://localhost")
        keys = ("method", "url", "headers", "params", "cookies", "data", "json", "files")
        prepared = requests.Request(**{key: known[key] for key in keys if key in known}).prepare()
        target = urlsplit(str(prepared.url))
        found, path = self.engine.catalogue.find(case.method, unquote(target.path))
        body = prepared.body or b""
        content = body.encode() if isinstance(body, str) else body
        assert isinstance(content, bytes)
        headers = {name.lower(): [text_of(value)] for name, value in prepared.headers.items()}
        is_file = headers.get("content-type", [""])[0].startswith(MULTIPART)
        request = ApiRequest(
            operation=found,
            path=path,
            query=target.query,
            headers=headers,
            body=b"" if is_file else content,
            upload=Body.of(content) if is_file else None,
            url=str(prepared.url),
            user="svc-demo",
            findings=self.engine.findings,
        )
        try:
            answer(request, self.engine.state, NOON)
        except MalformedRequest as error:
            return "; ".join(f"{each.field}: {each.reason}" for each in error.faults)
        return None


def text_of(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def cases_of(content: Mapping[str, Any], mode: GenerationMode) -> Iterator[Case[Any]]:
    """Requests for every operation of a document."""
    for found in schemathesis.openapi.from_dict(dict(content)).get_all_operations():
        assert isinstance(found, Ok), found
        made = made_for(found.ok(), mode)
        assert made, found.ok().label
        yield from made


def made_for(operation: Any, mode: GenerationMode) -> list[Case[Any]]:
    made: list[Case[Any]] = []

    @settings(
        max_examples=max(1, EXAMPLES * settings().max_examples // 100),
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def make(case: Case[Any]) -> None:
        made.append(case)

    make()
    return made


def test_every_style_that_a_client_writes_is_read() -> None:
    content = documented(dict(right_paths()))
    client = Client(content)

    refused = {
        case.operation.label: reason
        for case in cases_of(content, GenerationMode.POSITIVE)
        if (reason := client.refusal(case)) is not None
    }

    assert refused == {}


def test_every_wrong_value_that_a_client_writes_is_refused() -> None:
    content = documented(dict(wrong_paths()))
    client = Client(content)

    taken, refused = {}, set()
    for case in cases_of(content, GenerationMode.NEGATIVE):
        if client.refusal(case) is not None:
            refused.add(case.operation.label)
        elif not may_be_right(case):
            taken[case.operation.label] = str(case)
    labels = {f"{next(iter(item)).upper()} {path}" for path, item in content["paths"].items()}

    assert taken == {}
    assert refused == labels


def may_be_right(case: Case[Any]) -> bool:
    """Whether what is wrong is beside the parameters, such as an unknown one, which is ignored."""
    sent = [case.query, case.headers, case.cookies, case.path_parameters]
    names = {name for part in sent for name in part or {}}
    return not names <= {
        each["name"] for each in case.operation.definition.raw.get("parameters", ())
    }
