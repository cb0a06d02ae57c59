"""Reads a recording to be compared: of ``mock-sei record``, or of another tool.

Files of other tools have secrets in clear. They become placeholders here, in memory, so that all
that follows knows only one kind of recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.files import read_recording, recording_files
from mock_sei.recordings.kept import Bodies
from mock_sei.recordings.names import SecretKind
from mock_sei.recordings.placeholders import Placeholders

_MARK = b"{{"
_PIECE = 1024 * 1024
_FIRST_FOREIGN = 100_000
"""Where placeholders begin that are made here, if there are others."""


class Recording:
    """The exchanges of a folder or of one HAR file, which can be read several times."""

    def __init__(self, path: Path) -> None:
        """Raises :class:`ConfigurationError` if there is no recording."""
        self.path = path
        self._redacted = {str(each) for each in recording_files(path) if _has_placeholders(each)}
        self.count = 0
        """How many exchanges there are, after the first reading."""

    def __iter__(self) -> Iterator[RecordedExchange]:
        """Raises :class:`ConfigurationError`, which names file, place and value."""
        used = {each.value: _FIRST_FOREIGN for each in SecretKind} if self._redacted else {}
        placeholders = Placeholders(used=used)
        count = 0
        for source, exchanges in groupby(read_recording(self.path), lambda each: each.source):
            for each in exchanges:
                count += 1
                is_ours = source in self._redacted
                yield each if is_ours else placeholders.redacted(each, Bodies.FULL)
        self.count = count


def _has_placeholders(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            before = b""
            while piece := file.read(_PIECE):
                if _MARK in before + piece:
                    return True
                before = piece[-1:]
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=path) from None
    return False
