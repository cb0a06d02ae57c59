"""Three listeners in one event loop, and a thread that runs this loop inside a user's process.

Sockets are accepted here and not by uvicorn, so that a failed handshake can be recorded with its
source address and its reason. After the handshake, uvicorn's HTTP protocol handles the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import selectors
import socket
import threading
import traceback
from collections.abc import Coroutine
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from mock_sei.errors import Explanation, StoreAway
from mock_sei.faults.faults import FaultRule
from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.rules.proxies import TrustedProxies
from mock_sei.rules.standards import Listener
from mock_sei.runtime.draining import Draining
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.limits import ALERT_LINGER, HANDSHAKE_TIMEOUT, KEEP_ALIVE, UNREAD_LIMIT
from mock_sei.runtime.loops import new_thread_loop
from mock_sei.runtime.protocol import PinnedProtocol, PlatformProtocol, ProtocolFactory
from mock_sei.runtime.proxy_header import ProxiedConnection, ProxyHeaderRefused, ProxyOpening
from mock_sei.runtime.tls import (
    CertificateRefused,
    PendingConnection,
    RecordedBug,
    pending_connection,
)
from mock_sei.runtime.trust import ListenerTrust, TrustUnavailable

logger = logging.getLogger("mock_sei")

STOP_PATIENCE = 5.0
"""Most seconds that a stop waits for running calls of the control API."""
_OUT_OF_FILES_PAUSE = 0.1
_LOOK_EVERY = 0.01
"""Seconds between two looks whether everything in progress has ended."""
_LOOKS_FOR_REQUESTS = 5
"""How many steps of the loop a server that ends gives to what its sockets have received."""
_LOOKS_FOR_THE_END = 50
"""How many steps of the loop a stop waits until all requests know that their connection is closed.
After the abort of a TLS connection this takes three steps."""


@dataclass(frozen=True, kw_only=True)
class ServerListener:
    """One listener of the server: its name, sockets, application and TLS."""

    name: Listener
    sockets: list[socket.socket]
    app: ASGIApp
    trust: ListenerTrust | None = None

    @property
    def port(self) -> int:
        return int(self.sockets[0].getsockname()[1])


class PlatformServer:
    """Serves listeners until it is stopped. Start and stop it inside its event loop."""

    def __init__(
        self,
        platform: Platform,
        listeners: list[ServerListener],
        *,
        proxies: TrustedProxies | None = None,
    ) -> None:
        # These never change.
        self._proxies = proxies or TrustedProxies()
        self._platform = platform
        self._listeners = listeners
        # These change while the server runs.
        self._state = ServerState()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._connecting: dict[asyncio.Task[Any], PendingConnection | None] = {}
        """What accepts a connection, until HTTP has it; with its handshake, once that has begun."""
        self._is_draining = False
        self._finishing: set[asyncio.Task[Any]] = set()
        """Calls of the control API; their work in a thread cannot be cancelled."""

    async def start(self) -> None:
        """Starts all listeners. When this returns, they answer."""
        asyncio.get_running_loop().set_exception_handler(self._report)
        self._set_date()
        for listener in self._listeners:
            factory = self._protocol_factory(listener)
            for listening in listener.sockets:
                self._accept_from(listener, listening, factory)
        self._spawn(self._each_second())

    def _report(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Handles errors that asyncio would only log: a failed task or protocol is a bug of ours.

        An ``OSError`` is a broken connection, so it is not a bug.
        """
        error = context.get("exception")
        if isinstance(error, RecordedBug):
            return
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self._platform.record_bug("".join(traceback.format_exception(error)))
        loop.default_exception_handler(context)

    def close(self) -> None:
        """Closes the listening sockets of a server that is not running."""
        for listening in self.listening:
            listening.close()

    @property
    def listeners(self) -> list[ServerListener]:
        """The listeners, with their sockets."""
        return self._listeners

    @property
    def listening(self) -> list[socket.socket]:
        return [each for listener in self._listeners for each in listener.sockets]

    async def drain(self, at_once: asyncio.Event) -> None:
        """Takes nothing new, and lets what is in progress end: for :data:`DRAIN` seconds at most,
        and until ``at_once``.

        The platform's listeners close. The control listener still answers, so that it can say that
        the server is not ready. Idle connections end, and the others end with their answer. Live
        pages and waits end now. Call :meth:`stop` afterwards.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._is_draining = True
        self._platform.readiness.end()
        for listener in self._listeners:
            if listener.trust is not None:
                for listening in listener.sockets:
                    factory = self._protocol_factory(listener)
                    while self._accept(listener, listening, factory):
                        pass  # a client that was let into the queue may be served
                    self._close(listening)
        for _ in range(_LOOKS_FOR_REQUESTS):  # what has come is read: it makes a request of it
            await asyncio.sleep(0)
        draining = Draining(began)
        for connection in list(self._state.connections):
            if isinstance(connection, LimitedProtocol):
                connection.end_with_answer()
        while draining.goes_on(loop.time(), self._state.connections, self._connecting.values()):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY):
                    await at_once.wait()
            if at_once.is_set():
                return

    def _close(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:  # otherwise the server was stopped before
            asyncio.get_running_loop().remove_reader(listening)
            listening.close()

    async def stop(self) -> None:
        """Closes all sockets at once, and cuts requests that are being answered.

        Only calls of the control API may end first: their threads still need the event loop. After
        :meth:`drain` they had their time.
        """
        patience = STOP_PATIENCE if not self._is_draining else 1
        for listening in self.listening:
            self._close(listening)
        # A task that is cancelled before its first step would not close its socket.
        await asyncio.sleep(0)
        for task in self._tasks:
            task.cancel()
        await self._abort_connections()
        for task in self._state.tasks - self._finishing:
            task.cancel()
        await _wait_for(self._state.tasks | self._tasks, patience)
        await self._abort_connections()  # connections that began in the meantime
        for task in self._state.tasks:
            task.cancel()
        await _wait_for(self._state.tasks | self._tasks, 1)

    async def _abort_connections(self) -> None:
        """Aborts all connections. Returns when their requests know that the client has gone."""
        for connection in list(self._state.connections):
            connection.transport.abort()
        for _ in range(_LOOKS_FOR_THE_END):
            await asyncio.sleep(0)
            if not self._state.connections:
                return

    def _spawn(self, coroutine: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _protocol_factory(self, listener: ServerListener) -> ProtocolFactory:
        config = Config(
            listener.app if listener.trust else self._finishing_calls(listener.app),
            loop="asyncio",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # a forwarded header would rewrite the source address
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE,
        )
        config.load()
        platform, state = self._platform, self._state

        def functional() -> PinnedProtocol:
            protocol = PlatformProtocol(config, state, {})
            protocol.platform, protocol.listener = platform, listener.name
            # A client whose token has expired sends its whole file before it reads the refusal.
            protocol.unread_limit = UNREAD_LIMIT + platform.upload_limit
            return protocol

        def control() -> PinnedProtocol:
            protocol = PinnedProtocol(config, state, {})
            protocol.platform, protocol.listener = platform, listener.name
            return protocol

        return functional if listener.trust else control

    def _finishing_calls(self, app: ASGIApp) -> ASGIApp:
        """The application of the control listener: its calls may end when the server stops.

        The cancellation of one that does not end is not an error. Otherwise uvicorn would log it
        with its traceback, and try to answer. ``PlatformProtocol`` sees to that for the others.
        """
        finishing = self._finishing

        async def finished(scope: Scope, receive: Receive, send: Send) -> None:
            task = asyncio.current_task()
            if task is not None:
                finishing.add(task)
                task.add_done_callback(finishing.discard)
            with contextlib.suppress(asyncio.CancelledError):
                await app(scope, receive, send)

        return finished

    def _accept_from(
        self, listener: ServerListener, listening: socket.socket, factory: ProtocolFactory
    ) -> None:
        if listening.fileno() >= 0:  # otherwise the server was stopped in the meantime
            loop = asyncio.get_running_loop()
            loop.add_reader(listening, self._accept, listener, listening, factory)

    def _accept(
        self, listener: ServerListener, listening: socket.socket, factory: ProtocolFactory
    ) -> bool:
        """Accepts one connection. The event loop calls this again while more are waiting. Returns
        False if none was."""
        try:
            accepted, address = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False  # the client has already left
        except OSError as error:
            if listening.fileno() < 0:
                return False  # the server was stopped before
            logger.warning("%s listener: cannot accept: %s", listener.name, error.strerror)
            loop = asyncio.get_running_loop()
            loop.remove_reader(listening)
            loop.call_later(_OUT_OF_FILES_PAUSE, self._accept_from, listener, listening, factory)
            return False
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._spawn(self._connect_or_report(listener, accepted, str(address[0]), factory))
        self._connecting[task] = None
        task.add_done_callback(lambda ended: self._connecting.pop(ended, None))
        return True

    async def _connect_or_report(
        self,
        listener: ServerListener,
        accepted: socket.socket,
        source: str,
        factory: ProtocolFactory,
    ) -> None:
        """Handles one connection. A bug of ours closes it, and the test's check reports the bug."""
        try:
            if self._proxies and self._proxies.trusts(source):
                await self._connect_from_proxy(listener, accepted, source, factory)
            else:
                await self._connect(listener, accepted, source, factory)
        except RecordedBug:
            _end(accepted)
        except Exception as error:
            self._platform.record_bug("".join(traceback.format_exception(error)))
            _end(accepted)

    async def _connect_from_proxy(
        self,
        listener: ServerListener,
        accepted: socket.socket,
        proxy: str,
        factory: ProtocolFactory,
    ) -> None:
        """Handles a connection from a trusted proxy: the client is the one that its header names.

        A connection that ends right after its header is a health check, and no client's. It is not
        in the journal, and meets no fault.
        """
        connection = ProxiedConnection(accepted, proxy)
        try:
            opening = await self._open(listener, connection)
        except BaseException:
            accepted.close()
            raise
        if opening is None:
            accepted.close()
            return

        def proxied() -> PinnedProtocol:
            protocol = factory()
            protocol.opening = opening
            return protocol

        source = opening.client[0] if opening.client else proxy
        await self._connect(listener, accepted, source, proxied, proxy=proxy)

    async def _open(
        self, listener: ServerListener, connection: ProxiedConnection
    ) -> ProxyOpening | None:
        """How a connection from a trusted proxy began; None if it must be closed.

        At the control listener a header may be missing: nothing there depends on the client's
        address, and health checks of an orchestrator may come from the address of a proxy.
        """
        is_control = listener.trust is None
        try:
            opening = await connection.open(is_optional=is_control)
            if opening is None or is_control or await connection.goes_on():
                return opening
        except ProxyHeaderRefused as refused:
            if is_control:
                logger.warning("control connection refused: %s", refused.why.because)
            else:
                with contextlib.suppress(StoreAway):
                    await self._platform.units.refresh_on_loop()
                pending = PendingConnection(
                    self._platform.pinned(), listener.name, connection.proxy
                )
                pending.record(refused.why)
        return None

    async def _connect(
        self,
        listener: ServerListener,
        accepted: socket.socket,
        source: str,
        factory: ProtocolFactory,
        *,
        proxy: str | None = None,
    ) -> None:
        """Does the handshake and hands the connection to HTTP. A failed handshake is recorded.

        ``proxy`` is the trusted proxy whose header named the source address.
        """
        loop = asyncio.get_running_loop()
        if listener.trust is None:
            # If a stop cancelled it, uvloop would close the socket under a call that has begun.
            await _to_its_end(loop.connect_accepted_socket(factory, accepted))
            return
        try:
            platform, fault = await self._begin(listener.name)
        except asyncio.CancelledError:
            accepted.close()
            raise
        pending = PendingConnection(platform, listener.name, source, proxy=proxy)
        if fault is not None:
            pending.record(
                Explanation(
                    check="fault",
                    because="A fault is armed for this connection.",
                    actual=str(fault),
                )
            )
        if fault is not None and fault.tls == "stall":
            await self._hold(accepted)
            return
        task = asyncio.current_task()
        if task is not None:
            self._connecting[task] = pending
            pending.end = lambda: loop.call_later(ALERT_LINGER, task.cancel)
            pending.abort = lambda: loop.call_soon(task.cancel)
        try:
            context = await listener.trust.context()
        except TrustUnavailable as error:
            pending.record(error.why)
            accepted.close()
            return
        except asyncio.CancelledError:
            accepted.close()
            raise
        pending_connection.set(pending)
        try:
            transport, _ = await loop.connect_accepted_socket(
                # With a fault, a request that comes right after the handshake gets no answer.
                factory if fault is None else asyncio.Protocol,
                accepted,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
            )
            if fault is not None:
                transport.abort()
            elif platform.observer is not None:
                platform.observer.handshake_accepted(listener.name)
        except asyncio.CancelledError:
            if not pending.refused:
                raise  # the server stops; after a refusal the task was only cancelled to end it
        except CertificateRefused:
            pass  # the handshake has recorded it
        except OSError as error:
            pending.closed(error)
        finally:
            pending.let_go()

    async def _begin(self, listener: Listener) -> tuple[Platform, FaultRule | None]:
        """The platform as it is now, with what other servers did, and the connection's fault."""
        units = self._platform.units
        try:
            await units.refresh_on_loop()
            platform = self._platform.pinned()
            faults = platform.faults
            if faults.is_quiet:
                return platform, None
            return platform, await units.run_on_loop(lambda: faults.meet_connection(listener))
        except StoreAway:  # the last trust known is used, and requests are refused
            return self._platform.pinned(), None

    async def _hold(self, accepted: socket.socket) -> None:
        """Reads without ever answering, until the client closes or the server stops."""
        task = asyncio.current_task()
        if task is not None:
            self._connecting.pop(task, None)  # a server that ends does not wait for it
        try:
            while await asyncio.get_running_loop().sock_recv(accepted, 4096):
                pass
        except OSError:
            pass
        finally:
            accepted.close()

    def _set_date(self) -> None:
        date = formatdate(machine.timestamp(), usegmt=True)
        self._state.default_headers = [(b"date", date.encode())]

    async def _each_second(self) -> None:
        while True:
            await asyncio.sleep(1)
            self._set_date()
            self._platform.units.look_after()
            if self._platform.observer is not None:
                self._platform.observer.store_is_up(up=self._platform.units.problem is None)
            self._end_overdue()

    def _end_overdue(self) -> None:
        """Ends the connections whose client took too long. One timer calls this for all of them,
        because timers cost time.

        It is a function of its own: as a part of the timer's task, it would hold the last
        connection until the next second.
        """
        for connection in list(self._state.connections):
            if isinstance(connection, LimitedProtocol):
                connection.end_overdue()


