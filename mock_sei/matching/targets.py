"""Which exchanges a fault or a scripted answer is for: an operation, an application, a listener.

A pattern is matched in one pass over the path, whatever it holds: faults are looked up on the
event loop, for every exchange.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from mock_sei.reasons.paths import NearPaths
from mock_sei.rules.records import Application
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Listener
from mock_sei.values.sendable import LONGEST_TEXT, shown
from mock_sei.values.texts import is_text

_OPERATION = re.compile(r"(\*|[A-Z]{3,10}) (/\S*|\*)")
_WILD = re.compile(r"(\{[^}]*\}|\*+)")


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is left out matches everything."""

    operation: str | None = None
    """``METHOD /path``; ``{name}`` stands for a segment, ``*`` for any run of characters."""
    application: str | None = None
    """Name, AppKey or service account."""
    listener: Listener | None = None

    def problems(self) -> dict[str, str]:
        """What is wrong with its texts, by field."""
        problems: dict[str, str] = {}
        for name, value in (("operation", self.operation), ("application", self.application)):
            if value is not None and (problem := find_text_problem(value)):
                problems[name] = problem
        if self.operation is not None and not _OPERATION.fullmatch(str(self.operation)):
            reason = "not a method and a path, such as GET /v2/investors"
            problems.setdefault("operation", f"{shown(self.operation)}: {reason}")
        return problems

    def matches(self, operation: str) -> bool:
        """By the operation alone."""
        return self._pattern is None or self._pattern.matches(operation)

    def names(self, method: str) -> bool:
        """Whether it says this method, rather than any."""
        return self.operation is not None and self.operation.startswith(f"{method} ")

    @cached_property
    def _pattern(self) -> Pattern | None:
        return None if self.operation is None else Pattern(self.operation)


def find_text_problem(value: object) -> str | None:
    """Why a text cannot be kept and compared with every call, None where it can."""
    if not isinstance(value, str):
        return f"must be a text, not {type(value).__name__}"
    if not is_text(value):
        return "half a surrogate pair is no text"
    if len(value) > LONGEST_TEXT:
        return f"at most {LONGEST_TEXT} characters, not {len(value)}"
    return None


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An exchange as far as it is known when it begins."""

    method: str
    path: str
    listener: Listener
    app_key: str | None
    registry: Registry

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"

    @cached_property
    def application(self) -> Application | None:
        return self.registry.applications.get(self.app_key or "")

    @cached_property
    def names(self) -> frozenset[str]:
        """Whatever the application may be called by."""
        return frozenset() if self.application is None else names_of(self.application)


def names_of(application: Application) -> frozenset[str]:
    """Name, AppKey and service account."""
    names = (application.name, application.app_key, application.service_account)
    return frozenset(filter(None, names))


class Pattern:
    """An operation in which ``*`` stands for any run of characters, ``{name}`` for a segment."""

    __slots__ = ("_end", "_middle", "_start", "is_literal", "literals", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        parts = _WILD.split(text)
        self.literals = parts[::2]
        """Texts that what it matches must hold, in this order."""
        self.is_literal = len(parts) == 1
        self._start, self._end = parts[0], parts[-1]
        self._middle = _Automaton(parts[1:-1])

    def matches(self, operation: str) -> bool:
        """Takes time that grows with the operation's length, not with its likeness to this."""
        if self.is_literal:
            return operation == self.text
        first, last = len(self._start), len(operation) - len(self._end)
        return (
            first <= last
            and operation.startswith(self._start)
            and operation.endswith(self._end)
            and self._middle.accepts(operation[first:last])
        )


class _Automaton:
    """What stands between the first literal text of a pattern and the last.

    All the places in the pattern that the text so far may lead to are bits of one number, so that
    a character is one step for all of them (Baeza-Yates and Gonnet, "A new approach to text
    searching", 1992).
    """

    def __init__(self, parts: list[str]) -> None:
        """``parts`` are wildcards, with literal texts between them."""
        self._only = parts[0] if len(parts) == 1 else None
        steps: dict[str, int] = {}
        one = any_run = name_run = 0
        place = 1
        for part in parts:
            if part.startswith("*"):
                any_run |= place
                place <<= 1
            elif _WILD.fullmatch(part):
                one |= place
                name_run |= place << 1
                place <<= 2
            else:
                for character in part:
                    steps[character] = steps.get(character, 0) | place
                    place <<= 1
        self._accepted = place
        self._skipped = any_run | name_run
        self._step_in_segment = one
        self._steps = {each: bits | (0 if each == "/" else one) for each, bits in steps.items()}
        self._steps.setdefault("/", 0)
        self._stay, self._stay_at_slash = any_run | name_run, any_run

    def accepts(self, text: str) -> bool:
        if self._only is not None:
            return self._only.startswith("*") or (text != "" and "/" not in text)
        skipped, steps = self._skipped, self._steps
        places = self._skip(1)
        for character in text:
            stay = self._stay_at_slash if character == "/" else self._stay
            step = steps.get(character, self._step_in_segment)
            places = ((places & step) << 1) | (places & stay)
            places |= (places & skipped) << 1
            places |= (places & skipped) << 1  # a segment's rest, then a run
            if not places:
                return False
        return bool(places & self._accepted)

    def _skip(self, places: int) -> int:
        places |= (places & self._skipped) << 1
        return places | (places & self._skipped) << 1


