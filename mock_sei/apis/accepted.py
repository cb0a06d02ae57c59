"""Content negotiation: which media type of a document answers a client, by its ``Accept`` header.

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
"""How many ranges of one ``Accept`` header are read. The rest is ignored."""
_ANY = "*/*"
_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")
_WITHOUT_MEANING = frozenset(["charset", "q"])
"""Parameters that do not distinguish media types: the document decides in which charset a text is
sent."""


@dataclass(frozen=True, kw_only=True)
class ChosenMediaType:
    """The media type that answers a client."""

    key: str
    """The media type as the document writes it. It may be a range such as ``image/*``."""
    media_type: str
    """The media type as it is sent in ``Content-Type``."""
    is_accepted: bool = True
    """False if the client accepts only other media types."""


@dataclass(frozen=True, kw_only=True)
class _Range:
    """A media type or a range of media types, with its parameters."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    quality: float = 1

    @property
    def is_range(self) -> bool:
        return self.name.endswith("/*")

    def closeness(self, other: _Range) -> int | None:
        """How exactly this range names another media type; None if it does not match."""
        if self.name == other.name:
            same = self.parameters.items() <= other.parameters.items()
            return 3 + len(self.parameters) if same else 2
        if self.is_range and other.name.startswith(self.name[:-1]):
            return 1
        return 0 if self.name == _ANY else None


def choose(declared: Sequence[str], accept: str) -> ChosenMediaType:
    """Chooses one of the declared media types. The document must declare at least one.

    The client's favourite wins. Among equal favourites JSON wins, then the first one. If the client
    accepts none of them, the result is JSON or the first one, with ``is_accepted`` False.
    """
    asked = list(_read(accept)) or [_Range(name=_ANY)]
    ranked = [
        (_rank(key, media_type, asked), ChosenMediaType(key=key, media_type=media_type))
        for key in declared
        for media_type in _sendable(key, asked)
    ]
    (quality, *_), choice = max(ranked, key=itemgetter(0))
    return replace(choice, is_accepted=quality > 0)


def _rank(key: str, media_type: str, asked: Sequence[_Range]) -> tuple[float, int, bool, int]:
    """The sort key of a media type.

    The last part prefers an exact declaration, then the usual type of a range.
    """
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
    """The media types in which an entry of the document can be sent. A range gives several."""
    yield concrete(key)
    own = _parsed(key)
    if own.is_range:
        for each in asked:
            if each.name in WRITABLE and own.closeness(each) is not None:
                yield each.name


def _wanted(media_type: str, asked: Sequence[_Range]) -> tuple[float, int]:
    """The quality of the range that names the media type most exactly, and how exactly it does
    so."""
    own = _parsed(media_type)
    found = [
        (closeness, each.quality)
        for each in asked
        if (closeness := each.closeness(own)) is not None
    ]
    closeness, quality = max(found, default=(0, 0.0))
    return quality, closeness if quality else 0
