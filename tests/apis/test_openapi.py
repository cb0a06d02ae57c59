"""Which parts of a document are schemas, names and values; OpenAPI 3.0 read as 3.1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_sei.apis.grammar import ObjectKind, place_of, references
from mock_sei.apis.openapi import DEEPEST_DOCUMENT, modern
from mock_sei.errors import ConfigurationError
from tests.cases import every_case


def turned(schema: str, version: str = "3.0.3") -> Any:
    schemas = {"X": yaml.safe_load(schema)}
    content = {"openapi": version, "components": {"schemas": schemas}, "x-y": {}}
    return modern(content, Path("x.yaml")).content["components"]["schemas"]["X"]


@every_case(
    ("old", "new"),
    [
        ("{type: string, nullable: true}", '{type: [string, "null"]}'),
        ("{type: string, nullable: false}", "{type: string}"),
        ("{type: string, nullable: true, enum: [a]}", '{type: [string, "null"], enum: [a, null]}'),
        ("{allOf: [{}], nullable: true}", '{anyOf: [{allOf: [{}]}, {type: "null"}]}'),
        ("{minimum: 1, exclusiveMinimum: true}", "{exclusiveMinimum: 1}"),
        ("{maximum: 1, exclusiveMaximum: false}", "{maximum: 1}"),
        (
            '{$ref: "#/x-y", nullable: true, minLength: 1}',
            '{anyOf: [{$ref: "#/x-y"}, {type: "null"}]}',
        ),
        ('{$ref: "#/x-y", minLength: 1}', '{$ref: "#/x-y"}'),
        ("{pattern: '^\\p{L}$'}", "{pattern: '^\\p{L}$'}"),
        ("{pattern: 'a{99999999999}'}", "{}"),
        ("{pattern: '^a$'}", "{pattern: '^a$'}"),
        # Names and values do not change
        (
            "{properties: {nullable: {type: boolean}, default: {nullable: true}}}",
            '{properties: {nullable: {type: boolean}, default: {anyOf: [{}, {type: "null"}]}}}',
        ),
        ("{example: {nullable: true, pattern: '['}}", "{example: {nullable: true, pattern: '['}}"),
        ("{enum: [{pattern: '['}]}", "{enum: [{pattern: '['}]}"),
    ],
)
def test_a_schema_of_3_0_becomes_one_of_3_1(old: str, new: str) -> None:
    assert turned(old) == yaml.safe_load(new)


def test_a_schema_of_3_1_keeps_its_keys() -> None:
    schema = '{$ref: "#/x-y", nullable: true, exclusiveMinimum: 1}'

    assert turned(schema, "3.1.0") == yaml.safe_load(schema)


def test_a_status_that_yaml_reads_as_a_number_is_text() -> None:
    content = yaml.safe_load("openapi: 3.1.0\npaths: {/x: {get: {responses: {200: {}}}}}")

    turned = modern(content, Path("x.yaml")).content
    assert list(turned["paths"]["/x"]["get"]["responses"]) == ["200"]


@every_case(
    ("content", "line"),
    [
        ("{swagger: '1.2'}", "swagger = '1.2': only Swagger 2.0 and OpenAPI 3.0, 3.1, 3.2 are"),
        ("{openapi: 4.0.0}", "openapi = '4.0.0': only"),
        ("{openapi: 3.3.0}", "openapi = '3.3.0': only"),
        ("{}", "openapi = 'none': only"),
    ],
)
def test_another_version_is_told(content: str, line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        modern(yaml.safe_load(content), Path("x.yaml"))

    assert str(caught.value).startswith(f"x.yaml: {line}")


@every_case(
    ("schema", "line"),
    [
        ("{type: file}", ".type = 'file': must be one of array, boolean"),
        ("{type: [string, any]}", ".type = 'any': must be one of"),
        ("{required: true}", ".required = true: must be a list of names"),
        ("{required: [{}]}", ".required: must be a list of names"),
        ("{format: []}", ".format: must be a text"),
        ("{$ref: 1}", ".$ref = 1: must be a text"),
        ("{properties: {a: {items: [x]}}}", ".properties.a.items: must be a schema"),
        ("{properties: {a: string}}", ".properties.a = 'string': must be a schema"),
        ("{dependentRequired: {a: b}}", ".dependentRequired.a = 'b': must be a list of names"),
        ("{allOf: [{}, string]}", ".allOf: must be a list of schemas"),
        ("{properties: []}", ".properties: must be a mapping of names to schemas"),
        ("{allOf: {}}", ".allOf: must be a list of schemas"),
        ("{minLength: '1'}", ".minLength = '1': must be a whole number"),
        ("{maxItems: true}", ".maxItems = true: must be a whole number"),
        ("{enum: a}", ".enum = 'a': must be a list of values"),
        ("{minimum: x}", ".minimum = 'x': must be a number"),
        ("{multipleOf: 0}", ".multipleOf = 0: must be above 0"),
        ("{pattern: 1}", ".pattern = 1: must be a regular expression"),
    ],
)
def test_a_schema_that_is_none_is_told_with_its_place(schema: str, line: str) -> None:
    content = {"openapi": "3.1.0", "components": {"schemas": {"X": yaml.safe_load(schema)}}}
    first = modern(content, Path("x.yaml")).wrong[0]

    assert str(first.error).startswith(f"x.yaml: components.schemas.X{line}")


def test_a_document_that_contains_itself_is_told() -> None:
    content = yaml.safe_load("openapi: 3.1.0\npaths: &a {x: *a}")

    (wrong,) = modern(content, Path("x.yaml")).wrong
    assert f"more than {DEEPEST_DOCUMENT} levels" in str(wrong.error)


def test_references_are_found_where_they_are_references() -> None:
    content = yaml.safe_load("""
paths:
  /x:
    $ref: "#/1"
    get:
      parameters: [{$ref: "#/2"}]
      responses:
        default: {$ref: "#/3"}
        "200":
          content:
            application/json:
              schema: {properties: {$ref: {type: string}, default: {$ref: "#/4"}}}
              example: {$ref: not one}
              examples: {one: {$ref: "#/5"}, two: {value: {$ref: not one}}}
components:
  schemas:
    X: {examples: [{$ref: not one}], const: {$ref: not one}, items: {$ref: "#/6"}}
  x-own: {$ref: not one}
""")

    assert sorted(reference for _, reference, _ in references(content)) == [
        f"#/{number}" for number in range(1, 7)
    ]
    found = {(place_of(pointer), to, kind) for pointer, to, kind in references(content)}
    assert ("paths[/x].get.parameters[0]", "#/2", ObjectKind.PARAMETER) in found
