"""Reads numbers from texts: how many digits are allowed, and which numbers JSON cannot express.

Source: RFC 8259 section 6, which leaves the range to each implementation.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from math import isfinite

MOST_DIGITS = 4300
"""The most digits of an integer: Python's own limit for reading and writing."""
TOO_MANY_DIGITS = f"a whole number of more than {MOST_DIGITS} digits"

_OF_PYTHON = re.compile(r"Exceeds the limit.*", re.DOTALL)


def plain_reason(error: ValueError) -> str:
    """The complaint of a number reader in one line, without Python's own advice."""
    return " ".join(_OF_PYTHON.sub(TOO_MANY_DIGITS, str(error)).split())


def whole_number(text: str, base: int = 10) -> int | str:
    """An integer of a document. If it has too many digits, the result is the unchanged text."""
    try:
        value = int(text, base)
    except ValueError:
        return text
    return value if abs(value) < _TOO_LARGE else text


_TOO_LARGE: int = 10**MOST_DIGITS


def number(text: str) -> float | str:
    """A number with a point or an exponent, in a form that JSON can express.

    A number too large for a float becomes an integer. A text that is not a number (``NaN``,
    ``.inf``) or has too many digits is returned unchanged. The work is limited by the length of the
    text.
    """
    try:
        value = float(text)
    except ValueError:
        return text  # for instance .inf of YAML
    if isfinite(value):
        return value
    try:
        exact = Decimal(text)
    except InvalidOperation:
        return text
    if not exact.is_finite() or exact.adjusted() >= MOST_DIGITS:
        return text
    return int(exact)
