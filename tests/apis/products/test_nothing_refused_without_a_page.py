"""No bundled document refuses a value unless a page of the vendor says so.

A restriction of a parameter or a body beyond its type (a list of values, a required member, a
pattern, a bound) names its page in ``x-page`` beside it. A bound of our own gives its reason in
``x-ours``. Answers have no closed lists, because written records may hold any value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from mock_sei.apis.documents import Catalogue, Product
from mock_sei.apis.operations import Operation
from mock_sei.apis.references import Document
from mock_sei.apis.samples import sample
from mock_sei.fixtures import load_fixtures
from tests.apis.products.calls import PATCH_TYPE, Api
from tests.cases import every_case

FIXTURES = load_fixtures()
PRODUCTS = Catalogue(FIXTURES.documents).products
OPERATIONS = [each for product in PRODUCTS.values() for each in product.operations.values()]

NARROWING = frozenset(
    ["enum", "const", "required", "pattern", "not", "additionalProperties", "dependentRequired"]
    + [f"{end}{what}" for end in ("min", "max") for what in ("Length", "Items", "Properties")]
    + ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems"]
)
BOUNDS = frozenset(["maxItems", "maxLength", "maxProperties"])
LISTS = frozenset(["enum", "const"])
INNER = ("items", "additionalProperties", "not", "if", "then", "else", "contains")


def schemas_in(
    document: Document, schema: Any, place: str, seen: dict[int, None]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """A schema and all schemas inside it, each once."""
    schema = document.follow(schema, place)
    if not isinstance(schema, Mapping) or id(schema) in seen:
        return
    seen[id(schema)] = None
    yield place, schema
    inner = [(key, schema[key]) for key in INNER if key in schema]
    inner += list((schema.get("properties") or {}).items())
    for key in ("allOf", "anyOf", "oneOf"):
        # An alternative that only requires members belongs to the schema around it.
        inner += [(key, each) for each in schema.get(key, ()) if each.keys() - {"required"}]
    for name, each in inner:
        yield from schemas_in(document, each, f"{place}.{name}", seen)


def unfounded(place: str, schema: Mapping[str, Any]) -> list[str]:
    """Restrictions of a schema without a page or, for a bound, without a reason."""
    found = NARROWING & schema.keys()
    if any(not each.keys() - {"required"} for each in schema.get("anyOf", ())):
        found |= {"anyOf"}
    if "x-ours" in schema:
        found -= BOUNDS
    return [f"{place}: {each}" for each in sorted(found) if not schema.get("x-page")]


def sent_schemas(operation: Operation) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The schemas of a request body, and the one that a changed record must fit."""
    document, seen = operation.document, dict[int, None]()
    body = document.follow(operation.raw.get("requestBody") or {}, operation.name)
    for media in (body.get("content") or {}).values():
        yield from schemas_in(document, media["schema"], f"{operation.name} body", seen)


@every_case("operation", OPERATIONS, ids=lambda each: each.name)
def test_what_a_request_is_refused_for_has_a_page(operation: Operation) -> None:
    document, missing = operation.document, []
    for entry in (*operation.shared, *operation.raw.get("parameters", ())):
        each = document.follow(entry, operation.name)
        place = f"{operation.name} {each['name']}"
        if each.get("required") and each["in"] != "path" and not each.get("x-page"):
            missing.append(f"{place}: required")
        for where, schema in schemas_in(document, each["schema"], place, {}):
            missing += unfounded(where, {"x-page": each.get("x-page"), **schema})
    for place, schema in sent_schemas(operation):
        missing += unfounded(place, schema)
    if operation.rule.requires and not operation.raw.get("x-page"):
        missing.append(f"{operation.name}: x-mock-sei.requires")

    assert missing == []


@every_case("operation", OPERATIONS, ids=lambda each: each.name)
def test_the_narrowed_parameters_of_a_page_are_graded_documented(operation: Operation) -> None:
    for entry in (*operation.shared, *operation.raw.get("parameters", ())):
        each = operation.document.follow(entry, operation.name)
        if each.get("x-page"):
            assert each["x-fidelity"] == "documented", (operation.name, each["name"])


