r"""Reads the regular expressions of ECMA-262 into a tree, and writes the tree for other engines.

JSON Schema says that a ``pattern`` is such an expression. It is read by code points (flag ``u``),
with the lenient forms of Annex B that people write: ``\-``, a literal ``{``, ``[\w-.]``, octal
escapes. This module matches nothing; ``patterns.py`` does. Source: ECMA-262 sections 22.2.1 and
B.1.2.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mock_sei.values.engines import PatternError

Ranges = tuple[tuple[int, int], ...]
"""The first and the last code point of each range."""

LONGEST = 20_000
"""The most characters of a pattern."""
DEEPEST = 60
"""The most levels of nested groups."""

_LAST = sys.maxunicode
DIGITS: Ranges = ((0x30, 0x39),)
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Ranges = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)
LINE_ENDS: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
ANY: Ranges = ((0, _LAST),)


@dataclass(frozen=True, kw_only=True)
class Characters:
    """A set that matches one character."""

    ranges: Ranges = ()
    properties: tuple[tuple[str, bool], ...] = ()
    r"""Unicode properties as ``\p`` names them. True means that the property is negated
    (``\P``)."""
    negated: bool = False


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """Parts that must match one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Disjunction:
    """Alternatives, of which one must match."""

    alternatives: tuple[Node, ...]


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """A part that must match several times."""

    part: Node
    least: int
    most: int | None
    lazy: bool


@dataclass(frozen=True, kw_only=True)
class Group:
    """A part in parentheses."""

    part: Node
    number: int = 0
    """The number of a capturing group, from 1; 0 for a group that captures nothing."""
    name: str = ""
    flags: str = ""
    """Flags for only this group, such as ``i`` or ``i-s``."""


@dataclass(frozen=True, kw_only=True)
class Lookaround:
    """A lookahead or lookbehind: a part that must match or not match at this place."""

    part: Node
    sign: str
    """One of ``?=``, ``?!``, ``?<=`` and ``?<!``."""


@dataclass(frozen=True, kw_only=True)
class BackReference:
    """Matches the text that a group captured."""

    number: int


@dataclass(frozen=True, kw_only=True)
class Anchor:
    r"""An assertion that matches no character: ``^``, ``$``, ``\b`` or ``\B``."""

    sign: str


Node = Characters | Alternative | Disjunction | Repeat | Group | Lookaround | BackReference | Anchor


def read_pattern(text: str) -> Node:
    """Reads a pattern into a tree. Raises :class:`PatternError`."""
    if len(text) > LONGEST:
        raise PatternError(f"longer than {LONGEST} characters")
    return _Reader(_joined(text)).read()


def _joined(text: str) -> str:
    """The text with each escaped surrogate pair replaced by the one character that it means."""

    def one(found: re.Match[str]) -> str:
        high, low = int(found[1], 16), int(found[2], 16)
        return f"\\u{{{0x10000 + ((high - 0xD800) << 10) + low - 0xDC00:x}}}"

    return _PAIR.sub(one, text)


_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")

