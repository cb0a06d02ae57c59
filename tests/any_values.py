"""What hypothesis makes up for the tests that feed a parser anything."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

DEEP = 3000
"""Levels on which any recursive parser gives up."""

JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)


def toml(value: Any) -> str:
    """A value as TOML writes it; half a surrogate pair, which it cannot write, becomes a mark."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        sound = value.encode("utf-8", "replace").decode().replace("\x7f", "")
        return json.dumps(sound, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{toml(name)} = {toml(each)}' for name, each in value.items())}}}"
    return str(value)


def toml_table(values: dict[str, Any]) -> str:
    return "".join(f"{toml(name)} = {toml(value)}\n" for name, value in values.items())


@st.composite
def damaged(draw: st.DrawFn, whole: bytes, *, pieces: Sequence[bytes] = ()) -> bytes:
    """Bytes with some parts removed, or replaced by others."""
    content = bytearray(whole)
    other = st.binary(max_size=10)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 40))
        content[start:end] = draw(other | st.sampled_from(pieces) if pieces else other)
    return bytes(content)


@st.composite
def mutated(
    draw: st.DrawFn, whole: Any, *, atoms: st.SearchStrategy[Any], names: Sequence[str]
) -> Any:
    """A tree of mappings and lists with members replaced, removed, added, renamed or repeated."""
    tree = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        places = [place for place in _places(tree) if place]
        if not places:
            break
        *way, last = draw(st.sampled_from(places))
        parent = _at(tree, way)
        how = draw(st.sampled_from(["replace", "remove", "add", "rename", "repeat"]))
        if how == "replace":
            parent[last] = copy.deepcopy(draw(atoms))
        elif how == "repeat":
            parent[last] = copy.deepcopy(_at(tree, draw(st.sampled_from(places))))
        elif how == "add" and isinstance(parent, dict):
            parent[draw(st.sampled_from(names))] = copy.deepcopy(draw(atoms))
        elif how == "rename" and isinstance(parent, dict):
            name = draw(atoms.filter(lambda each: isinstance(each, str | int | None)))
            parent[name] = parent.pop(last)
        else:
            del parent[last]
    return tree


Place = tuple[Any, ...]


def _places(tree: Any, here: Place = ()) -> Iterator[Place]:
    yield here
    if isinstance(tree, dict | list):
        for name, each in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from _places(each, (*here, name))


def _at(tree: Any, way: Sequence[Any]) -> Any:
    for name in way:
        tree = tree[name]
    return tree
