"""Any user's OpenAPI document can be used, or is reported in one line that names the file.

If it is used, it answers or refuses any call of its operations.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random, randrange
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from mock_sei.apis.api_state import ApiState
from mock_sei.apis.calls import ApiAnswer
from mock_sei.apis.collections import Collections
from mock_sei.apis.documents import Catalogue, Product
from mock_sei.apis.example_answers import SIZE_SHOWN, ExampleData, example_answer
from mock_sei.apis.grades import grades_of_parameters
from mock_sei.apis.jobs import Jobs
from mock_sei.apis.merged import merged
from mock_sei.apis.openapi import modern
from mock_sei.apis.operations import Operation
from mock_sei.apis.times import EST
from mock_sei.apis.trial_requests import trial_body, trial_fields, trial_request
from mock_sei.document_files import DocumentFile
from mock_sei.errors import ConfigurationError, Refusal, Rejected
from mock_sei.fixtures import bundled_folder
from mock_sei.values.sendable import WITHOUT_BODY, find_header_problem, is_media_type, json_content
from tests.any_values import DEEP, damaged, mutated
from tests.apis.engine import JSON, NOON, SAFE_LOADER, Engine

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
NEW = """
openapi: 3.2.0
$self: https://api.invalid/own.yaml
info: null
servers: [{url: "/v2"}]
webhooks: {event: {post: {requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}}}}}
paths:
  /pets/{id}#rename:
    $ref: "#/components/pathItems/Pet"
    servers: [{url: /v3}]
  /pets?action=find:
    query:
      parameters: [{in: querystring, name: q, content: {application/x-www-form-urlencoded: {schema: {type: object, properties: {a: {type: integer}}}}}}]
      requestBody: {required: true, content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}, multipart/form-data: {schema: {type: object}, encoding: {a: {headers: {X-A: {schema: {type: string}}}}}}}}
      responses: {"200": {content: {application/jsonl: {itemSchema: {$ref: "#/components/schemas/Pet"}}, text/xml: {$ref: "#/components/mediaTypes/M"}}, links: {a: {operationId: b}}, headers: {Location: {required: true, schema: {type: string}}}}}
      callbacks: {done: {"{$url}": {post: {responses: {"200": {description: ok}}}}}}
    additionalOperations: {COPY: {responses: {default: {$ref: "#/components/responses/R"}}}}
