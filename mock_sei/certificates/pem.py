"""PEM text as OpenSSL reads it, line by line, and what is wrong with text that it does not read.

Python, curl and Node read by OpenSSL's rules, which are stricter than those of other libraries: a
BEGIN line and an END line have nothing before or behind them, and an empty line divides headers
from the body. Source: RFC 7468, and OpenSSL 3 by experiment (``tests/certificates/test_pem.py``).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

CERTIFICATE_LABELS = frozenset({"CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"})
REQUEST_LABELS = frozenset({"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"})
KEY_LABELS = frozenset(
    {
        "PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "DSA PRIVATE KEY",
        "DH PRIVATE KEY",
        "X9.42 DH PRIVATE KEY",
        "ED25519 PRIVATE KEY",
        "ED448 PRIVATE KEY",
        "X25519 PRIVATE KEY",
        "X448 PRIVATE KEY",
        "SM2 PRIVATE KEY",
        "RSA-PSS PRIVATE KEY",
    }
)
"""The labels whose blocks OpenSSL reads as certificates, requests and private keys."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_LONGEST_LABEL = 60
"""Characters of a label that are shown."""
_PIECE = 254
"""Bytes of a line that OpenSSL reads at once; a longer line is several."""
_DROPPED = bytes([*range(33), *range(128, 256)])
"""What OpenSSL takes off a line's end: blanks, control characters and, where C's ``char`` has a
sign, bytes that are not ASCII."""
_LONGEST_BEHIND_HEADERS = 64
"""Characters of a body's line where an empty line stands before the body."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_SPACE = re.compile(rb"[ \t\r\n]+")
_ENCRYPTED = re.compile(rb"Proc-Type:[ \t]*4[ \t]*,[ \t]*ENCRYPTED\b")
_STRANGE = re.compile(rb"[^A-Za-z0-9+/= \t\r\n]")


class Mistake(StrEnum):
    """What is wrong with a block or with the lines around it."""

    INDENTED = "white space stands before {line}"
    TEXT_BEFORE = "text stands before {line}, which must begin its line"
    TEXT_BEHIND = "text stands behind {line}, which must end its line"
    HYPHENS = "{line} must have five hyphens on both sides"
    LETTERS = "{line} must be written in capital letters, with one blank between the words"
    OLD_LINE_ENDS = "the lines end with a carriage return only, as on old Macs"
    NO_LINE_ENDS = "the lines are joined: no line end behind {line}"
    NO_BEGIN = "{line} has no BEGIN line before it"
    NO_END = "{line} has no END line behind it"
    OTHER_END = "{line} is followed by an END line with another label"
    EMPTY_LINE = "an empty line stands in the body of {line}"
    LONG_LINE = "behind the empty line in {line}, each line but the last must have 64 characters"
    HEADER = "a header that is not of an encrypted key stands below {line}"
    STRANGE_CHARACTER = "a character that is not Base64 stands in the body of {line}"
    CUT_SHORT = "the Base64 of {line} is cut short, or has a character too many"
    NO_BODY = "nothing stands in {line}"


LAYOUT = frozenset(
    {
        Mistake.INDENTED,
        Mistake.TEXT_BEFORE,
        Mistake.TEXT_BEHIND,
        Mistake.HYPHENS,
        Mistake.LETTERS,
        Mistake.OLD_LINE_ENDS,
        Mistake.NO_LINE_ENDS,
        Mistake.EMPTY_LINE,
        Mistake.LONG_LINE,
        Mistake.HEADER,
        Mistake.STRANGE_CHARACTER,
    }
)
"""Mistakes that may have lost nothing: written again, the text may be good."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """What stands between a BEGIN line and its END line."""

    label: str
    line: int
    """The number of its BEGIN line, from 1."""
    headers: str = ""
    content: bytes = field(default=b"", repr=False)
    """The decoded body: DER, encrypted where the headers say so."""
    swallows: bool = False
    """True where another BEGIN line stands in it: what follows that one is lost."""

    @property
    def is_certificate(self) -> bool:
        return self.label in CERTIFICATE_LABELS

    @property
    def is_key(self) -> bool:
        return self.label in KEY_LABELS

    @property
    def cipher_and_salt(self) -> tuple[str, str] | None:
        """Of the header ``DEK-Info`` (RFC 1421 section 4.6.1.3)."""
        found = re.search(r"(?m)^DEK-Info: *([^,\s]*),?([^\s]*)", self.headers)
        return (found[1], found[2]) if found else None


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A place that OpenSSL does not read."""

    mistake: Mistake
    line: int
    """Its number, from 1."""
    label: str = ""
    """Of the block, where there is one."""
    mark: str = "BEGIN"

    def __str__(self) -> str:
        label = "".join(each if each.isprintable() else "?" for each in self.label[:_LONGEST_LABEL])
        shown = f"-----{self.mark} {label}-----"
        return f"line {self.line}: {self.mistake.value.format(line=shown)}"


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A line, or what OpenSSL reads of a long one at once, without its end."""

    text: bytes
    line: int
    is_whole: bool
    """False where the line goes on in the next piece."""


def read_pem(content: bytes) -> tuple[Block | Fault, ...]:
    """Each block in turn, or why it is none. OpenSSL stops at the first fault; this reads on."""
    return tuple(_read(list(_pieces(content))))


def blocks_of(content: bytes) -> tuple[Block, ...]:
    return tuple(each for each in read_pem(content) if isinstance(each, Block))


def faults_of(content: bytes) -> tuple[Fault, ...]:
    return tuple(each for each in read_pem(content) if isinstance(each, Fault))


def find_end(content: bytes) -> Fault | None:
    """An END line that has no BEGIN line; the first one."""
    for piece in _pieces(content):
        label = _label_of(piece.text, b"END")
        if label is not None:
            return Fault(mistake=Mistake.NO_BEGIN, line=piece.line, label=label, mark="END")
    return None


def _pieces(content: bytes) -> Iterator[_Piece]:
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), 1):
        rest = line + b"\n"
        for start in range(0, len(rest), _PIECE):
            end = start + _PIECE
            text = rest[start:end]
            if number == 1 and start == 0:
                text = text.removeprefix(BYTE_ORDER_MARK)
            yield _Piece(text=text.rstrip(_DROPPED), line=number, is_whole=end >= len(rest))


def _label_of(text: bytes, mark: bytes) -> str | None:
    """Of a line that begins or ends a block."""
    start = b"-----%b " % mark
    if text.startswith(start) and text.endswith(b"-----") and len(text) >= len(start) + 5:
        return text[len(start) : -5].decode("latin-1")
    return None


def _read(pieces: list[_Piece]) -> Iterator[Block | Fault]:
    place = 0
    while place < len(pieces):
        label = _label_of(pieces[place].text, b"BEGIN")
        if label is None:
            place += 1
            continue
        found, place = _read_block(pieces, place, label)
        yield found


def _read_block(pieces: list[_Piece], begin: int, label: str) -> tuple[Block | Fault, int]:
    """The block and the place behind it; behind a fault, where the next one may begin."""
    reading = _Reading(label=label, line=pieces[begin].line)
    inner = None
    for place in range(begin + 1, len(pieces)):
        text = pieces[place].text
        if text.startswith(b"-----END "):
            if _label_of(text, b"END") == label:
                return reading.finished(), place + 1
            mistake = Mistake.OTHER_END if inner is None else Mistake.NO_END
            return reading.fault(mistake), place + 1 if inner is None else inner
        if _label_of(text, b"BEGIN") is not None:
            inner = place
        fault = reading.take(pieces[place])
        if fault:
            return fault, place + 1 if inner is None else inner
    return reading.fault(Mistake.NO_END), len(pieces)


class _Reading:
    """A block whose END line has not come yet."""

    def __init__(self, *, label: str, line: int) -> None:
        self._label, self._line = label, line
        self._headers: list[bytes] = []
        self._body: list[tuple[int, bytes]] = []
        self._has_header = False
        """Whether a line with a colon stood above the first empty line."""
        self._is_divided = False
        self._was_whole, self._was_short = True, False

    def fault(self, mistake: Mistake, line: int = 0) -> Fault:
        return Fault(mistake=mistake, line=line or self._line, label=self._label)

    def take(self, piece: _Piece) -> Fault | None:
        """Takes a line, or says what is wrong with it."""
        begins_a_line, self._was_whole = self._was_whole, piece.is_whole
        if not self._is_divided and b":" in piece.text:
            self._has_header = True
        if not piece.text:
            return self._take_empty(piece.line) if begins_a_line else None
        if self._is_divided:
            if self._was_short or len(piece.text) > _LONGEST_BEHIND_HEADERS:
                return self.fault(Mistake.LONG_LINE, piece.line)
            self._was_short = len(piece.text) < _LONGEST_BEHIND_HEADERS
        self._body.append((piece.line, piece.text))
        return None

    def _take_empty(self, line: int) -> Fault | None:
        if self._is_divided:
            return self.fault(Mistake.EMPTY_LINE, line)
        if self._body and not self._has_header:
            return self.fault(Mistake.EMPTY_LINE, line)
        self._is_divided = True
        self._headers, self._body = [text for _, text in self._body], []
        return None

    def _may_have(self, headers: bytes) -> bool:
        """A certificate has none, a key those of its encryption; others are not looked at."""
        if self._label in CERTIFICATE_LABELS:
            return False
        return self._label not in KEY_LABELS or _ENCRYPTED.match(headers) is not None

    def finished(self) -> Block | Fault:
        headers = b"\n".join(self._headers)
        if self._has_header and not self._may_have(headers):
            return self.fault(Mistake.HEADER, self._line + 1)
        bare = bytearray()
        for line, text in self._body:
            body, hyphen, _ = text.partition(b"-")  # where OpenSSL's decoder stops
            if _STRANGE.search(body):
                return self.fault(Mistake.STRANGE_CHARACTER, line)
            bare += _SPACE.sub(b"", body)
            if hyphen:
                break
        if not bare:
            return self.fault(Mistake.NO_BODY)
        decoded = _decode(bytes(bare))
        if decoded is None:
            return self.fault(Mistake.CUT_SHORT)
        return Block(
            label=self._label,
            line=self._line,
            headers=headers.decode("latin-1"),
            content=decoded,
            swallows=any(text.startswith(b"-----BEGIN ") for _, text in self._body),
        )


def _decode(bare: bytes) -> bytes | None:
    if len(bare) % 4 or not _BASE64.fullmatch(bare):
        return None
    try:
        return base64.b64decode(bare, validate=True)
    except binascii.Error:
        return None
