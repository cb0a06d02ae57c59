"""Holds the bytes of request bodies: in memory if they are few, otherwise in a file without a name.

The file is in the machine's folder for temporary files (``TMPDIR``). Its name is removed at once,
so that nothing remains when the process ends, even if it is killed. This module knows neither HTTP
nor the meaning of the bytes.
"""

from __future__ import annotations

import contextlib
import errno
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import IO

IN_MEMORY = 64 * 1024
"""The most bytes of a body in memory. Of a larger body, at most these wait to be written to its
file."""
PIECE = 256 * 1024
"""How many bytes are read from a file at a time."""

_MADE_BY_ROOM = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
"""Errors that may disappear when another body is closed."""


class Crowded(Exception):
    """All bodies together would exceed their limit."""

    def __init__(self, most: int) -> None:
        super().__init__(f"all bodies together may take {most} bytes")
        self.most = most


class Spool:
    """Counts the bytes of all bodies of a platform, both incoming and stored ones."""

    def __init__(self, most: int) -> None:
        self.most = most
        """The most bytes of all bodies together."""
        self.size = 0
        """The bytes of all bodies that are not closed."""
        self._lock = threading.RLock()  # garbage collection may close a body at any time

    def grow(self, size: int) -> bool:
        """Counts more bytes. Returns False, and counts nothing, if the limit would be exceeded."""
        with self._lock:
            if self.size + size > self.most:
                return False
            self.size += size
            return True

    def shrink(self, size: int) -> None:
        """Counts fewer bytes, because a body was closed."""
        with self._lock:
            self.size -= size


def _no_room() -> bool:
    return False


class Body:
    """The bytes of one request body. Only one thread at a time may use it.

    ``make_room`` closes another body. It returns False if there is none.
    """

    def __init__(self, spool: Spool, make_room: Callable[[], bool] = _no_room) -> None:
        self.size = 0
        """The number of bytes received so far."""
        self.is_kept = False
        """Whether another object closes the body later. Otherwise it is closed at the end of its
        call."""
        self._spool = spool
        self._make_room = make_room
        self._end = bytearray()
        """The bytes that are not in the file."""
        self._file: IO[bytes] | None = None
        self._in_file = 0

    @classmethod
    def of(cls, content: bytes) -> Body:
        """A complete body with this content, outside any platform."""
        body = cls(Spool(len(content)))
        body.add(content)
        return body

    def add(self, piece: bytes) -> None:
        """Adds bytes. If this raises :class:`Crowded`, the body must be closed."""
        while not self._spool.grow(len(piece)):
            if not self._make_room():
                raise Crowded(self._spool.most)
        self.size += len(piece)
        self._end += piece

    @property
    def is_due(self) -> bool:
        """Whether too many bytes are in memory, so that :meth:`write` must be called."""
        return len(self._end) > IN_MEMORY

    def write(self) -> None:
        """Moves everything to the file, which may take some time. Raises ``OSError``."""
        self._trying(self._write)

    def read(self) -> bytes:
        """All bytes, read into memory."""
        return b"".join(self.pieces())

    def pieces(self, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``begin`` to ``end``, in pieces."""
        end = self.size if end is None else min(end, self.size)
        while begin < min(end, self._in_file) and self._file is not None:
            self._file.seek(begin)
            piece = self._file.read(min(PIECE, end - begin, self._in_file - begin))
            if not piece:
                raise OSError(errno.EIO, "a temporary file lost its content")
            begin += len(piece)
            yield piece
        if begin < end:
            yield bytes(self._end[begin - self._in_file : end - self._in_file])

    def keep(self) -> None:
        """Marks the body as complete. Another object closes it later."""
        self.is_kept = True
        self._make_room = _no_room  # avoids a reference to the object that holds this body

    def close(self) -> None:
        """Releases the bytes. May be called several times."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
        self._spool.shrink(self.size)
        self.size = self._in_file = 0
        self._end = bytearray()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # in a forked child the spool belongs to the parent
            self.close()

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # close() closes it
        self._file.seek(self._in_file)
        while self._end:
            written = self._file.write(self._end)
            self._in_file += written
            del self._end[:written]

    def _trying(self, act: Callable[[], None]) -> None:
        """Repeats an action as long as closing another body may help."""
        while True:
            try:
                act()
            except OSError as error:
                if error.errno not in _MADE_BY_ROOM or not self._make_room():
                    raise
            else:
                return


class Content:
    """A part of a body, such as an uploaded file. Its bytes stay in the body."""

    def __init__(self, body: Body, begin: int, end: int) -> None:
        self._body = body
        self._begin = begin
        self._end = end

    @classmethod
    def of(cls, content: bytes) -> Content:
        """A content of its own, with these bytes."""
        return cls(Body.of(content), 0, len(content))

    @property
    def size(self) -> int:
        """The number of its bytes."""
        return self._end - self._begin

    @property
    def held(self) -> int:
        """The bytes that it occupies: those of the whole body."""
        return self._body.size

    def keep(self) -> None:
        """Keeps the body after its call has ended."""
        self._body.keep()

    def read(self) -> bytes:
        """All bytes, read into memory."""
        return b"".join(self._body.pieces(self._begin, self._end))

    def close(self) -> None:
        """Releases the body."""
        self._body.close()
