"""``--recordings`` as users have it: the command with curl, ``MockSei``, the fixtures, a store."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from mock_sei import MockSei
from mock_sei.errors import ConfigurationError
from mock_sei.recordings.files import RecordingWriter
from mock_sei.recordings.kept import Bodies
from tests.e2e.serving import FREE_PORTS, Serving, run, run_mock_sei
from tests.e2e.snippets import read, snippets
from tests.e2e.suites import USERS_PLUGINS, run_pytest
from tests.replay.foreign import of_a_browser, of_mitmproxy
from tests.replay.made import INVESTORS, UNKNOWN, answered, write


def recorded(folder: Path, bodies: Bodies = Bodies.FULL) -> Path:
    """A recording of the recorder, with a file of another tool beside it."""
    writer = RecordingWriter(folder, version="1", bodies=bodies)
    for number in (1, 2):
        writer.add(answered(f"{INVESTORS}?limit=2", {"answer": number}))
    writer.flush()
    if bodies is Bodies.FULL:
        entries = [of_a_browser(UNKNOWN, '{"next": "https://api.example.com/v9/rockets?page=2"}')]
        write(folder, entries, "from a browser.har")
    return folder


def test_curl_gets_the_recorded_answers_and_the_journal_says_so(tmp_path: Path) -> None:
    recorded(tmp_path / "recorded")
    with Serving.start(tmp_path, "--recordings", "recorded", "--recordings-only") as serving:
        ready = serving.ready
        control = ["--control-url", ready["control_url"]]
        token = run_mock_sei("token", *control).stdout.strip()
        certs = Path(ready["certs_dir"]) / "svc-demo"

        def curl(target: str, *options: str) -> str:
            done = run(
                *("curl", "-sS", "--cacert", ready["ca_file"]),
                *("--cert", certs / "certificate.crt", "--key", certs / "privatekey.key"),
                *("-H", "AppKey: demo-server-key", "-H", f"Authorization: Bearer {token}"),
                *options,
                f"{ready['two_way_url']}{target}",
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        got = [json.loads(curl(f"{INVESTORS}?limit=2"))["answer"] for _ in range(3)]
        assert got == [1, 2, 2]
        assert json.loads(curl(UNKNOWN))["next"] == f"{ready['two_way_url']}{UNKNOWN}?page=2"
        assert json.loads(curl(f"{INVESTORS}?limit=3"))["code"] == "resource.not.recorded"
        head = curl(UNKNOWN, "-I").lower()
        assert "x-from: browser" in head
        assert "content-encoding" not in head

        assert "recordings    recorded  (3 of 3 exchanges are replayed)" in serving.output
        journal = run_mock_sei("journal", *control).stdout
        assert "recorded: exchange 2 of exchanges-0001.har" in journal
        assert "recorded: exchange 1 of from a browser.har" in journal
        assert "refused by recording" in journal
        assert token not in journal


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--recordings", "none"], "none: no file and no folder is there"),
        (["--recordings", "empty"], "empty: the folder has no file that ends with .har"),
        (["--recordings", "shapes"], "mock-sei record --bodies full"),
        (["--recordings", "bad.har"], "bad.har: log.entries[0].request.url"),
        (["--recordings-only"], "--recordings-only: there is nothing that the server could answer"),
    ],
)
def test_a_recording_that_cannot_be_replayed_is_one_line(
    tmp_path: Path, options: list[str], told: str
) -> None:
    (tmp_path / "empty").mkdir()
    recorded(tmp_path / "shapes", Bodies.SHAPES)
    bad = of_mitmproxy("/v1/x", b"", "text/plain")
    bad["request"]["url"] = 7
    write(tmp_path, [bad], "bad.har")

    done = run_mock_sei(
        "serve", "--control-port", "0", "--one-way-port", "0", *options, cwd=tmp_path
    )

    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "certs").exists()


def test_servers_of_one_state_have_one_recording(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "recorded")
    state = ("--state", "sqlite:platform.db", "--recordings", "recorded")
    with Serving.start(tmp_path, *state):
        pass

    (folder / "exchanges-0002.har").write_text(write(tmp_path, [answered()]).read_text())
    done = run_mock_sei(
        *("serve", *FREE_PORTS, *state),
        cwd=tmp_path,
    )

    assert done.returncode == 2
    assert "what differs: --recordings/exchanges-0002.har" in done.stderr


def test_faults_and_scripted_answers_come_before_recorded_ones(tmp_path: Path) -> None:
    recording = write(tmp_path, [answered(UNKNOWN, answer=each) for each in (1, 2)])
    fault = {"operation": f"GET {UNKNOWN}", "status": 503, "times": 1}
    with MockSei(recordings=recording, faults=[fault]) as mock_sei:
        account = mock_sei.service_account("svc-demo")
        token = mock_sei.token(account)
        sent = {"AppKey": account.app_key, "Authorization": f"Bearer {token}"}
        mock_sei.enqueue(f"GET {UNKNOWN}", json="scripted")
        with mock_sei.client(account) as http:
            assert http.get(UNKNOWN, headers=sent).status_code == 503
            got = [http.get(UNKNOWN, headers=sent).json() for _ in range(3)]
            assert got == ["scripted", 1, 2]
            assert mock_sei.journal.last.recorded == "exchange 2 of a.har"
            mock_sei.clock.advance(minutes=61)
            assert http.get(UNKNOWN, headers=sent).status_code == 401


def test_only_recordings_need_recordings() -> None:
    with pytest.raises(ConfigurationError, match="--recordings-only: there is nothing"):
        MockSei(recordings_only=True).start()


def test_the_fixture_of_the_document_passes_as_printed(pytester: pytest.Pytester) -> None:
    [settings, *_] = snippets(read("docs/real-platform.md"), "python")
    write(pytester.path, [answered("/v2/investors?limit=2", {"data": "theirs"})], "recorded.har")
    pytester.makepyfile(settings)

    run_pytest(pytester, "-W", "error", *USERS_PLUGINS).assert_outcomes(passed=1)


def test_the_commands_of_the_document_are_those_of_the_program() -> None:
    for block in snippets(read("docs/real-platform.md"), "console"):
        for line in block.splitlines():
            words = shlex.split(line)
            if words[:2] == ["mock-sei", "serve"]:
                assert run_mock_sei("serve", "--help").stdout.count(words[2]) >= 1
