"""Redis does not answer any more, at any moment of any call: the event loop never waits for it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from starlette.types import ASGIApp

from mock_sei.certificates.store import CertificateStore
from mock_sei.errors import StoreAway
from mock_sei.fixtures import load_fixtures
from mock_sei.operations.table import TABLE
from mock_sei.platform import Platform
from mock_sei.rules.standards import Listener
from mock_sei.settings import Behaviour
from mock_sei.state.redis_line import Line
from mock_sei.state.remote import RemoteUnits
from mock_sei.web.app import platform_app
from mock_sei.web.control.listener import ControlListener
from mock_sei.web.listener import PlatformListener
from mock_sei.web.routing import AnyMethod
from tests.patience import PATIENCE
from tests.redis_server import RedisServer, open_redis
from tests.support import Served, one_control_app, with_certificate

pytestmark = pytest.mark.long

Call = tuple[str, str, Any]
"""Method, URL and the fields of the body."""
DEEPEST = 4
"""A call asks Redis at most so often, once its certificates are made."""
CONTROL, PLATFORM, PAGES = "http://127.0.0.1:8044", "https://localhost:444", "https://localhost:443"
TOKENS = f"{PLATFORM}/v2/oauthtoken"
TOKEN = {
    "grant_type": "client_credentials",
    "username": "svc-demo",
    "password": "svc-demo-password",
}
LOG_IN = {"username": "alice@example.com", "password": "alice-password", "decision": "allow"}
VALUES = {
    "app_key": "demo-server-key",
    "username": "svc-demo",
    "email": "alice@example.com",
    "collection:path": "investors",
    "name": "demo-server",
}
"""What stands in paths; other parameters get a text that names nothing."""


class Frozen:
    """Lets some commands through to Redis. The next one waits until the freeze ends."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, answers_late: bool = False) -> None:
        """``answers_late`` is True if the command is answered after the freeze, not lost."""
        self._left = 0
        self._answers_late = answers_late
        self._thawed = threading.Event()
        self.holds_a_command = threading.Event()
        send = Line._told  # noqa: SLF001  # every command goes through it

        def told(line: Line, command: Sequence[object]) -> Any:
            if self._thawed.is_set():
                return send(line, command)
            if self._left > 0:
                self._left -= 1
                return send(line, command)
            self.holds_a_command.set()
            assert self._thawed.wait(PATIENCE)
            if self._answers_late:
                return send(line, command)
            raise StoreAway("it was frozen")

        monkeypatch.setattr(Line, "_told", told)
        self._thawed.set()

    def after(self, commands: int) -> None:
        self._left = commands
        self.holds_a_command.clear()
        self._thawed.clear()

    def thaw(self) -> None:
        self._thawed.set()


@pytest.fixture(scope="module")
def platform(redis_server: RedisServer, shared_store: CertificateStore) -> Iterator[Platform]:
    units = RemoteUnits(open_redis(redis_server.url()))
    made = Platform(
        fixtures=load_fixtures(), store=shared_store, behaviour=Behaviour(), units=units
    )
    made.seed_identities()
    yield made
    units.close()


def path_of(path: str) -> str:
    for part in path.split("{")[1:]:
        name = part.partition("}")[0]
        path = path.replace(f"{{{name}}}", VALUES.get(name, "nothing"))
    return path


def body_of(document: Any, method: str, path: str) -> Any:
    """The example of a call's body in the document of the control API."""
    told = document["paths"].get(path.replace(":path", ""), {}).get(method.lower(), {})
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = list(content.get("examples", {}).values())
    return examples[0]["value"] if examples else content.get("example")


def all_calls() -> list[Call]:
    document = one_control_app().openapi()
    control = [
        (row.method, CONTROL + path_of(row.path), body_of(document, row.method, row.path))
        for row in TABLE
        if "wait" not in row.path
    ]
    pages = [
        ("GET", PAGES + path_of(route.path), None)
        for route in platform_app().routes
        if isinstance(route, AnyMethod)
    ]
    query = {
        "client_id": "demo-web-key",
        "response_type": "code",
        "redirect_uri": "https://localhost:9443/callback",
    }
    log_in = f"{PAGES}/v2/oauth/authorize?{urlencode(query)}"
    return [*control, *pages, ("POST", TOKENS, TOKEN), ("POST", log_in, LOG_IN)]


def apps_of(platform: Platform) -> dict[str, ASGIApp]:
    app, identity = platform_app(), Served(platform).identity("svc-demo")
    two_way = PlatformListener(app, platform, Listener.TWO_WAY)
    return {
        CONTROL: ControlListener(one_control_app(), platform),
        PLATFORM: with_certificate(two_way, identity),
        PAGES: with_certificate(PlatformListener(app, platform, Listener.ONE_WAY), None),
    }


async def answer(apps: dict[str, ASGIApp], call: Call) -> int:
    """The status of the answer; one of 503 says when to try again."""
    method, url, fields = call
    base = next(each for each in apps if url.startswith(each))
    transport = httpx2.ASGITransport(apps[base], client=("127.0.0.1", 50000))
    form = fields if fields in (TOKEN, LOG_IN) else None
    auth = ("demo-server-key", "demo-server-secret") if fields is TOKEN else None
    async with httpx2.AsyncClient(transport=transport, base_url=base) as client:
        told = await client.request(
            method, url, json=None if form else fields, data=form, auth=auth
        )
    assert told.status_code != 503 or "retry-after" in told.headers, url
    return told.status_code


async def ask_while_frozen(apps: dict[str, ASGIApp], call: Call, frozen: Frozen) -> int:
    """How the call ends. Meanwhile ``/health`` answers, or this never returns."""
    asked = asyncio.create_task(answer(apps, call))
    while not (asked.done() or frozen.holds_a_command.is_set()):  # noqa: ASYNC110  # a thread tells
        await asyncio.sleep(0.001)
    for _ in range(2):
        assert await answer(apps, ("GET", f"{CONTROL}/health", None)) == 200
    frozen.thaw()
    return await asked


@pytest.mark.slow
@pytest.mark.parametrize("commands", range(DEEPEST))
def test_health_answers_while_any_call_waits_for_redis(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, commands: int
) -> None:
    frozen, apps = Frozen(monkeypatch), apps_of(platform)

    async def walk(calls: list[Call]) -> dict[str, int]:
        ended = {}
        for call in calls:
            frozen.after(commands)
            ended[f"{call[0]} {call[1]}"] = await ask_while_frozen(apps, call, frozen)
        return ended

    calls = all_calls()
    with ThreadPoolExecutor(1) as thread:
        walked = thread.submit(asyncio.run, walk(calls))
        try:
            ended = walked.result(PATIENCE)
        finally:
            frozen.thaw()  # a loop that waits goes on, and the test fails

    assert len(ended) > 80
    assert 500 not in ended.values(), ended
    assert 503 in ended.values()


def test_a_failure_that_the_loop_reports_waits_in_a_thread(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen = Frozen(monkeypatch, answers_late=True)

    async def report() -> None:
        frozen.after(0)
        platform.record_bug("Traceback of this test")
        frozen.thaw()

    asyncio.run(report())
    asyncio.run(platform.units.refresh_on_loop())  # after the report, in the same thread
    assert any("of this test" in each for each in platform.bugs.told)


def test_the_event_loop_may_not_use_the_connection_to_redis(platform: Platform) -> None:
    async def use() -> None:
        platform.units.refresh()

    with pytest.raises(RuntimeError, match="the event loop would wait"):
        asyncio.run(use())
