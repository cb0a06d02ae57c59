"""``mock-sei apis check`` lists all faults of a folder."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from mock_sei.cli import main

GOOD = "openapi: 3.0.3\npaths: {/a: {get: {responses: {'200': {description: ok}}}}}\n"
BAD = """
swagger: '2.0'
basePath: /v1
paths:
  /b/{id}:
    get: {responses: {'200': {description: ok, schema: {type: cat}}}}
    put: {parameters: [{name: id, in: path, type: string, required: true}], responses: {}}
  /c: {get: {responses: {'200': {schema: {$ref: '#/definitions/Gone'}}}}}
"""


def check(folder: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["apis", "check", str(folder), *options])
    return result.exit_code, result.output


def test_a_folder_without_faults_is_fine(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)

    status, output = check(tmp_path)

    assert status == 0
    assert output == "0 faults. 1 operations of 1 documents can be called.\n"


def test_all_faults_of_all_documents_are_named_with_what_they_cost(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "no.yaml").write_text("openapi: [")

    status, output = check(tmp_path)

    assert status == 1
    assert f"{tmp_path}/no.yaml: not valid YAML" in output
    assert "schema.type = 'cat': must be one of array" in output
    assert "schema.$ref = '#/definitions/Gone': leads nowhere" in output
    assert f"  GET /v1/b/{{id}} ({tmp_path}/bad.yaml)\n" in output
    assert f"  GET /v1/c ({tmp_path}/bad.yaml)\n" in output
    assert output.endswith("4 faults. 2 operations of 2 documents can be called.\n")


def test_a_program_reads_the_faults_as_json(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(BAD)

    status, output = check(tmp_path, "--format", "json")

    report = json.loads(output)
    assert status == 1
    assert report["products"] == {"bad": 1}
    assert {each["file"] for each in report["faults"]} == {str(tmp_path / "bad.yaml")}
    cat, path, gone = sorted(report["faults"], key=lambda each: str(each["value"]), reverse=True)
    assert path["value"] is None
    assert path["problem"] == "the path has {id}, and no parameter of that name in: path"
    assert cat["place"].endswith("schema.type")
    assert cat["value"] == "cat"
    assert cat["problem"].startswith("must be one of array, boolean")
    assert cat["costs"] == {"whole_file": False, "operations": ["GET /v1/b/{id}"]}
    assert cat["message"].endswith("; GET /v1/b/{id} is left out")
    assert gone["costs"]["operations"] == ["GET /v1/c"]
    assert [each["operation"] for each in report["left_out"]] == ["GET /v1/b/{id}", "GET /v1/c"]


def test_a_folder_that_cannot_be_read_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(GOOD)

    for folder in (tmp_path / "nowhere", tmp_path / "a.yaml"):
        status, output = check(folder)
        assert status == 2
        assert str(folder) in output