components:
  pathItems: {Pet: {parameters: [{name: id, in: path, required: true, schema: {$ref: "#id"}}, {name: a, in: cookie, style: form, schema: {type: array, items: {}}}, {name: d, in: query, style: deepObject, explode: true, schema: {$ref: "#/components/schemas/Dog"}}], put: {requestBody: {content: {text/plain: {schema: {type: integer}}, application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Dog"}}}}, responses: {2XX: {description: ok, content: {"*/*": {examples: {a: {dataValue: 1}}}}}}}}}
  responses: {R: {description: r, headers: {X-R: {content: {application/json: {schema: {type: array, prefixItems: [{type: "null"}]}}}}}}}
  mediaTypes: {M: {schema: {type: object, xml: {name: m}, properties: {a: {xml: {attribute: true}, type: string}}}}}
  schemas:
    Id: {$anchor: id, type: [string, "null"], if: {minLength: 3}, then: {pattern: "^a"}, else: {enum: [a, null]}}
    Pet: {oneOf: [{$ref: "#/components/schemas/Cat"}, {$ref: "#/components/schemas/Dog"}], discriminator: {propertyName: kind, mapping: {cat: Cat, d: "#/components/schemas/Dog"}, defaultMapping: Cat}}
    Base: {$dynamicAnchor: node, type: object, required: [kind], properties: {kind: {type: string}, of: {$dynamicRef: "#node"}}, discriminator: {propertyName: kind}}
    Cat: {$id: "https://api.invalid/cat", $dynamicAnchor: node, allOf: [{$ref: "own.yaml#/components/schemas/Base"}], unevaluatedProperties: false, properties: {lives: {type: integer, readOnly: true}}, $defs: {D: {type: string}}}
    Dog: {allOf: [{$ref: "#/components/schemas/Base"}, {properties: {bark: {$ref: "https://api.invalid/cat#/$defs/D"}}, required: [bark]}], dependentRequired: {bark: [kind]}}
"""  # noqa: E501  # a document in YAML
OLD = """
swagger: "2.0"
basePath: /v1
consumes: [application/json]
produces: [application/json, text/csv]
parameters: {P: {name: p, in: query, type: array, items: {type: integer}, collectionFormat: multi}, B: {name: b, in: body, schema: {$ref: "#/definitions/Pet"}}}
responses: {R: {description: r, schema: {$ref: "#/definitions/Pet"}, headers: {X-R: {type: integer}}, examples: {application/json: {kind: Cat}}}}
definitions:
  Pet: {type: object, discriminator: kind, required: [kind], properties: {kind: {type: string, x-nullable: true}}}
  Cat: {allOf: [{$ref: "#/definitions/Pet"}, {required: [n], properties: {n: {type: integer, format: int32}}}]}
paths:
  /pets/{id}:
    parameters: [{name: id, in: path, type: string, required: true}]
    put: {parameters: [{$ref: "#/parameters/P"}, {$ref: "#/parameters/B"}], responses: {"200": {$ref: "#/responses/R"}}}
    post: {consumes: [multipart/form-data], parameters: [{name: f, in: formData, type: file}, {name: g, in: formData, type: string, required: true}], responses: {default: {description: ok}}}
"""  # noqa: E501  # a document in YAML
DOCUMENTS = [
    yaml.load(text, SAFE_LOADER)  # noqa: S506 - as safe, in C
    for text in (
        *(OWN, NEW, OLD, NEW, OLD),
        *(
            (bundled_folder() / "apis" / f"{name}.yaml").read_text(encoding="utf-8")
            for name in ("sma-trade-orders", "jobs", "trade-users")
        ),
    )
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
NAMES += [
    "discriminator",
    "mapping",
    "propertyName",
    "callbacks",
    "links",
    "webhooks",
    "itemSchema",
]
NAMES += ["$self", "additionalOperations", "query", "head", "allOf", "oneOf", "xml", "encoding"]
NAMES += ["application/json\r\nX: 1", "X\nY", "2XX", "204", "readOnly", "$dynamicAnchor", "headers"]
NAMES += [
    "content",
    "parameters",
    "requestBody",
    "itemSchema",
    "style",
    "in",
    "name",
    "propertyNames",
]
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
FORM = {"content-type": "application/x-www-form-urlencoded"}
BODIES = [
    (b"", {}),
    (b'{"id": "a", "n": 1.5, "kind": "Cat"}', JSON),
    (b"[1]", JSON),
    (b"x", {}),
    (b"kind=d&bark=w", FORM),
    (b"7", {"content-type": "text/plain"}),
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents") / "things.yaml"


def catalogue_of(file: Path, *, brought: bool) -> Catalogue | None:
    """The catalogue with this document, or None if the whole document was reported as wrong."""
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
    assert all(each.isprintable() for each in catalogue.unchecked)
    json_content(merged(catalogue.products.values(), title="All", version="1"))
    random = Random(1)  # noqa: S311
    collections = Collections(dict.fromkeys(catalogue.collections, ()))
    state = ApiState(collections=collections, jobs=Jobs(random), random=random, zone=EST)
    engine = Engine(catalogue=catalogue, state=state)
    for operation in catalogue.operations:
        path = re.sub(r"\{[^}]*\}", "1", operation.path)
        for body, headers in BODIES:
            try:
                answer = engine.call(
                    f"{path}?q=1&limit=1&action=find&d[kind]=a",
                    method=operation.method,
                    body=body,
                    headers=headers,
                )
            except Refusal:
                continue
            require_sendable(answer)
        show(operation, state)


def show(operation: Operation, state: ApiState) -> None:
    """What the portal does with an operation: its form, the request that it sends, an example."""
    fields, body = trial_fields(operation, {}), trial_body(operation)
    request, path = None, {}
    try:
        request = trial_request(
            operation,
            {each.name: each.text or ("" if each.in_lines else "1") for each in fields},
            (body.content_type, body.text) if body else None,
        )
        path = {each.parameter.name: each.text for each in fields if each.parameter.place == "path"}
    except Rejected:  # as for half of a surrogate pair
        request = None
    else:
        assert request.target.startswith("/")
        assert request.target.isascii()
        assert request.target.isprintable()
    data = ExampleData(present=state, scratch=lambda: state)
    found = example_answer(operation, request, path, data, NOON)
    assert len(found.text) <= SIZE_SHOWN
    json_content(sorted(grades_of_parameters(operation).values()))


def require_sendable(answer: ApiAnswer) -> None:
    """Checks what the listeners could not send."""
    assert 200 <= answer.status < 600
    assert find_header_problem(answer.headers, answer.status, 0) is None
    if answer.content is None:
        json_content(answer.body)
    if answer.status not in WITHOUT_BODY:
        assert is_media_type(answer.media_type)


@pytest.mark.long
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


@pytest.mark.parametrize("text", [OWN, NEW, OLD], ids=["own", "new", "old"])
def test_the_documents_that_are_changed_have_no_fault(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    catalogue = catalogue_of(file, brought=True)
    assert catalogue is not None
    assert catalogue.problems == []
    call_everything(catalogue)


ANYTHING: list[Any] = [None, {"$ref": "#"}, [], {}, 7, "text", [None], True]


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [OWN, *(pytest.param(each, marks=pytest.mark.slow) for each in (NEW, OLD))],
    ids=["own", "new", "old"],
)
def test_each_place_may_hold_one_of_anything(file: Path, text: str) -> None:
    """Each place has another value than the place before; each run tries a third of the places."""
    whole = yaml.safe_load(text)
    first = randrange(3)  # noqa: S311  # other ones in each run
    for number, place in list(enumerate(places_of(whole)))[first::3]:
        use_or_report(file, whole, place, ANYTHING[number % len(ANYTHING)])


@pytest.mark.nightly  # the test before this one puts one value into some places
@pytest.mark.parametrize("text", [OWN, NEW, OLD], ids=["own", "new", "old"])
@pytest.mark.parametrize("value", ANYTHING)
def test_any_one_place_may_hold_anything(file: Path, text: str, value: Any) -> None:
    whole = yaml.safe_load(text)
    for place in places_of(whole):
        use_or_report(file, whole, place, value)


def use_or_report(file: Path, whole: dict[str, Any], place: tuple[Any, ...], value: Any) -> None:
    """Puts a value into one place of a copy of the document. The copy is used or reported."""
    tree = copy.deepcopy(whole)
    *way, last = place
    parent = tree
    for each in way:
        parent = parent[each]
    parent[last] = copy.deepcopy(value)
    catalogue = brought_of(file, tree)
    if catalogue is not None:
        call_everything(catalogue)


def brought_of(file: Path, content: dict[str, Any]) -> Catalogue | None:
    if not content.keys() & {"openapi", "swagger"}:
        return None
    read = DocumentFile(file, bundled=False, content=content)
    catalogue = Catalogue((), [read])
    assert all(each.isprintable() for each in catalogue.problems)
    return catalogue


def places_of(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if place:
        yield place
    pairs = value.items() if isinstance(value, dict) else ()
    for key, each in enumerate(value) if isinstance(value, list) else pairs:
        yield from places_of(each, (*place, key))


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
            "paths[/x].get.responses.200.content.application/json = true: not a mapping",
        ),
        (
            "responses",
            "{'200': {content: {application/json: {examples: {a: 1}}}}}",
            "paths[/x].get.responses.200.content.application/json.examples.a = 1: not a mapping",
        ),
        (
            "responses",
            "{'200': {$ref: '#/x-other/value'}}",
            "paths[/x].get.responses.200.$ref: does not lead to an object of the right kind",
        ),
        ("body", "[]", "paths[/x].post.requestBody: not a mapping"),
        ("body", "{content: 3}", "paths[/x].post.requestBody.content = 3: not a mapping"),
        ("schema", "{$ref: '#/x-other/texts'}", "components.schemas.Broken.$ref: does not lead"),
        (
            "schema",
            "{$ref: '#/components/schemas/Text/type'}",
            "components.schemas.Broken.$ref: does not lead to an object of the right kind",
        ),
        ("schema", "{not: 1}", "components.schemas.Broken.not = 1: must be a schema"),
        ("schema", "text", "components.schemas.Broken = 'text': must be a schema"),
    ],
)
def test_what_is_built_wrong_is_told_with_its_place(
    file: Path, part: str, text: str, told: str, *, brought: bool
) -> None:
    """Each of these faults was once found only by a call, which failed with an internal error."""
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
