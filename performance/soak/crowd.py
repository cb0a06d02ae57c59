"""Hostile connections: a process that holds many connections open until its input ends.

``python -m performance.soak.crowd`` reads one line of JSON, a :class:`Plan`, and prints a line
after every member has connected. It uses only the standard library, so that it starts fast and
needs little memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass

REST = 5.0
"""Seconds until a member whose connection was closed connects again."""
DRIP = 0.5
"""Seconds between two bytes of a request that is sent byte by byte."""
SETTLING = 1.0
"""Seconds from the last member's connection to the message that all are connected."""
CONNECT_PATIENCE = 30.0

HEAD = b"POST /v2/oauthtoken HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
READING = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The number of connections, and the ports they go to."""

    ports: Mapping[str, int]
    """The port of each listener: ``one-way``, ``two-way`` and ``control``."""
    ca_file: str
    certificate: str
    key: str
    count: int
    seed: int


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, kw_only=True)
class TargetListener:
    """A listener to which the members connect."""

    port: int
    context: ssl.SSLContext | None
    """The TLS context; None for plain HTTP."""

    @contextlib.asynccontextmanager
    async def tcp(self) -> AsyncIterator[Streams]:
        async with self._opened(None) as streams:
            yield streams

    @contextlib.asynccontextmanager
    async def http(self) -> AsyncIterator[Streams]:
        """A connection after its TLS handshake, if the listener has TLS."""
        async with self._opened(self.context) as streams:
            yield streams

    @contextlib.asynccontextmanager
    async def _opened(self, context: ssl.SSLContext | None) -> AsyncIterator[Streams]:
        name = "localhost" if context else None
        async with asyncio.timeout(CONNECT_PATIENCE):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=context, server_hostname=name
            )
        try:
            yield reader, writer
        finally:
            writer.transport.abort()


Inside = Callable[[], None]
"""A function that a member calls when its connection is in its intended state."""


async def silent(listener: TargetListener, inside: Inside) -> None:
    async with listener.tcp() as (reader, _):
        inside()
        await reader.read()


async def half_a_hello(listener: TargetListener, inside: Inside) -> None:
    async with listener.tcp() as (reader, writer):
        writer.write(bytes.fromhex("16030100c8010000c40303") + os.urandom(20))
        inside()
        await reader.read()


async def endless_hello(listener: TargetListener, inside: Inside) -> None:
    """Sends a first TLS message without an end, until the listener closes."""
    async with listener.tcp() as (reader, writer):
        begun = bytes.fromhex("0101fbd00303") + bytes(16_378)
        inside()
        for _ in range(8):
            writer.write(bytes.fromhex("160301") + len(begun).to_bytes(2, "big") + begun)
            await writer.drain()
            begun = bytes(len(begun))
        await reader.read()


async def one_byte_records(listener: TargetListener, inside: Inside) -> None:
    """Sends a body as TLS records of one byte each, as fast as the server reads them."""
    async with listener.http() as (_, writer):
        inside()
        writer.write(HEAD + b"Content-Length: 20000\r\n\r\n")
        for _ in range(20_000):
            writer.write(b"x")
            await writer.drain()


async def garbage(listener: TargetListener, inside: Inside) -> None:
    async with listener.tcp() as (reader, writer):
        writer.write(os.urandom(300))
        inside()
        await reader.read()


async def plain_http(listener: TargetListener, inside: Inside) -> None:
    async with listener.tcp() as (reader, writer):
        writer.write(HEAD + b"\r\n")
        inside()
        await reader.read()


async def handshake_then_nothing(listener: TargetListener, inside: Inside) -> None:
    async with listener.http() as (reader, _):
        inside()
        await reader.read()


async def dripped_head(listener: TargetListener, inside: Inside) -> None:
    async with listener.http() as (_, writer):
        inside()
        for byte in HEAD + b"X-Padding: " + b"x" * 1000:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(DRIP)


async def body_that_never_comes(listener: TargetListener, inside: Inside) -> None:
    async with listener.http() as (reader, writer):
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n" + b"x" * 10)
        inside()
        await reader.read()


async def half_closed(listener: TargetListener, inside: Inside) -> None:
    """Closes its sending side in the middle of a request."""
    async with listener.tcp() as (reader, writer):
        writer.write(HEAD[:20])
        writer.write_eof()
        inside()
        await reader.read()


async def reset_in_the_middle(listener: TargetListener, inside: Inside) -> None:
    async with listener.http() as (_, writer):
        writer.write(HEAD + b"Content-Length: 1000\r\n\r\n")
        await asyncio.sleep(0.05)
        inside()
        connected = writer.get_extra_info("socket")
        if connected is not None:  # else the server has already ended the connection
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def asks_and_never_reads(listener: TargetListener, inside: Inside) -> None:
    async with listener.http() as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport that reads
        writer.write(READING)
        inside()
        await asyncio.sleep(3600)


KINDS: tuple[Callable[[TargetListener, Inside], Awaitable[None]], ...] = (
    silent,
    half_a_hello,
    endless_hello,
    one_byte_records,
    garbage,
    plain_http,
    handshake_then_nothing,
    dripped_head,
    body_that_never_comes,
    half_closed,
    reset_in_the_middle,
    asks_and_never_reads,
)


class Crowd:
    """All members. The kinds of members and the listeners take turns."""

    def __init__(self, plan: Plan) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cafile=plan.ca_file)
        context.load_cert_chain(plan.certificate, plan.key)
        self._listeners = [
            TargetListener(port=port, context=None if name == "control" else context)
            for name, port in plan.ports.items()
        ]
        self._plan = plan
        self._random = random.Random(plan.seed)
        self._outside = set(range(plan.count))
        self.complete = asyncio.Event()

    async def stay(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(self._plan.count):
                group.create_task(self._member(number))

    async def _member(self, number: int) -> None:
        kind = KINDS[number % len(KINDS)]
        listener = self._listeners[number // len(KINDS) % len(self._listeners)]

        def inside() -> None:
            self._outside.discard(number)
            if not self._outside:
                self.complete.set()

        while True:
            with contextlib.suppress(OSError, TimeoutError):
                await kind(listener, inside)
            await asyncio.sleep(REST * (0.5 + self._random.random()))


async def main() -> None:
    """Raises the error of a member that fails: without it the crowd is never complete."""
    plan = Plan(**json.loads(sys.stdin.readline()))
    crowd = Crowd(plan)
    staying = asyncio.ensure_future(crowd.stay())
    complete = asyncio.ensure_future(crowd.complete.wait())
    await asyncio.wait({staying, complete}, return_when=asyncio.FIRST_COMPLETED)
    if staying.done():
        complete.cancel()
        staying.result()
    await asyncio.sleep(SETTLING)
    print(plan.count, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    staying.cancel()


if __name__ == "__main__":
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(main())
