"""The table of grades in ``docs/fidelity.md``, from what the documents say.

``python -m mock_sei.apis.grades docs/fidelity.md`` writes it between its two markers.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from mock_sei.apis.documents import Catalogue, Product
from mock_sei.apis.operations import Operation
from mock_sei.apis.rules import GRADES

BEGIN, END = "<!-- grades: begin (make grades) -->", "<!-- grades: end -->"


def grades_table(products: Iterable[Product]) -> str:
    """Markdown: a row for each operation, its own grade and how many parameters have which."""
    rows = ["| product | operation | grade | parameters |", "|---|---|---|---|"]
    for product in sorted(products, key=lambda each: each.name):
        for operation in product.operations.values():
            cells = (product.name, f"`{operation.name}`", _grade(operation.raw), _counts(operation))
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _counts(operation: Operation) -> str:
    entries = (*operation.shared, *operation.raw.get("parameters", ()))
    found = Counter(_grade(operation.document.follow(each, "")) for each in entries)
    return ", ".join(f"{found[grade]} {grade}" for grade in (*GRADES, "none") if found[grade])


def _grade(entry: object) -> str:
    grade = entry.get("x-fidelity") if isinstance(entry, dict) else None
    return grade if grade in GRADES else "none"


def with_table(text: str, table: str) -> str:
    """A document with the table between its markers."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(path: Path) -> None:
    from mock_sei.fixtures import load_fixtures

    catalogue = Catalogue(load_fixtures().documents)
    text = path.read_text(encoding="utf-8")
    path.write_text(with_table(text, grades_table(catalogue.products.values())), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
