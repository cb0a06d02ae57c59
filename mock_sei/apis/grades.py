"""Writes the two tables of grades in ``docs/fidelity.md`` from the API documents.

One table has a row for each operation, the other one for each schema. Together they name every key
that has a grade. ``python -m mock_sei.apis.grades docs/fidelity.md`` writes both between their
markers.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from mock_sei.apis.documents import Catalogue, Product
from mock_sei.apis.operations import Key, Operation, key_of
from mock_sei.apis.references import Document
from mock_sei.apis.rules import GRADES
from mock_sei.document_files import EXTENSION

BEGIN, END = "<!-- grades: begin (make tables) -->", "<!-- grades: end -->"
SCHEMAS_BEGIN, SCHEMAS_END = "<!-- schemas: begin (make tables) -->", "<!-- schemas: end -->"


_PAGES = "/browse/apis/"
"""Where most of the vendor's pages are. The table leaves this part out."""


def grades_table(products: Iterable[Product]) -> str:
    """A Markdown table with a row for each operation: its grade, and its parameters by their
    grades.

    Further columns show what a call is refused for, with the page that says so (``x-page``), and
    the lists of values that no page gives, each with its own grade.
    """
    rows = [
        "| product | operation | grade | parameters | required, or of a closed list | open lists |",
        "|---|---|---|---|---|---|",
    ]
    for product in sorted(products, key=lambda each: each.name):
        for operation in product.operations.values():
            cells = (
                product.name,
                f"`{operation.name}`",
                _grade(operation.raw),
                _by_grade(_graded(each) for each in _parameters(operation)),
                _closed(operation),
                _open(operation),
            )
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _graded(parameter: Mapping[str, Any]) -> tuple[str, str]:
    return str(parameter.get("name")), _grade(parameter)


def _by_grade(named: Iterable[tuple[str, str]]) -> str:
    """Names by their grades, in the order of the grades: ``documented: `a`, `b`; assumed: `c`
    ``."""
    found: dict[str, list[str]] = {}
    for name, grade in named:
        found.setdefault(grade, []).append(f"`{name}`")
    return "; ".join(
        f"{grade}: {', '.join(found[grade])}" for grade in (*GRADES, "none") if grade in found
    )


def _parameters(operation: Operation) -> list[Mapping[str, Any]]:
    entries = (*operation.shared, *operation.raw.get("parameters", ()))
    return [operation.document.follow(each, operation.name) for each in entries]


def _closed(operation: Operation) -> str:
    """What a call is refused for: ``required: `a`, `b` (page); list: `c` (page)``."""
    found: dict[tuple[str, str], list[str]] = {}
    for kind, name, page in (*_closed_parameters(operation), *_closed_members(operation)):
        names = found.setdefault((kind, page.removeprefix(_PAGES) or "no page"), [])
        if name not in names:
            names.append(name)
    return "; ".join(
        f"{kind}: {', '.join(names)} ({page})" for (kind, page), names in found.items()
    )


Closed = tuple[str, str, str]
"""What is required, of which parameter or member, and the page that says so."""


def _closed_parameters(operation: Operation) -> Iterator[Closed]:
    for each in _parameters(operation):
        name, page = f"`{each.get('name')}`", str(each.get("x-page", ""))
        schema = operation.document.follow(each.get("schema") or {}, operation.name)
        if each.get("required") and each.get("in") != "path":
            yield "required", name, page
        if "enum" in schema:
            yield "list", name, page or str(schema.get("x-page", ""))
    for first, *others in operation.rule.requires:
        condition, _, name = first.rpartition("?")
        text = " or ".join(f"`{one}`" for one in (name, *others))
        because = f" beside `{condition}`" if condition else ""
        yield "required", text + because, str(operation.raw.get("x-page", ""))


def _closed_members(operation: Operation) -> Iterator[Closed]:
    for path, schema in _body_schemas(operation):
        page = str(schema.get("x-page", ""))
        for name in schema.get("required", ()):
            yield "required", f"`{'.'.join((*path, name))}`", page
        names = [f"`{each['required'][0]}`" for each in schema.get("anyOf", ())]
        if names:
            yield "required", " or ".join(names), page
        if "enum" in schema:
            yield "list", f"`{'.'.join(path)}`", page


