"""``mock-sei apis check``: reports all faults in a folder of OpenAPI documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

import click

from mock_sei.apis.costs import Cost
from mock_sei.apis.documents import Catalogue
from mock_sei.document_files import find_documents
from mock_sei.fixtures import require_folder


def run(folder: Path, *, as_json: bool) -> int:
    """Prints the faults and returns the exit status. Raises :class:`ConfigurationError`."""
    require_folder(folder)
    documents, unread = find_documents(folder)
    catalogue = Catalogue((), documents)
    costs = [*(Cost(error=each, is_whole=True) for each in unread), *catalogue.costs]
    if as_json:
        click.echo(json.dumps(_report(catalogue, costs), indent=2, ensure_ascii=False))
    else:
        for line in _lines(catalogue, costs):
            click.echo(line)
    return 1 if costs else 0


def _report(catalogue: Catalogue, costs: list[Cost]) -> dict[str, object]:
    return {
        "products": {name: len(product.operations) for name, product in catalogue.products.items()},
        "faults": [
            {
                "file": each.error.source,
                "place": each.error.key,
                "value": _shown(each.error.value),
                "problem": each.error.problem,
                "costs": {"whole_file": each.is_whole, "operations": list(each.operations)},
                "message": each.sentence,
            }
            for each in costs
        ],
        "left_out": [
            {
                "operation": each.name,
                "file": str(product.source),
                "reasons": list(map(str, each.reasons)),
            }
            for product, each in catalogue.left_out
        ],
    }


def _shown(value: object) -> str | int | float | None:
    """A value that JSON can hold. YAML also has dates, and numbers such as infinity."""
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | None) else str(value)


def _lines(catalogue: Catalogue, costs: list[Cost]) -> Iterator[str]:
    yield from (each.sentence for each in costs)
    if catalogue.left_out:
        yield "Operations left out because of these faults:"
        yield from (f"  {each.name} ({product.source})" for product, each in catalogue.left_out)
    served, products = len(catalogue.operations), len(catalogue.products)
    yield f"{len(costs)} faults. {served} operations of {products} documents can be called."
