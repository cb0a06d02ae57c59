"""Listening sockets. They are bound before anything else, so that the caller gets their errors."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from dataclasses import dataclass, replace

from mock_sei.errors import ConfigurationError
from mock_sei.runtime.neighbours import whose_port

logger = logging.getLogger("mock_sei")

BACKLOG = 2048

_NO_PRIVILEGE = (errno.EACCES, errno.EPERM)
_NO_IPV6 = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT)
_TRIES = 20


@dataclass(frozen=True, kw_only=True)
class Ports:
    """The ports of a listener: the documented one, and another for users without privileges."""

    option: str
    asked: int | None
    documented: int
    fallback: int | None = None
    control: tuple[int, ...] = ()
    """Control ports that are asked whether another mock-sei uses the port."""


def bind(host: str, ports: Ports) -> list[socket.socket]:
    """Listening sockets on one port: on loopback for IPv4 and IPv6, otherwise on ``host`` only.

    If the user chose no port, and the default port needs a privilege the user does not have, the
    fallback port is used, and the log says so. Raises :class:`ConfigurationError`.
    """
    port = ports.documented if ports.asked is None else ports.asked
    try:
        return _bind_all(host, port)
    except OSError as error:
        if error.errno in _NO_PRIVILEGE and ports.asked is None and ports.fallback is not None:
            logger.warning(
                "this user has no privilege for port %d; using port %d (%s sets another port)",
                port,
                ports.fallback,
                ports.option,
            )
            return bind(host, replace(ports, asked=ports.fallback, documented=port, fallback=None))
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {_reason(error, port, ports)}; choose another "
            f"port{_by_variable(ports)}, or 0 for a free one{_or_allow(error)}",
            source=ports.option,
        ) from None


def _reason(error: OSError, port: int, ports: Ports) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"the port is in use {whose_port(port, ports.control)}"
    if error.errno in _NO_PRIVILEGE:
        return "this user has no privilege for the port"
    return (error.strerror or str(error)).lower()


def _by_variable(ports: Ports) -> str:
    """Names the environment variable of the port, which a container uses instead of an option."""
    return f" (MOCK_SEI_{ports.option.removeprefix('--').replace('-', '_').upper()})"


def _or_allow(error: OSError) -> str:
    if error.errno not in _NO_PRIVILEGE or not sys.platform.startswith("linux"):
        return ""
    return (
        ", or allow it for every user: sysctl net.ipv4.ip_unprivileged_port_start=0 (for a "
        "container: docker run --sysctl net.ipv4.ip_unprivileged_port_start=0)"
    )


def _bind_all(host: str, port: int) -> list[socket.socket]:
    if host != "127.0.0.1":
        return [_bind(host, port)]
    for attempt in range(_TRIES):
        first = _bind(host, port)
        try:
            return [first, _bind("::1", first.getsockname()[1])]
        except OSError as error:
            if error.errno in _NO_IPV6:
                return [first]
            first.close()
            if port or attempt == _TRIES - 1:  # a port free for IPv4 may be in use for IPv6
                raise
    raise AssertionError("unreachable")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is given explicitly: asyncio sets TCP_NODELAY only then, and without it every
    # request waits 40 ms (Kludex/uvicorn issue 3149).
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind((host, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError:
        listening.close()
        raise
    return listening
