"""A client that remembers what the server answered with success, and looks for it after kills."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from random import Random
from typing import Any

import httpx2

from mock_sei.rules.records import Application
from mock_sei.rules.standards import GrantType, Listener
from performance.soak.callers import Actions, World
from performance.soak.oracle import Span, may_have_expired
from performance.soak.platform import issued_files
from performance.soak.races import FAULT_STATUS, MARK, OPERATION, PATH
from performance.soak.shared_platform import SharedPlatform
from performance.soak.user_applications import UserApplicationCaller
from performance.soak.wire import Connection, Ledger, Lost

NOTHING_LOST = "what was answered with success is there after a kill, at every worker"
LINE_FOR_ALL = "a reset is a line for all workers"

COLLECTION = "investors"
MOST = 6
"""Codes, applications and certificates that are kept for one phase, each."""
TIMES = 1_000_000
"""How often the counted fault happens: more often than it is met."""


class Keeper(UserApplicationCaller):
    """Makes changes that nobody else touches. :meth:`look` compares them with every worker."""

    def __init__(
        self, world: World, random: Random, application: Application, platform: SharedPlatform
    ) -> None:
        super().__init__(world, random, application)
        self._platform = platform
        self._mark = secrets.token_hex(8)
        self._begin()

    def _begin(self) -> None:
        self._registered: dict[str, str] = {}
        """AppKeys by name."""
        self._removed: list[str] = []
        self._records: set[str] = set()
        self._held: list[tuple[dict[str, str], Span]] = []
        """Token requests with a code, and when the code was issued."""
        self._revoked: list[Connection] = []
        self._fault: int | None = None
        self._met = self._may_have_met = 0

    def actions(self) -> Actions:
        return {
            self.register: 2,
            self.remove: 1,
            self.add_record: 3,
            self.hold_code: 3,
            self.revoke_certificate: 1,
            self.meet_fault: 6,
        }

    def forget(self) -> None:
        super().forget()
        self._begin()

    # What it does

    async def _once(self, method: str, path: str, content: Any = None) -> Any:
        """The answer, or None if a kill broke the call, so that its effect is not known."""
        try:
            return await asyncio.to_thread(self._platform.once, method, path, content)
        except httpx2.TransportError:
            return None

    async def register(self) -> None:
        name = f"kept-{secrets.token_hex(6)}"
        fields = {"name": name, "type": "server-server", "actor": "server"}
        if len(self._registered) < MOST and (
            told := await self._once("POST", "/applications", fields)
        ):
            self._registered[name] = told["app_key"]

    async def remove(self) -> None:
        if not self._registered:
            return
        name, app_key = self._registered.popitem()
        try:
            await asyncio.to_thread(self._platform.once, "DELETE", f"/applications/{app_key}")
        except httpx2.TransportError:
            return
        self._removed.append(name)

    async def add_record(self) -> None:
        key = f"KEPT-{secrets.token_hex(6)}"
        record = {"externalId": key, "name": "Kept"}
        if await self._once("POST", f"/data/{COLLECTION}", record):
            self._records.add(key)

    async def hold_code(self) -> None:
        """Logs in, and keeps the code until the end of the phase."""
        if len(self._held) >= MOST:
            return
        user = self.random.choice(list(self.world.registry.end_users))
        logged_in = await self._log_in(user, None)
        if "code" in logged_in.members:
            form = {
                "grant_type": GrantType.AUTHORIZATION_CODE,
                "code": logged_in.members["code"],
                "redirect_uri": self._application.redirect_addresses[0],
            }
            self._held.append((form, logged_in.span))

    async def revoke_certificate(self) -> None:
        if len(self._revoked) >= MOST:
            return
        path = "/service-accounts/svc-demo/certificates"
        issued = await self._once("POST", path)
        if issued is None:
            return
        context = self._platform.context(*issued_files(issued, self.world.folder, "kept"))
        if await self._once("POST", f"{path}/{issued['serial_number']}/revoke") is not None:
            self._revoked.append(self.world.connect(Listener.TWO_WAY, context))

    async def meet_fault(self) -> None:
        """Meets a fault whose count is compared afterwards."""
        if self._fault is None:
            rule = {
                "operation": OPERATION,
                "headers": {MARK: self._mark},
                "status": FAULT_STATUS,
                "times": TIMES,
            }
            armed = await self._once("POST", "/faults", rule)
            if armed is None:  # it may be armed, so another one would not be counted exactly
                self._mark = secrets.token_hex(8)
                return
            self._fault, self._met, self._may_have_met = armed["id"], 0, 0
        headers = {MARK: self._mark, "AppKey": self._application.app_key}
        try:
            answer = await self._connection.ask(self.world.ledger, "GET", PATH, headers)
        except Lost as error:
            self._may_have_met += 1
            self.judge_loss(error, f"GET {PATH}: {error}")
            return
        self.look_at(answer, f"GET {PATH}")
        if answer.status == FAULT_STATUS:
            self._met += 1

    # What must be there

    def look_at_faults(self) -> None:
        """Compares the fault's count, before the faults of the phase are removed."""
        if self._fault is None:
            return
        for pid, each in self._platform.at_each_worker(f"/faults/{self._fault}").items():
            met = each["met"] if isinstance(each, dict) else None
            if met is None or not self._met <= met <= self._met + self._may_have_met:
                expected = f"{self._met} to {self._met + self._may_have_met}"
                self._lost(f"fault {self._fault} was met {expected} times, not {met} (at {pid})")
        self._fault = None

    async def look(self) -> None:
        """Compares everything else, while no other client calls and no fault is armed."""
        self._look_for_applications()
        self._look_for_records()
        self._look_at_clock()
        self._connection.drop()  # connections of workers that were killed
        await self._redeem_codes()
        for connection in self._revoked:
            await self._expect_refused(connection)
        self._revoked.clear()

    def look_for_line(self, before: dict[str, str]) -> None:
        """After a reset no worker knows what was there ``before``."""
        for name in before:
            for pid, each in self._platform.at_each_worker(f"/applications/{name}").items():
                if each != 404:
                    self.world.report.broken(LINE_FOR_ALL, f"{name} is still known at {pid}")
        for path in ("/faults", "/answers"):
            for pid, each in self._platform.at_each_worker(path).items():
                shown = each["answers"] if isinstance(each, dict) else each
                if shown:
                    self.world.report.broken(LINE_FOR_ALL, f"{path} at {pid}: {shown}")
        for pid, each in self._platform.at_each_worker("/clock").items():
            if not each["is_machine"]:
                self.world.report.broken(LINE_FOR_ALL, f"the clock at {pid}: {each}")

    @property
    def registered(self) -> dict[str, str]:
        return dict(self._registered)

    def _look_for_applications(self) -> None:
        for name, app_key in self._registered.items():
            for pid, each in self._platform.at_each_worker(f"/applications/{name}").items():
                if not isinstance(each, dict) or each["app_key"] != app_key:
                    self._lost(f"{name} at {pid}: {each}")
        for name in self._removed[-MOST:]:
            for pid, each in self._platform.at_each_worker(f"/applications/{name}").items():
                if each != 404:
                    self._lost(f"{name}, which was removed, at {pid}: {each}")

    def _look_for_records(self) -> None:
        for pid, each in self._platform.at_each_worker(f"/data/{COLLECTION}").items():
            missing = self._records - {one.get("externalId") for one in each}
            if missing:
                self._lost(f"{len(missing)} of {len(self._records)} records at {pid}")

    def _look_at_clock(self) -> None:
        clock = self._platform.clock
        for pid, each in self._platform.at_each_worker("/clock").items():
            shown = datetime.fromisoformat(each["now"]).timestamp()
            now = clock.read()
            tolerance = 0.001 if clock.frozen_at is not None else 2
            if each["frozen"] != (clock.frozen_at is not None) or abs(shown - now) > tolerance:
                self._lost(f"the clock at {pid} shows {each}, not {now}")

    async def _redeem_codes(self) -> None:
        ledger, self.world.ledger = self.world.ledger, Ledger()  # the phase is accounted for
        for form, issued in self._held:
            reply = await self._token_request(form)
            is_late = may_have_expired(issued, reply.span) and reply.is_refused
            if is_late or (reply.answer is not None and reply.answer.status == 200):
                continue
            shown = "no answer"
            if reply.answer is not None:
                shown = f"{reply.answer.status}, {self._platform.why(reply.answer.tracking_id)}"
            self._lost(f"a code that was issued before a kill gives {shown}")
        self._held.clear()
        self.world.ledger = ledger

    async def _expect_refused(self, connection: Connection) -> None:
        for _ in range(self._platform.workers):
            try:
                answer = await connection.ask(Ledger(), "GET", PATH, {})
            except Lost:
                continue
            self._lost(f"a revoked certificate is let in: {answer.status}")
        connection.drop()

    def _lost(self, what: str) -> None:
        self.world.report.broken(NOTHING_LOST, what)
