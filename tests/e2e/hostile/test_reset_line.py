"""A call in progress during a reset works on the state before it, on both event loops."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from mock_sei import Attached, MockSei
from mock_sei.certificates.authority import Authority
from mock_sei.operations.certificates import ShowIdentity
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.tls import PendingConnection
from tests.e2e.handshakes import answer, client_hello, tcp, tls
from tests.e2e.serving import wait_for
from tests.e2e.test_races import token_request
from tests.patience import PATIENCE
from tests.support import registration

pytestmark = pytest.mark.usefixtures("either_loop")

FORM = {"grant_type": "client_credentials", "username": "svc-demo", "password": "svc-demo-password"}
TOKEN_REQUEST = token_request("demo-server-key", "demo-server-secret", FORM)
HEAD, _, _BODY = TOKEN_REQUEST.partition(b"\r\n\r\n")
TOKEN = "POST /v2/oauthtoken"


@pytest.fixture
def server(mock_sei_server: MockSei) -> Iterator[MockSei]:
    """After a reset. Who looks through all objects finds those that are younger than this."""
    gc.collect()
    gc.freeze()  # else each look goes through all that the tests before have left
    mock_sei_server.reset()
    yield mock_sei_server
    mock_sei_server.check()


def protocols() -> list[LimitedProtocol]:
    """The server's side of every connection."""
    there = [each for each in gc.get_objects() if isinstance(each, LimitedProtocol)]
    return [each for each in there if each in each.connections]


def has_begun() -> bool:
    """Whether a head has come in part."""
    return any(vars(each).get("_in_head") for each in protocols())


def waits_for_a_body() -> bool:
    return any(each.cycle and not each.cycle.response_complete for each in protocols())


def handshakes() -> list[PendingConnection]:
    """The handshakes that are under way; those that ended are garbage, and are collected here."""
    gc.collect()
    return [each for each in gc.get_objects() if type(each) is PendingConnection]


@pytest.mark.parametrize(
    ("cut", "arrived"),
    [
        (7, has_begun),
        (len(HEAD) - 1, has_begun),
        (len(HEAD) + 4, waits_for_a_body),
        (len(TOKEN_REQUEST) - 1, waits_for_a_body),
    ],
    ids=["request line", "head", "no body yet", "body"],
)
def test_a_request_of_which_a_part_has_come_belongs_to_before(
    server: MockSei, cut: int, arrived: Callable[[], bool]
) -> None:
    wait_for(lambda: not protocols())
    with tls(server.two_way_url, server.ssl_context("svc-demo")) as connected:
        connected.sendall(TOKEN_REQUEST[:cut])
        wait_for(lambda: arrived())
        server.reset()
        fault = server.faults.add(TOKEN, status=503)
        server.enqueue(TOKEN, text="of after")
        connected.sendall(TOKEN_REQUEST[cut:])
        status, body = answer(connected)

        assert status == 200, body
        assert server.journal.entries == []
        assert fault.met == 0
        assert len(server.platform.scripts.waiting) == 1

        connected.sendall(TOKEN_REQUEST)
        assert answer(connected)[0] == 503  # the next of this connection belongs to after
    assert [each.status for each in server.journal.entries] == [503]


@pytest.mark.parametrize("fault", [{"latency": 0.3, "spread": 0.1}, {"drip": 1500}])
def test_an_answer_that_comes_late_belongs_to_before(
    server: MockSei, fault: dict[str, Any]
) -> None:
    armed = server.faults.add(TOKEN, times=1, **fault)
    with ThreadPoolExecutor(1) as threads, server.client("svc-demo") as http:
        asking = threads.submit(
            http.post,
            "/v2/oauthtoken",
            data=FORM,
            auth=("demo-server-key", "demo-server-secret"),
        )
        wait_for(lambda: armed.met == 1)
        server.reset()
        assert asking.result(PATIENCE).status_code == 200
        assert server.journal.entries == []


def test_a_stall_that_its_client_gives_up_belongs_to_before(server: MockSei) -> None:
    armed = server.faults.add(TOKEN, stall=True)
    with tls(server.two_way_url, server.ssl_context("svc-demo")) as connected:
        connected.sendall(TOKEN_REQUEST)
        wait_for(lambda: armed.met == 1)
        server.reset()
    wait_for(lambda: not protocols())

    assert server.journal.entries == []


