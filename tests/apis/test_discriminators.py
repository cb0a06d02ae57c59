"""Discriminators: the schema that a value names applies to the value."""

# ruff: noqa: E501  # documents in YAML
from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import JSON, Engine, document
from tests.cases import every_case

PET = "{$ref: '#/components/schemas/Pet'}"
BOTH = f"post: {{requestBody: {{content: {{application/json: {{schema: {PET}}}}}}}, responses: {{'200': {{description: ok, content: {{application/json: {{schema: {PET}}}}}}}}}}}"
UNION = f"""
paths: {{/v1/widgets: {{{BOTH}}}}}
components:
  schemas:
    Pet: {{UNION: [{{$ref: '#/components/schemas/Cat'}}, {{$ref: '#/components/schemas/Dog'}}], discriminator: {{propertyName: kind, MAPPING}}}}
    Cat: {{type: object, required: [kind], properties: {{kind: {{type: string}}, lives: {{type: integer}}}}}}
    Dog: {{type: object, required: [kind, bark], properties: {{kind: {{type: string}}, bark: {{type: string}}}}}}
"""
BELOW = f"""
paths:
  /v1/widgets: {{{BOTH}}}
  /lions: {{{BOTH.replace("Pet", "Lion")}}}
  /many: {{{BOTH.replace(PET, f"{{type: array, items: {PET}}}")}}}
components:
  schemas:
    Pet: {{type: object, required: [kind], properties: {{kind: {{type: string}}, friend: {PET}}}, discriminator: {{propertyName: kind, MAPPING}}}}
    Cat: {{allOf: [{PET}, {{type: object, required: [lives], properties: {{lives: {{type: integer}}}}}}]}}
    Lion: {{allOf: [{{$ref: '#/components/schemas/Cat'}}, {{required: [mane], properties: {{mane: {{type: boolean}}}}}}]}}
    Dog: {{allOf: [{PET}, {{type: object, required: [bark], properties: {{bark: {{type: string}}}}}}]}}
"""
VERSIONS = pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])


def union(mapping: str = "", *, version: str = "3.0.3", keyword: str = "oneOf") -> Engine:
    text = UNION.replace("UNION", keyword).replace(", MAPPING", mapping and f", {mapping}")
    return Engine.brought(text, version=version)


def below(mapping: str = "", *, version: str = "3.0.3") -> Engine:
    return Engine.brought(BELOW.replace(", MAPPING", mapping and f", {mapping}"), version=version)


def faults(engine: Engine, value: Any, target: str = "/v1/widgets") -> list[tuple[str, str]]:
    found = engine.faults(target, method="POST", body=json.dumps(value), headers=JSON)
    return [(each.field, each.reason) for each in found]


@VERSIONS
def test_a_value_that_fits_several_alternatives_is_of_the_one_that_it_names(version: str) -> None:
    assert union(version=version).post('{"kind": "Dog", "bark": "w"}').status == 200


@VERSIONS
@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_a_value_is_judged_by_the_schema_that_it_names(version: str, keyword: str) -> None:
    engine = union(version=version, keyword=keyword)

    assert faults(engine, {"kind": "Dog"}) == [("bark", "required and missing")]


@pytest.mark.parametrize(
    "mapping",
    [
        "mapping: {cat: Cat, dog: Dog}",
        "mapping: {cat: '#/components/schemas/Cat', dog: '#/components/schemas/Dog'}",
    ],
)
@pytest.mark.parametrize("name", ["dog", "Dog"])
def test_names_of_the_mapping_and_of_the_schemas_are_known(mapping: str, name: str) -> None:
    engine = union(mapping)

    assert faults(engine, {"kind": name}) == [("bark", "required and missing")]
    assert engine.post(json.dumps({"kind": name, "bark": "w"})).body["kind"] == "cat"


def test_a_name_that_is_not_known_is_refused_only_where_the_document_refuses_the_value() -> None:
    engine = union("mapping: {cat: Cat, dog: Dog}")

    assert engine.post('{"kind": "cow"}').status == 200
    assert faults(engine, {"kind": "cow", "lives": "x"}) == [
        ("kind", "'cow' is not the name of a schema; the names are cat, dog, Cat, Dog")
    ]
    assert faults(engine, {"bark": "w"}) == [
        ("kind", "required and missing; it says which schema applies: cat, dog, Cat, Dog")
    ]


@VERSIONS
@pytest.mark.parametrize(
    ("mapping", "cat", "lion"),
    [("", "Cat", "Lion"), ("mapping: {cat: Cat, lion: Lion}", "cat", "lion")],
)
def test_types_below_a_base_are_followed(version: str, mapping: str, cat: str, lion: str) -> None:
    engine = below(mapping, version=version)

    assert engine.post(json.dumps({"kind": lion, "lives": 1, "mane": True})).body["kind"] == cat
    assert faults(engine, {"kind": lion, "lives": 1}) == [("mane", "required and missing")]
    assert faults(engine, [{"kind": cat, "lives": 1}, {"kind": cat}], "/many") == [
        ("1.lives", "required and missing")
    ]
    assert faults(engine, {"kind": "x", "friend": {"kind": cat}}) == [
        ("friend.lives", "required and missing")
    ]
    assert engine.post('{"kind": "cow"}').status == 200
    made = engine.post(json.dumps({"kind": lion, "lives": 1, "mane": True}), "/lions").body
    assert (made["kind"], made["friend"]["kind"]) == (lion, cat)
    assert engine.findings.notes == []


