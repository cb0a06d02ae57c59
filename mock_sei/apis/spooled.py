"""The bytes of request bodies: in memory while they are few, else in a file without a name.

The file is in the machine's folder for temporary files (``TMPDIR``). Its name is removed as soon as
it is made, so that nothing of it is left when the process ends, however it ends. This module knows
neither HTTP nor what the bytes mean.
"""

from __future__ import annotations

import contextlib
import errno
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import IO

IN_MEMORY = 64 * 1024
"""Bytes of a body that are held in memory; of a larger one no more than these wait for its file."""
PIECE = 256 * 1024
"""Bytes that are read from a file at a time."""

_MADE_BY_ROOM = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)
"""Failures that may pass once another body is closed."""


class Crowded(Exception):
    """All bodies together would take more than their limit."""

    def __init__(self, most: int) -> None:
        super().__init__(f"all bodies together may take {most} bytes")
        self.most = most


class Spool:
    """All bodies of a platform, those that are coming in and those that are kept: their size."""

    def __init__(self, most: int) -> None:
        self.most = most
        """Bytes."""
        self.size = 0
        """Bytes of all bodies that are not closed."""
        self._lock = threading.RLock()  # a body that nobody holds is closed wherever that is found

    def grow(self, size: int) -> bool:
        """Counts so many bytes more, unless they are too many; says whether."""
        with self._lock:
            if self.size + size > self.most:
                return False
            self.size += size
            return True

    def shrink(self, size: int) -> None:
        with self._lock:
            self.size -= size


def _no_room() -> bool:
    return False


class Body:
    """The bytes of one request body. Only one thread at a time may use it.

    ``make_room`` closes another body and says whether there was one.
    """

    def __init__(self, spool: Spool, make_room: Callable[[], bool] = _no_room) -> None:
        self.size = 0
        """Bytes so far."""
        self.is_kept = False
        """Whether somebody closes it later; else it ends with its call."""
        self._spool = spool
        self._make_room = make_room
        self._end = bytearray()
        """What is not in the file."""
        self._file: IO[bytes] | None = None
        self._in_file = 0

    @classmethod
    def of(cls, content: bytes) -> Body:
        """One by itself, which is whole."""
        body = cls(Spool(len(content)))
        body.add(content)
        return body

    def add(self, piece: bytes) -> None:
        """Raises :class:`Crowded`; the body must then be closed."""
        while not self._spool.grow(len(piece)):
            if not self._make_room():
                raise Crowded(self._spool.most)
        self.size += len(piece)
        self._end += piece

    @property
    def is_due(self) -> bool:
        """Whether more is in memory than should be: :meth:`write` is to be called."""
        return len(self._end) > IN_MEMORY

    def write(self) -> None:
        """Moves everything to the file, which may take time. Raises ``OSError``."""
        self._trying(self._write)

    def read(self) -> bytes:
        """All bytes, in memory."""
        return b"".join(self.pieces())

    def pieces(self, begin: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from ``begin`` to ``end``, a few at a time."""
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
        """Somebody else closes it later. It is whole, and needs no more room."""
        self.is_kept = True
        self._make_room = _no_room  # may lead to whoever holds this

    def close(self) -> None:
        """Lets go of the bytes; any number of times."""
        file, self._file = self._file, None
        if file is not None:
            file.close()
        self._spool.shrink(self.size)
        self.size = self._in_file = 0
        self._end = bytearray()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # in a forked child its spool is the parent's
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
        """Again, as long as closing another body may help."""
        while True:
            try:
                act()
            except OSError as error:
                if error.errno not in _MADE_BY_ROOM or not self._make_room():
                    raise
            else:
                return


class Content:
    """A part of a body, such as the file of an upload. It is read from where the body is."""

    def __init__(self, body: Body, begin: int, end: int) -> None:
        self._body = body
        self._begin = begin
        self._end = end

    @classmethod
    def of(cls, content: bytes) -> Content:
        return cls(Body.of(content), 0, len(content))

    @property
    def size(self) -> int:
        """Bytes."""
        return self._end - self._begin

    @property
    def held(self) -> int:
        """Bytes that it takes: those of its whole body."""
        return self._body.size

    def keep(self) -> None:
        """The body outlives its call."""
        self._body.keep()

    def read(self) -> bytes:
        return b"".join(self._body.pieces(self._begin, self._end))

    def close(self) -> None:
        self._body.close()
