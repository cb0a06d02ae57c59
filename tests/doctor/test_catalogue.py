"""The table of findings, the document and the tests have the same findings."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mock_sei.doctor import findings
from mock_sei.doctor.document import main, with_parts
from mock_sei.doctor.findings import CATALOGUE

ROOT = Path(__file__).resolve().parents[2]
TESTS = (
    *(ROOT / "tests" / "doctor").glob("test_*.py"),
    ROOT / "tests" / "doctor" / "file_changes.py",
    *(ROOT / "tests" / "e2e").glob("test_doctor*.py"),
)
SOURCES = [*Path(findings.__file__).parent.glob("*.py")]


def texts(*paths: Path) -> set[str]:
    """Every string constant of some modules."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in paths)
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_the_document_is_made_from_the_tables() -> None:
    text = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")

    assert text == with_parts(text), "the tables have changed: run `make tables`"


def test_the_maker_writes_what_is_not_current(tmp_path: Path) -> None:
    current = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
    document = tmp_path / "doctor.md"
    document.write_text(current.replace("| `port-closed` |", "| `port-shut` |"), encoding="utf-8")

    main(document)

    assert document.read_text(encoding="utf-8") == current


def test_a_document_without_the_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="no <!-- clients: begin -->"):
        with_parts("nothing here")


@pytest.mark.long
def test_every_finding_has_a_test_that_names_it() -> None:
    assert CATALOGUE.keys() - texts(*TESTS) == set()


@pytest.mark.long
def test_every_finding_is_made_somewhere() -> None:
    files = {
        f"{file}-{kind}" for file in ("ca", "certificate", "key") for kind in (*UNREAD, *SHAPES)
    }
    outside = [path for path in SOURCES if path.name != "findings.py"]

    assert CATALOGUE.keys() - texts(*outside) - files == set()


UNREAD = ("file-missing", "file-unreadable", "file-empty")
SHAPES = (
    *("is-pkcs12", "is-pkcs7", "is-der", "is-keystore", "not-pem", "encoding", "layout"),
    *("form", "refused", "unread-by"),
)
"""The ways in which a file cannot be used; names of findings are built from them."""
