"""Where the fields of a request stand in its call of the control API."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from mock_sei.operations.requests import Fields, Place, Request, WholeBody
from mock_sei.operations.schemas import hint_of


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


def place(
    request: type[Request[Any]], *, method: str, called: str, fixed: Collection[str]
) -> Placed:
    """Puts each field of a request where its call has it.

    ``called`` is the path; ``fixed`` are the fields that the path gives without naming them.
    """
    path, query, body, given = [], [], [], {}
    whole = None
    for name in request.names:
        marks = getattr(hint_of(request, name), "__metadata__", ())
        mark = next((each for each in marks if isinstance(each, Place)), None)
        if name in fixed:
            continue
        if f"{{{name}}}" in called or f"{{{name}:" in called:
            path.append(name)
        elif any(isinstance(each, WholeBody) for each in marks):
            whole = name
        elif mark in (Place.HOST, Place.READS):
            given[name] = mark
        elif mark is Place.QUERY or method in ("GET", "DELETE"):
            query.append(name)
        else:
            body.append(name)
    return Placed(path=tuple(path), query=tuple(query), body=tuple(body), whole=whole, given=given)


def mark_of(kind: type[Fields], name: str) -> WholeBody:
    """What is known of a field that is the whole body."""
    marks = hint_of(kind, name).__metadata__
    found: WholeBody = next(each for each in marks if isinstance(each, WholeBody))
    return found
