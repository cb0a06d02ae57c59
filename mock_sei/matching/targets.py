"""Which calls a fault or a scripted answer is for: an operation, an application, a listener, and
the parts of the request that ``parts.py`` compares.

A pattern is matched in one pass over the path, so the time grows only with the path's length. That
matters, since the event loop looks for faults at every call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mock_sei.matching.parts import ANY_PARTS, RequestParts
from mock_sei.matching.sent import SentRequest
from mock_sei.reasons.paths import NearPaths
from mock_sei.rules.records import Application
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Listener
from mock_sei.values.cached import cached_property
from mock_sei.values.sendable import LONGEST_TEXT, shown
from mock_sei.values.texts import is_text

_OPERATION = re.compile(r"(\*|[A-Z]{3,10}) (/\S*|\*)")
_WILD = re.compile(r"(\{[^}]*\}|\*+)")


@dataclass(frozen=True, kw_only=True)
class CallTarget:
    """The calls that are meant. A field that is None matches every call."""

    operation: str | None = None
    """``METHOD /path``; ``{name}`` stands for one segment of the path, ``*`` for any characters."""
    application: str | None = None
    """The name, AppKey or service account of an application."""
    listener: Listener | None = None
    parts: RequestParts = ANY_PARTS
    """What the request must have, such as a parameter of its query."""

    def problems(self) -> dict[str, str]:
        """Everything that is wrong with the texts, by the name of the field."""
        problems = self.parts.problems()
        for name, value in (("operation", self.operation), ("application", self.application)):
            if value is not None and (problem := find_text_problem(value)):
                problems[name] = problem
        if self.operation is not None and not _OPERATION.fullmatch(str(self.operation)):
            reason = "not a method and a path, such as GET /v2/investors"
            problems.setdefault("operation", f"{shown(self.operation)}: {reason}")
        return problems

    def matches(self, operation: str) -> bool:
        """True if ``METHOD /path`` of a call matches the operation. Other fields do not count."""
        return self._pattern is None or self._pattern.matches(operation)

    def names(self, method: str) -> bool:
        """True if the operation names this method, and not any method."""
        return self.operation is not None and self.operation.startswith(f"{method} ")

    def __str__(self) -> str:
        """The calls, as a list of the faults shows them."""
        where = self.operation or (f"{self.listener} listener" if self.listener else "every call")
        whose = f" of {self.application}" if self.application else ""
        at = f" at the {self.listener} listener" if self.operation and self.listener else ""
        parts = f" with {self.parts}" if self.parts.given else ""
        return f"{where}{whose}{at}{parts}"

    @cached_property
    def _pattern(self) -> OperationPattern | None:
        return None if self.operation is None else OperationPattern(self.operation)


def find_text_problem(value: object) -> str | None:
    """What is wrong with a text that is to be compared with calls, None if it is good."""
    if not isinstance(value, str):
        return f"must be a text, not {type(value).__name__}"
    if not is_text(value):
        return "half a surrogate pair is no text"
    if len(value) > LONGEST_TEXT:
        return f"at most {LONGEST_TEXT} characters, not {len(value)}"
    return None


@dataclass(frozen=True, kw_only=True)
class Caller:
    """A call as it is known at its beginning: its operation, listener and application."""

    method: str
    path: str
    listener: Listener
    app_key: str | None
    registry: Registry
    sent: SentRequest = field(default_factory=SentRequest)
    """What the client sent. Its body is not known before it was read."""

    @property
    def operation(self) -> str:
        """``METHOD /path`` of the call."""
        return f"{self.method} {self.path}"

    @cached_property
    def application(self) -> Application | None:
        """The application that has the call's AppKey, None if there is none."""
        return self.registry.applications.get(self.app_key or "")

    @cached_property
    def names(self) -> frozenset[str]:
        """All names of the application; empty if it is unknown."""
        return frozenset() if self.application is None else names_of(self.application)


def names_of(application: Application) -> frozenset[str]:
    """All names of an application: its name, its AppKey and its service account."""
    names = (application.name, application.app_key, application.service_account)
    return frozenset(filter(None, names))


