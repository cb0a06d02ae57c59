"""mitmproxy records a client of the mock, and its HAR file is a recording."""

from __future__ import annotations

import re
import signal
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.recordings.exchanges import RecordedExchange
from mock_sei.recordings.files import RecordingWriter, read_recording
from mock_sei.recordings.kept import Bodies
from tests.e2e.libraries import SERVER, SERVICE_ACCOUNT
from tests.e2e.other_environments import installed
from tests.e2e.serving import environment, run_mock_sei, wait_for
from tests.patience import PATIENCE

pytestmark = pytest.mark.nightly
"""It is installed, for half a minute; tests/replay/foreign.py has files as it writes them."""

HERE = Path(__file__).parent / "foreign_recorder"
LISTENING = re.compile(r"listening at \S*:(\d+)")


@pytest.fixture(scope="session")
def mitmdump() -> Path:
    return installed(HERE, "mitmdump")


@contextmanager
def proxying(mitmdump: Path, server: MockSei, folder: Path) -> Iterator[int]:
    """mitmproxy in front of the two-way listener, with the demo account's certificate.

    At the end, ``recorded.har`` is in the folder.
    """
    files = server.certificate("svc-demo")
    both = folder / "both.pem"
    both.write_bytes(files.cert_file.read_bytes() + files.key_file.read_bytes())
    log = folder / "log.txt"
    options = {
        "confdir": folder,
        "hardump": folder / "recorded.har",
        "ssl_verify_upstream_trusted_ca": server.ca_file,
        "client_certs": both,
    }
    settings = [part for name, value in options.items() for part in ("--set", f"{name}={value}")]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                *(str(mitmdump), "--mode", f"reverse:{server.two_way_url}"),
                *("--listen-host", "127.0.0.1", "--listen-port", "0", *settings),
            ],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        found = wait_for(
            lambda: LISTENING.findall(log.read_text()), still=lambda: process.poll() is None
        )
        yield int(found[0])
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def recorded(
    mitmdump: Path, server: MockSei, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    """The HAR file, and a token that it has."""
    folder = tmp_path_factory.mktemp("mitmproxy")
    with proxying(mitmdump, server, folder) as port:
        trust = ssl.create_default_context(cafile=folder / "mitmproxy-ca-cert.pem")
        with httpx2.Client(
            base_url=f"https://localhost:{port}", verify=trust, trust_env=False
        ) as http:
            answer = http.post(
                "/v2/oauthtoken",
                data={"grant_type": "client_credentials", **SERVICE_ACCOUNT},
                auth=(SERVER.key, SERVER.secret or ""),
            )
            token = answer.json()["access_token"]
            headers = {"AppKey": SERVER.key, "Authorization": f"Bearer {token}"}
            assert http.get("/v2/investors?limit=2", headers=headers).status_code == 200
            assert http.get("/v2/investors").status_code == 401
    return folder / "recorded.har", token


def test_a_har_of_mitmproxy_is_a_recording(server: MockSei, recorded: tuple[Path, str]) -> None:
    file, token = recorded
    first, second, third = read_recording(file)

    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    port = urlsplit(server.two_way_url).port
    assert urlsplit(first.request.url).port == port
    assert (first.request.method, first.request.path) == ("POST", "/v2/oauthtoken")
    assert ("grant_type", "client_credentials") in first.request.body.fields()
    assert first.response is not None
    assert first.response.body.find_json()["access_token"] == token
    assert second.request.query == [("limit", "2")]
    assert second.request.find_header("authorization") == f"Bearer {token}"
    assert second.response is not None
    assert len(second.response.body.find_json()["data"]) == 2
    assert third.response is not None
    assert third.response.status == 401
    assert third.response.body.find_json()["code"] == "gateway.authentication.failure"


def test_its_secrets_become_placeholders_when_it_is_written(
    recorded: tuple[Path, str], tmp_path: Path
) -> None:
    file, token = recorded
    writer = RecordingWriter(tmp_path, version="1", bodies=Bodies.FULL)
    kept: list[RecordedExchange] = [writer.add(each) for each in read_recording(file)]
    writer.flush()
    text = "".join(each.read_text() for each in tmp_path.iterdir())

    assert kept[1].request.find_header("authorization") == "Bearer {{token-1}}"
    for secret in (token, SERVER.secret, SERVER.key, SERVICE_ACCOUNT["password"]):
        assert secret
        assert secret not in text


def test_compare_reads_a_har_of_mitmproxy(
    server: MockSei, recorded: tuple[Path, str], tmp_path: Path
) -> None:
    """The port says the listener: a HAR of another tool has no other trace of it."""
    port = urlsplit(server.two_way_url).port
    text = recorded[0].read_text(encoding="utf-8").replace(f":{port}/", ":444/")
    (tmp_path / "theirs.har").write_text(text, encoding="utf-8")

    same = run_mock_sei("compare", "theirs.har", cwd=tmp_path)
    assert same.returncode == 0, same.stdout + same.stderr
    assert "3 exchanges: 3 the same" in same.stdout

    (tmp_path / "theirs.har").write_text(text.replace("gateway.authentication", "gateway.other"))
    changed = run_mock_sei("compare", "theirs.har", cwd=tmp_path)
    assert changed.returncode == 1, changed.stdout + changed.stderr
    assert 'refusal.api_key.code = "gateway.other.failure"' in changed.stdout
    assert recorded[1] not in changed.stdout


def test_replay_answers_from_a_har_of_mitmproxy(recorded: tuple[Path, str], tmp_path: Path) -> None:
    with MockSei(certs_dir=tmp_path, recordings=recorded[0]) as platform:
        account = platform.service_account("svc-demo")
        token = platform.token("svc-demo")
        headers = {"AppKey": account.app_key, "Authorization": f"Bearer {token}"}
        with platform.client("svc-demo") as http:
            assert http.get("/v2/investors?limit=2", headers=headers).status_code == 200
        assert platform.journal.last.recorded == "exchange 2 of recorded.har"