def test_a_handshake_that_breaks_off_belongs_to_before(server: MockSei) -> None:
    before = handshakes()

    def begun() -> list[PendingConnection]:
        return [each for each in handshakes() if each not in before]

    with tcp(server.two_way_url) as connected:
        connected.sendall(client_hello(b"\x03\x03")[:20])
        wait_for(begun)
        server.reset()
    wait_for(lambda: not begun())

    assert server.journal.entries == []


class TestTheControlApi:
    """The same through the control API, as an attached test meets it."""

    @pytest.fixture
    def attached(self, server: MockSei) -> Iterator[Attached]:
        with Attached(server.control_url) as attached:
            yield attached

    @pytest.mark.parametrize("cut", [10, -1])
    def test_an_application_of_before_is_not_there_after(
        self, server: MockSei, attached: Attached, cut: int
    ) -> None:
        body = json.dumps(registration()).encode()
        request = (
            b"POST /applications HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        wait_for(lambda: not protocols())
        with tcp(server.control_url) as connected:
            connected.sendall(request[:cut])
            wait_for(lambda: has_begun() or waits_for_a_body())
            attached.reset()
            connected.sendall(request[cut:])
            status, told = answer(connected)

        assert status == 201, told
        assert "Nightly" not in attached.applications
        assert list(attached.mailbox) == []

    def test_slow_work_of_before_changes_nothing_after(
        self, server: MockSei, attached: Attached, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        account = "svc-limited"
        attached.certificate(account)
        kept = attached.perform(ShowIdentity(username=account)).serial_number
        begun, go_on = threading.Semaphore(0), threading.Event()

        def waiting(original: Any) -> Any:
            def wait(*arguments: Any, **keywords: Any) -> Any:
                begun.release()
                assert go_on.wait(PATIENCE)
                return original(*arguments, **keywords)

            return wait

        for name in ("issue_identity", "issue_server_variant"):
            monkeypatch.setattr(Authority, name, waiting(getattr(Authority, name)))
        calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
            ("POST", f"/service-accounts/{account}/certificates", {}),
            ("POST", f"/service-accounts/{account}/certificate-links", {"renew": True}),
            ("PUT", "/server-certificate", {"variant": "expired"}),
        )
        with (
            ThreadPoolExecutor(len(calls)) as threads,
            httpx2.Client(base_url=server.control_url, trust_env=False) as http,
        ):
            asking = [
                threads.submit(http.request, method, path, json=body, timeout=PATIENCE)
                for method, path, body in calls
            ]
            for _ in calls:
                assert begun.acquire(timeout=PATIENCE)
            attached.reset()
            go_on.set()
            assert all(each.result(PATIENCE).is_success for each in asking)

        assert attached.perform(ShowIdentity(username=account)).serial_number == kept
        assert server.platform.state.server_identity is None
        assert list(attached.mailbox) == []
        assert server.platform.portal.links.of(account) == []

    def test_clients_that_call_during_resets_see_one_side_each(
        self, server: MockSei, attached: Attached
    ) -> None:
        """A record of the seed that is cleared before each reset: it is there, or none is."""
        seeded = len(server.data["investors"])
        account = server.service_account("svc-demo")
        headers = {
            "AppKey": account.app_key,
            "Authorization": f"Bearer {server.token(account)}",
        }
        counts: set[int] = set()
        with ThreadPoolExecutor(1) as threads, server.client("svc-demo") as http:

            def look() -> None:
                found = http.get("/v2/investors", headers=headers)
                assert found.status_code == 200, found.text
                counts.add(len(attached.data["investors"]))

            for _ in range(20):
                looking = threads.submit(look)
                server.data["investors"].clear()
                attached.reset()
                looking.result(PATIENCE)
        assert counts <= {0, seeded}


def test_a_reset_lets_go_of_what_idle_connections_last_saw(server: MockSei) -> None:
    """A session's clients stay open from test to test, and each would keep a whole platform."""
    with tls(server.two_way_url, server.ssl_context("svc-demo")) as idle:
        idle.sendall(TOKEN_REQUEST)
        assert answer(idle)[0] == 200
        past = weakref.ref(server.platform.state)
        server.reset()
        wait_for(lambda: gc.collect() is not None and past() is None)


def test_a_reset_by_the_control_api_keeps_no_state_of_before(server: MockSei) -> None:
    past = []
    with httpx2.Client(base_url=server.control_url, trust_env=False) as http:
        for _ in range(3):
            past.append(weakref.ref(server.platform.state))
            http.post("/reset").raise_for_status()
    wait_for(lambda: gc.collect() is not None and not any(each() for each in past))
