"""Operations of one document that share a method and a path, and what distinguishes them.

OpenAPI knows operations only by method and path. Some documents still write several of them, with a
fragment or a query in the path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mock_sei.apis.operations import Operation
from mock_sei.apis.paths import Pairs, blanked
from mock_sei.errors import ConfigurationError


@dataclass(kw_only=True)
class Distinction:
    """The operations of one document, after :func:`distinguish`."""

    kept: list[Operation] = field(default_factory=list)
    """Operations that a call can be assigned to."""
    left_out: list[tuple[Operation, ConfigurationError]] = field(default_factory=list)
    """Operations that no call can be assigned to, each with the reason."""
    problems: list[ConfigurationError] = field(default_factory=list)
    """Operations that are read differently from how they are written. They can still be called."""


def distinguish(operations: Sequence[Operation]) -> Distinction:
    """Separates operations that can be called from those that cannot, with the reason.

    The query distinguishes operations with the same path: either the path's template has a query,
    or a required parameter has only one value. If only a fragment differs, a call belongs to the
    first operation that it fits, because clients never send a fragment.
    """
    found = Distinction()
    kept: list[Operation] = []
    for same in _by_call(operations).values():
        groups: dict[Pairs, list[Operation]] = {}
        for each in sorted(same, key=lambda one: "#" in one.written):
            more = _single_values(each) if len(same) > 1 else ()
            group = groups.setdefault(tuple(sorted({*each.fixed, *more})), [])
            if not group:
                group.append(each)
            elif "#" in each.written and each.path == group[0].path:
                group.append(each)
                found.problems.append(_alternative(each, group[0]))
            else:
                found.left_out.append((each, _alike(each, group[0])))
        kept += [
            replace(first, fixed=fixed, alternatives=tuple(others)) if fixed or others else first
            for fixed, (first, *others) in groups.items()
        ]
    order = {(each.method, each.written): at for at, each in enumerate(operations)}
    found.kept = sorted(kept, key=lambda each: order[each.method, each.written])
    return found


def _alternative(operation: Operation, first: Operation) -> ConfigurationError:
    problem = (
        f"clients never send a fragment, so a call counts as {first.method} {first.written} if it "
        "fits that operation, and otherwise as this one"
    )
    return ConfigurationError(problem, source=operation.document.source, key=_place_of(operation))


def _place_of(operation: Operation) -> str:
    return f"paths[{operation.written}].{operation.method.lower()}"


def _alike(operation: Operation, first: Operation) -> ConfigurationError:
    problem = (
        f"no call can be told apart from a call of {first.method} {first.written}, which answers: "
        "clients never send a fragment, and names of parameters make no difference"
    )
    return ConfigurationError(problem, source=operation.document.source, key=_place_of(operation))


def _by_call(operations: Iterable[Operation]) -> Mapping[tuple[str, str], list[Operation]]:
    found: dict[tuple[str, str], list[Operation]] = {}
    for each in operations:
        found.setdefault((each.method, blanked(each.path)), []).append(each)
    return found


def _single_values(operation: Operation) -> Iterator[tuple[str, str]]:
    """The required query parameters that allow only one value, which is a text."""
    for each in operation.parameters.values():
        if each.place == "query" and each.required:
            values = each.enum or [each.schema.get("const")]
            if len(values) == 1 and isinstance(values[0], str):
                yield each.name, values[0]
