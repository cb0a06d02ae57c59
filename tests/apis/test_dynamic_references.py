"""The outermost schema resource on the way to a ``$dynamicRef`` decides what it means."""

# ruff: noqa: E501  # documents in YAML
from __future__ import annotations

from typing import Any

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.merged import merged
from tests.apis.engine import JSON, Engine, document
from tests.apis.test_structure import OK, answering
from tests.cases import every_case

LISTS = """
components:
  schemas:
    List: {$id: list, type: object, required: [items], properties: {items: {type: array, minItems: 1, items: {$dynamicRef: '#item'}}, next: {$ref: '#/$defs/Next'}}, $defs: {Any: {$dynamicAnchor: item}, Next: {type: array, items: {$dynamicRef: '#item'}}}}
    Numbers: {$id: numbers, $ref: list, $defs: {One: {$dynamicAnchor: item, type: integer}}}
    Texts: {$id: texts, allOf: [{$ref: list}], $defs: {One: {$dynamicAnchor: item, type: string}}}
    Pairs: {$id: pairs, type: array, prefixItems: [{$ref: numbers}, {$ref: texts}], items: false}
    Tree: {$id: tree, $dynamicAnchor: node, type: object, properties: {data: true, children: {type: array, items: {$dynamicRef: '#node'}}}}
    Strict: {$id: strict, $dynamicAnchor: node, $ref: tree, unevaluatedProperties: false}
    Plain: {$dynamicAnchor: own, type: object, required: [n], properties: {n: {type: integer}, more: {$dynamicRef: '#own'}}}
"""


def engine(name: str) -> Engine:
    schema = f"{{$ref: '#/components/schemas/{name}'}}"
    body = f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}"
    return Engine.brought(
        f"paths: {{/v1/widgets: {{get: {{{answering(schema)}}}, post: {{{body}, {OK}}}}}}}{LISTS}"
    )


@every_case(
    ("name", "good", "wrong"),
    [
        ("List", '{"items": [1, "a"], "next": [null]}', '{"items": []}'),
        ("Numbers", '{"items": [1], "next": [2]}', '{"items": ["a"]}'),
        ("Numbers", '{"items": [1]}', '{"items": [1], "next": ["a"]}'),
        ("Texts", '{"items": ["a"]}', '{"items": [1]}'),
        ("Pairs", '[{"items": [1]}, {"items": ["a"]}]', '[{"items": [1]}, {"items": [1]}]'),
        ("Tree", '{"children": [{"x": 1}]}', '{"children": [1]}'),
        ("Strict", '{"children": [{"data": 1}]}', '{"children": [{"x": 1}]}'),
        ("Strict", '{"children": [{"children": []}]}', '{"children": [{"children": [{"x": 1}]}]}'),
        ("Plain", '{"n": 1, "more": {"n": 2}}', '{"n": 1, "more": {}}'),
    ],
)
def test_the_outermost_resource_decides(name: str, good: str, wrong: str) -> None:
    found = engine(name)

    assert found.post(good).status == 200
    assert found.faults(method="POST", body=wrong, headers=JSON)


@pytest.mark.parametrize(("name", "item"), [("Numbers", 0), ("Texts", "text")])
def test_values_are_made_of_what_the_outermost_resource_says(name: str, item: Any) -> None:
    found = engine(name)

    assert found.call().body["items"] == [item]
    assert found.findings.notes == []


def test_the_document_of_all_products_keeps_such_references() -> None:
    products = engine("Numbers").catalogue.products.values()
    content = merged(products, title="All", version="1")

    def references(value: Any) -> list[str]:
        if isinstance(value, list):
            return [one for each in value for one in references(each)]
        if not isinstance(value, dict):
            return []
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for each in value.values() for one in references(each)]

    for reference in references(content):
        found: Any = content
        for key in reference.removeprefix("#/").split("/"):
            found = found[int(key)] if isinstance(found, list) else found[key]
        assert isinstance(found, dict)


def test_a_fault_in_such_a_schema_is_reported_once_and_costs_who_reads_it() -> None:
    numbers, tree = answering("{$ref: numbers}"), answering("{$ref: tree}")
    text = f"paths: {{/x: {{get: {{{numbers}}}}}, /y: {{get: {{{tree}}}}}}}{LISTS}"
    catalogue = Catalogue((), [document(text.replace("minItems: 1", "minItems: many"))])

    (cost,) = catalogue.costs
    assert cost.sentence.endswith("minItems = 'many': must be a whole number; GET /x is left out")
