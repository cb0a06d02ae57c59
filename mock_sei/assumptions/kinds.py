"""The types of the values in the table of assumptions.

Each type reads a value of a TOML file, of JSON or of Python, and writes it back in the form that
JSON has. It says in words which values it takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import isfinite
from typing import Any, Protocol

from mock_sei.rules.arguments import kind_of
from mock_sei.values.texts import is_text, spelled


class ValueKind(Protocol):
    """The type of one assumption."""

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""

    def read(self, value: object) -> Any:
        """The value as the platform uses it. Raises ``ValueError`` that says what is wrong."""

    def plain(self, value: Any) -> Any:
        """A value that :meth:`read` returned, as JSON has it."""


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A whole number between two bounds."""

    least: int
    most: int
    unit: str = ""

    @property
    def allowed(self) -> str:
        return f"a whole number{self.unit}, {self.least} to {self.most}"

    def read(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError(f"must be {self.allowed}, not {kind_of(value)}")
        if not self.least <= value <= self.most:
            raise ValueError(f"must be {self.allowed}")
        return value

    def plain(self, value: int) -> int:
        return value


LONGEST = 10 * 366 * 24 * 60 * 60
"""The longest duration, in seconds: ten years."""


@dataclass(frozen=True, kw_only=True)
class Seconds:
    """A duration, written as whole seconds, like the other durations of the settings."""

    _number = Whole(least=1, most=LONGEST, unit=" of seconds")

    @property
    def allowed(self) -> str:
        return self._number.allowed

    def read(self, value: object) -> timedelta:
        return timedelta(seconds=self._number.read(value))

    def plain(self, value: timedelta) -> int:
        return int(value.total_seconds())


@dataclass(frozen=True, kw_only=True)
class Flag:
    """True or false."""

    allowed = "true or false"

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"must be {self.allowed}, not {kind_of(value)}")
        return value

    def plain(self, value: bool) -> bool:
        return value


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One of some words."""

    words: tuple[str, ...]

    @property
    def allowed(self) -> str:
        return " or ".join(self.words)

    def read(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValueError(f"must be {self.allowed}")
        return value

    def plain(self, value: str) -> str:
        return value


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text of one line."""

    pattern: re.Pattern[str]
    allowed: str
    """What :attr:`pattern` fits, in words."""
    most: int = 500

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"must be {self.allowed}, not {kind_of(value)}")
        if len(value) > self.most:
            raise ValueError(f"must be {self.allowed}, with at most {self.most} characters")
        if not is_text(value) or self.pattern.fullmatch(value) is None:
            raise ValueError(f"must be {self.allowed}")
        return value

    def plain(self, value: str) -> str:
        return value


@dataclass(frozen=True, kw_only=True)
class Optional:
    """A text, or none. TOML has no null, so an empty text is none, too."""

    text: Text
    none: str
    """What it means that there is no text."""

    @property
    def allowed(self) -> str:
        return f'{self.text.allowed}; "" for none: {self.none}'

    def read(self, value: object) -> str | None:
        return None if value is None or value == "" else self.text.read(value)

    def plain(self, value: str | None) -> str | None:
        return value


@dataclass(frozen=True, kw_only=True)
class Members:
    """Members that are added to a JSON object."""

    taken: frozenset[str]
    """Names that the object has anyway."""
    most: int = 20

    @property
    def allowed(self) -> str:
        return "a table of names, each with a text, a number, true or false"

    def read(self, value: object) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError(f"must be {self.allowed}, not {kind_of(value)}")
        if len(value) > self.most:
            raise ValueError(f"must have at most {self.most} names")
        for name, each in value.items():
            _MEMBER.read(name)
            if name in self.taken:
                raise ValueError(f"{name} is a member that every answer may have anyway")
            _require_plain(name, each)
        return dict(value)

    def plain(self, value: Mapping[str, Any]) -> dict[str, Any]:
        return dict(value)


_LONGEST_VALUE = 1000
_LARGEST_NUMBER = 2**53


