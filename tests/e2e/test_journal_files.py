"""The journal as a HAR document, as curl lines and as a test: other programs accept all three.

npm's har-validator judges the HAR, bash and curl run the lines, pytest and ruff take the test.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from mock_sei import Attached
from tests.e2e.har_files import judge
from tests.e2e.libraries import SERVER, TICKETS, TOKEN, WEB
from tests.e2e.serving import BIN, MOCK_SEI, Serving, environment, run, run_mock_sei, wait_for
from tests.e2e.suites import run_suite
from tests.patience import PATIENCE, patient

HOSTILE = (
    "it's \"$(touch owned)\" `touch owned` $HOME !! \\ %s \r\n\t\x1b[31m é 💶 {a,b} [1-2] #&=+ ' \n"
)
"""A text that a careless line would let the shell, curl or a terminal read as more than text."""
LEFT_OUT = {"host", "user-agent", "accept-encoding", "content-length", "connection", "accept"}
_SETTING = re.compile(r"^# ([A-Z_0-9]+=(?:\$\(.*\)|not-.*))$")


def make_calls(server: Attached) -> None:
    """What correct and wrong clients send, hostile texts included."""
    account = server.service_account(str(SERVER.account))
    token = server.token(account)
    headers = {"AppKey": account.app_key, "Authorization": f"Bearer {token}"}
    with server.client(account) as http:
        http.get(TICKETS, params={"limit": 2, "name[$]": HOSTILE}, headers=headers)
        http.get(f"/v1/{quote(HOSTILE, safe='')}", headers=headers)
        http.get("/v2/investors", headers={**headers, "x-text": "it's $(id) `id` !! \"", "x": ""})
        as_bytes = {name.encode(): value.encode() for name, value in headers.items()}
        http.get("/v2/investors", headers=as_bytes | {b"x-latin": b"caf\xe9 \t'"})
        http.head("/v2/investors", headers=headers)
        http.delete("/v1/nothing", headers={"appkey": account.app_key})
        for token in ("x", "eyJ.eyJ.x"):
            wrong = {**headers, "Authorization": f"Bearer {token}"}
            assert http.get("/v2/investors", headers=wrong).status_code == 401
        form = {"grant_type": "client_credentials", "username": account.username}
        right, wrong_one = account.app_secret, "wrong"
        for secret, password in ((right, wrong_one), (wrong_one, account.password)):
            sent = {**form, "password": password}
            answer = http.post(TOKEN, auth=(account.app_key, secret), data=sent)
            assert answer.status_code in (400, 401)
        pair = (account.app_key, account.app_secret)
        form = {"grant_type": "client_credentials", "username": HOSTILE, "password": HOSTILE}
        http.post(TOKEN, auth=pair, data=form)
        http.post(TOKEN, auth=pair, data={**form, "@file": "=&", "a b": "c d"})
        as_json = {"content-type": "application/json"}
        http.post(TOKEN, auth=pair, content=json.dumps({"text": HOSTILE}), headers=as_json)
        http.post(TOKEN, content=b"@/etc/passwd", headers={"content-type": "text/x-json"})


def hidden_calls(server: Attached) -> None:
    """Calls whose lines need values that no command gives, or that cannot be repeated."""
    server.token(WEB.key)
    with server.client(WEB.account) as http:
        http.post(TOKEN, content=b"\0\1", headers={"content-type": "image/png"})
        http.post(TOKEN, content=b"a=\xff", headers={"content-type": "x-www-form-urlencoded"})
    with server.client() as http, pytest.raises(httpx2.HTTPError):
        http.get(server.two_way_url)


@pytest.fixture
def seen(running: Serving) -> Attached:
    """A running server."""
    server = Attached(running.ready["control_url"])
    server.start()
    return server


def requests(server: Attached) -> list[dict[str, Any]]:
    """Every request of the journal with the status of its answer, as far as a line repeats it."""
    found = []
    for each in server.journal.entries:
        assert each.request is not None
        told = each.request.to_json()
        told["headers"] = {
            name: value for name, value in told["headers"].items() if name not in LEFT_OUT
        }
        del told["body_size"]
        # Both spellings of a space in a form
        told["body"] = told["body"].replace("+", "%20")
        found.append({**told, "status": each.status, "listener": each.listener})
    return found


def script_of(lines: list[str]) -> str:
    """The lines with the variables set as their comments say."""
    return "\n".join(_SETTING.sub(r"\1", each) for each in lines)


@pytest.mark.needs("bash", "curl", "sed")
@pytest.mark.parametrize("source", ["command", "control API"])
def test_each_curl_line_repeats_its_request(
    running: Serving, seen: Attached, tmp_path: Path, source: str
) -> None:
    make_calls(seen)
    before = requests(seen)
    url = running.ready["control_url"]
    if source == "command":
        done = run_mock_sei("journal", "--as", "curl", "--control-url", url)
        assert done.returncode == 0, done.stderr
        text = done.stdout
        assert running.ready["ca_file"] in text
    else:
        answer = httpx2.get(f"{url}/journal.curl", trust_env=False)
        assert answer.headers["Content-Disposition"] == 'attachment; filename="journal.sh"'
        text = answer.text
    assert "Not repeated" not in text
    seen.journal.clear()

    script = "set -e\n" + script_of(text.split("\n"))
    done = run("bash", "-c", script, cwd=tmp_path, patience=patient(120))

    assert done.returncode == 0, done.stderr
    # The first requests were made to set the variables.
    assert requests(seen)[-len(before) :] == before
    assert not list(tmp_path.glob("owned*"))


@pytest.mark.needs("bash", "curl")
def test_what_cannot_be_repeated_is_a_comment_and_the_rest_runs(
    running: Serving, seen: Attached, tmp_path: Path
) -> None:
    hidden_calls(seen)
    url = running.ready["control_url"]
    text = run_mock_sei("journal", "--as", "curl", "--control-url", url).stdout

    assert text.count("# Not repeated: ") == 3
    assert "<2 bytes of image/png>" in text
    assert "# Not repeated: a failed handshake has no request." in text
    assert "# CODE='...'  # the authorization code that the client sent" in text
    done = run("bash", "-n", "-c", text, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.needs("node", "npm")
def test_a_foreign_validator_accepts_the_har(
    running: Serving, seen: Attached, npm_packages: Path
) -> None:
    make_calls(seen)
    hidden_calls(seen)
    url = running.ready["control_url"]
    done = run_mock_sei("journal", "--as", "har", "--control-url", url)
    assert done.returncode == 0, done.stderr
    log = json.loads(done.stdout)["log"]

    assert len(log["entries"]) == len(seen.journal.entries) - 1
    assert "1 failed handshake is left out" in log["comment"]
    assert judge(npm_packages, {"log": log}) == []
    assert httpx2.get(f"{url}/journal.har", trust_env=False).json() == {"log": log}

    del log["entries"][0]["request"]["url"]
    assert judge(npm_packages, {"log": log}) == [
        ".log.entries[0].request should have required property 'url'"
    ]


def test_the_test_passes_where_it_is_pasted_and_is_clean(
    running: Serving, seen: Attached, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    make_calls(seen)
    hidden_calls(seen)
    ledger = seen.new_application(name="ledger $(id) '", products=["sma-trade-orders"])
    headers = {"AppKey": ledger.app_key, "Authorization": f"Bearer {seen.token(ledger)}"}
    with seen.client(ledger) as http:
        assert http.get(TICKETS, headers=headers).status_code == 200
    seen.enqueue("GET /v2/investors", status=418, json={"text": [HOSTILE, None]})
    seen.faults.add("GET /v2/investors", status=503, times=1)
    account = seen.service_account("svc-demo")
    headers = {"AppKey": account.app_key, "Authorization": f"Bearer {seen.token(account)}"}
    with seen.client(account) as http:
        assert [
            http.get("/v2/investors", headers=headers).status_code,
            http.get("/v2/investors", headers=headers).status_code,
            http.get("/v2/investors", headers=headers | {"Authorization": "Bearer x"}).status_code,
        ] == [503, 418, 401]
    url = running.ready["control_url"]
    done = run_mock_sei("journal", "--as", "pytest", "--control-url", url)
    assert done.returncode == 0, done.stderr
    assert httpx2.get(f"{url}/journal.py", trust_env=False).text == done.stdout
    asserted = re.findall(r"(?m)^        assert answer\.status_code == (\d+)$", done.stdout)
    calls = [each for each in seen.journal.entries if each.status]
    left_out = done.stdout.count("# Left out: ")
    handshakes = 1
    replaced = done.stdout.count("assert tokens[") + done.stdout.count("assert not mock_sei.login(")
    assert len(asserted) + replaced + left_out - handshakes == len(calls)
    assert left_out <= 4
    assert {"200", "401", "404", "418", "503"} <= set(asserted)

    run_suite(pytester, done.stdout).assert_outcomes(passed=1)

    module = tmp_path / "test_pasted.py"
    module.write_text(done.stdout, encoding="utf-8")
    for check in (["check"], ["format", "--check", "--diff"]):
        judged = run(BIN / "ruff", *check, "--isolated", "--no-cache", module)
        assert judged.returncode == 0, judged.stdout + judged.stderr


def test_no_secret_is_in_any_form(running: Serving, seen: Attached) -> None:
    make_calls(seen)
    hidden_calls(seen)
    details = httpx2.get(running.ready["control_url"], trust_env=False).json()
    secrets = [each["app_secret"] for each in details["applications"] if each["app_secret"]]
    secrets += [each["password"] for each in details["service_accounts"] + details["end_users"]]
    assert len(secrets) > 5

    for form in ("har", "curl", "py"):
        text = httpx2.get(f"{running.ready['control_url']}/journal.{form}", trust_env=False).text
        assert len(text) > 1000
        assert [each for each in secrets if each in text] == []
        assert "eyJ" not in text


def test_the_filters_are_those_of_the_journal(running: Serving, seen: Attached) -> None:
    make_calls(seen)
    hidden_calls(seen)
    url = running.ready["control_url"]
    options = ["--operation", "POST /v2/oauthtoken", "--application", "demo-web"]
    har = run_mock_sei("journal", "--as", "har", *options, "--control-url", url).stdout
    params: dict[str, str | int] = {"application": "demo-web", "limit": 1}
    newest = httpx2.get(f"{url}/journal.har", params=params, trust_env=False).json()
    wrong = httpx2.get(f"{url}/journal.har", params={"aplication": "x"}, trust_env=False)

    entries = json.loads(har)["log"]["entries"]
    assert [each["response"]["status"] for each in entries] == [200, 400, 400]
    assert {each["_tls"]["certificate"]["common_name"] for each in entries} == {WEB.account}
    assert {each["request"]["url"].split("/", 3)[-1] for each in entries} == {TOKEN[1:]}
    assert len(newest["log"]["entries"]) == 1
    assert wrong.status_code == 400
    assert "aplication" in wrong.text


@pytest.mark.parametrize("form", ["har", "pytest"])
def test_a_whole_document_cannot_be_followed(running: Serving, form: str) -> None:
    done = run_mock_sei(
        *("journal", "--as", form, "--follow", "--control-url", running.ready["control_url"])
    )
    assert done.returncode == 2
    assert done.stderr == (
        f"mock-sei: --follow goes with lines: --as {form} writes a whole document, which has an "
        "end\n"
    )
    assert done.stdout == ""


def test_curl_lines_can_be_followed(running: Serving, seen: Attached, tmp_path: Path) -> None:
    url = running.ready["control_url"]
    output = tmp_path / "followed.sh"
    follow = [str(MOCK_SEI), "journal", "--as", "curl", "--follow", "--control-url", url]
    with (
        output.open("w") as out,
        subprocess.Popen(follow, stdout=out, env=environment()) as follower,
    ):
        try:
            seen.token("svc-demo")
            wait_for(lambda: output.read_text().count("\ncurl ") == 1)
            seen.token("svc-demo")
            wait_for(lambda: output.read_text().count("\ncurl ") == 2)
            httpx2.delete(f"{url}/journal", trust_env=False)
            seen.token("svc-demo")
            wait_for(lambda: output.read_text().count("\ncurl ") == 3)
            follower.send_signal(signal.SIGINT)
            assert follower.wait(timeout=PATIENCE) == 0
        finally:
            follower.kill()
    text = output.read_text()
    assert text.count("# APP_SECRET=") == 1
    assert "# the journal was cleared\n" in text
