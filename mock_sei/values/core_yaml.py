"""Reads YAML by the core schema of YAML 1.2, from the events of PyYAML's parser.

Numbers that JSON cannot express (``.inf``, ``.nan``) are read as texts.

PyYAML's own composer and constructor are not used: they read YAML 1.1, and need five times the time
and eight times the memory of this module (``docs/apis.md`` has the figures). Source: YAML 1.2.2
sections 6.9 and 10.3.2; the merge key of YAML 1.1, which most tools read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml import YAMLError

from mock_sei.values.json_numbers import number, whole_number

__all__ = ["AliasError", "YAMLError", "load"]

try:
    # Not what ``yaml`` says: after a failure for want of a file it would never look again.
    from yaml.cyaml import CSafeLoader as _Parser
except ModuleNotFoundError:  # PyYAML without its C parser, which takes a sixth of the time
    from yaml import SafeLoader as _Parser  # type: ignore[assignment]  # it is used alike

ALIASES_MAY_ADD = 200_000
"""How many values aliases may add to a document, in addition to ten times the values that are
written."""


class AliasError(Exception):
    """The aliases of a document make it too large or endless."""


def load(text: str, twice: dict[str, None] | None = None) -> Any:
    """The value of a text with one YAML document. All aliases of an anchor are the same object.

    ``twice`` collects keys that occur twice in one mapping; the last one counts. Raises
    ``YAMLError`` if the text is not YAML or has no value by the core schema, and
    :class:`AliasError`.
    """
    parser = _Parser(text)
    builder = _Builder({} if twice is None else twice, most=len(text))
    take = {
        yaml.ScalarEvent: builder.scalar,
        yaml.MappingStartEvent: builder.open_mapping,
        yaml.SequenceStartEvent: builder.open_sequence,
        yaml.MappingEndEvent: builder.close,
        yaml.SequenceEndEvent: builder.close,
        yaml.AliasEvent: builder.alias,
        yaml.DocumentStartEvent: builder.begin_document,
    }
    try:
        while True:
            event = parser.get_event()
            kind = type(event)
            if kind is yaml.StreamEndEvent:
                return builder.finished()
            found = take.get(kind)
            if found is not None:
                found(event)
    finally:
        parser.dispose()


_NO_KEY = object()
"""The state of a mapping that waits for its next key."""


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    value: Any
    anchor: str | None
    begun: int
    """The number of values before it."""
    key: Any = _NO_KEY
    merged: list[Any] = field(default_factory=list)
    """The mappings that its merge keys name."""


class _Builder:
    """Builds the value of one document from the events of the parser, in their order."""

    def __init__(self, twice: dict[str, None], *, most: int) -> None:
        """``most`` is an upper limit of the number of values written in the text."""
        self._twice = twice
        self._most = ALIASES_MAY_ADD + 10 * most
        self._top: Any = None
        self._documents = 0
        self._around: list[_Open] = []
        self._here: _Open | None = None
        self._anchors: dict[str, tuple[Any, int]] = {}
        """For each anchor, its value and the number of values in it."""
        self._sizes: dict[int, tuple[Any, int]] = {}
        """The anchored collections, by their identity."""
        self._names: dict[str, str] = {}
        """Each key once, because a document repeats a few keys thousands of times."""
        self._written = 0
        self._all = 0
        """The number of values after aliases are followed. ``_written`` is the number before."""

    def begin_document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            raise _error("expected a single document, but another one begins here", event)

    def scalar(self, event: Any) -> None:
        text: str = event.value
        value: Any = text
        if event.tag is not None:
            value = _tagged(event)
        elif event.implicit[0]:  # plain, neither quoted nor a block
            value = _plain(event)
        self._written += 1
        self._all += 1
        if event.anchor is not None:
            self._anchors[event.anchor] = value, 1
        here = self._here
        if type(here) is _Open and here.key is _NO_KEY and type(here.value) is dict:
            self._begin_member(here, value, event)
        else:
            self._put(value, event)

    def _begin_member(self, here: _Open, value: Any, event: Any) -> None:
        if type(value) is str:
            if value == "<<" and (event.implicit[0] or event.tag == _MERGE_TAG):
                here.key = _MERGE
                return
            value = self._names.setdefault(value, value)
        here.key = value
        if value in here.value:
            self._twice[f"{event.value} (line {event.start_mark.line + 1})"] = None

    def open_mapping(self, event: Any) -> None:
        self._open({}, event, "map")

    def open_sequence(self, event: Any) -> None:
        self._open([], event, "seq")

    def _open(self, value: Any, event: Any, tag: str) -> None:
        if event.tag not in (None, "!", _CORE + tag):
            raise _error(f"the tag {event.tag!r} does not go with a {_NAMES[tag]}", event)
        here = self._here
        if here is not None:
            if here.key is _NO_KEY and type(here.value) is dict:
                raise _error("a mapping or a list cannot be a key", event)
            self._around.append(here)
        self._here = _Open(value, event.anchor, self._all)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)

    def close(self, event: Any) -> None:
        here = self._here
        assert here is not None  # noqa: S101  # the parser closes only what it opened
        self._here = self._around.pop() if self._around else None
        value = here.value
        if here.merged:
            own = dict(value)
            value.clear()
            for each in here.merged:
                value.update(each)
            value.update(own)
        self._written += 1
        self._all += 1
        if here.anchor is not None:
            sized = self._anchors[here.anchor] = value, self._all - here.begun
            self._sizes[id(value)] = sized
        self._put(value, event)

    def alias(self, event: Any) -> None:
        found = self._anchors.get(event.anchor)
        if found is None:
            around = self._around if self._here is None else [*self._around, self._here]
            if any(each.anchor == event.anchor for each in around):
                raise AliasError(
                    f"an alias is inside its own value (line {event.start_mark.line + 1})"
                )
            raise _error(f"there is no anchor {event.anchor!r} before", event)
        value, size = found
        self._written += 1
        here = self._here
        if not self._is_to_be_merged():
            self._count(size, event)
        if here is not None and here.key is _NO_KEY and type(here.value) is dict:
            if isinstance(value, dict | list):
                raise _error("a mapping or a list cannot be a key", event)
            here.key = value
        else:
            self._put(value, event)

    def _put(self, value: Any, event: Any) -> None:
        here = self._here
        if here is None:
            self._top = value
        elif type(here.value) is list:
            here.value.append(value)
        elif here.key is _MERGE:
            self._merge(here, value, event)
            here.key = _NO_KEY
        else:
            here.value[here.key] = value
            here.key = _NO_KEY

    def _is_to_be_merged(self) -> bool:
        """Whether the next value belongs to a merge key, directly or in a list."""
        here = self._here
        if here is not None and type(here.value) is list:
            here = self._around[-1] if self._around else None
        return here is not None and here.key is _MERGE

    def _merge(self, here: _Open, value: Any, event: Any) -> None:
        """Collects the mappings that a merge key names. Mappings that take precedence come last."""
        named = value if isinstance(value, list) else [value]
        if not all(isinstance(each, dict) for each in named):
            raise _error("a merge key (<<) must have a mapping or a list of mappings", event)
        different = list({id(each): each for each in named}.values())
        for each in different:
            self._count(self._sizes.get(id(each), (each, 0))[1], event)
        here.merged += reversed(different)

    def _count(self, more: int, event: Any) -> None:
        """Counts the values that an alias adds.

        Raises :class:`AliasError` if there are too many.
        """
        self._all += more
        if self._all > self._most:
            raise AliasError(
                f"its aliases make more than {self._most} values from the {self._written} that are "
                f"written up to line {event.start_mark.line + 1}"
            )

    def finished(self) -> Any:
        """The value of the document; None if it is empty. Raises :class:`AliasError`."""
        if self._all > ALIASES_MAY_ADD + 10 * self._written:
            raise AliasError(
                f"its aliases make {self._all} values from the {self._written} that are written"
            )
        return self._top


_MERGE = object()
"""Stands for the merge key, which adds the members of other mappings."""


def _error(problem: str, event: Any) -> YAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=event.start_mark)


_CORE = "tag:yaml.org,2002:"
_MERGE_TAG = f"{_CORE}merge"
_NAMES = {"map": "mapping", "seq": "list"}

_WORDS: Mapping[str, Any] = {
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BEGINS_A_NUMBER = frozenset("-+.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NO_JSON = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
"""Numbers that JSON cannot express. They are read as texts."""


def _plain(event: Any) -> Any:
    """The value of a plain scalar. ``NO`` and dates are texts."""
    text: str = event.value
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _BEGINS_A_NUMBER:
        if _INTEGER.fullmatch(text):
            return _integer(event)
        if _FLOAT.fullmatch(text):
            return number(text)
    return text


def _integer(event: Any) -> int | str:
    text: str = event.value
    return whole_number(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _truth(event: Any) -> bool:
    found = _WORDS.get(event.value)
    if isinstance(found, bool):
        return found
    raise _error(f"{event.value[:40]!r} is neither true nor false", event)


def _number(event: Any) -> float | str:
    if _FLOAT.fullmatch(event.value) or _NO_JSON.fullmatch(event.value):
        return number(event.value)
    raise _error(f"{event.value[:40]!r} is not a number", event)


def _whole_number(event: Any) -> int | str:
    if _INTEGER.fullmatch(event.value):
        return _integer(event)
    raise _error(f"{event.value[:40]!r} is not a whole number", event)


_BY_TAG: Mapping[str, Callable[[Any], Any]] = {
    "!": lambda event: event.value,
    f"{_CORE}str": lambda event: event.value,
    _MERGE_TAG: lambda event: event.value,
    f"{_CORE}null": lambda _: None,
    f"{_CORE}bool": _truth,
    f"{_CORE}int": _whole_number,
    f"{_CORE}float": _number,
}


def _tagged(event: Any) -> Any:
    make = _BY_TAG.get(event.tag)
    if make is None:
        raise _error(f"the tag {event.tag!r} is not of the core schema", event)
    return make(event)