_COUNTS = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
_NAME = re.compile(r"<([^\W\d][\w$]*|\$[\w$]*)>")
_FLAGS = re.compile(r"\?([ims]*(?:-[ims]+)?):")
_WHOLE_FLAGS = re.compile(r"\(\?([ims]+)\)")
_GROUPS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]?|\((?!\?(?!P?<[^=!]))", re.DOTALL)
_NAMES = re.compile(r"\(\?P?<([^=!>][^>]*)>")
_HEX = {2: re.compile(r"[0-9a-fA-F]{2}"), 4: re.compile(r"[0-9a-fA-F]{4}")}
_CODE_POINT = re.compile(r"\{([0-9a-fA-F]{1,8})\}")
_PROPERTY = re.compile(r"\{([A-Za-z0-9_]+(?:=[A-Za-z0-9_]+)?)\}")
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
_SETS: Mapping[str, Ranges] = {"d": DIGITS, "w": WORD, "s": SPACE}
_MOST = 2**31


class _Reader:
    """Reads one pattern into a tree."""

    def __init__(self, text: str) -> None:
        flags = _WHOLE_FLAGS.match(text)
        # Deviation: ECMA-262 has no flags before a pattern; documents made from Python have them.
        self._flags = flags[1] if flags else ""
        self._text = text[flags.end() :] if flags else text
        self._at = 0
        self._depth = 0
        self._groups = 0
        self._all_groups = sum(each[0][0] == "(" for each in _GROUPS.finditer(self._text))
        self._has_names = _NAMES.search(self._text) is not None
        self._names: dict[str, int] = {}
        self._closed: set[int] = set()

    def read(self) -> Node:
        found = self._choice()
        if self._at < len(self._text):
            raise PatternError(f"unmatched ) at character {self._at + 1}")
        return Group(part=found, flags=self._flags) if self._flags else found

    def _next(self, expected: str) -> bool:
        if self._text.startswith(expected, self._at):
            self._at += len(expected)
            return True
        return False

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > DEEPEST:
            raise PatternError(f"more than {DEEPEST} groups within one another")
        alternatives = [self._sequence()]
        while self._next("|"):
            alternatives.append(self._sequence())
        self._depth -= 1
        return (
            alternatives[0]
            if len(alternatives) == 1
            else Disjunction(alternatives=(*alternatives,))
        )

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._one()))
        return parts[0] if len(parts) == 1 else Alternative(parts=tuple(parts))

    def _repeated(self, part: Node) -> Node:
        counts = _COUNTS.match(self._text, self._at)
        if counts:
            self._at = counts.end()
            least = _count(counts[1])
            most = least if counts[2] is None else _count(counts[3]) if counts[3] else None
            if most is not None and least > most:
                raise PatternError(f"numbers out of order in {{{least},{most}}}")
        elif self._at < len(self._text) and self._text[self._at] in "*+?":
            sign = self._text[self._at]
            self._at += 1
            least, most = int(sign == "+"), 1 if sign == "?" else None
        else:
            return part
        if isinstance(part, Anchor) or (isinstance(part, Lookaround) and "<" in part.sign):
            raise PatternError(f"nothing to repeat at character {self._at}")
        lazy = self._next("?")
        if self._at < len(self._text) and (
            self._text[self._at] in "*+?" or _COUNTS.match(self._text, self._at)
        ):
            raise PatternError(f"nothing to repeat at character {self._at + 1}")
        return Repeat(part=part, least=least, most=most, lazy=lazy)

    def _one(self) -> Node:
        character = self._text[self._at]
        self._at += 1
        if character == "(":
            return self._group()
        if character == "[":
            return self._set()
        if character == "\\":
            return self._escape()
        if character in "^$":
            return Anchor(sign=character)
        if character == ".":
            return Characters(ranges=LINE_ENDS, negated=True)
        if character in "*+?" or (character == "{" and _COUNTS.match(self._text, self._at - 1)):
            raise PatternError(f"nothing to repeat at character {self._at}")
        return _one_of(ord(character))

    def _group(self) -> Node:
        for sign in ("?=", "?!", "?<=", "?<!"):
            if self._next(sign):
                return Lookaround(part=self._inner(), sign=sign)
        flags = _FLAGS.match(self._text, self._at)
        if flags:
            self._at = flags.end()
            return Group(part=self._inner(), flags=flags[1])
        name = ""
        if self._next("?"):
            # Deviation: (?P<name>...) is Python's syntax. ECMA-262 gives it no other meaning.
            self._next("P")
            found = _NAME.match(self._text, self._at)
            if not found:
                raise PatternError(f"a group of unknown kind at character {self._at}")
            self._at, name = found.end(), found[1]
            if name in self._names:
                raise PatternError("two groups of one name")
        self._groups += 1
        number = self._groups
        if name:
            self._names[name] = number
        part = self._inner()
        self._closed.add(number)
        return Group(part=part, number=number, name=name)

    def _inner(self) -> Node:
        found = self._choice()
        if not self._next(")"):
            raise PatternError("a group is not closed")
        return found

    def _escape(self) -> Node:
        if self._at >= len(self._text):
            raise PatternError("a backslash at the end")
        character = self._text[self._at]
        if character in "bB":
            self._at += 1
            return Anchor(sign=f"\\{character}")
        digits = re.compile(r"[1-9][0-9]{0,4}").match(self._text, self._at)
        if digits and int(digits[0]) <= self._all_groups:
            self._at = digits.end()
            return self._back(int(digits[0]))
        if character == "k" and self._has_names:
            self._at += 1
            found = _NAME.match(self._text, self._at)
            if not found:
                raise PatternError("\\k without the name of a group")
            self._at = found.end()
            if found[1] not in self._names:
                if f"(?<{found[1]}>" in self._text:
                    return Alternative(parts=())  # a group that comes later has matched nothing
                raise PatternError("\\k with the name of no group")
            return self._back(self._names[found[1]])
        return self._class_escape()

    def _back(self, number: int) -> Node:
        return BackReference(number=number) if number in self._closed else Alternative(parts=())

    def _class_escape(self) -> Characters:
        r"""The set that an escape within brackets means, behind its backslash."""
        character = self._text[self._at]
        self._at += 1
        if character in "dDwWsS":
            return Characters(ranges=_SETS[character.lower()], negated=character.isupper())
        if character in "pP":
            found = _PROPERTY.match(self._text, self._at)
            if found:
                self._at = found.end()
                return _property(found[1], negated=character == "P")
        if character in _CONTROLS:
            return _one_of(_CONTROLS[character])
        if character == "c":
            letter = self._text[self._at : self._at + 1]
            if letter.isascii() and letter.isalpha():
                self._at += 1
                return _one_of(ord(letter) % 32)
            self._at -= 1
            return _one_of(0x5C)
        if character == "x":
            return self._hexadecimal(2, character)
        if character == "u":
            found = _CODE_POINT.match(self._text, self._at)
            if found and int(found[1], 16) <= _LAST:
                self._at = found.end()
                return _one_of(int(found[1], 16))
            return self._hexadecimal(4, character)
        octal = re.compile(r"[0-3][0-7]{0,2}|[4-7][0-7]?").match(self._text, self._at - 1)
        if octal:
            self._at = octal.end()
            return _one_of(int(octal[0], 8))
        return _one_of(ord(character))

    def _hexadecimal(self, digits: int, otherwise: str) -> Characters:
        found = _HEX[digits].match(self._text, self._at)
        if not found:
            return _one_of(ord(otherwise))
        self._at = found.end()
        return _one_of(int(found[0], 16))

    def _set(self) -> Node:
        negated = self._next("^")
        ranges: list[tuple[int, int]] = []
        properties: list[tuple[str, bool]] = []
        while not self._next("]"):
            first = self._member()
            if self._text.startswith("-", self._at) and not self._text.startswith("-]", self._at):
                self._at += 1
                last = self._member()
                low, high = _single(first), _single(last)
                if low is not None and high is not None:
                    if low > high:
                        raise PatternError("a range of characters out of order")
                    ranges.append((low, high))
                    continue
                ranges.append((0x2D, 0x2D))  # Annex B: a hyphen between sets is a literal character
                members = [first, last]
            else:
                members = [first]
            for each in members:
                ranges += _complement(each.ranges) if each.negated else each.ranges
                properties += each.properties
        return Characters(ranges=_merged(ranges), properties=(*properties,), negated=negated)

    def _member(self) -> Characters:
        if self._at >= len(self._text):
            raise PatternError("a set without its closing ]")
        character = self._text[self._at]
        self._at += 1
        if character != "\\":
            return _one_of(ord(character))
        if self._at >= len(self._text):
            raise PatternError("a backslash at the end")
        if self._text[self._at] == "b":
            self._at += 1
            return _one_of(8)
        return self._class_escape()


