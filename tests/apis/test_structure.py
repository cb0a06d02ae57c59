"""The place of a part of a document decides its meaning. A wrong part affects only operations that
use it."""

# ruff: noqa: E501  # documents in YAML
from __future__ import annotations

import json
from pathlib import Path

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.merged import merged
from mock_sei.errors import ConfigurationError, Refusal
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import JSON, Document, Engine, document
from tests.cases import every_case

OK = "responses: {'200': {description: ok}}"


def answering(schema: str) -> str:
    return f"responses: {{'200': {{description: ok, content: {{application/json: {{schema: {schema}}}}}}}}}"


def brought(text: str, version: str = "3.0.3") -> Catalogue:
    return Catalogue((), [document(text, version=version)])


def names(catalogue: Catalogue) -> list[str]:
    return [each.name for each in catalogue.operations]


def folder_of(folder: Path, files: dict[str, str]) -> Catalogue:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    fixtures = load_fixtures(apis=folder)
    return Catalogue((), fixtures.brought, unread=fixtures.problems)


HEAD = "openapi: 3.0.3\ninfo: {title: a, version: '1'}\n"


@pytest.mark.parametrize(
    "link",
    [
        "{operationId: next, requestBody: $request.body}",
        "{operationId: next, requestBody: 5, parameters: {content: 3, schema: text}}",
        "{operationId: next, headers: 7, x-own: {content: []}}",
    ],
)
def test_a_link_holds_values_whatever_its_fields_are_called(link: str) -> None:
    catalogue = brought(
        f"paths: {{/x: {{post: {{responses: {{'201': {{description: made, links: {{next: {link}}}}}}}}}}}}}"
    )

    assert catalogue.problems == []
    assert names(catalogue) == ["POST /x"]


def test_members_may_have_the_names_of_keywords() -> None:
    text = f"""
paths: {{/x: {{get: {{{answering("{$ref: '#/components/schemas/Odd'}")}}}}}}}
components:
  schemas:
    Odd:
      type: object
      required: [$ref, type, properties, items, requestBody]
      properties:
        $ref: {{type: string}}
        type: {{type: string}}
        properties: {{type: object, properties: {{nullable: {{type: boolean}}}}}}
        items: {{type: array, items: {{type: string}}}}
        requestBody: {{type: integer, nullable: true}}
        $id: {{type: string}}
"""
    engine = Engine.brought(text, version="3.0.3")

    assert engine.call("/x").body.keys() >= {"$ref", "type", "properties", "items", "requestBody"}


WRONG = {
    "required": "{type: object, properties: {a: {type: string, required: true}}}",
    "nowhere": "{$ref: '#/components/schemas/Nope'}",
    "through": "{type: array, items: {$ref: '#/components/schemas/Wrong'}}",
    "no schema": "{items: [1]}",
}


@every_case("schema", WRONG.values(), ids=WRONG)
def test_a_wrong_spot_costs_the_operations_that_read_it_and_no_other(schema: str) -> None:
    catalogue = brought(f"""
paths:
  /bad: {{get: {{{answering(schema)}}}, post: {{{OK}}}}}
  /fine: {{get: {{{answering("{$ref: '#/components/schemas/Right'}")}}}}}
components:
  schemas: {{Wrong: {{minLength: many}}, Right: {{type: string}}}}
""")

    assert names(catalogue) == ["POST /bad", "GET /fine"]


def test_a_call_of_an_operation_that_was_left_out_says_where_and_why() -> None:
    catalogue = brought(
        f"paths: {{'/x/{{id}}': {{get: {{{OK}}}, post: {{}}}}, /y: {{get: {{{OK}}}}}}}"
    )

    with pytest.raises(Refusal) as caught:
        catalogue.find("GET", "/x/7")

    because = caught.value.why.because
    assert caught.value.kind.status == 404
    assert because.startswith("GET /x/{id} is in widgets.yaml, and was left out: widgets.yaml: ")
    assert "the path has {id}, and no parameter of that name in: path" in because
    with pytest.raises(Refusal) as other:
        catalogue.find("GET", "/z")
    assert "left out" not in other.value.why.because


def test_a_call_to_a_document_that_was_left_out_whole_says_so() -> None:
    catalogue = brought(f"servers: 7\npaths: {{/x: {{get: {{{OK}}}}}}}")
    other = Catalogue((), [document(f"paths: {{/x: {{get: {{{OK}}}}}}}", version="4.0")])

    assert names(catalogue) == names(other) == []
    with pytest.raises(Refusal) as caught:
        other.find("GET", "/x")
    assert "every method of /x is in widgets.yaml, and was left out" in caught.value.why.because


