"""Example texts of each format: all different, the same in each run, and of several lengths.

The first one looks familiar to people: ``someone@example.com``, a date of this year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from itertools import count
from math import ceil

_FIRST_DAY = date(2026, 1, 31)
_MOST_DAYS = 10_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _day(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number % _MOST_DAYS)).isoformat()


SHOWN: Mapping[str, Callable[[int], str]] = {
    "date": _day,
    "date-time": lambda n: f"{_day(n)}T12:00:00Z",
    "time": lambda n: f"12:{n // 60 % 60:02}:{n % 60:02}Z",
    "duration": lambda n: f"P{n + 1}D",
    "email": lambda n: f"someone{n or ''}@example.com",
    "idn-email": lambda n: f"someone{n or ''}@example.com",
    "uuid": lambda n: f"{n:08x}-0000-4000-8000-000000000000",
    "uri": lambda n: f"https://example.com/{n or ''}",
    "url": lambda n: f"https://example.com/{n or ''}",
    "uri-reference": lambda n: f"https://example.com/{n or ''}",
    "uri-template": lambda n: f"https://example.com/{n or ''}",
    "iri": lambda n: f"https://example.com/{n or ''}",
    "iri-reference": lambda n: f"https://example.com/{n or ''}",
    "hostname": lambda n: f"example{n or ''}.com",
    "idn-hostname": lambda n: f"example{n or ''}.com",
    "ipv4": lambda n: f"192.0.{2 + n // 250 % 250}.{n % 250 + 1}",
    "ipv6": lambda n: f"2001:db8::{n % 0xFFFF + 1:x}",
    "json-pointer": lambda n: f"/text{n or ''}",
    "relative-json-pointer": lambda n: f"{n}",
    "regex": lambda n: f"text{n or ''}",
    "date-time-local": lambda n: f"{_day(n)}T12:00:00",
    "time-local": lambda n: f"12:{n // 60 % 60:02}:{n % 60:02}",
    "http-date": lambda n: f"Sun, 06 Nov 1994 08:{n // 60 % 60:02}:{n % 60:02} GMT",
    "media-range": lambda n: f"text/plain{n or ''}",
    "char": lambda n: chr(0x61 + n % 26),
    "decimal": lambda n: f"{n}.5",
    "decimal128": lambda n: f"{n}.5",
    "sf-binary": lambda _: ":bW9jaw==:",
    "sf-boolean": lambda n: f"?{1 - n % 2}",
    "base64url": lambda n: f"text{n or ''}",
    "byte": lambda n: ("bW9jaw==", *(f"bW9{each}aw==" for each in _LETTERS))[n % 27],
}


def formatted(kind: str, least: int) -> Iterator[str]:
    """Example texts of a format, with at least this many characters if the format allows it."""
    lengthen = _LENGTHENED.get(kind)
    for number in count():
        text = SHOWN[kind](number)
        yield lengthen(text, least) if lengthen is not None and len(text) < least else text


def _with_fraction(text: str, least: int) -> str:
    return f"{text[:-1]}.".ljust(max(least - 1, len(text) + 1), "0") + "Z"


def _before(text: str, least: int) -> str:
    return text.rjust(least, "x")


def _after(text: str, least: int) -> str:
    return text.ljust(least, "x")


def _longer_host(text: str, least: int) -> str:
    """The host name with more labels in front."""
    while len(text) < least:
        text = f"{'x' * min(max(least - len(text) - 1, 1), _LONGEST_LABEL)}.{text}"
    return text


_LONGEST_LABEL = 60

_LENGTHENED: Mapping[str, Callable[[str, int], str]] = {
    **dict.fromkeys(
        ("uri", "url", "uri-reference", "uri-template", "iri", "iri-reference"), _after
    ),
    **dict.fromkeys(("json-pointer", "regex"), _after),
    **dict.fromkeys(("date-time", "time"), _with_fraction),
    **dict.fromkeys(("hostname", "idn-hostname"), _longer_host),
    **dict.fromkeys(("email", "idn-email"), _before),
    "duration": lambda text, least: f"P{text[1:-1].rjust(least - 2, '1')}D",
    "byte": lambda text, least: "bW9j" * ceil((least - len(text)) / 4) + text,
    "relative-json-pointer": lambda text, least: f"{text}/".ljust(least, "x"),
}
"""Functions that lengthen a text of a format. Texts of other formats have only one length, or no
longer form."""

SHORT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("uri", "url", "iri"), ("https://a.de", "a:b")),
    **dict.fromkeys(("uri-reference", "uri-template", "iri-reference"), ("/a", "")),
    **dict.fromkeys(("email", "idn-email"), ("a@b.de", "a@b")),
    **dict.fromkeys(("hostname", "idn-hostname"), ("a.de", "a")),
    "ipv6": ("::1", "::"),
    "ipv4": ("10.0.0.1", "1.2.3.4"),
    "json-pointer": ("/a", ""),
    "regex": ("a", ""),
    "byte": ("bW9j", ""),
}
"""Shorter texts of a format, the longest first."""
