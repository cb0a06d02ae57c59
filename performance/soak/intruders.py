"""The bad clients of the load: bad requests, and certificates that the server must refuse."""

from __future__ import annotations

import asyncio
from random import Random
from urllib.parse import urlencode

from mock_sei.oauth.metadata import TOKEN_PATH
from mock_sei.rules.standards import Listener
from performance.soak.callers import AS_TOLD, KEPT_OUT, Actions, Caller, World
from performance.soak.platform import issued_files
from performance.soak.refusals import BAD_REQUESTS, GOOD, NOT_HTTP
from performance.soak.requests import FORM, basic
from performance.soak.wire import Connection, Lost


class BadCaller(Caller):
    """A client that sends requests that the server must refuse."""

    def __init__(self, world: World, random: Random) -> None:
        super().__init__(world, random)
        self._connections = {
            (each.listener, each.account): world.connect(
                each.listener,
                world.platform.context_of(each.account)
                if each.account
                else world.platform.context(),
            )
            for each in BAD_REQUESTS
        }
        self._strangers = self._make_strangers()

    def _make_strangers(self) -> dict[str, Connection]:
        """Connections with wrong certificates, by what is wrong."""
        platform = self.world.platform
        contexts = {"no certificate": platform.context()}
        for variant in ("expired", "untrusted", "self-signed"):
            issued = platform.control(
                "POST", "/service-accounts/svc-demo/certificates", {"variant": variant}
            )
            contexts[variant] = platform.context(*issued_files(issued, self.world.folder, variant))
        return {
            what: self.world.connect(Listener.TWO_WAY, context)
            for what, context in contexts.items()
        }

    def actions(self) -> Actions:
        return {self.bad_request: 30, self.no_http: 2, self.wrong_certificate: 2}

    async def bad_request(self) -> None:
        bad = self.random.choice(BAD_REQUESTS)
        connection = self._connections[bad.listener, bad.account]
        reply = await self.ask(connection, bad.method, bad.path, bad.headers, bad.body)
        self.expect(reply, bad.status, bad.name)

    async def no_http(self) -> None:
        connection = self._connections[Listener.TWO_WAY, "svc-demo"]
        try:
            answer = await connection.say(self.world.ledger, NOT_HTTP)
        except Lost as error:
            self.judge_loss(error, f"no HTTP: {error}")
            return
        finally:
            connection.drop()
        if answer.status != 400:
            self.world.report.broken(AS_TOLD, f"no HTTP: {answer.status}")

    async def wrong_certificate(self) -> None:
        what, connection = self.random.choice(list(self._strangers.items()))
        await expect_no_entry(self.world, connection, f"a certificate that is {what}")


class CertificateCaller(Caller):
    """A client that gets certificates, revokes them, and tries them before and after."""

    def actions(self) -> Actions:
        return {self.live_of_a_certificate: 1}

    async def live_of_a_certificate(self) -> None:
        world, path = self.world, "/service-accounts/svc-demo/certificates"
        issued = await asyncio.to_thread(world.platform.control, "POST", path)
        context = world.platform.context(*issued_files(issued, world.folder, "further"))
        connection = world.connect(Listener.TWO_WAY, context)
        headers = {"Authorization": basic("demo-server-key", "demo-server-secret"), **FORM}
        body = urlencode(GOOD).encode()
        reply = await self.ask(connection, "POST", TOKEN_PATH, headers, body)
        self.expect(reply, 200, "a token with another certificate")
        revoking = f"{path}/{issued['serial_number']}/revoke"
        await asyncio.to_thread(world.platform.control, "POST", revoking)
        await expect_no_entry(world, connection, "a revoked certificate, connected before")
        await expect_no_entry(world, connection, "a revoked certificate")
        connection.drop()


async def expect_no_entry(world: World, connection: Connection, what: str) -> None:
    """Makes a request that must end without an answer."""
    try:
        answer = await connection.ask(world.ledger, "GET", "/v1/accounts", {})
    except Lost as error:
        world.losses += not error.by_kill
    else:
        world.report.broken(KEPT_OUT, f"{what}: {answer.status}")
    finally:
        connection.drop()
