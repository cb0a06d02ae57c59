"""The types of the values in the table of assumptions.

Each type reads a value of a TOML file, of JSON or of Python, and writes it back in the form that
JSON has. It says in words which values it takes.

The types are plain classes, and a pattern is compiled when it is first needed, because every start
imports this module: to make a dataclass takes a millisecond.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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


class Whole:
    """A whole number between two bounds."""

    def __init__(self, *, least: int, most: int, unit: str = "") -> None:
        self.least, self.most = least, most
        self.allowed = f"a whole number{unit}, {least} to {most}"

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


class Seconds:
    """A duration, written as whole seconds, like the other durations of the settings."""

    _number = Whole(least=1, most=LONGEST, unit=" of seconds")
    allowed = _number.allowed

    def read(self, value: object) -> timedelta:
        return timedelta(seconds=self._number.read(value))

    def plain(self, value: timedelta) -> int:
        return int(value.total_seconds())


class Flag:
    """True or false."""

    allowed = "true or false"

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"must be {self.allowed}, not {kind_of(value)}")
        return value

    def plain(self, value: bool) -> bool:
        return value


class Choice:
    """One of some words."""

    def __init__(self, *words: str) -> None:
        self.words = words
        self.allowed = " or ".join(words)

    def read(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValueError(f"must be {self.allowed}")
        return value

    def plain(self, value: str) -> str:
        return value


class Text:
    """A text of one line."""

    def __init__(self, *, pattern: str, allowed: str, most: int = 500) -> None:
        """``allowed`` says in words what the pattern fits, ``most`` is the longest text."""
        self._pattern = pattern
        self.allowed = allowed
        self._most = most

    def fits(self, value: str) -> bool:
        """Whether a text is an allowed value."""
        return len(value) <= self._most and re.fullmatch(self._pattern, value) is not None

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"must be {self.allowed}, not {kind_of(value)}")
        if len(value) > self._most:
            raise ValueError(f"must be {self.allowed}, with at most {self._most} characters")
        if not is_text(value) or not self.fits(value):
            raise ValueError(f"must be {self.allowed}")
        return value

    def plain(self, value: str) -> str:
        return value


class Optional:
    """A text, or none. TOML has no null, so an empty text is none, too."""

    def __init__(self, *, text: Text, none: str) -> None:
        """``none`` says what it means that there is no text."""
        self._text = text
        self.allowed = f'{text.allowed}; "" for none: {none}'

    def read(self, value: object) -> str | None:
        return None if value is None or value == "" else self._text.read(value)

    def plain(self, value: str | None) -> str | None:
        return value


class Members:
    """Members that are added to a JSON object."""

    allowed = "a table of names, each with a text, a number, true or false"

    def __init__(self, *, taken: frozenset[str], most: int = 20) -> None:
        """``taken`` are names that the object has anyway, ``most`` is how many may be added."""
        self._taken, self._most = taken, most

    def read(self, value: object) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            raise ValueError(f"must be {self.allowed}, not {kind_of(value)}")
        if len(value) > self._most:
            raise ValueError(f"must have at most {self._most} names")
        for name, each in value.items():
            MEMBER.read(name)
            if name in self._taken:
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


class InOrder:
    """Some words in an order, in which a word stands after those that it needs."""

    def __init__(self, *words: str, needs: Mapping[str, tuple[str, str]]) -> None:
        """``needs`` has for a word the word that must stand before it, and why."""
        self._words, self._needs = words, needs
        self.allowed = f"each of {', '.join(words)} once"

    def read(self, value: object) -> tuple[str, ...]:
        order = _list_of(value, self.allowed)
        if sorted(map(str, order)) != sorted(self._words):
            raise ValueError(f"must be {self.allowed}{_what_differs(order, self._words)}")
        for word, (needed, why) in self._needs.items():
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


class Days:
    """Numbers of days before a date, the longest first or not."""

    def __init__(self, number: Whole, *, most: int = 1000) -> None:
        self._number, self._most = number, most
        self.allowed = f"a list of at most {most} items, each {number.allowed}"

    def read(self, value: object) -> tuple[int, ...]:
        listed = _list_of(value, self.allowed)
        if len(listed) > self._most:
            raise ValueError(f"must be {self.allowed}")
        return tuple(map(self._number.read, listed))

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
    pattern=r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+",
    allowed="a text of one line",
)
MEMBER = Text(
    pattern=r"[A-Za-z_][A-Za-z0-9_.-]*",
    allowed="a name of letters, digits and . _ -, which begins with a letter or _",
    most=64,
)
"""The name of a member of a JSON object, or of a parameter."""
_WITH_A_MEANING = (
    "accept|accept-encoding|allow|appkey|authorization|cache-control|connection|content-.*|cookie|"
    "date|expect|host|keep-alive|location|origin|pragma|retry-after|server|set-cookie|te|trailer|"
    "transfer-encoding|upgrade|vary|www-authenticate|access-control-.*|sec-.*"
)
HEADER = Text(
    pattern=rf"(?!(?i:{_WITH_A_MEANING})\Z)[A-Za-z][A-Za-z0-9-]*",
    allowed="the name of a header that has no other meaning: letters, digits and -",
    most=64,
)
TOKEN_TYPE = Text(
    pattern=r"[A-Za-z][A-Za-z0-9._-]*",
    allowed="a word of letters, digits and . _ -",
    most=64,
)
_SEGMENT = r"/(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._~-]+"
PATH = Text(
    pattern=f"(?:{_SEGMENT})+",
    allowed="a path such as /oauth2/token: segments of letters, digits and . _ ~ -, no query",
    most=200,
)
KEYED_PATH = Text(
    pattern=rf"(?:{_SEGMENT})*/\{{key\}}(?:{_SEGMENT})*",
    allowed="a path with one segment {key}, such as /insight/status/{key}",
    most=200,
)
