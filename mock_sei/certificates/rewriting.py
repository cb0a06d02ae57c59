"""Rewriting of a text that holds malformed PEM, so that OpenSSL can read it.

One table has the steps both as a perl program, which the user gets, and as Python functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mock_sei.certificates.forms import Form
from mock_sei.certificates.recognition import form_of

_LARGEST = 500_000
_MOST_MARKS = 100
"""A text that is rewritten has so many bytes and BEGIN lines at most; a client's file has fewer."""

_DASH = r"(?:-|\xe2\x80[\x90-\x95]|\xe2\x88\x92)"
_MARK = rf"{_DASH}{{1,12}}[ \t]*(BEGIN|END)[ \t]+([A-Z0-9][A-Z0-9 ]{{0,40}}?)[ \t]*{_DASH}{{1,12}}"


@dataclass(frozen=True, kw_only=True)
class _Step:
    """One change of a text: as a perl statement, and as a Python function that does the same."""

    perl: str
    change: Callable[[bytes], bytes]
    is_needed: Callable[[bytes], bool]


def _mended(mark: re.Match[bytes]) -> bytes:
    return b"-----%b-----" % b" ".join((mark[1] + b" " + mark[2]).upper().split())


_STEPS = (
    _Step(
        perl="tr/+/ /; s/%([0-9A-Fa-f]{2})/chr hex $1/ge;",
        change=lambda text: re.sub(
            rb"%([0-9A-Fa-f]{2})",
            lambda found: bytes([int(found[1], 16)]),
            text.replace(b"+", b" "),
        ),
        is_needed=lambda text: form_of(text) is Form.PERCENT,
    ),
    _Step(
        perl=r"s/\\{1,4}[nr]/\n/g;",
        change=lambda text: re.sub(rb"\\{1,4}[nr]", b"\n", text),
        is_needed=lambda text: re.search(rb"\\[nr]", text) is not None,
    ),
    _Step(
        perl=r"s/-{10}(?=BEGIN)/-----\n-----/g;",
        change=lambda text: re.sub(rb"-{10}(?=BEGIN)", b"-----\n-----", text),
        is_needed=lambda text: b"-" * 10 + b"BEGIN" in text,
    ),
    _Step(
        perl=rf's/{_MARK}/join(" ", "-----".uc $1, split(" ", uc $2))."-----"/gie;',
        change=lambda text: re.sub(_MARK.encode(), _mended, text, flags=re.IGNORECASE),
        is_needed=lambda text: any(
            each[0] != _mended(each) for each in re.finditer(_MARK.encode(), text, re.IGNORECASE)
        ),
    ),
)
_HEADERS = r"\A\s*(Proc-Type: 4,ENCRYPTED)\s+(DEK-Info: \S+)"
_KEPT_HEADERS = rf'$h = $b =~ s/{_HEADERS}// ? "$1\n$2\n\n" : "";'
_BLOCKS = (
    "while (/-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \\1-----/gs) {{ "
    "($l, $b) = ($1, $2); {headers}"
    "$b =~ s/[^A-Za-z0-9+\\/=]//g; $b =~ s/(.{{1,64}})/$1\\n/g; "
    'print "-----BEGIN $l-----\\n{head}$b-----END $l-----\\n" }}'
)


def write_again(content: bytes) -> tuple[bytes, str]:
    """The correct PEM blocks of a malformed text, and the perl program that writes them."""
    if len(content) > _LARGEST or content.upper().count(b"BEGIN") > _MOST_MARKS:
        return b"", ""
    program = []
    for step in _STEPS:
        if step.is_needed(content):
            program.append(step.perl)
            content = step.change(content)
    has_headers = b"DEK-Info" in content
    blocks = _BLOCKS.format(
        headers=f"{_KEPT_HEADERS} " if has_headers else "", head="$h" if has_headers else ""
    )
    written = b"".join(
        _block_again(each[1], each[2])
        for each in re.finditer(
            rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", content, re.DOTALL
        )
    )
    return written, " ".join((*program, blocks))


def _block_again(label: bytes, body: bytes) -> bytes:
    headers = re.match(_HEADERS.encode(), body)
    head = b"%b\n%b\n\n" % (headers[1], headers[2]) if headers else b""
    bare = re.sub(rb"[^A-Za-z0-9+/=]", b"", body[headers.end() :] if headers else body)
    lines = b"".join(bare[start : start + 64] + b"\n" for start in range(0, len(bare), 64))
    return b"-----BEGIN %b-----\n%b%b-----END %b-----\n" % (label, head, lines, label)
