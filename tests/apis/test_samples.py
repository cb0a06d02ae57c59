"""Values made from schemas are valid, and the same in each run."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_sei.apis import combining, plain, samples
from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample
from mock_sei.apis.schemas import Checker
from tests.cases import every_case

pytestmark = pytest.mark.long

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
    Count: {type: integer, minimum: 1}
    Sum:
      oneOf:
        - required: [plus]
          properties: {plus: {minItems: 2, items: {$ref: "#/components/schemas/Sum"}}}
        - {required: [of], properties: {of: {type: string}}, additionalProperties: false}
    Pair:
      type: object
      required: [left, right]
      properties:
        left: {$ref: "#/components/schemas/End"}
        right: {$ref: "#/components/schemas/End"}
    End: {anyOf: [{$ref: "#/components/schemas/Pair"}, {type: string}]}
    Loop: {allOf: [{$ref: "#/components/schemas/Loop"}, {type: integer}]}
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
    # Several schemas for one value
    "{allOf: [{required: [n]}, {type: object, properties: {n: {type: integer}}}]}",
    "{type: object, required: [a], properties: {a: {allOf: [{type: integer}, {minimum: 5}]}}}",
    '{$ref: "#/components/schemas/Node", required: [more], properties: {more: {type: integer}}}',
    '{$ref: "#/components/schemas/Count", minimum: 51, examples: [3, 55]}',
    "{allOf: [{properties: {a: {type: string}}}, {required: [a], properties: {a: {enum: [z]}}}]}",
    """{allOf: [{properties: {m: {properties: {x: {type: integer}}}}},
         {required: [m], properties: {m: {required: [y], properties: {y: {type: integer}}}}}]}""",
    """{allOf: [{properties: {a: {type: integer}}},
         {additionalProperties: false, properties: {a: {}, b: {type: integer}}}]}""",
    "{allOf: [{type: number}, {type: [integer, string]}], minimum: 3}",
    "{allOf: [{multipleOf: 4}, {multipleOf: 6}, {minimum: 1}]}",
    "{allOf: [{type: string, pattern: '^[ab]+$'}, {pattern: 'b', minLength: 4}]}",
    # One alternative of several
    "{type: object, properties: {a: {}, b: {}}, oneOf: [{required: [a]}, {required: [b]}]}",
    "{oneOf: [{properties: {a: {type: integer}}}, {properties: {b: {type: string}}}]}",
    """{oneOf: [{allOf: [{properties: {a: {type: integer}}}]},
         {allOf: [{properties: {b: {enum: [x]}}}]}]}""",
    "{type: string, format: date, pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'}",
    "{oneOf: [{type: integer}, {type: number, minimum: 0.5}]}",
    "{anyOf: [{required: [a]}, {required: [b]}], properties: {a: false}}",
    '{$ref: "#/components/schemas/Sum"}',
    '{$ref: "#/components/schemas/Pair"}',
    '{$ref: "#/components/schemas/Loop"}',
    # Conditions
    (
        "{required: [k], properties: {k: {enum: [a]}}, if: {properties: {k: {const: a}}}, then: "
        "{required: [w]}}"
    ),
    (
        "{properties: {k: {enum: [b]}}, required: [k], if: {properties: {k: {const: a}}, required: "
        "[k]}, else: {required: [v]}}"
    ),
    "{properties: {a: {type: integer}}, dependentRequired: {a: [b]}, required: [a]}",
    "{properties: {a: {type: integer}}, dependentSchemas: {a: {required: [b]}}}",
    "{properties: {a: {type: integer}, b: {type: integer}}, not: {required: [a, b]}}",
    "{type: string, not: {const: text}}",
    "{type: integer, not: {maximum: 3}}",
    # Members
    "{type: object, minProperties: 2, additionalProperties: {type: integer}}",
    "{type: object, maxProperties: 1, properties: {a: {}, b: {}}}",
    (
        "{minProperties: 1, patternProperties: {'^k_[a-z]+$': {type: integer}}, "
        "additionalProperties: false}"
    ),
    "{minProperties: 2, propertyNames: {pattern: '^[A-Z]{3}$'}}",
    "{minProperties: 1, propertyNames: {enum: [only]}}",
    (
        "{allOf: [{properties: {a: {type: integer}}}], properties: {b: {}}, "
        "unevaluatedProperties: false}"
    ),
    # Items
    "{type: array, contains: {type: integer, minimum: 5}}",
    "{type: array, items: {type: integer}, contains: {const: 9}, minContains: 2}",
    "{type: array, prefixItems: [{const: a}], items: {type: integer}, contains: {const: 9}}",
    "{minItems: 3, uniqueItems: true, items: {required: [n], properties: {n: {type: integer}}}}",
    "{minItems: 2, uniqueItems: true, items: {type: boolean}}",
    "{minItems: 3, uniqueItems: true, items: {type: integer, minimum: 1, maximum: 3}}",
    "{minItems: 3, uniqueItems: true, items: {type: string, format: date}}",
    "{minItems: 3, uniqueItems: true, items: {type: string, pattern: '^[a-c]$'}}",
    "{minItems: 30, uniqueItems: true, items: {type: string, maxLength: 2}}",
    "{type: array, minItems: 250, items: {type: integer}}",
    # Texts and numbers
    "{type: string, minLength: 20000}",
    "{type: string, format: uri, minLength: 40}",
    "{type: string, format: idn-email}",
    "{type: string, format: json-pointer}",
    "{type: string, format: relative-json-pointer}",
    "{type: string, pattern: '^[a-f0-9]{128}$'}",
    "{type: string, pattern: '^[A-Z]+$', minLength: 150, maxLength: 200}",
    "{type: string, pattern: '^[ -~]*$', minLength: 1, maxLength: 5}",
    "{type: string, pattern: '^(?=.*[0-9])(?=.*[a-z])[a-z0-9]{8,12}$'}",
    "{type: string, pattern: '^(?=.{20,30}$)[a-z]+$'}",
    "{type: string, pattern: '^(?:|[A-Z]{3})$', minLength: 3}",
    "{type: string, pattern: '^(?>ab|a)c$'}",
    "{type: string, pattern: '^a++b$'}",
    "{type: number, minimum: 0.07, multipleOf: 0.01}",
    "{type: number, multipleOf: 0.1, minimum: 0.3, maximum: 0.3}",
    "{type: number, exclusiveMinimum: 0, exclusiveMaximum: 0.001}",
    "{type: integer, minimum: 1.5}",
    "{type: integer, minimum: 9007199254740993}",
    "{type: number, minimum: 1.0e+300}",
    "{minimum: 3}",
    "{format: date-time}",
    # What a type or a text of a format cannot satisfy
    "{type: [string, 'null'], format: uuid, maxLength: 5}",
    "{type: [integer, array], minItems: 4, maxItems: 2}",
    "{type: [number, 'null'], minimum: 0, maximum: 0.2, exclusiveMinimum: 3}",
    "{type: [string, boolean], pattern: '^[A-Z]{3}$', format: time}",
    "{type: ['null', array], minItems: 2, maxItems: 1, items: {type: integer}}",
    "{type: [object, 'null'], required: [a, b], maxProperties: 1}",
    "{type: [object, 'null'], required: [a], additionalProperties: false}",
    "{type: object, properties: {a: {type: string, format: date, minLength: 11}, b: {const: 1}}}",
    "{type: object, properties: {a: {type: array, contains: {enum: []}}, b: {const: 1}}}",
    "{type: [boolean, 'null'], enum: [1, null], example: 1}",
    "{type: array, items: {type: boolean, enum: [1, false], const: 0}}",
    "{type: array, minItems: 3, items: {type: integer}, contains: {const: 7}, maxContains: 1}",
    "{type: array, minItems: 2, uniqueItems: true, items: {enum: [1, 1.0, 2]}}",
    "{type: string, pattern: a, minLength: 5, maxLength: 11}",
    "{type: array, minItems: 60, uniqueItems: true, items: {type: string, pattern: '^[a-z]{5}$'}}",
    "{type: string, format: byte, maxLength: 7}",
    "{type: string, format: byte, minLength: 11, maxLength: 12}",
    "{type: string, format: uri, maxLength: 12}",
    "{type: string, format: uri-reference, maxLength: 1}",
    "{type: string, format: email, maxLength: 6}",
    "{type: string, format: hostname, minLength: 100}",
    "{type: string, format: hostname, maxLength: 4}",
    "{type: string, format: date-time, minLength: 24, maxLength: 24}",
    "{type: string, format: time, minLength: 12}",
    "{type: string, format: duration, minLength: 8}",
    "{type: string, format: ipv4, maxLength: 8}",
    "{type: string, format: ipv6, maxLength: 3}",
    "{type: string, format: json-pointer, maxLength: 2}",
    "{type: string, format: relative-json-pointer, minLength: 6}",
    "{type: integer, format: int8, minimum: 100}",
    "{type: integer, format: uint8, maximum: 300}",
    "{type: [integer, 'null'], format: int8, minimum: 200}",
]


def make(text: str) -> tuple[Document, Any]:
    document = Document(source=Path("x.yaml"), content={**COMPONENTS, "x": yaml.safe_load(text)})
    return document, document.content["x"]


@every_case("text", SCHEMAS)
def test_a_value_fits_its_schema_and_is_the_same_again(text: str) -> None:
    document, schema = make(text)

    value = sample(schema, document).value

    assert document.checker(schema).is_valid(value), value
    assert sample(schema, make(text)[0]).value == value


@every_case(
    ("text", "value"),
    [
        ("{type: string, contentEncoding: base64}", "bW9jaw=="),
        ("{type: string, contentMediaType: application/json}", "{}"),
        (
            (
                "{type: string, contentMediaType: application/x+json, contentSchema: "
                "{required: [a], properties: {a: {type: integer}}}}"
            ),
            '{"a": 0}',
        ),
        ("{type: string, contentMediaType: application/json, maxLength: 1}", "t"),
        ("{type: string, contentMediaType: text/html}", "text"),
        ("{type: string, example: Rex, default: Max}", "Rex"),
        ("{type: string, default: Max, enum: [Max, Rex]}", "Max"),
        ("{type: integer, example: x}", 0),
        ("{type: string, examples: [1, one]}", "one"),
    ],
)
def test_what_the_schema_offers_comes_first_where_it_fits(text: str, value: object) -> None:
    assert sample(make(text)[1], make(text)[0]).value == value


@every_case(
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


def test_what_could_not_be_met_is_said_with_its_place() -> None:
    schema = "{required: [day], properties: {day: {type: string, format: date, minLength: 12}}}"
    document, found = make(schema)

    made = sample(found, document)

    assert made.value == {"day": "2026-01-31"}
    assert made.problems == ("day: '2026-01-31' is too short",)


def test_a_valid_value_has_no_problems() -> None:
    document, found = make("{type: integer, minimum: 4}")

    assert sample(found, document).problems == ()


TYPES = yaml.safe_load("""
components:
  schemas:
    Pet:
      type: object
      required: [kind]
      properties: {kind: {type: string}, name: {type: string}}
      discriminator: {propertyName: kind, mapping: {cat: "#/components/schemas/Cat"}}
    Cat:
      allOf:
        - $ref: "#/components/schemas/Pet"
        - {type: object, required: [lives], properties: {lives: {type: integer}}}
    Hen: {type: object, required: [sort], properties: {sort: {type: string}, eggs: {type: integer}}}
    Any:
      oneOf: [{$ref: "#/components/schemas/Hen"}, {$ref: "#/components/schemas/Cat"}]
      discriminator: {propertyName: sort}
