"""What a client sent, as faults, scripted answers and searches compare it: read when it is needed.

The same class reads a call that is under way and an entry of the journal.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from mock_sei.values.cached import cached_property

NO_JSON = object()
"""In place of the JSON of a body that has none."""
MOST_LEVELS = 4
"""Members of a JSON body are listed down to so many levels."""
_SCALARS = (str, bool, int, float, type(None))

Key = tuple[Any, ...]
"""One thing that a request has, such as ``("query", "cursor", "abc")``."""


class SentRequest:
    """One request: its query, headers and body."""

    def __init__(
        self,
        *,
        raw_query: bytes = b"",
        raw_headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes | None = b"",
    ) -> None:
        """``body`` is None if it is not known as a whole."""
        self.raw_query = raw_query
        self.raw_headers = raw_headers
        self.body = body

    @cached_property
    def query(self) -> Mapping[str, list[str]]:
        """All values of each parameter of the query string."""
        found: dict[str, list[str]] = {}
        text = self.raw_query.decode("utf-8", "replace")
        for name, value in parse_qsl(text, keep_blank_values=True):
            found.setdefault(name, []).append(value)
        return found

    @cached_property
    def headers(self) -> Mapping[str, list[str]]:
        """All values of each header, by its name in lower case.

        A value that is no ASCII is there in Latin-1, as HTTP has it, and in UTF-8.
        """
        found: dict[str, list[str]] = {}
        for raw_name, raw_value in self.raw_headers:
            values = found.setdefault(raw_name.decode("latin-1").lower(), [])
            values.append(raw_value.decode("latin-1").strip(" \t"))
            if not raw_value.isascii():
                values.append(raw_value.decode("utf-8", "replace").strip(" \t"))
        return found

    @cached_property
    def json(self) -> Any:
        """The body as JSON, whatever its media type; :data:`NO_JSON` if it is no JSON."""
        if not self.body:
            return NO_JSON
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return NO_JSON

    @cached_property
    def text(self) -> str | None:
        """The body as text; None if it is not known."""
        return None if self.body is None else self.body.decode("utf-8", "replace")

    def keys(self, part: str) -> Iterator[Key]:
        """What the request has of one part: ``query``, ``headers``, ``json`` or ``body``."""
        if part == "body":
            yield ("body", self.body)
        elif part == "json":
            yield from (("json", *each) for each in json_members(self.json))
        else:
            of_part: Mapping[str, list[str]] = getattr(self, part)
            for name, values in of_part.items():
                yield from ((part, name, value) for value in values)


NOTHING_SENT = SentRequest()


def json_members(value: Any) -> Iterator[tuple[tuple[str, ...], bool, Any]]:
    """The texts, numbers, truth values and nulls in the objects of a JSON value.

    Each comes with the names of the members that lead to it, and whether it is a truth value, which
    Python takes as equal to 0 or 1. Lists are left out.
    """
    left: list[tuple[tuple[str, ...], Any]] = [((), value)]
    while left:
        path, found = left.pop()
        if isinstance(found, dict):
            if len(path) < MOST_LEVELS:
                left += [((*path, name), each) for name, each in found.items()]
        elif path and isinstance(found, _SCALARS):
            yield path, isinstance(found, bool), found
