"""``mock-sei apis check``: all faults of a folder of OpenAPI documents, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from mock_sei.api_files import find_documents
from mock_sei.apis.documents import Catalogue
from mock_sei.errors import ConfigurationError
from mock_sei.fixtures import require_folder


def run(folder: Path, *, as_json: bool) -> int:
    """Prints the faults and returns the exit status. Raises :class:`ConfigurationError`."""
    require_folder(folder)
    documents, unread = find_documents(folder)
    catalogue = Catalogue((), documents)
    faults = [*unread, *catalogue.faults]
    if as_json:
        click.echo(json.dumps(_report(catalogue, faults), indent=2, ensure_ascii=False))
    else:
        for line in _lines(catalogue, faults):
            click.echo(line)
    return 1 if faults else 0


def _report(catalogue: Catalogue, faults: list[ConfigurationError]) -> dict[str, object]:
    return {
        "products": {name: len(product.operations) for name, product in catalogue.products.items()},
        "faults": [
            {
                "file": each.source,
                "place": each.key,
                "problem": each.problem,
                "message": str(each),
            }
            for each in faults
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


def _lines(catalogue: Catalogue, faults: list[ConfigurationError]) -> Iterator[str]:
    yield from map(str, faults)
    if catalogue.left_out:
        yield "Left out because of them:"
        yield from (f"  {each.name} ({product.source})" for product, each in catalogue.left_out)
    served, products = len(catalogue.operations), len(catalogue.products)
    yield f"{len(faults)} faults. {served} operations of {products} documents can be called."
