"""The pages of the API catalogue: the products, and the operations of one product."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any
from urllib.parse import quote

from fastapi import Response

from mock_sei.apis.documents import Product
from mock_sei.apis.grades import find_grade
from mock_sei.apis.operations import Operation, Parameter
from mock_sei.apis.rules import GRADES
from mock_sei.rules.addresses import HOME
from mock_sei.web.portal.visit import Visit, page_number, query_of

APIS = f"{HOME}/apis"

OPERATIONS_SHOWN = 100
"""Operations on one page of a product."""
SUMMARY_SHOWN = 200
"""Characters of a summary in a list."""
VALUES_SHOWN = 30
"""Values of a list that the type of a parameter names."""

OWN = "own document"
"""The grade of what a user's own document declares."""

WORDS: Mapping[str, str] = {
    "documented": "a public page of the vendor says so",
    "derived": "it follows from documented facts",
    "assumed": "the public pages do not say it; we chose what an RFC or common sense says",
    OWN: "your own document says so, and mock-sei does not judge it",
}
"""What each grade means, as ``docs/fidelity.md`` says it."""


def apis(visit: Visit) -> Response:
    """The list of products."""
    products = visit.platform.catalogue.products.values()
    return visit.show("apis.html", products=[_product(each) for each in products])


def api(visit: Visit) -> Response:
    """The page of one product with its operations."""
    product = visit.platform.catalogue.require_product(visit.request.path_params["product"])
    operations = product.operations.values()
    number = page_number(visit.request.query_params.get("page"))
    start = (number - 1) * OPERATIONS_SHOWN
    shown = list(islice(operations, start, start + OPERATIONS_SHOWN))
    has_more = start + OPERATIONS_SHOWN < len(operations)
    address = address_of_product(product.name)
    return visit.show(
        "api.html",
        product=_product(product),
        operations=[_operation(product, each) for each in shown],
        judgement=judgement(product, operations),
        words=WORDS,
        shown=f"{start + 1:,} to {start + len(shown):,} of {len(operations):,}",
        earlier=address + query_of(page=number - 1) if number > 1 else None,
        later=address + query_of(page=number + 1) if has_more else None,
        url=visit.addresses.one_way,
        two_way_url=visit.addresses.two_way,
    )


def address_of_product(name: str) -> str:
    """The path of a product's page."""
    return f"{APIS}/{quote(name, safe='')}"


def address_of(product: Product, operation: Operation) -> str:
    """The path of an operation's page."""
    written = quote(operation.written.removeprefix("/"), safe="/")
    return f"{address_of_product(product.name)}/{operation.method}/{written}"


def grade_of(product: Product, operation: Operation) -> str:
    """The grade of an operation. A user's own document has no grades."""
    return find_grade(operation.raw) or (OWN if not product.bundled else "assumed")


def judgement(product: Product, operations: Iterable[Operation]) -> list[tuple[str, int]]:
    """How many operations have each grade, in the order of the grades."""
    counts = Counter(grade_of(product, each) for each in operations)
    return [(each, counts[each]) for each in (*GRADES, OWN) if counts[each]]


def _product(product: Product) -> dict[str, Any]:
    info = product.content.get("info") or {}
    return {
        "product": product.name,
        "address": address_of_product(product.name),
        "title": product.title,
        "summary": info.get("summary") or info.get("description", ""),
        "count": len(product.operations),
        "brought": product.brought,
    }


def _operation(product: Product, operation: Operation) -> dict[str, Any]:
    return {
        "address": address_of(product, operation),
        "method": operation.method,
        "path": operation.path,
        "query": "&".join(f"{name}={value}" for name, value in operation.fixed),
        "summary": _beginning(operation.summary),
        "grade": grade_of(product, operation),
    }


def _beginning(text: str) -> str:
    return text if len(text) <= SUMMARY_SHOWN else f"{text[:SUMMARY_SHOWN]}…"


def type_of(parameter: Parameter) -> str:
    """The type of a parameter, with the values of its list."""
    kind = parameter.format or parameter.type
    listed = [str(each)[:SUMMARY_SHOWN] for each in parameter.listed[:VALUES_SHOWN]]
    more = len(parameter.listed) - len(listed)
    values = ", ".join([*listed, *([f"{more:,} more"] if more else [])])
    begins = ": " if parameter.enum else ", such as "
    return f"{kind}{begins}{values}" if values else kind