@every_case("product", PRODUCTS.values(), ids=PRODUCTS)
def test_open_lists_have_a_grade_of_their_own_and_answers_no_closed_lists(product: Product) -> None:
    document = next(iter(product.operations.values())).document
    seen: dict[int, None] = {}
    wrong = []
    for name, schema in product.content["components"]["schemas"].items():
        for place, each in schemas_in(document, schema, name, seen):
            hint = each.get("x-mock-sei")
            if hint is not None and not hint.get("x-fidelity"):
                wrong.append(f"{place}: no grade of its list")
            if LISTS & each.keys() and not each.get("x-page") and ".if." not in place:
                wrong.append(f"{place}: closed list")
    for operation in product.operations.values():
        for entry in (*operation.shared, *operation.raw.get("parameters", ())):
            raw = document.follow(entry, operation.name)
            if "values" in raw.get("x-mock-sei", {}) and "x-fidelity" not in raw["x-mock-sei"]:
                wrong.append(f"{operation.name} {raw['name']}: no grade of its list")

    assert wrong == []


def smallest_body(operation: Operation) -> Any:
    """Only the members that the document requires."""
    media = operation.raw["requestBody"]["content"]["application/json"]
    schema = operation.document.follow(media["schema"], operation.name)
    example = media["example"]
    kept = dict.fromkeys(schema.get("required", ()))
    for alternative in schema.get("anyOf", ())[:1]:
        kept |= dict.fromkeys(alternative["required"])
    return {name: example.get(name, sample(schema, operation.document).value) for name in kept}


WRITES = [
    each
    for each in OPERATIONS
    if "application/json" in each.raw.get("requestBody", {}).get("content", {})
]


def path_of(operation: Operation) -> str:
    """The path of an operation with the keys of existing records."""
    path = operation.path
    for parameter in operation.parameters.values():
        if parameter.place == "path":
            first = FIXTURES.collections[operation.rule.collection][0]
            field = str(parameter.field)
            value = first[field][0] if isinstance(first[field], list) else first[field]
            path = path.replace(f"{{{parameter.name}}}", str(value))
    return path


READS = [each for each in OPERATIONS if each.method == "GET" and each.rule.action == "list"]


@pytest.mark.long
@pytest.mark.parametrize("operation", WRITES, ids=lambda each: each.name)
def test_the_smallest_body_is_taken_and_every_answer_stays_valid(
    api: Api, operation: Operation
) -> None:
    """``Api`` checks every answer against its document."""
    answer = api.call(operation.method, path_of(operation), json=smallest_body(operation))

    assert 200 <= answer.status_code < 300, answer.text
    written = {operation.rule.collection, *(each["collection"] for each in operation.rule.records)}
    for each in (read for read in OPERATIONS if read.rule.collection in written):
        if each.rule.action == "list" and each.method == "GET":
            read_all(api, each)
        elif each.rule.action == "read":
            last = api.served.platform.state.apis.collections.all(each.rule.collection)[-1]
            api.read(f"{each.path.partition('{')[0]}{last[each.rule.key]}")


@pytest.mark.parametrize(
    "operation", [each for each in WRITES if each.method != "PATCH"], ids=lambda each: each.name
)
def test_an_optional_member_that_is_null_is_not_refused(api: Api, operation: Operation) -> None:
    """No page says that null is refused."""
    media = operation.raw["requestBody"]["content"]["application/json"]
    schema = operation.document.follow(media["schema"], operation.name)
    body = {**dict.fromkeys(schema["properties"]), **smallest_body(operation)}

    answer = api.call(operation.method, path_of(operation), json=body)

    assert 200 <= answer.status_code < 300, answer.text


def read_all(api: Api, operation: Operation) -> None:
    url: str | None = path_of(operation)
    for parameter in operation.required_parameters:
        if parameter.place == "query":
            value = (*parameter.listed, "FND-01")[0]
            url = f"{url}{'&' if '?' in str(url) else '?'}{parameter.name}={value}"
    if operation.rule.requires:
        url = f"{url}?name=a"
    while url:
        url = api.read(url).get("paging", {}).get("next")


PATCHES = [
    each for each in OPERATIONS if PATCH_TYPE in each.raw.get("requestBody", {}).get("content", {})
]


@pytest.mark.long
@pytest.mark.parametrize("operation", PATCHES, ids=lambda each: each.name)
def test_a_record_that_lost_all_it_can_lose_still_gives_valid_answers(
    api: Api, operation: Operation
) -> None:
    rule = operation.rule
    first = api.served.platform.state.apis.collections.all(rule.collection)[0]
    gone = [name for name in first if name not in (rule.key, *rule.fixed)]
    patch = [{"op": "remove", "path": f"/{name}"} for name in gone]

    answer = api.patch(path_of(operation), patch)

    assert answer.status_code == 202, json.dumps(answer.json())
    for each in READS:
        if each.rule.collection == rule.collection:
            read_all(api, each)
