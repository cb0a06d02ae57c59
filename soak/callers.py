"""The clients of the load: each knows what it did, and so what the platform must answer.

A caller has its own connections and tokens and does one thing after the other, so it needs no lock
to know what a token is worth.
"""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from mock_sei.oauth.metadata import (
    AUTHORIZE_PATH,
    RESPONSE_TYPES,
    REVOKE_PATH,
    TOKEN_PATH,
)
from mock_sei.oauth.proof_key import challenge_of
from mock_sei.records import Application
from mock_sei.registry import Registry
from mock_sei.standards import GrantType, Listener
from soak.faults import FAULT_STATUSES, breaks
from soak.oracle import Consent, Oracle, Span, Token, Verdict
from soak.platform import Platform, issued_files
from soak.refusals import BAD_REQUESTS, GOOD, NOT_HTTP
from soak.report import Report
from soak.requests import FORM, basic, choose_call
from soak.wire import Answer, Connection, Ledger, Lost

NO_500 = "no answer is a 500"
NOT_HONOURED = "no token is honoured that should not be"
NOT_REFUSED = "no token is refused that should be honoured"
AS_TOLD = "every request gets the answer that is documented for it"
WHOLE = "an answer breaks off only where a fault was armed"
KEPT_OUT = "a revoked or wrong certificate lets nobody in"

TOKENS_HELD = 30
SURVIVORS = 5
"""Tokens that a caller goes on using after a reset."""


@dataclass(kw_only=True)
class World:
    """What all callers share."""

    platform: Platform
    registry: Registry
    oracle: Oracle
    report: Report
    folder: Path
    ledger: Ledger = field(default_factory=Ledger)
    armed: list[dict[str, Any]] = field(default_factory=list)
    losses: int = 0
    """Attempts of this phase that had to end without an answer."""

    def connect(self, listener: Listener, context: ssl.SSLContext) -> Connection:
        return Connection(self.platform.ports[listener], context)


class Reply(NamedTuple):
    """What came back, None where the connection ended first, and when it was asked for."""

    answer: Answer | None
    span: Span

    @property
    def is_trouble(self) -> bool:
        """Whether it says nothing of the platform: lost, or a fault's own status."""
        return self.answer is None or self.answer.status in FAULT_STATUSES

    @property
    def happened(self) -> bool:
        """False only where a fault answered instead; a lost answer's request may have happened."""
        return self.answer is None or self.answer.status not in FAULT_STATUSES


class Caller:
    """One client."""

    def __init__(self, world: World, random: Random) -> None:
        self.world = world
        self.random = random
        self._actions = self.actions()

    def actions(self) -> Mapping[Callable[[], Awaitable[None]], int]:
        """What it does, and how often beside the others."""
        raise NotImplementedError

    async def run(self, until: float) -> None:
        """Does one thing after another until ``time.monotonic()`` is there."""
        actions, weights = list(self._actions), list(self._actions.values())
        while time.monotonic() < until:
            await self.random.choices(actions, weights)[0]()

    def forget(self) -> None:
        """The platform was reset."""

    async def ask(
        self,
        connection: Connection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes = b"",
    ) -> Reply:
        began = time.time()
        try:
            answer = await connection.ask(self.world.ledger, method, path, headers, body)
        except Lost as error:
            self._judge_loss(f"{method} {path}: {error}")
            return Reply(None, self.span_since(began))
        what = f"{method} {path}: {answer.status} {answer.body[:300]!r}"
        if answer.status == 500:
            self.world.report.broken(NO_500, what)
        statuses = {fault.get("status") for fault in self.world.armed}
        if answer.status in FAULT_STATUSES - statuses:
            self.world.report.broken(AS_TOLD, what)
        return Reply(answer, self.span_since(began))

    def span_since(self, began: float) -> Span:
        return self.world.platform.clock.span(began, time.time())

    def expect(self, reply: Reply, status: int, what: str) -> bool:
        """Whether the answer came as it must; a fault's is passed over."""
        if reply.answer is None or reply.is_trouble:
            return False
        if reply.answer.status != status:
            shown = f"{what}: {reply.answer.status} {reply.answer.body[:300]!r}, not {status}"
            self.world.report.broken(AS_TOLD, shown)
            return False
        return True

    def _judge_loss(self, what: str) -> None:
        if not any(map(breaks, self.world.armed)):
            self.world.report.broken(WHOLE, what)


