"""Requests need no ``readOnly`` members, and answers have no ``writeOnly`` members."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis import directions
from mock_sei.apis.directions import for_answers
from mock_sei.apis.grammar import FieldShape, ObjectKind, field_of
from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample
from tests.apis.engine import JSON, Engine
from tests.cases import every_case

pytestmark = pytest.mark.long

GROMP = """
    Gromp:
      type: object
      required: [id, name, secret]
      properties:
        id: {type: integer, readOnly: true}
        name: {type: string}
        secret: {type: string, writeOnly: true}
"""
SHAPES = {
    "itself": ("{$ref: '#/components/schemas/Gromp'}", None),
    "in a member": (
        "{type: object, required: [in], properties: {in: {$ref: '#/components/schemas/Gromp'}}}",
        "in",
    ),
    "in allOf": (
        "{allOf: [{$ref: '#/components/schemas/Gromp'}, {properties: {hue: {type: string}}}]}",
        None,
    ),
    "required beside": (
        "{required: [id, secret], allOf: [{$ref: '#/components/schemas/Gromp'}]}",
        None,
    ),
    "required elsewhere": (
        "{allOf: [{$ref: '#/components/schemas/Asks'}, {$ref: '#/components/schemas/Gromp'}]}",
        None,
    ),
}


def engine_of(schema: str, version: str, *, asks: str = "application/json") -> Engine:
    return Engine.brought(
        f"""
paths:
  /x:
    post:
      requestBody: {{required: true, content: {{{asks}: {{schema: {schema}}}}}}}
      responses:
        '201': {{description: made, content: {{application/json: {{schema: {schema}}}}}}}
components:
  schemas:
    Asks: {{type: object, required: [id, secret]}}
{GROMP}
""",
        version=version,
    )


@every_case("version", ["3.0.3", "3.1.0"])
@every_case(("schema", "member"), SHAPES.values(), ids=SHAPES)
def test_each_direction_has_its_own_required_members(
    schema: str, member: str | None, version: str
) -> None:
    engine = engine_of(schema, version)

    def sent(value: dict[str, Any]) -> str:
        return json.dumps(value if member is None else {member: value})

    answer = engine.call("/x", method="POST", headers=JSON, body=sent({"name": "a", "secret": "b"}))
    made = answer.body if member is None else answer.body[member]
    assert answer.status == 201
    assert "secret" not in made
    assert "id" in made

    assert engine.faults("/x", method="POST", headers=JSON, body=sent({"name": "a"}))
    wrong = {"name": "a", "secret": "b", "id": "text"}
    assert engine.faults("/x", method="POST", headers=JSON, body=sent(wrong))


def test_a_member_that_is_read_only_by_reference_is_not_asked_for() -> None:
    engine = Engine.brought("""
paths:
  /x:
    post:
      requestBody:
        content:
          application/json:
            schema:
              type: object
              required: [id, kind]
              properties:
                id: {$ref: '#/components/schemas/Id'}
                kind: {allOf: [{$ref: '#/components/schemas/Id'}]}
      responses: {'200': {description: ok}}
components: {schemas: {Id: {type: integer, readOnly: true}}}
""")

    assert engine.call("/x", method="POST", headers=JSON, body="{}").status == 200


def test_a_schema_that_refers_to_itself_has_a_direction_at_every_level() -> None:
    engine = Engine.brought("""
paths:
  /x:
    post:
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Node'}}}}
      responses: {'200': {description: ok}}
components:
  schemas:
    Node:
      type: object
      required: [id]
      properties:
        id: {type: integer, readOnly: true}
        kids: {type: array, items: {$ref: '#/components/schemas/Node'}}
