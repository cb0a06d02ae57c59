"""``mock-sei compare`` on the command line: formats, files, exit status, bad input."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from mock_sei.assumptions.reading import read_file
from mock_sei.certificates.store import CertificateStore
from mock_sei.cli import main
from tests.comparison.recorder import RealPlatform
from tests.support import TICKETS

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def recording(shared_store: CertificateStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A platform with two other assumptions, and with a status that no assumption covers."""
    folder = tmp_path_factory.mktemp("recording")
    changed = {"token.lifetime": 1200, "refusal.api_key.code": "no.key"}
    real = RealPlatform(shared_store, folder, changed)
    headers = real.headers()
    assert real.get(headers=headers).status_code == 200
    assert real.get(headers={}).status_code == 401
    return real.recording


def compare(*options: object) -> Result:
    return CliRunner().invoke(main, ["compare", *map(str, options)])


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_what_is_written_makes_the_mock_the_same(recording: Path, tmp_path: Path) -> None:
    written, report = tmp_path / "assumptions.toml", tmp_path / "report.md"

    first = compare(recording, "--write", written, "--report", report)
    second = compare(recording, "--assumptions", written)

    assert first.exit_code == 1, first.output
    assert "token.lifetime = 1200  # now 3600, seen in exchange 1" in first.output
    assert read_file(written) == {"refusal.api_key.code": "no.key", "token.lifetime": 1200}
    assert second.exit_code == 0, second.output
    assert "The mock answers as the real platform did." in second.output
    assert "`token.lifetime`" in report.read_text()
    assert "1200" not in report.read_text()
    assert "no.key" not in report.read_text()


def test_formats_are_for_programs(recording: Path) -> None:
    found = json.loads(compare(recording, "--format", "json").output)
    suite = ET.fromstring(compare(recording, "--format", "junit").output)  # noqa: S314  # our own

    assert found["same"] is False
    assert found["assumptions"] == {"refusal.api_key.code": "no.key", "token.lifetime": 1200}
    assert found["exchanges"]["same"] == 3
    assert suite.get("failures") == "1"
    assert suite.get("tests") == "3"
    names = {each.get("name") for each in suite.iter("testcase")}
    assert names == {"assumptions", "POST /v2/oauthtoken", f"GET {TICKETS}"}


def test_an_accepted_assumption_does_not_fail_the_command(recording: Path, tmp_path: Path) -> None:
    accepted = tmp_path / "accepted.toml"
    rows = ("token.lifetime", "refusal.api_key.code")
    accepted.write_text("".join(f'[[accepted]]\nassumption = "{each}"\n' for each in rows))

    assert compare(recording, "--accept", accepted).exit_code == 0


def test_a_map_names_the_application_that_plays(recording: Path, tmp_path: Path) -> None:
    chosen = tmp_path / "map.toml"
    chosen.write_text('[applications]\n"{{app-key-1}}" = "demo-web"\n')

    found = compare(recording, "--map", chosen)

    assert found.exit_code == 1
    assert "client-server, authorization_code" in found.output
    chosen.write_text('[applications]\n"{{app-key-1}}" = "demo-wbe"\n')
    wrong = compare(recording, "--map", chosen)
    assert wrong.exit_code == 2
    assert "there is no such application; there are demo-server" in wrong.output


OLD = "1970-01-01T00:00:00Z"


def har(started: str, response: object) -> str:
    request = {"method": "GET", "url": "https://x/y"}
    entry = {"startedDateTime": started, "request": request, "response": response}
    return json.dumps({"log": {"entries": [entry]}})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "no JSON"),
        ('{"log": {}}', "the file is no HAR"),
        ('{"log": {"entries": []}}', "the recording has no exchange"),
        (har(OLD, {"status": 200}), "exchange 1: startedDateTime: moment: 1970"),
        (har("2026-01-01T00:00:00Z", None), "answered none of its exchanges"),
    ],
)
def test_a_recording_that_cannot_be_used_is_explained(
    content: str, told: str, tmp_path: Path
) -> None:
    path = tmp_path / "a.har"
    path.write_text(content)
    written = tmp_path / "assumptions.toml"

    found = compare(path, "--write", written)

    assert found.exit_code == 2, found.output
    assert told in found.output
    assert str(path) in found.output
    assert len(found.output.splitlines()) == 1
    assert not written.exists()


def test_files_that_are_not_there_are_named(recording: Path, tmp_path: Path) -> None:
    for options in (
        (tmp_path / "nowhere",),
        (recording, "--map", tmp_path / "nowhere"),
        (recording, "--accept", tmp_path / "nowhere"),
        (recording, "--assumptions", tmp_path / "nowhere"),
        (recording, "--write", tmp_path / "nowhere" / "a.toml"),
        (recording, "--report", tmp_path / "nowhere" / "a.md"),
    ):
        found = compare(*options)
        assert found.exit_code == 2, options
        assert "nowhere" in found.output
        assert "Traceback" not in found.output


def test_the_log_is_afterwards_as_it_was(recording: Path) -> None:
    log = logging.getLogger("mock_sei")
    before = log.level

    assert compare(recording).exit_code in (0, 1)

    assert log.level == before
