"""The report of a failing test ends with the last exchanges, in a user's own suite."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.serving import Serving, run
from tests.e2e.suites import USERS_PLUGINS, run_in

SECTION = "mock-sei: the last exchanges"

CONFTEST = """
import json

def pytest_runtest_logreport(report):
    if report.when == "call" or report.failed:
        told = [report.nodeid.split("::")[-1], report.when, report.failed, report.sections]
        with open("reports.jsonl", "a") as file:
            file.write(json.dumps(told) + "\\n")
"""
"""With pytest-xdist the process that prints the reports runs this, not the one of the tests."""

SUITE = """
import sys
import httpx2
import pytest

def test_passes(mock_sei):
    mock_sei.token("svc-demo")
    assert "mock_sei.testing.report" not in sys.modules

def test_call(mock_sei):
    for _ in range(12):
        mock_sei.token("svc-demo")
    with mock_sei.client("svc-demo") as http:
        http.get("/v1/nowhere/\\x1b[31m$(id)".replace("\\x1b", "%1B"))
    with mock_sei.client() as http, pytest.raises(httpx2.HTTPError):
        http.get(mock_sei.two_way_url)
    assert False

@pytest.fixture
def broken(mock_sei):
    mock_sei.token("svc-demo")
    raise ValueError

def test_setup(broken):
    pass

@pytest.mark.mock_sei(dialect="no such")
def test_setup_before_the_reset(mock_sei):
    pass

def test_required_fault(mock_sei):
    mock_sei.faults.add("POST /v2/oauthtoken", status=503, times=1, required=True)
    with mock_sei.client("svc-demo") as http:
        http.get("/v1/nowhere")

def test_nothing_seen(mock_sei):
    assert False

def test_without_the_platform():
    assert False

@pytest.fixture(scope="module")
def shared(mock_sei_server):
    return mock_sei_server.new_application(name="shared")

def test_that_makes_the_shared_one(shared):
    pass

def test_own_application(shared, mock_sei_server):
    own = mock_sei_server.new_application(name="own")
    mock_sei_server.token(shared)
    mock_sei_server.token(own)
    mock_sei_server.token("svc-demo")
    assert False

def test_removed_application(shared, mock_sei_server):
    own = mock_sei_server.new_application(name="removed")
    mock_sei_server.token(own)
    mock_sei_server.token(shared)
    mock_sei_server.applications.remove(own.app_key)
    assert False

def test_shared_application(shared, mock_sei_server):
    mock_sei_server.token(shared)
    assert False

@pytest.fixture
def breaks_at_the_end(mock_sei_server):
    yield
    raise ValueError

def test_last_teardown(breaks_at_the_end, mock_sei_server):
    mock_sei_server.token("svc-demo")
"""

Told = Mapping[tuple[str, str], str | None]


def reports(folder: Path, suite: str, *options: str) -> Told:
    """The section of each report, None without one, by the names of test and phase."""
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "test_suite.py").write_text(suite, encoding="utf-8")
    done = run_in(folder, "-W", "error", *USERS_PLUGINS, *options)
    assert "INTERNALERROR" not in done.stdout, done.stdout
    told = {}
    for line in (folder / "reports.jsonl").read_text().splitlines():
        test, phase, failed, sections = json.loads(line)
        found = [content for title, content in sections if title == SECTION]
        assert len(found) <= int(failed)
        told[test, phase] = found[0] if found else None
        if found:
            assert sections[-1][0] == SECTION
            assert f"- {SECTION} -" in done.stdout
    return told


@pytest.fixture(scope="module", params=["in process", "attached"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The reports of the suite in either mode."""
    folder = tmp_path_factory.mktemp("suite")
    if request.param == "in process":
        return reports(folder, SUITE)
    with Serving.start(tmp_path_factory.mktemp("serving")) as serving:
        return reports(folder, SUITE, "--mock-sei-url", serving.ready["control_url"])


def summaries(section: str | None) -> list[str]:
    """The comments about entries, without their times."""
    return re.findall(r"(?m)^# \d\d:\d\d:\d\d\.\d{3} (.*)$", section or "")


def test_a_passing_test_has_no_section_and_costs_no_import(told: Told) -> None:
    assert told["test_passes", "call"] is None


