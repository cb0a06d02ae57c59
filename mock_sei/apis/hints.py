"""Open lists of values in schemas: ``x-mock-sei: {values: [...]}`` beside the type of a member.

No page of the vendor gives such a list, so other values are accepted. The journal notes them,
because they may be mistakes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mock_sei.apis.references import Document
from mock_sei.document_files import EXTENSION

_DEEPEST = 10
"""How many levels of a schema are searched for lists."""
_MOST_LISTS = 200
"""The most lists of one schema, and the most notes about one body."""

Hint = tuple[tuple[str, ...], Sequence[Any]]
"""The names that lead to a member (``*`` stands for each entry of a list), and its known values."""


def unknown_values(document: Document, schema: Any, value: Any) -> list[str]:
    """A sentence for each member whose value is not in its open list. The value is not repeated."""
    notes: dict[str, None] = {}
    for path, known in _hints(document, schema):
        if any(_is_unknown(each, known) for each in _values_at(value, path)):
            name = ".".join(part for part in path if part != "*")
            shown = ", ".join(map(str, known))[:_LONGEST]
            notes[f"{name} has a value that is not known here. Known values: {shown}"] = None
    return list(notes)


def _is_unknown(value: Any, known: Sequence[Any]) -> bool:
    return isinstance(value, str | int | float) and value not in known


_LONGEST = 500
"""The most characters of a list of values in a note."""


def _hints(document: Document, schema: Any) -> Sequence[Hint]:
    def collect() -> dict[str, Any]:
        found: list[Hint] = []
        for hint in _collected(document, schema, (), frozenset()):
            found.append(hint)
            if len(found) == _MOST_LISTS:
                break
        return {"hints": found}

    hints: Sequence[Hint] = document.derived("hints", schema, collect)["hints"]
    return hints


def _collected(
    document: Document, schema: Any, path: tuple[str, ...], above: frozenset[int]
) -> Iterator[Hint]:
    schema = document.follow(schema, "schema")
    if not isinstance(schema, Mapping) or id(schema) in above or len(above) > _DEEPEST:
        return
    above |= {id(schema)}
    values = (schema.get(EXTENSION) or {}).get("values")
    if values:
        yield path, values
    for name, each in (schema.get("properties") or {}).items():
        yield from _collected(document, each, (*path, name), above)
    if "items" in schema:
        yield from _collected(document, schema["items"], (*path, "*"), above)
    for each in schema.get("allOf", ()):
        yield from _collected(document, each, path, above)


def _values_at(value: Any, path: tuple[str, ...]) -> Iterator[Any]:
    if not path:
        yield value
    elif path[0] == "*":
        for each in value if isinstance(value, list) else ():
            yield from _values_at(each, path[1:])
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _values_at(value[path[0]], path[1:])
