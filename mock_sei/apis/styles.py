"""How a parameter writes an array or an object as text: the styles of OpenAPI, in one table.

Source: OpenAPI 3.0.4 section 4.7.12 and 3.1.1 section 4.8.12 (style values), RFC 6570. If versions
of the specification write something in two ways, both are read. This module knows no schemas.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Style:
    """One row of the table."""

    places: frozenset[str]
    """The places of parameters that may have this style."""
    mark: str = ""
    """The text at the beginning of a value."""
    apart: Sequence[str] = (",",)
    """The separators between items, the usual one first. A second one is an older reading."""
    exploded: str | None = None
    """The separator between items with ``explode``; None if each item has its own name."""


_QUERY = frozenset({"query", "cookie", "body"})
_ANY = frozenset({"query", "path", "header", "cookie", "body"})

STYLES: Mapping[str, Style] = {
    "form": Style(places=_QUERY),
    "spaceDelimited": Style(places=_ANY, apart=(" ",)),
    "pipeDelimited": Style(places=_ANY, apart=("|",)),
    "x-tabDelimited": Style(places=_ANY, apart=("\t",)),
    "deepObject": Style(places=frozenset({"query", "body"})),
    "cookie": Style(places=frozenset({"cookie"})),
    "simple": Style(places=frozenset({"path", "header"}), exploded=","),
    "label": Style(places=frozenset({"path"}), mark=".", apart=(",", "."), exploded="."),
    "matrix": Style(places=frozenset({"path"}), mark=";", exploded=";"),
}

"""OpenAPI allows the delimited styles only in a query. Swagger 2.0 allows them in all places, and
also tabs."""

ITEM_STYLE = "x-mock-sei-style"
"""A key of a schema: how an array inside an array is written. Only Swagger 2.0 can declare this."""

USUAL = {
    "query": "form",
    "cookie": "form",
    "body": "form",
    "path": "simple",
    "header": "simple",
    "querystring": "form",
}
"""The style of each place if a document does not give one."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How one parameter is written as text."""

    name: str
    style: str = "form"
    explode: bool = True

    @property
    def is_deep(self) -> bool:
        """Whether its members are written as ``name[member]``."""
        return self.style == "deepObject"

    @property
    def is_scattered(self) -> bool:
        """Whether the members of an object are written under their own names."""
        return self.explode and self._row.exploded is None and not self.is_deep

    @property
    def _row(self) -> Style:
        return STYLES[self.style]

    def bare(self, texts: Sequence[str]) -> Sequence[str]:
        """The texts without the beginning that the style prescribes. Raises ``ValueError``."""
        mark = self._row.mark
        if not mark:
            return texts
        if not all(each.startswith(mark) for each in texts):
            begins = f"{mark}{self.name}=" if mark == ";" else mark
            raise ValueError(f"must begin with {begins} (style {self.style})")
        return [each[len(mark) :] for each in texts]

    def single(self, texts: Sequence[str]) -> str | None:
        """The text of a value that is not an array or object; None if there are several texts."""
        if len(texts) != 1:
            return None
        return self._unnamed(texts[0]) if self.style == "matrix" else texts[0]

    def lists(self, texts: Sequence[str], *, whole: bool) -> Iterator[Sequence[str]]:
        """The items of an array, for each possible reading of the texts.

        ``whole`` says whether a text of an exploded array may be one item with commas in it.
        """
        row = self._row
        if self.style == "matrix":
            texts = [self._unnamed(part) for each in texts for part in each.split(";")]
        if list(texts) == [""]:
            yield []
            yield [""]
            return
        marks = row.apart
        if self.explode and row.exploded is not None and self.style == "label":
            marks = (row.exploded,)
        for mark in marks:
            yield [part for each in texts for part in each.split(mark)]
        if whole and (row.mark == "." or (self.explode and row.exploded is None)):
            yield texts

    def objects(self, texts: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """The members of an object, for each possible reading. Raises ``ValueError``."""
        row, text = self._row, ",".join(texts)
        if self.explode and row.exploded is not None:
            yield _named(text.split(row.exploded), row.exploded if row.mark == "." else None)
            return
        if self.style == "matrix":
            text = self._unnamed(text)
        if self.explode and text and all("=" in each for each in text.split(",")):
            # Some clients write the members as one value under the object's name.
            yield _named(text.split(","))
        problem: ValueError | None = None
        for mark in row.apart:
            parts = text.split(mark) if text else []
            if len(parts) % 2:
                problem = ValueError("must be alternating names and values, such as x,1,y,2")
                continue
            yield dict(zip(parts[::2], parts[1::2], strict=True))
        if problem is not None:
            raise problem

    def pairs(self, value: Any) -> list[tuple[str, str]]:
        """A value as pairs of a query, a cookie or a form, not percent-encoded."""
        if isinstance(value, Mapping):
            if self.is_deep:
                return _deep_pairs(self.name, value)
            if self.is_scattered:
                return [(str(name), text_of(each)) for name, each in value.items()]
            return [(self.name, self._row.apart[0].join(map(text_of, _in_turn(value))))]
        if not isinstance(value, list):
            return [(self.name, text_of(value))]
        if self.explode and self._row.exploded is None:
            return [(self.name, text_of(each)) for each in value]
        return [(self.name, self._row.apart[0].join(map(text_of, value)))]

    def text(self, value: Any) -> str:
        """A value as the text of a path or a header, not percent-encoded."""
        row = self._row
        named = f"{self.name}=" if self.style == "matrix" else ""
        apart = row.apart[0]
        if self.explode and row.exploded is not None:
            apart = row.exploded
            if isinstance(value, Mapping):
                members = [f"{name}={text_of(each)}" for name, each in value.items()]
                return row.mark + apart.join(members)
            apart += named
        if isinstance(value, Mapping):
            value = _in_turn(value)
        items = value if isinstance(value, list) else [value]
        return f"{row.mark}{named}{apart.join(map(text_of, items))}"

    def _unnamed(self, text: str) -> str:
        name, equals, value = text.partition("=")
        if name != self.name:
            raise ValueError(f"must begin with ;{self.name}= (style matrix)")
        return value if equals else ""


def spelling_of(name: str, place: str, style: object, explode: object) -> Spelling:
    """How a parameter is written. A style that its place does not allow is ignored."""
    known = find_style(style, place) or USUAL[place]
    is_form = known in ("form", "cookie")
    return Spelling(
        name=name, style=known, explode=explode if isinstance(explode, bool) else is_form
    )


def find_style(style: object, place: str) -> str | None:
    """The style, if it exists and this place allows it; otherwise None."""
    known = STYLES.get(style) if isinstance(style, str) else None
    return style if isinstance(style, str) and known is not None and place in known.places else None


def _named(parts: Sequence[str], within: str | None = None) -> dict[str, str]:
    """Members such as ``x=1``.

    ``within`` is a separator that values may also contain, like a dot.
    """
    found: dict[str, str] = {}
    name = ""
    for each in parts:
        left, equals, value = each.partition("=")
        if equals:
            name = left
            found[name] = value
        elif within is not None and found:
            found[name] += within + each
        else:
            raise ValueError("must be members such as x=1")
    return found


def text_of(value: Any) -> str:
    """A value as text. Arrays and objects become JSON, as most clients write them."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _in_turn(members: Mapping[str, Any]) -> list[Any]:
    return [part for pair in members.items() for part in pair]


def _deep_pairs(name: str, members: Mapping[str, Any]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for member, value in members.items():
        inner = f"{name}[{member}]"
        if isinstance(value, Mapping):
            found += _deep_pairs(inner, value)
        else:
            items = value if isinstance(value, list) else [value]
            found += [(inner, text_of(each)) for each in items]
    return found


MOST_LEVELS = 10
"""The most levels of a name such as ``filter[a][b]``."""

Tree = Sequence[str] | Mapping[str, "Tree"]
"""What was sent: the texts of one name, or a tree by the names of members."""


def deep_tree(pairs: Sequence[tuple[str, str]]) -> Mapping[str, Tree]:
    """The tree of values under names such as ``[a][b]``. Raises ``ValueError``."""
    root: dict[str, object] = {}
    for name, text in pairs:
        path = name[1:-1].split("][")
        if len(path) > MOST_LEVELS:
            raise ValueError(f"has a name of more than {MOST_LEVELS} levels")
        node = root
        for part in path[:-1]:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):
                raise ValueError(f"has {part} as a value and as an object")
            node = inner
        texts = node.setdefault(path[-1], [])
        if not isinstance(texts, list):
            raise ValueError(f"has {path[-1]} as a value and as an object")
        texts.append(text)
    return root  # type: ignore[return-value]  # built above from dicts and lists of texts
