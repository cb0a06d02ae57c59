"""Operations of one document that have one method and one path, and what tells them apart.

OpenAPI knows operations by method and path only. Documents write more of them all the same, with a
fragment or a query in the path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mock_sei.apis.operations import Operation
from mock_sei.apis.paths import Pairs, blanked
from mock_sei.errors import ConfigurationError


@dataclass(kw_only=True)
class Apart:
    """The operations of one document, told apart."""

    kept: list[Operation] = field(default_factory=list)
    """Those that calls can be told to be of."""
    left_out: list[tuple[Operation, ConfigurationError]] = field(default_factory=list)
    """The others, with the reason."""
    problems: list[ConfigurationError] = field(default_factory=list)
    """What is read otherwise than it is written; it costs no operation."""


def tell_apart(operations: Sequence[Operation]) -> Apart:
    """Each operation, or why no call can be one of it.

    Operations of one path are told apart by what each call of them has in its query: by the path's
    template, or else by a required parameter that has one value only. Where only a fragment
    differs, which nobody sends, a call is of the first operation that it fits.
    """
    found = Apart()
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
        f"a fragment is never sent, so a call is taken as {first.method} {first.written} if it "
        "fits that, else as this"
    )
    return ConfigurationError(problem, source=operation.document.source, key=_place_of(operation))


def _place_of(operation: Operation) -> str:
    return f"paths[{operation.written}].{operation.method.lower()}"


def _alike(operation: Operation, first: Operation) -> ConfigurationError:
    problem = (
        f"no call can tell it from {first.method} {first.written}, which answers: a fragment is "
        "never sent, and names of parameters make no difference"
    )
    return ConfigurationError(problem, source=operation.document.source, key=_place_of(operation))


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
