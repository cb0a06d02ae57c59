"""Rules for every bundled document and its records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mock_sei.apis.calls import enveloped
from mock_sei.apis.collections import find_value
from mock_sei.apis.documents import Catalogue, Product
from mock_sei.apis.misfits import find_misfits
from mock_sei.apis.operations import Operation
from mock_sei.apis.parameters import Sent, typed
from mock_sei.apis.patterns import Budget
from mock_sei.fixtures import load_fixtures
from tests.cases import every_case

GRADES = {"documented", "derived", "assumed"}
WRITES = {"create", "change", "remove", "rename", "upload"}

FIXTURES = load_fixtures()
PRODUCTS = Catalogue(FIXTURES.documents).products

every_product = every_case("product", PRODUCTS.values(), ids=PRODUCTS)


def operations(product: Product) -> Iterator[Operation]:
    yield from product.operations.values()


def ungraded(value: Mapping[str, Any], name: str) -> list[str]:
    return [] if value.get("x-fidelity") in GRADES else [name]


@every_product
def test_operations_parameters_and_schemas_have_their_grade(product: Product) -> None:
    missing = []
    for operation in operations(product):
        missing += ungraded(operation.raw, operation.name)
        for entry in operation.raw.get("parameters", ()):
            each = operation.document.follow(entry, operation.name)
            missing += ungraded(each, f"{operation.name} {each['name']}")
    for name, schema in product.content["components"]["schemas"].items():
        missing += ungraded(schema, name)
        for member, each in schema.get("properties", {}).items():
            assert each.get("x-fidelity", "documented") in GRADES, f"{name}.{member}"

    assert missing == []


@every_product
def test_every_operation_has_a_rule_and_says_what_it_does(product: Product) -> None:
    for operation in operations(product):
        assert operation.rule.action != "example", operation.name
        assert operation.raw["operationId"]
        assert operation.summary
        assert all(each.description for each in operation.parameters.values()), operation.name


def collections_written() -> set[str]:
    found = set()
    for product in PRODUCTS.values():
        for operation in operations(product):
            if operation.rule.action in WRITES:
                found.add(operation.rule.collection)
                found |= {each["collection"] for each in operation.rule.records}
    return found


@every_product
def test_collections_have_records_or_are_written_to(product: Product) -> None:
    known = FIXTURES.collections.keys() | collections_written()
    for operation in operations(product):
        rule = operation.rule
        if rule.action in ("job-status", "submit-report", "collect-report"):
            continue
        assert rule.collection in known, operation.name
        assert {each.partition(".")[0] for each in rule.known.values()} <= known, operation.name


@every_product
def test_compared_fields_occur_in_the_records(product: Product) -> None:
    for operation in operations(product):
        records = FIXTURES.collections.get(operation.rule.collection, ())
        if not records:
            continue
        for parameter in operation.parameters.values():
            chosen = {key: each for key, each in parameter.chosen.items() if key != "by"}
            fields = [*(parameter.field or "").split(","), *chosen.values()]
            for field in filter(None, fields):
                place = f"{operation.name}: {parameter.name} {field}"
                assert any(find_value(each, field) not in (None, []) for each in records), place


def shown_records(operation: Operation) -> list[dict[str, Any]]:
    members = operation.rule.members
    return [
        {name: value for name, value in each.items() if not members or name in members}
        for each in FIXTURES.collections.get(operation.rule.collection, ())
    ]


@pytest.mark.long
@every_product
def test_records_fit_the_schema_of_the_answers(product: Product) -> None:
    paging = {"totalCount": 1, "limit": 1, "previous": None, "next": None}
    offset = {"startAt": 0, "maxResult": 1, "total": 1}
    for operation in operations(product):
        rule, records = operation.rule, shown_records(operation)
        pointer = f"{operation.pointer}/responses/{operation.success}"
        document = operation.document
        response = document.follow(document.find(f"#{pointer}", operation.name), operation.name)
        schema = response["content"]["application/json"]["schema"]
        if rule.action == "list":
            body = enveloped(records, rule.envelope or "data")
            if rule.paging != "none" and isinstance(body, dict):
                body["paging"] = offset if rule.paging == "offset" else paging
            assert find_misfits(document, schema, body, Budget()) == []
        elif rule.action == "read":
            for record in records:
                body = enveloped(record, rule.envelope or "none")
                assert find_misfits(document, schema, body, Budget()) == []


@every_product
def test_examples_fit_their_schema(product: Product) -> None:
    for operation in operations(product):
        body = operation.raw.get("requestBody", {})
        for media_type, media in body.get("content", {}).items():
            if "multipart" in media_type:
                continue
            document = operation.document
            assert find_misfits(document, media["schema"], media["example"], Budget()) == []


@every_product
def test_examples_and_defaults_of_parameters_are_taken(product: Product) -> None:
    for operation in operations(product):
        for parameter in operation.parameters.values():
            schema = parameter.schema
            for value in (*schema.get("examples", ()), schema.get("default")):
                if value is not None:
                    text = str(value).lower() if isinstance(value, bool) else str(value)
                    typed(parameter, Sent(texts=[text]), operation, Budget())


@every_product
def test_keys_are_there_once(product: Product) -> None:
    for operation in operations(product):
        if operation.rule.action in ("list", "read"):
            records = FIXTURES.collections.get(operation.rule.collection, ())
            keys = [each[operation.rule.key] for each in records]
            assert len(keys) == len(set(keys)), operation.name


def test_the_readme_tells_how_many_products_there_are() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

    assert re.findall(r"(\d+) API products", readme) == [str(len(PRODUCTS))]
