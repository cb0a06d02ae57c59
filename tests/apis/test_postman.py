"""The Postman collection: parameters and bodies of documents, references followed."""

from __future__ import annotations

import json
from typing import Any

import yaml

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.postman import collection, environment
from mock_sei.fixtures import load_fixtures

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


def test_every_bundled_operation_is_a_request() -> None:
    catalogue = Catalogue(load_fixtures().documents)
    documents = {each.name: each.content for each in catalogue.products.values()}

    folders = collection(documents, ["username"], {})["item"]

    assert folders[0]["name"] == "Token"
    names = {item["name"] for folder in folders[1:] for item in folder["item"]}
    assert names == {each.name for each in catalogue.operations}


def test_secrets_of_the_environment_are_dots() -> None:
    values = environment("here", {"url": "https://x", "app_secret": "s"}, ["app_secret"])["values"]

    assert [(each["key"], each["type"]) for each in values] == [
        ("url", "default"),
        ("app_secret", "secret"),
    ]
