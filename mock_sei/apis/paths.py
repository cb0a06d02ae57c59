"""Path templates, found by a path in time that does not grow with their number.

A tree by segments: ``/orders/{id}/lines`` is three steps. A parameter takes one character or more,
and no slash; of several in one segment, the first takes as much as it can.
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
"""Stands for a parameter while a template is cut at its slashes."""


_IN_THE_QUERY = re.compile(r"\{[?&#][^}]*\}")
_PARAMETER_OR_ESCAPED = re.compile(r"\{([^}]*)\}|(?:%(?!2[fF])[0-9a-fA-F]{2})+")

Pairs = tuple[tuple[str, str], ...]
"""Names and values of a query."""


def called(template: str) -> tuple[str, Pairs]:
    """The path that a client sends for a template of a document, and what its query always has.

    Nobody sends a fragment. A query within a template, as in ``/orders?action=close``, is sent with
    every call; of ``/orders{?page}`` the parameters say all. Neither is part of a path by OpenAPI,
    but documents tell operations of one path apart so.
    """
    text = _IN_THE_QUERY.sub("", template)
    masked = _PARAMETER.sub(lambda found: "x" * len(found[0]), text)  # in them signs mean nothing
    sent = masked.partition("#")[0]
    end = len(sent.partition("?")[0])
    path = _PARAMETER_OR_ESCAPED.sub(
        lambda found: found[0] if found[1] is not None else unquote(found[0]), text[:end]
    )
    pairs = (each for each in text[end + 1 : len(sent)].split("&") if not _PARAMETER.search(each))
    return path, tuple(parse_qsl("&".join(pairs), keep_blank_values=True))


def blanked(template: str) -> str:
    """A template without the names of its parameters: two that are alike fit the same paths."""
    return _PARAMETER.sub("{}", template)


@dataclass(frozen=True, kw_only=True)
class Found(Generic[T]):
    """A template that fits a path."""

    template: str
    owner: T
    values: Mapping[str, str]
    """The parameters of the template, by their names."""


@dataclass(kw_only=True)
class _Entry(Generic[T]):
    rank: int
    template: str
    names: Sequence[str]
    owner: T


@dataclass(kw_only=True)
class _Node(Generic[T]):
    fixed: dict[str, _Node[T]] = field(default_factory=dict)
    """The nodes behind segments that are spelled out."""
    open: dict[str, dict[tuple[str, ...], _Node[T]]] = field(default_factory=dict)
    """The nodes behind segments with parameters: by the first fixed text, then by all of them."""
    lengths: set[int] = field(default_factory=set)
    """The lengths that the keys of :attr:`open` have."""
    entries: list[_Entry[T]] = field(default_factory=list)

    def child(self, segment: str) -> _Node[T]:
        pieces = tuple(segment.split(_HOLE))
        if len(pieces) == 1:
            return self.fixed.setdefault(segment, _Node())
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
    """What stands between the fixed pieces of a segment, where it fits them.

    From the last piece backwards: where each stands as far to the right as it can, the first
    parameter takes as much as it can.
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
    """All templates, each with what it belongs to."""

    def __init__(self, templates: Iterable[tuple[str, T]]) -> None:
        """``templates`` stand in the order in which they are found where several fit a path."""
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

    def find_all(self, path: str) -> Iterator[Found[T]]:
        """Every template that fits."""
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
            yield Found(
                template=entry.template,
                owner=entry.owner,
                values=dict(zip(entry.names, values, strict=True)),
            )