def _end(accepted: socket.socket) -> None:
    """Closes a connection, with or without a transport."""
    with contextlib.suppress(OSError):  # it may be closed already
        accepted.shutdown(socket.SHUT_RDWR)
    try:
        asyncio.get_running_loop().remove_reader(accepted)
    except (RuntimeError, ValueError):  # a transport owns and closes it, or it is closed already
        return
    accepted.close()


async def _to_its_end(work: Coroutine[Any, Any, object]) -> None:
    """Runs a coroutine, also if the caller is cancelled, which then ends after it."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise


async def _wait_for(tasks: set[asyncio.Task[Any]], seconds: float) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


class ServerThread:
    """Runs a :class:`PlatformServer` in a thread of its own."""

    new_loop = staticmethod(new_thread_loop)

    def __init__(self, server: PlatformServer) -> None:
        self._server = server
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="mock-sei", daemon=True)
        self._started = threading.Event()
        self._may_stop = threading.Lock()
        """Taken, and never let go, by the first that stops the loop."""
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Starts the thread. Returns when all listeners answer; raises what prevented the start."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    @property
    def is_current(self) -> bool:
        """Whether the caller runs in the server's own thread."""
        return self._thread is threading.current_thread()

    def stop(self) -> None:
        """Stops the server. Returns when all sockets are closed.

        It may be called in any state and more than once. In the server's own thread it returns at
        once; the sockets are then closed when that thread has finished its current work.
        """
        self.abandon()
        if self._thread.ident is not None and not self.is_current:
            self._thread.join()

    def abandon(self) -> None:
        """Stops the server without waiting until its thread has ended."""
        if self._thread.ident is None:
            self._server.close()
            return
        if not self.is_current:
            self._started.wait()
        loop = self._loop
        # Once: a second time would stop the loop while it closes what is open.
        if loop is not None and self._may_stop.acquire(blocking=False):
            with contextlib.suppress(RuntimeError):  # the loop is closed already
                loop.call_soon_threadsafe(loop.stop)

    def let_go(self) -> None:
        """Releases all sockets in a forked child; the server continues in the parent.

        While a child holds copies, the parent cannot close a connection for its client. Each file
        descriptor is replaced by the null device and stays open: if it were closed, its number
        could be given to another file, which would then be closed by mistake.
        """
        # Only asyncio's own loop runs in a thread of a user's process, and it has a selector.
        selector: selectors.BaseSelector | None = getattr(self._loop, "_selector", None)
        registered = selector.get_map() if selector is not None else None
        numbers = {each.fileno() for each in self._server.listening} | set(registered or ())
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in numbers:
            if isinstance(number, int) and number >= 0:
                os.dup2(nothing, number, inheritable=False)
        os.close(nothing)

    def _run(self) -> None:
        try:
            loop = self._loop = self.new_loop()
            asyncio.set_event_loop(loop)
            loop.run_until_complete(self._server.start())
        except BaseException as error:  # the thread that called start raises it
            self._failure = error
            self._server.close()
            if self._loop is not None:
                self._loop.close()
            return
        finally:
            self._started.set()
        try:
            loop.run_forever()
        finally:
            try:
                loop.run_until_complete(self._server.stop())
            finally:
                loop.close()