def _count(digits: str) -> int:
    return int(digits) if len(digits) < 10 else _MOST


def _one_of(code: int) -> Characters:
    return Characters(ranges=((code, code),))


def _single(found: Characters) -> int | None:
    if found.negated or found.properties or len(found.ranges) != 1:
        return None
    (low, high), *_ = found.ranges
    return low if low == high else None


def _merged(ranges: Sequence[tuple[int, int]]) -> Ranges:
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1])
        else:
            found.append((low, high))
    return tuple(found)


def _complement(ranges: Ranges) -> Ranges:
    result, start = [], 0
    for low, high in _merged(ranges):
        if start < low:
            result.append((start, low - 1))
        start = high + 1
    return (*result, (start, _LAST)) if start <= _LAST else tuple(result)


def code_points(found: Characters) -> Ranges:
    """All code points of a set, without its Unicode properties."""
    return _complement(found.ranges) if found.negated else _merged(found.ranges)


def least_written_out(node: Node) -> int:
    """The number of parts of a pattern, if each part is written as often as it must repeat."""
    match node:
        case Alternative():
            return sum(map(least_written_out, node.parts))
        case Disjunction():
            return sum(map(least_written_out, node.alternatives))
        case Repeat():
            return max(1, node.least) * least_written_out(node.part)
        case Group() | Lookaround():
            return least_written_out(node.part)
    return 1


