"""A reader of PEM text by OpenSSL's rules, which says what is wrong with text that OpenSSL rejects.

Python, curl and Node use OpenSSL, whose rules are stricter than those of other libraries: a BEGIN
line and an END line must be alone on their lines, and an empty line separates headers from the
body. Source: RFC 7468, and experiments with OpenSSL 3 (``tests/certificates/test_pem.py``).
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
"""The labels of blocks that OpenSSL reads as certificates, as CSRs and as private keys."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_LONGEST_LABEL = 60
"""A message shows so many characters of a label."""
_PIECE = 254
"""OpenSSL reads so many bytes of a line at once. It treats a longer line as several lines."""
_DROPPED = bytes([*range(33), *range(128, 256)])
"""The bytes that OpenSSL removes from a line's end: blanks, control characters and, if C's ``char``
is signed, bytes that are not ASCII."""
_LONGEST_BEHIND_HEADERS = 64
"""The length of each line of a body that follows an empty line; only the last may be shorter."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_SPACE = re.compile(rb"[ \t\r\n]+")
_ENCRYPTED = re.compile(rb"Proc-Type:[ \t]*4[ \t]*,[ \t]*ENCRYPTED\b")
_STRANGE = re.compile(rb"[^A-Za-z0-9+/= \t\r\n]")


class MistakeKind(StrEnum):
    """A mistake in a block or in the lines around it. ``{line}`` is its BEGIN or END line."""

    INDENTED = "there is white space before {line}"
    TEXT_BEFORE = "there is text before {line}, which must begin its line"
    TEXT_BEHIND = "there is text after {line}, which must end its line"
    HYPHENS = "{line} must have five hyphens on both sides"
    LETTERS = "{line} must be written in capital letters, with one blank between the words"
    OLD_LINE_ENDS = "the lines end with a carriage return only, as on old Macs"
    NO_LINE_ENDS = "the lines are joined: there is no line end after {line}"
    NO_BEGIN = "{line} has no BEGIN line before it"
    NO_END = "{line} has no END line after it"
    OTHER_END = "{line} is followed by an END line with another label"
    EMPTY_LINE = "there is an empty line in the body of {line}"
    LONG_LINE = "after the empty line in {line}, each line but the last must have 64 characters"
    HEADER = "{line} is followed by a header, which only an encrypted key may have"
    STRANGE_CHARACTER = "there is a character that is not Base64 in the body of {line}"
    CUT_SHORT = "the Base64 of {line} is cut short, or has one character too many"
    NO_BODY = "{line} has no body"


LAYOUT = frozenset(
    {
        MistakeKind.INDENTED,
        MistakeKind.TEXT_BEFORE,
        MistakeKind.TEXT_BEHIND,
        MistakeKind.HYPHENS,
        MistakeKind.LETTERS,
        MistakeKind.OLD_LINE_ENDS,
        MistakeKind.NO_LINE_ENDS,
        MistakeKind.EMPTY_LINE,
        MistakeKind.LONG_LINE,
        MistakeKind.HEADER,
        MistakeKind.STRANGE_CHARACTER,
    }
)
"""Mistakes of layout, with which no data may be lost: a rewritten text may be good."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A PEM block: the text between a BEGIN line and its END line."""

    label: str
    line: int
    """The number of its BEGIN line, from 1."""
    headers: str = ""
    content: bytes = field(default=b"", repr=False)
    """The decoded body in DER. It is encrypted if the headers say so."""
    swallows: bool = False
    """True if there is another BEGIN line inside: the block of that line is lost."""

    @property
    def is_certificate(self) -> bool:
        """True if its label is that of a certificate."""
        return self.label in CERTIFICATE_LABELS

    @property
    def is_key(self) -> bool:
        """True if its label is that of a private key."""
        return self.label in KEY_LABELS

    @property
    def cipher_and_salt(self) -> tuple[str, str] | None:
        """Cipher and salt in the header ``DEK-Info`` (RFC 1421 section 4.6.1.3), None without
        it."""
        found = re.search(r"(?m)^DEK-Info: *([^,\s]*),?([^\s]*)", self.headers)
        return (found[1], found[2]) if found else None


@dataclass(frozen=True, kw_only=True)
class PemMistake:
    """A place in a PEM text that OpenSSL cannot read."""

    mistake: MistakeKind
    line: int
    """The number of the line, from 1."""
    label: str = ""
    """The label of the block, if there is one."""
    mark: str = "BEGIN"

    def __str__(self) -> str:
        label = "".join(each if each.isprintable() else "?" for each in self.label[:_LONGEST_LABEL])
        shown = f"-----{self.mark} {label}-----"
        return f"line {self.line}: {self.mistake.value.format(line=shown)}"


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """A line without its end, or the part of a long line that OpenSSL reads at once."""

    text: bytes
    line: int
    is_whole: bool
    """False if the line continues in the next piece."""


