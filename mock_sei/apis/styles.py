"""How a parameter writes an array or an object as text: the styles of OpenAPI, in one table.

Source: OpenAPI 3.0.4 section 4.7.12 and 3.1.1 section 4.8.12 (style values), RFC 6570. What the
versions of the specification write in two ways is read in both. This module knows no schemas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Style:
    """One row of the table."""

    places: frozenset[str]
    """Where a parameter may have it."""
    mark: str = ""
    """What a value begins with."""
    apart: Sequence[str] = (",",)
    """What stands between items, the usual one first; a second one is an older reading."""
    exploded: str | None = None
    """What stands between items with ``explode``; None where each comes under a name of its own."""


_QUERY = frozenset({"query", "cookie", "body"})

STYLES: Mapping[str, Style] = {
    "form": Style(places=_QUERY),
    "spaceDelimited": Style(places=frozenset({"query", "body"}), apart=(" ",)),
    "pipeDelimited": Style(places=frozenset({"query", "body"}), apart=("|",)),
    "deepObject": Style(places=frozenset({"query", "body"})),
    "cookie": Style(places=frozenset({"cookie"})),
    "simple": Style(places=frozenset({"path", "header"}), exploded=","),
    "label": Style(places=frozenset({"path"}), mark=".", apart=(",", "."), exploded="."),
    "matrix": Style(places=frozenset({"path"}), mark=";", exploded=";"),
}

USUAL = {
    "query": "form",
    "cookie": "form",
    "body": "form",
    "path": "simple",
    "header": "simple",
    "querystring": "form",
}
"""The style of each place where a document gives none."""


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """How one parameter is written."""

    name: str
    style: str = "form"
    explode: bool = True

    @property
    def is_deep(self) -> bool:
        """Whether its members come as ``name[member]``."""
        return self.style == "deepObject"

    @property
    def is_scattered(self) -> bool:
        """Whether the members of an object come under their own names."""
        return self.explode and self._row.exploded is None and not self.is_deep

    @property
    def _row(self) -> Style:
        return STYLES[self.style]

    def bare(self, texts: Sequence[str]) -> Sequence[str]:
        """Texts without the mark of the style. Raises ``ValueError``."""
        mark = self._row.mark
        if not mark:
            return texts
        if not all(each.startswith(mark) for each in texts):
            begins = f"{mark}{self.name}=" if mark == ";" else mark
            raise ValueError(f"must begin with {begins} (style {self.style})")
        return [each[len(mark) :] for each in texts]

    def single(self, texts: Sequence[str]) -> str | None:
        """The text of a value that is no array and no object; None where there are several."""
        if len(texts) != 1:
            return None
        return self._unnamed(texts[0]) if self.style == "matrix" else texts[0]

    def lists(self, texts: Sequence[str], *, whole: bool) -> Iterator[Sequence[str]]:
        """The items of an array, in each way in which they may be meant.

        ``whole`` where a text of an exploded array may be one item with commas in it.
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
        if whole and self.explode and row.exploded is None:
            yield texts

    def objects(self, texts: Sequence[str]) -> Iterator[Mapping[str, str]]:
        """The members of an object. Raises ``ValueError``."""
        row, text = self._row, ",".join(texts)
        if self.explode and row.exploded is not None:
            yield _named(text.split(row.exploded))
            return
        if self.style == "matrix":
            text = self._unnamed(text)
        problem: ValueError | None = None
        for mark in row.apart:
            parts = text.split(mark) if text else []
            if len(parts) % 2:
                problem = ValueError("must be names and values in turn, such as x,1,y,2")
                continue
            yield dict(zip(parts[::2], parts[1::2], strict=True))
        if problem is not None:
            raise problem

    def _unnamed(self, text: str) -> str:
        name, equals, value = text.partition("=")
        if name != self.name:
            raise ValueError(f"must begin with ;{self.name}= (style matrix)")
        return value if equals else ""


def _named(parts: Sequence[str]) -> dict[str, str]:
    found = {}
    for each in parts:
        name, equals, value = each.partition("=")
        if not equals:
            raise ValueError("must be members such as x=1")
        found[name] = value
    return found


MOST_LEVELS = 10
"""Levels of a name such as ``filter[a][b]``."""

Tree = Sequence[str] | Mapping[str, "Tree"]
"""What was sent: texts of one name, or by the names of members."""


def deep_tree(pairs: Sequence[tuple[str, str]]) -> Mapping[str, Tree]:
    """Values under names such as ``[a][b]`` as a tree. Raises ``ValueError``."""
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
    return root  # type: ignore[return-value]  # built of dicts and lists of texts just above
