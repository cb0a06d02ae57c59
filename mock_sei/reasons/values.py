"""In which way a value is nearly the right one: a line end behind it, quotes around it, …

A value that was refused is read in the ways in which clients spoil values, and each reading is
offered to whoever knows the right one. So nothing that is stored is walked through, and what is
told is what was done to the value, never a part of it.
"""

from __future__ import annotations

import base64
import hmac
import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import unquote, unquote_plus

LONGEST = 2048
"""Characters of a value that is read in other ways; of a longer one nothing is told."""
READINGS = 60
"""Ways in which one value is read at most."""
DEPTH = 3
"""Mistakes, one on top of the other, that are seen through."""

Fits = Callable[[str], bool]


class Reading(NamedTuple):
    """What a value would be without the mistakes that :attr:`without` names."""

    text: str
    without: tuple[str, ...] = ()


def find_difference(sent: str, fits: Fits, *, fits_in_other_case: Fits | None = None) -> str | None:
    """What a refused value has too much, such as ``a line end behind it``; None if that is not it.

    ``fits`` says whether a text is right. ``fits_in_other_case`` says it of a text whose upper and
    lower case may differ.
    """
    readings = list(islice(readings_of(sent), READINGS))
    for text, without in readings:
        if without and fits(text):
            return " and ".join(dict.fromkeys(without))
    for text, without in readings if fits_in_other_case else ():
        if fits_in_other_case is not None and fits_in_other_case(text):
            return " and ".join(dict.fromkeys((*without, "upper and lower case")))
    return None


def find_difference_from(right: str, sent: str) -> str | None:
    """As :func:`find_difference`, where the right value is known."""
    if not sent or sent == right:
        return None
    found = find_difference(
        sent,
        lambda text: _same(text, right),
        fits_in_other_case=lambda text: _same(text.casefold(), right.casefold()),
    )
    if found is None and _is_cut(right, sent):
        return (
            "its end (it was cut at a character that ends a value in a form or in a shell: "
            "percent-encode it in a form, put it in single quotes in a shell)"
        )
    return found


def _same(one: str, other: str) -> bool:
    """However much of a secret is guessed right, the comparison takes as long."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def but_for(difference: str | None) -> str:
    """The end of a sentence that says that a value is wrong."""
    return f": it is equal but for {difference}" if difference else ""


def in_other_case(find: Callable[[str], object]) -> Fits:
    """Whether a look-up by name finds a text in lower or upper case, or with Caps Lock undone."""

    def finds(text: str) -> bool:
        others = {text.lower(), text.upper(), text.swapcase()} - {text}
        return any(find(each) is not None for each in others)

    return finds


def read_as_utf8(text: str) -> str:
    """A header, whose bytes are read as Latin-1, as the client most likely meant it."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def readings_of(sent: str) -> Iterator[Reading]:
    """The value as it came, then without one mistake, then without two."""
    if len(sent) > LONGEST:
        return
    seen = {sent}
    here = [Reading(sent)]
    yield here[0]
    for _ in range(DEPTH):
        following: list[Reading] = []
        for reading in here:
            for mend in _MENDS:
                for text, mistake in mend(reading.text):
                    if text and text not in seen and len(text) <= LONGEST:
                        seen.add(text)
                        further = (mistake,) if mistake else ()
                        following.append(Reading(text, (*reading.without, *further)))
        yield from following
        here = following[:READINGS]


# The mistakes. Each gives the value without it, and its name

Mended = Iterator[tuple[str, str]]

_SPACES = (*range(0x21), 0x7F, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
_INVISIBLE = (0xAD, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2065), 0xFEFF)
_UNSEEN = "".join(map(chr, (*_SPACES, *_INVISIBLE)))
"""Characters of which nothing is printed."""
_RUN = re.compile(f"[{re.escape(_UNSEEN)}]++")
_NAMES = {
    **dict.fromkeys(map(chr, _INVISIBLE), "a zero-width character"),
    **dict.fromkeys("\n\r\x85\u2028\u2029", "a line end"),
    "\0": "NUL characters (as UTF-16 has them)",
    " ": "a blank",
    "\t": "a tab",
    "\u00a0": "a no-break space",
    "\ufeff": "a byte order mark",
}


def _edges(text: str) -> Mended:
    """What is not printed, before and behind the value."""
    rest = text.lstrip(_UNSEEN)
    value = rest.rstrip(_UNSEEN)
    if value == text:
        return
    before, behind = text[: len(text) - len(rest)], rest[len(value) :]
    pieces = ((before, "before it"), (behind, "behind it"))
    yield value, " and ".join(f"{_named(unseen)} {where}" for unseen, where in pieces if unseen)


def _within(text: str) -> Mended:
    found = _RUN.search(text)
    if found:
        yield _RUN.sub("", text), f"{_named(found[0])} within it"


def _named(unseen: str) -> str:
    names = dict.fromkeys(_NAMES.get(each, "a control character") for each in unseen[:20])
    return " and ".join(names)


