"""The recorder's listeners: their TLS, and one task for each connection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import h11

from mock_sei.certificates.accounts import Trusted
from mock_sei.certificates.bundles import Identity, describe_der
from mock_sei.recorder.relay import Relay, RelayListener
from mock_sei.recorder.rewriting import OriginMap, origin_of
from mock_sei.recorder.streams import PIECE, HttpStream
from mock_sei.recorder.upstream import Upstream
from mock_sei.recorder.writing import RecordingThread
from mock_sei.runtime.contexts import PlainContext
from mock_sei.runtime.limits import HANDSHAKE_TIMEOUT
from mock_sei.runtime.tls import TLS_1_2_SUITES, load_identity, trust_clients

logger = logging.getLogger("mock_sei")

MOST_CONNECTIONS = 1000
"""Open connections of clients. Further ones are closed at once."""
BACKLOG = 1024


@dataclass(frozen=True, kw_only=True)
class RecorderListener:
    """A listener before it is started."""

    sockets: list[socket.socket]
    context: ssl.SSLContext
    upstream: Upstream
    is_two_way: bool

    @property
    def port(self) -> int:
        return int(self.sockets[0].getsockname()[1])


class Recorder:
    """Relays and records until it is stopped. Start and stop it inside its event loop."""

    def __init__(self, listeners: list[RecorderListener], recording: RecordingThread) -> None:
        self._listeners, self._recording = listeners, recording
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[Any]] = set()
        self._ports = {each.upstream.target.origin: each.port for each in listeners}
        self._hosts = frozenset(each.upstream.target.host.lower() for each in listeners)

    @property
    def urls(self) -> list[tuple[str, str, str]]:
        """Each listener's name, its address, and the address of the real platform behind it."""
        return [
            (
                "two-way TLS" if each.is_two_way else "one-way TLS",
                origin_of("localhost", each.port),
                each.upstream.target.origin,
            )
            for each in self._listeners
        ]

    async def start(self) -> None:
        """Starts the listeners. When this returns, they answer."""
        asyncio.get_running_loop().set_exception_handler(_report)
        for each in self._listeners:
            relayed = self._relayed(each)
            for listening in each.sockets:
                self._servers.append(await self._serve(listening, each.context, relayed))

    async def stop(self) -> None:
        """Closes all sockets. Exchanges that are under way are cut, and recorded as they are."""
        for each in self._servers:
            each.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=5)

    async def _serve(
        self, listening: socket.socket, context: ssl.SSLContext, relayed: RelayListener
    ) -> asyncio.Server:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._connected(HttpStream(reader, writer, h11.SERVER), relayed)

        return await asyncio.start_server(
            connected,
            sock=listening,
            backlog=BACKLOG,
            limit=PIECE,
            ssl=context,
            ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
            ssl_shutdown_timeout=1,
        )

    async def _connected(self, client: HttpStream, listener: RelayListener) -> None:
        """Relays one connection. An error of ours ends it; its text may show a secret."""
        if len(self._connections) >= MOST_CONNECTIONS:
            logger.warning("more than %d connections: one is closed", MOST_CONNECTIONS)
            client.abort()
            return
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            await Relay(client, listener, _common_name(client)).run()
        except asyncio.CancelledError:
            client.abort()
        except (OSError, TimeoutError):
            client.abort()
        except Exception as error:
            logger.error("a connection failed: %s, a bug of mock-sei", type(error).__name__)
            client.abort()

    def _relayed(self, listener: RecorderListener) -> RelayListener:
        ports = self._ports

        def own_origins(host: str) -> dict[str, str]:
            name = _host_name(host)
            return {origin: origin_of(name, port) for origin, port in ports.items()}

        def to_client(host: str) -> OriginMap:
            return OriginMap(own_origins(host))

        def to_upstream(host: str) -> OriginMap:
            return OriginMap({own: origin for origin, own in own_origins(host).items()})

        return RelayListener(
            name="two-way" if listener.is_two_way else "one-way",
            upstream=listener.upstream,
            recording=self._recording,
            to_client=_remembered(to_client),
            to_upstream=_remembered(to_upstream),
            hosts=self._hosts,
        )


_MOST_HOSTS = 32


def _remembered(make: Any) -> Any:
    """The function, whose results for the last hosts are remembered."""
    known: dict[str, OriginMap] = {}

    def made(host: str) -> OriginMap:
        found = known.get(host)
        if found is None:
            if len(known) >= _MOST_HOSTS:
                known.clear()
            found = known[host] = make(host)
        return found

    return made


def _host_name(host: str) -> str:
    """The name in a ``Host`` header without its port; ``localhost`` if it is none."""
    try:
        return urlsplit(f"//{host}").hostname or "localhost"
    except ValueError:
        return "localhost"


def _common_name(client: HttpStream) -> str | None:
    """The CN of the client certificate; None without a certificate."""
    found = client.writer.get_extra_info("ssl_object")
    der = found.getpeercert(binary_form=True) if found is not None else None
    return describe_der(der).common_name if der else None


def _report(_loop: asyncio.AbstractEventLoop, context: Mapping[str, Any]) -> None:
    """Logs an error that nobody handles, without its text: it may show a secret."""
    error = context.get("exception")
    if error is not None and not isinstance(error, OSError):
        logger.error("the recorder failed: %s, a bug of mock-sei", type(error).__name__)


class AlertingTls(ssl.SSLObject):
    """TLS of one connection that sends its alert before it ends.

    asyncio drops a connection whose handshake fails without sending the alert (python/cpython issue
    98078). So the failure is not reported: the client ends the connection, or the time limit of the
    handshake does.
    """

    _failed = False

    def do_handshake(self) -> None:
        if self._failed:
            raise ssl.SSLWantReadError
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            logger.warning("a TLS handshake of a client failed: %s", error.reason)
            self._failed = True
            raise ssl.SSLWantReadError from None


def server_context(identity: Identity, issuing_pem: bytes | None) -> ssl.SSLContext:
    """The TLS of a listener. With ``issuing_pem``, it asks for a certificate of this CA."""
    context = PlainContext(ssl.PROTOCOL_TLS_SERVER)
    context.sslobject_class = AlertingTls
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(TLS_1_2_SUITES)
    with contextlib.suppress(AttributeError):
        context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    load_identity(context, identity)
    if issuing_pem is not None:
        trust_clients(context, issuing_pem, Trusted(b"", b""))
        # Who shows none gets an answer in the platform's words, and the recording has it.
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