def read_pem(content: bytes) -> tuple[Block | PemMistake, ...]:
    """All blocks of a text in order, and in the place of a bad block what is wrong with it.

    OpenSSL stops at the first mistake; this function reads the rest, too.
    """
    return tuple(_read(list(_pieces(content))))


def blocks_of(content: bytes) -> tuple[Block, ...]:
    """The blocks of a text that OpenSSL can read."""
    return tuple(each for each in read_pem(content) if isinstance(each, Block))


def mistakes_of(content: bytes) -> tuple[PemMistake, ...]:
    """The places in a text that OpenSSL cannot read."""
    return tuple(each for each in read_pem(content) if isinstance(each, PemMistake))


def find_end(content: bytes) -> PemMistake | None:
    """The first END line of a text, as a mistake: it has no BEGIN line. None without an END
    line."""
    for piece in _pieces(content):
        label = _label_of(piece.text, b"END")
        if label is not None:
            return PemMistake(
                mistake=MistakeKind.NO_BEGIN, line=piece.line, label=label, mark="END"
            )
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
    """The label of a BEGIN or END line, None if the line is something else."""
    start = b"-----%b " % mark
    if text.startswith(start) and text.endswith(b"-----") and len(text) >= len(start) + 5:
        return text[len(start) : -5].decode("latin-1")
    return None


def _read(pieces: list[_Piece]) -> Iterator[Block | PemMistake]:
    place = 0
    while place < len(pieces):
        label = _label_of(pieces[place].text, b"BEGIN")
        if label is None:
            place += 1
            continue
        found, place = _read_block(pieces, place, label)
        yield found


def _read_block(pieces: list[_Piece], begin: int, label: str) -> tuple[Block | PemMistake, int]:
    """A block or a mistake, and the number of the piece at which the reading goes on."""
    reading = _Reading(label=label, line=pieces[begin].line)
    inner = None
    for place in range(begin + 1, len(pieces)):
        text = pieces[place].text
        if text.startswith(b"-----END "):
            if _label_of(text, b"END") == label:
                return reading.finished(), place + 1
            mistake = MistakeKind.OTHER_END if inner is None else MistakeKind.NO_END
            return reading.fault(mistake), place + 1 if inner is None else inner
        if _label_of(text, b"BEGIN") is not None:
            inner = place
        fault = reading.take(pieces[place])
        if fault:
            return fault, place + 1 if inner is None else inner
    return reading.fault(MistakeKind.NO_END), len(pieces)


class _Reading:
    """A block that is being read, up to its END line."""

    def __init__(self, *, label: str, line: int) -> None:
        self._label, self._line = label, line
        self._headers: list[bytes] = []
        self._body: list[tuple[int, bytes]] = []
        self._has_header = False
        """True if there was a line with a colon before the first empty line."""
        self._is_divided = False
        self._was_whole, self._was_short = True, False

    def fault(self, mistake: MistakeKind, line: int = 0) -> PemMistake:
        return PemMistake(mistake=mistake, line=line or self._line, label=self._label)

    def take(self, piece: _Piece) -> PemMistake | None:
        """Reads a line, and returns what is wrong with it."""
        begins_a_line, self._was_whole = self._was_whole, piece.is_whole
        if not self._is_divided and b":" in piece.text:
            self._has_header = True
        if not piece.text:
            return self._take_empty(piece.line) if begins_a_line else None
        if self._is_divided:
            if self._was_short or len(piece.text) > _LONGEST_BEHIND_HEADERS:
                return self.fault(MistakeKind.LONG_LINE, piece.line)
            self._was_short = len(piece.text) < _LONGEST_BEHIND_HEADERS
        self._body.append((piece.line, piece.text))
        return None

    def _take_empty(self, line: int) -> PemMistake | None:
        if self._is_divided:
            return self.fault(MistakeKind.EMPTY_LINE, line)
        if self._body and not self._has_header:
            return self.fault(MistakeKind.EMPTY_LINE, line)
        self._is_divided = True
        self._headers, self._body = [text for _, text in self._body], []
        return None

    def _may_have(self, headers: bytes) -> bool:
        """True if a block with this label may have these headers.

        A certificate may have none, a key only those of its encryption. OpenSSL does not check
        other blocks.
        """
        if self._label in CERTIFICATE_LABELS:
            return False
        return self._label not in KEY_LABELS or _ENCRYPTED.match(headers) is not None

    def finished(self) -> Block | PemMistake:
        headers = b"\n".join(self._headers)
        if self._has_header and not self._may_have(headers):
            return self.fault(MistakeKind.HEADER, self._line + 1)
        bare = bytearray()
        for line, text in self._body:
            body, hyphen, _ = text.partition(b"-")  # OpenSSL's decoder stops at a hyphen
            if _STRANGE.search(body):
                return self.fault(MistakeKind.STRANGE_CHARACTER, line)
            bare += _SPACE.sub(b"", body)
            if hyphen:
                break
        if not bare:
            return self.fault(MistakeKind.NO_BODY)
        decoded = _decode(bytes(bare))
        if decoded is None:
            return self.fault(MistakeKind.CUT_SHORT)
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
