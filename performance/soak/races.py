"""Races of the load: several clients, over all workers, try at the same time what works once."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2

from mock_sei.oauth.metadata import TOKEN_PATH
from mock_sei.rules.records import Application
from mock_sei.rules.standards import GrantType, Listener
from performance.soak.callers import NOT_HONOURED, Actions, World
from performance.soak.faults import FAULT_STATUSES
from performance.soak.oracle import Span, may_have_expired
from performance.soak.platform import as_json
from performance.soak.requests import FORM, basic
from performance.soak.user_applications import UserApplicationCaller
from performance.soak.wire import Answer, Connection, Ledger, Lost

ONE_WINNER = "of several tries at the same time, over all workers, one wins"

CONTENDERS = 4
"""Clients of a race."""
OPERATION, PATH = "GET /v1/accounts", "/v1/accounts?limit=1"
MARK = "X-Soak"
"""The header by which a race's own fault or scripted answer knows its calls."""
FAULT_STATUS, SCRIPTED_STATUS = 418, 208
"""Statuses that nothing else in the load has."""
JSON = {"Content-Type": "application/json"}


class Race(UserApplicationCaller):
    """A client that lets several connections try the same at once."""

    def __init__(self, world: World, random: Random, application: Application) -> None:
        super().__init__(world, random, application)
        context = world.platform.context_of(application.service_account or "")

        def several(listener: Listener, context: Any) -> list[Connection]:
            return [world.connect_once(listener, context) for _ in range(CONTENDERS)]

        self._two_way = several(Listener.TWO_WAY, context)
        self._one_way = several(Listener.ONE_WAY, world.platform.context())
        self._control = several(Listener.CONTROL, None)
        self.races: Counter[str] = Counter()

    def actions(self) -> Actions:
        return {
            self.code: 4,
            self.refresh_token: 4,
            self.assertion: 4,
            self.link: 1,
            self.one_shot_fault: 3,
            self.scripted_answer: 3,
            self.name: 1,
            self.connect_all_again: 1,
        }

    def forget(self) -> None:
        super().forget()
        self._tokens.clear()

    async def connect_all_again(self) -> None:
        """New connections may lead to other workers."""
        for each in (*self._two_way, *self._one_way, *self._control):
            each.drop()

    # The races

    async def code(self) -> None:
        user = self.random.choice(list(self.world.registry.end_users))
        logged_in = await self._log_in(user, None)
        if "code" not in logged_in.members:
            return
        form = {
            "grant_type": GrantType.AUTHORIZATION_CODE,
            "code": logged_in.members["code"],
            "redirect_uri": self._application.redirect_addresses[0],
        }
        answers = await self._race_for_tokens("code", form, since=logged_in.span)
        await self._expect_revoked(answers, "a code used twice")

    async def refresh_token(self) -> None:
        user = self.random.choice(list(self.world.registry.end_users))
        consent = await self._by_code(user)
        self._tokens.clear()
        if consent is None or consent.refresh_token is None:
            return
        form = {"grant_type": GrantType.REFRESH_TOKEN, "refresh_token": consent.refresh_token}
        answers = await self._race_for_tokens("refresh token", form)
        consent.refresh_token = None
        await self._expect_revoked(answers, "a refresh token used twice")

    async def assertion(self) -> None:
        assertion = self._new_assertion(is_trusted=True)
        form = {"grant_type": GrantType.SAML2_BEARER, "SAMLAssertion": assertion.text}
        await self._race_for_tokens("assertion", form)

    async def link(self) -> None:
        path = "/service-accounts/svc-web/certificate-links"
        link = await self._control_call("POST", path)
        if link is not None:
            path = urlsplit(link["url"]).path
            answers = await self._all_ask(self._one_way, "GET", path, {})
            self._judge("link", answers, 200)

    async def one_shot_fault(self) -> None:
        mark = secrets.token_hex(8)
        rule = {"operation": OPERATION, "headers": {MARK: mark}, "status": FAULT_STATUS, "times": 1}
        if await self._control_call("POST", "/faults", rule):
            self._judge("one-shot fault", await self._all_call(mark), FAULT_STATUS)

    async def scripted_answer(self) -> None:
        mark = secrets.token_hex(8)
        answer = {
            "operation": OPERATION,
            "request": {"headers": {MARK: mark}},
            "status": SCRIPTED_STATUS,
            "json": {},
        }
        self._tokens.clear()
        await self._by_code(self.random.choice(list(self.world.registry.end_users)))
        if self._tokens and await self._control_call("POST", "/answers", answer):
            answers = await self._all_call(mark, self._tokens[-1].text)
            self._judge("scripted answer", answers, SCRIPTED_STATUS)

    async def name(self) -> None:
        """Applications of one name are registered at the same time."""
        fields = {
            "name": f"race-{secrets.token_hex(6)}",
            "type": "server-server",
            "actor": "server",
        }
        answers = await self._all_ask(
            self._control, "POST", "/applications", JSON, as_json(fields), ledger=Ledger()
        )
        self._judge("name of an application", answers, 200, 201)

    # A race

    async def _all_ask(
        self,
        connections: Sequence[Connection],
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes = b"",
        *,
        ledger: Ledger | None = None,
    ) -> list[Answer | None]:
        """The answers to one request from all connections at once; None for a lost one."""

        async def ask(connection: Connection) -> Answer | None:
            try:
                return await connection.ask(
                    ledger or self.world.ledger, method, path, headers, body
                )
            except Lost as error:
                self.judge_loss(error, f"{method} {path}: {error}")
                return None

        for each in connections:
            if each.local_port is None:  # connected before the race, not in it
                await self._try_to_open(each)
        answers = await asyncio.gather(*map(ask, connections))
        for answer in answers:
            if answer is not None:
                self.look_at(answer, f"{method} {path}")
        return answers

    async def _try_to_open(self, connection: Connection) -> None:
        try:
            await connection.open()
        except OSError:
            connection.drop()  # the request connects again, and counts what happens

    async def _race_for_tokens(
        self, what: str, form: dict[str, str], *, since: Span | None = None
    ) -> list[Answer | None]:
        application = self._application
        headers = {
            **FORM,
            "Authorization": basic(application.app_key, application.app_secret or ""),
        }
        body = urlencode(form).encode()
        answers = await self._all_ask(self._two_way, "POST", TOKEN_PATH, headers, body)
        is_late = since is not None and may_have_expired(since, self.span_since(time.time()))
        self._judge(what, answers, 200, may_have_none=is_late)
        return answers

    async def _all_call(self, mark: str, token: str = "none") -> list[Answer | None]:
        """Functional calls that a fault or a scripted answer with this mark fits."""
        headers = {
            MARK: mark,
            "AppKey": self._application.app_key,
            "Authorization": f"Bearer {token}",
        }
        return await self._all_ask(self._two_way, "GET", PATH, headers)

    def _judge(
        self, what: str, answers: Sequence[Answer | None], *won: int, may_have_none: bool = False
    ) -> None:
        self.races[what] += 1
        statuses = [None if each is None else each.status for each in answers]
        winners = sum(each in won for each in statuses)
        may_have_none |= any(each is None or each in FAULT_STATUSES for each in statuses)
        if winners > 1 or (winners == 0 and not may_have_none):
            bodies = [each.body[:300] for each in answers if each is not None]
            self.world.report.broken(ONE_WINNER, f"{what}: {statuses} {bodies}")

    async def _expect_revoked(self, answers: Sequence[Answer | None], what: str) -> None:
        """Who uses a code or refresh token twice ends its consent: also the winner's token ends."""
        refused = any(each is not None and each.status == 400 for each in answers)
        won = [each for each in answers if each is not None and each.status == 200]
        token = (won[0].json or {}).get("access_token") if won else None
        if not refused or token is None:
            return
        headers = {"AppKey": self._application.app_key, "Authorization": f"Bearer {token}"}
        for each in await self._all_ask(self._two_way, "GET", PATH, headers):
            if each is not None and each.status not in {*FAULT_STATUSES, 401}:
                self.world.report.broken(NOT_HONOURED, f"{what}: {each.status}")

    async def _control_call(self, method: str, path: str, content: Any = None) -> Any:
        """The answer of the control API; None if a kill broke the call."""
        try:
            return await asyncio.to_thread(self.world.platform.once, method, path, content)
        except httpx2.TransportError:
            return None