def test_a_discriminator_of_swagger_is_a_text() -> None:
    content = {
        "swagger": "2.0",
        "paths": {
            "/v1/widgets": {
                "post": {
                    "parameters": [
                        {"name": "b", "in": "body", "schema": {"$ref": "#/definitions/Pet"}}
                    ],
                    "responses": {
                        "200": {"description": "ok", "schema": {"$ref": "#/definitions/Pet"}}
                    },
                }
            }
        },
        "definitions": {
            "Pet": {
                "type": "object",
                "discriminator": "kind",
                "required": ["kind"],
                "properties": {"kind": {"type": "string"}},
            },
            "Cat": {
                "allOf": [
                    {"$ref": "#/definitions/Pet"},
                    {"required": ["lives"], "properties": {"lives": {"type": "integer"}}},
                ]
            },
        },
    }
    engine = Engine.of("paths: {}")
    file = document("paths: {}")
    engine.catalogue = Catalogue((), [type(file)(content=content)])

    assert engine.post('{"kind": "Cat", "lives": 9}').body == {"kind": "Cat", "lives": 0}
    assert faults(engine, {"kind": "Cat"}) == [("lives", "required and missing")]


@every_case(
    ("discriminator", "told"),
    [
        ("kind", "discriminator: must be a mapping with a propertyName"),
        ("{mapping: {a: Cat}}", "discriminator: must be a mapping with a propertyName"),
        (
            "{propertyName: kind, mapping: [Cat]}",
            "discriminator.mapping: must be a mapping of names to references",
        ),
        ("{propertyName: kind, mapping: {a: 5}}", "discriminator.mapping.a: must be a reference"),
        (
            "{propertyName: kind, mapping: {a: Cow}}",
            "discriminator.mapping.a = 'Cow': leads nowhere",
        ),
        (
            "{propertyName: kind, mapping: {a: '#/components/schemas/Cow'}}",
            "discriminator.mapping.a = '#/components/schemas/Cow': leads nowhere",
        ),
        (
            "{propertyName: kind, mapping: {a: 'https://api.invalid/cow.json'}}",
            "discriminator.mapping.a = 'https://api.invalid/cow.json': leads nowhere",
        ),
    ],
)
def test_a_discriminator_that_is_wrong_is_reported_and_costs_nothing(
    discriminator: str, told: str
) -> None:
    text = UNION.replace("UNION", "oneOf").replace(
        "discriminator: {propertyName: kind, MAPPING}", f"discriminator: {discriminator}"
    )
    engine = Engine.of("paths: {}")
    engine.catalogue = Catalogue((), [document(text)])

    (cost,) = engine.catalogue.costs
    assert told in cost.sentence
    assert cost.sentence.endswith("; no operation is left out")
    assert engine.post('{"kind": "Cat", "lives": 1}').status == 200


def test_a_mapping_may_lead_to_other_files(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(
        f"openapi: 3.1.0\npaths: {{/v1/widgets: {{{BOTH}}}}}\ncomponents: {{schemas: {{Pet: {{$ref: 'pets/pet.yaml'}}}}}}"
    )
    (tmp_path / "pets").mkdir()
    (tmp_path / "pets" / "pet.yaml").write_text(
        "{oneOf: [{$ref: cat.yaml}, {$ref: dog.yaml}], discriminator: {propertyName: kind, mapping: {c: cat.yaml, d: ./dog.yaml}}}"
    )
    for name in ("cat", "dog"):
        (tmp_path / "pets" / f"{name}.yaml").write_text(
            f"{{type: object, required: [kind, {name}s], properties: {{kind: {{type: string}}}}}}"
        )
    engine = Engine.of("paths: {}")
    engine.catalogue = Catalogue((), load_fixtures(apis=tmp_path).brought)

    assert engine.catalogue.problems == []
    assert faults(engine, {"kind": "d", "cats": 1}) == [("dogs", "required and missing")]
    assert engine.post('{"kind": "d", "dogs": 1}').body["kind"] == "c"


@pytest.mark.long
def test_bases_that_lead_to_one_another_are_read_within_a_bound() -> None:
    """Each of thirty base types may choose every other one, in any order."""
    names = [f"B{each}" for each in range(30)]
    mapping = ", ".join(f"{each}: {each}" for each in names)
    schemas = "".join(
        f"    {each}: {{type: object, discriminator: {{propertyName: p{each}, mapping: {{{mapping}}}}}}}\n"
        for each in names
    )
    text = f"paths: {{/v1/widgets: {{{BOTH.replace('Pet', 'B0')}}}}}\ncomponents:\n  schemas:\n{schemas}"
    engine = Engine.brought(text)
    began = time.thread_time()

    assert engine.post("{}").status == 200
    assert time.thread_time() - began < 10


def test_a_union_that_may_be_null_is_followed_too() -> None:
    text = UNION.replace("UNION", "oneOf").replace(", MAPPING", "")
    engine = Engine.brought(text.replace("Pet: {", "Pet: {nullable: true, "), version="3.0.3")

    assert engine.post("null").status == 200
    assert engine.post('{"kind": "Dog", "bark": "w"}').status == 200
    assert "bark" in str(faults(engine, {"kind": "Dog"}))