_RANGES_OF: Mapping[str, Ranges] = {"ASCII": ((0, 0x7F),), "Any": ANY}
_CATEGORIES = frozenset({"gc", "General_Category"})
_SCRIPTS = frozenset({"sc", "Script", "scx", "Script_Extensions"})
_CATEGORY_NAMES: Mapping[str, str] = {
    "Letter": "L",
    "Cased_Letter": "LC",
    "Uppercase_Letter": "Lu",
    "Lowercase_Letter": "Ll",
    "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm",
    "Other_Letter": "Lo",
    "Mark": "M",
    "Combining_Mark": "M",
    "Nonspacing_Mark": "Mn",
    "Spacing_Mark": "Mc",
    "Enclosing_Mark": "Me",
    "Number": "N",
    "Decimal_Number": "Nd",
    "digit": "Nd",
    "Letter_Number": "Nl",
    "Other_Number": "No",
    "Punctuation": "P",
    "punct": "P",
    "Connector_Punctuation": "Pc",
    "Dash_Punctuation": "Pd",
    "Open_Punctuation": "Ps",
    "Close_Punctuation": "Pe",
    "Initial_Punctuation": "Pi",
    "Final_Punctuation": "Pf",
    "Other_Punctuation": "Po",
    "Symbol": "S",
    "Math_Symbol": "Sm",
    "Currency_Symbol": "Sc",
    "Modifier_Symbol": "Sk",
    "Other_Symbol": "So",
    "Separator": "Z",
    "Space_Separator": "Zs",
    "Line_Separator": "Zl",
    "Paragraph_Separator": "Zp",
    "Other": "C",
    "Control": "Cc",
    "cntrl": "Cc",
    "Format": "Cf",
    "Surrogate": "Cs",
    "Private_Use": "Co",
    "Unassigned": "Cn",
}


