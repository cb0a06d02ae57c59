"""Splits a HAR file of any size: it is read as a stream, one entry at a time is in memory.

The entries are written as they are, with all members that other tools gave them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mock_sei.errors import ConfigurationError
from mock_sei.recordings.files import LARGEST_WRITTEN, PER_FILE, file_name, write_log
from mock_sei.recordings.har import LARGEST_FILE, parsed

_PIECE = 256 * 1024
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_MARK = re.compile(r'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+', re.DOTALL)
"""Everything up to a mark that opens or closes an array or an object, or up to a string whose end
is not read yet."""
_AFTER_SCALAR = re.compile(r"[\s,\]}]")
_SPACE = re.compile(r"\s*+")


def split_recording(file: Path, folder: Path, *, version: str) -> int:
    """Writes the entries of a HAR file to files of at most 100 entries, and returns their number.

    ``folder`` must have no HAR file. Raises :class:`ConfigurationError` for a file that is no HAR;
    what was written before stays.
    """
    if folder.is_dir() and any(folder.glob("*.har")):
        raise ConfigurationError("the folder has HAR files already", source=folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(error.strerror or str(error), source=folder) from None
    written = number = size = 0
    held: list[str] = []
    for index, entry in enumerate(stream_entries(file)):
        parsed(entry.encode(), source=str(file), place=f"log.entries[{index}]")
        if held and (len(held) >= PER_FILE or size + len(entry) > LARGEST_WRITTEN):
            number += 1
            write_log(folder / file_name(number), version, held)
            held, size = [], 0
        held.append(entry)
        size += len(entry)
        written += 1
    write_log(folder / file_name(number + 1), version, held)
    return written


def stream_entries(file: Path) -> Iterator[str]:
    """The JSON text of each item of ``log.entries``, while the file is read.

    Raises :class:`ConfigurationError` if the file has no such list, ends within it, or has an entry
    larger than a file may be.
    """
    return _Entries(file).read()


class _Entries:
    """A text that is read in pieces; what was passed is forgotten."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._start = 0
        """Where the value begins that is passed now."""
        self._is_kept = False
        self._place = ""
        self._read: Callable[[int], str] = lambda _: ""

    def read(self) -> Iterator[str]:
        try:
            with self._file.open(encoding="utf-8-sig") as source:
                self._read = source.read
                yield from self._items()
        except UnicodeDecodeError:
            raise self._wrong("the file is no UTF-8") from None
        except OSError as error:
            raise self._wrong(error.strerror or str(error)) from None

    def _items(self) -> Iterator[str]:
        for name in ("log", "entries"):
            self._place = name
            self._enter(name)
        self._expect("[", "log.entries")
        index = 0
        while self._next() != "]":
            if index:
                self._expect(",", f"log.entries[{index}]")
            yield self._value(f"log.entries[{index}]", is_kept=True)
            index += 1

    def _enter(self, name: str) -> None:
        """Goes to the value of a member of the object that begins here."""
        self._expect("{", name)
        while self._next() == '"':
            found = self._value(name, is_kept=True)
            self._expect(":", name)
            if _read_name(found) == name:
                return
            self._value(name, is_kept=False)
            if self._next() != ",":
                break
            self._at += 1
        raise self._wrong("this member is missing: the file is no HAR", name)

    def _value(self, place: str, *, is_kept: bool) -> str:
        """Passes one value, and returns its text if it is kept."""
        first = self._next()
        self._start, self._is_kept, self._place = self._at, is_kept, place
        if first == '"':
            self._pass_string()
        elif first in ("{", "["):
            self._pass_container()
        else:
            self._at = self._search(_AFTER_SCALAR).start()
        return self._text[self._start : self._at] if is_kept else ""

    def _pass_container(self) -> None:
        depth = 0
        while True:
            passed = _NO_MARK.match(self._text, self._at)
            self._at = passed.end() if passed else self._at
            mark = self._text[self._at : self._at + 1]
            if mark in ("", '"'):
                self._more()
                continue
            self._at += 1
            depth += 1 if mark in "{[" else -1
            if not depth:
                return

    def _pass_string(self) -> None:
        while (found := _STRING.match(self._text, self._at)) is None:
            self._more()
        self._at = found.end()

    def _search(self, pattern: re.Pattern[str]) -> re.Match[str]:
        while (found := pattern.search(self._text, self._at)) is None:
            self._at = len(self._text)
            self._more()
        return found

    def _next(self) -> str:
        """The next character that is no space. Nothing is kept before it."""
        self._start, self._is_kept = self._at, False
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            self._more()

    def _expect(self, mark: str, place: str) -> None:
        if self._next() != mark:
            raise self._wrong(f"{mark} is missing: the file is no HAR", place)
        self._at += 1

    def _more(self) -> None:
        """Reads the next piece, and forgets what is not kept."""
        piece = self._read(max(_PIECE, len(self._text)))
        if not piece:
            raise self._wrong("the file ends here, it was cut short", self._place)
        begin = self._start if self._is_kept else self._at
        self._text = self._text[begin:] + piece
        self._at -= begin
        self._start = 0
        if len(self._text) > LARGEST_FILE:
            raise self._wrong(f"larger than {LARGEST_FILE} bytes", self._place)

    def _wrong(self, problem: str, place: str = "") -> ConfigurationError:
        return ConfigurationError(problem, source=self._file, key=place)


def _read_name(text: str) -> str:
    try:
        return str(json.loads(text, strict=False))
    except ValueError:
        return ""
