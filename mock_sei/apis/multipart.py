"""Multipart bodies: the file in them, byte for byte (RFC 7578, RFC 2046 section 5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from mock_sei.apis.heads import file_name, media_type_of, parameters_of, read_head
from mock_sei.errors import Fault, MalformedRequest

MULTIPART = "multipart/form-data"


_FIRST_LINE = re.compile(rb"--([ -~]{0,69}[!-~])[ \t]*\r\n")
"""RFC 2046 section 5.1.1: a boundary has 70 characters at most, and ends with no space."""


@dataclass(frozen=True, kw_only=True)
class File:
    """An uploaded file."""

    name: str
    media_type: str
    content: bytes


def read_file(body: bytes, content_type: str | None) -> File:
    """The first file of a multipart body. Raises :class:`MalformedRequest`.

    Its first line tells the boundary where the content type is another one: the upload page of
    content management documents ``application/json`` for a file.
    """
    if media_type_of(content_type) == MULTIPART:
        boundary = parameters_of(content_type or "").get("boundary", "").rstrip()
    else:
        first_line = _FIRST_LINE.match(body)
        boundary = first_line[1].decode() if first_line else ""
    parts = _parts(body, boundary) if boundary else ()
    # To read a head costs far more than its bytes: only those of files are.
    for head, content in (each for each in parts if b"filename" in each[0].lower()):
        headers = read_head(head)
        name = file_name(headers)
        if name:
            media_type = media_type_of(headers.get("content-type"))
            return File(name=name[:255], media_type=media_type, content=content)
    fault = Fault("filename", "body", "no file in the multipart body: a part with a filename")
    raise MalformedRequest([fault])


def _parts(body: bytes, boundary: str) -> Iterator[tuple[bytes, bytes]]:
    """Head and content of each; none where the closing delimiter is missing."""
    name = re.escape(boundary.encode(errors="replace"))
    lines = re.compile(rb"\r\n--" + name + rb"(--)?[ \t]*(?=\r\n|\Z)")
    body = b"\r\n" + body
    delimiters = list(lines.finditer(body))
    closing = next((n for n, each in enumerate(delimiters) if each[1]), 0)
    for here, following in pairwise(delimiters[: closing + 1]):
        part = body[here.end() : following.start()]
        head, _, content = part.partition(b"\r\n\r\n")
        yield head.removeprefix(b"\r\n"), content
