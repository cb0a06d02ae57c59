"""Whatever a user's OpenAPI document holds: it is used, or told in one line that names the file.

One that is used answers any call of its operations, or refuses it.
"""

from __future__ import annotations

import re
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.api_files import DocumentFile
from mock_sei.apis.calls import ApiState
from mock_sei.apis.collections import Collections
from mock_sei.apis.documents import Catalogue, Product
from mock_sei.apis.jobs import Jobs
from mock_sei.apis.openapi import modern
from mock_sei.apis.times import EST
from mock_sei.errors import ConfigurationError, Refusal
from mock_sei.fixtures import bundled_folder
from tests.any_values import DEEP, damaged, mutated
from tests.apis.engine import JSON, Engine

OWN = """
openapi: 3.0.3
info: {title: T, version: "1"}
servers: [{url: "https://h/{v}/x", variables: {v: {default: v1, enum: [v1]}}}]
paths:
  /things/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      parameters:
        - $ref: "#/components/parameters/Q"
        - {name: a, in: query, schema: {type: array, items: {type: integer}}}
      responses:
        "200":
          description: good
          content:
            application/json: {schema: {$ref: "#/components/schemas/Thing"}, example: {id: x}}
        4XX: {$ref: "#/components/responses/Bad"}
    post:
      requestBody: {$ref: "#/components/requestBodies/Thing"}
      responses:
        default:
          description: good
          headers: {X: {schema: {type: string}}}
          content: {application/json: {examples: {a: {value: 1}, b: {$ref: "#/x-one"}}}}
  /things:
    get:
      responses:
        "200": {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
x-one: {value: 1}
components:
  parameters: {Q: {name: q, in: query, schema: {type: integer, minimum: 1, nullable: true}}}
  responses: {Bad: {description: bad}}
  requestBodies:
    Thing: {content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
  schemas:
    Thing:
      type: object
      required: [id]
      minProperties: 1
      properties:
        id: {type: string, pattern: "^a{1,3}$", maxLength: 5}
        n: {type: number, minimum: 1, exclusiveMinimum: true, multipleOf: 0.5}
        sub: {allOf: [{$ref: "#/components/schemas/Thing"}], nullable: true}
        some: {type: array, items: {oneOf: [{type: integer}, {enum: [a]}]}, uniqueItems: true}
        when: {type: string, format: date-time}
        more: {type: object, additionalProperties: {type: boolean, default: true}}
        never: {not: {}}
        plain: {patternProperties: {"^x": {const: 1}}, anyOf: [{type: object}, {}]}
"""
DOCUMENTS = [
    yaml.safe_load(OWN),
    *(
        yaml.safe_load((bundled_folder() / "apis" / f"{name}.yaml").read_text(encoding="utf-8"))
        for name in ("sma-trade-orders", "jobs", "trade-users")
    ),
]
ATOMS: st.SearchStrategy[Any] = st.one_of(
    st.none() | st.booleans() | st.integers(-3, 2**70) | st.floats() | st.text(max_size=8),
    st.sampled_from(["#/components/schemas/Thing", "#/paths", "#", "http://e.example", "#/x-one"]),
    st.sampled_from(["[", "(?P<", "{", "/things/{id}", "{a}{b}", "a\0b", "200", "2XX", "default"]),
    st.sampled_from(["string", "array", "object", "integer", "list", "create", "query", "path"]),
    st.sampled_from([{}, [], [None], {"$ref": "#"}, {"type": "array"}, {"$ref": "#/paths"}]),
    st.sampled_from([{"$ref": "#/components/schemas/Thing/properties"}, {"$id": "x"}, {"$ref": 1}]),
)
NAMES = ["$id", "$ref", "$anchor", "$dynamicRef", "$schema", "$defs", "type", "format", "required"]
NAMES += ["items", "prefixItems", "contains", "if", "then", "dependentRequired", "dependentSchemas"]
NAMES += ["unevaluatedProperties", "minItems", "maxLength", "maximum", "multipleOf", "pattern"]
NAMES += ["enum", "const", "default", "example", "examples", "nullable", "x-mock-sei", "schema"]
NAMES += ["content", "parameters", "requestBody", "servers", "style", "in", "name", "propertyNames"]
PIECES = [b"&a ", b"*a", b"!!python/object:os.system ", b"!!set", b"<<: ", b"? ", b"[", b"- "]
PIECES += [
    b"!!binary x",
    b"!!timestamp x",
    b"!!bool x",
    b"!!int x",
    b"!!float ''",
    b": ",
    b"!!omap",
]
BODIES = [(b"", {}), (b'{"id": "a", "n": 1.5}', JSON), (b"[1]", JSON), (b"x", {})]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents") / "things.yaml"


def catalogue_of(file: Path, *, brought: bool) -> Catalogue | None:
    """None where the whole document was told to be wrong."""
    told = []
    found = None
    try:
        read = DocumentFile(file, bundled=False)
        found = Catalogue((), [read]) if brought else Catalogue([read])
        told = found.problems
    except ConfigurationError as error:
        told = [str(error)]
    assert all(each.isprintable() and each.startswith(f"{file}: ") for each in told)
    return found


