"""Numbers as they are written: how many digits are read, and what JSON cannot carry.

Source: RFC 8259 section 6, which leaves the range to each implementation.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from math import isfinite

MOST_DIGITS = 4300
"""Digits of a whole number: what Python reads and writes by itself."""
TOO_MANY_DIGITS = f"a whole number of more than {MOST_DIGITS} digits"

_OF_PYTHON = re.compile(r"Exceeds the limit.*", re.DOTALL)


def plain_reason(error: ValueError) -> str:
    """What a reader of numbers complains of, in one line and without Python's own advice."""
    return " ".join(_OF_PYTHON.sub(TOO_MANY_DIGITS, str(error)).split())


def whole_number(text: str, base: int = 10) -> int | str:
    """A whole number of a document; one of too many digits stays the text that it is."""
    try:
        value = int(text, base)
    except ValueError:
        return text
    return value if abs(value) < _TOO_LARGE else text


_TOO_LARGE: int = 10**MOST_DIGITS


def number(text: str) -> float | str:
    """A number of a document with a point or an exponent, as JSON can carry it.

    One beyond what a float holds is the whole number that it is; what is none (``NaN``, ``.inf``),
    or has too many digits, stays the text that it is. The work is bounded by the text.
    """
    try:
        value = float(text)
    except ValueError:
        return text  # .inf of YAML
    if isfinite(value):
        return value
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return text
    if not exact.is_finite() or exact.adjusted() >= MOST_DIGITS:
        return text
    return int(exact)
