"""Commands that perform operations at a running server: clock, faults, reset and others."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from mock_sei.cli import main
from mock_sei.platform import Platform
from mock_sei.testing.calls import ControlApi
from mock_sei.testing.remote import Remote
from tests.patience import PATIENCE
from tests.support import control_client

Run = Callable[..., str]


@pytest.fixture
def run(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command that finds the platform of this test; returns what it prints."""
    api = ControlApi("http://127.0.0.1:8044", timeout=PATIENCE, hint="")
    monkeypatch.setattr(api, "_http", control_client(platform))
    monkeypatch.setattr("mock_sei.commands.control.server_at", lambda _: Remote(api))

    def run(*arguments: str, status: int = 0, stdin: str | None = None) -> str:
        result = CliRunner().invoke(main, arguments, input=stdin)
        assert result.exit_code == status, result.output
        return result.output

    return run


@pytest.mark.long
def test_the_clock_is_shown_moved_and_brought_back(run: Run, platform: Platform) -> None:
    assert run("clock").endswith("running, the machine's time\n")
    assert run("clock", "show").endswith("running, the machine's time\n")

    before = platform.clock.now()
    assert "running\n" in run("clock", "advance", "1h30m")
    assert platform.clock.now() - before >= timedelta(hours=1, minutes=30)

    assert run("clock", "set", "2027-01-31T09:00:00Z").startswith("2027-01-31T09:00:00")
    assert "frozen" in run("clock", "freeze")
    assert platform.clock.frozen
    assert "running" in run("clock", "unfreeze")
    assert run("clock", "reset") == ""
    assert platform.clock.is_machine


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("31m", 1860), ("90", 90), ("2d", 172_800), ("1h30m", 5400), ("0.5s", 0.5)],
)
def test_a_duration_is_written_with_units_or_in_seconds(
    run: Run, platform: Platform, text: str, seconds: float
) -> None:
    platform.clock.set(datetime(2027, 1, 1, tzinfo=UTC), frozen=True)
    run("clock", "advance", text)
    assert platform.clock.now() == datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "3x", "-5m", "31 m", "m", "1e3", "9" * 200 + "d", "1h30"])
def test_what_is_no_duration_is_named(run: Run, text: str) -> None:
    assert "DURATION" in run("clock", "advance", text, status=2)


@pytest.mark.parametrize("text", ["2027", "soon", "2027-01-31T09:00:00", "1999-01-01T00:00:00Z"])
def test_what_is_no_time_for_the_clock_is_named(run: Run, text: str) -> None:
    assert text[:4] in run("clock", "set", text, status=2)


@pytest.mark.long
def test_faults_are_added_listed_and_cleared(run: Run, platform: Platform) -> None:
    assert run("faults") == ""
    line = "1  POST /v2/oauthtoken of demo-web: status 503; met 0 of 2\n"
    added = run(
        "faults", "add", "POST /v2/oauthtoken", "--status", "503", "--times", "2",
        "--application", "demo-web",
    )  # fmt: skip
    assert added == line
    assert run("faults", "list") == line
    assert "stall true" in run("faults", "add", "--stall", "--listener", "two-way")
    listed = json.loads(run("faults", "list", "--format", "json"))
    assert [each["id"] for each in listed] == [1, 2]
    assert run("faults", "clear") == ""
    assert platform.faults.armed == []


def test_a_wrong_fault_is_refused_in_one_line(run: Run) -> None:
    assert "the nearest are" in run(
        "faults", "add", "POST /v2/oauthtokn", "--status", "503", status=2
    )
    assert "status" in run("faults", "add", "POST /v2/oauthtoken", status=2)
    assert "--status" in run("faults", "add", "x", "--status", "many", status=2)


def test_a_reset_takes_settings_until_the_next(run: Run, platform: Platform) -> None:
    platform.clock.advance(minutes=5)
    assert run("reset", "--dialect", "rfc", "--seed", "7") == ""
    assert platform.clock.is_machine
    assert (platform.state.behaviour.dialect, platform.state.behaviour.seed) == ("rfc", 7)
    run("reset")
    assert platform.state.behaviour.dialect == "sei"
    assert "'sei', 'rfc'" in run("reset", "--dialect", "other", status=2)


