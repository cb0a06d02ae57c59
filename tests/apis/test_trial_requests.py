"""The request that a person fills in: where it begins, and what is sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.operations import Operation
from mock_sei.apis.trial_requests import (
    LONGEST_TARGET,
    TrialField,
    trial_body,
    trial_fields,
    trial_request,
)
from mock_sei.errors import Rejected
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import Document
from tests.cases import every_case

HOSTILE = ["../../portal", "..", ".", "a/b", "a?b=c", "a#b", "%2F", "é\u2028", "a b+c&d", "//evil"]


def operation_of(path: str = "/v1/things", method: str = "get", **declared: Any) -> Operation:
    described = {"responses": {"200": {"description": ""}}, **declared}
    paths = {path: {method: described}}
    content = {"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": paths}
    catalogue = Catalogue([], [Document(content=content)])
    return next(iter(catalogue.products["widgets"].operations.values()))


def parameter(name: str, place: str = "query", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": {"type": "string"}, **more}


def fields_of(operation: Operation, **keys: str) -> dict[str, TrialField]:
    return {each.name: each for each in trial_fields(operation, keys)}


def test_a_required_field_begins_with_the_example_and_an_optional_one_empty() -> None:
    found = fields_of(
        operation_of(
            parameters=[
                parameter("a", required=True, example="x"),
                parameter("b", example="y"),
                parameter("c", required=True, schema={"type": "integer", "minimum": 7}),
            ]
        )
    )
    assert (found["query.a"].text, found["query.a"].is_required) == ("x", True)
    assert (found["query.b"].text, found["query.b"].example) == ("", "y")
    assert int(found["query.c"].text) >= 7


def test_an_optional_field_says_what_fits_where_not_every_text_does() -> None:
    choice = {"type": "string", "enum": ["y", "z"]}
    found = fields_of(
        operation_of(
            parameters=[
                parameter("choice", schema=choice),
                parameter("choices", schema={"type": "array", "items": choice, "enum": [["y"]]}),
                parameter("day", schema={"type": "string", "format": "date"}),
                parameter("any"),
            ]
        )
    )
    assert {name: each.example for name, each in found.items()} == {
        "query.choice": "y",
        "query.choices": "choices=y",
        "query.day": "2026-01-31",
        "query.any": "",
    }
    assert {each.text for each in found.values()} == {""}


def test_an_example_that_does_not_fit_is_not_taken() -> None:
    found = fields_of(
        operation_of(
            parameters=[
                parameter("a", required=True, example="x", schema={"enum": ["y", "z"]}),
                parameter("b", required=True, example=5, schema={"type": "string", "maxLength": 2}),
            ]
        )
    )
    assert found["query.a"].text == "y"
    assert found["query.b"].text == "5"


def test_a_body_whose_example_does_not_fit_is_made() -> None:
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    body = {"content": {"application/json": {"schema": schema, "example": {"n": "one"}}}}
    found = trial_body(operation_of(method="post", requestBody=body))
    assert found is not None
    assert found.content_type == "application/json"
    assert '"one"' not in found.text


def test_a_path_begins_with_a_record_where_the_document_has_no_example() -> None:
    declared = [parameter("id", "path", required=True)]
    found = fields_of(operation_of("/v1/things/{id}", parameters=declared), id="T-1")
    assert found["path.id"].text == "T-1"
    declared = [parameter("id", "path", required=True, example="T-9")]
    found = fields_of(operation_of("/v1/things/{id}", parameters=declared), id="T-1")
    assert found["path.id"].text == "T-9"


def test_a_header_that_the_portal_sets_has_no_field() -> None:
    names = ["AppKey", "Authorization", "Host", "content-length", "X-Mine"]
    declared = [parameter(each, "header") for each in names]
    operation = operation_of(parameters=declared)
    assert list(fields_of(operation)) == ["header.X-Mine"]
    sent = trial_request(operation, {f"header.{each}": "evil" for each in names})
    assert sent.headers == {"X-Mine": "evil"}


@every_case("value", HOSTILE)
def test_no_value_leads_to_another_path(value: str) -> None:
    operation = operation_of(
        "/v1/{a}/x{b}", parameters=[parameter("a", "path"), parameter("b", "path")]
    )
    sent = trial_request(operation, {"path.a": value, "path.b": value})
    parts = sent.path.split("/")
    assert len(parts) == 4
    assert not {".", ".."} & set(parts)
    assert [unquote(each) for each in parts] == ["", "v1", value, f"x{value}"]
    assert sent.path.isascii()
    assert not set(sent.path) & set("?# \r\n")


@every_case("value", HOSTILE)
def test_a_value_of_the_query_stays_one_value(value: str) -> None:
    operation = operation_of(parameters=[parameter("a b", example="x"), parameter("c")])
    sent = trial_request(operation, {"query.a b": value, "query.c": "&a%20b=2"})
    assert parse_qsl(sent.query, keep_blank_values=True) == [("a b", value), ("c", "&a%20b=2")]
    assert sent.query.isascii()
    assert "#" not in sent.query


@pytest.mark.parametrize(
    ("path", "value"), [("/{a}", "portal"), ("/{a}/{b}", "portal"), ("/{a}", "portal/apis")]
)
def test_no_call_goes_to_the_portal(path: str, value: str) -> None:
    operation = operation_of(path, parameters=[parameter("a", "path"), parameter("b", "path")])
    with pytest.raises(Rejected, match="leads to this portal"):
        trial_request(operation, {"path.a": value, "path.b": "x"})
    assert trial_request(operation, {"path.a": "portals", "path.b": "x"})


def test_what_cannot_be_sent_is_named_by_its_field() -> None:
    operation = operation_of(
        "/v1/{id}",
        method="post",
        parameters=[
            parameter("id", "path"),
            parameter("X-A", "header"),
            parameter("list", schema={"type": "array", "items": {"type": "string"}}),
            parameter("half"),
        ],
        requestBody={"content": {"text/plain": {}}},
    )
    values = {
        "header.X-A": "a\r\nHost: evil",
        "query.list": "no pair",
        "query.half": "\ud800",
    }
    with pytest.raises(Rejected) as refused:
        trial_request(operation, values, ("text/plain\r\nX: y", "\udfff"))
    assert set(refused.value.problems) == {
        "path.id",
        "header.X-A",
        "query.list",
        "query.half",
        "content_type",
        "body",
    }
    with pytest.raises(Rejected, match="more than"):
        trial_request(operation, {"path.id": "x" * (LONGEST_TARGET + 1)})


def test_lists_and_objects_have_a_line_for_each_pair() -> None:
    schemas = {
        "list": {"type": "array", "items": {"type": "string"}, "example": ["a", "b"]},
        "deep": {"type": "object", "example": {"x": 1, "y": 2}},
    }
    operation = operation_of(
        parameters=[
            parameter("list", required=True, schema=schemas["list"]),
            parameter("deep", required=True, schema=schemas["deep"], style="deepObject"),
        ]
    )
    found = fields_of(operation)
    assert found["query.list"].text == "list=a\nlist=b"
    assert found["query.deep"].text == "deep[x]=1\ndeep[y]=2"
    values = {name: each.text.replace("\n", "\r\n") for name, each in found.items()}
    sent = trial_request(operation, values)
    assert parse_qsl(sent.query) == [
        *(("list", "a"), ("list", "b")),
        *(("deep[x]", "1"), ("deep[y]", "2")),
    ]


def test_the_line_breaks_of_a_form_are_those_of_the_body() -> None:
    operation = operation_of(method="post", requestBody={"content": {"text/plain": {}}})
    plain = trial_request(operation, {}, ("text/plain", "a\r\nb"))
    assert plain.body == b"a\nb"
    parts = trial_request(operation, {}, ("multipart/form-data; boundary=b", "--b\nx\r\n--b--"))
    assert parts.body == b"--b\r\nx\r\n--b--"
    assert trial_request(operation, {}, ("text/plain", "")).body is None


def test_cookies_and_pairs_of_the_template_are_sent() -> None:
    operation = operation_of(
        "/v1/things?action=close", parameters=[parameter("c", "cookie"), parameter("q")]
    )
    sent = trial_request(operation, {"cookie.c": "a;b", "query.q": "1"})
    assert sent.headers == {"Cookie": "c=a%3Bb"}
    assert sent.target == "/v1/things?action=close&q=1"
    assert list(fields_of(operation)) == ["cookie.c", "query.q"]
    again = trial_request(operation, {"query.action": "open"})
    assert again.target == "/v1/things?action=close"


@pytest.mark.long
def test_the_first_request_of_every_bundled_operation_leads_to_it() -> None:
    catalogue = Catalogue(load_fixtures().documents)
    for product in catalogue.products.values():
        for each in product.operations.values():
            fields, body = trial_fields(each, {}), trial_body(each)
            sent = trial_request(
                each,
                {one.name: one.text for one in fields},
                (body.content_type, body.text) if body else None,
            )
            found, _ = catalogue.find(each.method, unquote(sent.path), sent.query)
            assert found is each, sent.target
