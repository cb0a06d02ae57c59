"""What a document may contain, and the message if it contains something else."""

from __future__ import annotations

import pytest

from tests.apis.engine import LIST, Engine, complaint, operation
from tests.cases import every_case

PLACE = "paths[/v1/widgets].get"
RULE = f"{PLACE}.x-mock-sei"
PARAMETER = f"{PLACE}.parameters[0]"

WRONG_RULES = [
    ("{collection: widgets, key: id, colour: red}", f"{RULE}.colour: unknown key"),
    ("{key: id}", f"{RULE}.collection: missing"),
    ("{collection: widgets}", f"{RULE}.key: missing"),
    ("{collection: 7, key: id}", f"{RULE}.collection: missing"),
    ("[]", f"{RULE}: not a mapping"),
    (
        "{collection: w, key: id, action: fetch}",
        f"{RULE}.action = 'fetch': must be one of list, read",
    ),
    (
        "{collection: w, key: id, envelope: box}",
        f"{RULE}.envelope = 'box': must be one of data, resul",
    ),
    (
        "{collection: w, key: id, paging: page}",
        f"{RULE}.paging = 'page': must be one of cursor, offs",
    ),
    ("{collection: w, key: id, members: id}", f"{RULE}.members = 'id': must be a list of texts"),
    ("{collection: w, key: id, identifiers: [1]}", f"{RULE}.identifiers: must be a list of texts"),
    ("{collection: w, key: id, fixed: {a: b}}", f"{RULE}.fixed: must be a list of texts"),
    ("{collection: w, key: id, requires: [a]}", f"{RULE}.requires: must be a list of lists"),
    ("{collection: w, key: id, requires: [[]]}", f"{RULE}.requires: must be a list of lists"),
    (
        "{collection: w, key: id, requires: [[a]]}",
        f"{RULE}.requires = 'a': the operation has no such",
    ),
    (
        '{collection: w, key: id, requires: [["a?b"]]}',
        f"{RULE}.requires = 'a': the operation has no such",
    ),
    (
        "{collection: w, key: id, fields: [a]}",
        f"{RULE}.fields: must be a mapping of names to members",
    ),
    ("{collection: w, key: id, fields: {a: $bdy.x}}", f"{RULE}.fields = '$bdy.x': no such value"),
    ("{collection: w, key: id, answer: [$path.x]}", f"{RULE}.answer = '$path.x': no such value"),
    ("{collection: w, key: id, records: [{fields: {}}]}", f"{RULE}.records: must be a list of {{"),
    (
        "{collection: w, key: id, records: [{collection: x, fields: {a: $query.b}}]}",
        f"{RULE}.records = '$query.b': no such value",
    ),
    ("{collection: w, key: id, schema: Nope}", f"{RULE}.schema.$ref = '#/components/schemas/Nope'"),
    ("{collection: w, key: id, polls: -1}", f"{RULE}.polls = -1: must be a whole number"),
    ("{collection: w, key: id, polls: 0.5}", f"{RULE}.polls = 0.5: must be a whole number"),
    ("{collection: w, key: id, seconds: soon}", f"{RULE}.seconds = 'soon': must be a number of"),
    ("{collection: w, key: id, reports: {a: 1}}", f"{RULE}.reports: must be a mapping of report"),
    ("{collection: w, key: id, action: submit-report}", f"{RULE}.reports: missing"),
    ("{collection: w, key: id, action: read}", f"{RULE}.action = 'read': no parameter of the path"),
    ("{collection: w, key: id, action: job-status}", f"{RULE}.key = 'id': the operation has no"),
    (
        "{collection: w, key: id, action: collect-report}",
        f"{RULE}.key = 'id': the operation has no such",
    ),
]

WRONG_PARAMETERS = [
    ("{in: query}", f"{PARAMETER}: it has no name or no place"),
    ("{name: a, in: body}", f"{PARAMETER}: it has no name or no place"),
    ("7", f"{PARAMETER} = 7: not a mapping"),
    ("{name: a, in: query, schema: []}", None),
    ("{name: a, in: query, schema: [1]}", f"{PARAMETER}.schema: must be a schema"),
    ('{name: a, in: query, schema: {$ref: "#/nope"}}', f"{PARAMETER}.schema.$ref = '#/nope': lea"),
    ('{$ref: "other.yaml#/a"}', f"{PARAMETER}.$ref = 'other.yaml': cannot be read ("),
    ("{name: a, in: query, x-mock-sei: 1}", f"{PARAMETER}.x-mock-sei: not a mapping"),
    (
        "{name: a, in: query, x-mock-sei: {fields: a}}",
        f"{PARAMETER}.x-mock-sei.fields: unknown key",
    ),
    (
        "{name: a, in: query, x-mock-sei: {field: a, match: like}}",
        f"{PARAMETER}.x-mock-sei.match = 'like': must be one of equals, excluding",
    ),
    (
        "{name: a, in: query, x-mock-sei: {use: page}}",
        f"{PARAMETER}.x-mock-sei.use = 'page': must be one of limit, cursor",
    ),
    (
        "{name: a, in: query, x-mock-sei: {field: 7}}",
        f"{PARAMETER}.x-mock-sei.field = 7: must be a text",
    ),
    (
        "{name: a, in: query, x-mock-sei: {match: from}}",
        f"{PARAMETER}.x-mock-sei.field: missing",
    ),
    (
        "{name: a, in: query, x-mock-sei: {use: include}}",
        f"{PARAMETER}.x-mock-sei.member: missing",
    ),
    (
        "{name: a, in: query, x-mock-sei: {field: firm, match: pairs}}",
        f"{PARAMETER}.x-mock-sei.field = 'firm': must name two members",
    ),
    (
        "{name: a, in: query, x-mock-sei: {chosen: {created: x}}}",
        f"{PARAMETER}.x-mock-sei.chosen: must be {{by: a parameter",
    ),
    (
        "{name: a, in: query, x-mock-sei: {chosen: {by: b, created: x}}}",
        f"{PLACE}: a.x-mock-sei.chosen.by = 'b': the operation has no such parameter",
    ),
]


