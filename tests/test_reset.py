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
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from tests.operations import (
    advance_clock,
    arm_fault,
    clear_journal,
    enqueue,
    only_scripted,
    reset_clock,
    rotate_signing_key,
    set_clock,
    set_server_certificate,
)
from tests.patience import PATIENCE
from tests.support import TOKEN_PATH, Served, control_client, registration
from tests.web.portal.browser import Browser, filled

"""Seconds for what comes at once."""

Body = Iterator[bytes]


@pytest.fixture
def control(platform: Platform) -> httpx2.Client:
    return control_client(platform)


def overtaken(body: bytes, platform: Platform, then: Callable[[], object] = lambda: None) -> Body:
    """A body in the middle of which the platform is reset, and whatever a new test does then."""
    half = len(body) // 2
    yield body[:half]
    platform.reset()
    then()
    yield body[half:]


def form_of(served: Served) -> bytes:
    return str(httpx2.QueryParams(served.form())).encode()


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


class TestAnExchange:
    def test_of_before_is_in_no_journal_of_after(self, served: Served) -> None:
        platform = served.platform
        body = overtaken(form_of(served), platform)

        answer = served.client().post(
            TOKEN_PATH, content=body, headers=FORM, auth=("demo-server-key", "demo-server-secret")
        )

        assert answer.status_code == 200, answer.text
        assert platform.journal.entries == []
        assert len(platform.journal) == platform.journal.dropped == 0

    def test_of_before_writes_nothing_into_the_records_of_after(self, served: Served) -> None:
        platform, headers = served.platform, served.headers()
        before = list(platform.data.all("investors"))
        record = json.dumps({**before[0], "investorId": "overtaken", "externalId": "overtaken"})
        body = overtaken(record.encode(), platform)

        answer = served.client().post("/v1/investors", content=body, headers=headers | JSON)

        assert answer.status_code < 500
        assert list(platform.data.all("investors")) == before
        assert platform.journal.entries == []

    def test_of_before_takes_no_script_of_after(self, served: Served) -> None:
        platform = served.platform
        operation = f"POST {TOKEN_PATH}"
        enqueue(platform, operation, text="of before")
        arm_fault(platform, {"operation": operation, "latency": 0.001})

        def script() -> None:
            enqueue(platform, operation, text="of after")
            only_scripted(platform)

        answer = served.client().post(
            TOKEN_PATH,
            content=overtaken(form_of(served), platform, script),
            headers=FORM | {"Content-Length": "100"},
            auth=("demo-server-key", "demo-server-secret"),
        )

        assert answer.text == "of before"
        assert [each.answer.operation for each in platform.scripts.waiting] == [operation]
        assert platform.scripts.unscripted == []

    def test_of_before_meets_no_fault_of_after(self, served: Served) -> None:
        platform = served.platform
        operation = f"POST {TOKEN_PATH}"
        arm_fault(platform, {"operation": operation, "latency": 0.001})
        armed: list[int] = []

        def arm() -> None:
            fault = arm_fault(platform, {"operation": operation, "status": 503, "required": True})
            armed.append(fault.identifier)

        answer = served.client().post(
            TOKEN_PATH,
            content=overtaken(form_of(served), platform, arm),
            headers=FORM | {"Content-Length": "100"},
            auth=("demo-server-key", "demo-server-secret"),
        )

        assert answer.status_code == 200
        found = platform.faults.find(armed[0])
        assert found is not None
        assert found.met == 0
        assert platform.check_result().unmet_faults

    def test_of_before_draws_no_number_of_after(self, served: Served) -> None:
        """With a seed the next test would get other keys, codes and links than alone."""
        platform = served.platform
        platform.reset({"seed": 7})
        alone = platform.new_tracking_id()
        platform.reset({"seed": 7})

        def body() -> Body:
            yield b"grant_type=client"
            platform.reset({"seed": 7})
            yield b"_credentials"

        served.client().post(TOKEN_PATH, content=body(), headers=FORM)

        assert platform.new_tracking_id() == alone

    def test_of_after_is_in_the_journal(self, served: Served) -> None:
        served.platform.reset()

        served.get()

        assert served.platform.journal.last.status == 200

    def test_that_failed_is_reported_whatever_was_reset(
        self, served: Served, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            served.platform.reset()
            raise ZeroDivisionError("on purpose")

        monkeypatch.setattr("mock_sei.apis.answering.answer", fail)

        answer = served.get()

        assert answer.status_code == 500
        assert served.platform.journal.entries == []
        with pytest.raises(MockSeiBug, match=r"before the last reset[\s\S]*on purpose"):
            served.platform.check_result().check()


class TestThePortal:
    def test_a_form_of_before_registers_nothing_after(self, served: Served) -> None:
        platform, browser = served.platform, Browser(served)
        form = urlencode({"page": browser.token(), **filled()}, doseq=True)
        body = overtaken(form.encode(), platform)

        answer = browser.http.post("/portal/apps", content=body, headers=FORM)

        assert answer.status_code == 303, answer.text
        assert platform.registry.find_application("Nightly") is None
        assert list(platform.portal.mailbox) == []
        assert platform.journal.entries == []

    def test_a_log_in_of_before_starts_no_session_after(self, served: Served) -> None:
        platform = served.platform
        http = served.client(None, listener=Listener.ONE_WAY)
        http.follow_redirects = False
        body = overtaken(b"username=alice%40example.com&password=alice-password", platform)

        answer = http.post("/v2/oauth/authorize?client_id=demo-web-key", content=body, headers=FORM)

        assert answer.status_code == 303
        assert len(platform.state.oauth.sessions) == 0
        assert platform.journal.entries == []


class TestTheControlApi:
    def test_an_application_of_before_is_not_registered_after(
        self, control: httpx2.Client, platform: Platform
    ) -> None:
        body = overtaken(json.dumps(registration()).encode(), platform)

        answer = control.post("/applications", content=body, headers=JSON)

        assert answer.status_code == 201
        assert platform.registry.find_application("Nightly") is None
        assert list(platform.portal.mailbox) == []

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "/clock", {"now": "2030-01-01T00:00:00Z"}),
            ("PUT", "/clock", {"frozen": True}),
            ("POST", "/clock/advance", {"seconds": 3600}),
        ],
    )
    def test_the_clock_of_after_is_not_moved_by_a_call_of_before(
        self, control: httpx2.Client, platform: Platform, method: str, path: str, body: object
    ) -> None:
        content = overtaken(json.dumps(body).encode(), platform)

        answer = control.request(method, path, content=content, headers=JSON)

        assert answer.status_code == 200
        assert platform.clock.is_machine

    def test_faults_scripts_and_records_of_before_are_not_there_after(
        self, control: httpx2.Client, platform: Platform
    ) -> None:
        before = list(platform.data.all("investors"))
        calls = {
            ("POST", "/faults"): {"status": 503},
            ("POST", "/answers"): {"operation": "GET /x"},
            ("PUT", "/answers/strict"): {"strict": True},
            ("PUT", "/data/investors"): [],
        }
        for (method, path), body in calls.items():
            content = overtaken(json.dumps(body).encode(), platform)
            answer = control.request(method, path, content=content, headers=JSON)
            assert answer.is_success, answer.text

        assert platform.faults.armed == []
        assert platform.scripts.waiting == []
        assert not platform.scripts.strict
        assert list(platform.data.all("investors")) == before