class OperationPattern:
    """An operation in which ``*`` stands for any characters, ``{name}`` for one segment."""

    __slots__ = ("_end", "_middle", "_start", "is_literal", "literals", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        parts = _WILD.split(text)
        self.literals = parts[::2]
        """The texts between the wildcards. A matching operation has them in this order."""
        self.is_literal = len(parts) == 1
        self._start, self._end = parts[0], parts[-1]
        self._middle = _Automaton(parts[1:-1])

    def matches(self, operation: str) -> bool:
        """True if an operation matches. The time grows only with the operation's length."""
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
    """Matches the part of a pattern between its first and its last literal text.

    The bits of one number are all places in the pattern that fit the text so far. So each character
    is one step for all these places together (Baeza-Yates and Gonnet, "A new approach to text
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
        """True if a text matches this part of the pattern."""
        if self._only is not None:
            return self._only.startswith("*") or (text != "" and "/" not in text)
        skipped, steps = self._skipped, self._steps
        places = self._skip(1)
        for character in text:
            stay = self._stay_at_slash if character == "/" else self._stay
            step = steps.get(character, self._step_in_segment)
            places = ((places & step) << 1) | (places & stay)
            places |= (places & skipped) << 1
            places |= (places & skipped) << 1  # again: {name} and * may follow one another
            if not places:
                return False
        return bool(places & self._accepted)

    def _skip(self, places: int) -> int:
        places |= (places & self._skipped) << 1
        return places | (places & self._skipped) << 1


class OperationPatterns:
    """A set of patterns, which finds those that match an operation without trying all of them.

    Each pattern is filed under four of its literal characters, chosen so that few other patterns
    have the same. A search only tries the patterns that are filed under characters of the
    operation.
    """

    _SIZE = 4

    def __init__(self) -> None:
        self._literal: dict[str, OperationPattern] = {}
        self._filed: dict[str, dict[str, OperationPattern]] = {}
        self._places: dict[str, str] = {}
        """The four characters that each pattern is filed under; empty if it has no four literal
        characters in a row."""

    def __len__(self) -> int:
        return len(self._literal) + len(self._places)

    def add(self, text: str) -> None:
        """Adds a pattern. Adding it again changes nothing."""
        if text in self._literal or text in self._places:
            return
        pattern = OperationPattern(text)
        if pattern.is_literal:
            self._literal[text] = pattern
            return
        parts = (part for literal in pattern.literals for part in self._parts(literal))
        place = min(parts, key=lambda part: len(self._filed.get(part, ())), default="")
        self._places[text] = place
        self._filed.setdefault(place, {})[text] = pattern

    def remove(self, text: str) -> None:
        """Removes a pattern that is in the set."""
        if self._literal.pop(text, None) is None:
            place = self._places.pop(text)
            del self._filed[place][text]
            if not self._filed[place]:
                del self._filed[place]

    def matching(self, operation: str) -> Iterator[str]:
        """The texts of the patterns that match an operation, in any order."""
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
    """All operations of a platform, each as ``METHOD /path``."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = dict.fromkeys(names)

    def find_problem(self, operation: str) -> str | None:
        """Why no call can match this operation, None if one can."""
        if self.has(operation):
            return None
        method, _, path = operation.partition(" ")
        near = self._near.nearest(method, path)
        return (
            f"there is no {shown(operation)[1:-1]}, so it would never be met; the nearest are "
            f"{', '.join(near)}"
        )

    def has(self, operation: str) -> bool:
        """True if a call of the platform can match this operation.

        A HEAD is possible wherever a GET is.
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
        self.open: dict[str, tuple[OperationPattern, _Branch]] = {}
        """Behind segments with parameters."""
        self.is_end = False

    def grow(self, segment: str) -> _Branch:
        if "{}" not in segment:
            if segment not in self.fixed:
                self.fixed[segment] = _Branch()
            return self.fixed[segment]
        if segment not in self.open:
            pattern = _WHOLE_SEGMENT if segment == "{}" else OperationPattern(segment)
            self.open[segment] = pattern, _Branch()
        return self.open[segment][1]

    def following(self, segment: str) -> Iterator[_Branch]:
        if "{}" not in segment:
            if segment in self.fixed:
                yield self.fixed[segment]
            yield from (each for pattern, each in self.open.values() if pattern.matches(segment))
            return
        wanted = OperationPattern(segment)
        yield from (each for fixed, each in self.fixed.items() if wanted.matches(fixed))
        # Two segments with parameters may fit the same text: what is not known is not refused.
        yield from (each for _, each in self.open.values())


_WHOLE_SEGMENT = OperationPattern("{}")


def _segments(operation: str) -> list[str]:
    """Without the names of parameters, in which a slash would mean nothing."""
    return _WILD.sub("{}", operation).split("/")