def call_everything(catalogue: Catalogue) -> None:
    random = Random(1)  # noqa: S311
    collections = Collections(dict.fromkeys(catalogue.collections, ()))
    state = ApiState(collections=collections, jobs=Jobs(random), random=random, zone=EST)
    engine = Engine(catalogue=catalogue, state=state)
    for operation in catalogue.operations:
        path = re.sub(r"\{[^}]*\}", "1", operation.path)
        for body, headers in BODIES:
            try:
                engine.call(
                    f"{path}?q=1&limit=1", method=operation.method, body=body, headers=headers
                )
            except Refusal:
                continue


@given(
    document=st.sampled_from(DOCUMENTS).flatmap(
        lambda each: mutated(each, atoms=ATOMS, names=NAMES)
    ),
    brought=st.booleans(),
)
def test_a_changed_document(file: Path, document: Any, brought: bool) -> None:
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    catalogue = catalogue_of(file, brought=brought)
    if catalogue is not None:
        call_everything(catalogue)


@given(content=damaged(OWN.encode(), pieces=PIECES) | st.binary(max_size=60))
@example(content=b"!!timestamp x")
@example(content=b"!!bool x")
@example(content=b"!!float ''")
@example(content=b"{a: " * DEEP)
def test_a_damaged_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    catalogue_of(file, brought=True)


ONE = """
openapi: 3.1.0
paths:
  /x:
    get:
      parameters: {parameters}
      responses: {responses}
    post: {{requestBody: {body}, responses: {responses}}}
components: {{schemas: {{Text: {{type: string}}, Broken: {schema}}}}}
x-other: {{value: 1, texts: [a]}}
"""
GOOD = {"parameters": "[]", "responses": "{}", "body": "{}", "schema": "{}"}


@pytest.mark.parametrize("brought", [True, False])
@pytest.mark.parametrize(
    ("part", "text", "told"),
    [
        ("parameters", "7", "paths[/x].get.parameters: not a list"),
        ("parameters", "{a: 1}", "paths[/x].get.parameters: not a list"),
        ("responses", "[]", "paths[/x].get.responses: not a mapping"),
        ("responses", "{'200': x}", "paths[/x].get.responses.200 = 'x': not a mapping"),
        (
            "responses",
            "{'200': {content: {application/json: true}}}",
            "paths[/x].get.responses.200.content.application/json = True: not a mapping",
        ),
        (
            "responses",
            "{'200': {content: {application/json: {examples: {a: 1}}}}}",
            "paths[/x].get.responses.200.content.application/json.examples.a = 1: not a mapping",
        ),
        (
            "responses",
            "{'200': {$ref: '#/x-other/value'}}",
            "paths[/x].get.responses.200.$ref: leads to nothing of that kind",
        ),
        ("body", "[]", "paths[/x].post.requestBody: not a mapping"),
        ("body", "{content: 3}", "paths[/x].post.requestBody.content = 3: not a mapping"),
        ("schema", "{$ref: '#/x-other/texts'}", "components.schemas.Broken.$ref: leads to nothing"),
        (
            "schema",
            "{$ref: '#/components/schemas/Text/type'}",
            "components.schemas.Broken.$ref: leads to nothing of that kind",
        ),
        ("schema", "{not: 1}", "components.schemas.Broken.not = 1: must be a schema"),
        ("schema", "text", "components.schemas.Broken = 'text': must be a schema"),
    ],
)
def test_what_is_built_wrong_is_told_with_its_place(
    file: Path, part: str, text: str, told: str, *, brought: bool
) -> None:
    """Each of these once came as far as a call, and failed there as a bug of ours."""
    file.write_text(ONE.format(**(GOOD | {part: text})), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Product(DocumentFile(file, bundled=False), brought=brought).check()
    assert str(caught.value).startswith(f"{file}: {told}")


@pytest.mark.parametrize(
    "text",
    [
        "null",
        "[]",
        "{properties: {a: null}}",
        "{$id: {}, $schema: 7, $anchor: x}",
        "{$dynamicRef: '#nowhere'}",
    ],
)
def test_what_a_document_leaves_empty_or_calls_by_other_names_is_taken_as_any_value(
    file: Path, text: str
) -> None:
    content = (
        "{'200': {content: {application/json: {schema: {$ref: '#/components/schemas/Broken'}}}}}"
    )
    file.write_text(ONE.format(**(GOOD | {"schema": text, "responses": content})), encoding="utf-8")
    catalogue = catalogue_of(file, brought=True)
    assert catalogue is not None
    call_everything(catalogue)


def test_a_value_of_the_documents_own_is_left_as_it_is() -> None:
    example_value = {"schema": {"nullable": True, "type": "cat"}, "responses": None}
    content = {"openapi": "3.0.3", "paths": {}, "x-own": example_value}
    assert modern(content, Path("x.yaml")).content["x-own"] == example_value
