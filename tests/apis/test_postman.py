"""The Postman collection: parameters and bodies of documents, with references followed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from mock_sei.apis.bodies import FORM_TYPE as FORM
from mock_sei.apis.bodies import JSON, MULTIPART
from mock_sei.apis.documents import Catalogue
from mock_sei.apis.postman import collection, environment
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import Engine
from tests.cases import every_case

DOCUMENT = yaml.safe_load("""
info: {title: Widgets, description: Of all kinds}
paths:
  /v1/widgets/{id}:
    parameters: [{$ref: "#/components/parameters/Id"}]
    put:
      summary: Puts one
      parameters:
        - {name: colour, in: query, schema: {$ref: "#/components/schemas/Colour"}}
        - {name: kind, in: query, required: true, example: big}
        - {name: X-Own, in: header, required: true, schema: {default: 5}}
        - {name: AppKey, in: header}
      requestBody: {$ref: "#/components/requestBodies/Widget"}
components:
  parameters: {Id: {name: id, in: path, schema: {examples: [W-1]}}}
  schemas: {Colour: {enum: [Red]}}
  examples: {Red: {value: {colour: Red}}}
  requestBodies:
    Widget: {content: {application/json: {examples: {red: {$ref: "#/components/examples/Red"}}}}}
""")


def request() -> Any:
    folder = collection({"widgets": DOCUMENT}, [], {})["item"][0]
    assert (folder["name"], folder["description"]) == ("Widgets", "Of all kinds")
    return folder["item"][0]["request"]


def test_parameters_are_where_postman_has_them() -> None:
    url = request()["url"]

    assert url["path"] == ["v1", "widgets", ":id"]
    assert url["variable"] == [{"key": "id", "value": "W-1"}]
    assert url["raw"] == "{{url}}/v1/widgets/:id?kind=big"
    assert [(each["key"], each["value"], each["disabled"]) for each in url["query"]] == [
        ("colour", "Red", True),
        ("kind", "big", False),
    ]


WHOLE = yaml.safe_load("""
openapi: 3.1.0
info: {title: Jobs}
paths:
  /v1/widgets/{id}:
    delete:
      x-mock-sei: {action: remove, collection: widgets, key: id}
      parameters: [{name: id, in: path}]
    post:
      x-mock-sei: {action: upload, collection: widgets, key: id, requires: [[name, code]]}
      parameters:
        - {name: id, in: path}
        - {name: name, in: query, example: Red}
        - {name: code, in: query, example: R}
      requestBody: {content: {multipart/form-data: {}}}
  /v1/status/{key}:
    get:
      x-mock-sei: {action: job-status, collection: jobs, key: key}
      parameters: [{name: key, in: path}]
