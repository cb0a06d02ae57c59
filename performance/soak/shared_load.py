"""The mixed load on several workers with one state, while workers and their parent are killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections import Counter, deque
from pathlib import Path
from random import Random

from mock_sei.rules.standards import Listener
from performance.benchmarks.memory import MEGABYTE
from performance.soak.callers import HEALS, Caller
from performance.soak.journals import find_disorder, find_missing
from performance.soak.keeper import Keeper
from performance.soak.leaks import FILES, MEMORY, Sample
from performance.soak.load import ACCOUNTED, NO_LEAK, Load
from performance.soak.races import Race
from performance.soak.report import Report
from performance.soak.shared_platform import HEALING_PATIENCE, SharedPlatform
from performance.soak.wire import Connection, Ledger, Lost

NUMBERED = "the journal has one numbering at all workers, without gaps or repeats"

KILLED_ONLY = "a worker ends only if it is killed"

KILLING_SHARE = 0.6
"""The part of the time with kills. In the rest the memory of the workers is measured."""
CALM_PHASE = 1.5
"""Seconds of a phase without a kill."""
CLOSING = 0.3
"""Seconds until the workers have closed connections that the clients left."""
LEAST_FOR_BOTH = 120.0
"""A shorter run has kills only: its rest would be too short to see growth."""
KINDS = ("worker", "parent", "worker", "server")
"""What is killed in the phases of a round, in random order; ``server`` is all its processes."""
ALWAYS = ("parent", "worker")
"""What the first phases kill, the last one first, also if a slow machine needs all the time."""
LEAST_BETWEEN = 2.6
"""Seconds between two kills of workers: after five deaths in ten seconds the server ends itself."""
AGAIN = 0.4
"""How often the parent is killed again while it starts."""
LONGEST_START = 6.0
"""Most seconds until that second kill."""
_PAUSE = 0.02
_PIECE = 0.3
"""Seconds that the callers run on before they look whether the server has healed."""


class SharedLoad(Load):
    """The mixed load, with races, kills, and looks at every worker."""

    idle_tolerance = 1.0  # the last use of a token is known to the second

    def __init__(
        self, platform: SharedPlatform, report: Report, folder: Path, random: Random
    ) -> None:
        super().__init__(platform, report, folder, random)
        self._shared = platform
        self._race: Race | None = None
        self._keeper: Keeper | None = None
        self._kinds = list(ALWAYS)
        """What the next phases kill, the next one last."""
        self._kills_done = 0
        self._kills_until = 0.0
        self._killed_at = 0.0
        self._workers: set[int] = set()
        """The workers that answered last."""
        self._calm: list[dict[int, Sample]] = []
        """Samples of the workers, while none is killed."""
        self.connections: Counter[str] = Counter()
        """How many connections were seen at the workers that were killed, and at the others."""

    @property
    def races(self) -> Counter[str]:
        return Counter() if self._race is None else self._race.races

    async def run(self, seconds: float) -> None:
        await self._wait_for_each_worker(time.monotonic())
        share = KILLING_SHARE if seconds >= LEAST_FOR_BOTH else 1
        self._kills_until = time.monotonic() + share * seconds
        await super().run(seconds)

    def _look_for_leaks(self) -> None:
        """Memory is judged for each worker. Connections go to any of them, so open files only in
        sum; a worker's threads depend on how many calls it had at once."""
        for pid in self._workers:
            memory = [each[pid].memory / MEGABYTE for each in self._calm if pid in each]
            if problem := MEMORY.problem(memory):
                self._report.broken(NO_LEAK, f"worker {pid}: {problem}")
        files = [float(sum(one.files for one in each.values())) for each in self._calm]
        if problem := FILES.problem(files):
            self._report.broken(NO_LEAK, f"all workers: {problem}")

    def _make_callers(self) -> list[Caller]:
        application = self._application("demo-web")
        self._race = Race(self._world, self._new_random(), application)
        self._keeper = Keeper(self._world, self._new_random(), application, self._shared)
        return [*super()._make_callers(), self._race, self._keeper]

    def _seconds_of_phase(self, seconds: float) -> float:
        return min(4.0, max(1.0, seconds / 10))

    def _new_ledger(self) -> Ledger:
        return Ledger(newest=deque())  # all answers are looked up

    # A reset

    async def _reset(self) -> None:
        before = self._keeper.registered if self._keeper else {}
        victim = None
        if self._kills and self._random.random() < 0.5 and before:
            await self._keep_distance()
            victim = self._random.choice(self._shared.workers_now())
            delay = self._random.random() * 0.05
            threading.Timer(delay, self._kill_worker, [victim]).start()
        for each in list(self._world.connections):
            each.drop()
        self._shared.reset()
        await asyncio.sleep(CLOSING)
        if victim is not None:
            await self._heal_worker(victim, time.monotonic())
        if self._keeper:
            self._keeper.look_for_line(before)
        self._shared.close_connections()

    def _sample(self) -> Sample:
        workers = self._shared.workers_now()
        samples = {pid: Sample.of(pid) for pid in workers}
        if not self._kills:
            self._calm.append(samples)
        return Sample(
            memory=max(each.memory for each in samples.values()),
            files=max(each.files for each in samples.values()),
            threads=max(each.threads for each in samples.values()),
        )

    # Kills

    @property
    def _kills(self) -> bool:
        return self._kills_done < len(ALWAYS) or time.monotonic() < self._kills_until

    async def _play(self, until: float) -> None:
        if not self._kills:
            await super()._play(min(until, time.monotonic() + CALM_PHASE))
            return
        killing = asyncio.create_task(self._kill_within((until - time.monotonic()) / 2))
        await super()._play(until)
        while not killing.done():  # the callers go on while the server heals
            await super()._play(time.monotonic() + _PIECE)
        await killing

    async def _kill_within(self, seconds: float) -> None:
        await asyncio.sleep(self._random.random() * seconds)
        await self._kill()

    async def _kill(self) -> None:
        if not self._kinds:
            self._kinds = self._random.sample(KINDS, len(KINDS))
        kind = self._kinds.pop()
        self._kills_done += 1
        await self._keep_distance()
        if kind == "worker":
            victim = self._random.choice(self._shared.workers_now())
            self._kill_worker(victim)
            await self._heal_worker(victim, time.monotonic())
        else:
            await self._kill_parent(with_workers=kind == "server")

    async def _keep_distance(self) -> None:
        await asyncio.sleep(max(0, self._killed_at + LEAST_BETWEEN - time.monotonic()))

    def _kill_worker(self, victim: int) -> None:
        others = [each for each in self._shared.workers_now() if each != victim]
        self._shared.did["kills of a worker"] += 1
        held = self._shared.kill(victim)
        for connection in list(self._world.connections):
            connection.server_killed(held)
        self._killed_at = time.monotonic()
        self.connections["of killed workers"] += len(held)
        self.connections["of the others"] += sum(map(self._shared.held_by, others))

    async def _heal_worker(self, victim: int, since: float) -> None:
        await self._wait_for_answer(since)
        self._shared.took("until an answer after a worker's kill", since)
        others = self._workers - {victim}
        while victim in self._shared.workers_now() or self._are_missing:
            self._require_patience(since, "the parent starts no worker again")
            await asyncio.sleep(_PAUSE)
        started = set(self._shared.workers_now()) - others
        await self._wait_for_each_worker(since)
        if self._workers != others | started:
            log = self._shared.serving.errors[-1500:]
            self._report.broken(
                KILLED_ONLY, f"{others | started} became {self._workers}; log: {log}"
            )
        self._shared.took("until a new worker answers", since)

    @property
    def _are_missing(self) -> bool:
        return len(self._shared.workers_now()) < self._shared.workers

    async def _kill_parent(self, *, with_workers: bool) -> None:
        shared, since = self._shared, time.monotonic()
        workers = shared.workers_now()
        self._world.outage.lasts = True
        shared.did["kills of the whole server" if with_workers else "kills of the parent"] += 1
        for connection in list(self._world.connections):
            connection.server_killed(None)
        os.kill(shared.pid, signal.SIGKILL)
        if with_workers:
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
        if self._random.random() < AGAIN:
            shared.launch_again()
            await asyncio.sleep(self._random.random() * LONGEST_START)
            workers += shared.workers_now()
            os.kill(shared.pid, signal.SIGKILL)
            shared.did["kills of a parent that starts"] += 1
            since = time.monotonic()
        await asyncio.gather(shared.wait_until_gone(workers, since), shared.start_again(since))
        await self._wait_for_each_worker(since)
        self._world.outage.lasts = False
        shared.took("until the server works after its parent's kill", since)

    async def _wait_for_answer(self, since: float) -> None:
        """Waits for an answer on a new connection, whichever worker gives it."""
        while True:
            self._require_patience(since, "no answer")
            connection = Connection(self._shared.ports[Listener.CONTROL], None)
            try:
                answer = await connection.ask(Ledger(patience=2), "GET", "/?limit=1", {})
            except Lost:
                await asyncio.sleep(_PAUSE)
                continue
            finally:
                connection.drop()
            if answer.status == 200:
                return

    async def _wait_for_each_worker(self, since: float) -> None:
        answered: set[int | None] = set()
        while missing := set(self._shared.workers_now()) - answered or self._are_missing:
            self._require_patience(since, f"{missing} do not answer")
            several = [Connection(self._shared.ports[Listener.CONTROL], None) for _ in range(4)]
            answered.update(await asyncio.gather(*map(_worker_of, several)))
            await asyncio.sleep(_PAUSE)
        self._workers = set(self._shared.workers_now())

    def _require_patience(self, since: float, problem: str) -> None:
        if time.monotonic() > since + HEALING_PATIENCE:
            log = self._shared.serving.errors[-1500:]
            self._report.broken(HEALS, f"{problem} after {HEALING_PATIENCE:.0f} s; log: {log}")
            raise TimeoutError(problem)

    # Accounts

    def _compare_entries(self) -> None:
        """Every answer that a client got is one entry, and all workers show the same journal."""
        if self._keeper:
            self._keeper.look_at_faults()
        shown = self._shared.at_each_worker("/journal?limit=1000000")
        for problem in find_disorder(shown):
            self._report.broken(NUMBERED, problem)
        first = next(iter(shown.values()))
        for problem in find_missing(first["entries"], self._world.ledger.newest):
            self._report.broken(ACCOUNTED, problem)

    async def _look_after_phase(self) -> None:
        workers = set(self._shared.workers_now())
        if workers != self._workers:
            log = self._shared.serving.errors[-1500:]
            self._report.broken(KILLED_ONLY, f"{self._workers} became {workers}; log: {log}")
        if self._keeper:
            await self._keeper.look()


async def _worker_of(connection: Connection) -> int | None:
    """The process at the other end of a new connection to the control listener."""
    try:
        answer = await connection.ask(Ledger(patience=5), "GET", "/?limit=1", {})
    except Lost:
        return None
    finally:
        connection.drop()
    return int(json.loads(answer.body)["worker_pid"])
