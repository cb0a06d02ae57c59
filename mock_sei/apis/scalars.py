"""Texts and numbers that fit a plain schema, each different from the others, always the same ones.

The first is what a person would expect to see: ``text``, 0, a date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from fractions import Fraction
from itertools import count, islice
from math import ceil, floor

from mock_sei.apis.combining import Plain
from mock_sei.apis.texts import texts_for

LONGEST_TEXT = 1_000_000
"""Characters of a text that a schema requires."""
_FIRST_DAY = date(2026, 1, 31)
_MOST_DAYS = 10_000
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _day(number: int) -> str:
    return (_FIRST_DAY + timedelta(days=number % _MOST_DAYS)).isoformat()


_FORMATS: Mapping[str, Callable[[int], str]] = {
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
    "byte": lambda n: ("bW9jaw==", *(f"bW9{each}aw==" for each in _LETTERS))[n % 27],
}
_LENGTHENED = frozenset(["uri", "url", "uri-reference", "uri-template", "iri", "iri-reference"])
_LENGTHENED_BEFORE = frozenset(["email", "idn-email"])


def texts(plain: Plain) -> Iterator[str]:
    """Texts of a schema; some may not fit where it asks for several things at once."""
    least = min(plain.counts.get("minLength", 0), LONGEST_TEXT)
    most = plain.counts.get("maxLength")
    known = next((each for each in plain.formats if each in _FORMATS), None)
    if plain.patterns:
        if known is not None:
            usual = map(_FORMATS[known], range(_USUAL))
            yield from (text for text in usual if _matches_all(plain, text))
        yield from _patterned(plain, least, most)
    for number in count():
        if known is not None:
            yield _lengthened(_FORMATS[known](number), known, least)
        else:
            yield _counted(number, least, most)


_USUAL = 10
"""Texts of a format that are tried where a pattern goes for them as well."""


def _matches_all(plain: Plain, text: str) -> bool:
    return all(plain.matches(each, text) for each in plain.patterns)


def _patterned(plain: Plain, least: int, most: int | None) -> Iterator[str]:
    others: dict[str, None] = {}
    fitting: set[str] = set()
    for pattern in plain.patterns:
        for text in texts_for(pattern, least, most):
            if least <= len(text) <= (len(text) if most is None else most) and _matches_all(
                plain, text
            ):
                if text not in fitting:
                    fitting.add(text)
                    yield text
            else:
                others[text] = None
    if not fitting:
        yield from others


def _lengthened(text: str, kind: str, least: int) -> str:
    if kind in _LENGTHENED:
        return text.ljust(least, "x")
    return text.rjust(least, "x") if kind in _LENGTHENED_BEFORE else text


def _counted(number: int, least: int, most: int | None) -> str:
    text = f"text{number or ''}"
    if most is not None and len(text) > most:
        text = "text"[:most] if number == 0 else _short(number, most)
    return text.ljust(least, "x")


def _short(number: int, most: int) -> str:
    """A number in letters."""
    text = ""
    while len(text) < most:
        number, digit = divmod(number, len(_LETTERS))
        text = _LETTERS[digit] + text
    return text


_INTEGERS: Mapping[str, tuple[int, int]] = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
}
_LARGEST_EXACT = 2**53


def numbers(plain: Plain, *, whole: bool) -> Iterator[int | float]:
    """Zero, else the lowest, else the highest that fits, else what lies between; then others."""
    step = plain.step
    if whole:
        step = Fraction(1) if step is None else Fraction(step.numerator)
    found = _between(plain) if step is None else _stepwise(plain, step)
    for each in found:
        yield _plain_number(each, whole=whole)
    for bound in (plain.low, plain.high):  # where nothing fits, or no other does
        if bound is not None:
            yield _plain_number(bound[0], whole=whole)


def _plain_number(value: Fraction, *, whole: bool) -> int | float:
    if whole:
        return ceil(value)
    if value.denominator == 1 and abs(value) <= _LARGEST_EXACT:
        return value.numerator
    return float(value)


def _stepwise(plain: Plain, step: Fraction) -> Iterator[Fraction]:
    first, last = _first_and_last(plain, step)
    start = 0
    if first is not None and first > 0:
        start = first
    elif last is not None and last < 0:
        start = last if first is None else first
    if first is not None and last is not None and first > last:
        return
    for number in count():
        up, down = start + number, start - number
        if last is None or up <= last:
            yield up * step
        elif first is None or down >= first:
            yield down * step
        else:
            return


def _first_and_last(plain: Plain, step: Fraction) -> tuple[int | None, int | None]:
    """The least and the greatest factor of a step."""
    first = last = None
    if plain.low is not None:
        bound, is_open = plain.low
        first = floor(bound / step) + 1 if is_open else ceil(bound / step)
    if plain.high is not None:
        bound, is_open = plain.high
        last = ceil(bound / step) - 1 if is_open else floor(bound / step)
    for kind in plain.formats:
        if kind in _INTEGERS:
            least, most = (Fraction(each) / step for each in _INTEGERS[kind])
            first = ceil(least) if first is None else max(first, ceil(least))
            last = floor(most) if last is None else min(last, floor(most))
    return first, last


_PARTS = 1000
"""Into which the numbers between two bounds are divided."""


def _between(plain: Plain) -> Iterator[Fraction]:
    yield from islice(_stepwise(plain, Fraction(1)), _PARTS)
    low, high = plain.low, plain.high
    if low is None or high is None:
        return
    if not low[1]:
        yield low[0]
    if not high[1]:
        yield high[0]
    middle = _PARTS // 2
    for number in (*range(middle, _PARTS), *range(1, middle)):
        yield low[0] + (high[0] - low[0]) * Fraction(number, _PARTS)
