"""A platform in process, without sockets: the same applications, the certificate handed in.

What the sockets put into ``scope["extensions"]["tls"]`` is put there by :func:`with_certificate`
in the same published form.
"""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import httpx2
from anyio.from_thread import BlockingPortal
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_sei.certificates.bundles import Identity
from mock_sei.records import Application
from mock_sei.sandbox import Sandbox
from mock_sei.standards import Listener
from mock_sei.web.app import platform_app
from mock_sei.web.control.app import control_app
from mock_sei.web.control.door import ControlListener
from mock_sei.web.listener import PlatformListener

TOKEN_PATH = "/v2/oauthtoken"
TICKETS = "/v1/order/tradetickets"

CREDENTIALS_MESSAGE = "Gateway Authentication Failed, Please validate Credentials"
PRECONDITIONS = "Preconditions not met. The security conditions for gateway access were not met"


def with_certificate(app: ASGIApp, identity: Identity | None) -> ASGIApp:
    """What the listener's protocol does for a connection that showed this certificate."""
    chain = [identity.certificate_pem.decode()] if identity else []
    extension = {"client_cert_chain": chain, "tls_version": ssl.TLSVersion.TLSv1_3.value}

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope["extensions"] = {"tls": extension}
        await app(scope, receive, send)

    return wrapped


class Platform:
    """A sandbox with its platform application, called as a client would."""

    portal: ClassVar[BlockingPortal | None] = None
    """The session's event loop: a loop of its own for each request takes twice as long."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self._app = platform_app()

    def client(
        self,
        account: str | Identity | None = "svc-demo",
        *,
        listener: Listener = Listener.TWO_WAY,
        source: str = "127.0.0.1",
    ) -> TestClient:
        """A client on one listener, with an account's certificate, any identity, or none."""
        identity = self.sandbox.identity(account) if isinstance(account, str) else account
        app = with_certificate(PlatformListener(self._app, self.sandbox, listener), identity)
        http = TestClient(
            app, base_url="https://localhost", client=(source, 50000), raise_server_exceptions=False
        )
        http.portal = self.portal
        return http

    def application(self, name: str) -> Application:
        found = self.sandbox.state.registry.find_application(name)
        assert found is not None
        return found

    def change(self, name: str, /, **changes: Any) -> Application:
        """Registers an application anew with other values."""
        changed = dataclasses.replace(self.application(name), **changes)
        self.sandbox.state.registry.applications[changed.app_key] = changed
        return changed

    def form(self, application: str = "demo-server", **changes: str | None) -> dict[str, str]:
        """The parameters of a good client_credentials request; None leaves one out."""
        account = self.application(application).service_account
        assert account is not None
        form: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "username": account,
            "password": self.sandbox.state.registry.service_accounts[account].password,
        }
        return {name: value for name, value in (form | changes).items() if value is not None}

    def post_token(
        self,
        application: str = "demo-server",
        *,
        http: TestClient | None = None,
        auth: tuple[str, str] | None = None,
        **changes: str | None,
    ) -> httpx2.Response:
        """A token request that succeeds unless something is changed."""
        registered = self.application(application)
        http = http or self.client(registered.service_account)
        pair = auth or (registered.app_key, registered.app_secret or "")
        return http.post(TOKEN_PATH, auth=pair, data=self.form(application, **changes))

    def token(self, application: str = "demo-server") -> str:
        answer = self.post_token(application)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def headers(self, application: str = "demo-server", token: str | None = None) -> dict[str, str]:
        """Headers of a good functional call."""
        bearer = token or self.token(application)
        return {
            "AppKey": self.application(application).app_key,
            "Authorization": f"Bearer {bearer}",
        }

    def get(
        self,
        path: str = TICKETS,
        *,
        http: TestClient | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx2.Response:
        """A functional call that succeeds unless something is changed."""
        sent = self.headers() if headers is None else headers
        return (http or self.client()).get(path, headers=dict(sent), **options)


_control_app = cache(control_app)
"""One for the session: its calls find their sandbox in the request, and are dear to describe."""


def control_client(sandbox: Sandbox) -> TestClient:
    """A client of a sandbox's control API."""
    app = ControlListener(_control_app(), sandbox)
    http = TestClient(app, base_url="http://127.0.0.1:8044")
    http.portal = Platform.portal
    return http


def registration(**changes: Any) -> dict[str, Any]:
    """The fields of a server application's registration, some of them changed."""
    return {
        "name": "Nightly",
        "type": "server-server",
        "actor": "server",
        "distribution_list": "team@example.com",
    } | changes
