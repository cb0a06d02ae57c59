"""Documents as people write them: empty fields, flags as texts, names that no client can send."""

# ruff: noqa: E501  # documents in YAML
from __future__ import annotations

import pytest

from tests.apis.engine import Engine
from tests.apis.test_structure import OK, answering, brought, names
from tests.cases import every_case


@every_case("version", ["3.0.3", "3.1.0", "3.2.0"])
@every_case(
    "fields",
    [
        "parameters: null, responses: null, requestBody: null, callbacks: null, security: null",
        "tags: null, summary: null, description: null, operationId: null, servers: null, x-a: null",
        "responses: {'200': null}",
        "responses: {'200': {content: null, headers: null, links: null}}",
        "responses: {'200': {content: {application/json: null}}}",
        "responses: {'200': {content: {application/json: {schema: null, examples: null}}}}",
        f"parameters: [{{name: a, in: query, schema: null, required: null, examples: null, content: null}}], {OK}",
        answering("{properties: null, items: null, additionalProperties: null, xml: null}"),
        answering("{properties: {a: null}, $defs: null, discriminator: null, examples: null}"),
    ],
)
def test_what_is_left_empty_counts_as_not_given(fields: str, version: str) -> None:
    catalogue = brought(f"paths: {{/x: {{get: {{{fields}}}}}}}", version)
    engine = Engine.of("paths: {}")
    engine.catalogue = catalogue

    assert catalogue.problems == []
    assert engine.call("/x").status == 200


@every_case("version", ["3.0.3", "3.1.0"])
@every_case(
    "keyword",
    [
        *("required", "enum", "pattern", "format", "minLength", "maximum", "multipleOf", "$ref"),
        *("allOf", "anyOf", "oneOf", "not", "dependentRequired"),
    ],
)
def test_a_keyword_that_is_left_empty_is_reported_and_asks_for_nothing(
    keyword: str, version: str
) -> None:
    body = f"{{content: {{application/json: {{schema: {{type: object, {keyword}: null}}}}}}}}"
    engine = Engine.of("paths: {}")
    engine.catalogue = brought(
        f"paths: {{/v1/widgets: {{post: {{requestBody: {body}, {OK}}}}}}}", version
    )

    (cost,) = engine.catalogue.costs
    assert cost.sentence.endswith(
        f".{keyword}: is empty; it counts as not given; no operation is left out"
    )
    assert engine.post("{}").status == 200
    assert engine.faults(method="POST", body="[]", headers={"content-type": "application/json"})


@every_case("keyword", ["enum", "type", "allOf", "anyOf", "oneOf", "prefixItems"])
def test_an_empty_list_where_there_must_be_entries_is_reported(keyword: str) -> None:
    catalogue = brought(f"paths: {{/x: {{get: {{{answering(f'{{{keyword}: []}}')}}}}}}}", "3.1.0")

    assert names(catalogue) == ["GET /x"]
    assert [each.error.problem for each in catalogue.costs] == ["is empty; it counts as not given"]


@every_case(
    ("schema", "version", "good"),
    [
        ("{type: [string, null]}", "3.1.0", [None, "a"]),
        ("{anyOf: [{type: integer}, {type: null}]}", "3.1.0", [None, 1]),
        ("{type: null, properties: {a: {type: integer}}}", "3.1.0", [{"a": 1}, []]),
        ("{type: null}", "3.0.3", [1, "a"]),
        ("{type: null, nullable: true}", "3.0.3", [1, None]),
    ],
)
def test_null_without_quotes_is_the_type_null_where_that_is_meant(
    schema: str, version: str, good: list[object]
) -> None:
    catalogue = brought(f"paths: {{/x: {{get: {{{answering(schema)}}}}}}}", version)
    (operation,) = catalogue.operations
    found = operation.raw["responses"]["200"]["content"]["application/json"]["schema"]

    assert len(catalogue.problems) == 1
    assert all(operation.document.checker(found).is_valid(each) for each in good)
    if "null" in str(found.get("type")):
        assert not operation.document.checker(found).is_valid({})


@every_case("flag", ["uniqueItems", "readOnly", "writeOnly", "nullable"])
def test_a_flag_of_a_schema_that_is_a_text_is_reported_and_not_read(flag: str) -> None:
    catalogue = brought(f"paths: {{/x: {{get: {{{answering(f'{{{flag}: yes please}}')}}}}}}}")

    (cost,) = catalogue.costs
    assert cost.sentence.endswith(
        f".{flag} = 'yes please': must be true or false; it is not read; no operation is left out"
    )


def test_a_parameter_is_not_required_by_a_text() -> None:
    catalogue = brought(
        f"paths: {{/x: {{post: {{parameters: [{{name: a, in: query, required: 'false'}}], requestBody: {{required: 'false'}}, {OK}}}}}}}"
    )
    engine = Engine.of("paths: {}")
    engine.catalogue = catalogue

    assert len(catalogue.costs) == 2
    assert engine.call("/x", method="POST").status == 200


def test_a_whole_number_may_be_written_as_a_decimal_one() -> None:
    body = "{content: {application/json: {schema: {type: array, maxItems: 1.0, minItems: 1.0}}}}"
    engine = Engine.brought(f"paths: {{/v1/widgets: {{post: {{requestBody: {body}, {OK}}}}}}}")

    assert engine.post("[1]").status == 200
    assert engine.faults(method="POST", body="[1, 2]", headers={"content-type": "application/json"})