class ApplicationCaller(Caller):
    """An application with its own way to a token, its functional calls, its revocations."""

    def __init__(self, world: World, random: Random, application: Application) -> None:
        super().__init__(world, random)
        self._application = application
        self._tokens: list[Token] = []
        self._codes = world.connect(Listener.ONE_WAY, world.platform.context())
        account = application.service_account
        context = world.platform.context_of(account) if account else world.platform.context()
        if random.random() < 0.3:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        self._connection = world.connect(application.standard.listener, context)

    def actions(self) -> Mapping[Callable[[], Awaitable[None]], int]:
        return {
            self.obtain: 20,
            self.call: 60,
            self.refresh: 8,
            self.use_refresh_token_twice: 2,
            self.revoke: 5,
            self.connect_again: 3,
        }

    def forget(self) -> None:
        self._tokens = self.world.oracle.survivors(self._tokens[-SURVIVORS:])

    async def connect_again(self) -> None:
        self._connection.drop()

    # Getting a token

    async def obtain(self) -> None:
        user = self.random.choice(list(self.world.registry.end_users))
        how = {
            GrantType.CLIENT_CREDENTIALS: self._by_credentials,
            GrantType.PASSWORD: self._by_password,
            GrantType.AUTHORIZATION_CODE: self._by_code,
            GrantType.IMPLICIT: self._by_fragment,
        }
        await how[self._application.standard.grant](user)

    async def _by_credentials(self, _: str) -> None:
        account = self.world.registry.service_accounts[self._application.service_account or ""]
        form = {"username": account.username, "password": account.password}
        await self._exchange(GrantType.CLIENT_CREDENTIALS, form, None)

    async def _by_password(self, user: str) -> None:
        form = {"username": user, "password": self._password(user)}
        await self._exchange(GrantType.PASSWORD, form, user)

    async def _by_code(self, user: str) -> None:
        verifier = secrets.token_urlsafe(48) if self._application.standard.proof_key else None
        members, span = await self._log_in(user, verifier)
        if "code" not in members:
            return
        form = {
            "code": members["code"],
            "redirect_uri": self._application.redirect_addresses[0],
            **({"code_verifier": verifier} if verifier else {}),
        }
        await self._exchange(GrantType.AUTHORIZATION_CODE, form, user, logged_in=span)

    async def _by_fragment(self, user: str) -> None:
        members, span = await self._log_in(user, None)
        if "access_token" in members:
            consent = self.world.oracle.log_in(user, span)
            self._hold(self.world.oracle.mint(members["access_token"], consent, span))

    async def _log_in(self, user: str, verifier: str | None) -> tuple[dict[str, str], Span]:
        """What comes back to the redirect address."""
        application = self._application
        query = {
            "client_id": application.app_key,
            "response_type": RESPONSE_TYPES[application.standard.grant],
            "redirect_uri": application.redirect_addresses[0],
        }
        if verifier:
            query |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
        form = {"username": user, "password": self._password(user), "decision": "allow"}
        path = f"{AUTHORIZE_PATH}?{urlencode(query)}"
        reply = await self.ask(self._codes, "POST", path, FORM, urlencode(form).encode())
        if reply.answer is None or not self.expect(reply, 303, f"log-in of {application.name}"):
            return {}, reply.span
        parts = urlsplit(reply.answer.headers[b"location"].decode())
        return dict(parse_qsl(parts.fragment or parts.query)), reply.span

    async def _exchange(
        self,
        grant: GrantType,
        form: Mapping[str, str],
        user: str | None,
        *,
        logged_in: Span | None = None,
    ) -> None:
        reply = await self._token_request({"grant_type": grant, **form})
        if reply.answer is None or not self.expect(reply, 200, f"{grant}"):
            return
        content = reply.answer.json
        if content is None:  # cut short by a fault: nobody holds this token
            self._expect_malformed(reply.answer)
            return
        born = logged_in.hull(reply.span) if logged_in else reply.span
        consent = self.world.oracle.log_in(user, born, refresh_token=content.get("refresh_token"))
        self._hold(self.world.oracle.mint(content["access_token"], consent, reply.span))

    async def _token_request(self, form: Mapping[str, str]) -> Reply:
        return await self._authenticated(TOKEN_PATH, form)

    async def _authenticated(self, path: str, form: Mapping[str, str]) -> Reply:
        application, headers, sent = self._application, dict(FORM), dict(form)
        if application.app_secret is None:
            sent["client_id"] = application.app_key
        else:
            headers["Authorization"] = basic(application.app_key, application.app_secret)
        return await self.ask(self._connection, "POST", path, headers, urlencode(sent).encode())

    def _expect_malformed(self, answer: Answer) -> None:
        if not any(fault.get("malformed") for fault in self.world.armed):
            self.world.report.broken(AS_TOLD, f"no JSON: {answer.body[:300]!r}")

    def _hold(self, token: Token) -> None:
        self._tokens.append(token)
        if len(self._tokens) > TOKENS_HELD:
            self._tokens.pop(self.random.randrange(TOKENS_HELD))

    def _password(self, user: str) -> str:
        return self.world.registry.end_users[user].password

    # What is done with one

    async def call(self) -> None:
        if not self._tokens:
            return
        token = self.random.choice(self._tokens)
        wanted, headers, body = choose_call(self.random)
        headers |= {
            "AppKey": self._application.app_key,
            "Authorization": f"Bearer {token.text}",
        }
        reply = await self.ask(self._connection, wanted.method, wanted.path, headers, body)
        if not reply.happened:
            return
        verdict = self.world.oracle.judge(token, reply.span)
        if reply.answer is None:
            if verdict is not Verdict.REFUSE:
                self.world.oracle.used(token, reply.span, surely=False)
            return
        honoured = reply.answer.status != 401
        what = f"{wanted.method} {wanted.path}: {reply.answer.status} for {token} at {reply.span}"
        if honoured and self.expect(reply, wanted.status, what):
            if verdict is Verdict.REFUSE:
                self.world.report.broken(NOT_HONOURED, what)
            self.world.oracle.used(token, reply.span)
        elif not honoured and verdict is Verdict.HONOUR:
            why = self.world.platform.why(reply.answer.tracking_id)
            self.world.report.broken(NOT_REFUSED, f"{why} {what}")

    async def refresh(self) -> None:
        consent = self._refreshable()
        if consent is None or consent.refresh_token is None:
            return
        form = {"grant_type": GrantType.REFRESH_TOKEN, "refresh_token": consent.refresh_token}
        reply = await self._token_request(form)
        if not reply.happened:
            return
        if reply.answer is None:  # used up or not: nobody knows
            consent.refresh_token = None
            return
        verdict = self.world.oracle.judge_refresh(consent, reply.span)
        what = f"refresh: {reply.answer.status} for {consent} at {reply.span}"
        if reply.answer.status == 400:
            if verdict is Verdict.HONOUR:
                self.world.report.broken(NOT_REFUSED, what)
            return
        if not self.expect(reply, 200, what):
            return
        if verdict is Verdict.REFUSE:
            self.world.report.broken(NOT_HONOURED, what)
        content = reply.answer.json
        if content is None:
            self._expect_malformed(reply.answer)
        self.world.oracle.refreshed(consent, content and content["refresh_token"], reply.span)
        if content is not None:
            self._hold(self.world.oracle.mint(content["access_token"], consent, reply.span))

    async def use_refresh_token_twice(self) -> None:
        """Refused, and the end of its consent (RFC 9700 section 4.14.2)."""
        consent = self._refreshable()
        if consent is None or consent.used_refresh_token is None:
            return
        form = {"grant_type": GrantType.REFRESH_TOKEN, "refresh_token": consent.used_refresh_token}
        reply = await self._token_request(form)
        if reply.answer is None:
            consent.may_have_ended()
        elif self.expect(reply, 400, "a refresh token used twice"):
            consent.ended = True

    def _refreshable(self) -> Consent | None:
        consents = [each.consent for each in self._tokens if each.consent.refresh_token]
        return self.random.choice(consents) if consents else None

    async def revoke(self) -> None:
        if not self._tokens or GrantType.INVALIDATE_TOKEN not in (
            self._application.standard.token_grants
        ):
            return
        token = self.random.choice(self._tokens)
        if token.key.retired:
            return  # no token of the platform any more: nothing is known of its consent
        text = self.random.choice([token.text, token.consent.refresh_token or token.text])
        if self.random.random() < 0.5:
            reply = await self._authenticated(REVOKE_PATH, {"token": text})
        else:
            form = {"grant_type": GrantType.INVALIDATE_TOKEN, "token": text}
            reply = await self._token_request(form)
        if reply.answer is None:
            token.consent.may_have_ended()
        elif self.expect(reply, 200, "a revocation"):
            token.consent.ended = True