def test_a_pinned_platform_changes_nothing_that_outlives_a_reset(
    platform: Platform, served: Served
) -> None:
    pinned = platform.pinned()
    platform.reset()
    served.get()
    entries = platform.journal.entries

    clear_journal(pinned)
    advance_clock(pinned, 60)
    set_clock(pinned, now=None, frozen=True)
    set_server_certificate(pinned, ServerVariant.EXPIRED)
    kid = rotate_signing_key(pinned)

    assert platform.journal.entries == entries
    assert entries
    assert platform.clock.is_machine
    assert platform.state.server_identity is None
    assert platform.state.oauth.keys.find(kid) is None

    advance_clock(platform, 60)
    reset_clock(pinned)
    assert not platform.clock.is_machine


def test_a_pinned_platform_of_now_changes_all_of_it(platform: Platform, served: Served) -> None:
    served.get()
    pinned = platform.pinned()

    clear_journal(pinned)
    advance_clock(pinned, 60)
    set_server_certificate(pinned, ServerVariant.EXPIRED)

    assert platform.journal.entries == []
    assert not platform.clock.is_machine
    assert platform.state.server_identity is not None


@pytest.mark.parametrize(
    ("slow", "work"),
    [
        (
            "mock_sei.operations.server.new_signing_key_pem",
            lambda platform: rotate_signing_key(platform),
        ),
        (
            "mock_sei.certificates.authority.Authority.issue_server_variant",
            lambda platform: set_server_certificate(platform, ServerVariant.EXPIRED),
        ),
        (
            "mock_sei.certificates.authority.Authority.issue_identity",
            lambda platform: platform.certificates.issue("svc-demo").identity,
        ),
    ],
)
def test_slow_work_of_another_thread_that_a_reset_overtakes_ends_before_it(
    platform: Platform,
    monkeypatch: pytest.MonkeyPatch,
    slow: str,
    work: Callable[[Platform], object],
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
        working = threads.submit(work, platform)
        assert begun.wait(PATIENCE)
        platform.reset()
        go_on.set()
        working.result(PATIENCE)

    state = platform.state
    assert len(state.oauth.keys.all) == 1
    assert state.server_identity is None
    assert len(state.certificates.of("svc-demo")) <= 1


def test_a_reset_that_is_refused_changes_nothing(platform: Platform, served: Served) -> None:
    served.get()
    platform.clock.advance(timedelta(hours=1))
    state, entries = platform.state, platform.journal.entries

    with pytest.raises(ConfigurationError):
        platform.reset({"dialect": "klingon"})

    assert platform.state is state
    assert platform.journal.entries == entries
    assert not platform.clock.is_machine


@pytest.mark.long
def test_resets_side_by_side_leave_one_whole_state(platform: Platform) -> None:
    with ThreadPoolExecutor(4) as threads:
        for done in [
            threads.submit(platform.reset, {"seed": number, "dialect": "rfc"})
            for number in range(40)
        ]:
            done.result(PATIENCE)

    state = platform.state
    assert state.oauth.registry is state.registry
    assert state.behaviour.dialect == "rfc"
    assert platform.journal.entries == []


def test_a_failure_that_a_check_reported_is_not_reported_again(platform: Platform) -> None:
    platform.record_bug("Traceback: seen")
    assert platform.check_result().bugs == ["Traceback: seen"]
    platform.record_bug("Traceback: not seen")

    platform.reset()
    platform.reset()

    (bug,) = platform.check_result().bugs
    assert bug.endswith("\nTraceback: not seen")
    assert bug.count("before the last reset") == 1
    platform.reset()
    assert platform.check_result().bugs == []
