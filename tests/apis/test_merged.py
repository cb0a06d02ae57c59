"""One document of all products: every reference in it leads somewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.grammar import references
from mock_sei.apis.merged import merged
from mock_sei.apis.openapi import modern
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import document
from tests.cases import every_case

ONE = """
security: [{key: []}]
paths:
  /v1/a/{id}:
    parameters: [{$ref: "#/components/parameters/Id"}]
    get:
      operationId: read
      tags: [own]
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
    delete: {operationId: remove, security: []}
components:
  parameters: {Id: {name: id, in: path, schema: {$ref: "#/components/schemas/Thing"}}}
  schemas: {Thing: {type: string}}
  securitySchemes: {key: {type: apiKey, in: header, name: AppKey}}
"""
OTHER = """
paths:
  /v1/a/{id}: {put: {parameters: [{name: id, in: path}]}}
  /v1/b:
    get:
      operationId: read
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
components:
  schemas:
    Thing:
      oneOf: [{$ref: "#/components/schemas/Cat"}]
      discriminator: {propertyName: kind, mapping: {cat: "#/components/schemas/Cat"}}
    Cat: {type: object}
"""


def merge(*documents: Any) -> dict[str, Any]:
    return merged(Catalogue(documents).products.values(), title="All", version="1")


def check_references(content: dict[str, Any]) -> None:
    assert modern(content, Path("merged")).wrong == []


def test_components_of_one_name_stay_apart() -> None:
    content = merge(document(ONE, product="one"), document(OTHER, product="other"))

    check_references(content)
    schemas = content["components"]["schemas"]
    assert schemas["one.Thing"] == {"type": "string"}
    assert schemas["other.Thing"]["oneOf"] == [{"$ref": "#/components/schemas/other.Cat"}]
    assert schemas["other.Thing"]["discriminator"]["mapping"] == {
        "cat": "#/components/schemas/other.Cat",
        "Cat": "#/components/schemas/other.Cat",
    }
    responses = content["paths"]["/v1/b"]["get"]["responses"]["200"]
    assert responses["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/other.Thing"
    }


@every_case("value", [1, "x", [], [1], None, {"A": 1}])
@every_case("name", ["$id", "things", "x-one"])
def test_a_component_of_no_known_kind_may_be_anything(name: str, value: Any) -> None:
    own = document(ONE, product="one")
    own.content["components"][name] = value

    content = merge(own)

    check_references(content)
    assert "one.Thing" in content["components"]["schemas"]


def test_a_path_is_the_first_products_whole() -> None:
    content = merge(document(ONE, product="one"), document(OTHER, product="other"))

    item = content["paths"]["/v1/a/{id}"]
    assert item.keys() == {"parameters", "get", "delete"}
    assert item["parameters"] == [{"$ref": "#/components/parameters/one.Id"}]


def test_identifiers_are_unique_and_security_names_its_own_scheme() -> None:
    content = merge(document(ONE, product="one"), document(OTHER, product="other"))

    paths = content["paths"]
    assert paths["/v1/a/{id}"]["get"]["operationId"] == "read"
    assert paths["/v1/b"]["get"]["operationId"] == "other.read"
    assert paths["/v1/a/{id}"]["get"]["security"] == [{"one.key": []}]
    assert paths["/v1/a/{id}"]["delete"]["security"] == []
    assert "security" not in paths["/v1/b"]["get"]
    assert paths["/v1/b"]["get"]["tags"] == ["other"]


@pytest.mark.long
def test_the_merged_document_of_the_bundled_products_is_whole() -> None:
    catalogue = Catalogue(load_fixtures().documents)

    content = merged(catalogue.products.values(), title="All", version="1")

    check_references(content)
    assert list(references(content))
    assert content["paths"].keys() == {each.path for each in catalogue.operations}
