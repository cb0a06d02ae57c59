"""A recording as a folder: a HAR file for each 100 exchanges, written by rename.

Nothing half-written is ever visible under a name that ends with ``.har``, and nothing is written
before its secrets are placeholders.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.har import exchange_json, head_json, read_log
from mock_sei.recordings.kept import Bodies, FindEnumerations, no_enumerations
from mock_sei.recordings.placeholders import Placeholders, placeholders_in
from mock_sei.values.paths import find_path_problem

PER_FILE = 100
"""Exchanges in a file."""
LARGEST_WRITTEN = 16 * 1024 * 1024
"""A file that has so many characters gets no further exchange."""
_NAME = re.compile(r"exchanges-([0-9]{4,9})\.har")
_PIECE = 1024 * 1024
_LONGEST_PLACEHOLDER = 64
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def read_recording(path: Path) -> Iterator[RecordedExchange]:
    """The exchanges of a folder or of one HAR file, in their order, numbered from 1.

    One file at a time is in memory. Raises :class:`ConfigurationError`, which names the file, the
    place in it and the wrong value.
    """
    number = 0
    for file in recording_files(path):
        for each in read_log(file):
            number += 1
            yield replace(each, number=number)


def recording_files(path: Path) -> list[Path]:
    """The HAR files of a recording, in their order. Raises :class:`ConfigurationError`."""
    problem = find_path_problem(path)
    if problem is None and path.is_file():
        return [path]
    if problem is None and not path.is_dir():
        problem = "no file and no folder is there"
    if problem is None:
        try:
            found = [each for each in path.iterdir() if each.suffix.lower() == ".har"]
        except OSError as error:
            raise ConfigurationError(error.strerror or str(error), source=path) from None
        if found:
            return sorted(found, key=_order)
        problem = "the folder has no file that ends with .har"
    raise ConfigurationError(problem, source=path)


def _order(file: Path) -> list[tuple[int, str]]:
    """Names in alphabetical order, with numbers in them in the order of numbers."""
    parts = re.split(r"([0-9]{1,18})", file.name)
    return [(int(each), "") if each.isdecimal() else (-1, each) for each in parts]


class RecordingWriter:
    """Writes exchanges to a folder, which may have files of earlier runs.

    Not safe for several threads, nor for several processes in one folder. Each method that writes
    raises :class:`ConfigurationError` if the file cannot be written; what was added is kept for the
    next try.
    """

    def __init__(
        self,
        folder: Path,
        *,
        version: str,
        redact: Iterable[str] = (),
        bodies: Bodies = Bodies.SHAPES,
        enumerations: FindEnumerations = no_enumerations,
    ) -> None:
        """Makes the folder, and reads which numbers of placeholders earlier runs gave."""
        self.folder = folder
        self.written = 0
        """Exchanges of this run that are on disk."""
        _make(folder)
        names = [(each, _NAME.fullmatch(each.name)) for each in _har_files(folder)]
        self._file_number = 1 + max((int(found[1]) for _, found in names if found), default=0)
        self._version = version
        self._bodies, self._enumerations = bodies, enumerations
        self.placeholders = Placeholders(redact, used=_used_numbers(each for each, _ in names))
        self._entries: list[str] = []
        self._size = self._saved = 0
        self._count = 0

    @property
    def count(self) -> int:
        """Exchanges of this run, those in memory included."""
        return self._count

    def add(self, exchange: RecordedExchange) -> RecordedExchange:
        """Takes an exchange as it was on the wire, and returns what is kept of it.

        It is written at once if the file is full, and else at the next :meth:`flush`.
        """
        made = self.placeholders.redacted(exchange, self._bodies, self._enumerations)
        self._count += 1
        made = replace(made, number=self._count)
        entry = json.dumps(exchange_json(made), separators=(",", ":"))
        try:
            if self._entries and self._size + len(entry) > LARGEST_WRITTEN:
                self._next_file()
        finally:  # an exchange is not lost if the disk is full now
            self._entries.append(entry)
            self._size += len(entry)
        if len(self._entries) >= PER_FILE:
            self._next_file()
        return made

    def flush(self) -> None:
        """Writes what is in memory. The file is written again as long as it is not full."""
        if len(self._entries) == self._saved:
            return
        write_log(self.folder / file_name(self._file_number), self._version, self._entries)
        self.written += len(self._entries) - self._saved
        self._saved = len(self._entries)

    def _next_file(self) -> None:
        self.flush()
        self._entries, self._size, self._saved = [], 0, 0
        self._file_number += 1


def file_name(number: int) -> str:
    """The name of a recording's file: ``exchanges-0001.har`` is the first."""
    return f"exchanges-{number:04}.har"


def write_log(file: Path, version: str, entries: Iterable[str]) -> None:
    """Writes a HAR file by rename. ``entries`` are JSON texts.

    Raises :class:`ConfigurationError` if it cannot be written; then no file is left.
    """
    head = json.dumps(head_json(version), separators=(",", ":"))[:-1]
    part = file.with_name(f".{file.name}.part")
    try:
        with os.fdopen(os.open(part, _NEW_FILE, 0o600), "w", encoding="utf-8") as out:
            out.write(f'{{"log":{head},"entries":[')
            for index, each in enumerate(entries):
                out.write(f"{',' if index else ''}\n{each}")
            out.write("\n]}}\n")
        part.replace(file)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise ConfigurationError(error.strerror or str(error), source=file) from None


def _make(folder: Path) -> None:
    problem = find_path_problem(folder)
    try:
        if problem is None:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        problem = error.strerror or str(error)
    if problem is not None:
        raise ConfigurationError(problem, source=folder)


def _har_files(folder: Path) -> list[Path]:
    try:
        return [each for each in folder.iterdir() if each.suffix.lower() == ".har"]
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=folder) from None


def _used_numbers(files: Iterable[Path]) -> dict[str, int]:
    """The highest number of each kind of placeholder in some files, whatever else they hold."""
    highest: dict[str, int] = {}
    for file in files:
        for text in _pieces(file):
            for each in placeholders_in(text):
                highest[each.kind] = max(highest.get(each.kind, 0), each.number)
    return highest


def _pieces(file: Path) -> Iterator[str]:
    """The text of a file in pieces that overlap, so that each placeholder is whole in one."""
    end = ""
    try:
        with file.open(encoding="utf-8", errors="replace") as text:
            while piece := text.read(_PIECE):
                end += piece
                yield end
                end = end[-_LONGEST_PLACEHOLDER:]
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=file) from None
