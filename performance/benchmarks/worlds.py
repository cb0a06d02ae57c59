"""A platform in this process, called through its listeners' applications, without sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from mock_sei.certificates.bundles import Identity
from mock_sei.certificates.store import CertificateStore
from mock_sei.fixtures import load_fixtures
from mock_sei.oauth.metadata import TOKEN_PATH
from mock_sei.platform import Platform
from mock_sei.rules.records import Application, ServiceAccount
from mock_sei.rules.registry import Registry
from mock_sei.rules.standards import Actor, ApplicationType, Listener
from mock_sei.settings import Behaviour
from mock_sei.state.units import Units
from mock_sei.web.app import platform_app
from mock_sei.web.control.app import control_app
from mock_sei.web.control.listener import ControlListener
from mock_sei.web.listener import PlatformListener
from performance.benchmarks.requests import APP_KEY


class Caller:
    """Calls the application of one listener in an event loop of this thread."""

    def __init__(self, app: ASGIApp, identity: Identity | None = None) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        chain = [identity.certificate_pem.decode()] if identity else []
        self._extensions = {"tls": {"client_cert_chain": chain, "tls_version": 0x0304}}

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: Any = None,
    ) -> bytes:
        """The body of the answer. Raises ``AssertionError`` for a status of 400 or above."""
        body = b"" if content is None else json.dumps(content).encode()
        return self.answer(
            method, path, {"content-type": "application/json", **(headers or {})}, body
        )[1]

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[dict[bytes, bytes], bytes]:
        """Headers and body of the answer. Raises ``AssertionError`` for status 400 or above."""
        path, _, query = path.partition("?")
        named = {"host": "localhost", **headers}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode()) for name, value in named.items()],
            "client": ("127.0.0.1", 50000),
            "server": ("127.0.0.1", 443),
            "extensions": dict(self._extensions),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        self._loop.run_until_complete(self._app(scope, receive, send))
        assert sent[0]["status"] < 400, sent
        return dict(sent[0]["headers"]), b"".join(each.get("body", b"") for each in sent[1:])


@dataclass(frozen=True, kw_only=True)
class World:
    """A platform with a caller for each listener."""

    platform: Platform
    one_way: Caller
    two_way: Caller
    control: Caller
    token: str

    def get(self, path: str, **headers: str) -> bytes:
        """Makes a functional call of the demo application. Returns the body."""
        sent = {"AppKey": APP_KEY, "Authorization": f"Bearer {self.token}", **headers}
        return self.two_way.call("GET", path, sent)

    def post(self, path: str, content: Any) -> bytes:
        sent = {"AppKey": APP_KEY, "Authorization": f"Bearer {self.token}"}
        return self.two_way.call("POST", path, sent, content)


def make_world(
    folder: Path,
    applications: int = 0,
    *,
    units: Units | None = None,
    journal_size: int = 1000,
    **fixtures: Any,
) -> World:
    """The bundled platform with as many additional single-page and two-way applications each.

    ``units`` are the units of work on its state; without them, the state is in memory.
    """
    loaded = replace(load_fixtures(), **fixtures)
    registry = loaded.registry
    more = [*_single_page(applications), *_two_way(applications)]
    accounts = [
        ServiceAccount(username=each.service_account, password=f"password-of-{each.name}")
        for each in more
        if each.service_account
    ]
    loaded = replace(
        loaded,
        registry=Registry(
            applications=[*registry.applications.values(), *more],
            service_accounts=[*registry.service_accounts.values(), *accounts],
            end_users=registry.end_users.values(),
        ),
    )
    platform = Platform(
        fixtures=loaded,
        store=CertificateStore(folder),
        behaviour=Behaviour(),
        units=units,
        journal_size=journal_size,
    )
    app = platform_app()
    identity = platform.units.run(lambda: platform.certificates.identity("svc-demo"))
    two_way = Caller(PlatformListener(app, platform, Listener.TWO_WAY), identity)
    token = two_way.call(
        "POST",
        f"{TOKEN_PATH}?grant_type=client_credentials&username=svc-demo"
        "&password=svc-demo-password&client_id=demo-server-key&client_secret=demo-server-secret",
        {"content-type": "application/x-www-form-urlencoded"},
    )
    return World(
        platform=platform,
        one_way=Caller(PlatformListener(app, platform, Listener.ONE_WAY)),
        two_way=two_way,
        control=Caller(ControlListener(control_app(), platform)),
        token=json.loads(token)["access_token"],
    )


def _single_page(count: int) -> Iterator[Application]:
    for number in range(count):
        yield Application(
            name=f"page-{number}",
            type=ApplicationType.SINGLE_PAGE,
            actor=Actor.END_USER,
            app_key=f"page-key-{number}",
            redirect_addresses=(f"https://page-{number}.example/callback",),
        )


def _two_way(count: int) -> Iterator[Application]:
    for number in range(count):
        yield Application(
            name=f"server-{number}",
            type=ApplicationType.SERVER_SERVER,
            actor=Actor.SERVER,
            app_key=f"server-key-{number}",
            app_secret=f"secret-of-server-{number}",
            service_account=f"svc-server-{number}",
        )
