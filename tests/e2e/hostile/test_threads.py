"""Threads that change everything a call stands on, against clients on all three listeners."""

from __future__ import annotations

import contextlib
import itertools
import logging
import random
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx2
import pytest

from mock_sei import MockSei
from mock_sei.errors import MockSeiError
from tests.e2e.serving import THOROUGH
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("either_loop")

ROUNDS = 12 if THOROUGH else 2
"""How often each client goes round; the threads that change things go on until all have."""
CLIENTS_ERRORS = (httpx2.HTTPError,)
"""A connection may break where a reset takes a certificate away in mid-call."""
REFUSED = (MockSeiError, ValueError, LookupError)
"""What a test is told whose application, fault or key another thread took away."""


@pytest.fixture
def server(mock_sei_server: MockSei) -> Iterator[MockSei]:
    mock_sei_server.reset()
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield mock_sei_server
    finally:
        sys.setswitchinterval(before)


def changes(server: MockSei) -> dict[str, Callable[[], object]]:
    """What a test can do, each for a thread of its own."""
    names = itertools.count()

    def register() -> None:
        made = server.new_application(name=f"thread-{next(names)}")
        server.applications.change(made.name, source_addresses=["127.0.0.1"])
        server.applications.remove(made.name)

    def faults() -> None:
        armed = server.faults.add("GET /v1/investors", latency=0.0001, times=2)
        server.enqueue("GET /v1/products", text="scripted")
        assert armed.met >= 0
        armed.remove()

    def clock() -> None:
        server.clock.advance(timedelta(seconds=1))
        server.clock.freeze()
        server.clock.unfreeze()

    def keys() -> None:
        kid = server.platform.state.oauth.keys.signing.kid
        server.rotate_signing_key()
        server.retire_signing_key(kid)

    def data() -> None:
        server.data["investors"].add({"investorId": f"thread-{next(names)}"})
        len(server.data["investors"])

    def read() -> None:
        for entry in server.journal.find(status=200)[-5:]:
            entry.to_json()
        list(server.mailbox)
        server.journal.clear()

    return {
        "keys of an application": lambda: server.applications.refresh_keys("demo-spa"),
        "registers": register,
        "faults and scripts": faults,
        "clock": clock,
        "signing keys": keys,
        "records": data,
        "reads": read,
        "links": lambda: server.certificate_link("svc-demo"),
        "resets": lambda: server.reset(),
    }


def calls(server: MockSei, undo: contextlib.ExitStack) -> dict[str, Callable[[], list[int]]]:
    """Clients; each gives the statuses that it got."""
    chosen = random.Random(7)  # noqa: S311  # which page is asked for
    account = server.service_account("svc-demo")
    two_way = undo.enter_context(server.client("svc-demo", timeout=PATIENCE))
    one_way = undo.enter_context(server.client(timeout=PATIENCE))
    control = undo.enter_context(
        httpx2.Client(base_url=server.control_url, timeout=PATIENCE, trust_env=False)
    )
    pair = (account.app_key, account.app_secret)
    form = {
        "grant_type": "client_credentials",
        "username": account.username,
        "password": account.password,
    }

    def machine() -> list[int]:
        got = two_way.post("/v2/oauthtoken", data=form, auth=pair)
        token = got.json().get("access_token", "none") if got.status_code == 200 else "none"
        headers = {"AppKey": account.app_key, "Authorization": f"Bearer {token}"}
        paths = ("/v2/investors", "/v1/products", "/v1/order/tradetickets")
        answers = [two_way.get(path, headers=headers) for path in paths]
        info = two_way.get(
            "/v2/oauth/tokeninfo", params={"client_id": account.app_key}, headers=headers
        )
        return [each.status_code for each in (got, *answers, info)]

    def browser() -> list[int]:
        pages = ("", "/apps/demo-server", "/mailbox", "/journal", "/apis")
        return [one_way.get(f"/portal{page}").status_code for page in pages]

    def log_in() -> list[int]:
        query = {"client_id": "demo-web-key"}
        fields = {
            "username": "alice@example.com",
            "password": "alice-password",
            "decision": "allow",
        }
        sent = one_way.post("/v2/oauth/authorize", params=query, data=fields)
        origin = {"Origin": "http://localhost:8000"}
        return [sent.status_code, one_way.get("/v1/products", headers=origin).status_code]

    def bench() -> list[int]:
        paths = ["/", "/faults", "/answers", "/journal", "/mailbox", "/check", "/clock", "/crl.pem"]
        paths += ["/applications", "/data", "/data/investors", "/health"]
        paths.append("/service-accounts/svc-demo/certificates")
        got = [control.get(path) for path in chosen.sample(paths, 5)]
        got.append(control.post("/applications/demo-native/keys"))
        got.append(control.post("/clock/advance", json={"seconds": 1}))
        return [each.status_code for each in got]

    return {"machine": machine, "browser": browser, "log in": log_in, "bench": bench}


def test_no_call_fails_whatever_other_threads_do(
    server: MockSei, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    statuses: dict[str, list[int]] = {}
    wrong: list[str] = []
    served = threading.Event()

    def ask(name: str, work: Callable[[], list[int]]) -> None:
        done = 0
        while done < ROUNDS and not wrong:
            try:
                statuses.setdefault(name, []).extend(work())
                done += 1
            except CLIENTS_ERRORS:
                continue
            except Exception as error:
                wrong.append(f"{name}: {error!r}")

    def change(name: str, work: Callable[[], object]) -> None:
        while not served.is_set():
            try:
                work()
            except REFUSED:
                continue
            except Exception as error:
                wrong.append(f"{name}: {error!r}")
                return

    with contextlib.ExitStack() as undo:
        clients = calls(server, undo)
        undo.callback(server.reset)
        changing = [threading.Thread(target=change, args=each) for each in changes(server).items()]
        asking = [threading.Thread(target=ask, args=each) for each in clients.items()]
        for each in (*changing, *asking):
            each.start()
        for each in asking:
            each.join()
        served.set()
        for each in changing:
            each.join()
        server.check_bugs()

    assert wrong == []
    assert statuses.keys() == clients.keys()
    failed = {name: [each for each in got if each >= 500] for name, got in statuses.items()}
    assert not any(failed.values()), failed
    assert [each.getMessage() for each in caplog.records if each.exc_info] == []
    assert "Traceback" not in caplog.text
