"""``mock-sei compare`` as a program: a HAR of a running server's journal, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mock_sei import MockSei
from mock_sei.testing.assumption_values import AssumptionValues
from tests.e2e.serving import run_mock_sei
from tests.support import TICKETS


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What another tool recorded in front of a platform with other assumptions: secrets in clear.

    The journal's own HAR hides secrets, so this one is made by the client.
    """
    folder = tmp_path_factory.mktemp("traffic")
    entries = []
    changed: AssumptionValues = {
        "token.type": "Bearer",
        "paging.total": "count",
        "refusal.api_key.status": 403,
    }
    with MockSei(certs_dir=folder / "certs", assumptions=changed) as platform:
        account = platform.service_account("svc-demo")
        with platform.client(account) as http:
            form = {"grant_type": "client_credentials", "username": account.username}
            answer = http.post(
                "/v2/oauthtoken",
                auth=(account.app_key, account.app_secret),
                data={**form, "password": account.password},
            )
            bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
            answers = [answer, http.get(TICKETS, headers={"AppKey": account.app_key, **bearer})]
            answers.append(http.get(TICKETS, headers=bearer))
    for each in answers:
        sent = each.request
        body = {"mimeType": sent.headers.get("content-type", ""), "text": sent.content.decode()}
        entries.append(
            {
                "startedDateTime": "2026-03-01T12:00:00Z",
                "time": 1,
                "request": {
                    "method": sent.method,
                    "url": str(sent.url.copy_with(port=444)),
                    "headers": [{"name": a, "value": b} for a, b in sent.headers.items()],
                    **({"postData": body} if sent.content else {}),
                },
                "response": {
                    "status": each.status_code,
                    "headers": [{"name": a, "value": b} for a, b in each.headers.items()],
                    "content": {"mimeType": each.headers["content-type"], "text": each.text},
                },
            }
        )
    path = folder / "traffic.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "entries": entries}}))
    return path


def test_a_har_of_another_tool_is_compared_and_mended(traffic: Path, tmp_path: Path) -> None:
    written, report = tmp_path / "assumptions.toml", tmp_path / "report.md"

    first = run_mock_sei("compare", traffic, "--write", written, "--report", report, cwd=tmp_path)
    second = run_mock_sei("compare", traffic, "--assumptions", written, cwd=tmp_path)

    assert first.returncode == 1, first.stderr
    for line in ('token.type = "Bearer"', 'paging.total = "count"', "api_key.status = 403"):
        assert line in first.stdout
    assert "demo-server-secret" not in first.stdout + report.read_text()
    assert first.stderr == ""
    assert second.returncode == 0, second.stdout
    assert "3 the same" in second.stdout


def test_a_file_that_is_no_recording_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_text("{}")

    found = run_mock_sei("compare", "a.har", cwd=tmp_path)

    assert found.returncode == 2
    assert found.stderr == "mock-sei: a.har: log: this object is missing\n"