@every_case("value", ["-1", "1.5", "'2'", "true"])
def test_a_count_that_is_none_costs_its_operation(value: str) -> None:
    catalogue = brought(f"paths: {{/x: {{get: {{{answering(f'{{maxLength: {value}}}')}}}}}}}")

    assert [each.consequence for each in catalogue.costs] == ["GET /x is left out"]


LINES = '"application/json\\r\\nX-A: 1"'


@pytest.mark.parametrize(
    "part",
    [
        f"responses: {{'200': {{description: ok, content: {{{LINES}: {{example: 1}}}}}}}}",
        f"requestBody: {{content: {{{LINES}: {{}}}}}}, {OK}",
    ],
)
def test_a_media_type_that_no_message_can_have_costs_who_has_no_other(part: str) -> None:
    catalogue = brought(f"paths: {{/x: {{post: {{{part}}}}}}}")

    (cost,) = catalogue.costs
    assert cost.sentence.endswith(
        ".content = 'application/json\\r\\nX-A: 1': not a media type; no message can have it; POST /x is left out"
    )


def test_a_media_type_that_no_message_can_have_costs_nothing_beside_another() -> None:
    engine = Engine.of("paths: {}")
    engine.catalogue = brought(
        f"paths: {{/x: {{get: {{responses: {{'200': {{content: {{{LINES}: {{example: 1}}, application/json: {{example: 2}}}}}}}}}}}}}}"
    )

    assert [each.consequence for each in engine.catalogue.costs] == ["no operation is left out"]
    assert engine.call("/x").body == 2


@every_case("name", ["X A", "X\\nA", "", "X:"])
def test_a_header_that_no_message_can_have_is_reported_and_not_asked_for(name: str) -> None:
    header = f'"{name}"'
    engine = Engine.of("paths: {}")
    engine.catalogue = brought(
        f"paths: {{/x: {{get: {{parameters: [{{in: header, name: {header}, required: true}}], responses: {{'200': {{headers: {{{header}: {{example: a}}, X-Good: {{example: b}}}}}}}}}}}}}}"
    )

    assert len(engine.catalogue.costs) == 2
    assert engine.call("/x").headers == {"X-Good": "b"}
    assert engine.findings.notes == []


def test_a_parameter_that_stands_twice_in_one_list_is_reported() -> None:
    catalogue = brought(
        f"paths: {{/x: {{parameters: [{{in: query, name: b}}], get: {{parameters: [{{in: query, name: a}}, {{in: header, name: a}}, {{in: query, name: b}}, {{in: query, name: a, required: true}}, {{in: header, name: A}}], {OK}}}}}}}"
    )

    here = "widgets.yaml: paths[/x].get.parameters"
    assert catalogue.problems == [
        f"{here}[3]: paths[/x].get.parameters[0] has the same name and place; the last one is read",
        f"{here}[4]: paths[/x].get.parameters[1] has the same name and place; the last one is read",
    ]
    assert catalogue.operations[0].parameters["query", "a"].required


@pytest.mark.parametrize("name", ["B D", "A:B", ""])
def test_a_method_that_no_request_can_have_costs_itself(name: str) -> None:
    catalogue = brought(
        f"paths: {{/x: {{additionalOperations: {{'{name}': {{{OK}}}, COPY: {{{OK}}}}}}}}}", "3.2.0"
    )

    assert names(catalogue) == ["COPY /x"]
    assert "not an HTTP method" in catalogue.problems[0]


def test_what_stands_beside_the_reference_of_a_path_counts_too() -> None:
    engine = Engine.brought(
        f"""
paths:
  /x: {{$ref: '#/components/pathItems/P', parameters: [{{in: query, name: a, schema: {{type: integer}}}}], post: {{{OK}}}}}
components:
  pathItems:
    P: {{parameters: [{{in: query, name: a}}, {{in: query, name: b, schema: {{type: integer}}}}], get: {{{OK}}}, post: {{responses: {{'204': {{}}}}}}}}
"""
    )

    assert engine.call("/x", method="POST").status == 200
    assert [each.field for each in engine.faults("/x?a=x&b=x")] == ["a", "b"]


def test_an_operation_may_be_a_reference_to_another() -> None:
    engine = Engine.brought(
        f"paths: {{/x: {{get: {{{answering('{type: integer}')}}}}}, /y: {{get: {{$ref: '#/paths/~1x/get'}}}}}}"
    )

    assert engine.call("/y").body == 0


@pytest.mark.parametrize("path", ['"/a\\0b"', "/a%00b", '"/x/{i}/\\0"'])
def test_a_path_with_a_nul_character_is_left_out(path: str) -> None:
    catalogue = brought(f"paths: {{{path}: {{get: {{{OK}}}}}, /good: {{get: {{{OK}}}}}}}")

    (problem,) = catalogue.problems
    assert "holds a NUL character" in problem
    assert names(catalogue) == ["GET /good"]


def test_a_server_with_a_nul_character_leaves_its_document_out() -> None:
    catalogue = brought(f'servers: [{{url: "/a\\0b"}}]\npaths: {{/x: {{get: {{{OK}}}}}}}')

    (problem,) = catalogue.problems
    assert "servers[0].url" in problem
