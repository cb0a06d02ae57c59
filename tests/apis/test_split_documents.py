"""Documents of several files: each reference is relative to the file that contains it."""

# ruff: noqa: E501  # documents in YAML
from __future__ import annotations

from pathlib import Path

import pytest

from tests.apis.engine import Engine
from tests.apis.test_structure import folder_of, names

HEAD = "openapi: 3.1.0\ninfo: {title: a, version: '1'}\n"


def get(schema: str) -> str:
    return f"{{get: {{responses: {{'200': {{content: {{application/json: {{schema: {schema}}}}}}}}}}}}}"


def ref(reference: str) -> str:
    return f"{{$ref: '{reference}'}}"


def engine(folder: Path, files: dict[str, str]) -> Engine:
    found = Engine.of("paths: {}")
    found.catalogue = folder_of(folder, files)
    return found


def test_parts_refer_to_one_another_from_where_they_are(tmp_path: Path) -> None:
    found = engine(
        tmp_path,
        {
            "a/own.yaml": HEAD + "paths: {/x: {$ref: paths/x.yaml}}",
            "a/paths/x.yaml": "get: {parameters: [{$ref: '../params/p.yaml#/limit'}], responses: {'200': {$ref: ../responses/r.json}}}",
            "a/params/p.yaml": "limit: {in: query, name: limit, schema: {$ref: '../../shared/s.yaml#/definitions/N'}}",
            "a/responses/r.json": '{"content": {"application/json": {"schema": {"$ref": "../../shared/s.yaml"}}}}',
            "shared/s.yaml": "type: object\nrequired: [n, next]\nproperties: {n: {$ref: '#/definitions/N'}, next: {$ref: t.yaml}}\ndefinitions: {N: {type: integer, maximum: 5}}",
            "shared/t.yaml": "type: array\nitems: {$ref: 's.yaml#'}",
            "shared/data.json": "[1, 2]",
            "package.json": '{"name": "own"}',
            "notes.yml": "no document",
        },
    )

    assert found.catalogue.problems == []
    assert found.call("/x?limit=5").body == {"n": 0, "next": []}
    assert [each.field for each in found.faults("/x?limit=6")] == ["limit"]


def test_two_documents_may_refer_to_each_other_in_a_circle(tmp_path: Path) -> None:
    found = engine(
        tmp_path,
        {
            "one.yaml": HEAD
            + f"paths: {{/one: {get(ref('two.yaml#/components/schemas/B'))}}}\n"
            + "components: {schemas: {A: {type: object, required: [v], properties: {v: {type: integer}, b: {$ref: 'two.yaml#/components/schemas/B'}}}}}",
            "two.yaml": HEAD
            + f"paths: {{/two: {get(ref('#/components/schemas/B'))}}}\n"
            + "components: {schemas: {B: {type: object, required: [a], properties: {a: {$ref: 'one.yaml#/components/schemas/A'}}}}}",
        },
    )

    assert found.catalogue.problems == []
    assert found.call("/one").body == found.call("/two").body == {"a": {"v": 0}}


def test_parts_of_swagger_are_swagger(tmp_path: Path) -> None:
    found = engine(
        tmp_path,
        {
            "own.yaml": "swagger: '2.0'\nbasePath: /v1\npaths: {/x: {$ref: 'paths.yaml#/x'}, /y: {get: {parameters: [{$ref: 'more.yaml#/n'}], responses: {'200': {$ref: 'more.yaml#/ok'}}}}}\ndefinitions: {Own: {type: integer, x-nullable: true}}",
            "paths.yaml": "x: {get: {parameters: [{name: n, in: query, type: array, items: {type: integer, maximum: 5}, collectionFormat: pipes}], responses: {'200': {description: ok, schema: {$ref: 'defs.json#/definitions/T'}}}}}",
            "more.yaml": "n: {name: n, in: query, type: integer, maximum: 5}\nok: {description: ok, schema: {$ref: 'own.yaml#/definitions/Own'}, headers: {X-N: {type: integer}}}",
            "defs.json": '{"definitions": {"T": {"type": "object", "required": ["a", "b"], "properties": {"a": {"$ref": "#/definitions/U"}, "b": {"$ref": "own.yaml#/definitions/Own"}}}, "U": {"type": "string", "enum": ["u"]}}}',
        },
    )

    assert found.catalogue.problems == []
    assert found.call("/v1/x?n=1|2").body == {"a": "u", "b": 0}
    assert found.faults("/v1/x?n=1|9")
    assert found.call("/v1/y?n=5").headers == {"X-N": "0"}
    assert found.faults("/v1/y?n=6")