def _require_plain(name: str, value: object) -> None:
    if isinstance(value, str):
        if not is_text(value) or len(value) > _LONGEST_VALUE:
            raise ValueError(f"{name} must be a text of at most {_LONGEST_VALUE} characters")
    elif not isinstance(value, bool | int | float):
        raise ValueError(f"{name} must be a text, a number, true or false, not {kind_of(value)}")
    elif not isfinite(value) or abs(value) > _LARGEST_NUMBER:
        raise ValueError(f"{name} must be a number that JSON has, at most {_LARGEST_NUMBER}")


@dataclass(frozen=True, kw_only=True)
class InOrder:
    """Some words in an order, in which a word stands after those that it needs."""

    words: tuple[str, ...]
    needs: Mapping[str, tuple[str, str]]
    """For a word, the word that must stand before it, and why."""

    @property
    def allowed(self) -> str:
        return f"each of {', '.join(self.words)} once"

    def read(self, value: object) -> tuple[str, ...]:
        order = _list_of(value, self.allowed)
        if sorted(map(str, order)) != sorted(self.words):
            raise ValueError(f"must be {self.allowed}{_what_differs(order, self.words)}")
        for word, (needed, why) in self.needs.items():
            if order.index(word) < order.index(needed):
                raise ValueError(f"{word} must stand after {needed}: {why}")
        return tuple(map(str, order))

    def plain(self, value: tuple[str, ...]) -> list[str]:
        return list(value)


def _what_differs(given: Sequence[object], words: Sequence[str]) -> str:
    missing = [each for each in words if each not in given]
    if missing:
        return f"; {', '.join(missing)} is missing"
    return "; a word stands there twice, or is unknown"


@dataclass(frozen=True, kw_only=True)
class Days:
    """Numbers of days before a date, the longest first or not."""

    number: Whole
    most: int = 1000

    @property
    def allowed(self) -> str:
        return f"a list of at most {self.most} items, each {self.number.allowed}"

    def read(self, value: object) -> tuple[int, ...]:
        listed = _list_of(value, self.allowed)
        if len(listed) > self.most:
            raise ValueError(f"must be {self.allowed}")
        return tuple(map(self.number.read, listed))

    def plain(self, value: Iterable[int]) -> list[int]:
        return list(value)


def _list_of(value: object, allowed: str) -> Sequence[Any]:
    if isinstance(value, str) or not isinstance(value, Sequence):
        raise ValueError(f"must be {allowed}, not {kind_of(value)}")
    return value


def shown(value: object) -> str:
    """A value for a message or a table, in one line."""
    return "none" if value is None else spelled(value)


LINE = Text(
    pattern=re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+"),
    allowed="a text of one line",
)
_MEMBER = Text(
    pattern=re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*"),
    allowed="a name of letters, digits and . _ -, which begins with a letter",
    most=64,
)
MEMBER = _MEMBER
"""The name of a member of a JSON object, or of a parameter."""
_WITH_A_MEANING = (
    "accept|accept-encoding|allow|appkey|authorization|cache-control|connection|content-.*|cookie|"
    "date|expect|host|keep-alive|location|origin|pragma|retry-after|server|set-cookie|te|trailer|"
    "transfer-encoding|upgrade|vary|www-authenticate|access-control-.*|sec-.*"
)
HEADER = Text(
    pattern=re.compile(rf"(?!(?i:{_WITH_A_MEANING})\Z)[A-Za-z][A-Za-z0-9-]*"),
    allowed="the name of a header that has no other meaning: letters, digits and -",
    most=64,
)
TOKEN_TYPE = Text(
    pattern=re.compile(r"[A-Za-z][A-Za-z0-9._-]*"),
    allowed="a word of letters, digits and . _ -",
    most=64,
)
_SEGMENT = r"/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+"
PATH = Text(
    pattern=re.compile(f"(?:{_SEGMENT})+"),
    allowed="a path such as /oauth2/token: segments of letters, digits and . _ ~ -, no query",
    most=200,
)
KEYED_PATH = Text(
    pattern=re.compile(rf"(?:{_SEGMENT})*/\{{key\}}(?:{_SEGMENT})*"),
    allowed="a path with one segment {key}, such as /insight/status/{key}",
    most=200,
)
