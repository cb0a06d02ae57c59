"""A platform in process, without sockets: the same applications, the certificate handed in.

What the sockets put into ``scope["extensions"]["tls"]`` is put there by :func:`with_certificate`
in the same published form.
"""

from __future__ import annotations

import dataclasses
import ssl
from collections.abc import AsyncIterator, Mapping
from functools import cache
from typing import Any, ClassVar

import httpx2
from anyio.from_thread import BlockingPortal
from starlette.types import ASGIApp, Receive, Scope, Send

from mock_sei.certificates.bundles import Identity
from mock_sei.platform import Platform
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from mock_sei.web.app import platform_app
from mock_sei.web.control.app import control_app
from mock_sei.web.control.listener import ControlListener
from mock_sei.web.listener import PlatformListener
from tests.two_servers import in_turn

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


class Pieces(httpx2.AsyncByteStream):
    """A body that a test sends piece by piece."""

    def __init__(self, pieces: httpx2.SyncByteStream) -> None:
        self._pieces = pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


class InProcess(httpx2.BaseTransport):
    """Calls an application in the session's event loop.

    A loop for each request takes twice as long. Starlette's TestClient goes from thread to thread
    eight times a request, which is a sixth of what all tests in process take.
    """

    portal: ClassVar[BlockingPortal | None] = None

    def __init__(self, app: ASGIApp, source: str) -> None:
        self._asgi = httpx2.ASGITransport(app, raise_app_exceptions=False, client=(source, 50000))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        assert self.portal is not None
        return self.portal.call(self._answer, request)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if not isinstance(request.stream, httpx2.AsyncByteStream):
            assert isinstance(request.stream, httpx2.SyncByteStream)
            request.stream = Pieces(request.stream)
        answer = await self._asgi.handle_async_request(request)
        content = await answer.aread()
        return httpx2.Response(answer.status_code, headers=answer.headers.raw, content=content)


def in_process(app: ASGIApp, base_url: str, source: str = "127.0.0.1") -> httpx2.Client:
    """A client that follows redirects."""
    return httpx2.Client(transport=InProcess(app, source), base_url=base_url, follow_redirects=True)


one_platform_app = cache(platform_app)
"""One for the session: it has routes only, and finds the platform of a call in the request."""


class Served:
    """A platform with its platform application, called as a client would."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._app = one_platform_app()

    def client(
        self,
        account: str | Identity | None = "svc-demo",
        *,
        listener: Listener = Listener.TWO_WAY,
        source: str = "127.0.0.1",
    ) -> httpx2.Client:
        """A client on one listener, with an account's certificate, any identity, or none."""
        identity = self.identity(account) if isinstance(account, str) else account
        app = in_turn(
            self.platform,
            lambda each: with_certificate(PlatformListener(self._app, each, listener), identity),
        )
        return in_process(app, "https://localhost", source)

    def identity(self, account: str) -> Identity:
        """An account's certificate and key."""
        return self.platform.units.run(lambda: self.platform.certificates.identity(account))

    def application(self, name: str) -> Application:
        found = self.platform.state.registry.find_application(name)
        assert found is not None
        return found

    def change(self, name: str, /, **changes: Any) -> Application:
        """Registers an application anew with other values."""
        changed = dataclasses.replace(self.application(name), **changes)
        self.platform.state.registry.applications[changed.app_key] = changed
        return changed

    def form(self, application: str = "demo-server", **changes: str | None) -> dict[str, str]:
        """The parameters of a good client_credentials request; None leaves one out."""
        account = self.application(application).service_account
        assert account is not None
        form: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "username": account,
            "password": self.platform.state.registry.service_accounts[account].password,
        }
        return {name: value for name, value in (form | changes).items() if value is not None}

    def post_token(
        self,
        application: str = "demo-server",
        *,
        http: httpx2.Client | None = None,
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
        http: httpx2.Client | None = None,
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> httpx2.Response:
        """A functional call that succeeds unless something is changed."""
        sent = self.headers() if headers is None else headers
        return (http or self.client()).get(path, headers=dict(sent), **options)


one_control_app = cache(control_app)
"""One for the session: its calls find their platform in the request, and are dear to describe."""


def control_client(platform: Platform) -> httpx2.Client:
    """A client of a sandbox's control API."""
    app = in_turn(platform, lambda each: ControlListener(one_control_app(), each))
    return in_process(app, "http://127.0.0.1:8044")


def registration(**changes: Any) -> dict[str, Any]:
    """The fields of a server application's registration, some of them changed."""
    return {
        "name": "Nightly",
        "type": "server-server",
        "actor": "server",
        "distribution_list": "team@example.com",
    } | changes
