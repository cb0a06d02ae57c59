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
    folder = collection({"widgets": DOCUMENT}, [])["item"][0]
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

    folders = collection(documents, ["username"])["item"]

    assert folders[0]["name"] == "Token"
    names = {item["name"] for folder in folders[1:] for item in folder["item"]}
    assert names == {each.name for each in catalogue.operations}


def test_secrets_of_the_environment_are_dots() -> None:
    values = environment("here", {"url": "https://x", "app_secret": "s"}, ["app_secret"])["values"]

    assert [(each["key"], each["type"]) for each in values] == [
        ("url", "default"),
        ("app_secret", "secret"),
    ]
