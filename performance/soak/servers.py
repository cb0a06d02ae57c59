"""Three servers on one Redis server, of which something fails in each phase.

Each client takes another server for each request. A client knows what was answered with success. An
answer of 503 says that the state is away: its request may have had its effect or not, but once.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import ssl
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from mock_sei.rules.standards import Listener
from performance.soak.cut_off import CutOff, cut_off
from performance.soak.platform import BUG_SIGNS
from performance.soak.report import Report
from performance.soak.wire import Connection, Lost
from tests.e2e.serving import FREE_PORTS, MOCK_SEI, Serving
from tests.redis_server import RedisServer

SERVERS = 3
HEALING_PATIENCE = 60.0
"""Most seconds until all servers work again after a failure."""
START_PATIENCE = 120.0
JOURNAL_SIZE = 50_000
HEALS = "the servers heal by themselves"
NO_BUG = "no server reports a bug"
_PAUSE = 0.05


class OneServer:
    """One of the servers. It keeps its ports when it is started again."""

    def __init__(self, folder: Path, state: str, network: CutOff | None) -> None:
        self.folder, self._state, self.network = folder, state, network
        self.host = "127.0.0.1" if network is None else network.address
        self.ports: dict[Listener, int] = {}
        self.kills = 0
        self._starts = 0
        self._serving: Serving | None = None
        folder.mkdir()

    def launch(self) -> None:
        self._starts += 1
        here = self.folder / f"start-{self._starts}"
        here.mkdir()
        kept = self.ports and (
            *("--one-way-port", str(self.ports[Listener.ONE_WAY])),
            *("--two-way-port", str(self.ports[Listener.TWO_WAY])),
            *("--control-port", str(self.ports[Listener.CONTROL])),
        )
        command = () if self.network is None else (*self.network.inside, str(MOCK_SEI))
        self._serving = Serving.launch(
            here,
            *("--certs-dir", str(self.folder / "certs"), "--journal-size", str(JOURNAL_SIZE)),
            *("--host", self.host, "--control-host", self.host),
            ports=kept or FREE_PORTS,
            environ={**os.environ, "MOCK_SEI_STATE": self._state},
            command=command or (str(MOCK_SEI),),
        )

    def wait(self) -> None:
        """Waits until it answers. Raises ``TimeoutError``."""
        serving, deadline = self._serving, time.monotonic() + START_PATIENCE
        assert serving is not None
        while not serving.ready_file.exists():
            if serving.process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"it does not start: {serving.errors[-1000:]}")
            time.sleep(_PAUSE)
        for listener, name in (
            (Listener.ONE_WAY, "url"),
            (Listener.TWO_WAY, "two_way_url"),
            (Listener.CONTROL, "control_url"),
        ):
            self.ports[listener] = int(serving.ready[name].rstrip("/").rpartition(":")[2])

    def kill(self) -> None:
        """Ends it with SIGKILL."""
        if self._serving is not None and self._serving.process.poll() is None:
            self.kills += 1
            os.kill(self._serving.process.pid, signal.SIGKILL)
            self._serving.process.wait()

    def connect(self, listener: Listener, context: ssl.SSLContext | None = None) -> Connection:
        return Connection(self.ports[listener], context, host=self.host)

    @property
    def log(self) -> str:
        """All that it wrote into its log, at all its starts."""
        files = sorted(self.folder.glob("start-*/errors.txt"))
        return "".join(each.read_text(errors="replace") for each in files)

    def context(self, account: str | None = None) -> ssl.SSLContext:
        """A client's TLS context, with the certificate of an account."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=self.folder / "certs" / "ca.pem")
        if account is not None:
            own = self.folder / "certs" / account
            context.load_cert_chain(own / "certificate.crt", own / "privatekey.key")
        return context