@every_case(("rule", "line"), WRONG_RULES)
def test_a_wrong_key_of_an_operation_is_told_with_its_place(rule: str, line: str) -> None:
    assert complaint(operation(rule)).startswith(line)


@every_case(("parameter", "line"), WRONG_PARAMETERS)
def test_a_wrong_key_of_a_parameter_is_told_with_its_place(
    parameter: str, line: str | None
) -> None:
    text = operation(LIST, f"[{parameter}]")
    if line is None:
        assert Engine.of(text).ids() == []
    else:
        assert complaint(text).startswith(line)


@every_case(
    ("text", "line"),
    [
        ("paths: [1]", "paths: not a mapping"),
        ("paths: {/x: 1}", "paths[/x] = 1: not a mapping"),
        ("paths: {x: {}}", "paths[x]: must begin with /"),
        ("paths: {/x: {get: 1}}", "paths[/x].get = 1: not a mapping"),
        ('paths: {/x: {$ref: "#/paths/y"}}', "paths[/x].$ref = '#/paths/y': leads nowhere"),
        ('paths: {/x: {$ref: "#/paths/~1x"}}', "paths[/x]: a circle of references"),
        (
            "paths: {'/x/{id}': {get: {}}}",
            "paths[/x/{id}].get: the path has {id}, and no parameter",
        ),
        (
            "paths: {'/x/{id}': {get: {parameters: [{name: id, in: query}]}}}",
            "paths[/x/{id}].get: the path has {id}",
        ),
    ],
)
def test_a_document_that_is_built_wrong_is_told_with_the_place(text: str, line: str) -> None:
    assert complaint(text).startswith(line)


@every_case(
    ("responses", "status"),
    [
        ('{"200": {}, "201": {}}', 200),
        ('{"400": {}, "202": {}}', 202),
        ('{"default": {}}', 200),
        ('{"2XX": {}, "302": {}}', 200),
        ('{"302": {}, "400": {}}', 302),
        ("{}", 200),
        ("null", 200),
    ],
)
def test_an_answer_has_the_first_good_status_of_its_document(responses: str, status: int) -> None:
    text = f"paths: {{/x: {{get: {{responses: {responses}}}}}}}"

    assert Engine.of(text).catalogue.operations[0].success == status


def test_what_stands_under_paths_and_is_no_path_is_passed_over() -> None:
    engine = Engine.of("paths: {x-about: text, /x: {get: {}}}")

    assert [each.name for each in engine.catalogue.operations] == ["GET /x"]


def test_a_path_can_stand_elsewhere_in_the_document() -> None:
    text = (
        'paths: {/x: {$ref: "#/components/pathItems/X"}}\ncomponents: {pathItems: {X: {put: {}}}}'
    )

    assert [each.name for each in Engine.of(text).catalogue.operations] == ["PUT /x"]


def test_parameters_of_the_path_are_every_methods_and_give_way_to_its_own() -> None:
    text = """
paths:
  /v1/widgets:
    parameters:
      - {name: a, in: query, schema: {type: integer}}
      - {name: b, in: query}
    get:
      parameters: [{name: a, in: query, required: true}]
"""
    (found,) = Engine.of(text).catalogue.operations

    assert list(found.parameters) == [("query", "a"), ("query", "b")]
    assert found.parameters["query", "a"].required
    assert found.parameters["query", "a"].type == "string"


@pytest.mark.parametrize("name", ["Authorization", "Accept", "content-type"])
def test_headers_that_a_document_describes_elsewhere_are_no_parameters(name: str) -> None:
    """OpenAPI 3.1.1: parameters with these names shall be ignored."""
    text = operation(LIST, f"[{{name: {name}, in: header, required: true}}]")

    assert Engine.of(text).ids() == []


@pytest.mark.parametrize(
    ("kind", "is_type"),
    [('["null", integer]', "integer"), ('[string, "null"]', "string"), ('["null"]', "string")],
)
def test_the_type_of_a_parameter_is_the_one_beside_null(kind: str, is_type: str) -> None:
    text = operation(LIST, f"[{{name: a, in: query, schema: {{type: {kind}}}}}]")

    assert Engine.of(text).catalogue.operations[0].parameters["query", "a"].type == is_type
