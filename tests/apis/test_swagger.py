"""Documents of Swagger 2.0, which older portals offer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.merged import merged
from mock_sei.apis.openapi import modern
from tests.apis.engine import JSON, Document, Engine
from tests.cases import every_case

FORM = {"content-type": "application/x-www-form-urlencoded"}
TEXT = """
swagger: '2.0'
info: {title: Gromps, version: '1'}
host: api.invalid
basePath: /v2
consumes: [application/json]
produces: [application/json]
parameters:
  Hue: {name: hue, in: query, type: string, enum: [teal, rust]}
  Gromp: {name: gromp, in: body, required: true, schema: {$ref: '#/definitions/Gromp'}}
responses:
  Bad: {description: bad, schema: {$ref: '#/definitions/Gromp'}}
securityDefinitions: {key: {type: apiKey, name: X-Key, in: header}}
definitions:
  Gromp:
    type: object
    required: [id, name, kind]
    discriminator: kind
    properties:
      id: {type: integer, readOnly: true}
      name: {type: string, x-nullable: true}
      kind: {type: string}
      size: {type: number, minimum: 0, exclusiveMinimum: true}
paths:
  /gromps:
    get:
      parameters:
        - {$ref: '#/parameters/Hue'}
        - {name: sizes, in: query, type: array, items: {type: integer}}
        - {name: each, in: query, type: array, items: {type: integer}, collectionFormat: multi}
      responses:
        '200': {description: ok, schema: {type: array, items: {$ref: '#/definitions/Gromp'}}}
        '400': {$ref: '#/responses/Bad'}
    post:
      parameters: [{$ref: '#/parameters/Gromp'}]
      responses:
        '201':
          description: made
          schema: {$ref: '#/definitions/Gromp'}
          headers: {X-Count: {type: integer}}
          examples: {application/json: {id: 4, name: a, kind: b}}
  /gromps/{id}/picture:
    parameters: [{name: id, in: path, required: true, type: integer, minimum: 1}]
    post:
      consumes: [multipart/form-data]
      parameters:
        - {name: picture, in: formData, type: file, required: true}
        - {name: note, in: formData, type: string}
      responses: {'204': {description: stored}}
  /logins:
    post:
      consumes: [application/x-www-form-urlencoded]
      parameters: [{name: user, in: formData, type: string, required: true}]
      responses: {'200': {description: ok}}
"""


def engine() -> Engine:
    found = Engine.of("paths: {}")
    found.catalogue = Catalogue((), [Document(content=yaml.safe_load(TEXT))])
    assert found.catalogue.problems == []
    return found


def test_operations_are_below_the_base_path() -> None:
    assert [each.name for each in engine().catalogue.operations] == [
        "GET /v2/gromps",
        "POST /v2/gromps",
        "POST /v2/gromps/{id}/picture",
        "POST /v2/logins",
    ]


def test_answers_are_examples_or_made_from_the_schema() -> None:
    made = engine().call("/v2/gromps").body[0]

    assert made.keys() >= {"id", "name", "kind"}
    body = json.dumps({"name": None, "kind": "b"})
    answer = engine().call("/v2/gromps", method="POST", headers=JSON, body=body)
    assert answer.status == 201
    assert answer.body == {"id": 4, "name": "a", "kind": "b"}


@pytest.mark.parametrize("query", ["hue=teal", "sizes=1,2", "each=1&each=2"])
def test_parameters_are_read(query: str) -> None:
    assert engine().call(f"/v2/gromps?{query}").status == 200


@pytest.mark.parametrize("query", ["hue=blue", "sizes=a,b"])
def test_parameters_are_checked(query: str) -> None:
    assert engine().faults(f"/v2/gromps?{query}")


@pytest.mark.parametrize(
    "body", [{"kind": "b"}, {"name": "a", "kind": 5}, {"name": "a", "kind": "b", "size": 0}]
)
def test_bodies_are_checked(body: Any) -> None:
    assert engine().faults("/v2/gromps", method="POST", headers=JSON, body=json.dumps(body))


def test_fields_of_a_form_become_its_schema() -> None:
    operations = {each.name: each for each in engine().catalogue.operations}

    picture = operations["POST /v2/gromps/{id}/picture"].raw["requestBody"]["content"]
    assert picture == {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["picture"],
                "properties": {
                    "picture": {"type": "string", "format": "binary"},
                    "note": {"type": "string"},
                },
            }
        }
    }
    assert engine().call("/v2/logins", method="POST", headers=FORM, body="user=a").status == 200


def test_a_converted_document_is_one_of_openapi() -> None:
    (product,) = engine().catalogue.products.values()

    content = merged([product], title="All", version="1")
    assert modern(content, product.source).wrong == []


@every_case(
    "more",
    [
        {"paths": {"/x": {"get": {"parameters": [7], "responses": {}}}}},
        {"paths": {"/x": {"get": {"parameters": 7, "responses": 7}}}},
        {"paths": {"/x": 7}, "definitions": 7, "parameters": 7, "responses": 7},
        {"paths": {"/x": {"parameters": {"a": 1}, "get": None}}},
        {"paths": {"/x": {"post": {"parameters": [{"in": "body", "schema": 7}]}}}},
        {"paths": {"/x": {"post": {"parameters": [{"in": "formData", "type": 7}]}}}},
    ],
)
def test_what_is_built_wrong_is_told_and_never_a_failure_of_ours(more: dict[str, Any]) -> None:
    catalogue = Catalogue((), [Document(content={"swagger": "2.0", **more})])

    assert catalogue.problems
    assert all(each.startswith("widgets.yaml: ") for each in catalogue.problems)


def one_parameter(parameter: str, path: str = "/r", method: str = "get") -> Engine:
    content = yaml.safe_load(f"""
