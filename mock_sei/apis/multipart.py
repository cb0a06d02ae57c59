"""Reads multipart bodies, and the files in them byte for byte (RFC 7578, RFC 2046 section 5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from mock_sei.apis.bodies import MULTIPART
from mock_sei.apis.heads import file_name, media_type_of, parameters_of, read_head
from mock_sei.apis.spooled import Body, Content
from mock_sei.errors import InvalidValue, MalformedRequest

MOST_PARTS = 1000
"""The most parts of one body. Finding a part costs far more than its bytes."""
LARGEST_HEAD = 4 * 1024
"""The most bytes of the headers of a part. A part with more is not treated as a file."""
_LONGEST_BOUNDARY = 1024
"""How many bytes of the boundary in a header are read. RFC 2046 allows 70."""
_MOST_BLANKS = 200
"""The most blanks between a boundary and the end of its line (RFC 2046, transport padding)."""

_FIRST_LINE = re.compile(rb"--([ -~]{0,69}[!-~])[ \t]*\r\n")
"""A boundary has at most 70 characters and does not end with a space (RFC 2046 section 5.1.1)."""


@dataclass(frozen=True, kw_only=True)
class UploadedFile:
    """An uploaded file."""

    name: str
    media_type: str
    content: Content


def read_file(body: Body, content_type: str | None) -> UploadedFile:
    """The first file of a multipart body. Raises :class:`MalformedRequest`.

    If the content type gives no boundary, the first line of the body does: the upload page of
    content management documents ``application/json`` for a file.
    """
    if media_type_of(content_type) == MULTIPART:
        boundary = parameters_of(content_type or "").get("boundary", "").rstrip()
    else:
        first_line = _FIRST_LINE.match(_beginning(body, 0, LARGEST_HEAD))
        boundary = first_line[1].decode() if first_line else ""
    for part in _heads(body, _parts(body, boundary) or (), only_files=True):
        if part.file_name:
            return UploadedFile(
                name=part.file_name[:255], media_type=part.media_type, content=part.content
            )
    fault = InvalidValue(
        "filename", "body", "no file in the multipart body: a part with a filename"
    )
    raise MalformedRequest([fault])


@dataclass(frozen=True, kw_only=True)
class FormPart:
    """A field or a file of a form."""

    name: str
    """Empty if the part has no name."""
    file_name: str | None
    media_type: str
    """``text/plain`` if the part names no media type."""
    content: Content
    headers: Mapping[str, str]
    """The headers of the part, by their names in lower case."""


def read_form_parts(body: Body, content_type: str | None) -> Iterator[FormPart]:
    """All parts of a ``multipart/form-data`` body. Raises :class:`MalformedRequest`."""
    boundary = parameters_of(content_type or "").get("boundary", "").rstrip()
    if not boundary:
        reason = f"must be {MULTIPART} with a boundary, such as {MULTIPART}; boundary=part"
        raise MalformedRequest([InvalidValue("content-type", "header", reason)])
    parts = _parts(body, boundary)
    if parts is None:
        reason = "not a multipart body: it does not end with the boundary of the content-type"
        raise MalformedRequest([InvalidValue("", "body", reason)])
    return _heads(body, parts, only_files=False)


def _heads(body: Body, parts: Iterable[tuple[int, int]], *, only_files: bool) -> Iterator[FormPart]:
    for begin, end in parts:
        start = _beginning(body, begin, min(end, begin + LARGEST_HEAD))
        head, blank_line, _ = start.partition(b"\r\n\r\n")
        # Reading the headers of a part costs far more than its bytes. If only files are wanted,
        # the headers of other parts are not read.
        if only_files and b"filename" not in head.lower():
            continue
        if not (blank_line or len(start) == end - begin):
            continue
        headers = read_head(head.removeprefix(b"\r\n"))
        yield FormPart(
            name=parameters_of(headers.get("content-disposition", "")).get("name", ""),
            file_name=file_name(headers),
            media_type=media_type_of(headers.get("content-type")),
            content=Content(body, min(end, begin + len(head) + len(b"\r\n\r\n")), end),
            headers=headers,
        )


def _beginning(body: Body, begin: int, end: int) -> bytes:
    return b"".join(body.pieces(begin, end))


def _parts(body: Body, boundary: str) -> list[tuple[int, int]] | None:
    """Beginning and end of each part. None if the closing delimiter is missing.

    Raises :class:`MalformedRequest` for too many parts.
    """
    if not boundary:
        return None
    delimiters: list[tuple[int, int, bool]] = []
    for each in _delimiters(body, boundary[:_LONGEST_BOUNDARY].encode(errors="replace")):
        delimiters.append(each)
        if each[2]:
            return [(here[1], following[0]) for here, following in pairwise(delimiters)]
        if len(delimiters) > MOST_PARTS:
            reason = f"the multipart body has more than {MOST_PARTS} parts; send fewer in one call"
            raise MalformedRequest([InvalidValue("", "body", reason)])
    return None


def _delimiters(body: Body, boundary: bytes) -> Iterator[tuple[int, int, bool]]:
    """Beginning and end of each delimiter, and whether it is the closing one.

    The body is searched piece by piece. Each piece overlaps the one before, so no delimiter is cut.
    """
    mark = b"\r\n--" + boundary
    pattern = re.compile(re.escape(mark) + rb"(--)?[ \t]{0,%d}+(?=\r\n|\Z)" % _MOST_BLANKS)
    longest = len(mark) + len(b"--") + _MOST_BLANKS + len(b"\r\n")
    window, place = b"\r\n", -len(b"\r\n")  # the body may begin with a delimiter
    ahead = body.pieces()
    piece = next(ahead, None)
    while piece is not None:
        window += piece
        piece = next(ahead, None)
        settled = len(window) if piece is None else max(0, len(window) - longest)
        for found in pattern.finditer(window):
            if found.start() >= settled:
                break
            yield place + found.start(), place + found.end(), found[1] is not None
            settled = max(settled, found.end())
        window, place = window[settled:], place + settled
