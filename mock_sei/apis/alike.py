"""Operations of one document that have one method and one path, and what tells them apart.

OpenAPI knows operations by method and path only. Documents write more of them all the same, with a
fragment or a query in the path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from mock_sei.apis.operations import Operation
from mock_sei.apis.paths import Pairs, blanked
from mock_sei.errors import ConfigurationError


def tell_apart(
    operations: Sequence[Operation],
) -> tuple[list[Operation], list[tuple[Operation, ConfigurationError]]]:
    """The operations that calls can be told to be of; and the others, with the reason.

    Those of one path are told apart by what each call of them has in its query: by the path's
    template, or else by a required parameter that has one value only.
    """
    kept: list[Operation] = []
    others: list[tuple[Operation, ConfigurationError]] = []
    for same in _by_call(operations).values():
        first: dict[Pairs, Operation] = {}
        for each in sorted(same, key=lambda one: "#" in one.written):
            fixed = each.fixed
            if len(same) > 1:
                fixed = tuple(sorted({*fixed, *_single_values(each)}))
            other = first.setdefault(fixed, each)
            if other is each:
                kept.append(each if fixed == each.fixed else replace(each, fixed=fixed))
            else:
                others.append((each, _alike(each, other)))
    order = {(each.method, each.written): at for at, each in enumerate(operations)}
    return sorted(kept, key=lambda each: order[each.method, each.written]), others


def _alike(operation: Operation, first: Operation) -> ConfigurationError:
    problem = (
        f"no call can tell it from {first.method} {first.written}, which answers: a fragment is "
        "never sent, and names of parameters make no difference"
    )
    place = f"paths[{operation.written}].{operation.method.lower()}"
    return ConfigurationError(problem, source=operation.document.source, key=place)


def _by_call(operations: Iterable[Operation]) -> Mapping[tuple[str, str], list[Operation]]:
    found: dict[tuple[str, str], list[Operation]] = {}
    for each in operations:
        found.setdefault((each.method, blanked(each.path)), []).append(each)
    return found


def _single_values(operation: Operation) -> Iterator[tuple[str, str]]:
    """The query parameters that are required and have one value, which is a text."""
    for each in operation.parameters.values():
        if each.place == "query" and each.required:
            values = each.enum or [each.schema.get("const")]
            if len(values) == 1 and isinstance(values[0], str):
                yield each.name, values[0]
