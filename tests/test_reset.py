"""A reset is a line: what a call does that began before it is done to the state that is gone."""

from __future__ import annotations

import importlib
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest

from mock_sei.certificates.profiles import ServerVariant
from mock_sei.errors import ConfigurationError, MockSeiBug
from mock_sei.sandbox import Sandbox
from mock_sei.standards import Listener
from tests.patience import PATIENCE
from tests.support import TOKEN_PATH, Platform, control_client, registration
from tests.web.portal.browser import Browser, filled

"""Seconds for what comes at once."""

Body = Iterator[bytes]


@pytest.fixture
def control(sandbox: Sandbox) -> httpx2.Client:
    return control_client(sandbox)


def overtaken(body: bytes, sandbox: Sandbox, then: Callable[[], object] = lambda: None) -> Body:
    """A body in the middle of which the platform is reset, and whatever a new test does then."""
    half = len(body) // 2
    yield body[:half]
    sandbox.reset()
    then()
    yield body[half:]


def form_of(platform: Platform) -> bytes:
    return str(httpx2.QueryParams(platform.form())).encode()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


class TestAnExchange:
    def test_of_before_is_in_no_journal_of_after(self, platform: Platform) -> None:
        sandbox = platform.sandbox
        body = overtaken(form_of(platform), sandbox)

        answer = platform.client().post(
            TOKEN_PATH, content=body, headers=FORM, auth=("demo-server-key", "demo-server-secret")
        )

        assert answer.status_code == 200, answer.text
        assert sandbox.journal.entries == []
        assert len(sandbox.journal) == sandbox.journal.dropped == 0

    def test_of_before_writes_nothing_into_the_records_of_after(self, platform: Platform) -> None:
        sandbox, headers = platform.sandbox, platform.headers()
        before = list(sandbox.data.all("investors"))
        record = json.dumps({**before[0], "investorId": "overtaken", "externalId": "overtaken"})
        body = overtaken(record.encode(), sandbox)

        answer = platform.client().post("/v1/investors", content=body, headers=headers | JSON)

        assert answer.status_code < 500
        assert list(sandbox.data.all("investors")) == before
        assert sandbox.journal.entries == []

    def test_of_before_takes_no_script_of_after(self, platform: Platform) -> None:
        sandbox = platform.sandbox
        operation = f"POST {TOKEN_PATH}"
        sandbox.enqueue(operation, text="of before")
        sandbox.arm_fault({"operation": operation, "latency": 0.001})

        def script() -> None:
            sandbox.enqueue(operation, text="of after")
            sandbox.only_scripted()

        answer = platform.client().post(
            TOKEN_PATH,
            content=overtaken(form_of(platform), sandbox, script),
            headers=FORM | {"Content-Length": "100"},
            auth=("demo-server-key", "demo-server-secret"),
        )

        assert answer.text == "of before"
        assert [each.operation for each in sandbox.scripts.waiting] == [operation]
        assert sandbox.scripts.unscripted == []

    def test_of_before_meets_no_fault_of_after(self, platform: Platform) -> None:
        sandbox = platform.sandbox
        operation = f"POST {TOKEN_PATH}"
        sandbox.arm_fault({"operation": operation, "latency": 0.001})
        armed: list[int] = []

        def arm() -> None:
            fault = sandbox.arm_fault({"operation": operation, "status": 503, "required": True})
            armed.append(fault.identifier)

        answer = platform.client().post(
            TOKEN_PATH,
            content=overtaken(form_of(platform), sandbox, arm),
            headers=FORM | {"Content-Length": "100"},
            auth=("demo-server-key", "demo-server-secret"),
        )

        assert answer.status_code == 200
        found = sandbox.faults.find(armed[0])
        assert found is not None
        assert found.met == 0
        assert sandbox.verdict().unmet_faults

    def test_of_before_draws_no_number_of_after(self, platform: Platform) -> None:
        """With a seed the next test would get other keys, codes and links than alone."""
        sandbox = platform.sandbox
        sandbox.reset({"seed": 7})
        alone = sandbox.new_tracking_id()
        sandbox.reset({"seed": 7})

        def body() -> Body:
            yield b"grant_type=client"
            sandbox.reset({"seed": 7})
            yield b"_credentials"

        platform.client().post(TOKEN_PATH, content=body(), headers=FORM)

        assert sandbox.new_tracking_id() == alone

    def test_of_after_is_in_the_journal(self, platform: Platform) -> None:
        platform.sandbox.reset()

        platform.get()

        assert platform.sandbox.journal.last.status == 200

    def test_that_failed_is_reported_whatever_was_reset(
        self, platform: Platform, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            platform.sandbox.reset()
            raise ZeroDivisionError("on purpose")

        monkeypatch.setattr("mock_sei.sandbox.answer", fail)

        answer = platform.get()

        assert answer.status_code == 500
        assert platform.sandbox.journal.entries == []
        with pytest.raises(MockSeiBug, match=r"before the last reset[\s\S]*on purpose"):
            platform.sandbox.verdict().check()


class TestThePortal:
    def test_a_form_of_before_registers_nothing_after(self, platform: Platform) -> None:
        sandbox, browser = platform.sandbox, Browser(platform)
        form = urlencode({"page": browser.token(), **filled()}, doseq=True)
        body = overtaken(form.encode(), sandbox)

        answer = browser.http.post("/portal/apps", content=body, headers=FORM)

        assert answer.status_code == 303, answer.text
        assert sandbox.registry.find_application("Nightly") is None
        assert list(sandbox.portal.mailbox) == []
        assert sandbox.journal.entries == []

    def test_a_log_in_of_before_starts_no_session_after(self, platform: Platform) -> None:
        sandbox = platform.sandbox
        http = platform.client(None, listener=Listener.ONE_WAY)
        http.follow_redirects = False
        body = overtaken(b"username=alice%40example.com&password=alice-password", sandbox)

        answer = http.post("/v2/oauth/authorize?client_id=demo-web-key", content=body, headers=FORM)

        assert answer.status_code == 303
        assert len(sandbox.state.oauth.sessions) == 0
        assert sandbox.journal.entries == []


class TestTheControlApi:
    def test_an_application_of_before_is_not_registered_after(
        self, control: httpx2.Client, sandbox: Sandbox
    ) -> None:
        body = overtaken(json.dumps(registration()).encode(), sandbox)

        answer = control.post("/applications", content=body, headers=JSON)

        assert answer.status_code == 201
        assert sandbox.registry.find_application("Nightly") is None
        assert list(sandbox.portal.mailbox) == []

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "/clock", {"now": "2030-01-01T00:00:00Z"}),
            ("PUT", "/clock", {"frozen": True}),
            ("POST", "/clock/advance", {"seconds": 3600}),
        ],
    )
    def test_the_clock_of_after_is_not_moved_by_a_call_of_before(
        self, control: httpx2.Client, sandbox: Sandbox, method: str, path: str, body: object
    ) -> None:
        content = overtaken(json.dumps(body).encode(), sandbox)

        answer = control.request(method, path, content=content, headers=JSON)

        assert answer.status_code == 200
        assert sandbox.clock.is_machine

    def test_faults_scripts_and_records_of_before_are_not_there_after(
        self, control: httpx2.Client, sandbox: Sandbox
    ) -> None:
        before = list(sandbox.data.all("investors"))
        calls = {
            ("POST", "/faults"): {"status": 503},
            ("POST", "/answers"): {"operation": "GET /x"},
            ("PUT", "/answers/strict"): {"strict": True},
            ("PUT", "/data/investors"): [],
        }
        for (method, path), body in calls.items():
            content = overtaken(json.dumps(body).encode(), sandbox)
            answer = control.request(method, path, content=content, headers=JSON)
            assert answer.is_success, answer.text

        assert sandbox.faults.armed == []
        assert sandbox.scripts.waiting == []
        assert not sandbox.scripts.strict
        assert list(sandbox.data.all("investors")) == before


