"""What a fault of a document costs: only operations that use the faulty part."""

# ruff: noqa: E501  # documents in YAML
from __future__ import annotations

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.errors import ConfigurationError
from tests.apis.engine import document
from tests.apis.test_structure import OK, answering, brought, names
from tests.cases import every_case

GONE = "{$ref: '#/components/schemas/Gone'}"
WRONG = f"{{post: {{parameters: 7, requestBody: {{content: {{a/b: {{schema: {GONE}}}}}}}, responses: {{'200': 5}}}}}}"


@every_case(
    "part",
    [
        f"callbacks: {{done: {{'{{$url}}': {WRONG}}}}}, {OK}",
        f"callbacks: {{done: {{$ref: '#/components/callbacks/Gone'}}, more: {{'{{$url}}': {{$ref: '#/components/pathItems/Wrong'}}}}}}, {OK}",
        f"callbacks: [], {OK}",
        f"callbacks: {{done: 5}}, {OK}",
        f"callbacks: {{done: {{'{{$url}}': {{post: {{requestBody: {{content: {{a/b: {{schema: {{$ref: '#/components/schemas/Wrong'}}}}}}}}}}}}}}}}, {OK}",
        "responses: {'200': {description: ok, links: {next: 5}}}",
        "responses: {'200': {description: ok, links: 5}}",
        "responses: {'200': {description: ok, links: {next: {$ref: '#/components/links/Gone'}}}}",
        "responses: {'200': {$ref: '#/components/responses/Linked'}}",
        "responses: {'200': {description: ok}, '400': 5}",
        f"responses: {{'200': {{description: ok}}, default: {{content: {{application/json: {{schema: {GONE}}}}}}}}}",
        f"responses: {{'200': {{description: ok}}, 4XX: {{headers: {{X-A: {{schema: {GONE}}}}}}}}}",
    ],
)
def test_what_is_never_served_costs_no_operation(part: str) -> None:
    catalogue = brought(
        f"""
paths: {{/x: {{get: {{{part}}}}}}}
webhooks: {{event: {WRONG}, other: 5}}
components:
  pathItems: {{Wrong: {WRONG}}}
  responses: {{Linked: {{description: ok, links: {{next: 7}}}}}}
  schemas: {{Wrong: {{minLength: many}}}}
""",
        "3.1.0",
    )

    assert names(catalogue) == ["GET /x"]
    assert catalogue.left_out == []
    assert catalogue.costs
    assert {each.consequence for each in catalogue.costs} == {"no operation is left out"}


@every_case(
    "part",
    [
        f"responses: {{'201': {{content: {{application/json: {{schema: {GONE}}}}}}}, '400': {{description: no}}}}",
        f"responses: {{default: {{content: {{application/json: {{schema: {GONE}}}}}}}}}",
        f"responses: {{2XX: {{headers: {{X-A: {{schema: {GONE}}}}}}}}}",
        f"requestBody: {{content: {{application/json: {{schema: {GONE}}}}}}}, {OK}",
        "responses: 5",
    ],
)
def test_what_is_served_costs_its_operation(part: str) -> None:
    catalogue = brought(f"paths: {{/x: {{post: {{{part}}}, get: {{{OK}}}}}}}", "3.1.0")

    assert names(catalogue) == ["GET /x"]
    assert [each.consequence for each in catalogue.costs] == ["POST /x is left out"]


def test_each_of_several_faults_behind_one_reference_says_what_it_costs() -> None:
    uses = answering("{$ref: '#/components/schemas/Both'}")
    catalogue = brought(
        f"""
paths: {{/a: {{get: {{{uses}}}, put: {{{uses}}}}}, /b: {{get: {{{uses}}}, put: {{{uses}}}, post: {{{OK}}}}}}}
components: {{schemas: {{Both: {{minLength: many, properties: {{a: {{type: cat}}}}}}}}}}
"""
    )

    assert [each.sentence.partition(": ")[2] for each in catalogue.costs] == [
        "components.schemas.Both.properties.a.type = 'cat': must be one of array, boolean, integer, null, number, object, string; GET /a, PUT /a, GET /b and 1 more operations are left out",
        "components.schemas.Both.minLength = 'many': must be a whole number; GET /a, PUT /a, GET /b and 1 more operations are left out",
    ]


def test_a_document_that_cannot_be_used_is_left_out_whole() -> None:
    catalogue = Catalogue((), [document(f"paths: {{/x: {{get: {{{OK}}}}}}}", version="4.0")])

    assert [each.consequence for each in catalogue.costs] == ["the whole file is left out"]


@pytest.mark.slow
def test_very_many_faults_behind_very_many_references_are_read_in_time() -> None:
    """Each of a thousand faults could reach each of a thousand operations."""
    uses = answering("{$ref: '#/components/schemas/All'}")
    paths = "".join(f"  /x{each}: {{get: {{{uses}}}}}\n" for each in range(1000))
    members = ", ".join(f"m{each}: {{minLength: many}}" for each in range(1000))
    catalogue = brought(
        f"paths:\n{paths}components: {{schemas: {{All: {{properties: {{{members}}}}}}}}}"
    )

    assert len(catalogue.costs) == 1000
    assert len(catalogue.left_out) == 1000
    assert catalogue.costs[0].consequence.endswith("and 997 more operations are left out")


SEVERAL = """
paths:
  /a/{id}/{key}:
    get: {parameters: [{in: query}, 7, {in: header, name: a}, {name: b}], responses: {'200': {description: ok}}}
    put: {responses: {'200': {description: ok, content: {application/json: {schema: {type: cat}}}}}}
"""
FAULTS = [
    "paths[/a/{id}/{key}].get.parameters[0]: it has no name",
    "paths[/a/{id}/{key}].get.parameters[1] = 7: not a mapping",
    "paths[/a/{id}/{key}].get.parameters[3]: it has no name",
    "paths[/a/{id}/{key}].put: the path has {id}",
    "paths[/a/{id}/{key}].put: the path has {key}",
    "paths[/a/{id}/{key}].put.responses.200.content.application/json.schema.type = 'cat'",
]


def test_all_faults_of_an_operation_are_reported_at_once() -> None:
    catalogue = brought(SEVERAL)

    told = "\n".join(catalogue.problems)
    assert [fault for fault in FAULTS if fault not in told] == []


def test_documents_of_the_fixtures_report_all_their_faults_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Catalogue(
            [
                document(SEVERAL, product="one"),
                document(SEVERAL, product="two"),
                document("paths: 7"),
            ]
        )

    told = str(caught.value)
    assert [fault for fault in FAULTS if fault not in told] == []
    assert "paths = 7: not a mapping" in told
    assert len(told.splitlines()) == 1


def test_a_parameter_that_is_gone_is_no_second_fault() -> None:
    catalogue = brought(
        f"paths: {{'/x/{{id}}': {{get: {{parameters: [{{$ref: '#/components/parameters/Gone'}}], {OK}}}}}, /y: {{get: {{parameters: [{{}}], {OK}}}}}}}"
    )

    assert [each.error.problem for each in catalogue.costs] == [
        "leads nowhere",
        "it is empty: it has no name and no place",
    ]
