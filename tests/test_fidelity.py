"""``docs/fidelity.md``: every line names what shows it, and every graded key has its line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from mock_sei.apis.grades import BEGIN, END, SCHEMAS_BEGIN, SCHEMAS_END
from mock_sei.apis.rules import GRADES
from mock_sei.assumptions.table import ROWS
from mock_sei.fixtures import bundled_folder
from tests.apis.engine import SAFE_LOADER
from tests.cases import every_case
from tests.facts.every import EVERY

pytestmark = pytest.mark.long

TESTS = Path(__file__).parent
FIDELITY = TESTS.parent / "docs" / "fidelity.md"
FACTS = {row.id for row in EVERY}
CANNOT = "cannot be shown: "
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")
HEADER = ["behaviour", "grade", "page or reason", "shown by"]
SHOWN_BY = 3

Place = tuple[str, ...]


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def between(text: str, begin: str, end: str) -> str:
    return text.partition(begin)[2].partition(end)[0]


def rows_of(table: str) -> list[list[str]]:
    """The rows below the header."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [cells_of(line) for line in lines[2:]]


def written_lines(text: str) -> Iterator[list[str]]:
    """The lines of the tables that people write."""
    for begin, end in ((BEGIN, END), (SCHEMAS_BEGIN, SCHEMAS_END)):
        text = text.replace(between(text, begin, end), "")
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith("|---"):
            cells = cells_of(line)
            if cells != HEADER:
                yield cells


@cache
def functions_of(file: str) -> frozenset[str]:
    path = TESTS / file
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def problem_of(line: list[str]) -> str | None:
    """What is wrong with the last column of a line."""
    if len(line) != len(HEADER) or not line[SHOWN_BY]:
        return "nothing shows it"
    if line[SHOWN_BY].startswith(CANNOT):
        return None
    for name in line[SHOWN_BY].split(", "):
        found = TEST.fullmatch(name)
        if found is None and name not in FACTS:
            return f"{name} is no fact, and no test"
        if found is not None and found[2] not in functions_of(found[1]):
            return f"there is no test {name}"
    return None


@pytest.mark.slow
def test_every_written_line_names_what_shows_it() -> None:
    lines = list(written_lines(FIDELITY.read_text(encoding="utf-8")))

    assert len(lines) > 250
    assert {line[0]: problem_of(line) for line in lines if problem_of(line)} == {}


def test_every_written_line_has_a_grade_of_the_preface() -> None:
    grades = {*GRADES, "deviation", "ours"}

    for line in written_lines(FIDELITY.read_text(encoding="utf-8")):
        words = re.findall(r"\w+", line[1])
        assert words, line[0]
        assert words[0] in grades, line[0]


@every_case(
    ("cell", "problem"),
    [
        ("", "nothing shows it"),
        ("tokens-99", "tokens-99 is no fact, and no test"),
        ("tokens-01, some words", "some words is no fact, and no test"),
        ("`test_gateway.py::test_nothing`", "there is no test `test_gateway.py::test_nothing`"),
        ("`test_none.py::test_a`", "there is no test `test_none.py::test_a`"),
        ("`test_fidelity.py::test_a_line_without_what_shows_it_is_told`, tokens-01", None),
        (f"{CANNOT}nobody knows", None),
    ],
)
def test_a_line_without_what_shows_it_is_told(cell: str, problem: str | None) -> None:
    assert problem_of(["a behaviour", "documented", "a page", cell]) == problem


def test_a_line_with_too_few_columns_is_told() -> None:
    (line,) = written_lines("| a behaviour | documented | a page |")

    assert problem_of(line) == "nothing shows it"


# Graded keys


