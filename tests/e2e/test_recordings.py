"""Recordings on disk: npm's har-validator judges them, and the command splits large ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mock_sei.recordings.files import RecordingWriter, read_recording
from mock_sei.recordings.kept import Bodies
from tests.e2e.har_files import judge
from tests.e2e.serving import run_mock_sei
from tests.recordings.test_har import EXCHANGES


@pytest.mark.needs("node", "npm")
@pytest.mark.parametrize("bodies", Bodies)
def test_a_foreign_validator_accepts_a_recording(
    npm_packages: Path, tmp_path: Path, bodies: Bodies
) -> None:
    writer = RecordingWriter(tmp_path, version="1", bodies=bodies)
    for each in EXCHANGES.values():
        writer.add(each)
    writer.flush()
    (file,) = tmp_path.iterdir()

    assert judge(npm_packages, json.loads(file.read_bytes())) == []


def test_the_command_splits_a_file(tmp_path: Path) -> None:
    writer = RecordingWriter(tmp_path / "made", version="1")
    for _ in range(100):
        writer.add(EXCHANGES["plain"])
    (file,) = (tmp_path / "made").iterdir()
    log = json.loads(file.read_bytes())
    log["log"]["entries"] *= 2
    large = tmp_path / "large.har"
    large.write_text(json.dumps(log))
    done = run_mock_sei("recordings", "split", large, "--out", "out", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, "200 exchanges in out\n")
    assert len(list(read_recording(tmp_path / "out"))) == 200
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_the_command_refuses_what_it_cannot_split_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.har").write_text('{"log": {"entries": [{"a": ')
    done = run_mock_sei("recordings", "split", "x.har", "--out", "out", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == (
        "mock-sei: x.har: log.entries[0]: the file ends here, it was cut short\n"
    )
    assert list((tmp_path / "out").iterdir()) == []
