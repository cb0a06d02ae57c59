"""Three listeners in one event loop, and the thread that runs it for those who have none.

Sockets are accepted here rather than by uvicorn, so that a failed handshake is known with its
source address and its reason; uvicorn's HTTP protocol takes over after it.
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
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from mock_sei.errors import Explanation
from mock_sei.platform import Platform
from mock_sei.rules import machine
from mock_sei.rules.standards import Listener
from mock_sei.runtime.limited import LimitedProtocol
from mock_sei.runtime.limits import ALERT_LINGER, HANDSHAKE_TIMEOUT, KEEP_ALIVE, UNREAD_LIMIT
from mock_sei.runtime.loops import new_thread_loop
from mock_sei.runtime.protocol import PinnedProtocol, PlatformProtocol, ProtocolFactory
from mock_sei.runtime.tls import (
    CertificateRefused,
    PendingConnection,
    RecordedBug,
    pending_connection,
)
from mock_sei.runtime.trust import ListenerTrust, TrustUnavailable

logger = logging.getLogger("mock_sei")

STOP_PATIENCE = 5.0
"""Seconds that a stop waits for calls of the control API to end."""
_OUT_OF_FILES_PAUSE = 0.1
_LOOKS_FOR_THE_END = 50
"""A TLS connection that is aborted tells its request three steps of the loop later."""


@dataclass(frozen=True, kw_only=True)
class Door:
    """One listener: its sockets, its application, its TLS."""

    listener: Listener
    sockets: list[socket.socket]
    app: ASGIApp
    trust: ListenerTrust | None = None

    @property
    def port(self) -> int:
        return int(self.sockets[0].getsockname()[1])


class PlatformServer:
    """Serves doors until stopped. Started and stopped inside its event loop."""

    def __init__(self, platform: Platform, doors: list[Door]) -> None:
        # For good
        self._platform = platform
        self._doors = doors
        # While it runs
        self._state = ServerState()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._finishing: set[asyncio.Task[Any]] = set()
        """Calls that may be at work in a thread, which nobody can end from outside."""

    async def start(self) -> None:
        """Every listener answers from the moment this returns."""
        asyncio.get_running_loop().set_exception_handler(self._report)
        self._set_date()
        for door in self._doors:
            factory = self._protocol_factory(door)
            for listening in door.sockets:
                self._accept_from(door, listening, factory)
        self._spawn(self._each_second())

    def _report(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """What the loop would only log fails the test: a protocol or a task of ours that failed.

        An ``OSError`` is the client's: a connection that broke.
        """
        error = context.get("exception")
        if isinstance(error, RecordedBug):
            return
        if isinstance(error, Exception) and not isinstance(error, OSError):
            self._platform.record_bug("".join(traceback.format_exception(error)))
        loop.default_exception_handler(context)

    def close(self) -> None:
        """Closes the listening sockets of a server that does not run."""
        for listening in self.listening:
            listening.close()

    @property
    def listening(self) -> list[socket.socket]:
        return [each for door in self._doors for each in door.sockets]

    async def stop(self) -> None:
        """Closes every socket at once; what is under way is cut.

        A call of the control API is waited for, since a thread of it would report to a loop that
        is closed.
        """
        for listening in self.listening:
            if listening.fileno() >= 0:  # or it was stopped before
                asyncio.get_running_loop().remove_reader(listening)
                listening.close()
        # A task cancelled before its first step loses the socket it was given.
        await asyncio.sleep(0)
        for task in self._tasks:
            task.cancel()
        await self._abort_connections()
        for task in self._state.tasks - self._finishing:
            task.cancel()
        await _wait_for(self._state.tasks | self._tasks, STOP_PATIENCE)
        for task in self._state.tasks:
            task.cancel()
        await _wait_for(self._state.tasks | self._tasks, 1)
        await self._abort_connections()  # whose handshake ended just now

    async def _abort_connections(self) -> None:
        """Returns when their requests know that nobody waits for an answer any more."""
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

    def _protocol_factory(self, door: Door) -> ProtocolFactory:
        config = Config(
            self._ending_quietly(door),
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

        def functional() -> asyncio.Protocol:
            protocol = PlatformProtocol(config, state, {})
            protocol.platform, protocol.listener = platform, door.listener
            # A client whose token has expired sends all of its file before it reads that.
            protocol.unread_limit = UNREAD_LIMIT + platform.upload_limit
            return protocol

        def control() -> asyncio.Protocol:
            protocol = PinnedProtocol(config, state, {})
            protocol.platform = platform
            return protocol

        return functional if door.trust else control

    def _ending_quietly(self, door: Door) -> ASGIApp:
        """The door's application, of which a stop makes no error.

        uvicorn would log the cancellation with its traceback, and try to answer.
        """
        app, finishing = door.app, self._finishing

        async def cut(scope: Scope, receive: Receive, send: Send) -> None:
            with contextlib.suppress(asyncio.CancelledError):
                await app(scope, receive, send)

        async def finished(scope: Scope, receive: Receive, send: Send) -> None:
            task = asyncio.current_task()
            if task is not None:
                finishing.add(task)
                task.add_done_callback(finishing.discard)
            await cut(scope, receive, send)

        return cut if door.trust else finished

    def _accept_from(self, door: Door, listening: socket.socket, factory: ProtocolFactory) -> None:
        if listening.fileno() >= 0:  # or the server was stopped meanwhile
            loop = asyncio.get_running_loop()
            loop.add_reader(listening, self._accept, door, listening, factory)

    def _accept(self, door: Door, listening: socket.socket, factory: ProtocolFactory) -> None:
        """One connection; the loop calls again while more are waiting."""
        try:
            accepted, address = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # it has gone again
        except OSError as error:
            logger.warning("%s listener: cannot accept: %s", door.listener, error.strerror)
            loop = asyncio.get_running_loop()
            loop.remove_reader(listening)
            loop.call_later(_OUT_OF_FILES_PAUSE, self._accept_from, door, listening, factory)
            return
        accepted.setblocking(False)
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._spawn(self._connect_or_report(door, accepted, str(address[0]), factory))

    async def _connect_or_report(
        self, door: Door, accepted: socket.socket, source: str, factory: ProtocolFactory
    ) -> None:
        """A failure of our own ends the connection, and the test hears of it: nobody waits."""
        try:
            await self._connect(door, accepted, source, factory)
        except RecordedBug:
            _end(accepted)
        except Exception as error:
            self._platform.record_bug("".join(traceback.format_exception(error)))
            _end(accepted)

    async def _connect(
        self, door: Door, accepted: socket.socket, source: str, factory: ProtocolFactory
    ) -> None:
        """From accepted socket to HTTP protocol; a handshake that fails is recorded."""
        loop = asyncio.get_running_loop()
        if door.trust is None:
            await loop.connect_accepted_socket(factory, accepted)
            return
        platform = self._platform.pinned()
        pending = PendingConnection(platform, door.listener, source)
        fault = None
        if not platform.faults.is_quiet:
            fault = platform.faults.meet_connection(door.listener)
        if fault is not None:
            pending.record(
                Explanation(
                    check="fault",
                    because="A fault was armed for this connection.",
                    actual=str(fault),
                )
            )
        if fault is not None and fault.tls == "stall":
            await self._hold(accepted)
            return
        task = asyncio.current_task()
        if task is not None:
            pending.end = lambda: loop.call_later(ALERT_LINGER, task.cancel)
            pending.abort = lambda: loop.call_soon(task.cancel)
        try:
            context = await door.trust.context()
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
                # A request may come together with the end of the handshake: nobody must answer it.
                factory if fault is None else asyncio.Protocol,
                accepted,
                ssl=context,
                ssl_handshake_timeout=HANDSHAKE_TIMEOUT,
            )
            if fault is not None:
                transport.abort()
        except asyncio.CancelledError:
            if not pending.refused:
                raise  # the server stops; otherwise nothing more is to come of this connection
        except CertificateRefused:
            pass  # recorded where it was found
        except OSError as error:
            pending.closed(error)
        finally:
            pending.let_go()

    async def _hold(self, accepted: socket.socket) -> None:
        """Reads and says nothing, until the client gives up or the server stops."""
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
            for connection in list(self._state.connections):
                if isinstance(connection, LimitedProtocol):
                    connection.end_overdue()  # a timer each would be a fiftieth of a connection


def _end(accepted: socket.socket) -> None:
    """Closes a connection, whether or not it has got a transport."""
    with contextlib.suppress(OSError):  # it may be closed already
        accepted.shutdown(socket.SHUT_RDWR)
    try:
        asyncio.get_running_loop().remove_reader(accepted)
    except (RuntimeError, ValueError):  # a transport has it, and closes it; or it is closed
        return
    accepted.close()


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
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Returns when every listener answers; raises what kept the server from starting."""
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    @property
    def is_current(self) -> bool:
        """Whether the server's own thread asks."""
        return self._thread is threading.current_thread()

    def stop(self) -> None:
        """Stops the server, in any state, any number of times. Returns when every socket is closed.

        Called by the server's own thread it returns at once, and the sockets are closed when that
        thread has done what it is at.
        """
        self.abandon()
        if self._thread.ident is not None and not self.is_current:
            self._thread.join()

    def abandon(self) -> None:
        """Stops it too, and waits for nothing that another thread may hold up."""
        if self._thread.ident is None:
            self._server.close()
            return
        if not self.is_current:
            self._started.wait()
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # it is closed already
                loop.call_soon_threadsafe(loop.stop)

    def let_go(self) -> None:
        """Lets go of every socket, in a forked child; the server goes on in the parent.

        The parent could close none of them for its clients while a child holds a copy. Each number
        is kept open on nothing: closed, it would soon be another file's, and be closed once more.
        """
        # asyncio's loops have a selector; the others are not run in a thread of a user's process.
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
        except BaseException as error:  # handed to the thread that called start
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
