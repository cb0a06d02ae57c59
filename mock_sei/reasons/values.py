"""Explains how a wrong value differs from the right one: a line end after it, quotes around it, …

A refused value is read as if one or more usual mistakes of clients were undone. A function of the
caller says whether a reading is right. So stored values are never searched, and the explanation
names what happened to the value, never a part of it.
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
"""The most characters of a value that is examined. A longer value gets no explanation."""
READINGS = 60
"""The most readings of one value."""
DEPTH = 3
"""How many mistakes at once are recognised."""

Fits = Callable[[str], bool]


class Reading(NamedTuple):
    """A value without the mistakes that :attr:`without` names."""

    text: str
    without: tuple[str, ...] = ()


def find_difference(sent: str, fits: Fits, *, fits_in_other_case: Fits | None = None) -> str | None:
    """What distinguishes a refused value from the right one, such as ``a line end after it``, or
    None.

    ``fits`` says whether a text is right. ``fits_in_other_case`` says whether it is right if upper
    and lower case are equal.
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
    """Like :func:`find_difference`, if the right value is known."""
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
    """Compares in constant time, so that the time does not tell how much of a secret was
    guessed."""
    return hmac.compare_digest(
        one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass")
    )


def but_for(difference: str | None) -> str:
    """The end of a sentence that says that a value is wrong."""
    return f": it differs only by {difference}" if difference else ""


def in_other_case(find: Callable[[str], object]) -> Fits:
    """A function that says whether a look-up finds a text in lower case, in upper case, or with
    swapped case.

    Swapped case is what a client sends with Caps Lock.
    """

    def finds(text: str) -> bool:
        others = {text.lower(), text.upper(), text.swapcase()} - {text}
        return any(find(each) is not None for each in others)

    return finds


def read_as_utf8(text: str) -> str:
    """The text of a header as the client most likely meant it. Headers are decoded as Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def readings_of(sent: str) -> Iterator[Reading]:
    """The value as it was sent, then with one mistake undone, then with two, and so on."""
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


# Each function below undoes one mistake. It gives the value without it, and the mistake's name.

Mended = Iterator[tuple[str, str]]

_SPACES = (*range(0x21), 0x7F, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
_INVISIBLE = (0xAD, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x2065), 0xFEFF)
_UNSEEN = "".join(map(chr, (*_SPACES, *_INVISIBLE)))
"""Invisible characters."""
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
    """Removes invisible characters before and after the value."""
    rest = text.lstrip(_UNSEEN)
    value = rest.rstrip(_UNSEEN)
    if value == text:
        return
    before, behind = text[: len(text) - len(rest)], rest[len(value) :]
    pieces = ((before, "before it"), (behind, "after it"))
    yield value, " and ".join(f"{_named(unseen)} {where}" for unseen, where in pieces if unseen)


def _within(text: str) -> Mended:
    found = _RUN.search(text)
    if found:
        yield _RUN.sub("", text), f"{_named(found[0])} inside it"


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
"""For each character before a value: the characters that may follow it, and the name of the
pair."""
_QUOTES = "\"'`\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb"


def _around(text: str) -> Mended:
    if text[:2] in ("b'", 'b"') and text[-1] == text[1] and len(text) > 3:
        yield text[2:-1], "b and quotes around it (Python prints bytes so)"
        return
    ends, name = _AROUND.get(text[:1], ("", ""))
    if ends and len(text) > 2 and text[-1] in ends:
        yield text[1:-1], f"{name} around it"
    elif text[:1] in _QUOTES:
        yield text[1:], "a quote before it"
    elif text[-1:] in _QUOTES:
        yield text[:-1], "a quote after it"


def _placeholder(text: str) -> Mended:
    if text[:2] == "${" and text.endswith("}"):
        yield text[2:-1], "${ and } around it"


def _punctuation(text: str) -> Mended:
    stripped = text.rstrip(",;.:)>]\\")
    if stripped != text:
        yield stripped, "punctuation after it"


_BACKSLASH = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED_END = re.compile(r"(?:\\[nrt]|%0[AaDd])+\Z")


def _backslashes(text: str) -> Mended:
    if "\\" not in text:
        return
    end = _ESCAPED_END.search(text[-LONGEST:])
    if end:
        yield text[: -len(end[0])], "an escaped line end after it"
    yield _BACKSLASH.sub(r"\1", text), "backslashes in it"


_TOO_OFTEN = "one percent-encoding too many (encode it once, or not at all in a place for raw text)"


def _percent(text: str) -> Mended:
    if "%" in text:
        yield unquote(text), _TOO_OFTEN
        if "+" in text:
            yield unquote_plus(text), _TOO_OFTEN


def _plus(text: str) -> Mended:
    if "+" in text:
        yield text.replace("+", " "), "a blank that became a plus sign (form-encode it once)"
    if " " in text:
        yield text.replace(" ", "+"), "a plus sign that became a blank (write it as %2B in a form)"


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
        yield plain, ""  # the decoding of headers is not a mistake of the client


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
    """Undoes a repetition. A server reads a repeated header as one value with a comma."""
    for between in ("", ", ", ",", " "):
        half, rest = divmod(len(text) - len(between), 2)
        if half > 0 and not rest and text == f"{text[:half]}{between}{text[:half]}":
            yield text[:half], "its repetition (it was sent twice)"


_NAMED = re.compile(r"[\w-]{1,40}[ \t]?[=:][ \t]?(?P<value>[^&#]++)")


def _name_before(text: str) -> Mended:
    """Removes a name before the value: ``password=…``, ``AppKey: …``, or a whole query."""
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
"""The functions in the order in which they are tried."""


_ENDS_A_VALUE = frozenset("&;#$\"'\\` !<>|()\n\r\t")


def _is_cut(right: str, sent: str) -> bool:
    """Whether the value ends where a form or a shell would have cut the right one."""
    return right.startswith(sent) and right[len(sent)] in _ENDS_A_VALUE
