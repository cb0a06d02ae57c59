"""The engines that search with users' expressions: RE2 in linear time, ``regex`` within a bound.

RE2 searches in time that is linear in the text, for every pattern. What RE2 refuses (lookahead,
lookbehind, back references, large repeats) is searched by ``regex``, which can stop after a time.
"""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re2

_MOST_MEMORY = 16 * 1024 * 1024
"""The most bytes that RE2 may use for one pattern. It refuses a pattern that needs more."""
_LONGEST_FOR_REGEX = 20_000
_COUNTS = re.compile(r"\{,?([0-9]{1,10})(?=[,}])")
_MOST_REPEATS = 100_000
"""The most parts of a pattern, each written as often as it must repeat. Each part needs memory."""


class PatternError(ValueError):
    """A pattern that cannot be read. Its text gives the reason and does not repeat the pattern."""


def compile_linear(text: str) -> re2._Regexp[str]:
    """The pattern for RE2. Raises :class:`PatternError` if RE2 cannot search with it."""
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_nl = False
    options.max_mem = _MOST_MEMORY
    try:
        return re2.compile(text, options)
    except (re2.error, UnicodeError) as error:
        raise PatternError(f"not linear: {error}") from None


def compile_backtracking(text: str, *, ascii_only: bool = False) -> Any:
    """The pattern for ``regex``, whose searches need a time limit. Raises :class:`PatternError`."""
    import regex

    if len(text) > _LONGEST_FOR_REGEX:
        raise PatternError(f"longer than {_LONGEST_FOR_REGEX} characters")
    try:
        return regex.compile(text, regex.V0 | (regex.ASCII if ascii_only else regex.UNICODE))
    except (regex.error, ValueError, KeyError, IndexError, OverflowError, RecursionError) as error:
        raise PatternError(" ".join(str(error).split())[:150]) from None


def most_repeats(source: str) -> int:
    """How often a part of a pattern is written out at most: the product of all its counts."""
    return prod(max(1, int(each)) for each in _COUNTS.findall(source))


def refuse_if_large(repeats: int) -> None:
    """Raises :class:`PatternError` if a pattern that ``regex`` reads would need much memory."""
    if repeats > _MOST_REPEATS:
        raise PatternError("repeats too often")


def searchable(text: str) -> str:
    """The text with U+FFFD in place of halves of surrogate pairs, which UTF-8 cannot express."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text)
    return text