def graded(node: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every ``x-fidelity`` of a document with the place where it stands."""
    if isinstance(node, dict):
        if "x-fidelity" in node and node["x-fidelity"] in GRADES:
            yield place, node["x-fidelity"]
        for name, each in node.items():
            yield from graded(each, (*place, str(name)))
    if isinstance(node, list):
        for number, each in enumerate(node):
            yield from graded(each, (*place, str(number)))


def names_in(cell: str, grade: str) -> set[str]:
    """The names that a cell gives for a grade: ``documented: `a`, `b`; assumed: `c` ``."""
    for part in cell.split("; "):
        if part.startswith(f"{grade}: "):
            return set(re.findall(r"`([^`]+)`", part))
    return set()


class Lines:
    """The two generated tables, asked about one product."""

    def __init__(self, text: str, product: str, document: dict[str, Any]) -> None:
        self._document = document
        operations = rows_of(between(text, BEGIN, END))
        schemas = rows_of(between(text, SCHEMAS_BEGIN, SCHEMAS_END))
        self._operations = {row[1].strip("`"): row for row in operations if row[0] == product}
        self._schemas = {row[0].strip("`"): row for row in schemas if product in row[1].split(", ")}

    def has(self, place: Place, grade: str) -> bool:
        """Whether there is a line for what stands at this place."""
        match place:
            case ("paths", path, method) if method in METHODS:
                return self._operations.get(f"{method.upper()} {path}", ["", "", ""])[2] == grade
            case ("paths", path, method, "parameters", number, *rest):
                entry = self._document["paths"][path][method]["parameters"][int(number)]
                return self._has_parameter(f"{method.upper()} {path}", entry["name"], grade, rest)
            case ("components", "parameters", name, *rest):
                entry = self._document["components"]["parameters"][name]
                return any(
                    self._has_parameter(each, entry["name"], grade, rest)
                    for each in self._operations
                )
            case ("components", "schemas", name, *rest):
                return self._has_schema(name, grade, rest)
        return False

    def _has_parameter(self, operation: str, name: str, grade: str, rest: list[str]) -> bool:
        row = self._operations.get(operation)
        if row is None or rest not in ([], ["x-mock-sei"]):
            return False
        return f"`{name}` {grade}" in row[5] if rest else name in names_in(row[3], grade)

    def _has_schema(self, name: str, grade: str, rest: list[str]) -> bool:
        row = self._schemas.get(name)
        if row is None:
            return False
        if not rest:
            return row[2] == grade
        column = 4 if rest[-1] == "x-mock-sei" else 3
        path = [each for each in rest if each not in ("properties", "items", "x-mock-sei")]
        return ".".join(path) in names_in(row[column], grade)


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Those of ``fixtures/apis`` by their product, as they are written."""
    files = sorted((bundled_folder() / "apis").glob("*.yaml"))
    return {file.stem: yaml.load(file.read_bytes(), Loader=SAFE_LOADER) for file in files}  # noqa: S506


def without_line(text: str) -> list[str]:
    """Places of graded keys in ``fixtures/apis`` that no line of a document names."""
    missing = []
    for product, document in documents().items():
        lines = Lines(text, product, document)
        missing += [
            f"{product}.yaml: {'/'.join(place)} ({grade})"
            for place, grade in graded(document)
            if not lines.has(place, grade)
        ]
    return missing


def test_every_graded_key_has_its_line() -> None:
    assert without_line(FIDELITY.read_text(encoding="utf-8")) == [], "run `make tables`"


@every_case(
    ("gone", "place"),
    [
        ("| workdesk | `GET /v2/workdesk/ticketinfo` |", "workdesk.yaml: paths/"),
        ("`filterId`, ", "workdesk.yaml: paths/"),
        ("`sortBy` assumed", "content-management.yaml: paths/"),
        ("| `TradeTicket` |", "sma-trade-orders.yaml: components/schemas/TradeTicket"),
        ("`batchSize`, ", "sma-trade-orders.yaml: components/schemas/TradeInstruction/"),
    ],
)
def test_a_graded_key_without_its_line_is_told(gone: str, place: str) -> None:
    text = FIDELITY.read_text(encoding="utf-8")
    found = without_line(text.replace(gone, ""))

    assert found
    assert all(each.startswith(place) for each in found)


def test_a_graded_key_in_a_place_without_table_is_told() -> None:
    lines = Lines(FIDELITY.read_text(encoding="utf-8"), "workdesk", {})

    assert not lines.has(("info",), "documented")


_GROUPS = "|".join({name.partition(".")[0] for name in ROWS} - {"refusal"})
ASSUMPTION = re.compile(rf"`((?:refusal\.[a-z_]+|{_GROUPS})\.(?:[a-z_]+|\{{[a-z_,]+\}}))`")


def assumptions_in(cell: str) -> Iterator[str]:
    """The names of assumptions in a cell; ``a.{b,c}`` stands for ``a.b`` and ``a.c``."""
    for name in ASSUMPTION.findall(cell):
        before, _, last = name.rpartition(".")
        yield from (f"{before}.{each}" for each in last.strip("{}").split(","))


def test_every_assumption_has_one_line_and_every_name_of_one_exists() -> None:
    lines = written_lines(FIDELITY.read_text(encoding="utf-8"))
    named = [name for line in lines for name in assumptions_in(line[0])]

    assert sorted(named) == sorted(ROWS)


def test_a_line_with_an_assumption_is_not_only_ours() -> None:
    """What only this server has can be no assumption about the real platform, but for two kinds
    of refusals, whose words may be wanted, too."""
    for line in written_lines(FIDELITY.read_text(encoding="utf-8")):
        names = set(assumptions_in(line[0]))
        if line[1] == "ours" and names:
            assert all(ROWS[each].unseen for each in names), line[0]


@every_case(
    ("cell", "names"),
    [
        ("a token lives (`token.lifetime`, `code.lifetime`)", ["token.lifetime", "code.lifetime"]),
        (
            "words of `refusal.api_key.{code,reason}`",
            ["refusal.api_key.code", "refusal.api_key.reason"],
        ),
        ("`gateway.access.failure` and `body.address.type`", []),
        ("`mock-sei.toml`, `x.py`", []),
    ],
)
def test_names_of_assumptions_are_found(cell: str, names: list[str]) -> None:
    assert list(assumptions_in(cell)) == names