""")

    body = json.dumps({"kids": [{"kids": [{}]}]})
    assert engine.call("/x", method="POST", headers=JSON, body=body).status == 200
    assert engine.faults("/x", method="POST", headers=JSON, body='{"kids": [{"id": "a"}]}')


@pytest.mark.parametrize(
    "body",
    ["in[name]=c&in[secret]=d", "in=%7B%22name%22:%22c%22,%22secret%22:%22d%22%7D"],
)
def test_a_form_needs_no_read_only_member_either(body: str) -> None:
    form = "application/x-www-form-urlencoded"
    schema, _ = SHAPES["in a member"]
    engine = engine_of(schema, "3.1.0", asks=form)

    answer = engine.call("/x", method="POST", body=body, headers={"content-type": form})
    assert answer.status == 201


@every_case(
    ("schema", "body"),
    [
        (
            (
                "{required: [k, pw], properties: {k: {const: x}}, if: {properties: {k: {const: x}}}"
                ", then: {properties: {pw: {type: string, writeOnly: true}}}}"
            ),
            {"k": "x"},
        ),
        (
            (
                "{required: [a, pw], properties: {a: {type: integer}}, dependentSchemas:"
                " {a: {properties: {pw: {type: string, writeOnly: true}}}}}"
            ),
            {"a": 0},
        ),
        (
            (
                "{properties: {a: {type: integer}, pw: {type: string, writeOnly: true}},"
                " dependentRequired: {a: [pw]}}"
            ),
            {"a": 0},
        ),
        (
            (
                "{type: array, prefixItems: [{required: [pw], properties:"
                " {pw: {type: string, writeOnly: true}, a: {type: integer}}}]}"
            ),
            [{"a": 0}],
        ),
    ],
)
def test_a_write_only_member_is_answered_by_no_keyword(schema: str, body: object) -> None:
    engine = Engine.brought(f"""
paths:
  /x:
    get:
      responses:
        '200': {{description: ok, content: {{application/json: {{schema: {schema}}}}}}}
""")

    assert (engine.call("/x").body, engine.findings.notes) == (body, [])


def test_members_that_records_have_are_answered_as_they_are() -> None:
    engine = Engine.brought("""
paths:
  /x:
    get:
      responses:
        '200':
          description: ok
          content: {application/json: {schema: {type: array, items: {properties:
            {secret: {type: string, writeOnly: true}}}}}}
""")
    engine.state.collections.add("/x", [{"secret": "mine"}])

    assert engine.call("/x").body == [{"secret": "mine"}]


@pytest.mark.slow
def test_schemas_that_lead_twice_to_one_another_are_read_once_each() -> None:
    twice = {
        f"L{at}": {
            "allOf": [{"$ref": f"#/components/schemas/L{at + 1}"}] * 2,
            "properties": {f"m{at}": {"type": "string", "writeOnly": True}},
        }
        for at in range(24)
    }
    content = {"components": {"schemas": {**twice, "L24": {"required": ["m0"]}}}}
    document = Document(source=Path("x.yaml"), content=content)
    read = 0

    def counted(kind: ObjectKind, key: str) -> tuple[FieldShape, ObjectKind]:
        nonlocal read
        read += 1
        assert read < 5_000, "each schema is read again and again"
        return field_of(kind, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(directions, "field_of", counted)
        view, schema = for_answers(document, {"$ref": "#/components/schemas/L0"})

        assert sample(schema, view).value == {}


@pytest.mark.parametrize("mapping", ["{h: '#/components/schemas/Hound'}", "{}"])
def test_a_type_is_named_where_its_base_has_a_write_only_member(mapping: str) -> None:
    engine = Engine.brought(f"""
paths:
  /x:
    get:
      responses:
        '200':
          description: ok
          content:
            application/json:
              schema:
                required: [kind, pw]
                properties: {{kind: {{type: string}}, pw: {{type: string, writeOnly: true}}}}
                oneOf: [{{$ref: '#/components/schemas/Hound'}}]
                discriminator: {{propertyName: kind, mapping: {mapping}}}
components:
  schemas:
    Hound: {{required: [pw, bark], properties: {{bark: {{type: boolean}}}}}}
""")

    assert engine.call("/x").body == {"kind": "h" if "h:" in mapping else "Hound", "bark": True}


@every_case(
    ("keyword", "written", "kept"),
    [
        ("required", ["secret", ["name"], {"a": 1}, None], [["name"], {"a": 1}, None]),
        ("required", "secret", "secret"),
        ("required", 5, 5),
        ("dependentRequired", {"name": ["secret", []]}, {"name": [[]]}),
        ("dependentRequired", {"name": 5}, {"name": 5}),
    ],
)
def test_what_is_no_list_of_names_is_no_obstacle(keyword: str, written: Any, kept: Any) -> None:
    """A faulty schema may be one that only a page shows."""
    schema = {"properties": {"secret": {"writeOnly": True}}, keyword: written}

    _, twin = for_answers(Document(source=Path("a.yaml"), content={}), schema)

    assert twin[keyword] == kept