def test_a_miss_names_a_document_that_could_not_be_read(tmp_path: Path) -> None:
    catalogue = folder_of(tmp_path, {"a.yaml": HEAD + "paths: [", "b.yaml": HEAD + "paths: {}"})

    with pytest.raises(Refusal) as caught:
        catalogue.find("GET", "/x")

    assert f"could not be read may have it: {tmp_path}/a.yaml: not valid YAML" in (
        caught.value.why.because
    )


def test_all_faults_are_told_at_once() -> None:
    catalogue = brought(f"""
paths:
  /a: {{get: {{{answering("{minLength: x, required: true, properties: {b: {type: cat}}}")}}}}}
  /b: 7
  /c: {{get: {{parameters: [{{in: query}}], {OK}}}}}
components: {{schemas: {{Unused: {{pattern: 5}}}}}}
""")

    told = "\n".join(catalogue.problems)
    for place in (
        "schema.minLength = 'x'",
        "schema.required = true",
        "properties.b.type = 'cat'",
        "paths[/b] = 7",
        "paths[/c].get.parameters[0]: it has no name",
        "components.schemas.Unused.pattern = 5",
    ):
        assert place in told


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_a_schema_that_contains_itself_at_once_is_told_and_answered(keyword: str) -> None:
    catalogue = brought(f"""
paths:
  /x:
    get: {{{answering("{$ref: '#/components/schemas/Loop'}")}}}
    post:
      requestBody: {{content: {{application/json: {{schema: {{$ref: '#/components/schemas/Loop'}}}}}}}}
      {OK}
components: {{schemas: {{Loop: {{{keyword}: [{{$ref: '#/components/schemas/Loop'}}, {{type: object}}]}}}}}}
""")
    engine = Engine.of("paths: {}")
    engine.catalogue = catalogue

    (problem,) = catalogue.problems
    assert f"components.schemas.Loop.{keyword}[0].$ref: the schema contains itself" in problem
    assert engine.call("/x").body == {}
    assert engine.call("/x", method="POST", body="{}", headers={"content-type": "application/json"})
    assert engine.faults(
        "/x", method="POST", body="[]", headers={"content-type": "application/json"}
    )


def test_a_list_of_examples_is_told_and_its_first_is_answered() -> None:
    catalogue = brought(
        "paths: {/x: {get: {responses: {'200': {description: ok, content: {application/json: {examples: [{id: 1}, {id: 2}]}}}}}}}"
    )
    engine = Engine.of("paths: {}")
    engine.catalogue = catalogue

    assert "examples: must be a mapping of names to examples" in catalogue.problems[0]
    assert engine.call("/x").body == {"id": 1}


def test_a_path_parameter_that_the_path_lacks_is_told_and_not_asked_for() -> None:
    catalogue = brought(
        f"paths: {{/x: {{get: {{parameters: [{{name: key, in: path, required: true}}], {OK}}}}}}}"
    )
    engine = Engine.of("paths: {}")
    engine.catalogue = catalogue

    assert "the path has no {key}" in catalogue.problems[0]
    assert engine.call("/x").status == 200


@pytest.mark.parametrize(
    "schema",
    ["{type: integer, default: nope}", "{type: string, default: null}", "{maximum: 3, default: 4}"],
)
def test_a_default_that_breaks_its_schema_is_told_and_not_used(schema: str) -> None:
    catalogue = brought(
        f"paths: {{/x: {{get: {{parameters: [{{name: n, in: query, schema: {schema}}}], {OK}}}}}}}"
    )

    (problem,) = catalogue.problems
    assert "parameters[0].schema.default: the default does not fit its schema" in problem
    assert catalogue.operations[0].defaults == {}


def test_a_default_that_fits_is_used() -> None:
    catalogue = brought(
        f"paths: {{/x: {{get: {{parameters: [{{name: n, in: query, schema: {{type: array, default: [a]}}}}], {OK}}}}}}}"
    )

    assert catalogue.problems == []
    assert catalogue.operations[0].defaults == {("query", "n"): ("a",)}


