"""Finds the path templates that fit a path, in a time that does not grow with their number.

The templates form a tree of segments: ``/orders/{id}/lines`` takes three steps. A parameter stands
for at least one character and no slash. If a segment has several parameters, the first one is as
long as possible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, unquote

T = TypeVar("T")

_PARAMETER = re.compile(r"\{([^}]*)\}")
_HOLE = "\0"
"""Stands for a parameter while a template is split at its slashes."""


_IN_THE_QUERY = re.compile(r"\{[?&#][^}]*\}")
_PARAMETER_OR_ESCAPED = re.compile(r"\{([^}]*)\}|(?:%(?!2[fF])[0-9a-fA-F]{2})+")

Pairs = tuple[tuple[str, str], ...]
"""Names and values of a query."""


def called(template: str) -> tuple[str, Pairs]:
    """The path that a client calls for a template, and the pairs that its query always has.

    The fragment is dropped, because clients never send it. A query in the template, as in
    ``/orders?action=close``, belongs to every call. The query of ``/orders{?page}`` is dropped,
    because the parameters describe it. OpenAPI allows neither in a path, but documents use them to
    distinguish operations.
    """
    text = _IN_THE_QUERY.sub("", template)
    # Signs inside parameters have no meaning.
    masked = _PARAMETER.sub(lambda found: "x" * len(found[0]), text)
    sent = masked.partition("#")[0]
    end = len(sent.partition("?")[0])
    path = _PARAMETER_OR_ESCAPED.sub(
        lambda found: found[0] if found[1] is not None else unquote(found[0]), text[:end]
    )
    pairs = (each for each in text[end + 1 : len(sent)].split("&") if not _PARAMETER.search(each))
    return path, tuple(parse_qsl("&".join(pairs), keep_blank_values=True))


def blanked(template: str) -> str:
    """The template without the names of its parameters. Equal results fit the same paths."""
    return _PARAMETER.sub("{}", template)


@dataclass(frozen=True, kw_only=True)
class PathMatch(Generic[T]):
    """A template that fits a path."""

    template: str
    owner: T
    values: Mapping[str, str]
    """The values of the template's parameters, by their names."""


@dataclass(kw_only=True)
class _Entry(Generic[T]):
    rank: int
    template: str
    names: Sequence[str]
    owner: T


@dataclass(kw_only=True)
class _Node(Generic[T]):
    fixed: dict[str, _Node[T]] = field(default_factory=dict)
    """The next nodes by segments without parameters."""
    open: dict[str, dict[tuple[str, ...], _Node[T]]] = field(default_factory=dict)
    """The next nodes by segments with parameters: by their first fixed text, then by all their
    fixed texts."""
    lengths: set[int] = field(default_factory=set)
    """The lengths of the keys in :attr:`open`."""
    entries: list[_Entry[T]] = field(default_factory=list)

    def child(self, segment: str) -> _Node[T]:
        pieces = tuple(segment.split(_HOLE))
        if len(pieces) == 1:
            if segment not in self.fixed:
                self.fixed[segment] = _Node()
            return self.fixed[segment]
        self.lengths.add(len(pieces[0]))
        return self.open.setdefault(pieces[0], {}).setdefault(pieces, _Node())

    def fitting(self, segment: str) -> Iterator[tuple[_Node[T], tuple[str, ...]]]:
        """The next nodes, and the values of the parameters in the segment."""
        if segment in self.fixed:
            yield self.fixed[segment], ()
        for length in self.lengths:
            for pieces, node in self.open.get(segment[:length], {}).items():
                values = values_in(segment, pieces)
                if values is not None:
                    yield node, values


def values_in(segment: str, pieces: Sequence[str]) -> tuple[str, ...] | None:
    """The texts between the fixed pieces of a segment, or None if the segment does not fit.

    The pieces are searched from the last to the first, each as far right as possible. So the first
    parameter is as long as possible.
    """
    first, *between, last = pieces
    start, end = len(first), len(segment) - len(last)
    if not segment.startswith(first) or not segment.endswith(last):
        return None
    values = []
    for piece in reversed(between):
        at = segment.rfind(piece, start + 1, end - 1) if end - 1 > start else -1
        if at < 0:
            return None
        values.append(segment[at + len(piece) : end])
        end = at
    if end <= start:
        return None
    return (segment[start:end], *reversed(values))


class PathTree(Generic[T]):
    """Path templates, each with a value that belongs to it."""

    def __init__(self, templates: Iterable[tuple[str, T]]) -> None:
        """If several templates fit a path, they are found in the order of ``templates``."""
        self._root: _Node[T] = _Node()
        self._deepest = 0
        for rank, (template, owner) in enumerate(templates):
            node = self._root
            segments = _PARAMETER.sub(_HOLE, template).split("/")
            for segment in segments:
                node = node.child(segment)
            names = _PARAMETER.findall(template)
            node.entries.append(_Entry(rank=rank, template=template, names=names, owner=owner))
            self._deepest = max(self._deepest, len(segments))

    def find_all(self, path: str) -> Iterator[PathMatch[T]]:
        """All templates that fit a path."""
        if path.count("/") >= self._deepest:
            return
        ways: list[tuple[_Node[T], tuple[str, ...]]] = [(self._root, ())]
        for segment in path.split("/"):
            ways = [
                (following, (*values, *more))
                for node, values in ways
                for following, more in node.fitting(segment)
            ]
        found = [(entry, values) for node, values in ways for entry in node.entries]
        for entry, values in sorted(found, key=lambda each: each[0].rank):
            yield PathMatch(
                template=entry.template,
                owner=entry.owner,
                values=dict(zip(entry.names, values, strict=True)),
            )