class Servers:
    """Three servers and their Redis server, each of which can fail."""

    def __init__(self, redis: RedisServer, each: Sequence[OneServer], report: Report) -> None:
        self.redis, self.each, self.report = redis, each, report
        self.did: Counter[str] = Counter()
        self.longest = 0.0
        """The most seconds that the servers took to heal."""

    @property
    def failures(self) -> dict[str, Any]:
        """What can fail, each with the function that lets it fail and returns when that ends."""
        found = {
            "a server was killed": self._kill_one,
            "two servers were killed": self._kill_two,
            "Redis was stopped": self._stop_redis,
            "Redis was killed": self._kill_redis,
            "Redis was frozen for 0.3 s": lambda _: self._freeze_redis(0.3),
            "Redis was frozen for 0.8 s": lambda _: self._freeze_redis(0.8),
            "Redis was frozen for 3 s": lambda _: self._freeze_redis(3.0),
        }
        if any(one.network for one in self.each):
            found["a server was cut off from Redis"] = self._cut_one
        return found

    async def _kill_one(self, random: Random) -> None:
        await self._kill([random.choice(self.each)])

    async def _kill_two(self, random: Random) -> None:
        await self._kill(random.sample(self.each, 2))

    async def _kill(self, victims: Sequence[OneServer]) -> None:
        for one in victims:
            one.kill()
        await asyncio.sleep(_PAUSE)
        for one in victims:
            one.launch()
            await asyncio.to_thread(one.wait)

    async def _stop_redis(self, random: Random) -> None:
        await asyncio.to_thread(self.redis.stop)
        await asyncio.sleep(2 * random.random())
        await asyncio.to_thread(self._start_redis)

    async def _kill_redis(self, random: Random) -> None:
        self.redis.kill()
        await asyncio.sleep(2 * random.random())
        await asyncio.to_thread(self._start_redis)

    def _start_redis(self) -> None:
        if not self.redis.start():
            raise RuntimeError(f"Redis does not start again: {self.redis.log[-500:]}")

    async def _freeze_redis(self, seconds: float) -> None:
        self.redis.freeze()
        try:
            await asyncio.sleep(seconds)
        finally:
            self.redis.thaw()

    async def _cut_one(self, random: Random) -> None:
        for one in self.each:
            if one.network is not None:
                one.network.cut()
                try:
                    await asyncio.sleep(0.5 + 3 * random.random())
                finally:
                    one.network.join()

    # Calls

    async def call(self, one: OneServer, method: str, path: str, content: Any = None) -> Any:
        """The answer of a server's control API, or its status if that is no success. Raises
        :class:`Lost`."""
        url = f"http://{one.host}:{one.ports[Listener.CONTROL]}{path}"
        try:
            async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
                answer = await client.request(method, url, json=content)
        except httpx2.TransportError as error:
            raise Lost(str(error)) from None
        if answer.status_code >= 300:
            return answer.status_code
        return answer.json() if answer.content else {}

    async def wait_until_healed(self) -> None:
        """Returns when each server can read and write."""
        since = time.monotonic()
        for one in self.each:
            while not await self._works(one):
                if time.monotonic() > since + HEALING_PATIENCE:
                    raise TimeoutError(f"{one.folder.name}: {one.log[-1500:]}")
                await asyncio.sleep(_PAUSE)
        self.longest = max(self.longest, time.monotonic() - since)

    async def _works(self, one: OneServer) -> bool:
        try:
            record = {"externalId": f"HEALED-{secrets.token_hex(8)}", "name": "Healed"}
            written = await self.call(one, "POST", "/data/investors", record)
            health = await self.call(one, "GET", "/health")
        except Lost:
            return False
        return isinstance(written, dict) and isinstance(health, dict) and health["state"] == "ok"

    def look_for_bugs(self) -> None:
        for one in self.each:
            for sign in BUG_SIGNS:
                if sign in (log := one.log):
                    at = log.index(sign)
                    self.report.broken(NO_BUG, f"{one.folder.name}: {log[at : at + 1500]}")


@contextmanager
def running(folder: Path, report: Report) -> Iterator[Servers]:
    """Three servers, one of them in a network of its own where that is permitted."""
    (folder / "redis").mkdir(parents=True)
    with ExitStack() as stack:
        network = stack.enter_context(cut_off())
        if network is None:
            report.say("  no server is cut off: a network of its own needs root and the tool ip")
        addresses = ("127.0.0.1", *([network.redis_address] if network else []))
        redis = stack.enter_context(
            RedisServer(
                folder / "redis",
                *("--appendonly", "yes", "--appendfsync", "always", "--protected-mode", "no"),
                *("--bind", *addresses),
            )
        )
        each: list[OneServer] = []
        for number in range(SERVERS):
            own = network if number == SERVERS - 1 else None
            host = own.redis_address if own else "127.0.0.1"
            state = f"redis://{host}:{redis.port}/0?namespace=soak"
            one = OneServer(folder / f"server-{number + 1}", state, own)
            stack.callback(one.kill)
            one.launch()
            if not each:
                one.wait()  # it makes the state, and the others find it
            each.append(one)
        for one in each[1:]:
            one.wait()
        yield Servers(redis, each, report)