swagger: '2.0'
info: {{title: One, version: '1'}}
consumes: [application/x-www-form-urlencoded]
paths:
  '{path}':
    {method}: {{parameters: [{{name: a, {parameter}}}], responses: {{'200': {{description: ok}}}}}}
""")
    engine = Engine.of("paths: {}")
    engine.catalogue = Catalogue((), [Document(content=content)])
    assert engine.catalogue.problems == []
    assert engine.catalogue.unchecked == []
    return engine


THREE = "type: array, minItems: 3, items: {type: integer}"
FORMATS = [("csv", ","), ("ssv", " "), ("tsv", "\t"), ("pipes", "|")]


@pytest.mark.long
@every_case(("name", "between"), FORMATS)
def test_every_collection_format_is_read_in_every_place(name: str, between: str) -> None:
    text = between.join("123")
    declared = f"{THREE}, collectionFormat: {name}"

    one_parameter(f"in: query, {declared}").call(f"/r?a={quote(text)}")
    one_parameter(f"in: header, {declared}").call("/r", headers={"a": text})
    form = one_parameter(f"in: formData, {declared}", method="post")
    form.call("/r", method="POST", body=f"a={quote(text)}", headers=FORM)
    if name != "tsv":  # the tests' engine uses urlsplit, which drops tabs
        in_path = one_parameter(f"in: path, required: true, {declared}", "/r/{a}")
        in_path.call(f"/r/{text}")


@every_case(("name", "between"), FORMATS)
def test_another_collection_format_is_refused(name: str, between: str) -> None:
    other = ";"
    declared = f"{THREE}, collectionFormat: {name}"

    assert one_parameter(f"in: query, {declared}").faults(f"/r?a={quote(other.join('123'))}")
    form = one_parameter(f"in: formData, {declared}", method="post")
    assert form.faults("/r", method="POST", body=f"a=1{quote(between)}2", headers=FORM)


def test_an_array_within_an_array_has_its_own_collection_format() -> None:
    inner = "{type: array, minItems: 2, items: {type: integer}, collectionFormat: pipes}"
    engine = one_parameter(f"in: query, type: array, items: {inner}")

    engine.call("/r?a=1|2,3|4")

    assert "must be a whole number, not 'x'" in engine.faults("/r?a=1|2,3|x")[0].reason
    assert "fewer than 2 items" in engine.faults("/r?a=1,2")[0].reason


def test_what_may_be_empty_is() -> None:
    query = one_parameter("in: query, type: integer, allowEmptyValue: true")
    form = one_parameter("in: formData, type: integer, allowEmptyValue: true", method="post")

    query.call("/r?a=")
    form.call("/r", method="POST", body="a=", headers=FORM)

    assert query.faults("/r?a=x")
    assert form.faults("/r", method="POST", body="a=x", headers=FORM)
    assert one_parameter("in: query, type: integer").faults("/r?a=")