@pytest.mark.parametrize(
    ("reference", "name", "content"),
    [
        ("./my%20types/a%23b.yaml#/T~1x/%24y", "my types/a#b.yaml", "T/x: {$y: {type: integer}}"),
        ("my types/a.yaml#/T~1x/$y", "my types/a.yaml", "T/x: {$y: {type: integer}}"),
        ("p.yaml#here", "p.yaml", "$defs: {A: {$anchor: here, type: integer}}"),
        ("p.yaml#/a~0b", "p.yaml", "a~b: {$ref: '#/c'}\nc: {$ref: ./q.yaml}"),
        ("p.json", "p.json", '{"type": "integer"}'),
        ("p.json#", "p.json", '{"type": "integer"}'),
    ],
)
def test_a_reference_names_a_part_in_any_way(
    tmp_path: Path, reference: str, name: str, content: str
) -> None:
    found = engine(
        tmp_path,
        {
            "own.yaml": HEAD + f"paths: {{/x: {get(ref(reference))}}}",
            name: content,
            "q.yaml": "type: integer",
        },
    )

    assert found.catalogue.problems == []
    assert found.call("/x").body == 0


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("file:///etc/hostname", "only files in this document's folder"),
        ("https://api.invalid/a.yaml", "only files in this document's folder"),
        ("//api.invalid/a.yaml", "only files in this document's folder"),
        ("/etc/hostname", "only files in this document's folder"),
        ("../../outside.yaml", "leads out of the folder"),
        ("%2e%2e/outside.yaml", "leads out of the folder"),
        ("link.yaml", "leads out of the folder"),
        ("number.json", "does not lead to an object of the right kind"),
        ("broken.yaml", "not valid YAML"),
    ],
)
def test_what_is_no_part_of_the_folder_costs_who_refers_to_it(
    tmp_path: Path, reference: str, told: str
) -> None:
    (tmp_path / "outside.yaml").write_text("type: integer")
    folder = tmp_path / "apis"
    folder.mkdir()
    (folder / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    catalogue = folder_of(
        folder,
        {
            "own.yaml": HEAD + f"paths: {{/x: {get(ref(reference))}, /y: {get('{}')}}}",
            "number.json": "7",
            "broken.yaml": "a: [",
        },
    )

    assert names(catalogue) == ["GET /y"]
    assert told in catalogue.problems[0]


def test_a_wrong_error_of_a_part_costs_nothing_either(tmp_path: Path) -> None:
    catalogue = folder_of(
        tmp_path,
        {
            "own.yaml": HEAD + "paths: {$ref: paths.yaml}",
            "paths.yaml": "/x: {get: {responses: {'200': {description: ok}, '400': 7}}, put: {responses: {'200': 7}}}\n/y: {get: {responses: {'200': {description: ok}}}}",
        },
    )

    assert names(catalogue) == ["GET /x", "GET /y"]
    assert [each.consequence for each in catalogue.costs] == [
        "no operation is left out",
        "PUT /x is left out",
    ]


def test_a_value_of_an_example_elsewhere_is_reported_as_not_read(tmp_path: Path) -> None:
    catalogue = folder_of(
        tmp_path,
        {
            "own.yaml": HEAD
            + "paths: {/x: {get: {responses: {'200': {content: {application/json: {examples: {a: {externalValue: a.json}}}}}}}}}"
        },
    )

    assert "examples.a.externalValue = 'a.json': is not read" in catalogue.problems[0]
    assert names(catalogue) == ["GET /x"]


@pytest.mark.parametrize(
    ("reference", "problem"),
    [('"a\\0b.yaml"', "holds a NUL character"), (f"{'a' * 300}.yaml", "longer than 255 bytes")],
)
def test_a_name_that_no_file_can_have_costs_its_operation(
    reference: str, problem: str, tmp_path: Path
) -> None:
    found = engine(
        tmp_path,
        {"own.yaml": HEAD + f"paths: {{/x: {get(f'{{$ref: {reference}}}')}, /y: {get('{}')}}}"},
    )

    (told,) = found.catalogue.problems
    assert problem in told
    assert names(found.catalogue) == ["GET /y"]
