"""A recording as a folder: which files there are, and what is on disk at any moment."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from mock_sei.errors import ConfigurationError
from mock_sei.recordings import files
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.files import RecordingWriter, read_recording, recording_files
from mock_sei.recordings.kept import Bodies
from tests.recordings.made import body, exchange


def writer(folder: Path) -> RecordingWriter:
    return RecordingWriter(folder, version="1.2.3", bodies=Bodies.FULL)


def with_key(app_key: str) -> RecordedExchange:
    return exchange(headers=(("AppKey", app_key),))


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


@pytest.mark.long
def test_a_hundred_exchanges_are_in_a_file(tmp_path: Path) -> None:
    made = writer(tmp_path / "new" / "folder")
    for _ in range(201):
        made.add(exchange())
    assert (made.count, made.written) == (201, 200)
    made.flush()
    found = list(read_recording(made.folder))

    assert made.written == 201
    assert names(made.folder) == [f"exchanges-000{each}.har" for each in (1, 2, 3)]
    assert [each.number for each in found] == list(range(1, 202))
    assert found[200].source.endswith("exchanges-0003.har")
    log = json.loads((made.folder / "exchanges-0003.har").read_bytes())["log"]
    assert (log["version"], log["creator"]) == ("1.2", {"name": "mock-sei", "version": "1.2.3"})
    assert len(log["entries"]) == 1


def test_a_file_ends_before_it_is_too_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "LARGEST_WRITTEN", 3000)
    made = writer(tmp_path)
    for _ in range(3):
        made.add(exchange(answer=body(json.dumps({"a": "x" * 2000}))))
    made.flush()

    assert len(names(tmp_path)) == 3
    assert len(list(read_recording(tmp_path))) == 3


def test_a_later_run_goes_on_with_the_next_file_and_gives_no_number_again(tmp_path: Path) -> None:
    for app_key in ("first-key", "other-key"):
        made = writer(tmp_path)
        made.add(with_key(app_key))
        made.flush()

    assert names(tmp_path) == ["exchanges-0001.har", "exchanges-0002.har"]
    keys = [each.request.find_header("appkey") for each in read_recording(tmp_path)]
    assert keys == ["{{app-key-1}}", "{{app-key-2}}"]


def test_a_placeholder_on_the_border_of_two_pieces_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_PIECE", 7)
    (tmp_path / "other.har").write_text("x" * 5 + "{{app-key-31}}" + "{{token-4}}")
    made = writer(tmp_path).add(with_key("first-key"))

    assert made.request.find_header("AppKey") == "{{app-key-32}}"


def test_a_flush_writes_the_open_file_again(tmp_path: Path) -> None:
    made = writer(tmp_path)
    for count in (1, 2):
        made.add(exchange())
        made.flush()
        made.flush()
        assert made.written == count
        assert len(list(read_recording(tmp_path))) == count

    assert names(tmp_path) == ["exchanges-0001.har"]
    assert (tmp_path / "exchanges-0001.har").stat().st_mode & 0o777 == 0o600


def test_nothing_half_written_is_left_and_nothing_is_lost_if_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = writer(tmp_path)
    made.add(exchange())
    made.flush()
    made.add(exchange())

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", full)
        with pytest.raises(ConfigurationError, match=r"exchanges-0001\.har: No space left"):
            made.flush()
        assert names(tmp_path) == ["exchanges-0001.har"]
        assert len(list(read_recording(tmp_path))) == 1
        for _ in range(98):
            made.add(exchange()) if made.count < 99 else None
        with pytest.raises(ConfigurationError):
            made.add(exchange())
    made.flush()

    assert len(list(read_recording(tmp_path))) == 100


def test_files_are_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("b-10.har", "b-9.har", "a.HAR", "b.har", "notes.txt"):
        (tmp_path / name).write_text("{}")

    assert [each.name for each in recording_files(tmp_path)] == [
        *("a.HAR", "b-9.har", "b-10.har", "b.har"),
    ]


@pytest.mark.parametrize("what", ["missing", "empty", "a\0b", "x" * 300])
def test_what_is_no_recording_is_refused(tmp_path: Path, what: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConfigurationError, match=r"no file and no folder|has no file|NUL|longer"):
        list(read_recording(tmp_path / what))


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    for folder in (tmp_path / "file", tmp_path / "file" / "inner"):
        with pytest.raises(ConfigurationError):
            writer(folder)