def _open(operation: Operation) -> str:
    """Each list of values that no page gives, with its grade: ``` `dateType` assumed ```."""
    hints = [(str(each.get("name")), each.get(EXTENSION)) for each in _parameters(operation)]
    hints += [(".".join(path), each.get(EXTENSION)) for path, each in _body_schemas(operation)]
    return ", ".join(f"`{name}` {_grade(hint)}" for name, hint in hints if "values" in (hint or {}))


def _body_schemas(operation: Operation) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every schema of a request body, with the member names that lead to it, from ``body`` on."""
    document = operation.document
    body = document.follow(operation.raw.get("requestBody") or {}, operation.name)
    for media in (body.get("content") or {}).values():
        yield from _schemas(document, media.get("schema") or {}, ("body",), frozenset())


def _schemas(
    document: Document, schema: Any, path: tuple[str, ...], above: frozenset[int]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    schema = document.follow(schema, "schema")
    if not isinstance(schema, Mapping) or id(schema) in above:
        return
    above |= {id(schema)}
    yield path, schema
    for name, each in (schema.get("properties") or {}).items():
        yield from _schemas(document, each, (*path, name), above)
    for each in (schema.get("items"), *schema.get("allOf", ())):
        yield from _schemas(document, each, path, above)


def schemas_table(products: Iterable[Product]) -> str:
    """A Markdown table with a row for each schema: its products, its grade, graded members and
    lists.

    Schemas of several products with equal grades share a row.
    """
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for product in sorted(products, key=lambda each: each.name):
        for name, schema in _named_schemas(product).items():
            members, lists = _by_grade(_members(schema)), _by_grade(_lists(schema))
            found.setdefault((name, _grade(schema), members, lists), []).append(product.name)
    rows = [
        "| schema | products | grade | members with a grade of their own | open lists |",
        "|---|---|---|---|---|",
    ]
    for (name, grade, members, lists), names in sorted(found.items()):
        rows.append(f"| `{name}` | {', '.join(names)} | {grade} | {members} | {lists} |")
    return "\n".join(rows)


def _named_schemas(product: Product) -> Mapping[str, Any]:
    """The schemas under ``components``. All operations of a product share one document."""
    document = next(iter(product.operations.values())).document
    schemas: Mapping[str, Any] = (document.content.get("components") or {}).get("schemas") or {}
    return schemas


def _members(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, each in _parts(schema, ()):
        if path and "x-fidelity" in each:
            yield ".".join(path), _grade(each)


def _lists(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for path, each in _parts(schema, ()):
        hint = each.get(EXTENSION)
        if isinstance(hint, Mapping) and "x-fidelity" in hint:
            yield ".".join(path), _grade(hint)


def _parts(
    schema: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """A schema and all schemas inside it, with the member names that lead there.

    References are not followed.
    """
    if not isinstance(schema, Mapping):
        return
    yield path, schema
    for name, each in (schema.get("properties") or {}).items():
        yield from _parts(each, (*path, name))
    for each in (schema.get("items"), *schema.get("allOf", ())):
        yield from _parts(each, path)


def _grade(entry: object) -> str:
    return find_grade(entry) or "none"


def find_grade(entry: object) -> str | None:
    """The grade of an operation, a parameter or a schema, None if it has none."""
    grade = entry.get("x-fidelity") if isinstance(entry, Mapping) else None
    return grade if grade in GRADES else None


def grades_of_parameters(operation: Operation) -> dict[Key, str]:
    """The grades of an operation's parameters. One without a grade is left out."""
    found = (
        (key_of(str(each.get("in")), str(each.get("name"))), find_grade(each))
        for each in _parameters(operation)
    )
    return {key: grade for key, grade in found if grade is not None}


def with_table(text: str, table: str, begin: str = BEGIN, end: str = END) -> str:
    """The text of a document, with the table between its markers."""
    before, found, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise ValueError(f"no {begin} and {end}")
    return f"{before}{begin}\n{table}\n{end}{after}"


def with_tables(text: str, products: Iterable[Product]) -> str:
    """The text of a document, with both tables between their markers."""
    every = list(products)
    text = with_table(text, grades_table(every))
    return with_table(text, schemas_table(every), SCHEMAS_BEGIN, SCHEMAS_END)


def main(path: Path) -> None:
    """Writes both tables into the file, between their markers."""
    from mock_sei.fixtures import load_fixtures

    catalogue = Catalogue(load_fixtures().documents)
    text = path.read_text(encoding="utf-8")
    path.write_text(with_tables(text, catalogue.products.values()), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