@every_case(
    "more",
    [
        "components: {x-note: true, schemas: {A: {type: string}}}",
        "components: {x-note: [1]}",
        "components: null",
        "components: {schemas: null, examples: [], x-thing: 5}\ninfo: null",
        "security: [null]",
        "security: {a: []}",
    ],
)
def test_one_document_never_costs_the_merged_one(more: str) -> None:
    catalogue = brought(f"paths: {{/x: {{get: {{{OK}}}}}}}\n{more}")

    content = merged(catalogue.products.values(), title="All", version="1")
    assert list(content["paths"]) == ["/x"]


@every_case(
    "field", ["security: [null]", "security: {a: []}", "tags: x", "operationId: 5", "summary: [1]"]
)
def test_a_wrong_field_that_nothing_depends_on_is_told_and_costs_nothing(field: str) -> None:
    catalogue = brought(f"paths: {{/x: {{get: {{{field}, {OK}}}}}}}")

    (problem,) = catalogue.problems
    assert f"paths[/x].get.{field.partition(':')[0]}" in problem
    assert merged(catalogue.products.values(), title="All", version="1")["paths"]


@every_case(
    ("text", "version"),
    [
        ("components: {schemas: {A: {type: string}}}", "3.1.0"),
        (f"webhooks: {{ping: {{post: {{{OK}}}}}}}", "3.1.0"),
        ("paths: {}", "3.0.3"),
        ("paths: {/unused: {}}", "3.1.0"),
    ],
)
def test_a_document_without_operations_is_no_fault(text: str, version: str) -> None:
    catalogue = brought(text, version)

    assert catalogue.problems == []
    assert names(catalogue) == []


@every_case("version", ["3.0.0", "3.1", "3.1.2", "3.2.0"])
def test_every_version_is_read(version: str) -> None:
    assert names(brought(f"paths: {{/x: {{get: {{{OK}}}}}}}", version)) == ["GET /x"]


def test_operations_of_3_2_are_served() -> None:
    catalogue = brought(
        f"paths: {{/x: {{query: {{{OK}}}, additionalOperations: {{LINK: {{{OK}}}}}}}}}", "3.2.0"
    )

    assert catalogue.problems == []
    assert names(catalogue) == ["QUERY /x", "LINK /x"]


@every_case(
    ("schemas", "start"),
    [
        (
            "Own: {$id: 'https://x.invalid/own', type: object, required: [a], properties: {a: {$ref: '#/$defs/A'}}, $defs: {A: {type: integer}}}",
            "#/components/schemas/Own",
        ),
        (
            "Own: {$id: 'https://x.invalid/own', type: object, required: [a], properties: {a: {$ref: 'a'}}}\n    A: {$id: 'https://x.invalid/a', type: integer}",
            "https://x.invalid/own",
        ),
        (
            "Own: {$anchor: own, type: object, required: [a], properties: {a: {type: integer}}}",
            "#own",
        ),
        (
            "Own: {type: object, required: [a], properties: {a: {$dynamicRef: '#node'}}}\n    A: {$dynamicAnchor: node, type: integer}",
            "#/components/schemas/Own",
        ),
    ],
    ids=["id", "ids", "anchor", "dynamic"],
)
def test_schemas_refer_to_one_another_by_their_own_names(schemas: str, start: str) -> None:
    answer = answering(f"{{$ref: '{start}'}}")
    text = f"""
paths: {{/x: {{get: {{{answer}}}}}}}
components:
  schemas:
    {schemas}
"""

    body = Engine.brought(text).call("/x").body
    assert list(body) == ["a"]
    assert isinstance(body["a"], int)


def test_a_wrong_operation_of_a_path_item_elsewhere_costs_no_other_of_it() -> None:
    catalogue = brought(
        f"paths: {{/x: {{$ref: '#/components/pathItems/G'}}}}\n"
        f"components: {{pathItems: {{G: {{get: {{{OK}}}, post: {{responses: 7}}}}}}}}",
        "3.1.0",
    )

    assert names(catalogue) == ["GET /x"]


def test_a_document_of_several_files_is_one(tmp_path: Path) -> None:
    catalogue = folder_of(
        tmp_path,
        {
            "main.yaml": HEAD
            + "paths:\n  /x: {$ref: 'paths/x.yaml'}\n"
            + "components: {schemas: {Id: {type: integer, minimum: 3}}}\n",
            "paths/x.yaml": f"get: {{{answering('{$ref: ../shapes/all.yaml#/Thing}')}}}\npost: {{responses: 7}}\n",
            "shapes/all.yaml": "Thing: {type: object, required: [id, kid], properties: {id: {$ref: '../main.yaml#/components/schemas/Id'}, kid: {$ref: '#/Kid'}}}\nKid: {type: string, nullable: true, enum: [a]}\n",
        },
    )
    engine = Engine.of("paths: {}")
    engine.catalogue = catalogue

    (problem,) = catalogue.problems
    assert problem == f"{tmp_path}/paths/x.yaml: post.responses = 7: not a mapping"
    assert engine.call("/x").body == {"id": 3, "kid": "a"}
    content = merged(catalogue.products.values(), title="All", version="1")
    assert Catalogue((), [Document(content=content)]).problems == []


