"""Large HAR files are split while they are read."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mock_sei.errors import ConfigurationError
from mock_sei.recordings import splitting
from mock_sei.recordings.files import read_recording
from mock_sei.recordings.har import exchange_json
from mock_sei.recordings.splitting import split_recording, stream_entries
from tests.recordings.made import body, exchange
from tests.recordings.test_shapes import JSON_VALUES

pytestmark = pytest.mark.long


def streamed(path: Path, text: str) -> list[Any]:
    (path / "x.har").write_text(text)
    return [json.loads(each) for each in stream_entries(path / "x.har")]


@given(before=JSON_VALUES, entries=st.lists(JSON_VALUES, max_size=4), piece=st.integers(1, 9))
def test_entries_are_found_whatever_stands_around_them(
    tmp_path_factory: pytest.TempPathFactory, before: Any, entries: list[Any], piece: int
) -> None:
    document = {"a": before, "log": {"b": before, "entries": entries, "c": before}}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(splitting, "_PIECE", piece)
        folder = tmp_path_factory.getbasetemp()
        assert streamed(folder, json.dumps(document)) == entries
        assert streamed(folder, json.dumps(document, ensure_ascii=False, indent=1)) == entries


def test_a_large_file_is_split_in_little_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 16 * 1024 * 1024
    monkeypatch.setattr(splitting, "LARGEST_WRITTEN", size // 16)
    entry = json.dumps(exchange_json(exchange(answer=body(json.dumps({"a": "x" * 100_000})))))
    number = size // len(entry) + 2
    with (tmp_path / "large.har").open("w") as out:
        out.write('{"log":{"version":"1.2","entries":[')
        for index in range(number):
            out.write("," * bool(index) + entry)
        out.write("]}}")
    tracemalloc.start()
    try:
        count = split_recording(tmp_path / "large.har", tmp_path / "out", version="1")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == number == len(list(read_recording(tmp_path / "out")))
    assert peak < size // 3
    largest = max(each.stat().st_size for each in (tmp_path / "out").iterdir())
    assert largest <= size // 16 + len(entry)


def test_members_of_other_tools_are_kept(tmp_path: Path) -> None:
    entry = exchange_json(exchange()) | {"_of_browser": {"x": [1.10, "é"]}}
    (tmp_path / "x.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    split_recording(tmp_path / "x.har", tmp_path / "out", version="1")
    written = json.loads((tmp_path / "out" / "exchanges-0001.har").read_bytes())

    assert written["log"]["entries"] == [entry]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "log: the file ends here"),
        ("[]", "log: { is missing"),
        ("{}", "log: this member is missing"),
        ('{"log": {"entries": {}}}', r"log\.entries: \[ is missing"),
        ('{"log": {"entries": [1 2]}}', r"log\.entries\[1\]: , is missing"),
        ('{"log": {"entries": [{"a": "', r"log\.entries\[0\]: the file ends here, it was cut"),
        ('{"log": {"entries": [{"a": 1}, {"b": [', r"log\.entries\[1\]: the file ends here"),
        ('{"log": {"entries": [{"a" 1}]}}', r"log\.entries\[0\]: no JSON at line 1"),
        ('{"log": {"entries": [' + "[" * 200_000 + "]" * 200_000 + "]}}", "nested too deeply"),
    ],
)
def test_a_file_that_is_no_har_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "x.har").write_text(text)

    with pytest.raises(ConfigurationError, match=said):
        split_recording(tmp_path / "x.har", tmp_path / "out", version="1")


def test_a_folder_with_files_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.har").write_text('{"log": {"entries": []}}')

    with pytest.raises(ConfigurationError, match="has HAR files already"):
        split_recording(tmp_path / "x.har", tmp_path, version="1")
    with pytest.raises(ConfigurationError, match="No such file"):
        split_recording(tmp_path / "y.har", tmp_path / "out", version="1")
