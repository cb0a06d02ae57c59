"""From an operation and a query string to the body of its answer."""

from __future__ import annotations

from typing import Any

from mock_sei.apis.collections import Collections
from mock_sei.apis.documents import Operation
from mock_sei.apis.paging import page
from mock_sei.apis.parameters import read_parameters
from mock_sei.peer import Findings


def answer_operation(
    operation: Operation, *, query: str, url: str, collections: Collections, findings: Findings
) -> dict[str, Any]:
    """Reads records by the operation's filters. ``url`` is the absolute address that was called.

    Raises :class:`~mock_sei.errors.MalformedRequest`.
    """
    values = read_parameters(operation, query, findings)
    wanted = {
        parameter.field: values[name]
        for name, parameter in operation.parameters.items()
        if parameter.field and name in values
    }
    selection = collections.select(operation.collection, operation.key, wanted)
    records, paging = page(selection, key=operation.key, values=values, url=url)
    return {"data": list(records), "paging": paging}