_AROUND = {
    '"': ('"', "double quotes"),
    "'": ("'", "single quotes"),
    "`": ("`", "backquotes"),
    "\u201c": ("\u201d\u201c", "typographic quotes"),
    "\u201d": ("\u201d", "typographic quotes"),
    "\u201e": ("\u201c\u201d", "typographic quotes"),
    "\u2018": ("\u2019\u2018", "typographic quotes"),
    "\u2019": ("\u2019", "typographic quotes"),
    "\u201a": ("\u2018\u2019", "typographic quotes"),
    "\u00ab": ("\u00bb", "typographic quotes"),
    "<": (">", "angle brackets"),
    "{": ("}", "braces"),
    "[": ("]", "square brackets"),
    "(": (")", "brackets"),
}
"""By what stands before a value: what may stand behind it, and the name of both."""
_QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"


def _around(text: str) -> Mended:
    if text[:2] in ("b'", 'b"') and text[-1] == text[1] and len(text) > 3:
        yield text[2:-1], "b and quotes around it (so Python prints bytes)"
        return
    ends, name = _AROUND.get(text[:1], ("", ""))
    if ends and len(text) > 2 and text[-1] in ends:
        yield text[1:-1], f"{name} around it"
    elif text[:1] in _QUOTES:
        yield text[1:], "a quote before it"
    elif text[-1:] in _QUOTES:
        yield text[:-1], "a quote behind it"


def _placeholder(text: str) -> Mended:
    if text[:2] == "${" and text.endswith("}"):
        yield text[2:-1], "${ and } around it"


def _punctuation(text: str) -> Mended:
    stripped = text.rstrip(",;.:)>]\\")
    if stripped != text:
        yield stripped, "punctuation behind it"


_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_END = re.compile(r"(?:\\[nrt]|%0[AaDd])+\Z")


def _backslashes(text: str) -> Mended:
    if "\\" not in text:
        return
    end = _ESCAPED_END.search(text[-LONGEST:])
    if end:
        yield text[: -len(end[0])], "an escaped line end behind it"
    yield _BACKSLASH.sub(r"\1", text), "backslashes in it"


_TOO_OFTEN = "one percent-encoding too many (it was encoded twice, or where it must be raw)"


def _percent(text: str) -> Mended:
    if "%" in text:
        yield unquote(text), _TOO_OFTEN
        if "+" in text:
            yield unquote_plus(text), _TOO_OFTEN


def _plus(text: str) -> Mended:
    if "+" in text:
        yield text.replace("+", " "), "a blank that became a plus sign (form-encode it once)"
    if " " in text:
        yield text.replace(" ", "+"), "a plus sign that became a blank (a form wants %2B for it)"


def _html(text: str) -> Mended:
    if "&" in text:
        yield html.unescape(text), "an HTML escape such as &amp; in it"


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}")


def _base64(text: str) -> Mended:
    if not _BASE64.fullmatch(text):
        return
    plain = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4)).decode("utf-8")
    except ValueError:  # not Base64, not UTF-8
        return
    if decoded.strip().isprintable():
        yield decoded, "its encoding in Base64"


def _other_encoding(text: str) -> Mended:
    plain = read_as_utf8(text)
    if plain != text:
        yield plain, ""  # how a header is read; no mistake of the client


_TYPOGRAPHIC = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
    | dict.fromkeys("\u2018\u2019\u201a", "'")
    | dict.fromkeys("\u201c\u201d\u201e", '"')
)


def _typographic(text: str) -> Mended:
    if text.isascii():
        return
    for form in ("NFC", "NFD"):
        yield unicodedata.normalize(form, text), "the Unicode normal form of its letters"
    plain = unicodedata.normalize("NFKC", text).translate(_TYPOGRAPHIC)
    yield plain, "typographic characters, such as a long dash for a hyphen"


def _doubled(text: str) -> Mended:
    """A header that came twice reaches a server as one, with a comma."""
    for between in ("", ", ", ",", " "):
        half, rest = divmod(len(text) - len(between), 2)
        if half > 0 and not rest and text == f"{text[:half]}{between}{text[:half]}":
            yield text[:half], "its repetition (it stands there twice)"


_NAMED = re.compile(r"[\w-]{1,40}[ \t]?[=:][ \t]?(?P<value>[^&#]++)")


def _name_before(text: str) -> Mended:
    """``password=…``, ``AppKey: …``, or a whole query."""
    for found in islice(_NAMED.finditer(text), 4):
        yield found["value"], "a name before it"


_MENDS: Sequence[Callable[[str], Mended]] = (
    _other_encoding,
    _edges,
    _around,
    _placeholder,
    _percent,
    _plus,
    _html,
    _backslashes,
    _punctuation,
    _doubled,
    _base64,
    _typographic,
    _within,
    _name_before,
)
"""In the order in which they are tried."""


_ENDS_A_VALUE = frozenset("&;#$\"'\\` !<>|()\n\r\t")


def _is_cut(right: str, sent: str) -> bool:
    """Whether the value ends where a form or a shell would have ended it."""
    return right.startswith(sent) and right[len(sent)] in _ENDS_A_VALUE
