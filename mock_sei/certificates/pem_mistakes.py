"""The first mistake in a text that should be PEM but that OpenSSL cannot read.

It also finds malformed BEGIN and END lines, which OpenSSL does not recognise.
"""

from __future__ import annotations

import re

from mock_sei.certificates.pem import (
    BYTE_ORDER_MARK,
    MistakeKind,
    PemMistake,
    blocks_of,
    find_end,
    mistakes_of,
)

_DASH = rb"(?:-|\xe2\x80[\x90-\x95]|\xe2\x88\x92)"
"""A hyphen, or a dash that a word processor put in place of hyphens."""
_LOOSE = re.compile(
    rb"(%b{1,12})[ \t]*(BEGIN|END)[ \t]+([A-Z0-9][A-Z0-9 .-]{0,40}?)[ \t]*(%b{1,12})"
    % (_DASH, _DASH),
    re.IGNORECASE,
)


def find_mistake(content: bytes) -> PemMistake | None:
    """The first mistake in a text that should be PEM, None if OpenSSL can read the text."""
    spoiled = next(filter(None, map(_spoiled, _LOOSE.finditer(content))), None)
    fault = next(iter(mistakes_of(content)), None)
    if spoiled and (fault is None or _explains(spoiled, fault)):
        return spoiled
    return fault or (None if blocks_of(content) else find_end(content))


def _explains(spoiled: PemMistake, fault: PemMistake) -> bool:
    """True if a malformed line is the reason for another mistake, such as a missing END line."""
    return spoiled.line <= fault.line or fault.mistake in (
        MistakeKind.NO_END,
        MistakeKind.OTHER_END,
    )


def _spoiled(found: re.Match[bytes]) -> PemMistake | None:
    content = found.string
    line_start = max(content.rfind(b"\n", 0, found.start()), content.rfind(b"\r", 0, found.start()))
    line_start += 1
    before = content[line_start : found.start()]
    if line_start == 0:
        before = before.removeprefix(BYTE_ORDER_MARK)
    end = content.find(b"\n", found.end(), found.end() + 2000)
    behind = content[found.end() : end if end >= 0 else found.end() + 2000]
    mark = found[2].upper().decode()
    label = " ".join(found[3].decode("latin-1").upper().split())
    number = content.count(b"\n", 0, found.start()) + 1

    def fault(mistake: MistakeKind) -> PemMistake:
        return PemMistake(mistake=mistake, line=number, label=label, mark=mark)

    if found[4] == b"-" * 10 and content[found.end() : found.end() + 5] == b"BEGIN":
        return fault(MistakeKind.NO_LINE_ENDS)
    if found[1] != b"-----" or found[4] != b"-----":
        return fault(MistakeKind.HYPHENS)
    if found[0] != f"-----{mark} {label}-----".encode():
        return fault(MistakeKind.LETTERS)
    if before.strip(b" \t"):
        joined = b"-----BEGIN" in before or mark == "END"
        return fault(MistakeKind.NO_LINE_ENDS if joined else MistakeKind.TEXT_BEFORE)
    if before:
        return fault(MistakeKind.INDENTED)
    if behind.lstrip(b" \t").startswith(b"\r") and behind.strip():
        return fault(MistakeKind.OLD_LINE_ENDS)
    if behind.strip(bytes(range(33))):
        joined = b"-----END" in behind or (mark == "END" and b"-----BEGIN" in behind)
        return fault(MistakeKind.NO_LINE_ENDS if joined else MistakeKind.TEXT_BEHIND)
    return None
