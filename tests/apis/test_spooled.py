"""Bytes in memory and in files, and the limit of all of them together."""

from __future__ import annotations

import errno
import gc
import os
import tempfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.apis.api_state import Contents
from mock_sei.apis.spooled import IN_MEMORY, PIECE, Body, Content, Crowded, Spool

pytestmark = pytest.mark.long

MIB = 1024 * 1024


def body_of(*pieces: bytes, spool: Spool | None = None) -> Body:
    """A body, filled as a listener fills it."""
    body = Body(spool or Spool(16 * MIB))
    for piece in pieces:
        body.add(piece)
        if body.is_due:
            body.write()
    return body


class Files:
    """Temporary files: counts them, and lets some writes fail."""

    def __init__(self) -> None:
        self.made: list[Any] = []
        self.failures: list[int] = []
        """The errors of the next writes."""

    def make(self, **how: Any) -> Any:
        file = _REAL(**how)
        self.made.append(file)
        return _Watched(file, self)


class _Watched:
    def __init__(self, file: Any, files: Files) -> None:
        self._file, self._files = file, files

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, content: bytes) -> int:
        """Writes only a part, as operating systems may do."""
        if self._files.failures:
            number = self._files.failures.pop(0)
            raise OSError(number, os.strerror(number))
        return int(self._file.write(content[: max(1, len(content) // 2)]))


_REAL = tempfile.TemporaryFile


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    watched = Files()
    monkeypatch.setattr(tempfile, "TemporaryFile", watched.make)
    return watched


def test_a_small_body_needs_no_file(files: Files) -> None:
    body = body_of(b"x" * (IN_MEMORY - 1), b"y")

    assert body.read() == b"x" * (IN_MEMORY - 1) + b"y"
    assert files.made == []


def test_a_large_body_is_in_a_file_that_goes_with_it(files: Files) -> None:
    content = os.urandom(3 * IN_MEMORY + 5)
    body = body_of(*(content[each : each + 1000] for each in range(0, len(content), 1000)))

    assert body.size == len(content)
    assert body.read() == content
    (file,) = files.made
    body.close()
    assert file.closed


@given(st.data())
def test_any_stretch_of_a_body_is_read(data: st.DataObject) -> None:
    content = bytes(range(251)) * (2 * PIECE // 251)
    body = body_of(content[:-10], content[-10:])
    places = st.integers(0, len(content))
    begin, end = data.draw(places), data.draw(places)

    assert b"".join(body.pieces(begin, end)) == content[begin:end]


def test_nothing_is_left_of_a_body_that_nobody_holds(files: Files) -> None:
    spool = Spool(MIB)
    body = body_of(b"x" * (IN_MEMORY + 1), spool=spool)
    assert spool.size == body.size

    del body
    gc.collect()

    assert spool.size == 0
    assert files.made[0].closed


def test_all_bodies_together_have_a_limit() -> None:
    spool = Spool(10)
    first = body_of(b"x" * 6, spool=spool)
    second = body_of(b"x" * 4, spool=spool)

    with pytest.raises(Crowded, match="10 bytes"):
        second.add(b"x")

    first.close()
    first.close()
    second.add(b"x" * 6)
    assert spool.size == second.size == 10


def test_stored_files_are_let_go_of_for_a_body_that_comes() -> None:
    spool, contents = Spool(10), Contents()
    for key in ("a", "b", "c"):
        contents[key] = Content(body_of(b"xyz", spool=spool), 0, 3)
    body = Body(spool, contents.shelf.let_go_of_oldest)

    body.add(b"12345")

    assert list(contents) == ["c"]
    assert spool.size == 8


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_stored_files_are_let_go_of_when_the_disk_is_full(files: Files, number: int) -> None:
    contents = Contents()
    contents["old"] = Content.of(b"old")
    body = Body(Spool(MIB), contents.shelf.let_go_of_oldest)
    body.add(b"x" * (IN_MEMORY + 1))
    files.failures = [number]

    body.write()

    assert body.read() == b"x" * (IN_MEMORY + 1)
    assert not contents
    body.add(b"y" * (IN_MEMORY + 1))
    files.failures = [number]
    with pytest.raises(OSError, match=os.strerror(number)):
        body.write()


def test_another_failure_of_the_disk_takes_no_stored_file(files: Files) -> None:
    contents = Contents()
    contents["old"] = Content.of(b"old")
    body = Body(Spool(MIB), contents.shelf.let_go_of_oldest)
    body.add(b"x" * (IN_MEMORY + 1))
    files.failures = [errno.EIO]

    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        body.write()

    assert contents["old"].read() == b"old"


def test_a_part_is_read_from_where_its_body_is() -> None:
    spool = Spool(MIB)
    content = Content(body_of(b"head", b"x" * IN_MEMORY, b"tail", spool=spool), 2, IN_MEMORY + 6)

    assert content.read() == b"ad" + b"x" * IN_MEMORY + b"ta"
    assert (content.size, content.held) == (IN_MEMORY + 4, IN_MEMORY + 8)
    content.close()
    assert spool.size == 0
