"""The head of a part of a multipart body, and the parameters of a header (RFC 7578, RFC 9110).

Whatever is in a head is read or left out, in one pass: nothing in it is an error. What mail has
beside it (continued parameters, comments, encoded words) is left out too (RFC 7578 section 4.2).
"""

from __future__ import annotations

import codecs
import re
from urllib.parse import unquote

_CHARSETS = ("utf-8", "iso-8859-1")
"""Character sets that an extended parameter may have (RFC 8187 section 3.2.1, appendix A)."""

# Possessive: what was read once is not tried again in another way.
_LINE_END = re.compile(r"\r\n|\n")
_FOLDED = re.compile(r"\r?\n[ \t]++")
_PARAMETER = re.compile(
    r';[ \t]*+([^=;"\s]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^;"]*+))', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}", re.ASCII)


def read_head(head: bytes) -> dict[str, str]:
    """Header values by name in lower case; of a repeated one the first."""
    headers: dict[str, str] = {}
    for line in _LINE_END.split(_FOLDED.sub(" ", head.decode("utf-8", "replace"))):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers


def parameters_of(header: str) -> dict[str, str]:
    """Parameters by name in lower case; of a repeated one the first."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(header):
        value = _ESCAPED.sub(r"\1", quoted) if quoted else plain.strip()
        found.setdefault(name.lower(), value)
    return found


def file_name(headers: dict[str, str]) -> str | None:
    """What a part's file is called; None where the part is no file."""
    parameters = parameters_of(headers.get("content-disposition", ""))
    extended = _decoded(parameters.get("filename*", ""))
    named = parameters_of(headers.get("content-type", "")).get("name")
    return extended or parameters.get("filename") or named or None


def find_codec(charset: str) -> str | None:
    """Python's name of a character set of HTTP (RFC 9110 section 8.3.2)."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return None if name in _NO_CHARSETS else name


_NO_CHARSETS = frozenset(
    ["idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"]
)
"""Encodings of Python that are none of HTTP; one of them takes minutes for a long text."""


def _decoded(value: str) -> str | None:
    """The text of an extended value, ``UTF-8''na%C3%AFve.txt`` (RFC 8187 section 3.2)."""
    charset, _, rest = value.partition("'")
    _, quote, text = rest.partition("'")
    if not quote or charset.lower() not in _CHARSETS:
        return None
    return unquote(text, charset, "replace")


def media_type_of(header: str | None) -> str:
    """The media type in lower case; ``text/plain`` where the header names none (RFC 7578, 4.4)."""
    named = (header or "").partition(";")[0].strip().lower()
    return named if _MEDIA_TYPE.fullmatch(named) else "text/plain"
