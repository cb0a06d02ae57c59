"""The load on several servers, and what must be true of it after each failure."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from mock_sei.fixtures import load_fixtures
from mock_sei.oauth.metadata import AUTHORIZE_PATH, TOKEN_PATH
from mock_sei.rules.standards import GrantType, Listener
from performance.soak.callers import NO_500, NOT_REFUSED
from performance.soak.journals import find_disorder
from performance.soak.keeper import NOTHING_LOST
from performance.soak.races import ONE_WINNER
from performance.soak.report import Report
from performance.soak.requests import FORM, TICKETS, basic
from performance.soak.servers import HEALS, OneServer, Servers
from performance.soak.shared_load import NUMBERED
from performance.soak.wire import Answer, Connection, Ledger, Lost

AS_TOLD = "every answer is the documented one, or 503 while the state is away"
AT_ONCE = "each request is answered within some seconds, whatever Redis does"
ONE_ENTRY = "each answer is one entry of the journal, in all failures"
REVOKED = "a revoked certificate is refused at every server"
ANSWERED_WITHIN = 20.0
"""Most seconds until an answer, on a busy machine; 0.5 s of waiting for Redis are a part of it."""
CALM = 0.5
"""Seconds of load before and after a failure."""
CLIENTS = 6
CODE_LIFETIME = 20.0
FAULT_STATUS, MARK = 418, "X-Soak"
READING = "GET /v1/accounts"
COLLECTION = "investors"
WEB, SERVER = "demo-web", "demo-server"
JSON = {"Content-Type": "application/json"}


class Known:
    """What the clients know of the state."""

    def __init__(self) -> None:
        self.applications: dict[str, str] = {}
        """AppKeys by name."""
        self.records: set[str] = set()
        self.unsure: set[str] = set()
        """Names and keys of what may be there."""
        self.tokens: list[str] = []
        self.met = self.may_have_met = 0
        self.fault: int | None = None
        self.answered: dict[str, int] = {}
        """The status of each answer that a client got, by its tracking id."""


class ServersLoad:
    """Clients of all servers, and phases in each of which something fails."""

    def __init__(self, servers: Servers, report: Report, random: Random) -> None:
        self._servers, self._report, self._random = servers, report, random
        self._registry = load_fixtures().registry
        self._known = Known()
        self._connections: dict[tuple[int, str, str], Connection] = {}
        self._gone: set[str] = set()
        """What was not there when the servers had healed, so that it may never come."""
        self._mark = secrets.token_hex(8)
        self.statuses: Counter[str] = Counter()
        self.races: Counter[str] = Counter()
        self.phases: Counter[str] = Counter()

    async def run(self, seconds: float) -> None:
        """Runs whole phases for about so many seconds, at least one."""
        failures = self._servers.failures
        waiting: list[str] = []
        await self._arm_fault()
        until = time.monotonic() + seconds
        while not self.phases or time.monotonic() < until:
            waiting = waiting or self._random.sample(list(failures), len(failures))
            name = waiting.pop()
            self.phases[name] += 1
            try:
                await self._phase(failures[name])
            except TimeoutError as error:
                self._report.broken(HEALS, f"{name}: {error}")
                break
            finally:
                self._servers.look_for_bugs()
            if not self._report.is_sound:
                self._report.say(f"  that was when {name}")
                break

    async def _phase(self, fail: Callable[[Random], Awaitable[None]]) -> None:
        self._ends = False
        clients = [asyncio.create_task(self._client(number)) for number in range(CLIENTS)]
        await asyncio.sleep(CALM)
        try:
            await fail(self._random)
            await asyncio.sleep(CALM)
        finally:
            self._ends = True
            await asyncio.gather(*clients)
        await self._servers.wait_until_healed()
        await self._compare()

    async def _client(self, number: int) -> None:
        actions: dict[Callable[[int], Awaitable[None]], int] = {
            self._get_token: 4,
            self._read: 8,
            self._register: 2,
            self._add_record: 4,
            self._race_for_code: 2,
            self._meet_fault: 4,
            self._revoke: 1,
        }
        while not self._ends:
            (action,) = self._random.choices(list(actions), list(actions.values()))
            await action(number)

    # Requests

    async def _ask(
        self,
        one: OneServer,
        client: int,
        listener: Listener,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes = b"",
        *,
        account: str | None = None,
    ) -> Answer | None:
        """The answer; None if it is not known what the request did."""
        key = (client, one.folder.name, f"{listener} {account}")
        if key not in self._connections:
            context = None if listener is Listener.CONTROL else one.context(account)
            self._connections[key] = one.connect(listener, context)
        kills, began = one.kills, time.monotonic()
        try:
            answer = await self._connections[key].ask(Ledger(), method, path, headers, body)
        except Lost as error:
            self.statuses["lost"] += 1
            if one.kills == kills and one.kills == 0:
                self._report.broken(AS_TOLD, f"{one.folder.name}: {method} {path}: {error}")
            await asyncio.sleep(0.05)
            return None
        if (took := time.monotonic() - began) > ANSWERED_WITHIN:
            self._report.broken(AT_ONCE, f"{method} {path}: {took:.1f} s")
        self.statuses[str(answer.status)] += 1
        what = f"{one.folder.name}: {method} {path}: {answer.status} {answer.body[:300]!r}"
        if answer.status == 500:
            self._report.broken(NO_500, what)
        if answer.status == 503:
            if b"retry-after" not in answer.headers:
                self._report.broken(AS_TOLD, what)
            await asyncio.sleep(0.05)
            return None
        if listener is not Listener.CONTROL:
            self._known.answered[answer.tracking_id] = answer.status
        return answer

    def _expect(self, answer: Answer, *statuses: int, what: str) -> bool:
        if answer.status in statuses:
            return True
        self._report.broken(AS_TOLD, f"{what}: {answer.status} {answer.body[:300]!r}")
        return False

    def _any(self) -> OneServer:
        return self._random.choice(self._servers.each)

    async def _control(self, client: int, method: str, path: str, content: Any) -> Answer | None:
        body = json.dumps(content).encode()
        return await self._ask(self._any(), client, Listener.CONTROL, method, path, JSON, body)

    async def _token_request(
        self, one: OneServer, client: int, name: str, form: dict[str, str]
    ) -> Answer | None:
        application = self._registry.require_application(name)
        headers = {
            **FORM,
            "Authorization": basic(application.app_key, application.app_secret or ""),
        }
        body, account = urlencode(form).encode(), application.service_account
        listener = Listener.TWO_WAY
        return await self._ask(
            one, client, listener, "POST", TOKEN_PATH, headers, body, account=account
        )

    # What the clients do

    async def _get_token(self, client: int) -> None:
        account = self._registry.service_accounts["svc-demo"]
        form = {
            "grant_type": GrantType.CLIENT_CREDENTIALS,
            "username": account.username,
            "password": account.password,
        }
        answer = await self._token_request(self._any(), client, SERVER, form)
        if answer is not None and self._expect(answer, 200, what="a token"):
            self._known.tokens = [*self._known.tokens[-9:], answer.json["access_token"]]

    async def _call(self, one: OneServer, client: int, token: str, path: str) -> Answer | None:
        application = self._registry.require_application(SERVER)
        headers = {"AppKey": application.app_key, "Authorization": f"Bearer {token}"}
        return await self._ask(
            one, client, Listener.TWO_WAY, "GET", path, headers, account="svc-demo"
        )

    async def _read(self, client: int) -> None:
        if self._known.tokens:
            token = self._random.choice(self._known.tokens)
            answer = await self._call(self._any(), client, token, f"{TICKETS}?limit=5")
            if answer is not None and answer.status != 200:
                self._report.broken(NOT_REFUSED, f"{answer.status} {answer.body[:300]!r}")

    async def _register(self, client: int) -> None:
        name = f"kept-{secrets.token_hex(6)}"
        fields = {"name": name, "type": "server-server", "actor": "server"}
        answer = await self._control(client, "POST", "/applications", fields)
        if answer is None:
            self._known.unsure.add(name)
        elif self._expect(answer, 201, what="a registration"):
            self._known.applications[name] = answer.json["app_key"]

    async def _add_record(self, client: int) -> None:
        key = f"KEPT-{secrets.token_hex(6)}"
        record = {"externalId": key, "name": "Kept"}
        answer = await self._control(client, "POST", f"/data/{COLLECTION}", record)
        if answer is None:
            self._known.unsure.add(key)
        elif self._expect(answer, 200, 201, what="a record"):
            self._known.records.add(key)

    async def _race_for_code(self, client: int) -> None:
        """All servers get one code at the same time."""
        application = self._registry.require_application(WEB)
        redirect = application.redirect_addresses[0]
        user = self._random.choice(list(self._registry.end_users.values()))
        query = {
            "client_id": application.app_key,
            "response_type": "code",
            "redirect_uri": redirect,
        }
        form = {"username": user.email, "password": user.password, "decision": "allow"}
        path, began = f"{AUTHORIZE_PATH}?{urlencode(query)}", time.monotonic()
        body = urlencode(form).encode()
        answer = await self._ask(self._any(), client, Listener.ONE_WAY, "POST", path, FORM, body)
        if answer is None or not self._expect(answer, 303, what="a log-in"):
            return
        location = urlsplit(answer.headers[b"location"].decode())
        code = dict(parse_qsl(location.query))["code"]
        wanted = {
            "grant_type": GrantType.AUTHORIZATION_CODE,
            "code": code,
            "redirect_uri": redirect,
        }
        tries = (self._token_request(one, client, WEB, wanted) for one in self._servers.each)
        answers = await asyncio.gather(*tries)
        statuses = [None if each is None else each.status for each in answers]
        is_late = time.monotonic() - began > CODE_LIFETIME
        self._judge(statuses, may_have_none=is_late)

    def _judge(self, statuses: list[int | None], *, may_have_none: bool) -> None:
        self.races["code"] += 1
        winners = statuses.count(200)
        if winners > 1 or (winners == 0 and None not in statuses and not may_have_none):
            self._report.broken(ONE_WINNER, f"{statuses}")

    async def _arm_fault(self) -> None:
        rule = {
            "operation": READING,
            "headers": {MARK: self._mark},
            "status": FAULT_STATUS,
            "times": 1_000_000,
        }
        armed = await self._servers.call(self._servers.each[0], "POST", "/faults", rule)
        self._known.fault = armed["id"]

    async def _meet_fault(self, client: int) -> None:
        """Meets a fault, which counts its calls."""
        headers = {MARK: self._mark, "AppKey": "none"}
        answer = await self._ask(
            *(self._any(), client, Listener.TWO_WAY, "GET", "/v1/accounts?limit=1", headers),
            account="svc-demo",
        )
        if answer is None:
            self._known.may_have_met += 1
        elif self._expect(answer, FAULT_STATUS, what="a fault"):
            self._known.met += 1

    async def _revoke(self, client: int) -> None:
        """A certificate is issued, revoked at one server, and refused at another one."""
        path = "/service-accounts/svc-demo/certificates"
        issued = await self._control(client, "POST", path, {})
        if issued is None or not self._expect(issued, 200, 201, what="a certificate"):
            return
        told = issued.json
        one = self._any()
        folder = one.folder / f"revoked-{secrets.token_hex(4)}"
        folder.mkdir()
        certificate, key = folder / "certificate.crt", folder / "privatekey.key"
        certificate.write_text(told["certificate"] + told["chain"])
        key.write_text(told["private_key"])
        revoked = await self._control(client, "POST", f"{path}/{told['serial_number']}/revoke", {})
        if revoked is None:
            return
        context = one.context()
        context.load_cert_chain(certificate, key)
        connection = one.connect(Listener.TWO_WAY, context)
        try:
            answer = await connection.ask(Ledger(), "GET", "/v1/accounts", {})
        except Lost:
            return
        finally:
            connection.drop()
        if answer.status != 503:  # 503: the state is away, so nobody is let in
            self._report.broken(REVOKED, f"{one.folder.name}: {answer.status}")

    # What must be there

    async def _compare(self) -> None:
        known, shown = self._known, {}
        for one in self._servers.each:
            await self._compare_records(one)
            fault = await self._servers.call(one, "GET", f"/faults/{known.fault}")
            if not known.met <= fault["met"] <= known.met + known.may_have_met:
                expected = f"{known.met} to {known.met + known.may_have_met}"
                self._lost(f"{one.folder.name}: a fault was met {expected} times, not {fault}")
            for bug in (await self._servers.call(one, "GET", "/check"))["bugs"]:
                self._report.broken(NO_500, bug[-800:])
        for number, one in enumerate(self._servers.each):
            shown[number] = await self._servers.call(one, "GET", "/journal?limit=1000000")
        for problem in find_disorder(shown):
            self._report.broken(NUMBERED, problem)
        self._compare_entries(shown[0]["entries"])
        await self._servers.call(self._servers.each[0], "DELETE", "/journal")
        known.answered.clear()

    async def _compare_records(self, one: OneServer) -> None:
        known = self._known
        names = await self._names(one)
        for name, app_key in known.applications.items():
            if names.get(name) != app_key:
                self._lost(f"{name} at {one.folder.name}: {names.get(name)}")
        records = await self._servers.call(one, "GET", f"/data/{COLLECTION}")
        keys = Counter(each.get("externalId") for each in records)
        for key in known.records:
            if keys[key] != 1:
                self._lost(f"{key} is {keys[key]} times at {one.folder.name}")
        for key in known.unsure & set(keys):
            if keys[key] != 1:
                self._lost(f"{key} is {keys[key]} times at {one.folder.name}")
        there = known.unsure & (set(names) | set(keys))
        for key in there:  # from now on it must be there
            known.unsure.discard(key)
            if key in names:
                known.applications[key] = names[key]
            else:
                known.records.add(key)
        if one is self._servers.each[0]:
            self._gone |= known.unsure
            known.unsure.clear()
        if late := self._gone & (set(names) | set(keys)):
            self._lost(f"{late} came late, at {one.folder.name}")

    async def _names(self, one: OneServer) -> dict[str, str]:
        """The AppKeys of all applications, by name."""
        names: dict[str, str] = {}
        path = "/applications"
        while page := await self._servers.call(one, "GET", path):
            names |= {each["name"]: each["app_key"] for each in page}
            path = f"/applications?after={page[-1]['app_key']}"
        return names

    def _compare_entries(self, entries: list[dict[str, Any]]) -> None:
        found = Counter(
            (each["tracking_id"], each["response"]["status"])
            for each in entries
            if each["kind"] == "exchange"
        )
        for tracking_id, status in self._known.answered.items():
            if found[tracking_id, status] != 1:
                times = found[tracking_id, status]
                self._report.broken(ONE_ENTRY, f"{tracking_id}, {status}: {times} times")

    def _lost(self, what: str) -> None:
        self._report.broken(NOTHING_LOST, what)