class Patterns:
    """Patterns of which a call asks for those that match it, many being none of its business.

    Each is filed under four characters that it must hold, those that the fewest others are filed
    under: a call then looks at the patterns filed under its own characters only.
    """

    _SIZE = 4

    def __init__(self) -> None:
        self._literal: dict[str, Pattern] = {}
        self._filed: dict[str, dict[str, Pattern]] = {}
        self._places: dict[str, str] = {}
        """The four characters that a pattern is filed under; empty where it has none."""

    def __len__(self) -> int:
        return len(self._literal) + len(self._places)

    def add(self, text: str) -> None:
        """Files a pattern; one that is filed already stays as it is."""
        if text in self._literal or text in self._places:
            return
        pattern = Pattern(text)
        if pattern.is_literal:
            self._literal[text] = pattern
            return
        parts = (part for literal in pattern.literals for part in self._parts(literal))
        place = min(parts, key=lambda part: len(self._filed.get(part, ())), default="")
        self._places[text] = place
        self._filed.setdefault(place, {})[text] = pattern

    def remove(self, text: str) -> None:
        if self._literal.pop(text, None) is None:
            place = self._places.pop(text)
            del self._filed[place][text]
            if not self._filed[place]:
                del self._filed[place]

    def matching(self, operation: str) -> Iterator[str]:
        """The texts of those that match, in no order."""
        if operation in self._literal:
            yield operation
        if not self._places:
            return
        for part in {"", *self._parts(operation)} & self._filed.keys():
            for text, pattern in self._filed[part].items():
                if pattern.matches(operation):
                    yield text

    def _parts(self, text: str) -> Iterator[str]:
        return (text[start : start + self._SIZE] for start in range(len(text) - self._SIZE + 1))


class Operations:
    """Everything that can be called, ``METHOD /path`` each."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(names)

    def find_problem(self, operation: str) -> str | None:
        """Why a target with this operation would never be met, None where it can be."""
        if self.has(operation):
            return None
        method, _, path = operation.partition(" ")
        near = self._near.nearest(method, path)
        return (
            f"there is no {shown(operation)[1:-1]}, so it would never be met; the nearest are "
            f"{', '.join(near)}"
        )

    def has(self, operation: str) -> bool:
        """Whether there is any operation that a target with this one can be met at.

        A HEAD can be met wherever a GET can.
        """
        if "*" in operation or operation in self._names or self._tree.meets(operation):
            return True
        method, _, path = operation.partition(" ")
        return method == "HEAD" and self.has(f"GET {path}")

    @cached_property
    def _tree(self) -> OperationTree:
        return OperationTree(self._names)

    @cached_property
    def _near(self) -> NearPaths:
        return NearPaths((), self._names)


class OperationTree:
    """Operations by the segments of their paths; the method stands before the first slash.

    Whether one of them fits is found in a time that does not grow with their number, unless what
    is asked for has parameters of its own: then its branches are all looked at.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._root = _Branch()
        for each in names:
            branch = self._root
            for segment in _segments(each):
                branch = branch.grow(segment)
            branch.is_end = True

    def meets(self, operation: str) -> bool:
        """Whether a call can be one of these operations and fit this one too."""
        branches = [self._root]
        for segment in _segments(operation):
            branches = [each for branch in branches for each in branch.following(segment)]
        return any(each.is_end for each in branches)


class _Branch:
    """What follows in a tree after some segments."""

    __slots__ = ("fixed", "is_end", "open")

    def __init__(self) -> None:
        self.fixed: dict[str, _Branch] = {}
        self.open: dict[str, tuple[Pattern, _Branch]] = {}
        """Behind segments with parameters."""
        self.is_end = False

    def grow(self, segment: str) -> _Branch:
        if "{}" not in segment:
            if segment not in self.fixed:
                self.fixed[segment] = _Branch()
            return self.fixed[segment]
        if segment not in self.open:
            pattern = _WHOLE_SEGMENT if segment == "{}" else Pattern(segment)
            self.open[segment] = pattern, _Branch()
        return self.open[segment][1]

    def following(self, segment: str) -> Iterator[_Branch]:
        if "{}" not in segment:
            if segment in self.fixed:
                yield self.fixed[segment]
            yield from (each for pattern, each in self.open.values() if pattern.matches(segment))
            return
        wanted = Pattern(segment)
        yield from (each for fixed, each in self.fixed.items() if wanted.matches(fixed))
        # Two segments with parameters may fit the same text: what is not known is not refused.
        yield from (each for _, each in self.open.values())


_WHOLE_SEGMENT = Pattern("{}")


def _segments(operation: str) -> list[str]:
    """Without the names of parameters, in which a slash would mean nothing."""
    return _WILD.sub("{}", operation).split("/")