def test_a_pinned_platform_changes_nothing_that_outlives_a_reset(
    sandbox: Sandbox, platform: Platform
) -> None:
    pinned = sandbox.pinned()
    sandbox.reset()
    platform.get()
    entries = sandbox.journal.entries

    pinned.clear_journal()
    pinned.advance_clock(60)
    pinned.set_clock(now=None, frozen=True)
    pinned.set_server_certificate(ServerVariant.EXPIRED)
    kid = pinned.rotate_signing_key()

    assert sandbox.journal.entries == entries
    assert entries
    assert sandbox.clock.is_machine
    assert sandbox.state.server_identity is None
    assert sandbox.state.oauth.keys.find(kid) is None

    sandbox.advance_clock(60)
    pinned.reset_clock()
    assert not sandbox.clock.is_machine


def test_a_pinned_platform_of_now_changes_all_of_it(sandbox: Sandbox, platform: Platform) -> None:
    platform.get()
    pinned = sandbox.pinned()

    pinned.clear_journal()
    pinned.advance_clock(60)
    pinned.set_server_certificate(ServerVariant.EXPIRED)

    assert sandbox.journal.entries == []
    assert not sandbox.clock.is_machine
    assert sandbox.state.server_identity is not None


@pytest.mark.parametrize(
    ("slow", "work"),
    [
        ("mock_sei.sandbox.new_signing_key_pem", lambda sandbox: sandbox.rotate_signing_key()),
        (
            "mock_sei.certificates.authority.Authority.issue_server_variant",
            lambda sandbox: sandbox.set_server_certificate(ServerVariant.EXPIRED),
        ),
        (
            "mock_sei.certificates.authority.Authority.issue_identity",
            lambda sandbox: sandbox.issue_certificate("svc-demo"),
        ),
    ],
)
def test_slow_work_of_another_thread_that_a_reset_overtakes_ends_before_it(
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    slow: str,
    work: Callable[[Sandbox], object],
) -> None:
    module, _, attribute = slow.rpartition(".")
    try:
        holder = importlib.import_module(module)
    except ModuleNotFoundError:
        module, _, name = module.rpartition(".")
        holder = getattr(importlib.import_module(module), name)
    original = getattr(holder, attribute)
    begun, go_on = threading.Event(), threading.Event()

    def waiting(*arguments: object, **keywords: object) -> object:
        begun.set()
        assert go_on.wait(PATIENCE)
        return original(*arguments, **keywords)

    monkeypatch.setattr(holder, attribute, waiting)
    with ThreadPoolExecutor(1) as threads:
        working = threads.submit(work, sandbox)
        assert begun.wait(PATIENCE)
        sandbox.reset()
        go_on.set()
        working.result(PATIENCE)

    state = sandbox.state
    assert len(state.oauth.keys.all) == 1
    assert state.server_identity is None
    assert len(state.certificates.of("svc-demo")) <= 1


