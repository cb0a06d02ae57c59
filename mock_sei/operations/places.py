"""Where the fields of a request stand in its call of the control API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mock_sei.operations.requests import Fields, Place, WholeBody
from mock_sei.operations.schemas import hint_of
from mock_sei.operations.table import Row


@dataclass(frozen=True, kw_only=True)
class Placed:
    """Where the fields of a request stand in a call."""

    path: tuple[str, ...]
    query: tuple[str, ...]
    body: tuple[str, ...]
    whole: str | None
    """The field that is the whole body."""
    given: Mapping[str, Place]
    """Fields that the request itself gives, not the client."""


def place(row: Row) -> Placed:
    """Puts each field of a row's request where the call has it."""
    path, query, body, given = [], [], [], {}
    whole = None
    for name in row.request.names:
        marks = getattr(hint_of(row.request, name), "__metadata__", ())
        fixed = next((each for each in marks if isinstance(each, Place)), None)
        if name in (row.fixed or {}):
            continue
        if f"{{{name}}}" in row.path or f"{{{name}:" in row.path:
            path.append(name)
        elif any(isinstance(each, WholeBody) for each in marks):
            whole = name
        elif fixed in (Place.HOST, Place.READS):
            given[name] = fixed
        elif fixed is Place.QUERY or row.method in ("GET", "DELETE"):
            query.append(name)
        else:
            body.append(name)
    return Placed(path=tuple(path), query=tuple(query), body=tuple(body), whole=whole, given=given)


def mark_of(kind: type[Fields], name: str) -> WholeBody:
    """What is known of a field that is the whole body."""
    marks = hint_of(kind, name).__metadata__
    found: WholeBody = next(each for each in marks if isinstance(each, WholeBody))
    return found
