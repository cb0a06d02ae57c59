"""Reads the headers of a part of a multipart body, and the parameters of a header (RFC 7578, RFC
9110).

Everything is read in one pass. What cannot be read is ignored and is never an error. Syntax that
only mail has (continued parameters, comments, encoded words) is ignored too (RFC 7578 section 4.2).
"""

from __future__ import annotations

import codecs
import re
from urllib.parse import unquote

_CHARSETS = ("utf-8", "iso-8859-1")
"""Character sets that an extended parameter may have (RFC 8187 section 3.2.1, appendix A)."""

# The quantifiers are possessive, so that a long header cannot make them backtrack.
_LINE_END = re.compile(r"\r\n|\n")
_FOLDED = re.compile(r"\r?\n[ \t]++")
_PARAMETER = re.compile(
    r';[ \t]*+([^=;"\s]++)[ \t]*+=[ \t]*+(?:"((?:[^"\\]|\\.)*+)"|([^;"]*+))', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}", re.ASCII)


def read_head(head: bytes) -> dict[str, str]:
    """Header values by their names in lower case. The first value of a repeated header counts."""
    headers: dict[str, str] = {}
    for line in _LINE_END.split(_FOLDED.sub(" ", head.decode("utf-8", "replace"))):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), value.strip())
    return headers


def parameters_of(header: str) -> dict[str, str]:
    """Parameters by their names in lower case. The first value of a repeated parameter counts."""
    found: dict[str, str] = {}
    for name, quoted, plain in _PARAMETER.findall(header):
        value = _ESCAPED.sub(r"\1", quoted) if quoted else plain.strip()
        found.setdefault(name.lower(), value)
    return found


def file_name(headers: dict[str, str]) -> str | None:
    """The file name of a part, or None if the part is not a file."""
    parameters = parameters_of(headers.get("content-disposition", ""))
    extended = _decoded(parameters.get("filename*", ""))
    named = parameters_of(headers.get("content-type", "")).get("name")
    return extended or parameters.get("filename") or named or None


def find_codec(charset: str) -> str | None:
    """Python's name for a character set of HTTP (RFC 9110 section 8.3.2), or None."""
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return None
    return None if name in _NO_CHARSETS else name


_NO_CHARSETS = frozenset(
    ["idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"]
)
"""Python encodings that are not character sets of HTTP. One of them takes minutes for a long
text."""


def _decoded(value: str) -> str | None:
    """The text of an extended value such as ``UTF-8''na%C3%AFve.txt`` (RFC 8187 section 3.2), or
    None."""
    charset, _, rest = value.partition("'")
    _, quote, text = rest.partition("'")
    if not quote or charset.lower() not in _CHARSETS:
        return None
    return unquote(text, charset, "replace")


def media_type_of(header: str | None) -> str:
    """The media type in lower case.

    It is ``text/plain`` if the header names none (RFC 7578, 4.4).
    """
    named = (header or "").partition(";")[0].strip().lower()
    return named if _MEDIA_TYPE.fullmatch(named) else "text/plain"
