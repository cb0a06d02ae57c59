"""Multipart bodies: the file in them, byte for byte (RFC 7578, RFC 2046 section 5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP
from itertools import islice, pairwise

from mock_sei.errors import Fault, MalformedRequest

MULTIPART = "multipart/form-data"

LONGEST_HEAD = 2048
"""Bytes of a part's head, and of the header that names the boundary, that are read."""
MOST_HEADS = 100
"""Parts with a filename, of which the first that is not empty is taken."""


@dataclass(frozen=True, kw_only=True)
class File:
    """An uploaded file."""

    name: str
    media_type: str
    content: bytes


def read_file(body: bytes, content_type: str | None) -> File:
    """The first file of a multipart body. Raises :class:`MalformedRequest`."""
    media_type = (content_type or "")[:LONGEST_HEAD]
    boundary = _headers(f"Content-Type: {media_type}".encode()).get_boundary()
    parts = _parts(body, boundary) if boundary else ()
    # To read a head costs far more than its bytes: only those of files are, and not all of them.
    named = (each for each in parts if b"filename" in each[0][:LONGEST_HEAD].lower())
    for head, content in islice(named, MOST_HEADS):
        headers = _headers(head[:LONGEST_HEAD])
        name = headers.get_filename()
        if name:
            return File(name=name[:255], media_type=headers.get_content_type(), content=content)
    fault = Fault("filename", "body", "no file in the multipart body: a part with a filename")
    raise MalformedRequest([fault])


def _headers(lines: bytes) -> EmailMessage:
    message: EmailMessage = BytesParser(policy=HTTP).parsebytes(
        lines + b"\r\n\r\n", headersonly=True
    )
    return message


def _parts(body: bytes, boundary: str) -> Iterator[tuple[bytes, bytes]]:
    """Head and content of each; none where the closing delimiter is missing."""
    name = re.escape(boundary.encode(errors="surrogateescape"))
    lines = re.compile(rb"\r\n--" + name + rb"(--)?[ \t]*(?=\r\n|\Z)")
    body = b"\r\n" + body
    delimiters = list(lines.finditer(body))
    closing = next((n for n, each in enumerate(delimiters) if each[1]), 0)
    for here, following in pairwise(delimiters[: closing + 1]):
        part = body[here.end() : following.start()]
        head, _, content = part.partition(b"\r\n\r\n")
        yield head.removeprefix(b"\r\n"), content