def test_all_paths_may_stand_in_another_file(tmp_path: Path) -> None:
    catalogue = folder_of(
        tmp_path,
        {
            "main.yaml": HEAD + "paths: {$ref: all.yaml}\n",
            "all.yaml": f"/a: {{get: {{{OK}}}}}\n/b: {{get: {{responses: 7}}, post: {{{OK}}}}}\n",
        },
    )

    assert names(catalogue) == ["GET /a", "POST /b"]


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("gone.yaml#/A", "cannot be read"),
        ("../out.yaml", "leads out of the folder"),
        ("%2e%2e/out.yaml", "leads out of the folder"),
        ("link.yaml", "leads out of the folder"),
        ("https://x.invalid/a.yaml", "only files in this document's folder"),
        ("/etc/hostname", "only files in this document's folder"),
        ("file:///etc/hostname", "only files in this document's folder"),
        ("part.yaml#/Nope", "leads nowhere"),
    ],
)
def test_a_reference_to_what_is_not_there_costs_its_operation_only(
    tmp_path: Path, reference: str, problem: str
) -> None:
    (tmp_path / "out.yaml").write_text("{type: string}")
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "link.yaml").symlink_to(tmp_path / "out.yaml")
    catalogue = folder_of(
        tmp_path / "own",
        {
            "main.yaml": HEAD
            + f"paths:\n  /x: {{get: {{{answering(f'{{$ref: {json.dumps(reference)}}}')}}}}}\n  /y: {{get: {{{OK}}}}}\n",
            "part.yaml": "A: {type: string}",
        },
    )

    (told,) = catalogue.problems
    assert problem in told
    assert names(catalogue) == ["GET /y"]


def test_documents_are_found_at_any_depth_and_in_any_case(tmp_path: Path) -> None:
    one = "{{'openapi': '3.0.3', 'paths': {{'{}': {{'get': {{'responses': {{'200': {{}}}}}}}}}}}}"
    catalogue = folder_of(
        tmp_path,
        {
            "a.YAML": one.format("/a"),
            "deep/er/b.JSON": one.format("/b").replace("'", '"'),
            "deep/part.yaml": "A: {type: string}",
            "deep/.hidden/c.yaml": one.format("/c"),
            "bom.json": "\ufeff" + one.format("/d").replace("'", '"'),
        },
    )

    assert sorted(names(catalogue)) == ["GET /a", "GET /b", "GET /d"]
    assert catalogue.problems == []


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_key_that_stands_twice_is_told(tmp_path: Path, name: str) -> None:
    text = '{"openapi": "3.0.3", "paths": {"/x": {"get": {}},\n "/x": {"post": {}}}}'
    catalogue = folder_of(tmp_path, {name: text})

    (problem,) = catalogue.problems
    assert "/x" in problem
    assert "this key occurs twice; the last one is read" in problem
    assert names(catalogue) == ["POST /x"]


def test_merge_keys_are_read(tmp_path: Path) -> None:
    text = f"x-shared: &shared {{{OK}}}\npaths: {{/x: {{get: {{<<: *shared, summary: own}}}}}}\n"
    catalogue = folder_of(tmp_path, {"a.yaml": HEAD + text})

    assert catalogue.problems == []
    assert "200" in catalogue.operations[0].raw["responses"]


def test_a_file_in_place_of_a_folder_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(HEAD)

    with pytest.raises(ConfigurationError, match="is a file; give the folder that contains it"):
        load_fixtures(apis=file)


def test_two_documents_of_one_path_are_told(tmp_path: Path) -> None:
    text = HEAD + f"paths: {{/x: {{get: {{{OK}}}}}}}"
    catalogue = folder_of(tmp_path, {"a.yaml": text, "b.yaml": text})

    (problem,) = catalogue.problems
    assert problem == (f"{tmp_path}/b.yaml: GET /x is also in {tmp_path}/a.yaml, which answers it")