@pytest.mark.long
def test_applications_are_added_approved_listed_and_removed(run: Run, platform: Platform) -> None:
    platform.reset({"approval": "manual"})
    added = run(
        "applications", "add", "ledger", "--type", "server-server", "--actor", "server",
        "--environments", "test", "--environments", "build",
    )  # fmt: skip
    application = platform.registry.require_application("ledger")
    password = platform.registry.require_account("svc-ledger").password
    assert application.environments == ("test", "build")
    assert "waits for approval" in added
    assert f"AppSecret: {application.app_secret}" in added
    assert f"password of svc-ledger: {password}" in added
    assert "certificate.crt" in added
    assert "approved" in run("applications", "approve", "ledger")
    assert "ledger" in run("applications")
    assert run("applications", "remove", "ledger") == ""
    assert "no application 'ledger'" in run("applications", "remove", "ledger", status=2)


@pytest.mark.long
def test_records_are_counted_shown_added_and_cleared(
    run: Run, platform: Platform, tmp_path: Path
) -> None:
    counted = run("data")
    assert f"{platform.data.size('investors'):>6}  investors\n" in counted
    assert run("data", "clear", "investors") == ""
    record = {"externalId": "INV-1", "name": "Example"}
    assert run("data", "add", "investors", json.dumps(record)) == "1 records\n"
    file = tmp_path / "more.json"
    file.write_text(json.dumps([{"externalId": "INV-2"}, {"externalId": "INV-3"}]))
    assert run("data", "add", "investors", f"@{file}") == "3 records\n"
    more = json.dumps([{"externalId": "INV-4"}])
    assert run("data", "add", "investors", "-", stdin=more) == "4 records\n"
    shown = [json.loads(line) for line in run("data", "show", "investors").splitlines()]
    assert [each["externalId"] for each in shown] == ["INV-1", "INV-2", "INV-3", "INV-4"]
    assert len(run("data", "show", "investors", "--limit", "2").splitlines()) == 2


@pytest.mark.long
def test_the_records_of_one_application_are_counted_shown_added_and_cleared(
    run: Run, platform: Platform
) -> None:
    made = run(
        "applications", "add", "ledger", "--type", "server-server", "--actor", "server",
        "--own-data",
    )  # fmt: skip
    assert "approved, own data  svc-ledger\n" in made
    assert platform.registry.require_application("ledger").own_data
    shared = list(platform.data.all("investors"))
    ours = ("--application", "ledger")
    record = json.dumps({"externalId": "INV-1"})

    assert run("data", "clear", "investors", *ours) == ""
    assert run("data", "add", "investors", record, *ours) == "1 records\n"
    assert json.loads(run("data", "show", "investors", *ours)) == {"externalId": "INV-1"}
    assert f"{1:>6}  investors\n" in run("data", "show", *ours)

    assert list(platform.data.all("investors")) == shared
    assert f"{len(shared):>6}  investors\n" in run("data", "show")


@pytest.mark.long
def test_the_records_of_an_application_without_own_data_are_refused(
    run: Run, platform: Platform
) -> None:
    before = platform.data.size("investors")
    for name, said in (
        ("demo-server", "own_data=True"),
        ("demo-sever", "did you mean demo-server?"),
        ("", "no application"),
    ):
        assert said in run("data", "clear", "investors", "--application", name, status=2)
        assert said in run("data", "show", "--application", name, status=2)
    assert platform.data.size("investors") == before


def test_an_option_of_one_collection_needs_its_name(run: Run) -> None:
    assert "--limit needs COLLECTION" in run("data", "show", "--limit", "2", status=2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("7", "a record or a list"),
        ("{", "no JSON"),
        ("@/no/such", "/no/such"),
        ("[1]", "0: a record"),
    ],
)
def test_what_is_no_record_is_named(run: Run, text: str, said: str) -> None:
    assert said in run("data", "add", "investors", text, status=2)
    assert "no operation reads" in run("data", "show", "investrs", status=2)


def test_a_server_that_is_not_there_is_said_in_one_line() -> None:
    result = CliRunner().invoke(main, ["clock", "show", "--control-url", "http://127.0.0.1:9"])
    assert result.exit_code == 2
    assert "is it running?" in result.output
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--query", "cursor=abc"], {"query": {"cursor": "abc"}}),
        (["--query", "a=1", "--query", "a=2"], {"query": {"a": ["1", "2"]}}),
        (["--query", "a=~^x=y"], {"query": {"a": {"matches": "^x=y"}}}),
        (["--header", "Accept=a/b"], {"headers": {"Accept": "a/b"}}),
        (["--json", '{"a": {"matches": "x"}}'], {"json": {"a": {"matches": "x"}}}),
        (["--body", "a=b"], {"body": "a=b"}),
        (["--body", "~a=b"], {"body": {"matches": "a=b"}}),
    ],
)
def test_a_fault_is_for_requests_that_options_describe(
    run: Run, platform: Platform, options: list[str], parts: dict[str, object]
) -> None:
    said = run("faults", "add", "GET /v2/investors", "--status", "503", *options)
    [armed] = platform.faults.armed
    given = {name: getattr(armed.fault, name) for name in ("query", "headers", "json", "body")}
    assert {name: value for name, value in given.items() if value is not None} == parts
    assert next(iter(parts)) in said


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--query", "cursor"], "--query: 'cursor': not NAME=VALUE"),
        (["--query", "=a"], "not NAME=VALUE"),
        (["--query", "a=~("], "is no regular expression"),
        (["--header", "a b=c"], "no header has this name"),
        (["--json", "{"], "--json: no JSON"),
    ],
)
def test_an_option_that_describes_no_request_is_refused(
    run: Run, platform: Platform, options: list[str], told: str
) -> None:
    assert told in run("faults", "add", "--status", "503", *options, status=2)
    assert platform.faults.armed == []


