"""Values made from schemas: valid, and the same every time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample

COMPONENTS = yaml.safe_load("""
components:
  schemas:
    Node:
      type: object
      required: [id]
      properties: {id: {type: integer}, next: {$ref: "#/components/schemas/Node"}}
    Name: {type: string, minLength: 3}
    Endless:
      type: object
      required: [again]
      properties: {again: {$ref: "#/components/schemas/Endless"}}
    Cat: {type: object, required: [meows], properties: {meows: {type: boolean}}}
    Dog: {type: object, required: [barks], properties: {barks: {type: boolean}}}
""")

SCHEMAS = [
    "{type: string}",
    "{type: string, minLength: 20}",
    "{type: string, maxLength: 2}",
    "{type: string, format: date}",
    "{type: string, format: date-time}",
    "{type: string, format: uuid}",
    "{type: string, format: email}",
    "{type: string, format: ipv6}",
    "{type: string, pattern: '^[A-Z]{3}-[0-9]{4}$'}",
    "{type: string, pattern: '^[a-z]+$', minLength: 5, maxLength: 8}",
    "{type: integer}",
    "{type: integer, minimum: 5}",
    "{type: integer, exclusiveMinimum: 5, multipleOf: 3}",
    "{type: integer, maximum: -5}",
    "{type: integer, exclusiveMaximum: 0}",
    "{type: integer, minimum: 2, maximum: 2}",
    "{type: number, exclusiveMinimum: 0, exclusiveMaximum: 1}",
    "{type: number, minimum: 0.5, maximum: 0.75}",
    "{type: number, multipleOf: 0.5, minimum: 0.7}",
    "{type: boolean}",
    '{type: "null"}',
    '{type: ["null", integer], minimum: 3}',
    "{enum: [a, 1]}",
    "{type: integer, enum: [a, 1]}",
    "{const: {a: 1}}",
    "{type: integer, example: wrong, default: 4}",
    "{type: array, items: {type: integer}}",
    "{type: array, minItems: 3, items: {type: string}}",
    "{type: array, minItems: 3, uniqueItems: true, items: {type: string}}",
    "{type: array, minItems: 2, uniqueItems: true, items: {type: integer, minimum: 1}}",
    "{type: array, minItems: 2, uniqueItems: true, items: {enum: [a, b, c]}}",
    "{type: array, maxItems: 0, items: {type: integer}}",
    "{type: array, prefixItems: [{type: integer}, {type: string}], minItems: 3, items: {const: x}}",
    "{type: object, required: [a, b], properties: {a: {type: integer}}}",
    "{required: [a]}",
    "{type: object, required: [x], additionalProperties: {type: integer}}",
    '{allOf: [{$ref: "#/components/schemas/Node"}, {required: [n], properties: {n: {const: 1}}}]}',
    '{oneOf: [{$ref: "#/components/schemas/Cat"}, {$ref: "#/components/schemas/Dog"}]}',
    '{anyOf: [{type: "null"}, {type: integer}], minimum: 7}',
    '{$ref: "#/components/schemas/Name"}',
    '{type: object, properties: {node: {$ref: "#/components/schemas/Node"}}}',
    "{}",
    "true",
]


def make(text: str) -> tuple[Document, Any]:
    document = Document(source=Path("x.yaml"), content={**COMPONENTS, "x": yaml.safe_load(text)})
    return document, document.content["x"]


@pytest.mark.parametrize("text", SCHEMAS)
def test_a_value_fits_its_schema_and_is_the_same_again(text: str) -> None:
    document, schema = make(text)

    value = sample(schema, document)

    assert document.checker(schema).is_valid(value), value
    assert sample(schema, make(text)[0]) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{type: string, example: Rex, default: Max}", "Rex"),
        ("{type: string, default: Max, enum: [Max, Rex]}", "Max"),
        ("{type: integer, example: x}", 0),
        ("{type: string, examples: [1, one]}", "one"),
    ],
)
def test_what_the_schema_offers_comes_first_where_it_fits(text: str, value: object) -> None:
    assert sample(make(text)[1], make(text)[0]) == value


@pytest.mark.parametrize(
    "text",
    [
        '{$ref: "#/components/schemas/Endless"}',
        "{type: string, minLength: 5, maxLength: 2}",
        "{type: integer, minimum: 5, maximum: 2}",
        "{not: {}}",
        "false",
        "{type: string, pattern: '^(a|b)$', minLength: 50}",
        "{type: array, minItems: 1000000000, items: {type: integer}}",
        "{type: string, minLength: 1000000000}",
    ],
)
def test_a_schema_that_nothing_fits_ends_all_the_same(text: str) -> None:
    document, schema = make(text)

    sample(schema, document)


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_text_for_a_pattern_is_the_same_in_every_process(hash_seed: str) -> None:
    """And without line breaks, which a path cannot hold."""
    pattern = "^[^a-c]{20}(x|y).*[\\\\w\\\\s]{9}$"
    program = f"from tests.apis.test_samples import of_pattern; print(of_pattern('{pattern}'))"

    printed = subprocess.run(  # a fresh interpreter: the order of a set is another in each
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )

    assert printed.stdout == f"{of_pattern(pattern.replace(chr(92) * 2, chr(92)))}\n"
    assert printed.stdout.strip().isprintable()


def of_pattern(pattern: str) -> str:
    document = Document(source=Path("x.yaml"), content={})
    return str(sample({"type": "string", "pattern": pattern}, document))


def test_a_wide_schema_stays_small() -> None:
    members = ", ".join(f'm{n}: {{$ref: "#/components/schemas/Wide"}}' for n in range(20))
    wide = yaml.safe_load(f"{{type: object, properties: {{{members}}}}}")
    document = Document(source=Path("x.yaml"), content={"components": {"schemas": {"Wide": wide}}})

    assert len(str(sample(wide, document))) < 1_000_000


@pytest.mark.parametrize("levels", [0, 5, 12])
def test_every_required_member_is_there_however_deep_an_object_stands(levels: int) -> None:
    names = [f"member{number}" for number in range(30)]
    schema: dict[str, Any] = {
        "type": "object",
        "required": names,
        "properties": {name: {"type": "string"} for name in names},
    }
    for _ in range(levels):
        schema = {"type": "object", "required": ["in"], "properties": {"in": schema}}

    value = sample(schema, Document(source=Path("x.yaml"), content={}))

    for _ in range(levels):
        value = value["in"]
    assert list(value) == names
