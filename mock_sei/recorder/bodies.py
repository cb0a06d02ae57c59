"""What is kept of a body for the recording, while it passes: at most 4 MiB."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from mock_sei.recordings.exchanges import NO_BODY, RecordedBody

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of a body, also decoded, that are kept."""
_TOO_LARGE = f"larger than {LARGEST_BODY} bytes"
_ANY_ZLIB = 47
"""``wbits`` with which zlib reads gzip and zlib."""
_RAW = -15
_CODED = frozenset({"gzip", "x-gzip", "deflate"})


class NotDecoded(Exception):
    """A body is not kept; the text says why."""


class KeptBody:
    """A body that passes."""

    def __init__(self) -> None:
        self.size = 0
        """Bytes so far."""
        self.is_whole = False
        """True after its end."""
        self._pieces: list[bytes] = []

    def add(self, data: bytes) -> None:
        self.size += len(data)
        if self.size <= LARGEST_BODY:
            self._pieces.append(bytes(data))
        else:
            self._pieces.clear()

    @property
    def kept(self) -> int:
        """Bytes in memory."""
        return self.size if self.size <= LARGEST_BODY else 0

    def recorded(self, media_type: str, coding: str) -> RecordedBody:
        """The body for the recording. ``coding`` is its ``Content-Encoding``."""
        if not self.size:
            return RecordedBody(media_type=media_type) if media_type else NO_BODY
        if not self.is_whole:
            return self._left_out(media_type, "the connection ended in the middle of it")
        if self.size > LARGEST_BODY:
            return self._left_out(media_type, _TOO_LARGE)
        try:
            data = decoded(b"".join(self._pieces), coding)
        except NotDecoded as error:
            return self._left_out(media_type, str(error))
        return RecordedBody(media_type=media_type, size=len(data), data=data)

    def _left_out(self, media_type: str, reason: str) -> RecordedBody:
        return RecordedBody(media_type=media_type, size=self.size, left_out=reason)


def codings_of(header: str) -> list[str]:
    """The codings of ``Content-Encoding``, the last one first."""
    named = (each.strip().lower() for each in header.split(","))
    return [each for each in named if each not in ("", "identity")][::-1]


def decoded(data: bytes, coding: str) -> bytes:
    """A whole body without its ``Content-Encoding``. Raises :class:`NotDecoded`."""
    for each in codings_of(coding):
        if each not in _CODED:
            raise NotDecoded("its Content-Encoding is not decoded here")
        data = _inflated(data)
    return data


def _inflated(data: bytes) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in _members(data):
        size += len(piece)
        if size > LARGEST_BODY:
            raise NotDecoded(_TOO_LARGE)
        pieces.append(piece)
    return b"".join(pieces)


def _members(data: bytes) -> Iterator[bytes]:
    """The decoded members of a gzip body, which usually has one. Each is cut at the limit."""
    wbits = _ANY_ZLIB
    while data:
        reading = zlib.decompressobj(wbits)
        try:
            piece = reading.decompress(data, LARGEST_BODY + 1)
        except zlib.error:
            if wbits == _RAW:
                raise NotDecoded("its Content-Encoding is not what it says") from None
            wbits = _RAW  # what some servers call deflate
            continue
        yield piece
        if len(piece) > LARGEST_BODY:
            return
        if not reading.eof:
            raise NotDecoded("its Content-Encoding ends too early")
        data = reading.unused_data