@pytest.mark.long
def test_answers_are_added_listed_removed_and_cleared(run: Run, platform: Platform) -> None:
    assert run("answers") == ""
    added = run(
        "answers", "add", "GET /v2/investors", "--application", "demo-web", "--status", "404",
        "--query", "cursor=~^a", "--request-header", "Accept=text/plain", "--request-json",
        '{"a": 1}', "--request-body", "~x", "--json", '{"b": "{{state.step}}"}',
        "--header", "X-A=1", "--header", "X-B={{clock.now}}", "--times", "3",
        "--when", "step=one", "--when", "other", "--then", "step=two", "--required",
    )  # fmt: skip
    assert added == "answer 1; 1 waiting\n"
    assert run("answers", "add", "GET /x", "--until-removed", "--text", "{{a", "--no-template")
    first, second = platform.scripts.waiting
    assert first.answer.target.parts.query == {"cursor": {"matches": "^a"}}
    assert first.answer.target.parts.headers == {"Accept": "text/plain"}
    assert (first.answer.target.parts.json, first.answer.target.parts.body) == (
        {"a": 1},
        {"matches": "x"},
    )
    assert first.answer.ready.headers == {"X-A": "1", "X-B": "{{clock.now}}"}
    assert (first.answer.when, first.answer.then) == (
        {"step": "one", "other": None},
        {"step": "two"},
    )
    assert (first.answer.times, first.answer.required) == (3, True)
    assert (second.answer.times, second.answer.ready.content) == (None, b"{{a")
    listed = run("answers", "list").splitlines()
    assert listed[0].startswith("1  GET /v2/investors of demo-web with query=")
    assert listed[0].endswith("used 0 of 3 times")
    assert listed[1] == "2  GET /x: never used"
    assert json.loads(run("answers", "list", "--format", "json"))["answers"][0]["id"] == 1
    assert run("answers", "remove", "1") == ""
    assert "no answer 1" in run("answers", "remove", "1", status=2)
    assert "ID" in run("answers", "remove", "one", status=2)
    assert run("answers", "clear") == ""
    assert len(platform.scripts) == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--query", "cursor"], "--query: 'cursor': not NAME=VALUE"),
        (["--header", "=x"], "--header: '=x': not NAME=VALUE"),
        (["--header", "A=1", "--header", "A=2"], "--header: 'A': given twice"),
        (["--json", "{"], "--json: no JSON"),
        (["--times", "2", "--until-removed"], "times is given by another option"),
        (["--times", "many"], "--times"),
        (["--times", "0"], "times: 0: must be at least 1"),
        (["--then", "a=1", "--then", "a"], "--then: 'a': given twice"),
        (["--text", "{{request.qeury.a}}"], "did you mean request.query.a?"),
        (["--query", "cursor=~("], "query: "),
    ],
)
def test_a_wrong_answer_is_refused_in_one_line(
    run: Run, platform: Platform, arguments: list[str], problem: str
) -> None:
    assert problem in run("answers", "add", "GET /v2/investors", *arguments, status=2)
    assert len(platform.scripts) == 0


def test_a_fault_is_added_for_some_requests(run: Run, platform: Platform) -> None:
    run(
        "faults", "add", "GET /v2/investors", "--status", "503", "--query", "a=1", "--query",
        "a=~2", "--header", "X=~y", "--json", '{"b": null}', "--body", "~z", "--latency", "0",
    )  # fmt: skip

    fault = platform.faults.armed[0].fault
    assert fault.query == {"a": ["1", {"matches": "2"}]}
    assert fault.headers == {"X": {"matches": "y"}}
    assert (fault.json, fault.body) == ({"b": None}, {"matches": "z"})
