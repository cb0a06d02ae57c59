"""The generated tables of ``docs/fidelity.md``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.grades import (
    BEGIN,
    END,
    SCHEMAS_BEGIN,
    SCHEMAS_END,
    grades_table,
    main,
    schemas_table,
    with_table,
    with_tables,
)
from mock_sei.apis.rules import GRADES
from mock_sei.fixtures import load_fixtures
from tests.apis.engine import document

FIDELITY = Path(__file__).parents[2] / "docs" / "fidelity.md"

TEXT = """
paths:
  /v1/a:
    parameters: [{$ref: "#/components/parameters/P"}]
    get:
      x-fidelity: derived
      parameters: [{name: b, in: query, x-fidelity: documented}, {name: c, in: query}]
    post: {}
components: {parameters: {P: {name: p, in: query, x-fidelity: documented}}}
"""


def test_the_tables_are_what_the_documents_say() -> None:
    text = FIDELITY.read_text(encoding="utf-8")
    products = Catalogue(load_fixtures().documents).products.values()

    assert text == with_tables(text, products), "the documents have changed: run `make tables`"


def test_every_bundled_operation_and_parameter_has_a_grade() -> None:
    table = grades_table(Catalogue(load_fixtures().documents).products.values())

    for row in table.splitlines()[2:]:
        _, _, operation, grade, parameters, closed, _, _ = (cell.strip() for cell in row.split("|"))
        assert grade in GRADES, operation
        assert "none" not in parameters, operation
        assert "no page" not in closed, operation


def test_a_row_names_its_parameters_by_grade() -> None:
    table = grades_table(Catalogue([document(TEXT)]).products.values())

    assert table.splitlines()[2:] == [
        "| widgets | `GET /v1/a` | derived | documented: `p`, `b`; none: `c` |  |  |",
        "| widgets | `POST /v1/a` | none | documented: `p` |  |  |",
    ]


NARROW = """
paths:
  /v1/a:
    post:
      x-page: /node/1
      x-mock-sei: {collection: a, key: id, requires: [[b, c], ["b?d"]]}
      parameters:
        - {name: b, in: query, required: true, x-page: /browse/apis/a/post, schema: {enum: [x]}}
        - {name: c, in: query, schema: {enum: [y]}}
        - {name: d, in: query, x-mock-sei: {values: [z], x-fidelity: derived}}
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/A"}}}}
      responses: {"201": {description: made}}
components:
  schemas:
    A:
      required: [id]
      x-page: /node/2
      anyOf: [{required: [e]}, {required: [f]}]
      properties:
        parts: {type: array, items: {$ref: "#/components/schemas/A"}}
        e: {x-mock-sei: {values: [1], x-fidelity: assumed}}
        f: {enum: [2]}
"""


def test_a_row_names_what_is_refused_with_its_page_and_what_is_open() -> None:
    (row,) = grades_table(Catalogue([document(NARROW)]).products.values()).splitlines()[2:]

    _, *_, closed, hints, _ = (cell.strip() for cell in row.split("|"))
    assert closed == (
        "required: `b` (a/post); list: `b` (a/post); list: `c`, `body.f` (no page); "
        "required: `b` or `c`, `d` beside `b` (/node/1); "
        "required: `body.id`, `e` or `f` (/node/2)"
    )
    assert hints == "`d` derived, `body.e` assumed"


GRADED = """
paths: {/v1/a: {get: {responses: {"200": {description: some}}}}}
components:
  schemas:
    Thing:
      x-fidelity: derived
      properties:
        id: {type: string, x-fidelity: documented}
        kind: {type: string, x-mock-sei: {values: [a], x-fidelity: assumed}}
        p: {type: array, items: {properties: {size: {x-fidelity: assumed}}}}
        other: {$ref: "#/components/schemas/Bare"}
    Bare: {type: object}
"""


def test_a_schema_has_a_row_with_its_graded_members_and_lists() -> None:
    rows = schemas_table(Catalogue([document(GRADED)]).products.values()).splitlines()[2:]

    assert rows == [
        "| `Bare` | widgets | none |  |  |",
        "| `Thing` | widgets | derived | documented: `id`; assumed: `p.size` | assumed: `kind` |",
    ]


def test_every_bundled_schema_has_a_grade() -> None:
    table = schemas_table(Catalogue(load_fixtures().documents).products.values())

    for row in table.splitlines()[2:]:
        _, name, _, grade, members, lists, _ = (cell.strip() for cell in row.split("|"))
        assert grade in GRADES, name
        assert "none" not in members + lists, name


def test_only_what_lies_between_the_markers_is_written(tmp_path: Path) -> None:
    path = tmp_path / "fidelity.md"
    schemas = f"{SCHEMAS_BEGIN}\nOUTDATED\n{SCHEMAS_END}"
    path.write_text(f"before\n{BEGIN}\nOUTDATED\n{END}\nafter\n{schemas}\nend\n")

    main(path)

    text = path.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| product |")
    assert f"|\n{END}\nafter\n{SCHEMAS_BEGIN}\n| schema |" in text
    assert text.endswith(f"|\n{SCHEMAS_END}\nend\n")
    assert "OUTDATED" not in text
    with pytest.raises(ValueError, match="no <!-- grades"):
        with_table("nothing", "table")
