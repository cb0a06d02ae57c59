"""Rounds of mixed load. The clock moves between the phases of a round, which ends with a reset.

Changes that affect all callers (clock, keys, sessions, faults, reset) happen between phases, when
no client calls, so that the oracle can predict the answers exactly.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from mock_sei.fixtures import load_fixtures
from mock_sei.oauth.metadata import JWKS_PATH, TOKEN_PATH
from mock_sei.rules.records import Application
from mock_sei.rules.standards import Listener
from performance.soak.applications import ApplicationCaller
from performance.soak.assertions import trusted
from performance.soak.callers import Caller, World
from performance.soak.faults import breaks, choose_faults, stalls
from performance.soak.intruders import BadCaller, CertificateCaller
from performance.soak.journals import find_missing
from performance.soak.leaks import Sample, growth
from performance.soak.oracle import Oracle, SigningKey
from performance.soak.platform import Platform
from performance.soak.report import Report
from performance.soak.requests import FORM, basic
from performance.soak.totals import Totals
from performance.soak.user_applications import UserApplicationCaller
from performance.soak.wire import STALL_PATIENCE, Ledger

ACCOUNTED = "the journal has every answer"
NO_BUG = "the server reports no bug"
NO_LEAK = "memory, open files and threads do not grow"

APPLICATIONS: tuple[tuple[str, type[ApplicationCaller]], ...] = (
    *[("demo-server", ApplicationCaller)] * 3,
    ("demo-web", UserApplicationCaller),
    ("demo-internal", UserApplicationCaller),
    ("demo-native", ApplicationCaller),
    ("demo-spa", ApplicationCaller),
)
"""The applications whose callers run at the same time."""

PHASES = 4
"""Phases of a round."""
SETTLING = 3.0
"""Most seconds until an exchange that a client broke off is in the journal."""

MINUTE, DAY = 60, 24 * 60 * 60
CLOCK_STEPS = (10, 5 * MINUTE, 29 * MINUTE, 31 * MINUTE, 61 * MINUTE, DAY, 31 * DAY)
BACK_STEPS = (20 * MINUTE, 45 * MINUTE, 2 * 60 * MINUTE)


class Load:
    """The mixed load: all rounds with their callers."""

    idle_tolerance = 0.0
    """Seconds that a token may stay unused beyond the limit."""

    def __init__(self, platform: Platform, report: Report, folder: Path, random: Random) -> None:
        self._random = random
        self._platform = platform
        self._report = report
        self._world = World(
            platform=platform,
            registry=load_fixtures().registry,
            oracle=Oracle(SigningKey(kid="", seeded=True), idle_tolerance=self.idle_tolerance),
            report=report,
            folder=folder,
        )
        self._callers: list[Caller] = []
        self._begun = 0.0
        self.totals = Totals()

    async def run(self, seconds: float) -> None:
        """Runs whole rounds for about this number of seconds."""
        self._callers = self._make_callers()
        phase = self._seconds_of_phase(seconds)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            await self._round(phase)
        self._look_for_leaks()

    def _look_for_leaks(self) -> None:
        for problem in growth(self.totals.samples):
            self._report.broken(NO_LEAK, problem)

    def _make_callers(self) -> list[Caller]:
        return [
            *(
                caller(self._world, self._new_random(), self._application(name))
                for name, caller in APPLICATIONS
            ),
            BadCaller(self._world, self._new_random()),
            CertificateCaller(self._world, self._new_random()),
        ]

    def _seconds_of_phase(self, seconds: float) -> float:
        return min(2.5, max(0.3, seconds / (7 * PHASES)))

    def _application(self, name: str) -> Application:
        return self._world.registry.require_application(name)

    def _new_random(self) -> Random:
        return Random(self._random.random())

    async def _round(self, phase: float) -> None:
        await self._reset()
        for name, caller in APPLICATIONS:
            if caller is UserApplicationCaller:
                change = {"saml_certificate": trusted().certificate}
                self._platform.control("PATCH", f"/applications/{name}", change)
        self._world.oracle.reset()
        for each in self._callers:
            each.forget()
        self.totals.samples.append(self._sample())
        seeded = await self._only_kid()
        self._world.oracle.key.kid = seeded
        start_clock = self._random.choice([self._stop_clock, self._move_clock, self._keep_clock])
        moves = start_clock()
        before = self.totals.answers, self.totals.busy
        for number in range(PHASES):
            await self._phase(phase)
            if number < PHASES - 1:
                await self._change(moves=moves)
        answers, busy = self.totals.answers - before[0], self.totals.busy - before[1]
        sample = self.totals.samples[-1]
        self._report.say(
            f"  round {len(self.totals.samples)}: {answers:,} answers, {answers / busy:,.0f}/s; "
            f"{sample.memory / 1e6:.1f} MB, {sample.files} files, {sample.threads} threads"
        )

    async def _reset(self) -> None:
        self._platform.reset()

    def _sample(self) -> Sample:
        return Sample.of(self._platform.pid)

    # The clock of a round

    def _stop_clock(self) -> bool:
        return self._start_at(frozen=True)

    def _move_clock(self) -> bool:
        return self._start_at(frozen=False)

    def _keep_clock(self) -> bool:
        """Keeps the machine's clock, so that OpenSSL checks the dates of certificates."""
        return False

    def _start_at(self, *, frozen: bool) -> bool:
        self._begun = time.time()
        self._platform.set_clock(self._begun + 1, frozen=frozen)
        return True

    # Between two phases

    async def _change(self, *, moves: bool) -> None:
        changes: list[Callable[[], object]] = [self._rotate_key, self._retire_key]
        if moves:
            changes += [self._advance_clock, self._advance_clock, self._set_clock_back]
        for change in self._random.sample(changes, min(2, len(changes))):
            change()
        if self._random.random() < 0.5:
            await self._end_sessions()

    def _advance_clock(self) -> None:
        self._set_clock(self._platform.clock.read() + self._random.choice(CLOCK_STEPS))

    def _set_clock_back(self) -> None:
        """Moves the clock back, but not before the round's beginning: certificates begin then."""
        earlier = self._platform.clock.read() - self._random.choice(BACK_STEPS)
        self._set_clock(max(self._begun + 1, earlier))

    def _set_clock(self, moment: float) -> None:
        clock = self._platform.clock
        self._world.oracle.clock_moved(clock.read())
        self._platform.set_clock(moment, frozen=clock.frozen_at is not None)
        self._world.oracle.clock_moved(clock.read())

    def _rotate_key(self) -> None:
        kid = self._platform.control("POST", "/signing-keys/rotate")["kid"]
        self._world.oracle.rotated(kid)

    def _retire_key(self) -> None:
        retirable = self._world.oracle.retirable
        if retirable:
            key = self._random.choice(retirable)
            self._platform.control("DELETE", f"/signing-keys/{key.kid}")
            self._world.oracle.retired(key)

    async def _only_kid(self) -> str:
        connection = self._world.connect(Listener.ONE_WAY, self._platform.context())
        try:
            answer = await connection.ask(Ledger(), "GET", JWKS_PATH, {})
        finally:
            connection.drop()
        self._platform.control("DELETE", "/journal")
        (key,) = answer.json["keys"]
        return str(key["kid"])

    async def _end_sessions(self) -> None:
        """A user logs in and ends all their other sessions."""
        user = self._random.choice(list(self._world.registry.end_users.values()))
        connection = self._world.connect(
            Listener.TWO_WAY, self._platform.context_of("svc-internal")
        )
        form = {
            "grant_type": "password",
            "username": user.email,
            "password": user.password,
            "endOtherSessions": "true",
        }
        headers = {"Authorization": basic("demo-internal-key", "demo-internal-secret"), **FORM}
        began = time.time()
        try:
            answer = await connection.ask(
                Ledger(), "POST", TOKEN_PATH, headers, urlencode(form).encode()
            )
        finally:
            connection.drop()
        if answer.status != 200:
            raise RuntimeError(f"endOtherSessions: {answer.status} {answer.body!r}")
        span = self._platform.clock.span(began, time.time())
        self._world.oracle.user_sessions_ended(user.email, span)
        self._platform.control("DELETE", "/journal")

    # A phase

    async def _phase(self, seconds: float) -> None:
        world = self._world
        world.armed = choose_faults(self._random, self._random.choice([0, 2, 4]))
        for fault in world.armed:
            self._platform.control("POST", "/faults", fault)
        world.losses = 0
        world.ledger = self._new_ledger()
        if any(map(stalls, world.armed)):
            world.ledger.patience = STALL_PATIENCE
        began = time.monotonic()
        await self._play(began + seconds)
        self.totals.busy += time.monotonic() - began
        await self._settle()
        self._account()
        self._platform.control("DELETE", "/faults")
        await self._look_after_phase()
        self._platform.control("DELETE", "/journal")
        self._world.oracle.clock_moved(self._platform.clock.read())

    def _new_ledger(self) -> Ledger:
        return Ledger()

    async def _play(self, until: float) -> None:
        """Lets all callers run until ``time.monotonic()`` reaches ``until``."""
        await asyncio.gather(*(each.run(until) for each in self._callers))

    async def _look_after_phase(self) -> None:
        """Looks at what a phase left, after its faults were removed."""

    async def _settle(self) -> None:
        ledger, deadline = self._world.ledger, time.monotonic() + SETTLING
        while time.monotonic() < deadline:
            if self._platform.recorded() >= ledger.attempts - ledger.killed:
                break
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.05)  # waits for an entry too many, which would come now

    def _account(self) -> None:
        """Compares the answers that the clients got with the journal of the server."""
        ledger, broken = self._world.ledger, self._report.broken
        recorded = self._platform.recorded()
        unsure = ledger.killed + ledger.gave_up
        told = (
            f"{ledger.lost} attempts had no answer, {ledger.killed} of a process that was killed "
            f"and {ledger.gave_up} because the client gave up; armed were {self._world.armed}"
        )
        if not ledger.attempts - unsure <= recorded <= ledger.attempts:
            counted = f"the journal counts {recorded} entries, the clients {ledger.answers} answers"
            broken(ACCOUNTED, f"{counted}; {told}")
        met = sum(each["met"] for each in self._platform.control("GET", "/faults") if breaks(each))
        if ledger.lost - unsure > met + self._world.losses:
            entitled = f"{met} met a fault, {self._world.losses} showed a wrong certificate"
            broken(ACCOUNTED, f"{told}; {entitled}")
        self._compare_entries()
        for bug in self._platform.control("GET", "/check")["bugs"]:
            broken(NO_BUG, bug[-600:])
        for line in self._platform.new_bugs():
            broken(NO_BUG, line)
        self.totals.add(ledger)

    def _compare_entries(self) -> None:
        """Looks the newest answers up in the journal."""
        newest = self._world.ledger.newest
        entries = self._platform.control("GET", f"/journal?limit={5 * len(newest) + 50}")
        for problem in find_missing(entries["entries"], newest):
            self._report.broken(ACCOUNTED, problem)