def _property(name: str, *, negated: bool) -> Characters:
    if name in _RANGES_OF:
        return Characters(ranges=_RANGES_OF[name], negated=negated)
    kind, _, value = name.rpartition("=")
    if kind and kind not in _CATEGORIES | _SCRIPTS:
        raise PatternError(f"no such property: {name[:50]}")
    if kind not in _SCRIPTS:
        value = _CATEGORY_NAMES.get(value, value)
    elif kind in ("scx", "Script_Extensions"):
        value = f"scx={value}"
    else:
        value = f"sc={value}"
    return Characters(properties=((value, negated),))


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How an engine writes what ECMA-262 writes differently."""

    end: str
    boundary: Callable[[str], str] = field(default=lambda sign: sign)
    script: str = "{}"
    back_references: bool = False
    most_repeats: int = _MOST


def write_pattern(node: Node, dialect: Dialect) -> str:
    """A pattern in the syntax of a dialect.

    Raises :class:`PatternError` for what the dialect cannot express.
    """
    return _PatternWriter(dialect).written(node)


class _PatternWriter:
    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect

    def written(self, node: Node) -> str:
        match node:
            case Characters():
                return self._characters(node)
            case Alternative():
                return "".join(
                    f"(?:{text})" if isinstance(each, Disjunction) else text
                    for each, text in ((each, self.written(each)) for each in node.parts)
                )
            case Disjunction():
                return "|".join(map(self.written, node.alternatives))
            case Repeat():
                return self._repeat(node)
            case Group(number=0):
                return f"(?{node.flags}:{self.written(node.part)})"
            case Group():
                # A back reference needs only numbers. Without it, no group need capture.
                opening = "(" if self._dialect.back_references else "(?:"
                return f"{opening}{self.written(node.part)})"
            case Anchor():
                return self._place(node.sign)
            case Lookaround():
                if self._dialect.back_references:
                    return f"({node.sign}{self.written(node.part)})"
                raise PatternError("looks ahead or behind")
            case BackReference():
                if self._dialect.back_references:
                    return f"(?:(?({node.number})\\{node.number}|))"
                raise PatternError("refers back to a group")

    def _place(self, sign: str) -> str:
        if sign == "$":
            return self._dialect.end
        return sign if sign == "^" else self._dialect.boundary(sign)

    def _repeat(self, node: Repeat) -> str:
        if max(node.least, node.most or 0) > self._dialect.most_repeats:
            raise PatternError("repeats too often")
        counts = f"{{{node.least}}}" if node.least == node.most else None
        if counts is None:
            counts = _SIGNS.get((node.least, node.most), f"{{{node.least},{_text(node.most)}}}")
        return f"(?:{self.written(node.part)}){counts}{'?' if node.lazy else ''}"

    def _characters(self, node: Characters) -> str:
        ranges = tuple(each for low, high in node.ranges for each in _without_surrogates(low, high))
        if not ranges and not node.properties:
            return "[\\s\\S]" if node.negated else "[^\\s\\S]"
        if len(ranges) == 1 and not node.properties and not node.negated:
            (low, high), *_ = ranges
            if low == high:
                return _literal(low, _SPECIAL)
        inner = "".join(
            _literal(low, _SPECIAL_IN_SETS)
            + (f"-{_literal(high, _SPECIAL_IN_SETS)}" if high > low else "")
            for low, high in ranges
        )
        for name, negated in node.properties:
            kind, _, value = name.rpartition("=")
            if kind == "scx" and self._dialect.script == "{}":
                raise PatternError("has Script_Extensions")
            shown = self._dialect.script.format(value) if kind == "sc" else name
            inner += f"\\{'P' if negated else 'p'}{{{shown}}}"
        return f"[{'^' if node.negated else ''}{inner}]"


_SIGNS = {(0, None): "*", (1, None): "+", (0, 1): "?"}
_SPECIAL = frozenset("\\.+*?()|[]{}^$#")
_SPECIAL_IN_SETS = frozenset("\\[]^-&~")


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _literal(code: int, special: frozenset[str]) -> str:
    character = chr(code)
    return f"\\{character}" if character in special else character


def _without_surrogates(low: int, high: int) -> Ranges:
    """The range without surrogates.

    No text holds a surrogate, and other engines refuse them in a set.
    """
    parts = ((low, min(high, 0xD7FF)), (max(low, 0xE000), high))
    return tuple((first, last) for first, last in parts if first <= last)