""")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Pet", {"kind": "cat", "name": "text", "lives": 0}),
        ("Cat", {"kind": "cat", "name": "text", "lives": 0}),
        ("Any", {"sort": "Hen", "eggs": 0}),
    ],
)
def test_a_discriminator_names_the_type_that_was_made(name: str, value: object) -> None:
    document = Document(source=Path("x.yaml"), content=TYPES)

    assert sample({"$ref": f"#/components/schemas/{name}"}, document).value == value


@pytest.mark.parametrize("alternatives", [3, 8, 30])
def test_alternatives_that_all_contain_themselves_take_no_exponential_time(
    alternatives: int,
) -> None:
    base = {"type": "object", "required": ["sort"], "properties": {"sort": {"type": "string"}}}
    under = {
        "required": ["under"],
        "properties": {"under": {"$ref": "#/components/schemas/Zorb"}},
    }
    names = [f"Z{number}" for number in range(alternatives)]
    schemas: dict[str, Any] = {each: {"allOf": [base, under]} for each in names}
    listed = [base, base, *({"$ref": f"#/components/schemas/{each}"} for each in names)]
    schemas["Zorb"] = {"oneOf": listed}
    document = Document(source=Path("x.yaml"), content={"components": {"schemas": schemas}})
    checks = 0
    is_valid = Checker.is_valid

    def counted(self: Checker, *arguments: Any) -> bool:
        nonlocal checks
        checks += 1
        return is_valid(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checker, "is_valid", counted)
        made = sample({"$ref": "#/components/schemas/Zorb"}, document)

    assert made.value["sort"]
    assert checks < 1000


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_text_for_a_pattern_is_the_same_in_every_process(hash_seed: str) -> None:
    """The text also has no line breaks, which a path cannot contain."""
    pattern = "^[^a-c]{20}(x|y).*[\\\\w\\\\s]{9}$"
    program = f"from tests.apis.test_samples import of_pattern; print(of_pattern('{pattern}'))"

    printed = subprocess.run(  # a new interpreter, because each one orders sets differently
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
    return str(sample({"type": "string", "pattern": pattern}, document).value)


def test_a_wide_schema_stays_small() -> None:
    members = ", ".join(f'm{n}: {{$ref: "#/components/schemas/Wide"}}' for n in range(20))
    wide = yaml.safe_load(f"{{type: object, properties: {{{members}}}}}")
    document = Document(source=Path("x.yaml"), content={"components": {"schemas": {"Wide": wide}}})

    assert len(str(sample(wide, document).value)) < 1_000_000


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

    value = sample(schema, Document(source=Path("x.yaml"), content={})).value

    for _ in range(levels):
        value = value["in"]
    assert list(value) == names


def chained(levels: int) -> dict[str, Any]:
    """Nested objects. Each has twenty alternatives for the next one."""
    schemas: dict[str, Any] = {f"L{levels}": {"type": "integer"}}
    for level in range(levels):
        under = {"$ref": f"#/components/schemas/L{level + 1}"}
        alternatives = [
            {"required": [f"m{number}"], "properties": {f"m{number}": under}}
            for number in range(20)
        ]
        schemas[f"L{level}"] = {"type": "object", "oneOf": alternatives, "not": {"const": 5}}
    return schemas


def contradictory(groups: int) -> dict[str, Any]:
    """Alternatives that all contradict each other when combined."""
    choice = [{"type": "integer"}, {"type": "string"}, {"minimum": 4}]
    each = [{"anyOf": [*choice]} for _ in range(groups)]
    return {"L0": {"type": "object", "allOf": [*each, {"type": "boolean"}]}}


def endless(members: int) -> dict[str, Any]:
    """Objects that all require one another."""
    required = [f"m{number}" for number in range(members)]
    return {
        f"L{number}": {
            "required": required,
            "properties": {
                name: {"$ref": f"#/components/schemas/L{at}"} for at, name in enumerate(required)
            },
        }
        for number in range(members)
    }


@pytest.mark.slow
@every_case(
    "schemas",
    [chained(10), chained(50), contradictory(12), contradictory(200), endless(6), endless(12)],
    ids=["chain", "long chain", "contradictory", "more contradictory", "endless", "more endless"],
)
def test_the_work_for_one_value_is_bounded(schemas: dict[str, Any]) -> None:
    document = Document(source=Path("x.yaml"), content={"components": {"schemas": schemas}})
    work = 0
    put_together = plain.put_together

    def counted(*arguments: Any) -> plain.Plain:
        nonlocal work
        work += 1
        return put_together(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(combining, "put_together", counted)
        sample({"$ref": "#/components/schemas/L0"}, document)

    assert work < 20_000


def test_a_collection_of_garbage_takes_nothing_from_a_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It runs whenever enough was created, and may take longer than the limit for one value."""

    def take_long(*_: object) -> None:
        end = time.thread_time() + 0.005
        while time.thread_time() < end:
            pass

    names = [f"p{number}" for number in range(40)]
    properties = {name: {"type": "integer", "minimum": 5} for name in names}
    schema = {"type": "object", "required": names, "properties": properties}
    document = Document(source=Path("x.yaml"), content={})
    before = gc.get_threshold()
    monkeypatch.setattr(samples, "_MOST_SECONDS", 0.1)
    gc.callbacks.append(take_long)
    gc.set_threshold(20)
    try:
        made = sample(schema, document)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(take_long)

    assert made.problems == ()
    assert made.value == dict.fromkeys(names, 5)


@pytest.mark.parametrize(
    "schema",
    [
        {"required": ["a"], "dependentRequired": {"a": [7, "b"]}},
        {"required": ["a"], "allOf": [{"required": [7]}]},
    ],
)
def test_what_is_no_name_is_no_member_that_is_required(schema: Any) -> None:
    """Documents have other values there too."""
    whole = {"type": "object", "properties": {"b": {"type": "string"}}, **schema}
    value = sample(whole, Document(source=Path("own.yaml"), content={})).value
    assert all(isinstance(name, str) for name in value)
    assert "a" in value
