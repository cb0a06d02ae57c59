"""In which media type of a document a client is answered, by its ``Accept``.

Source: RFC 9110 section 12.5.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from mock_sei.apis.bodies import is_json, media_type_of
from mock_sei.apis.heads import parameters_of
from mock_sei.apis.written import WRITABLE, concrete

_MOST_RANGES = 100
"""Ranges of one ``Accept`` that are read."""
_ANY = "*/*"
_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")
_WITHOUT_MEANING = frozenset(["charset", "q"])
"""Parameters that make no other media type: texts are in the charset that the document gives."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a client is answered in."""

    key: str
    """As the document writes it; it may be a range such as ``image/*``."""
    media_type: str
    """As it is sent."""
    is_accepted: bool = True
    """False where the client asked for others only."""


@dataclass(frozen=True, kw_only=True)
class _Range:
    """A media type or a range of them, with its parameters."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1

    @property
    def is_range(self) -> bool:
        return self.name.endswith("/*")

    def closeness(self, other: _Range) -> int | None:
        """How exactly this range names another media type; None where it does not."""
        if self.name == other.name:
            same = self.parameters.items() <= other.parameters.items()
            return 3 + len(self.parameters) if same else 2
        if self.is_range and other.name.startswith(self.name[:-1]):
            return 1
        return 0 if self.name == _ANY else None


def choose(declared: Sequence[str], accept: str) -> Choice:
    """One of the declared media types, of which there is one at least.

    The one that the client wants most; of those that it wants alike, JSON, then the first. Where it
    wants none of them, JSON or the first is chosen too.
    """
    asked = list(_read(accept)) or [_Range(name=_ANY)]
    ranked = [
        (_rank(key, media_type, asked), Choice(key=key, media_type=media_type))
        for key in declared
        for media_type in _sendable(key, asked)
    ]
    (quality, *_), choice = max(ranked, key=itemgetter(0))
    return replace(choice, is_accepted=quality > 0)


def _rank(key: str, media_type: str, asked: Sequence[_Range]) -> tuple[float, int, bool, int]:
    """The last of it: what is declared by its own name, then what a range is usually sent as."""
    quality, closeness = _wanted(media_type, asked)
    precision = 2 if not _parsed(key).is_range else int(media_type == concrete(key))
    return quality, closeness, is_json(media_type), precision


def _read(accept: str) -> Iterator[_Range]:
    for each in accept.split(",", _MOST_RANGES)[:_MOST_RANGES]:
        found = _parsed(each)
        if found.name:
            yield found


def _parsed(text: str) -> _Range:
    name, parameters = media_type_of(text), parameters_of(text)
    quality = parameters.get("q", "1")
    return _Range(
        name=_ANY if name == "*" else name,
        parameters={key: each for key, each in parameters.items() if key not in _WITHOUT_MEANING},
        quality=min(float(quality), 1) if _QUALITY.fullmatch(quality) else 1,
    )


def _sendable(key: str, asked: Sequence[_Range]) -> Iterator[str]:
    """The media types that an entry of the document can be sent in; several for a range."""
    yield concrete(key)
    own = _parsed(key)
    if own.is_range:
        for each in asked:
            if each.name in WRITABLE and own.closeness(each) is not None:
                yield each.name


def _wanted(media_type: str, asked: Sequence[_Range]) -> tuple[float, int]:
    """How much it is wanted, by the range that names it most exactly, and how exactly that is."""
    own = _parsed(media_type)
    found = [
        (closeness, each.quality)
        for each in asked
        if (closeness := each.closeness(own)) is not None
    ]
    closeness, quality = max(found, default=(0, 0.0))
    return quality, closeness if quality else 0