def test_a_reset_that_is_refused_changes_nothing(sandbox: Sandbox, platform: Platform) -> None:
    platform.get()
    sandbox.clock.advance(timedelta(hours=1))
    state, entries = sandbox.state, sandbox.journal.entries

    with pytest.raises(ConfigurationError):
        sandbox.reset({"dialect": "klingon"})

    assert sandbox.state is state
    assert sandbox.journal.entries == entries
    assert not sandbox.clock.is_machine


def test_resets_side_by_side_leave_one_whole_state(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(4) as threads:
        for done in [
            threads.submit(sandbox.reset, {"seed": number, "dialect": "rfc"})
            for number in range(40)
        ]:
            done.result(PATIENCE)

    state = sandbox.state
    assert state.oauth.registry is state.registry
    assert state.behaviour.dialect == "rfc"
    assert sandbox.journal.entries == []


def test_a_failure_that_a_check_reported_is_not_reported_again(sandbox: Sandbox) -> None:
    sandbox.record_bug("Traceback: seen")
    assert sandbox.verdict().bugs == ["Traceback: seen"]
    sandbox.record_bug("Traceback: not seen")

    sandbox.reset()
    sandbox.reset()

    (bug,) = sandbox.verdict().bugs
    assert bug.endswith("\nTraceback: not seen")
    assert bug.count("before the last reset") == 1
    sandbox.reset()
    assert sandbox.verdict().bugs == []
