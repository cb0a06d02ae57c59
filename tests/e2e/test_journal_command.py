"""``mock-sei journal``: reading and following the journal of a running server."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.e2e.serving import MOCK_SEI, Serving, environment, run_mock_sei, wait_for
from tests.patience import PATIENCE

FOLLOW = ["journal", "--follow", "--control-url"]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    """A server that refused a token and a connection without a certificate."""
    with Serving.start(tmp_path) as serving:
        context = ssl.create_default_context(cafile=serving.ready["ca_file"])
        with httpx2.Client(verify=context, trust_env=False) as http:
            http.post(f"{serving.ready['url']}/v2/oauthtoken", data={"grant_type": "x"})
            with pytest.raises(httpx2.HTTPError):
                http.get(serving.ready["two_way_url"])
        yield serving


def journal(serving: Serving, *options: str) -> list[str]:
    url = serving.ready["control_url"]
    done = run_mock_sei("journal", "--control-url", url, *options)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_each_entry_is_a_line_with_its_reason(serving: Serving) -> None:
    token, handshake = journal(serving)

    assert "one-way POST /v2/oauthtoken 401 refused by key pair:" in token
    assert "two-way handshake refused by client certificate:" in handshake
    assert "[expected a client certificate, actual none]" in handshake


def test_each_line_can_be_followed_by_the_checks(serving: Serving) -> None:
    _, of_token, _, of_handshake = journal(serving, "--checks")

    assert of_token == (
        "    ✓ TLS  ✓ parse  ✗ key pair  ○ source address  ○ row and grant  ○ listener"
    )
    assert of_handshake == (
        "    ✓ TLS  ✗ client certificate  (TLS alert certificate_required, sent by the server)"
    )


def test_checks_have_no_place_in_another_form(serving: Serving) -> None:
    url = serving.ready["control_url"]
    done = run_mock_sei("journal", "--control-url", url, "--checks", "--as", "har")

    assert done.returncode == 2
    assert "--checks goes with readable lines" in done.stderr


def test_entries_can_be_chosen(serving: Serving) -> None:
    assert len(journal(serving, "--kind", "handshake")) == 1
    assert len(journal(serving, "--operation", "POST /v2/*")) == 1
    assert len(journal(serving, "--refused-by", "client certificate")) == 1
    assert journal(serving, "--application", "demo-server") == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_followed_it_shows_what_comes_and_that_it_was_cleared(
    serving: Serving, tmp_path: Path, ending: signal.Signals
) -> None:
    """It runs until a signal, even if a shell starts it in the background with SIGINT ignored."""
    url = serving.ready["control_url"]
    output = tmp_path / "followed.txt"
    with (
        output.open("w") as out,
        subprocess.Popen(
            ["sh", "-c", 'trap "" INT; exec "$@"', "sh", MOCK_SEI, *FOLLOW, url],
            stdout=out,
            env=environment(),
        ) as follower,
    ):
        try:
            wait_for(lambda: len(output.read_text().splitlines()) == 2)
            httpx2.delete(f"{url}/journal", trust_env=False)
            context = ssl.create_default_context(cafile=serving.ready["ca_file"])
            httpx2.get(f"{serving.ready['url']}/nowhere", verify=context, trust_env=False)
            wait_for(lambda: "GET /nowhere 404" in output.read_text())
            follower.send_signal(ending)
            assert follower.wait(timeout=PATIENCE) == 0
        finally:
            follower.kill()
    assert "Traceback" not in output.read_text()


def test_without_a_server_it_says_how_to_name_one(tmp_path: Path) -> None:
    done = run_mock_sei("journal", "--control-url", "http://127.0.0.1:9", cwd=tmp_path)

    assert done.returncode == 2
    assert "no mock-sei answers at http://127.0.0.1:9" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_control_api_takes_the_same_filters(serving: Serving) -> None:
    url = f"{serving.ready['control_url']}/journal"
    found = httpx2.get(url, params={"kind": "handshake", "after": 1}, trust_env=False).json()
    wrong = httpx2.get(url, params={"knd": "handshake"}, trust_env=False)

    assert [each["number"] for each in found["entries"]] == [2]
    assert wrong.status_code == 400
    assert "knd" in json.dumps(wrong.json())