def test_a_callback_may_be_a_reference() -> None:
    catalogue = brought(
        f"""
        paths:
          /x: {{post: {{callbacks: {{done: {{$ref: '#/components/callbacks/Done'}}}}, {OK}}}}}
        components:
          callbacks:
            Done: {{'{{$request.body#/url}}': {{post: {{{OK}}}}}}}
        """
    )

    assert catalogue.problems == []
    assert names(catalogue) == ["POST /x"]


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        ("'http://[bad#/x'", "is not a valid URI reference"),
        ("'#/paths/~1y/get/parameters/" + "9" * 4301 + "'", "leads nowhere"),
        ("'#/paths/~1y/get/parameters/-1'", "leads nowhere"),
    ],
)
@pytest.mark.parametrize("place", ["parameter", "schema"])
def test_a_reference_that_none_can_be_costs_its_operation_only(
    reference: str, problem: str, place: str
) -> None:
    parameter = f"{{$ref: {reference}}}"
    if place == "schema":
        parameter = f"{{name: a, in: query, schema: {parameter}}}"
    catalogue = brought(
        f"""
        paths:
          /x: {{get: {{parameters: [{parameter}], {OK}}}}}
          /y: {{get: {{parameters: [], {OK}}}}}
        """
    )

    assert names(catalogue) == ["GET /y"]
    assert problem in catalogue.problems[0]
    assert "paths[/x].get.parameters[0]" in catalogue.problems[0]


@pytest.mark.parametrize(
    "item",
    ["{$ref: 5}", "{get: {parameters: [{$ref: []}]}}", "{get: {responses: {'200': {$ref: {}}}}}"],
)
def test_a_reference_that_is_no_text_costs_its_operation_only(item: str) -> None:
    catalogue = brought(f"paths: {{/x: {item}, /y: {{get: {{{OK}}}}}}}")

    assert names(catalogue) == ["GET /y"]
    assert ".$ref" in catalogue.problems[0]
    assert "must be a text" in catalogue.problems[0]


def test_an_identifier_that_is_no_address_is_told_and_not_read() -> None:
    catalogue = brought(
        f"paths: {{/x: {{get: {{{answering('{$id: https://a.example/, properties: {a: {$id: ' + repr('http://[bad') + '}}}')}}}}}}}",
        "3.1.0",
    )

    assert (
        "$id = 'http://[bad': is not a valid URI reference; it is not read" in catalogue.problems[0]
    )
    assert names(catalogue) == ["GET /x"]


def test_a_link_may_lead_to_a_link_of_another_file(tmp_path: Path) -> None:
    link = "{$ref: 'more.yaml#/links/Alias'}"
    catalogue = folder_of(
        tmp_path,
        {
            "api.yaml": f"{HEAD}paths: {{/x: {{get: {{responses: {{'200': {{description: ok, links: {{next: {link}}}}}}}}}}}}}",
            "more.yaml": "links: {Alias: {$ref: '#/links/Next'}, Next: {operationId: next}}",
        },
    )

    assert catalogue.problems == []
    assert names(catalogue) == ["GET /x"]


def test_a_count_may_have_a_decimal_point() -> None:
    engine = Engine.brought(
        """
        paths:
          /x:
            post:
              requestBody: {content: {application/json: {schema: {type: string, minLength: 2.0}}}}
              responses: {'200': {description: ok, content: {application/json: {schema: {type: array, minItems: 2.0}}}}}
        """
    )

    assert len(engine.post('"ab"', "/x").body) == 2
    assert [
        each.reason for each in engine.faults("/x", method="POST", body='"a"', headers=JSON)
    ] == ["'a' is too short"]


def test_a_reference_that_may_be_null_is_followed_as_any_other() -> None:
    text = """
paths:
  /x: {get: {responses: {"200": {description: ok, content: {application/json: {schema: SCHEMA}}}}}}
components: {schemas: {Own: {type: object, required: [a], properties: {a: {type: integer}}}}}
"""
    good = "{type: object, required: [m], properties: {m: {$ref: '#/components/schemas/Own', nullable: true}}}"
    engine = Engine.brought(text.replace("SCHEMA", good), version="3.0.3")
    assert engine.call("/x").body == {"m": {"a": 0}}

    lost = good.replace("Own", "Lost")
    (problem,) = Catalogue((), [document(text.replace("SCHEMA", lost), version="3.0.3")]).problems
    assert "properties.m.$ref = '#/components/schemas/Lost': leads nowhere" in problem
