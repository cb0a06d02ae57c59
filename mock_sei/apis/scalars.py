"""Texts and numbers that fit a plain schema: all different, and the same in each run.

The first one looks familiar to people: ``text``, 0, a date.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import count, islice
from math import ceil, floor
from typing import Any

from mock_sei.apis.format_texts import SHORT, SHOWN, formatted
from mock_sei.apis.formats import FORMATS
from mock_sei.apis.plain import Plain, exactly
from mock_sei.apis.texts import TRIES, texts_for
from mock_sei.values.json_numbers import MOST_DIGITS

LONGEST_TEXT = 1_000_000
"""The most characters of a text, even if a schema requires more."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


_FIXED: Mapping[str, tuple[Any, ...]] = {"boolean": (True, False), "null": (None,)}


def usual(plain: Plain, kind: str) -> Iterator[Any]:
    """Values of a type. Some may not fit if the schema has several conditions at once."""
    if kind in _FIXED:
        return iter(_FIXED[kind])
    return _texts(plain) if kind == "string" else _numbers(plain, whole=kind == "integer")


def fitting_values(
    plain: Plain, kind: str, has_format: Callable[[str, str], bool]
) -> Iterator[Any]:
    """Values that fit. The series ends after many values in a row that do not fit."""
    misses = 0
    for each in usual(plain, kind):
        if kind in _FIXED or _fits(plain, each, has_format):
            misses = 0
            yield each
        else:
            misses += 1
            if misses == _MOST_MISSES:
                return


def _fits(plain: Plain, value: str | float, has_format: Callable[[str, str], bool]) -> bool:
    if not isinstance(value, str):
        return _is_within(plain, value)
    if not _is_of_length(plain, value) or not _matches_all(plain, value):
        return False
    is_usual = not (plain.patterns or plain.counts or len(plain.formats) > 1)
    return is_usual or all(has_format(each, value) for each in plain.formats)


def _is_of_length(plain: Plain, text: str) -> bool:
    most = plain.counts.get("maxLength", len(text))
    return plain.counts.get("minLength", 0) <= len(text) <= most


def _is_within(plain: Plain, value: float) -> bool:
    number = exactly(value)
    if number is None:
        return False
    for bound, sign in ((plain.low, 1), (plain.high, -1)):
        if bound is not None:
            beyond = sign * (number - bound[0])
            if beyond < 0 or (beyond == 0 and bound[1]):
                return False
    if plain.step is not None and (number / plain.step).denominator != 1:
        return False
    bounds = (FORMATS[each].bounds for each in plain.formats if each in FORMATS)
    return all(each[0] <= number <= each[1] for each in bounds if each is not None)


def _texts(plain: Plain) -> Iterator[str]:
    least = min(plain.counts.get("minLength", 0), LONGEST_TEXT)
    most = plain.counts.get("maxLength")
    known = next((each for each in plain.formats if each in SHOWN), None)
    if plain.patterns:
        if known is not None:
            texts = islice(formatted(known, least), _USUAL)
            yield from (text for text in texts if _matches_all(plain, text))
        yield from _patterned(plain, least, most)
    if known is None:
        yield from (_counted(number, least, most) for number in count())
    else:
        if most is not None and len(SHOWN[known](0)) > most:
            yield from SHORT.get(known, ())
        yield from formatted(known, least)


_USUAL = 10
"""How many texts of a format are tried if a pattern also applies."""
_MOST_MISSES = 60
"""After this many texts or numbers in a row that do not fit, the series ends."""
_MOST_TEXTS = 20_000
"""The most texts that are made for one pattern."""


def _matches_all(plain: Plain, text: str) -> bool:
    return all(plain.matches(each, text) for each in plain.patterns)


def _patterned(plain: Plain, least: int, most: int | None) -> Iterator[str]:
    others: dict[str, None] = {}
    fitting: set[str] = set()
    for pattern in plain.patterns:
        misses = 0
        for text in texts_for(pattern, least, most, tries=_MOST_TEXTS):
            if misses == TRIES:
                break
            misses += 1
            if not (_is_of_length(plain, text) and _matches_all(plain, text)):
                others[text] = None
            elif text not in fitting:
                misses = 0
                fitting.add(text)
                yield text
    if not fitting:
        yield from (each for text in others for each in _lengthenings(text, least))
        yield from others


def _lengthenings(text: str, least: int) -> Iterator[str]:
    """Longer texts that contain the text, for a pattern that does not limit what is around it."""
    if len(text) < least:
        for sign in ("x", "0", " "):
            yield text.ljust(least, sign)
            yield text.rjust(least, sign)


def _counted(number: int, least: int, most: int | None) -> str:
    text = f"text{number or ''}"
    if most is not None and len(text) > most:
        text = "text"[:most] if number == 0 else _short(number, most)
    return text.ljust(least, "x")


def _short(number: int, most: int) -> str:
    """A number written in letters."""
    text = ""
    while len(text) < most:
        number, digit = divmod(number, len(_LETTERS))
        text = _LETTERS[digit] + text
    return text


_LARGEST_EXACT = 2**53
_LARGEST_WHOLE: int = 10**MOST_DIGITS - 1
_LARGEST_FLOAT = Fraction(sys.float_info.max)


def _numbers(plain: Plain, *, whole: bool) -> Iterator[int | float]:
    """Zero if it fits, otherwise the lowest number that fits, or the highest, or one between; then
    others."""
    step = plain.step
    if whole:
        step = Fraction(1) if step is None else Fraction(step.numerator)
    found = _between(plain) if step is None else _stepwise(plain, step)
    for each in found:
        yield _plain_number(each, whole=whole)
    for bound in (plain.low, plain.high):  # if no other number fits
        if bound is not None:
            yield _plain_number(bound[0], whole=whole)


def _plain_number(value: Fraction, *, whole: bool) -> int | float:
    if whole or abs(value) > _LARGEST_FLOAT:
        return max(-_LARGEST_WHOLE, min(ceil(value), _LARGEST_WHOLE))
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
    """The least and the greatest factor of a step that fits."""
    first = last = None
    if plain.low is not None:
        bound, is_open = plain.low
        first = floor(bound / step) + 1 if is_open else ceil(bound / step)
    if plain.high is not None:
        bound, is_open = plain.high
        last = ceil(bound / step) - 1 if is_open else floor(bound / step)
    for kind in plain.formats:
        bounds = FORMATS[kind].bounds if kind in FORMATS else None
        if bounds is not None:
            least, most = (Fraction(each) / step for each in bounds)
            first = ceil(least) if first is None else max(first, ceil(least))
            last = floor(most) if last is None else min(last, floor(most))
    return first, last


_PARTS = 1000
"""Into how many parts the interval between two bounds is divided."""


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