def test_a_failure_ends_with_the_last_ten_exchanges_newest_last(told: Told) -> None:
    section = told["test_call", "call"] or ""
    found = summaries(section)
    lines = [each for each in section.splitlines() if each.startswith("curl ")]

    assert found[:8] == ["two-way POST /v2/oauthtoken 200 demo-server/svc-demo"] * 8
    assert "GET /v1/nowhere/\\x1b[31m$(id) 404" in found[8]
    assert "handshake refused by client certificate" in found[9]
    assert len(found) == 10
    tokens = [each for each in lines if each.endswith("/v2/oauthtoken")]
    assert len(tokens) == 8
    assert '-u "demo-server-key:$APP_SECRET"' in tokens[0]
    assert section.splitlines()[-1] == "# Not repeated: a failed handshake has no request."
    assert "'" in lines[-1]
    assert "%1B" in lines[-1]


def test_no_secret_and_no_control_character_is_in_a_report(told: Told) -> None:
    text = "\n".join(filter(None, told.values()))

    assert "demo-server-secret" not in text
    assert "svc-demo-password" not in text
    assert "eyJ" not in text
    assert "\x1b" not in text


def test_a_failure_of_setup_and_teardown_has_it_too(told: Told) -> None:
    assert len(summaries(told["test_setup", "setup"])) == 1
    [seen] = summaries(told["test_required_fault", "teardown"])
    assert "GET /v1/nowhere 404" in seen


def test_a_test_that_did_not_come_to_use_the_platform_has_none(told: Told) -> None:
    assert told["test_setup_before_the_reset", "setup"] is None
    assert told["test_without_the_platform", "call"] is None


def test_that_nothing_was_seen_is_told(told: Told) -> None:
    assert told["test_nothing_seen", "call"] == (
        "the journal is empty: the server saw no request and no handshake"
    )


def test_a_test_with_own_applications_sees_only_their_entries(told: Told) -> None:
    assert summaries(told["test_own_application", "call"]) == [
        "two-way POST /v2/oauthtoken 200 own/svc-own"
    ]
    assert summaries(told["test_removed_application", "call"]) == [
        "two-way POST /v2/oauthtoken 200 removed/svc-removed"
    ]
    shared = summaries(told["test_shared_application", "call"])
    assert shared[-1] == "two-way POST /v2/oauthtoken 200 shared/svc-shared"
    assert len(shared) > 1


def test_the_last_teardown_does_not_break_the_report(told: Told) -> None:
    section = told["test_last_teardown", "teardown"]
    assert section is not None
    assert "POST /v2/oauthtoken 200" in section or "the journal cannot be read" in section


@pytest.fixture
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving.start(tmp_path_factory.mktemp("serving")) as serving:
        yield serving


ONE_FAILS = """
def test_fails(mock_sei_server):
    application = mock_sei_server.new_application()
    mock_sei_server.token(application)
    assert False
"""


@pytest.mark.needs("bash", "curl", "sed")
def test_the_lines_of_a_server_that_runs_on_work_after_the_run(
    serving: Serving, tmp_path: Path
) -> None:
    suite = ONE_FAILS.replace("mock_sei_server.new_application()", '"svc-demo"')
    url = serving.ready["control_url"]
    section = reports(tmp_path, suite, "--mock-sei-url", url)["test_fails", "call"] or ""
    script = re.sub(r"(?m)^# ([A-Z_]+=\$\()", r"\1", section)

    done = run("bash", "-ec", script, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["token_type"] == "BearerToken"


def test_the_section_travels_with_pytest_xdist(serving: Serving, tmp_path: Path) -> None:
    """Of each worker's test, on one server, only the entries of its own application."""
    suite = ONE_FAILS + ONE_FAILS.replace("test_fails", "test_fails_too")
    url = serving.ready["control_url"]
    told = reports(tmp_path, suite, "-n", "2", "--mock-sei-url", url)

    seen = [summaries(told[test, "call"]) for test in ("test_fails", "test_fails_too")]
    assert [len(each) for each in seen] == [1, 1]
    assert seen[0] != seen[1]


def test_a_server_that_is_gone_does_not_break_the_report(serving: Serving, tmp_path: Path) -> None:
    suite = f"""
import os, signal

def test_fails(mock_sei_server):
    os.kill({serving.ready["pid"]}, signal.SIGKILL)
    assert False
"""
    url = serving.ready["control_url"]
    told = reports(tmp_path, suite, "--mock-sei-url", url)["test_fails", "call"] or ""

    assert told.startswith("the journal cannot be read: no mock-sei answers at ")
    assert "\n" not in told