""")


def requests() -> dict[str, Any]:
    folder = collection({"jobs": WHOLE}, [], {"widgets": "W-7"})["item"][0]
    return {each["name"]: each["request"] for each in folder["item"]}


def test_a_path_names_a_record_there_is_or_what_an_answer_gave() -> None:
    found = requests()

    assert found["POST /v1/widgets/{id}"]["url"]["variable"][0]["value"] == "W-7"
    status = found["GET /v1/status/{key}"]["url"]["variable"][0]
    assert status == {"key": "key", "value": "{{jobStatusQueryKey}}"}


def test_what_is_deleted_is_deleted_last() -> None:
    assert list(requests())[-1] == "DELETE /v1/widgets/{id}"


def test_one_of_a_group_that_must_come_is_switched_on() -> None:
    assert requests()["POST /v1/widgets/{id}"]["url"]["raw"].endswith("?name=Red")


def test_a_file_is_sent_with_its_boundary() -> None:
    upload = requests()["POST /v1/widgets/{id}"]
    sent = {each["key"]: each["value"] for each in upload["header"]}["Content-Type"]

    boundary = sent.partition("boundary=")[2]
    assert upload["body"]["raw"].startswith(f"--{boundary}\r\n")
    assert upload["body"]["raw"].endswith(f"--{boundary}--\r\n")


def test_headers_hold_key_and_token_once() -> None:
    headers = {each["key"]: each["value"] for each in request()["header"]}

    assert headers == {
        "AppKey": "{{app_key}}",
        "Authorization": "Bearer {{access_token}}",
        "X-Own": "5",
        "Content-Type": "application/json",
    }


def test_a_body_is_its_example() -> None:
    assert json.loads(request()["body"]["raw"]) == {"colour": "Red"}


@pytest.mark.long
def test_every_bundled_operation_is_a_request() -> None:
    catalogue = Catalogue(load_fixtures().documents)
    documents = {each.name: each.content for each in catalogue.products.values()}

    folders = collection(documents, ["username"], {})["item"]

    assert folders[0]["name"] == "Token"
    names = {item["name"] for folder in folders[1:] for item in folder["item"]}
    assert names == {each.name for each in catalogue.operations}


POINT = "{type: object, required: [x], properties: {x: {type: integer}, y: {type: boolean}}}"
POINT_EXAMPLE = "{x: 1, y: true}"
LIST = "{type: array, minItems: 2, items: {type: integer}}"
FLAG_LIST_POINT = (("{type: boolean}", "true"), (LIST, "[4, 5]"), (POINT, POINT_EXAMPLE))
STYLED = [
    *(
        f"in: {place}, style: {style}, explode: {explode}, schema: {schema}, example: {example}"
        for place, styles in (
            ("query", ["form", "spaceDelimited", "pipeDelimited"]),
            ("path", ["simple", "label", "matrix"]),
            ("header", ["simple"]),
            ("cookie", ["form"]),
        )
        for style in styles
        for explode in ("true", "false")
        for schema, example in (
            ("{type: boolean}", "true"),
            (LIST, "[4, 5]"),
            (POINT, POINT_EXAMPLE),
        )
        if not (explode == "true" and style.endswith("Delimited") and schema == POINT)
    ),
    f"in: query, style: deepObject, schema: {POINT}, example: {POINT_EXAMPLE}",
    f"in: query, content: {{application/json: {{schema: {POINT}, example: {POINT_EXAMPLE}}}}}",
    f"in: header, content: {{application/json: {{schema: {POINT}}}}}",
    "in: query, schema: {type: integer, minimum: 7}",
    "in: path, schema: {type: string, format: uuid}",
    "in: query, schema: {type: array, minItems: 1, items: {enum: [a/b, 'c d']}}",
    "in: query, examples: {one: {value: 5}}, schema: {type: integer}",
    "in: query, schema: {const: true}",
]


def sent(engine: Engine, exported: Mapping[str, Any]) -> None:
    """Sends an exported request like Postman."""
    url = exported["url"]
    values = {each["key"]: each["value"] for each in url["variable"]}
    path = "/".join(values.get(each.removeprefix(":"), each) for each in url["path"])
    query = urlencode(
        [(each["key"], each["value"]) for each in url["query"] if not each["disabled"]]
    )
    headers = {each["key"].lower(): each["value"] for each in exported["header"]}
    body = exported.get("body", {}).get("raw", "")
    target = f"/{path.replace('?', '%3F')}?{query}"  # the engine gets decoded paths
    engine.call(target, method=exported["method"], headers=headers, body=body)


def exported(text: str, version: str = "3.1.0") -> tuple[Engine, list[Any]]:
    engine = Engine.brought(text, version=version)
    content = engine.catalogue.products["widgets"].content
    folder = collection({"widgets": content}, [], {})["item"][0]
    return engine, [each["request"] for each in folder["item"]]


@pytest.mark.long
@every_case("parameter", STYLED)
def test_an_exported_parameter_of_any_style_is_accepted(parameter: str) -> None:
    path = "/r/{a}" if "in: path" in parameter else "/r"
    engine, (request,) = exported(f"""
paths:
  '{path}':
    get:
      parameters: [{{name: a, required: true, {parameter}}}]
      responses: {{"200": {{description: good}}}}
""")

    sent(engine, request)

    assert engine.findings.notes == []


@every_case("media_type", [JSON, FORM, MULTIPART, "text/plain"])
@every_case("example", ["", ", example: {n: 4, p: {x: 1}, t: [5, 6]}"])
def test_an_exported_body_is_accepted(media_type: str, example: str) -> None:
    more = f"t: {LIST}, f: {{type: string, format: binary}}"
    known = f"{{n: {{type: integer}}, p: {POINT}, {more}}}"
    schema = f"{{type: object, required: [n, p], properties: {known}}}"
    if media_type == "text/plain":
        schema, example = "{type: integer, minimum: 3}", example and ", example: 4"
    engine, (request,) = exported(f"""
servers: [{{url: https://api.invalid/base}}]
paths:
  /r:
    post:
      requestBody: {{required: true, content: {{'{media_type}': {{schema: {schema}{example}}}}}}}
      responses: {{"200": {{description: good}}}}
""")

    assert request["url"]["path"] == ["base", "r"]
    sent(engine, request)


def test_a_part_of_a_path_with_several_parameters_is_filled_in() -> None:
    _, (request,) = exported("""
paths:
  /r/{a}-{b}.csv:
    parameters: [{name: b, in: path, required: true, schema: {type: string}, example: "x y"}]
    get:
      parameters: [{name: a, in: path, required: true, schema: {type: integer}, example: 4}]
      responses: {"200": {description: good}}
""")

    assert request["url"]["path"] == ["r", "4-x%20y.csv"]
    assert request["url"]["variable"] == []


def test_a_parameter_of_an_operation_takes_the_place_of_its_paths() -> None:
    _, (request,) = exported("""
paths:
  /r:
    parameters: [{name: a, in: query, required: true, schema: {type: integer}, example: 1}]
    get:
      parameters: [{name: a, in: query, required: true, schema: {type: integer}, example: 2}]
      responses: {"200": {description: good}}
""")

    assert request["url"]["raw"] == "{{url}}/r?a=2"


def test_a_document_without_paths_is_an_empty_folder() -> None:
    assert collection({"a": {"openapi": "3.1.0"}}, [], {})["item"][0]["item"] == []


def test_secrets_of_the_environment_are_dots() -> None:
    values = environment("here", {"url": "https://x", "app_secret": "s"}, ["app_secret"])["values"]

    assert [(each["key"], each["type"]) for each in values] == [
        ("url", "default"),
        ("app_secret", "secret"),
    ]
