"""The generated table of ``docs/fidelity.md``."""

from __future__ import annotations

from pathlib import Path

import pytest

from mock_sei.apis.documents import Catalogue
from mock_sei.apis.grades import BEGIN, END, grades_table, main, with_table
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


def test_the_table_is_what_the_documents_say() -> None:
    text = FIDELITY.read_text(encoding="utf-8")
    table = grades_table(Catalogue(load_fixtures().documents).products.values())

    assert text == with_table(text, table), "the documents have changed: run `make grades`"


def test_every_bundled_operation_and_parameter_has_a_grade() -> None:
    table = grades_table(Catalogue(load_fixtures().documents).products.values())

    for row in table.splitlines()[2:]:
        _, _, operation, grade, parameters, _ = (cell.strip() for cell in row.split("|"))
        assert grade in GRADES, operation
        assert "none" not in parameters, operation


def test_a_row_counts_its_parameters_by_grade() -> None:
    table = grades_table(Catalogue([document(TEXT)]).products.values())

    assert table.splitlines()[2:] == [
        "| widgets | `GET /v1/a` | derived | 2 documented, 1 none |",
        "| widgets | `POST /v1/a` | none | 1 documented |",
    ]


def test_only_what_lies_between_the_markers_is_written(tmp_path: Path) -> None:
    path = tmp_path / "fidelity.md"
    path.write_text(f"before\n{BEGIN}\nOUTDATED\n{END}\nafter\n")

    main(path)

    text = path.read_text()
    assert text.startswith(f"before\n{BEGIN}\n| product |")
    assert text.endswith(f"|\n{END}\nafter\n")
    assert "OUTDATED" not in text
    with pytest.raises(ValueError, match="no <!-- grades"):
        with_table("nothing", "table")