class BadCaller(Caller):
    """Sends what must be refused."""

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
        """By what is wrong with the certificate that is shown."""
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

    def actions(self) -> Mapping[Callable[[], Awaitable[None]], int]:
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
            self._judge_loss(f"no HTTP: {error}")
            return
        finally:
            connection.drop()
        if answer.status != 400:
            self.world.report.broken(AS_TOLD, f"no HTTP: {answer.status}")

    async def wrong_certificate(self) -> None:
        what, connection = self.random.choice(list(self._strangers.items()))
        await expect_no_entry(self.world, connection, f"a certificate that is {what}")


class CertificateCaller(Caller):
    """Has certificates made and revoked, and tries them before and after."""

    def actions(self) -> Mapping[Callable[[], Awaitable[None]], int]:
        return {self.live_of_a_certificate: 1}

    async def live_of_a_certificate(self) -> None:
        world, path = self.world, "/service-accounts/svc-demo/certificates"
        issued = await asyncio.to_thread(world.platform.control, "POST", path)
        context = world.platform.context(*issued_files(issued, world.folder, "further"))
        connection = world.connect(Listener.TWO_WAY, context)
        headers = {"Authorization": basic("demo-server-key", "demo-server-secret"), **FORM}
        body = urlencode(GOOD).encode()
        reply = await self.ask(connection, "POST", TOKEN_PATH, headers, body)
        self.expect(reply, 200, "a token by a further certificate")
        revoking = f"{path}/{issued['serial_number']}/revoke"
        await asyncio.to_thread(world.platform.control, "POST", revoking)
        await expect_no_entry(world, connection, "a revoked certificate, connected before")
        await expect_no_entry(world, connection, "a revoked certificate")
        connection.drop()


async def expect_no_entry(world: World, connection: Connection, what: str) -> None:
    """One attempt that must end without an answer."""
    try:
        answer = await connection.ask(world.ledger, "GET", "/v1/accounts", {})
    except Lost:
        world.losses += 1
    else:
        world.report.broken(KEPT_OUT, f"{what}: {answer.status}")
    finally:
        connection.drop()
